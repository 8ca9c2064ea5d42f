"""Agents over HTTP: made, looked up, executed, kept apart by tenant (contract A.4, B.9)."""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.agents.bundles import bundle_of, generated
from tests.api.conftest import SCHEMA, Running, assert_error, upload, wait_for
from tests.documents_made import make_pdf, make_png
from typer.testing import CliRunner

from paperclerk import bootstrap
from paperclerk.agents import builtin
from paperclerk.cli.main import app

SOURCES = {source.name: source for source in generated(11)}
RECEIPT = {"type": "object", "properties": {"merchant": {"type": "string"}, "total": {"type": "number"}}}
NUMBER = {"type": "object", "title": "Number", "properties": {"invoice_number": {"type": "string"}}}


def create(client: httpx.Client, name: str | None, **config: Any) -> dict[str, Any]:
    body = {"name": name, "config": {"prompt": f"Read {name}.", "json_schema": SCHEMA, **config}}
    reply = client.post("/agent/create", json=body)
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made


def execute(client: httpx.Client, file_id: str, **body: Any) -> httpx.Response:
    inputs = {"document": {"type": "input_file", "file_id": file_id}}
    return client.post("/agent/execute", json={"batch": False, "inputs": inputs, **body})


@pytest.fixture(scope="module")
def file_id(server: Any) -> str:
    with server.client() as client:
        return str(upload(client, make_pdf(1))["id"])


def test_a_server_loads_the_ready_made_agents_before_they_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "BETWEEN_AGENTS_S", 0)
    builtin._agent.cache_clear()
    with ThreadPoolExecutor(1) as threads:
        asyncio.run(bootstrap.warm_up_server(SimpleNamespace(threads=threads)))
    loaded = builtin._agent.cache_info()
    for name in builtin.names():
        builtin.lookup(name)
    assert builtin._agent.cache_info().misses == loaded.misses and loaded.currsize > 20


def test_the_same_name_again_is_the_next_version(client: httpx.Client, file_id: str) -> None:
    first = create(client, "t/versions")
    second = create(client, "t/versions", json_schema=NUMBER)
    assert (first["version"], second["version"]) == ("1", "2") and first["id"] != second["id"]
    assert client.get(f"/agents/{first['id']}").json()["json_schema"] == SCHEMA
    for name, version, fields in (
        ("t/versions", "2", {"invoice_number"}),
        ("t/versions:1", "1", {"invoice_number", "total"}),
        ("t/versions:latest", "2", {"invoice_number"}),
    ):
        found = client.post("/agent/lookup", json={"name": name}).json()
        assert found["version"] == version
        done = execute(client, file_id, name=name).json()
        assert done["version"] == version and set(done["response"]) == fields, done
    done = client.post(
        "/document/execute",
        json={"name": "t/versions", "version": "1", "file_id": file_id, "batch": False},
    ).json()
    assert done["response"] == {"invoice_number": "R-2041", "total": 118.5} and done["domain"] is None
    assert_error(client.post("/agent/lookup", json={"name": "t/versions:3"}), 404, "unknown_agent")
    assert_error(execute(client, file_id, name="t/versions:3"), 404, "unknown_agent")


def test_defaults_stand_until_a_request_says_otherwise(client: httpx.Client, file_id: str) -> None:
    create(client, "t/defaults", grounding=True)
    assert "total_metadata" in execute(client, file_id, name="t/defaults").json()["response"]
    plain = execute(client, file_id, name="t/defaults", config={"grounding": False}).json()
    assert "total_metadata" not in plain["response"]


def test_an_own_agent_hides_a_ready_made_one_of_its_name(client: httpx.Client, other: httpx.Client) -> None:
    create(client, "document.resume", json_schema=NUMBER)
    assert (
        client.post("/schema", json={"domain": "document.resume"}).json()["json_schema"]["title"] == "Number"
    )
    names = [agent["name"] for agent in client.get("/agent").json()]
    assert names.count("document.resume") == 1
    found = other.post("/agent/lookup", json={"name": "document.resume"}).json()
    assert found["id"] == "document.resume", "the ready-made one, for everybody else"
    assert other.get("/agents/document.resume").json() == found


def test_another_tenant_sees_nothing(client: httpx.Client, other: httpx.Client) -> None:
    made = create(client, "t/secret")
    nothing = other.get("/agents/00000000-0000-4000-8000-000000000000")
    assert other.get(f"/agents/{made['id']}").content == nothing.content
    for body in ({"name": "t/secret"}, {"id": made["id"]}, {"prompt": "Read t/secret."}):
        assert_error(other.post("/agent/lookup", json=body), 404, "unknown_agent")
    mine = upload(other, make_pdf(1))
    assert_error(execute(other, mine["id"], name="t/secret"), 404, "unknown_agent")
    assert "t/secret" not in [agent["name"] for agent in other.get("/agent").json()]
    taken = create(other, "t/secret")
    assert taken["version"] == "1"


def test_a_prompt_finds_the_agent_that_was_made_from_it(client: httpx.Client, file_id: str) -> None:
    create(client, "t/prompted", prompt="What is the total of this?")
    config = {"prompt": "What is the total of this?"}
    assert execute(client, file_id, name=None, config=config).json()["name"] == "t/prompted"
    assert_error(execute(client, file_id, config={"prompt": "unheard of"}), 404, "unknown_agent")
    own = execute(client, file_id, config={**config, "json_schema": NUMBER}).json()
    assert own["response"] == {"invoice_number": "R-2041"}
    assert_error(execute(client, file_id), 400, "missing_agent")


def test_lookups_by_get_with_a_body(client: httpx.Client) -> None:
    made = create(client, "t/n8n")
    assert client.request("GET", "/agent/lookup", json={"id": made["id"]}).json()["name"] == "t/n8n"
    assert_error(client.request("GET", "/agent/lookup", json=[1]), 400, "invalid_request")


def test_several_documents_are_read_as_one(client: httpx.Client) -> None:
    files = [upload(client, make_pdf(2))["id"], upload(client, make_png(), "b.png")["id"]]
    inputs = {
        "files": [{"type": "input_file", "file_id": f} for f in files],
        "note": {"type": "text", "text": "Bills of one order."},
        "order": {"number": 7},
    }
    body = {"name": "document.markdown", "inputs": inputs, "batch": False}
    done = client.post("/agent/execute", json=body).json()
    assert [page["page"] for page in done["pages"]] == [0, 1, 2], done
    assert done["usage"]["elements_processed"] == 3 and done["usage"]["element_type"] == "page"
    texts = [page["content"] for page in done["response"]["pages"]]
    assert len(texts) == 3 and all("R-2041" in text for text in texts)


def test_an_execution_in_the_background_is_found_by_both_routes(client: httpx.Client, file_id: str) -> None:
    create(client, "t/later")
    started = execute(client, file_id, name="t/later", batch=True).json()
    assert started["status"] in ("enqueued", "running") and started["response"] is None
    create(client, "t/later", json_schema=NUMBER)  # a new version does not touch what was accepted
    prediction = wait_for(client, started["id"])
    execution = client.get(f"/agent/executions/{started['id']}").json()
    assert execution["response"] == prediction["response"] == {"invoice_number": "R-2041", "total": 118.5}
    assert execution["version"] == "1" and execution["execution_mode"] == "agent"
    assert started["id"] in [e["id"] for e in client.get("/agent/executions").json()]
    assert_error(client.get("/agent/executions/nothing"), 404, "execution_not_found")


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("/agent/create", {"name": "a b", "config": {"prompt": "x"}}, "invalid_request"),
    ("/agent/create", {"name": "schema", "config": {"prompt": "x"}}, "invalid_agent"),
    ("/agent/create", {"name": "ok"}, "invalid_request"),
    ("/agent/create", {"name": "ok", "config": {}}, "missing_prompt"),
    ("/agent/create", {"name": "ok", "config": {"prompt": "x", "json_schema": {"type": "x"}}}, "invalid_schema"),
    ("/agent/create", {"name": "ok", "config": {"prompt": "x", "gql_stmt": "{ a }"}}, "not_supported"),
    ("/agent/create", {"name": "ok", "config": {"prompt": "x", "skills": [{}]}}, "missing_skill"),
    ("/agent/lookup", {}, "ambiguous_agent"),
    ("/agent/lookup", {"id": "a", "name": "b"}, "ambiguous_agent"),
    ("/agent/execute", {"name": "document.invoice"}, "missing_document"),
    ("/agent/execute", {"name": "document.invoice", "inputs": {"a": {"type": "text"}}}, "missing_document"),
    ("/agent/execute", {"name": "document.invoice", "inputs": {"a": {"type": "file_url"}}}, "missing_document"),
    ("/agent/execute", {"name": "document.invoice", "inputs": {"a": {"type": "video_url"}}}, "not_supported"),
    (
        "/agent/execute",
        {"name": "document.invoice", "inputs": {"a": {"type": "file_url", "file_url": {"url": "http://10.0.0.1/"}}}},
        "url_not_allowed",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "code"), WRONG, ids=lambda v: str(v)[:70])
def test_a_wrong_request_is_refused(client: httpx.Client, path: str, body: dict[str, Any], code: str) -> None:
    assert_error(client.post(path, json=body), 400, code)


def test_an_agent_without_a_schema_wants_one_to_run(client: httpx.Client, file_id: str) -> None:
    made = create(client, "t/bare", json_schema=None)
    assert made["json_schema"] is None
    error = assert_error(execute(client, file_id, name="t/bare"), 400, "missing_schema")
    assert "config.json_schema" in error["detail"]
    done = execute(client, file_id, name="t/bare", config={"json_schema": NUMBER}).json()
    assert done["response"] == {"invoice_number": "R-2041"} and done["name"] == "t/bare"


PACKET = [
    "split",
    {"classify": ["invoice", "contract", "receipt"]},
    {"route": {"invoice": "document.invoice", "receipt": "t/receipt", "other": "document.markdown"}},
    "extract",
    "verify",
]


def test_a_bundle_is_one_entry_a_document(client: httpx.Client) -> None:
    create(client, "t/receipt", json_schema=RECEIPT)
    bundle = bundle_of(
        [SOURCES[name] for name in ("long-invoices-1", "receipts-1", "contracts-1", "long-invoices-2")]
    )
    file_id = upload(client, bundle.content)["id"]
    made = client.post(
        "/agent/create", json={"name": "t/packet", "config": {"prompt": "Sort it.", "steps": PACKET}}
    )
    assert made.status_code == 200 and made.json()["json_schema"]["title"] == "Bundle", made.text
    schema = client.post("/schema", json={"domain": "t/packet"}).json()["json_schema"]
    assert schema == made.json()["json_schema"]
    done = execute(client, file_id, name="t/packet", config={"grounding": True}).json()
    documents = done["response"]["documents"]
    assert [tuple(d["page_indices"]) for d in documents] == list(bundle.pages), done["steps"]
    assert [d["kind"] for d in documents] == ["invoice", "receipt", "contract", "invoice"]
    assert [d["agent"] for d in documents] == [
        "document.invoice",
        "t/receipt",
        "document.markdown",
        "document.invoice",
    ]
    assert [d["version"] for d in documents][1] == "1" and {d["status"] for d in documents} == {"completed"}
    last = documents[3]
    boxes = last["response"]["invoice_id_metadata"]["bboxes"]
    assert boxes and boxes[0]["page"] == bundle.pages[3][0], "boxes count the pages of the bundle"
    assert done["usage"]["elements_processed"] == sum(map(len, bundle.pages))
    create(
        client, "t/receipt", json_schema=NUMBER
    )  # a job that is accepted keeps the version it was accepted with
    later = client.post("/document/execute", json={"name": "t/packet", "file_id": file_id}).json()
    assert wait_for(client, later["id"])["response"]["documents"][1]["version"] == "2"


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (["extract", "split"], "invalid_agent"),
        (["split", {"classify": ["a"]}, {"route": {"a": "no.such.agent"}}, "extract"], "unknown_agent"),
        (["split", {"classify": ["a"]}, {"route": {"b": "document.invoice"}}, "extract"], "invalid_agent"),
        (["split", {"classify": ["a"]}, {"route": {"a": "t/nested"}}, "extract"], "invalid_agent"),
    ],
)
def test_steps_that_lead_nowhere_are_refused(client: httpx.Client, steps: list[Any], code: str) -> None:
    create(client, "t/nested", steps=["split", "extract"])
    body = {"name": "t/wrong", "config": {"prompt": "x", "steps": steps}}
    assert_error(client.post("/agent/create", json=body), 404 if code == "unknown_agent" else 400, code)


def test_the_body_of_older_clients(client: httpx.Client, file_id: str) -> None:
    create(client, "t/older")
    body = {"name": "t/older", "version": "1", "file_ids": [file_id], "batch": False, "priority": "high"}
    done = client.post("/agent/execute", json=body)
    assert done.status_code == 201 and done.json()["response"]["total"] == 118.5, done.text
    data = "data:application/pdf;base64," + base64.b64encode(make_pdf(1)).decode()
    body = {"name": "t/older", "urls": [data], "batch": False, "priority": 3}
    assert client.post("/agent/execute", json=body).json()["response"]["invoice_number"] == "R-2041"
    assert_error(client.post("/agent/execute", json=body | {"priority": "soon"}), 400, "invalid_request")


def test_corrections_become_cases_with_one_command(
    client: httpx.Client, server: Running, file_id: str
) -> None:
    create(client, "t/corrected", grounding=True)
    first, second = (execute(client, file_id, name="t/corrected").json() for _ in range(2))
    for number in ("R-1", "R-2"):
        right = first["response"] | {"invoice_number": number}
        client.post("/feedback/submit", json={"request_id": first["id"], "response": right})
    client.post("/feedback/submit", json={"request_id": second["id"], "notes": "fine"})

    def command(*words: str) -> str:
        where = ["--tenant", "acme", "--data-dir", str(server.settings.data_dir)]
        done = CliRunner().invoke(app, ["agents", *words, *where])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "1 corrected executions of t/corrected; 1 cases" in command("cases", "add-feedback", "t/corrected")
    assert "; 0 cases" in command("cases", "add-feedback", "t/corrected")
    assert command("cases", "list", "t/corrected") == f"{first['id']}  2 fields\n", "metadata is no field"
    judged = command("eval", "t/corrected:1")
    assert "invoice_number\t1\t1\t1" in judged, (
        "the newest correction is the truth, and it was read otherwise"
    )
