"""The official Python client through the rows. Called by `conformance` with the client's own interpreter."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import requests
from checks import check, given, run_all
from pydantic import BaseModel
from vlmrun.client import VLMRun
from vlmrun.client.exceptions import (
    APIError,
    AuthenticationError,
    ResourceNotFoundError,
    ValidationError,
    VLMRunError,
)
from vlmrun.client.skills import bundle_from_directory
from vlmrun.client.types import (
    AgentCreationConfig,
    AgentExecutionConfig,
    AgentSkill,
    GenerationConfig,
    InlineSkillSource,
    MarkdownDocument,
    PresignedUrlRequest,
)

GIVEN = given()
FOLDER = GIVEN.folder
INVOICE = FOLDER / "invoice.pdf"
LARGE_BYTES = 33 * 1024 * 1024
NOBODY = "00000000-0000-4000-8000-000000000000"
READ = {"invoice_number": "R-2041", "total": 118.5}
SCHEMA = {
    "type": "object",
    "title": "Bill",
    "properties": {"invoice_number": {"type": "string"}, "total": {"type": "number"}},
}


@cache
def client() -> VLMRun:
    os.environ["VLMRUN_GATEWAY_BASE_URL"] = GIVEN.url
    return VLMRun(api_key=GIVEN.key, base_url=GIVEN.url, max_retries=2, timeout=100)


@cache
def invoice() -> str:
    return client().files.upload(INVOICE).id


@cache
def executed() -> Any:
    return client().document.execute(name="document.invoice", file=invoice())


def refused(kind: type[VLMRunError], status: int, code: str, call: Callable[[], Any]) -> VLMRunError:
    """The error that `call` ends with, of this class, status and code, with a sentence."""
    try:
        result = call()
    except VLMRunError as error:
        assert type(error) is kind, repr(error)
        assert (error.http_status, error.error_type) == (status, code), repr(error)
        assert len(error.message) > 10 and error.message.endswith("."), error.message
        return error
    raise AssertionError(f"no error but {result!r}")


# A.1


@check("GET /health")
def health() -> None:
    assert client().healthcheck() is True


@check("GET /health", bad=True)
def wrong_key() -> None:
    for key in (GIVEN.key[:-1] + ("a" if GIVEN.key[-1] != "a" else "b"), "nonsense"):
        try:
            VLMRun(api_key=key, base_url=GIVEN.url)
        except AuthenticationError as error:
            assert error.message == "Invalid API key"
        else:
            raise AssertionError("a wrong key is let in")


@check(
    "GET /models",
    "GET /domains",
    "GET /hub/info",
    "GET /hub/domains",
    "GET /agent",
    "GET /openai/models",
    bad=True,
)
def key_that_was_changed() -> None:
    stranger = VLMRun(api_key=GIVEN.key, base_url=GIVEN.url, max_retries=1)
    stranger.api_key = "nonsense"
    for call in (stranger.models.list, stranger.list_domains, stranger.agent.list):
        refused(AuthenticationError, 401, "invalid_api_key", call)
    for call in (stranger.hub.info, stranger.hub.list_domains):  # it wraps what it raises into its own words
        try:
            call()
        except APIError as error:
            assert "invalid_api_key" in error.message, error.message
        else:
            raise AssertionError("a wrong key is let in")
    os.environ["VLMRUN_GATEWAY_BASE_URL"] = GIVEN.url
    openai_refuses(stranger.gateway.models, 401, "invalid_api_key")


@check("GET /models", "GET /domains")
def catalog() -> None:
    domains = [entry.domain for entry in client().list_domains()]
    assert domains == [entry.domain for entry in client().models.list()] and len(domains) > 20


@check("POST /schema")
def schema() -> None:
    assert client().get_type("document.receipt").__name__.isidentifier()
    reply = client().get_schema("document.invoice", GenerationConfig(gql_stmt="{ invoice_id }"))
    assert list(reply.json_schema["properties"]) == ["invoice_id"] and len(reply.schema_hash) >= 8


@check("POST /schema", bad=True)
def schema_unknown() -> None:
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: client().get_schema("no.such"))
    wrong = GenerationConfig(gql_stmt="{ nonsense }")
    refused(ValidationError, 400, "invalid_selection", lambda: client().get_schema("document.invoice", wrong))


@check("GET /hub/info", "GET /hub/domains", "POST /hub/schema")
def hub() -> None:
    assert client().hub.info().version.count(".") == 2
    assert "document.receipt" in [entry.domain for entry in client().hub.list_domains()]
    assert client().hub.get_schema("document.receipt").json_schema["title"].isidentifier()
    assert client().hub.get_pydantic_model("document.invoice").__name__ == "Invoice"


@check("POST /hub/schema", bad=True)
def hub_unknown() -> None:
    try:
        client().hub.get_schema("no.such")
    except APIError as error:
        assert "status=404, type=unknown_agent" in error.message
    else:
        raise AssertionError("an unknown domain has a schema")


# A.2


@check("POST /files", "GET /files/hash/{md5}")
def upload() -> None:
    first = client().files.upload(FOLDER / "other.pdf")
    assert first.bytes == (FOLDER / "other.pdf").stat().st_size and first.filename == "other.pdf"
    assert client().files.upload(FOLDER / "other.pdf").id == first.id  # found by its MD5
    assert client().files.upload(FOLDER / "other.pdf", force=True).id != first.id


@check("POST /files", bad=True)
def upload_empty() -> None:
    refused(ValidationError, 400, "empty_file", lambda: client().files.upload(FOLDER / "empty.pdf"))


@check("POST /files/presigned-url", "PUT {url}", "GET /files/verify-upload/{id}")
def presigned() -> None:
    by_size = client().files.upload(FOLDER / "large.pdf")  # over 32 MiB: the client takes the presigned way
    assert by_size.bytes == LARGE_BYTES and by_size.filename == "large.pdf"
    assert client().files.upload(FOLDER / "large.pdf").id == by_size.id
    by_wish = client().files.upload(FOLDER / "small.pdf", method="presigned-url")
    assert by_wish.bytes == (FOLDER / "small.pdf").stat().st_size


@check("POST /files/presigned-url", "GET /files/verify-upload/{id}", bad=True)
def presigned_unfinished() -> None:
    made = client().files.generate_presigned_url(PresignedUrlRequest(filename="a.pdf", purpose="assistants"))
    ask = client().files._requestor.request
    refused(
        APIError, 409, "file_not_uploaded", lambda: ask(method="GET", url=f"files/verify-upload/{made.id}")
    )
    nameless = PresignedUrlRequest(filename="", purpose="assistants")
    refused(ValidationError, 400, "invalid_request", lambda: client().files.generate_presigned_url(nameless))


@check("GET /files", "GET /files/{id}", "DELETE /files/{id}")
def files() -> None:
    made = client().files.upload(FOLDER / "small.pdf", force=True)
    assert client().files.list(limit=1)[0].id == made.id
    assert client().files.list(skip=1, limit=1)[0].id != made.id
    got = client().files.get(made.id)
    assert (got.filename, got.bytes, got.object) == ("small.pdf", made.bytes, "file")
    assert client().files.delete(made.id).id == made.id
    refused(ResourceNotFoundError, 404, "file_not_found", lambda: client().files.get(made.id))


@check("GET /files", "GET /files/{id}", "DELETE /files/{id}", bad=True)
def files_unknown() -> None:
    refused(ValidationError, 400, "invalid_request", lambda: client().files.list(limit=0))
    refused(ResourceNotFoundError, 404, "file_not_found", lambda: client().files.get(NOBODY))
    refused(ResourceNotFoundError, 404, "file_not_found", lambda: client().files.delete(NOBODY))


# A.3


@check("POST /document/generate")
def generate_by_domain() -> None:
    done = client().document.generate(file=INVOICE, domain="document.invoice", autocast=True)
    assert type(done.response).__name__ == "Invoice" and done.response.invoice_id == "R-2041"
    assert done.status == "completed" and done.domain == "document.invoice"
    assert done.usage.elements_processed == 1 and done.usage.element_type == "page"
    assert done.usage.credits_used == 2 and done.created_at.tzinfo is not None


@check("POST /document/generate")
def generate_by_schema() -> None:
    config = GenerationConfig(json_schema=SCHEMA)
    assert client().document.generate(file=invoice(), config=config).response == READ
    cast = client().document.generate(file=invoice(), config=config, autocast=True)
    assert type(cast.response).__name__ == "Bill"
    by_url = client().document.generate(
        url=f"{GIVEN.url}/nothing-here", domain="document.invoice", batch=True
    )
    assert by_url.status in ("enqueued", "pending", "running") and by_url.response is None


@check("POST /document/generate")
def generate_options() -> None:
    config = GenerationConfig(grounding=True, gql_stmt="{ invoice_id }", page_indices=[0], detail="lo")
    done = client().document.generate(file=FOLDER / "small.pdf", domain="document.invoice", config=config)
    assert set(done.response) == {"invoice_id", "invoice_id_metadata"}
    grounded = done.response["invoice_id_metadata"]
    assert list(grounded) == ["confidence", "bboxes"] and grounded["confidence"] in ("hi", "med", "lo")
    (box,) = grounded["bboxes"]
    assert list(box) == ["content", "bbox", "page", "confidence"] and box["content"] == "R-2041"
    assert box["page"] == 0 and all(0 <= side <= 1 for side in box["bbox"]["xywh"])


@check("POST /document/generate")
def generate_markdown() -> None:
    done = client().document.generate(file=FOLDER / "report.pdf", domain="document.markdown")
    document = client().predictions.get(done.id).response
    assert isinstance(done.response, MarkdownDocument) and isinstance(document, MarkdownDocument)
    assert len(document.pages) == 3 and str(document).startswith("# Report of the year")
    assert "| North | 12.5 | 1,250 | 41 % |" in str(document)
    assert str(document).count("---PAGE BREAK---") == 2
    tables = document.all_tables
    assert len(tables) == 2 and all(len(row) == len(t.headers) for t in tables for row in t.data)
    assert [f.caption for f in document.all_figures] == ["Figure 1: the plots as seen from the mill"]


@check("POST /document/generate", bad=True)
def generate_wrong() -> None:
    generate = client().document.generate

    def by(**config: Any) -> Callable[[], Any]:
        return lambda: generate(file=invoice(), domain="document.invoice", config=GenerationConfig(**config))

    refused(ValidationError, 400, "missing_domain", lambda: generate(file=invoice()))
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: generate(file=invoice(), domain="no.such"))
    refused(ValidationError, 400, "invalid_schema", by(json_schema={"type": "no such type"}))
    refused(ValidationError, 400, "invalid_selection", by(gql_stmt="{ nonsense }"))
    refused(ValidationError, 400, "invalid_page_indices", by(page_indices=[9]))
    inside = "http://10.0.0.1/a.pdf"
    refused(ValidationError, 400, "url_not_allowed", lambda: generate(url=inside, domain="document.invoice"))
    broken = FOLDER / "broken.pdf"
    refused(
        ValidationError, 400, "invalid_document", lambda: generate(file=broken, domain="document.invoice")
    )


@check("POST /document/execute")
def execute() -> None:
    done = executed()
    assert done.status == "completed" and done.response["invoice_id"] == "R-2041"
    assert done.completed_at >= done.created_at


@check("POST /document/execute", bad=True)
def execute_wrong() -> None:
    execute = client().document.execute
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: execute(name="no.such", file=invoice()))
    refused(
        ResourceNotFoundError,
        404,
        "unknown_agent",
        lambda: execute(name="document.invoice", version="77", file=invoice()),
    )
    refused(
        ResourceNotFoundError, 404, "file_not_found", lambda: execute(name="document.invoice", file=NOBODY)
    )


@check("POST /image/generate", "POST /image/execute")
def images() -> None:
    for done in (
        client().image.generate(images=[FOLDER / "scan.png"], domain="document.invoice"),
        client().image.execute(name="document.invoice", images=[FOLDER / "scan.png"]),
    ):
        assert done.status == "completed" and done.usage.element_type == "image"
        assert done.response["invoice_id"] == "R-2041"


@check("POST /image/generate", "POST /image/execute", bad=True)
def images_wrong() -> None:
    scan = [FOLDER / "scan.png"]
    refused(
        ResourceNotFoundError,
        404,
        "unknown_agent",
        lambda: client().image.generate(images=scan, domain="no.such"),
    )
    refused(
        ResourceNotFoundError,
        404,
        "unknown_agent",
        lambda: client().image.execute(name="no.such", images=scan),
    )


@check("POST /document/schema", "POST /image/schema")
def inferred() -> None:
    for done in (client().document.schema(file=INVOICE), client().image.schema(images=[FOLDER / "scan.png"])):
        made = done.response
        assert re.fullmatch(r"custom\.\w+\.\w+-\d{8}", made.domain), made.domain
        assert sorted(made.json_schema["properties"]) == ["invoice_number", "total"]
    config = GenerationConfig(json_schema=made.json_schema)
    assert client().document.generate(file=invoice(), config=config).response == READ


@check("POST /image/schema", bad=True)
def inferred_wrong_image() -> None:
    schema = client().image.schema
    refused(ValidationError, 400, "url_not_allowed", lambda: schema(urls=["http://10.0.0.1/a.png"]))
    refused(ValidationError, 400, "invalid_data_url", lambda: schema(urls=["data:image/png;base64,%"]))


@check("POST /document/schema", bad=True)
def inferred_wrong() -> None:
    broken = FOLDER / "broken.pdf"
    refused(ValidationError, 400, "invalid_document", lambda: client().document.schema(file=broken))
    refused(ResourceNotFoundError, 404, "file_not_found", lambda: client().document.schema(file=NOBODY))


@check("GET /predictions", "GET /predictions/{id}")
def predictions() -> None:
    started = client().document.execute(name="document.invoice", file=invoice(), batch=True)
    assert started.status in ("enqueued", "pending", "running") and started.response is None
    done = client().predictions.wait(started.id, timeout=60, sleep=1)
    assert done.status == "completed" and client().predictions.get(started.id) == done
    assert client().predictions.list(limit=1)[0].id == started.id
    assert client().predictions.list(skip=1, limit=1)[0].id != started.id


@check("GET /predictions", "GET /predictions/{id}", bad=True)
def predictions_unknown() -> None:
    refused(ValidationError, 400, "invalid_request", lambda: client().predictions.list(limit=1001))
    refused(ResourceNotFoundError, 404, "prediction_not_found", lambda: client().predictions.get("nothing"))


# A.4


@cache
def agent() -> Any:
    config = AgentCreationConfig(prompt="Read the bill.", json_schema=SCHEMA)
    return client().agent.create(name="client/bill", config=config)


@check("POST /agent/create")
def agent_create() -> None:
    assert agent().name == "client/bill" and agent().status in ("pending", "completed")
    unnamed = client().agent.create(config=AgentCreationConfig(prompt="Something else."))
    assert unnamed.name.startswith("agent-") and unnamed.id != agent().id


@check("POST /agent/lookup", "GET /agents/{id}", "GET /agent")
def agent_found() -> None:
    for info in (
        client().agent.get(name="client/bill"),
        client().agent.get(name="client/bill:1"),
        client().agent.get(id=agent().id),
        client().agent.get(prompt="Read the bill."),
        client().agent.get_by_id(agent().id),
    ):
        assert info.id == agent().id and info.prompt == "Read the bill."
        assert info.json_schema["title"] == "Bill"
    assert {"client/bill", "document.invoice"} <= {info.name for info in client().agent.list()}
    assert client().get_type("client/bill").__name__ == "Bill"


@check("POST /agent/lookup", "GET /agents/{id}", bad=True)
def agent_unknown() -> None:
    get = client().agent.get
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: get(name="client/nothing"))
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: get(prompt="Nobody was made from this."))
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: client().agent.get_by_id(NOBODY))


@check("POST /agent/create", bad=True)
def agent_wrong() -> None:
    wrong = AgentCreationConfig(prompt="x", json_schema={"type": "no such type"})
    refused(ValidationError, 400, "invalid_schema", lambda: client().agent.create(config=wrong))
    fine = AgentCreationConfig(prompt="x")
    refused(
        ValidationError, 400, "invalid_request", lambda: client().agent.create(name="two words", config=fine)
    )


@check("POST /agent/execute", "GET /agent/executions", "GET /agent/executions/{id}")
def agent_execute() -> None:
    inputs = {"document": {"type": "input_file", "file_id": invoice()}}
    assert agent()
    started = client().agent.execute(name="client/bill", inputs=inputs)
    assert started.status in ("enqueued", "pending", "running")
    done = client().executions.wait(started.id, timeout=60, sleep=1)
    assert done.status == "completed" and done.response == READ and done.name == "client/bill"
    assert client().executions.get(started.id) == done
    assert client().executions.list(limit=1)[0].id == started.id
    by_prompt = client().agent.execute(inputs=inputs, config=AgentExecutionConfig(prompt="Read the bill."))
    assert by_prompt.name == "client/bill"


@check("POST /agent/execute", "GET /agent/executions", "GET /agent/executions/{id}", bad=True)
def agent_execute_wrong() -> None:
    execute = client().agent.execute
    assert agent()
    refused(ValidationError, 400, "missing_document", lambda: execute(name="client/bill", inputs={}))
    inputs = {"document": {"type": "input_file", "file_id": NOBODY}}
    refused(ResourceNotFoundError, 404, "file_not_found", lambda: execute(name="client/bill", inputs=inputs))
    refused(ResourceNotFoundError, 404, "unknown_agent", lambda: execute(name="client/none", inputs=inputs))
    refused(ValidationError, 400, "invalid_request", lambda: client().executions.list(skip=-1))
    refused(ResourceNotFoundError, 404, "execution_not_found", lambda: client().executions.get("nothing"))


# A.7


@check("POST /feedback/submit", "GET /feedback/{id}")
def feedback() -> None:
    subject = executed().id
    made = client().feedback.submit(subject, response={"invoice_id": "R-2042"}, notes="a misread digit")
    listed = client().feedback.get(subject)
    assert made.request_id == listed.request_id == subject
    (item,) = listed.items
    assert (item.id, item.response, item.notes) == (made.id, {"invoice_id": "R-2042"}, "a misread digit")


@check("POST /feedback/submit", "GET /feedback/{id}", bad=True)
def feedback_unknown() -> None:
    submit = client().feedback.submit
    refused(ResourceNotFoundError, 404, "prediction_not_found", lambda: submit("nothing", notes="x"))
    refused(ResourceNotFoundError, 404, "prediction_not_found", lambda: client().feedback.get("nothing"))


# A.5


def folder_of_skill(name: str, schema: Any = SCHEMA) -> Path:
    folder = FOLDER / "skills" / name
    folder.mkdir(parents=True, exist_ok=True)
    front = f"---\nname: {name}\ndescription: Reads bills\n---\n\n"
    (folder / "SKILL.md").write_text(front + "The total is what is to be paid.\n")
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "pipeline.py").write_text("raise SystemExit\n")
    return folder


@cache
def skill() -> AgentSkill:
    """Stored, by its id."""
    return client().skills.create_from_directory(folder_of_skill("client-bills"))


@check("GET /skills", "GET /skills/{id}", "POST /skills/lookup", "POST /skills/create")
def skills() -> None:
    known = client().skills.get(id=skill().skill_id)
    assert (known.name, known.description, known.status) == ("client-bills", "Reads bills", "completed")
    assert client().skills.get(name="client-bills", skill_version=known.skill_version) == known
    assert known in client().skills.list(limit=1000, grouped=True, order_by="name", descending=False)
    made = client().skills.create(prompt="Read the bill.", json_schema=SCHEMA)
    assert client().skills.list(limit=1)[0] == made and made.skill_version is not None


@check("POST /skills/{id}/update", "GET /skills/{id}/download")
def skill_versions() -> None:
    assert skill().skill_id is not None
    first = client().skills.get(id=skill().skill_id)
    second = client().skills.update(first.id, description="Reads them better")
    assert second.name == first.name and second.skill_version != first.skill_version
    third = client().skills.update(second.id, file_id=uploaded_skill())
    assert client().skills.get(name="client-bills") == third and third.description == "Reads them better"
    reply = client().skills.download(first.id)
    assert reply.expires_in == 86_400
    with zipfile.ZipFile(io.BytesIO(requests.get(reply.download_url, timeout=60).content)) as archive:
        assert sorted(archive.namelist()) == ["SKILL.md", "pipeline.py", "schema.json"]


def uploaded_skill() -> str:
    path = FOLDER / "more.zip"
    path.write_bytes(base64.b64decode(bundle_from_directory(folder_of_skill("more"))))
    return client().files.upload(path).id


@check("config.skills")
def steered() -> None:
    inline = AgentSkill.from_directory(folder_of_skill("brought"))
    inputs = {"document": {"type": "input_file", "file_id": invoice()}}
    for one in (inline, skill(), AgentSkill(skill_name="client-bills", skill_version="1")):
        config = GenerationConfig(skills=[one])
        assert client().document.generate(file=invoice(), config=config).response == READ
        started = client().agent.execute(inputs=inputs, config=AgentExecutionConfig(skills=[one]))
        assert client().executions.wait(started.id, timeout=60, sleep=1).response == READ


@check(
    "GET /skills",
    "GET /skills/{id}",
    "POST /skills/lookup",
    "POST /skills/create",
    "POST /skills/{id}/update",
    "GET /skills/{id}/download",
    bad=True,
)
def skills_wrong() -> None:
    skills = client().skills
    refused(ValidationError, 400, "invalid_request", lambda: skills.list(order_by="size"))
    refused(ResourceNotFoundError, 404, "unknown_skill", lambda: skills.get(id=NOBODY))
    refused(ResourceNotFoundError, 404, "unknown_skill", lambda: skills.get(name="no such"))
    refused(ResourceNotFoundError, 404, "unknown_skill", lambda: skills.update(NOBODY, description="x"))
    refused(ResourceNotFoundError, 404, "unknown_skill", lambda: skills.download(NOBODY))
    refused(ValidationError, 400, "ambiguous_skill", skills.create)
    refused(ValidationError, 400, "invalid_skill", lambda: skills.create(file_id=invoice()))
    refused(ResourceNotFoundError, 404, "unknown_session", lambda: skills.create(session_id="none"))


@check("config.skills", bad=True)
def steered_wrong() -> None:
    def by(one: AgentSkill) -> Callable[[], Any]:
        return lambda: client().document.generate(file=invoice(), config=GenerationConfig(skills=[one]))

    refused(ResourceNotFoundError, 404, "unknown_skill", by(AgentSkill(skill_id="no such")))
    no_zip = AgentSkill(type="inline", name="x", source=InlineSkillSource(data="bm8gemlw"))
    refused(ValidationError, 400, "invalid_skill", by(no_zip))


# A.6


@cache
def redacted() -> Any:
    return client().document.execute(name="document.redaction", file=invoice())


@check("GET /artifacts", "GET /artifacts/list")
def artifacts() -> None:
    listed = client().artifacts.list(execution_id=redacted().id)
    (item,) = listed.items
    assert listed.namespace_id == redacted().id and item.source == "store"
    path = client().artifacts.get(object_id=item.object_id, execution_id=redacted().id)
    assert path.suffix == ".pdf" and path.read_bytes().startswith(b"%PDF-")
    by_name = client().artifacts.get(filename=item.filename, execution_id=redacted().id)
    assert by_name == path.read_bytes()


@check("GET /artifacts", "GET /artifacts/list")
def pictures() -> None:
    drawn = chat(extra_body={"session_id": "drawn", "vlmrun": {"config": {"draw_boxes": True}}})
    assert drawn.session_id == "drawn"
    (item,) = client().artifacts.list(session_id="drawn").items
    picture = client().artifacts.get(object_id=item.object_id, session_id="drawn")
    assert item.object_id.startswith("img_") and min(picture.size) > 100
    raw = client().artifacts.get(object_id=item.object_id, session_id="drawn", raw_response=True)
    assert raw.startswith(b"\x89PNG")


@check("GET /artifacts", "GET /artifacts/list", bad=True)
def artifacts_wrong() -> None:
    get = client().artifacts.get
    known = redacted().id
    missing = "artifact_not_found"
    refused(ResourceNotFoundError, 404, missing, lambda: get(object_id="doc_000000", execution_id=known))
    refused(ResourceNotFoundError, 404, missing, lambda: get(filename="no.pdf", session_id="none"))
    nobody = "execution_not_found"
    refused(ResourceNotFoundError, 404, nobody, lambda: client().artifacts.list(execution_id=NOBODY))


# A.9


def chat(text: str = "What is to be paid?", **more: Any) -> Any:
    parts: list[Any] = [{"type": "input_file", "file_id": invoice()}, {"type": "text", "text": text}]
    wanted = {"type": "json_schema", "json_schema": {"name": "bill", "schema": SCHEMA}}
    said = {"model": "vlmrun-orion-1:auto", "response_format": wanted} | more
    return client().agent.completions.create(messages=[{"role": "user", "content": parts}], **said)


@check("POST /openai/chat/completions")
def chats() -> None:
    done = chat(metadata={"team": "a"})
    assert json.loads(done.choices[0].message.content) == READ and done.session_id
    assert done.usage.total_tokens == 0 and done.usage.credits_used == 2
    assert client().predictions.get(done.id).response == READ
    assert client().feedback.submit(done.id, notes="well").request_id == done.id
    # Two spellings of the documentation, and a skill of the request.
    for more in (
        {"response_format": {"type": "json_schema", "schema": SCHEMA}},
        {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
        {"response_format": {"type": "json_object"}, "skills": [skill().model_dump(exclude_none=True)]},
    ):
        assert json.loads(chat(**more).choices[0].message.content) == READ


@check("POST /openai/chat/completions")
def chats_as_openai_offers_them() -> None:
    """A stream, a model class, and the asynchronous client."""

    class Bill(BaseModel):
        invoice_number: str
        total: float

    chunks = list(chat(stream=True))
    assert json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks)) == READ
    assert chunks[0].session_id and chunks[-1].usage.credits_used == 2
    parts: list[Any] = [{"type": "input_file", "file_id": invoice()}]
    messages: Any = [{"role": "user", "content": parts}]
    parsed = client().agent.completions.parse(
        model="document.invoice", messages=messages, response_format=Bill
    )
    assert parsed.choices[0].message.parsed == Bill(**READ)

    async def ask() -> Any:
        create = client().agent.async_completions.create
        return await create(model="document.invoice", messages=messages)

    assert json.loads(asyncio.run(ask()).choices[0].message.content)["invoice_id"] == "R-2041"


@check("POST /openai/chat/completions", bad=True)
def chats_wrong() -> None:
    broken = client().files.upload(FOLDER / "broken.pdf").id
    create = client().agent.completions.create

    def by(part: dict[str, Any]) -> Callable[[], Any]:
        messages: Any = [{"role": "user", "content": [part]}]
        return lambda: create(model="document.invoice", messages=messages)

    openai_refuses(lambda: chat(response_format={"type": "text"}))
    openai_refuses(lambda: chat(tools=[{"type": "function", "function": {"name": "x"}}]))
    openai_refuses(by({"type": "text", "text": "Hello!"}), code="missing_document")
    openai_refuses(by({"type": "input_file", "file_id": broken}), code="invalid_document")
    openai_refuses(by({"type": "input_file", "file_id": NOBODY}), 404, "file_not_found")


@check("GET /openai/models")
def chat_models() -> None:
    assert agent()
    names = [model.id for model in client().gateway.models()]
    assert {"vlm-1", "vlmrun-orion-1:auto", "document.invoice", "client/bill"} <= set(names)


# A.8, A.10: what this server does not do


def not_supported(call: Callable[[], Any]) -> None:
    refused(ValidationError, 400, "not_supported", call)


@check("/audio", bad=True)
def audio() -> None:
    url = "https://example.org/a.mp3"
    not_supported(lambda: client().audio.generate(url=url, domain="audio.transcription"))
    not_supported(lambda: client().audio.execute(name="a", url=url))
    not_supported(lambda: client().audio.schema(url=url))


@check("/video", bad=True)
def video() -> None:
    url = "https://example.org/a.mp4"
    not_supported(lambda: client().video.generate(url=url, domain="video.transcription"))
    not_supported(lambda: client().video.execute(name="a", url=url))
    not_supported(lambda: client().video.schema(url=url))


@check("/datasets", bad=True)
def datasets() -> None:
    not_supported(client().datasets.list)
    not_supported(lambda: client().datasets.get("a"))


@check("/fine_tuning", bad=True)
def fine_tuning() -> None:
    not_supported(client().fine_tuning.list)
    not_supported(lambda: client().fine_tuning.get("a"))
    not_supported(lambda: client().fine_tuning.provision(model="a"))


@check("/openai/embeddings (gateway)", bad=True)
def gateway_embeddings() -> None:
    openai_refuses(lambda: client().gateway.embeddings.create(model="a", input="b"))


@check("/openai/audio/transcriptions (gateway)", bad=True)
def gateway_transcriptions() -> None:
    openai_refuses(
        lambda: client().gateway.transcriptions.create(model="a", file=("a.mp3", io.BytesIO(b"x")))
    )


def openai_refuses(call: Callable[[], Any], status: int = 400, code: str = "not_supported") -> None:
    """What the OpenAI library, which the client takes for these, makes of a refusal."""
    import openai

    try:
        result = call()
    except openai.APIStatusError as error:
        assert (error.status_code, error.code) == (status, code), repr(error)
    else:
        raise AssertionError(f"no error but {result!r}")


run_all()
