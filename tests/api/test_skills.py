"""Skills over HTTP: stored, versioned, kept apart by tenant; named or brought by a request (contract A.5, B.10)."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from tests.agents.test_skill import bundle
from tests.api.conftest import SCHEMA, Running, assert_error, upload

MD = "---\nname: {name}\ndescription: Reads bills\n---\nThe total is what is to be paid.\n"
NUMBER = {"type": "object", "properties": {"invoice_number": {"type": "string"}}}
READ = {"invoice_number": "R-2041", "total": 118.5}


def archive(name: str, schema: Any = SCHEMA) -> bytes:
    return bundle({"SKILL.md": MD.format(name=name), "schema.json": json.dumps(schema), "pipeline.py": "1/0"})


def stored(client: httpx.Client, name: str, schema: Any = SCHEMA, **more: Any) -> dict[str, Any]:
    file_id = upload(client, archive(name, schema), f"{name}.zip")["id"]
    reply = client.post("/skills/create", json={"file_id": file_id, **more})
    assert reply.status_code == 200, reply.text
    assert client.delete(f"/files/{file_id}").status_code == 200, "a skill has its own hold on the bytes"
    made: dict[str, Any] = reply.json()
    return made


def inline(data: bytes) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/zip", "data": base64.b64encode(data).decode()}
    return {"type": "inline", "name": "brought", "skill_version": "latest", "source": source}


@pytest.fixture(scope="module")
def file_id(server: Running, pdf: bytes) -> str:
    with server.client() as client:
        return str(upload(client, pdf)["id"])


def generate(client: httpx.Client, file_id: str, skill: dict[str, Any], **more: Any) -> httpx.Response:
    config = {"skills": [skill], **more}
    return client.post("/document/generate", json={"file_id": file_id, "batch": False, "config": config})


def test_each_change_is_the_next_version(client: httpx.Client, file_id: str) -> None:
    first = stored(client, "versions", NUMBER)
    assert (first["name"], first["description"], first["status"]) == ("versions", "Reads bills", "completed")
    second = stored(client, "versions")
    third = client.post(f"/skills/{first['id']}/update", json={"description": "Numbers only"}).json()
    assert len({skill["skill_version"] for skill in (first, second, third)}) == 3
    zipped = upload(client, archive("another name"), "b.zip")["id"]
    fourth = client.post(f"/skills/{third['id']}/update", json={"file_id": zipped}).json()
    assert (fourth["name"], fourth["description"]) == ("versions", "Numbers only")
    for reference, fields in (
        ({"skill_id": "versions"}, {"invoice_number", "total"}),
        ({"skill_id": first["id"]}, {"invoice_number"}),
        ({"skill_id": "versions", "skill_version": "1"}, {"invoice_number"}),
        ({"skill_name": "versions", "version": 1}, {"invoice_number"}),
        ({"skill_id": f"versions:{first['skill_version']}"}, {"invoice_number"}),
        ({"skill_name": "versions", "skill_version": third["skill_version"]}, {"invoice_number"}),
    ):
        done = generate(client, file_id, reference)
        assert done.status_code == 201 and set(done.json()["response"]) == fields, (reference, done.text)
    assert client.post("/skills/lookup", json={"name": "versions"}).json() == fourth
    assert client.post("/skills/lookup", json={"name": "versions", "skill_version": 2}).json() == second
    assert client.post("/skills/lookup", json={"id": third["id"]}).json() == third
    assert client.get(f"/skills/{first['id']}").json() == first


def test_lists(server: Running) -> None:
    with server.client("lister") as client:
        a, b, a_again = stored(client, "a"), stored(client, "b"), stored(client, "a", NUMBER)
        listed = client.get("/skills").json()
        assert listed == [a_again, b, a]
        oldest = client.get("/skills", params={"descending": "False", "grouped": "True"}).json()
        assert oldest == [b, a_again]
        assert client.get("/skills", params={"order_by": "name", "limit": 1, "offset": 1}).json() == [a_again]


def test_an_archive_is_given_back_by_a_signed_address(client: httpx.Client) -> None:
    made = stored(client, "download")
    reply = client.get(f"/skills/{made['id']}/download").json()
    assert reply["expires_in"] == 86_400
    got = httpx.get(reply["download_url"])
    assert got.content == archive("download") and got.headers["content-type"] == "application/zip"
    assert_error(httpx.get(reply["download_url"].replace("expires=", "expires=9")), 403, "invalid_signature")
    as_a_file = reply["download_url"].replace("/skills/", "/files/")
    assert_error(httpx.get(as_a_file), 403, "invalid_signature")


def test_a_skill_from_a_prompt(client: httpx.Client, file_id: str) -> None:
    body = {"prompt": "Read the bill.", "json_schema": SCHEMA, "name": "prompted", "description": "Bills"}
    made = client.post("/skills/create", json=body).json()
    assert (made["name"], made["description"]) == ("prompted", "Bills")
    assert generate(client, file_id, {"skill_id": made["id"]}).json()["response"] == READ
    bare = client.post("/skills/create", json={"prompt": "Read it."}).json()
    assert bare["name"].startswith("skill-")
    assert_error(generate(client, file_id, {"skill_id": bare["id"]}), 400, "missing_domain")
    assert generate(client, file_id, {"skill_id": bare["id"]}, json_schema=NUMBER).status_code == 201


def test_a_skill_from_a_session(client: httpx.Client, file_id: str) -> None:
    body = {
        "file_id": file_id,
        "batch": False,
        "config": {"prompt": "Read the bill.", "json_schema": SCHEMA},
        "metadata": {"session_id": "skilful"},
    }
    assert client.post("/document/generate", json=body).status_code == 201
    made = client.post("/skills/create", json={"session_id": "skilful", "name": "from-session"}).json()
    assert generate(client, file_id, {"skill_id": made["id"]}).json()["response"] == READ
    assert_error(client.post("/skills/create", json={"session_id": "no such"}), 404, "unknown_session")


def test_a_skill_is_brought_by_a_request_and_not_kept(client: httpx.Client, file_id: str) -> None:
    before = client.get("/skills", params={"limit": 1000}).json()
    skill = inline(archive("x"))
    assert generate(client, file_id, skill).json()["response"] == READ
    older = {"type": "inline", "name": "old", "bundle": skill["source"]["data"]}
    assert generate(client, file_id, older).json()["response"] == READ
    assert client.get("/skills", params={"limit": 1000}).json() == before


def test_every_way_to_execute_takes_skills(client: httpx.Client, file_id: str, png: bytes) -> None:
    config = {"skills": [inline(archive("x", NUMBER))]}
    image = "data:image/png;base64," + base64.b64encode(png).decode()
    inputs = {"document": {"type": "input_file", "file_id": file_id}}
    for path, body in (
        ("/document/execute", {"name": "document.invoice", "file_id": file_id}),
        ("/image/generate", {"images": [image]}),
        ("/image/execute", {"name": "document.invoice", "images": [image]}),
        ("/agent/execute", {"inputs": inputs}),
        ("/agent/execute", {"name": "document.invoice", "inputs": inputs}),
    ):
        reply = client.post(path, json={**body, "batch": False, "config": config})
        assert reply.status_code == 201, (path, reply.text)
        assert reply.json()["response"] == {"invoice_number": "R-2041"}, (path, reply.json())
    for path in ("/schema", "/hub/schema"):
        assert client.post(path, json={"config": config}).json()["json_schema"]["properties"].keys() == {
            "invoice_number"
        }
    made = client.post(
        "/agent/create", json={"name": "t/skilled", "config": {"prompt": "Be quick.", **config}}
    )
    assert made.json()["prompt"] == "The total is what is to be paid.\n\nBe quick."
    assert made.json()["json_schema"] == NUMBER


def test_a_schema_of_the_request_stands_above_that_of_a_skill(client: httpx.Client, file_id: str) -> None:
    skill = inline(archive("x"))
    done = generate(client, file_id, skill, json_schema=NUMBER).json()
    assert done["response"] == {"invoice_number": "R-2041"}
    two = {"skills": [skill, inline(archive("y", NUMBER))]}
    body = {"file_id": file_id, "batch": False, "config": two}
    assert_error(client.post("/document/generate", json=body), 400, "ambiguous_skill")


def test_a_skill_belongs_to_its_tenant(client: httpx.Client, other: httpx.Client, pdf: bytes) -> None:
    made = stored(client, "ours")
    file_id = upload(other, pdf)["id"]
    nobody = "00000000-0000-4000-8000-000000000000"
    for call in (
        lambda skill: other.get(f"/skills/{skill}"),
        lambda skill: other.post(f"/skills/{skill}/update", json={"description": "x"}),
        lambda skill: other.get(f"/skills/{skill}/download"),
        lambda skill: other.delete(f"/skills/{skill}"),
        lambda skill: other.post("/skills/lookup", json={"id": skill}),
    ):
        assert_error(call(made["id"]), 404, "unknown_skill")
        assert call(made["id"]).content == call(nobody).content
    assert_error(other.post("/skills/lookup", json={"name": "ours"}), 404, "unknown_skill")
    for reference in ({"skill_id": made["id"]}, {"skill_id": "ours"}):
        assert_error(generate(other, file_id, reference), 404, "unknown_skill")
    assert made["id"] not in [skill["id"] for skill in other.get("/skills").json()]
    body = {"file_id": upload(client, archive("mine"))["id"]}
    assert_error(other.post("/skills/create", json=body), 404, "file_not_found")


def test_a_deleted_skill_takes_its_bytes_along(server: Running) -> None:
    with server.client("deleter") as client:
        made = stored(client, "short-lived")
        blobs = server.settings.data_dir / "blobs" / "content"
        data = archive("short-lived")
        assert any(path.read_bytes() == data for path in blobs.rglob("*") if path.is_file())
        assert client.delete(f"/skills/{made['id']}").json() == made
        assert not any(path.read_bytes() == data for path in blobs.rglob("*") if path.is_file())
        assert_error(client.get(f"/skills/{made['id']}"), 404, "unknown_skill")


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("create", {}, 400, "ambiguous_skill"),
    ("create", {"prompt": "x", "file_id": "y"}, 400, "ambiguous_skill"),
    ("create", {"file_id": "nobody"}, 404, "file_not_found"),
    ("create", {"prompt": "x", "name": "a/b"}, 400, "invalid_request"),
    ("create", {"prompt": "x", "json_schema": {"type": "x"}}, 400, "invalid_schema"),
    ("lookup", {}, 400, "ambiguous_skill"),
    ("lookup", {"name": "no such"}, 404, "unknown_skill"),
    ("nobody/update", {"description": "x"}, 404, "unknown_skill"),
    ("nobody/update", {}, 400, "empty_update"),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), WRONG)
def test_wrong_requests(client: httpx.Client, path: str, body: Any, status: int, code: str) -> None:
    assert_error(client.post(f"/skills/{path}", json=body), status, code)


def test_wrong_skills(client: httpx.Client, file_id: str) -> None:
    good = inline(archive("x"))
    for skill, status, code in (
        ({}, 400, "missing_skill"),
        ({"type": "inline"}, 400, "missing_skill"),
        ({"type": "no such", "skill_id": "x"}, 400, "invalid_request"),
        ({**good, "skill_id": "x"}, 400, "ambiguous_skill"),
        ({**good, "source": {"data": "%%%"}}, 400, "invalid_skill"),
        ({**good, "source": {"data": base64.b64encode(b"no zip").decode()}}, 400, "invalid_skill"),
        (inline(archive("x", {"type": "x"})), 400, "invalid_schema"),
        (inline(bundle({"SKILL.md": "x", "zeros": bytes(5_000_000)})), 413, "skill_too_large"),
        ({"skill_id": "versions", "skill_version": "99"}, 404, "unknown_skill"),
        ("x", 400, "invalid_request"),
    ):
        assert_error(generate(client, file_id, skill), status, code)  # type: ignore[arg-type]
    too_many = client.post("/document/generate", json={"file_id": file_id, "config": {"skills": [good] * 11}})
    assert_error(too_many, 400, "invalid_request")
    not_zip = {"file_id": upload(client, b"just words")["id"]}
    assert_error(client.post("/skills/create", json=not_zip), 400, "invalid_skill")
