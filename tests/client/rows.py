"""The rows of the wire contract that the official clients are driven through, and which client has a call for each.

Read by the test and by scripts/compatibility.py. A client that is listed for a row must report at least one check of
it.
"""

from __future__ import annotations

from dataclasses import dataclass

PYTHON, CLI, NODE, HTTP = "Python", "`vlmrun`", "Node", "HTTP"
CLIENTS = (PYTHON, CLI, NODE, HTTP)


@dataclass(frozen=True)
class Row:
    """One route of a section; `clients` have a call for it. `HTTP` stands in where none of them has."""

    section: str
    route: str
    clients: tuple[str, ...]


ALL = (PYTHON, CLI, NODE)
SECTIONS = {
    "A.1": "Health, models, domains, schemas, hub",
    "A.2": "Files",
    "A.3": "Predictions",
    "A.4": "Agents and executions",
    "A.5": "Skills",
    "A.6": "Artifacts",
    "A.7": "Feedback",
    "A.9": "Chat completions",
    "A.8": "Datasets, fine-tuning, other media, gateway: out of scope",
}
ROWS = (
    Row("A.1", "GET /health", (PYTHON, CLI)),
    Row("A.1", "GET /models", ALL),
    Row("A.1", "GET /domains", (PYTHON,)),
    Row("A.1", "POST /schema", (PYTHON,)),
    Row("A.1", "POST /schema/generate", (HTTP,)),
    Row("A.1", "GET /hub/info", ALL),
    Row("A.1", "GET /hub/domains", ALL),
    Row("A.1", "GET /hub/domains/{domain}", (HTTP,)),
    Row("A.1", "POST /hub/schema", ALL),
    Row("A.2", "GET /files", ALL),
    Row("A.2", "GET /files/hash/{md5}", (PYTHON, NODE)),
    Row("A.2", "POST /files", ALL),
    Row("A.2", "POST /files/presigned-url", (PYTHON,)),
    Row("A.2", "PUT {url}", (PYTHON,)),
    Row("A.2", "GET /files/verify-upload/{id}", (PYTHON,)),
    Row("A.2", "GET /files/{id}", (PYTHON, NODE)),
    Row("A.2", "DELETE /files/{id}", ALL),
    Row("A.3", "POST /document/generate", ALL),
    Row("A.3", "POST /image/generate", (PYTHON, NODE)),
    Row("A.3", "POST /document/execute", (PYTHON,)),
    Row("A.3", "POST /image/execute", (PYTHON,)),
    Row("A.3", "POST /document/schema", (PYTHON, NODE)),
    Row("A.3", "POST /image/schema", (PYTHON, NODE)),
    Row("A.3", "GET /predictions", ALL),
    Row("A.3", "GET /predictions/{id}", ALL),
    Row("A.4", "POST /agent/lookup", (PYTHON,)),
    Row("A.4", "GET /agent", (PYTHON,)),
    Row("A.4", "GET /agents/{id}", (PYTHON,)),
    Row("A.4", "POST /agent/create", (PYTHON,)),
    Row("A.4", "POST /agent/execute", (PYTHON, CLI)),
    Row("A.4", "GET /agent/executions", (PYTHON, CLI)),
    Row("A.4", "GET /agent/executions/{id}", (PYTHON, CLI)),
    Row("A.5", "GET /skills", (PYTHON, CLI)),
    Row("A.5", "GET /skills/{id}", (PYTHON, CLI)),
    Row("A.5", "POST /skills/lookup", (PYTHON, CLI)),
    Row("A.5", "POST /skills/create", (PYTHON, CLI)),
    Row("A.5", "POST /skills/{id}/update", (PYTHON,)),
    Row("A.5", "GET /skills/{id}/download", (PYTHON, CLI)),
    Row("A.5", "config.skills", (PYTHON, CLI)),
    Row("A.6", "GET /artifacts", (PYTHON, CLI)),
    Row("A.6", "GET /artifacts/list", (PYTHON, CLI)),
    Row("A.7", "POST /feedback/submit", (PYTHON, NODE)),
    Row("A.7", "GET /feedback/{id}", (PYTHON,)),
    Row("A.9", "POST /openai/chat/completions", (PYTHON, CLI)),
    Row("A.9", "GET /openai/models", (PYTHON,)),
    Row("A.8", "/audio", ALL),
    Row("A.8", "/video", ALL),
    Row("A.8", "/web", (NODE,)),
    Row("A.8", "/datasets", (PYTHON, NODE)),
    Row("A.8", "/fine_tuning", (PYTHON, NODE)),
    Row("A.8", "/openai/embeddings (gateway)", (PYTHON,)),
    Row("A.8", "/openai/audio/transcriptions (gateway)", (PYTHON,)),
)
