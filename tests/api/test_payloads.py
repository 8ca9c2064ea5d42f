"""Lists of hostile input, beside the project, through the HTTP API: clear refusals, no 5xx, no traceback.

The two slow clients among them are in test_http.py, addresses in tests/outbound.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from tests.api.conftest import upload
from tests.client.conformance import Served, serving
from tests.documents_made import make_pdf

ROOT = Path(__file__).resolve().parents[2]
LISTS = next(
    (folder for parent in ROOT.parents if (folder := parent / "shared/robustness/payloads").is_dir()), None
)
pytestmark = pytest.mark.skipif(LISTS is None, reason="the lists of hostile input are not beside the project")


MAX_UPLOAD_BYTES = 1_000_000
MAX_JSON_BYTES = 3_000_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server in a process of its own; when it has ended its log must tell of no fault."""
    log = tmp_path_factory.mktemp("log") / "log"
    limits = {
        "PAPERCLERK_MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES),
        "PAPERCLERK_MAX_JSON_BYTES": str(MAX_JSON_BYTES),
    }
    with (
        log.open("wb") as written,
        serving(
            tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("files"), written, **limits
        ) as running,
    ):
        yield running
    text = log.read_text("utf-8")
    assert "status=4" in text, "the log is written"
    assert "Traceback" not in text and "[error" not in text, text[-5000:]


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {served.key}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:
        yield client


def rows(name: str) -> list[dict[str, Any]]:
    assert LISTS is not None
    return [json.loads(line) for line in (LISTS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def is_refused(reply: httpx.Response) -> bool:
    """Whether it is a 4xx in our form."""
    if not 400 <= reply.status_code < 500:
        return False
    body = reply.json()
    assert body["detail"] == body["error"]["message"] and body["error"]["code"], body
    return True


def raw(url: str, data: bytes) -> bytes:
    """All that the server says on one connection, which it may close early."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                said += chunk
        return said


def test_malformed_requests(served: Served) -> None:
    for row in rows("http_raw"):
        if "raw" not in row:
            continue
        data = row["raw"].replace("{p}", "/v1/files").replace("{{}}", "{}")
        said = raw(served.url, data.encode("latin-1"))
        assert said.count(b"HTTP/1.1 ") <= 1, row["name"]
        assert not said or said.startswith(b"HTTP/1.1 4"), (row["name"], said[:200])


def test_malformed_uploads(client: httpx.Client) -> None:
    before = client.get("/files", params={"limit": 1000}).json()
    for row in rows("http_raw"):
        if "multipart" in row:
            headers = {"Content-Type": f"multipart/form-data; boundary={row['boundary']}"}
            assert is_refused(client.post("/files", content=row["multipart"], headers=headers)), row["name"]
    flood = [("file", (f"{n}.pdf", b"x")) for n in range(5000)]
    assert is_refused(client.post("/files", files=flood))
    assert client.get("/files", params={"limit": 1000}).json() == before, "nothing is stored"
    over = client.post("/files", files={"file": ("a.pdf", b"x" * (MAX_UPLOAD_BYTES + 1))})
    assert over.status_code == 413 and is_refused(over)
    over = client.post("/schema", json={"domain": "x" * MAX_JSON_BYTES})
    assert over.status_code == 413 and is_refused(over)


def test_ids(client: httpx.Client, pdf: bytes) -> None:
    known = upload(client, pdf)["id"]
    described = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    templates = [
        (method.upper(), path.removeprefix("/v1"))
        for path, item in described.items()
        for method in item
        if "{" in path
    ]
    assert len(templates) > 10
    given = [row["id"] for row in rows("ids")]
    given.append(known.upper())
    for method, template in templates:
        head, tail = template[: template.index("{")], template[template.index("}") + 1 :]
        for text in given:
            address = head + quote(text, safe="/.%?") + tail
            reply = client.request(method, address)
            if template == "/hub/domains/{domain}" and reply.status_code == 200:
                assert reply.json() is False
            else:
                assert is_refused(reply), (method, address, reply.status_code)


def test_filenames(client: httpx.Client) -> None:
    for row in rows("filenames"):
        name = row["name"]
        plain = name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
        written = {
            "filename": f'filename="{plain}"',
            "filename*": f"filename*=UTF-8''{quote(name)}",
            "both": f"filename=\"{plain}\"; filename*=UTF-8''{quote(name)}",
        }[row["form"]]
        body = f'--b\r\nContent-Disposition: form-data; name="file"; {written}\r\n\r\n'.encode()
        content = body + make_pdf(1) + b"\r\n--b--\r\n"
        reply = client.post(
            "/files", content=content, headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        if is_refused(reply):
            continue
        assert reply.status_code == 201, (name, reply.text)
        stored = reply.json()
        assert stored["filename"].isprintable() and "." not in stored["id"]
        shown = httpx.get(stored["public_url"])
        assert shown.status_code == 200 and "set-cookie" not in shown.headers
        assert shown.headers["content-disposition"].startswith("attachment")


def test_strings(client: httpx.Client, pdf: bytes) -> None:
    texts = [row["s"] for row in rows("naughty_strings")] + [row["s"] for row in rows("output_xss")]
    for text in texts:
        replies = [
            client.post("/agent/lookup", json={"name": text}),
            client.post(
                "/document/execute", json={"name": text, "version": text, "file_id": text, "id": text}
            ),
            client.post("/document/generate", json={"domain": text, "url": text, "callback_url": text}),
            client.post("/feedback/submit", json={"request_id": text, "notes": text}),
        ]
        assert all(map(is_refused, replies)), (text, [reply.status_code for reply in replies])
        listed = client.get("/predictions", params={"domain": text, "name": text, f"metadata.{text}": text})
        assert (listed.status_code == 200 and listed.json() == []) or is_refused(listed), text
    metadata = {"texts": texts, **{text: text for text in texts if text}}
    asked = {"file_id": upload(client, pdf)["id"], "domain": "document.invoice", "metadata": metadata}
    made = client.post("/document/generate", json={**asked, "batch": True})
    assert made.status_code == 201 and made.json()["metadata"] == metadata, made.text[:500]


def test_schemas(client: httpx.Client) -> None:
    for row in rows("jsonschema"):
        parts = row.get("schema_text_parts")
        if parts:
            text = parts["open"] * parts["times"] + parts["core"] + parts["close"] * parts["times"]
            body = f'{{"config": {{"json_schema": {text}}}}}'
        else:
            text = json.dumps(row["schema"])
            body = json.dumps({"config": {"json_schema": row["schema"]}})
        as_object = client.post("/schema", content=body, headers={"Content-Type": "application/json"})
        as_text = client.post("/schema", json={"config": {"json_schema": text}})
        for reply in (as_object, as_text):
            if row["expect"] == "reject-400":
                assert reply.status_code == 400 and is_refused(reply), row["name"]
            else:
                assert reply.status_code == 200 or is_refused(reply), row["name"]


def test_selections(client: httpx.Client) -> None:
    amount = {"type": "object", "properties": {"amount": {"type": "number"}, "currency": {"type": "string"}}}
    schema = {"type": "object", "properties": {"invoice_number": {"type": "string"}, "total": amount}}
    for row in rows("graphql"):
        config = {"json_schema": schema, "gql_stmt": row["stmt"]}
        reply = client.post("/schema", json={"config": config})
        if row["expect"] == "ok":
            assert reply.status_code == 200, reply.text
        elif row["expect"] == "reject-400":
            assert reply.status_code == 400 and is_refused(reply), row["name"]
        else:
            assert reply.status_code == 200 or is_refused(reply), row["name"]
