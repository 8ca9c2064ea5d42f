"""The official command line through the rows, in one process. Called by `conformance` with its own interpreter."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from typing import Any

from checks import check, given, run_all

GIVEN = given()
FOLDER = GIVEN.folder
# Its tables are as wide as the terminal.
os.environ.update(VLMRUN_API_KEY=GIVEN.key, VLMRUN_BASE_URL=GIVEN.url, COLUMNS="200", TERM="dumb")

from typer.testing import CliRunner  # noqa: E402
from vlmrun.cli.cli import app  # noqa: E402

SCHEMA = {"type": "object", "properties": {"invoice_number": {"type": "string"}, "total": {"type": "number"}}}
READ = {"invoice_number": "R-2041", "total": 118.5}


def vlmrun(*words: Any, fails: bool = False) -> str:
    """What the command prints, in one line; for one that `fails` with what it raises, which the shell would show."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    error = "" if done.exception is None or isinstance(done.exception, SystemExit) else str(done.exception)
    assert (done.exit_code != 0) == fails, f"{done.output}\n{done.exception!r}"
    return " ".join((done.output + error).split())


def read(*words: Any) -> Any:
    return json.loads(vlmrun(*words))


@cache
def schema() -> Any:
    path = FOLDER / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


@cache
def generated() -> Any:
    return read("generate", "-i", FOLDER / "invoice.pdf", "-d", "document.invoice", "-f", "json")


@check("GET /health", bad=True)
def wrong_key() -> None:
    assert "Invalid API key" in vlmrun("--api-key", "nonsense", "models", "list", fails=True)


@check("GET /health", "GET /models")
def models() -> None:
    out = vlmrun("models", "list", "--domain", "document.invoice")
    assert "vlm-1" in out and "document.invoice" in out and "document.receipt" not in out, out


@check("GET /hub/info", "GET /hub/domains", "POST /hub/schema")
def hub() -> None:
    assert re.search(r"Hub version: \d+\.\d+\.\d+", vlmrun("hub", "version"))
    assert "document.receipt" in vlmrun("hub", "list", "--domain", "document")
    assert '"invoice_id"' in vlmrun("hub", "schema", "document.invoice")


@check("POST /hub/schema", bad=True)
def hub_unknown() -> None:
    assert "unknown_agent" in vlmrun("hub", "schema", "no.such", fails=True)


@check("GET /files", "POST /files", "DELETE /files/{id}")
def files() -> None:
    made = re.search(r"with ID:\s+(\S+)", vlmrun("files", "upload", FOLDER / "cli.pdf"))
    assert made is not None
    assert made[1] in vlmrun("files", "list")
    assert f"Deleted file {made[1]}" in vlmrun("files", "delete", made[1])
    assert made[1] not in vlmrun("files", "list")


@check("POST /files", "DELETE /files/{id}", bad=True)
def files_wrong() -> None:
    assert "empty_file" in vlmrun("files", "upload", FOLDER / "empty.pdf", fails=True)
    assert "file_not_found" in vlmrun("files", "delete", "nothing", fails=True)


@check("POST /document/generate")
def generate() -> None:
    assert generated()["status"] == "completed" and generated()["response"]["invoice_id"] == "R-2041"
    words = ("-d", "document.invoice", "--schema", schema(), "--no-batch", "-f", "json")
    assert read("generate", "-i", FOLDER / "invoice.pdf", *words)["response"] == READ
    picture = read("generate", "-i", FOLDER / "scan.png", *words)
    assert picture["response"] == READ
    shown = vlmrun("generate", "-i", FOLDER / "invoice.pdf", "-d", "document.invoice", "--no-batch")
    assert "R-2041" in shown and "completed" in shown


@check("POST /document/generate", bad=True)
def generate_wrong() -> None:
    out = vlmrun("generate", "-i", FOLDER / "invoice.pdf", "-d", "no.such", fails=True)
    assert "There is no agent 'no.such'" in out, out
    words = ("-d", "document.invoice", "--no-batch")
    out = vlmrun("generate", "-i", FOLDER / "broken.pdf", *words, fails=True)
    assert "cannot be opened" in out, out


@check("GET /predictions", "GET /predictions/{id}")
def predictions() -> None:
    known = generated()["id"]
    assert known in vlmrun("predictions", "list", "--status", "completed", "--limit", 1000)
    assert known in vlmrun("predictions", "list", "--since", "2020-01-01", "--limit", 1000)
    assert "No predictions" in vlmrun("predictions", "list", "--until", "2020-01-01")
    shown = vlmrun("predictions", "get", known, "--wait")
    assert "Status: completed" in shown and "Credits Used: 2" in shown and "R-2041" in shown


@check("GET /predictions", "GET /predictions/{id}", bad=True)
def predictions_wrong() -> None:
    assert "invalid_request" in vlmrun("predictions", "list", "--limit", 0, fails=True)
    assert "prediction_not_found" in vlmrun("predictions", "get", "nothing", fails=True)


@cache
def executed() -> Any:
    words = ("-n", "document.invoice", "-i", FOLDER / "invoice.pdf", "--poll-interval", 1, "-f", "json")
    return read("execute", *words)


@check("POST /agent/execute", "GET /agent/executions", "GET /agent/executions/{id}")
def executions() -> None:
    assert executed()["status"] == "completed" and executed()["response"]["invoice_id"] == "R-2041"
    known = executed()["id"]
    assert known in [item["id"] for item in read("executions", "list", "--limit", 1000, "-f", "json")]
    assert known in vlmrun("executions", "list", "--since", "2020-01-01", "--limit", 1000)
    shown = vlmrun("executions", "get", known)
    assert "Name: document.invoice" in shown and "R-2041" in shown
    assert read("executions", "get", known, "--wait", "-f", "json")["response"] == executed()["response"]
    several = ("-i", FOLDER / "invoice.pdf", "-i", FOLDER / "scan.png", "--schema", schema())
    both = read("execute", "-n", "document.invoice", *several, "--poll-interval", 1, "-f", "json")
    assert both["response"] == READ and both["usage"]["elements_processed"] == 2


@check("POST /agent/execute", "GET /agent/executions", "GET /agent/executions/{id}", bad=True)
def executions_wrong() -> None:
    out = vlmrun("execute", "-n", "no/such", "-i", FOLDER / "invoice.pdf", fails=True)
    assert "There is no agent 'no/such'" in out, out
    assert "invalid_request" in vlmrun("executions", "list", "--limit", 0, fails=True)
    assert "There is no such execution" in vlmrun("executions", "get", "nothing", fails=True)


@cache
def skill_folder() -> Any:
    folder = FOLDER / "cli-skill"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: cli-bills\ndescription: Reads bills\n---\nRead the bill.\n")
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    return folder


@cache
def skill() -> Any:
    assert "Created skill" in vlmrun("skills", "upload", skill_folder())
    return read("skills", "get", "cli-bills", "--json")


@check(
    "GET /skills",
    "GET /skills/{id}",
    "POST /skills/lookup",
    "POST /skills/create",
    "GET /skills/{id}/download",
)
def skills() -> None:
    assert skill()["name"] == "cli-bills" and skill()["description"] == "Reads bills"
    assert read("skills", "get", skill()["id"], "--json") == skill()
    assert read("skills", "get", "cli-bills", "--version", skill()["skill_version"], "--json") == skill()
    made = read("skills", "create", "--prompt", "Read it.", "--schema", schema(), "--json")
    listed = read("skills", "list", "--limit", 1000, "--grouped", "--json")
    assert {made["id"], skill()["id"]} <= {item["id"] for item in listed}
    assert "cli-bills" in vlmrun("skills", "list", "--asc")
    vlmrun("skills", "download", "cli-bills", "-o", FOLDER / "out")
    assert "Read the bill." in (FOLDER / "out" / "cli-bills" / "SKILL.md").read_text()


@check("config.skills")
def steered() -> None:
    assert skill()
    for words in (("--skill", skill_folder()), ("--skill-id", "cli-bills:latest")):
        done = read("generate", "-i", FOLDER / "invoice.pdf", *words, "--no-batch", "-f", "json")
        assert done["response"] == READ
        done = read("execute", "-i", FOLDER / "invoice.pdf", *words, "--poll-interval", 1, "-f", "json")
        assert done["response"] == READ


@check("GET /skills", "GET /skills/{id}", "POST /skills/lookup", "POST /skills/create", bad=True)
def skills_wrong() -> None:
    assert "invalid_request" in vlmrun("skills", "list", "--order-by", "size", fails=True)
    assert "unknown_skill" in vlmrun("skills", "get", "no such", fails=True)
    assert "unknown_skill" in vlmrun("skills", "get", "0" * 32, fails=True)
    assert "file_not_found" in vlmrun("skills", "create", "--file-id", "nothing", fails=True)


@check("GET /skills/{id}/download", "config.skills", bad=True)
def skills_unknown() -> None:
    assert "unknown_skill" in vlmrun("skills", "download", "no such", fails=True)
    words = ("--skill-id", "none:3", "--no-batch")
    assert "There is no skill 'none'" in vlmrun("generate", "-i", FOLDER / "invoice.pdf", *words, fails=True)


@check("GET /artifacts", "GET /artifacts/list")
def artifacts() -> None:
    words = ("-n", "document.redaction", "-i", FOLDER / "invoice.pdf", "--poll-interval", 1, "-f", "json")
    known = read("execute", *words)["id"]
    found = re.search(r"doc_\w{6}", vlmrun("artifacts", "list", "-e", known))
    assert found is not None
    vlmrun("artifacts", "get", found[0], "-e", known, "-o", FOLDER / "covered.pdf")
    assert (FOLDER / "covered.pdf").read_bytes().startswith(b"%PDF-")


@check("GET /artifacts", "GET /artifacts/list", bad=True)
def artifacts_wrong() -> None:
    assert "There is no such execution" in vlmrun("artifacts", "list", "-e", "nothing", fails=True)
    assert "There is no such artifact" in vlmrun("artifacts", "get", "doc_000000", "-s", "none", fails=True)


@check("POST /openai/chat/completions")
def chat() -> None:
    words = ("chat", "What is to be paid?", "-i", FOLDER / "invoice.pdf", "-k", skill_folder(), "-f", "json")
    whole = read(*words, "--no-stream", "--session-id", "a-session")
    assert json.loads(whole["content"]) == READ and whole["session_id"] == "a-session"
    assert whole["usage"]["credits_used"] == 2
    streamed = read(*words)
    assert json.loads(streamed["content"]) == READ and streamed["usage"]["credits_used"] == 2
    assert "118.5" in vlmrun(*words[:-2], "--no-stream")


@check("POST /openai/chat/completions", bad=True)
def chat_wrong() -> None:
    out = vlmrun("chat", "What is it?", "-i", FOLDER / "invoice.pdf", fails=True)
    assert "This server answers about documents in JSON" in out, out
    out = vlmrun("chat", "Hello!", "-k", skill_folder(), "--no-stream", fails=True)
    assert "There is no document" in out, out


@check("/audio", "/video", bad=True)
def other_media() -> None:
    for name in ("call.mp3", "meeting.mp4"):
        out = vlmrun("generate", "-i", FOLDER / name, "-d", "audio.transcription", fails=True)
        assert "This server reads documents and images" in out, out


run_all()
