"""Runs one scenario with the official client and prints what came of it as JSON.

Called by test_client.py with the interpreter of the client's own environment: drive.py SCENARIO URL KEY FOLDER.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vlmrun.client import VLMRun
from vlmrun.client.exceptions import VLMRunError
from vlmrun.client.types import AgentCreationConfig, GenerationConfig

SCHEMA = {
    "type": "object",
    "title": "Bill",
    "properties": {"invoice_number": {"type": "string"}, "total": {"type": "number"}},
}


def construct(client: VLMRun, folder: Path) -> Any:
    return {"healthy": client.healthcheck()}


def upload(client: VLMRun, folder: Path) -> Any:
    first = client.files.upload(folder / "invoice.pdf")
    again = client.files.upload(folder / "invoice.pdf")  # found by its MD5
    forced = client.files.upload(folder / "invoice.pdf", force=True)
    return {
        "ids": [first.id, again.id, forced.id],
        "bytes": first.bytes,
        "listed": [file.id for file in client.files.list(limit=2)],
        "got": client.files.get(first.id).filename,
        "deleted": client.files.delete(forced.id).id,
    }


def presigned(client: VLMRun, folder: Path) -> Any:
    by_size = client.files.upload(folder / "large.pdf")  # over 32 MiB: the client takes the presigned way
    by_wish = client.files.upload(folder / "small.pdf", method="presigned-url")
    return {
        "bytes": [by_size.bytes, by_wish.bytes],
        "again": client.files.upload(folder / "large.pdf").id == by_size.id,
        "filename": by_size.filename,
    }


def execute(client: VLMRun, folder: Path) -> Any:
    by_file = client.document.execute(name="document.invoice", file=folder / "invoice.pdf")
    file_id = client.files.upload(folder / "invoice.pdf").id
    by_id = client.document.execute(
        name="document.invoice", version="latest", file=file_id, config=GenerationConfig(grounding=True)
    )
    return {"by_file": shown(by_file), "by_id": shown(by_id)}


def generate(client: VLMRun, folder: Path) -> Any:
    cast = client.document.generate(file=folder / "invoice.pdf", domain="document.invoice", autocast=True)
    config = GenerationConfig(json_schema=SCHEMA)
    own = client.document.generate(file=folder / "invoice.pdf", config=config)
    own_cast = client.document.generate(file=folder / "invoice.pdf", config=config, autocast=True)
    return {
        "type": type(cast.response).__name__,
        "is_model": hasattr(cast.response, "model_dump"),
        "invoice_id": cast.response.invoice_id,
        "own": own.response,
        "own_cast": type(own_cast.response).__name__,
        "domain": cast.domain,
    }


def wait(client: VLMRun, folder: Path) -> Any:
    started = client.document.execute(name="document.invoice", file=folder / "invoice.pdf", batch=True)
    done = client.predictions.wait(started.id, timeout=60, sleep=1)
    return {
        "started": started.status,
        "done": shown(done),
        "got": shown(client.predictions.get(started.id)),
        "listed": [p.id for p in client.predictions.list(limit=5)],
        "aware": done.created_at.tzinfo is not None,
    }


def images(client: VLMRun, folder: Path) -> Any:
    done = client.image.generate(images=[folder / "scan.png"], domain="document.receipt")
    return shown(done)


def markdown(client: VLMRun, folder: Path) -> Any:
    done = client.document.generate(file=folder / "report.pdf", domain="document.markdown")
    again = client.predictions.get(done.id).response
    document = again if hasattr(again, "pages") else done.response
    return {
        "type": type(again).__name__,
        "pages": len(document.pages),
        "text": str(document),
        "names": [[h.name for h in t.headers] for t in document.all_tables],
        "data": [t.data for t in document.all_tables],
        "figures": [f.caption for f in document.all_figures],
    }


def infer(client: VLMRun, folder: Path) -> Any:
    document = client.document.schema(file=folder / "invoice.pdf")
    image = client.image.schema(images=[folder / "scan.png"])
    made = document.response.json_schema
    read = client.document.generate(file=folder / "invoice.pdf", config=GenerationConfig(json_schema=made))
    return {
        "type": type(document.response).__name__,
        "domain": document.response.domain,
        "fields": [sorted(p.response.json_schema["properties"]) for p in (document, image)],
        "read": read.response,
    }


def agents(client: VLMRun, folder: Path) -> Any:
    config = AgentCreationConfig(prompt="Read the bill.", json_schema=SCHEMA)
    made = client.agent.create(name="client/bill", config=config)
    file_id = client.files.upload(folder / "invoice.pdf").id
    started = client.agent.execute(
        name="client/bill", inputs={"document": {"type": "input_file", "file_id": file_id}}
    )
    done = client.executions.wait(started.id, timeout=60, sleep=1)
    by_document = client.document.execute(name="client/bill", file=folder / "invoice.pdf")
    unnamed = client.agent.create(config=AgentCreationConfig(prompt="Something else."))
    return {
        "made": shown(made),
        "got": [
            shown(client.agent.get(name="client/bill")),
            shown(client.agent.get(id=made.id)),
            shown(client.agent.get(prompt="Read the bill.")),
            shown(client.agent.get_by_id(made.id)),
        ],
        "listed": [info.name for info in client.agent.list()],
        "started": started.status,
        "done": shown(done),
        "executions": [e.id for e in client.executions.list(limit=5)],
        "by_document": by_document.response,
        "type": client.get_type("client/bill").__name__,
        "invented": unnamed.name,
        "unknown": raised(lambda: client.agent.get(name="client/nothing")),
        "no_document": raised(lambda: client.agent.execute(name="client/bill", inputs={})),
    }


def feedback(client: VLMRun, folder: Path) -> Any:
    done = client.document.execute(name="document.invoice", file=folder / "invoice.pdf")
    made = client.feedback.submit(done.id, response={"invoice_id": "R-2042"}, notes="a misread digit")
    listed = client.feedback.get(done.id)
    return {
        "same": made.request_id == listed.request_id == done.id,
        "items": [[i.id == made.id, i.response, i.notes] for i in listed.items],
        "unknown": raised(lambda: client.feedback.submit("nothing", notes="x")),
    }


def hub(client: VLMRun, folder: Path) -> Any:
    return {
        "version": client.hub.info().version,
        "domains": [entry.domain for entry in client.hub.list_domains()],
        "schema": client.hub.get_schema("document.receipt").json_schema["title"],
        "unknown": raised(lambda: client.hub.get_schema("no.such")),
    }


def catalog(client: VLMRun, folder: Path) -> Any:
    return {
        "domains": len(client.list_domains()),
        "models": len(client.models.list()),
        "type": client.get_type("document.receipt").__name__,
    }


def errors(client: VLMRun, folder: Path) -> Any:
    invoice = folder / "invoice.pdf"
    return {
        "unknown_agent": raised(lambda: client.document.execute(name="no.such.agent", file=invoice)),
        "bad_schema": raised(
            lambda: client.document.generate(
                file=invoice, config=GenerationConfig(json_schema={"type": "no such type"})
            )
        ),
        "missing_file": raised(
            lambda: client.document.execute(
                name="document.invoice", file="00000000-0000-4000-8000-000000000000"
            )
        ),
        "missing_prediction": raised(lambda: client.predictions.get("nothing")),
        "not_supported": raised(
            lambda: client.audio.generate(url="https://example.org/a.mp3", domain="audio.x")
        ),
        "empty_file": raised(lambda: client.files.upload(folder / "empty.pdf")),
        "unreadable": raised(
            lambda: client.document.execute(name="document.invoice", file=folder / "broken.pdf")
        ),
    }


def shown(prediction: Any) -> dict[str, Any]:
    plain: dict[str, Any] = prediction.model_dump(mode="json")
    return plain


def raised(call: Callable[[], Any]) -> dict[str, Any]:
    try:
        result = call()
    except VLMRunError as error:
        status = getattr(error, "http_status", None)
        kind = getattr(error, "error_type", None)
        return {"class": type(error).__name__, "message": error.message, "status": status, "type": kind}
    return {"class": None, "result": repr(result)[:200]}


def main() -> None:
    scenario, url, key, folder = sys.argv[1:]
    if scenario == "bad_key":
        outcome = raised(lambda: VLMRun(api_key=key, base_url=url))
    else:
        outcome = globals()[scenario](VLMRun(api_key=key, base_url=url, max_retries=2), Path(folder))
    sys.stdout.write(f"OUTCOME {json.dumps(outcome)}\n")


main()
