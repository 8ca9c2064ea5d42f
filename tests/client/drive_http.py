"""Rows that no official client has a call for any more, by plain HTTP. Called by `conformance`."""

from __future__ import annotations

import httpx
from checks import check, given, run_all

GIVEN = given()
http = httpx.Client(base_url=GIVEN.url, headers={"Authorization": f"Bearer {GIVEN.key}"}, timeout=100)


def invoice() -> str:
    data = (GIVEN.folder / "invoice.pdf").read_bytes()
    made = http.post("/files", files={"file": ("invoice.pdf", data)})
    return str(made.json()["id"])


@check("POST /schema/generate")
def schema_generate() -> None:
    reply = http.post("/schema/generate", json={"file_id": invoice()})
    assert reply.status_code == 201
    assert sorted(reply.json()["response"]["json_schema"]["properties"]) == ["invoice_number", "total"]


@check("POST /schema/generate", bad=True)
def schema_generate_wrong() -> None:
    reply = http.post("/schema/generate", json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "missing_document")


@check("GET /hub/domains/{domain}")
def has_domain() -> None:
    assert http.get("/hub/domains/document.invoice").json() is True
    assert http.get("/hub/domains/no.such").json() is False


@check("GET /hub/domains/{domain}", bad=True)
def has_domain_without_key() -> None:
    reply = httpx.get(f"{GIVEN.url}/hub/domains/document.invoice")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_api_key")


@check("PUT {url}", bad=True)
def put_elsewhere() -> None:
    """The address of a presigned upload, changed, and again once it has its bytes."""
    made = http.post("/files/presigned-url", json={"filename": "a.pdf", "purpose": "assistants"}).json()
    changed = made["url"].replace("expires=", "expires=9")
    for url, status, code in (
        (changed, 403, "invalid_signature"),
        (made["url"], 200, None),
        (made["url"], 409, "file_exists"),
    ):
        reply = httpx.put(url, content=b"%PDF-1.7" + str(status).encode())
        assert reply.status_code == status, reply.text
        assert code is None or reply.json()["error"]["code"] == code


@check("GET /files/hash/{md5}", bad=True)
def no_hash() -> None:
    reply = http.get("/files/hash/nothing")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_hash")


run_all()
