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


run_all()
