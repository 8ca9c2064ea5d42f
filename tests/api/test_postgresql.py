"""The server on PostgreSQL: the same replies."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from tests.api.conftest import SCHEMA, assert_error, serving, upload, wait_for
from tests.documents_made import make_pdf


@pytest.fixture
def on_postgresql(postgres: str, tmp_path: Path) -> Iterator[httpx.Client]:
    server = sa.make_url(postgres)
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    url = server.set(database=name).render_as_string(hide_password=False)
    with serving(tmp_path, database_url=url) as running, running.client() as client:
        yield client
    assert not list(tmp_path.glob("*.sqlite")), "nothing went to SQLite"


def test_files_and_executions(on_postgresql: httpx.Client) -> None:
    client, data = on_postgresql, make_pdf(1)
    file = upload(client, data)
    assert client.get(f"/files/hash/{hashlib.md5(data).hexdigest()}").json()["id"] == file["id"]
    body = {
        "file_id": file["id"],
        "config": {"json_schema": SCHEMA},
        "metadata": {"n": 1, "odd": "ä\u2028'\""},
    }
    waited = client.post("/document/generate", json={**body, "batch": False}).json()
    assert waited["response"] == {"invoice_number": "R-2041", "total": 118.5}
    started = client.post("/document/generate", json={**body, "id": "mine"}).json()
    assert wait_for(client, started["id"])["response"] == waited["response"]
    again = client.post("/document/generate", json={**body, "id": "mine"})
    assert again.status_code == 201 and again.json()["id"] == "mine"
    other_body = client.post("/document/generate", json={**body, "id": "mine", "batch": False})
    assert_error(other_body, 409, "id_conflict")
    listed = client.get(
        "/predictions", params={"metadata.n": "1", "status": "completed", "domain": "x"}
    ).json()
    assert listed == []
    listed = client.get("/predictions", params={"metadata.odd": "ä\u2028'\"", "until": "2999-01-01"}).json()
    assert [item["id"] for item in listed] == ["mine", waited["id"]]
    assert client.delete(f"/files/{file['id']}").status_code == 200
    assert_error(client.get(f"/files/{file['id']}"), 404, "file_not_found")
    for odd in ("%00", "a%00b"):
        assert client.get(f"/files/{odd}").status_code == 404
        assert client.get(f"/predictions/{odd}").status_code == 404
    assert_error(client.post("/document/generate", json={**body, "url": "x\0"}), 400, "invalid_json")
