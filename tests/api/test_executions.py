"""Executions over HTTP: documents, images, predictions (contract A.3, B.1-B.7; what each field does)."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote_from_bytes

import httpx
import pytest
from tests.api.conftest import (
    SCHEMA,
    Running,
    assert_error,
    serving,
    upload,
    wait_for,
)
from tests.documents_made import make_pdf, make_png

KEYS = {"id", "created_at", "completed_at", "response", "status", "domain", "usage"}
USAGE = {"elements_processed", "element_type", "credits_used", "steps", "message", "duration_seconds"} | {
    "engine",
    "model_calls",
    "model_input_tokens",
    "model_output_tokens",
    "model_cost_usd",
}


class _Site(BaseHTTPRequestHandler):
    """Serves documents by path and keeps what is posted to it."""

    documents: ClassVar[dict[str, bytes]] = {}
    posted: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_GET(self) -> None:
        data = self.documents.get(self.path)
        self.send_response(200 if data is not None else 404)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def file_id(server: Running, pdf: bytes) -> str:
    with server.client() as client:
        return str(upload(client, pdf)["id"])


def generate(client: httpx.Client, **body: Any) -> httpx.Response:
    config = body.pop("config", {})
    if isinstance(config, dict):
        config = {"json_schema": SCHEMA, **config}
    return client.post("/document/generate", json={"batch": False, "config": config, **body})


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def test_execute_waits_with_batch_false(client: httpx.Client, file_id: str) -> None:
    body = {"name": "document.invoice", "file_id": file_id, "batch": False}
    reply = client.post("/document/execute", json=body)
    assert reply.status_code == 201
    done = reply.json()
    assert done.keys() >= KEYS and done["usage"].keys() == USAGE
    assert done["status"] == "completed" and done["domain"] == "document.invoice"
    assert done["response"]["invoice_id"] == "R-2041"
    usage = done["usage"]
    assert usage["elements_processed"] == 1 and usage["element_type"] == "page"
    assert usage["credits_used"] == 2 and type(usage["duration_seconds"]) is int
    assert [page["status"] for page in done["pages"]] == ["ok"]
    for name in ("created_at", "completed_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", done[name])
    assert client.get(f"/predictions/{done['id']}").json() == done


@pytest.mark.parametrize("batch", [True, None])
def test_batch_is_the_default_and_answers_at_once(
    client: httpx.Client, file_id: str, batch: bool | None
) -> None:
    body = {"name": "document.invoice", "file_id": file_id, **({} if batch is None else {"batch": batch})}
    reply = client.post("/document/execute", json=body)
    assert reply.status_code == 201
    first = reply.json()
    assert first["status"] in ("enqueued", "pending", "running")
    assert first["response"] is None and first["completed_at"] is None
    assert first["usage"] == {**dict.fromkeys(USAGE), "duration_seconds": 0}
    # what was acknowledged is there at once
    assert client.get(f"/predictions/{first['id']}").json()["id"] == first["id"]
    assert wait_for(client, first["id"])["response"]["invoice_id"] == "R-2041"


def test_own_schema_rules_and_may_be_text(client: httpx.Client, file_id: str) -> None:
    for schema in (SCHEMA, json.dumps(SCHEMA)):
        done = generate(client, file_id=file_id, config={"json_schema": schema}).json()
        assert done["response"] == {"invoice_number": "R-2041", "total": 118.5}, done
        assert done["domain"] is None
    done = generate(client, file_id=file_id, domain="document.invoice").json()
    assert set(done["response"]) == set(SCHEMA["properties"]) and done["domain"] == "document.invoice"


def test_grounding_and_confidence(client: httpx.Client, file_id: str) -> None:
    done = generate(client, file_id=file_id, config={"grounding": True}).json()
    note = done["response"]["total_metadata"]
    assert list(note) == ["confidence", "bboxes"]
    box = note["bboxes"][0]
    assert box["page"] == 0 and "118.50" in box["content"]
    x, y, w, h = box["bbox"]["xywh"]
    assert x == pytest.approx(300 / 595, abs=0.02) and y + h == pytest.approx((842 - 680) / 842, abs=0.02)
    assert w > 0
    assert done["usage"]["credits_used"] == 4
    done = generate(client, file_id=file_id, config={"confidence": True}).json()
    assert set(done["response"]["total_metadata"]) == {"confidence"}


def test_the_callers_id_becomes_the_executions(
    client: httpx.Client, other: httpx.Client, file_id: str
) -> None:
    mine = f"my-{time.monotonic_ns()}"
    first = generate(client, file_id=file_id, id=mine).json()
    assert first["id"] == mine
    again = generate(client, file_id=file_id, id=mine)
    assert again.status_code == 201 and again.json() == first, "the same body is the same execution"
    assert_error(generate(client, file_id=file_id, id=mine, metadata={"n": 1}), 409, "id_conflict")
    # another tenant may use it, and sees nothing of ours
    assert_error(other.get(f"/predictions/{mine}"), 404, "prediction_not_found")
    assert generate(other, url=data_url(make_pdf(1), "application/pdf"), id=mine).status_code == 201
    for bad in ("", "a/b", "x" * 65, 5):
        assert_error(generate(client, file_id=file_id, id=bad), 400, "invalid_request")


def test_created_at_is_stored_and_the_replys_is_the_servers(client: httpx.Client, file_id: str) -> None:
    done = generate(client, file_id=file_id, created_at="2001-02-03T04:05:06Z").json()
    assert not done["created_at"].startswith("2001")
    assert_error(generate(client, file_id=file_id, created_at="yesterday"), 400, "invalid_request")


def test_metadata_filters(client: httpx.Client, file_id: str) -> None:
    session = f"s{time.monotonic_ns()}"
    for n, training in enumerate((True, False)):
        generate(
            client,
            file_id=file_id,
            metadata={"environment": "prod", "session_id": session, "allow_training": training, "n": n},
        )

    def found(**filters: Any) -> list[int]:
        listed = client.get("/predictions", params={"metadata.session_id": session, **filters}).json()
        return [item["metadata"]["n"] for item in listed]

    assert found() == [1, 0], "newest first"
    assert found(**{"metadata.allow_training": "true"}) == [0]
    assert found(**{"metadata.n": "1"}) == [1]
    assert found(**{"metadata.n": "2"}) == []
    assert found(status="completed", limit=1) == [1] and found(skip=1) == [0]
    assert found(status="failed") == [] and found(domain="document.invoice") == []
    assert found(name="schema") == [1, 0]
    assert found(since="2001-01-01T00:00:00Z", until="2999-01-01") == [1, 0]
    assert found(until="2001-01-01") == []
    for bad in ({"status": "cancelled"}, {"since": "x"}, {"limit": 0}, {"domain": "\0"}):
        assert_error(client.get("/predictions", params=bad), 400, "invalid_request")
    assert_error(generate(client, file_id=file_id, metadata={"a": "x" * 70_000}), 400, "metadata_too_large")


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "missing_document"),
    ({"file_id": "f", "url": "https://example.org/"}, 400, "ambiguous_document"),
    ({"file_id": "00000000-0000-4000-8000-000000000000"}, 404, "file_not_found"),
    ({"file_id": "a.b/../c"}, 404, "file_not_found"),
    ({"file_id": ""}, 400, "invalid_request"),
    ({"file_id": 7}, 400, "invalid_request"),
    ({"url": ""}, 400, "invalid_request"),
    ({"url": "data:,"}, 400, "empty_file"),
    ({"url": "data:application/pdf;base64"}, 400, "invalid_data_url"),
    ({"url": "data:application/pdf;base64,%%%"}, 400, "invalid_data_url"),
    ({"url": "ftp://example.org/a.pdf"}, 400, "url_not_allowed"),
    ({"url": "http://10.0.0.1/a.pdf"}, 400, "url_not_allowed"),
    ({"callback_url": ""}, 400, "invalid_request"),
    ({"callback_url": "http://169.254.169.254/x"}, 400, "url_not_allowed"),
    ({"batch": "yes"}, 400, "invalid_request"),
    ({"config": []}, 400, "invalid_request"),
    ({"config": {"detail": "extreme"}}, 400, "invalid_request"),
    ({"config": {"page_indices": [1]}}, 400, "invalid_page_indices"),
    ({"config": {"page_indices": [-1]}}, 400, "invalid_page_indices"),
    ({"config": {"page_indices": [10**40]}}, 400, "invalid_page_indices"),
    ({"config": {"page_indices": []}}, 400, "invalid_page_indices"),
    ({"config": {"page_indices": ["0"]}}, 400, "invalid_request"),
    ({"config": {"json_schema": 5}}, 400, "invalid_request"),
    ({"config": {"json_schema": "{"}}, 400, "invalid_schema"),
    ({"config": {"json_schema": {"type": "no such type"}}}, 400, "invalid_schema"),
    ({"config": {"json_schema": {"$ref": "https://example.org/s.json"}}}, 400, "remote_ref"),
    ({"config": {"json_schema": None}}, 400, "missing_domain"),
    ({"config": {"skills": [{"skill_id": "x"}]}}, 404, "unknown_skill"),
    ({"config": {"gql_stmt": "{ a }"}}, 400, "invalid_selection"),
    ({"config": {"gql_stmt": "{ total"}}, 400, "invalid_selection"),
    ({"domain": "document.invoic"}, 404, "unknown_agent"),
    ({"metadata": "x"}, 400, "invalid_request"),
]


@pytest.mark.parametrize(("change", "status", "code"), WRONG, ids=lambda v: str(v)[:60])
@pytest.mark.parametrize("batch", [False, True])
def test_a_wrong_request_is_refused_with_its_reason(
    client: httpx.Client, file_id: str, change: dict[str, Any], status: int, code: str, batch: bool
) -> None:
    needs_document = not {"url", "file_id"} & change.keys() and change
    body = {"batch": batch, **({"file_id": file_id} if needs_document else {}), **change}
    before = client.get("/predictions", params={"limit": 1}).json()
    assert_error(generate(client, **body), status, code)
    assert client.get("/predictions", params={"limit": 1}).json() == before, "nothing was accepted"


def test_an_unknown_agent_is_told_the_closest(client: httpx.Client, file_id: str) -> None:
    body = {"name": "document.invoce", "file_id": file_id}
    error = assert_error(client.post("/document/execute", json=body), 404, "unknown_agent")
    assert "document.invoice" in error["detail"]
    body = {"name": "document.invoice", "version": "0.0.0", "file_id": file_id}
    assert client.post("/document/execute", json=body).status_code == 404
    body = {"name": "schema", "file_id": file_id}
    assert_error(client.post("/document/execute", json=body), 404, "unknown_agent")
    assert_error(client.post("/document/execute", json={"file_id": file_id}), 400, "invalid_request")
    assert_error(
        client.post("/document/execute", json={"name": None, "file_id": file_id}), 400, "invalid_request"
    )


def test_unknown_keys_and_nulls_are_tolerated(client: httpx.Client, file_id: str) -> None:
    reply = generate(
        client,
        file_id=file_id,
        url=None,
        callback_url=None,
        surprise=1,
        metadata={"environment": "dev", "session_id": None, "allow_training": True},
        config={"gql_stmt": None, "keyframes": True, "skills": None, "page_indices": None, "detail": None},
    )
    assert reply.json()["status"] == "completed", reply.text
    assert reply.json()["warnings"] == [] and reply.json()["usage"]["message"] is None


def test_what_has_no_effect_is_told(client: httpx.Client, file_id: str) -> None:
    config = {"json_schema": SCHEMA, "groundng": True, "warnings": 1}
    done = generate(client, file_id=file_id, confidence=True, config=config).json()
    assert done["status"] == "completed"
    assert done["warnings"] == [
        "confidence had no effect: it belongs in config.",
        "config.groundng is unknown here and had no effect. Did you mean config.grounding?",
        "config.warnings is unknown here and had no effect.",
    ]
    assert done["usage"]["message"] == done["message"] == " ".join(done["warnings"])
    assert client.get(f"/predictions/{done['id']}").json()["warnings"] == done["warnings"]
    mistyped = client.post("/document/generate", json={"file_id": file_id, "config": {"json_shema": SCHEMA}})
    assert "mean config.json_schema?" in assert_error(mistyped, 400, "missing_domain")["detail"]
    agent = {"prompt": "Read the bill.", "json_schema": SCHEMA, "validator": []}
    made = client.post("/agent/create", json={"name": "told/bill", "config": agent}).json()
    assert "config.validators?" in made["warnings"][0], made


def test_a_selection_narrows_the_reply_and_its_schema(client: httpx.Client, file_id: str) -> None:
    config = {"gql_stmt": "{ total }"}
    done = generate(client, file_id=file_id, config={**config, "json_schema": SCHEMA}).json()
    assert done["response"] == {"total": 118.5}
    domain = {"domain": "document.invoice", "config": {"gql_stmt": "query { invoice_id items { quantity } }"}}
    named = {"name": "document.invoice", "config": domain["config"], "file_id": file_id, "batch": False}
    done = client.post("/document/execute", json=named).json()
    assert set(done["response"]) == {"invoice_id", "items"} and done["response"]["invoice_id"] == "R-2041"
    told = client.post("/schema", json=domain).json()
    assert set(told["json_schema"]["properties"]) == {"invoice_id", "items"}
    assert told["gql_stmt"] == "{ invoice_id items { quantity } }"
    wrong = {"domain": "document.invoice", "config": {"gql_stmt": "{ nothing }"}}
    assert_error(client.post("/schema", json=wrong), 400, "invalid_selection")


def test_a_document_by_url_and_by_data(client: httpx.Client, site: str, pdf: bytes) -> None:
    _Site.documents["/a.pdf"] = pdf
    for url in (f"{site}/a.pdf", data_url(pdf, "application/pdf"), "data:," + quote_from_bytes(pdf)):
        assert generate(client, url=url).json()["response"]["total"] == 118.5
    assert_error(generate(client, url=f"{site}/missing.pdf"), 400, "fetch_failed")
    assert_error(generate(client, url=data_url(b"PK\3\4", "application/pdf")), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"PK\x03\x04 not a document", 415, "unsupported_media_type"),
        (b"%PDF-1.4\n1 0 obj\n<</Type/Catalog", 400, "invalid_document"),
    ],
)
def test_a_document_that_cannot_be_read(client: httpx.Client, data: bytes, status: int, code: str) -> None:
    file = upload(client, data)
    error = assert_error(generate(client, file_id=file["id"]), status, code)
    record = client.get(f"/predictions/{error['error']['id']}").json()
    assert record["status"] == "failed" and record["error"]["code"] == code
    assert record["usage"]["message"] == record["message"] == error["detail"]
    accepted = generate(client, file_id=file["id"], batch=True)
    assert accepted.status_code == 201
    failed = wait_for(client, accepted.json()["id"])
    assert failed["status"] == "failed" and failed["error"]["code"] == code and failed["response"] is None


def test_pages_are_counted_and_chosen(client: httpx.Client) -> None:
    file = upload(client, make_pdf(3))
    done = generate(client, file_id=file["id"], config={"page_indices": [0, 2], "grounding": True}).json()
    assert [page["status"] for page in done["pages"]] == ["ok", "skipped", "ok"]
    assert done["usage"]["elements_processed"] == 2
    assert_error(
        generate(client, file_id=file["id"], config={"page_indices": [3]}), 400, "invalid_page_indices"
    )


def test_strict_fails_what_lacks_a_required_value(client: httpx.Client, file_id: str) -> None:
    schema = {
        "type": "object",
        "properties": {"passport_number": {"type": "string"}, "total": {"type": "number"}},
        "required": ["passport_number"],
    }
    loose = generate(client, file_id=file_id, config={"json_schema": schema}).json()
    assert loose["status"] == "completed" and loose["response"]["passport_number"] is None
    assert loose["errors"][0]["code"] == "missing_required" and "passport_number" in loose["usage"]["message"]
    strict = generate(client, file_id=file_id, config={"json_schema": schema, "strict": True})
    assert strict.status_code == 201
    failed = strict.json()
    assert failed["status"] == "failed" and failed["error"]["code"] == "missing_required"
    assert failed["response"] is None and failed["partial"] == loose["response"]
    assert [page["status"] for page in failed["pages"]] == ["ok"] and failed["usage"]["credits_used"] == 0
    assert loose["partial"] is None


def test_images_are_pages_of_one_execution(client: httpx.Client, site: str, png: bytes) -> None:
    _Site.documents["/a.png"] = png
    body = {
        "images": [data_url(png), f"{site}/a.png", data_url(make_png("JPEG"), "image/jpeg")],
        "batch": False,
        "config": {"json_schema": SCHEMA, "grounding": True},
    }
    done = client.post("/image/generate", json=body).json()
    assert done["status"] == "completed", done
    assert [page["page"] for page in done["pages"]] == [0, 1, 2]
    assert done["usage"]["elements_processed"] == 3 and done["usage"]["element_type"] == "image"
    assert done["response"]["total"] == 118.5
    named = {"name": "document.receipt", "images": [data_url(png)], "batch": False, "callback_url": None}
    assert client.post("/image/execute", json=named).json()["domain"] == "document.receipt"
    chosen = {**body, "config": {"json_schema": SCHEMA, "page_indices": [2]}}
    pages = client.post("/image/generate", json=chosen).json()["pages"]
    assert [page["status"] for page in pages] == ["skipped", "skipped", "ok"]


def test_wrong_images(client: httpx.Client, pdf: bytes, png: bytes) -> None:
    def send(**body: Any) -> httpx.Response:
        config = {"json_schema": SCHEMA}
        return client.post("/image/generate", json={"batch": False, "config": config, **body})

    for images in ([], [""], None, "x", [5], [data_url(png)] * 101):
        assert_error(send(images=images), 400, "invalid_request")
    assert_error(send(images=[data_url(png), "data:image/png;base64,!"]), 400, "invalid_data_url")
    assert_error(send(images=[data_url(pdf)]), 415, "unsupported_media_type")


def test_an_image_file_by_the_document_route(client: httpx.Client, png: bytes) -> None:
    file = upload(client, png, "scan.png")
    done = generate(client, file_id=file["id"]).json()
    assert done["response"]["total"] == 118.5 and done["usage"]["element_type"] == "page"


def test_the_callback_gets_the_execution_signed(
    server: Running, client: httpx.Client, site: str, file_id: str
) -> None:
    from standardwebhooks import Webhook

    _Site.posted.clear()
    first = generate(client, file_id=file_id, batch=True, callback_url=f"{site}/hook").json()
    end = time.monotonic() + 30
    while not _Site.posted:
        assert time.monotonic() < end, "no webhook came"
        time.sleep(0.05)
    headers, body = _Site.posted[0]
    assert json.loads(body) == wait_for(client, first["id"])
    secret = webhook_secret(server)
    Webhook(secret).verify(body, headers)
    assert headers["X-VLMRun-Signature"].startswith("sha256=")


def webhook_secret(server: Running) -> str:
    import sqlite3

    with sqlite3.connect(server.settings.data_dir / "paperclerk.sqlite") as connection:
        row = connection.execute(
            "SELECT secret FROM webhook_secrets s JOIN tenants t ON t.id = s.tenant_id WHERE t.name = 'acme'"
        ).fetchone()
    return str(row[0])


def test_a_restart_takes_up_what_was_left(tmp_path: Path, pdf: bytes) -> None:
    """What was acknowledged ends, in the next process if need be, data: URLs included."""
    url = data_url(pdf, "application/pdf")
    with serving(tmp_path) as running, running.client() as client:
        key = client.headers["Authorization"]
        left = [generate(client, url=url, batch=True, metadata={"n": n}).json()["id"] for n in range(8)]
    with (
        serving(tmp_path) as running,
        httpx.Client(base_url=f"{running.url}/v1", headers={"Authorization": key}) as client,
    ):
        for execution_id in left:
            assert wait_for(client, execution_id)["response"]["total"] == 118.5


def test_deleting_a_file_does_not_touch_its_results(client: httpx.Client) -> None:
    file = upload(client, make_pdf(2))
    done = generate(client, file_id=file["id"]).json()
    client.delete(f"/files/{file['id']}")
    assert client.get(f"/predictions/{done['id']}").json() == done
    assert_error(generate(client, file_id=file["id"]), 404, "file_not_found")
