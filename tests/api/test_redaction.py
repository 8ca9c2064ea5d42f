"""Redaction over HTTP: what is covered is gone from the copy, which is an artifact (contract A.6, B.17)."""

from __future__ import annotations

import asyncio
import io
import re
import socket
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from tests.api.conftest import Running, assert_error, upload, wait_for
from tests.documents_made import make_png

from paperclerk.bootstrap import open_contents, open_database
from paperclerk.documents import open_reader
from paperclerk.documents.reader import ReadOptions
from paperclerk.domain.result import FieldError
from paperclerk.extraction.redacting import Covering
from paperclerk.jobs.making import Made, MadeFile
from paperclerk.storage.artifacts import Artifact
from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Executions, Outcome, Status
from paperclerk.storage.files import Content
from paperclerk.storage.keys import Keys

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "customer_name": {"type": "string", "description": "Name of the customer"},
        "total": {"type": "number", "description": "The total amount"},
    },
}
SECRETS = (
    "Marigold",
    "Quillfeather",
    "m.quillfeather@example.org",
    "quillfeather",
    "+49 30 5550123",
    "5550123",
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "0532",
)


def make_letter() -> bytes:
    """Two pages with a person's data, also where nobody looks: title, note, link, and beside the page."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    canvas.setTitle("Letter to Marigold Quillfeather")
    canvas.setAuthor("Quillfeather")
    lines = [
        ("Customer name", "Marigold Quillfeather"),
        ("E-mail", "m.quillfeather@example.org"),
        ("Phone", "+49 30 5550123"),
        ("IBAN", "DE89 3704 0044 0532 0130 00"),
        ("Total", "118.50"),
    ]
    for n, (label, value) in enumerate(lines):
        canvas.drawString(72, 760 - 40 * n, label)
        canvas.drawString(250, 760 - 40 * n, value)
    canvas.drawString(1000, 400, "Quillfeather beside the page")
    canvas.textAnnotation("Call Marigold Quillfeather", Rect=(400, 700, 420, 720))
    canvas.linkURL("mailto:m.quillfeather@example.org", (250, 710, 400, 730))
    canvas.bookmarkPage("a")
    canvas.addOutlineEntry("Quillfeather", "a")
    canvas.showPage()
    canvas.drawString(72, 760, "Terms")
    canvas.drawString(72, 720, "Agreed with Marigold Quillfeather on all points.")
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def words_of(data: bytes) -> str:
    """What is to be read on the pages, by looking at them."""
    with open_reader() as reader, reader.open(data, ReadOptions(detail="hi")) as reading:
        return " ".join(word.text for page in reading for word in page.words)


def picture_of(data: bytes) -> np.ndarray:
    """The first page as another viewer shows it, grey, two pixels a point."""
    with pdfium.PdfDocument(data) as document:
        return np.asarray(document[0].render(scale=2).to_pil().convert("L"), np.float32)


def assert_gone(data: bytes) -> None:
    """No secret in the bytes, in what they unpack to, or in what another reader of PDFs finds."""
    unpacked = [data]
    for match in re.finditer(rb"stream\r?\n", data):
        try:
            unpacked.append(zlib.decompressobj().decompress(data[match.end() :]))
        except zlib.error:
            pass
    with pdfium.PdfDocument(data) as document:
        said = "".join(page.get_textpage().get_text_range() for page in document)
        said += str(document.get_metadata_dict()) + str(list(document.get_toc()))
        assert document.count_attachments() == 0
    for secret in SECRETS:
        for form in (secret.encode(), secret.encode("utf-16-be"), secret.encode().hex().encode()):
            assert not any(form in each for each in unpacked), secret
        assert secret not in said


@pytest.fixture(scope="module")
def letter_id(server: Running) -> str:
    with server.client() as client:
        return str(upload(client, make_letter(), "letter.pdf")["id"])


@pytest.fixture(scope="module")
def redacted(server: Running, letter_id: str) -> dict[str, Any]:
    config = {
        "json_schema": SCHEMA,
        "draw_boxes": True,
        "redact": {"fields": ["customer_name"], "kinds": ["email", "phone", "account"]},
    }
    body = {
        "file_id": letter_id,
        "batch": False,
        "config": config,
        "metadata": {"session_id": "session-of-the-letter"},
    }
    with server.client() as client:
        reply = client.post("/document/generate", json=body)
    assert reply.status_code == 201 and reply.json()["status"] == "completed", reply.text
    made: dict[str, Any] = reply.json()
    return made


def artifact(client: httpx.Client, execution_id: str, object_id: str) -> httpx.Response:
    return client.get("/artifacts", params={"object_id": object_id, "execution_id": execution_id})


def test_covered_text_is_gone_and_the_rest_stays(client: httpx.Client, redacted: dict[str, Any]) -> None:
    (document,) = [each for each in redacted["artifacts"] if each["object_id"].startswith("doc_")]
    assert document["content_type"] == "application/pdf" and document["filename"] == "redacted.pdf"
    reply = artifact(client, redacted["id"], document["object_id"])
    assert reply.status_code == 200 and reply.headers["content-type"] == "application/pdf"
    assert_gone(reply.content)
    copy, original = picture_of(reply.content), picture_of(make_letter())
    labels = (slice(None), slice(0, 470))  # the column left of the values
    assert original[labels].min() < 100 and np.abs(copy[labels] - original[labels]).mean() < 2
    assert copy[140:170, 510:700].max() < 20, "the name is covered"
    assert np.abs(copy[470:500, 500:600] - original[470:500, 500:600]).mean() < 10, "the total is not"
    address = urlsplit(redacted["response"]["redacted_uri"])
    assert client.get(f"{address.path.removeprefix('/v1')}?{address.query}").content == reply.content
    (step,) = [step for step in redacted["steps"] if step["name"] == "redact"]
    assert step["detail"] == "1 account, 1 email, 1 phone, 1 values of chosen fields"


def test_what_was_not_found_to_cover_is_in_the_message() -> None:
    artifact = Artifact("doc_000000", "redacted.pdf", "application/pdf", "0" * 64, 1)
    file = MadeFile(artifact, Staged(Path("a"), Content("0" * 64, "0" * 32, 1), b""), redacted=True)
    covering = Covering(errors=[FieldError("", "not_found", "Look at the copy.")])
    ended = Outcome(
        Status.COMPLETED,
        datetime.now(UTC),
        response={},
        usage={"steps": 1, "message": "Before."},
        message="Before.",
    )
    told = Made([file], [], covering).added_to(ended, "e", "")
    assert told.message == told.usage["message"] == "Before. Look at the copy." and told.usage["steps"] == 1


def test_the_original_does_hold_what_is_looked_for() -> None:
    """Else the test above would prove nothing."""
    with pytest.raises(AssertionError):
        assert_gone(make_letter())
    read = words_of(make_letter())
    assert "Quillfeather" in read and "5550123" in read


def test_pages_with_boxes_are_pictures(client: httpx.Client, redacted: dict[str, Any]) -> None:
    pictures = [each for each in redacted["artifacts"] if each["object_id"].startswith("img_")]
    assert [each["filename"] for each in pictures] == ["boxes-001.png"]
    reply = artifact(client, redacted["id"], pictures[0]["object_id"])
    image = Image.open(io.BytesIO(reply.content))
    assert image.format == "PNG" and max(image.size) == 1600
    assert re.fullmatch(r"img_[0-9a-f]{6}", pictures[0]["object_id"])


def test_artifacts_are_listed_and_found_by_name_and_session(
    client: httpx.Client, other: httpx.Client, redacted: dict[str, Any]
) -> None:
    by_execution = client.get("/artifacts/list", params={"execution_id": redacted["id"]}).json()
    assert by_execution["namespace_id"] == redacted["id"]
    assert {item["object_id"] for item in by_execution["items"]} == {
        each["object_id"] for each in redacted["artifacts"]
    }
    session = {"session_id": "session-of-the-letter"}
    assert client.get("/artifacts/list", params=session).json()["items"] == by_execution["items"]
    found = client.get("/artifacts", params={"filename": "redacted.pdf", **session})
    assert found.status_code == 200 and found.content.startswith(b"%PDF")
    # another tenant has no part in it
    assert other.get("/artifacts/list", params=session).json()["items"] == []
    for item in by_execution["items"]:
        assert_error(artifact(other, redacted["id"], item["object_id"]), 404, "artifact_not_found")
        assert_error(
            other.get("/artifacts", params={"object_id": item["object_id"], **session}),
            404,
            "artifact_not_found",
        )
    assert_error(
        other.get("/artifacts/list", params={"execution_id": redacted["id"]}), 404, "execution_not_found"
    )


def test_the_type_is_spelled_as_clients_read_it(server: Running, redacted: dict[str, Any]) -> None:
    address = urlsplit(server.url)
    target = f"/v1/artifacts?filename=redacted.pdf&execution_id={redacted['id']}"
    with socket.create_connection((address.hostname, address.port), timeout=30) as link:
        head = (
            f"GET {target} HTTP/1.1",
            "Host: a",
            f"Authorization: Bearer {server.key()}",
            "Connection: close",
        )
        link.sendall("\r\n".join((*head, "", "")).encode())
        reply = b"".join(iter(lambda: link.recv(65536), b""))
    lines = reply.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"Content-Type: application/pdf" in lines, lines
    named = next(line for line in lines if line.startswith(b"Content-Disposition"))
    assert b'filename="redacted.pdf"' in named, "curl -J knows no other spelling"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"object_id": "doc_000000"}, "ambiguous_artifact"),
        ({"execution_id": "a"}, "ambiguous_artifact"),
        ({"object_id": "doc_000000", "filename": "a", "execution_id": "a"}, "ambiguous_artifact"),
        ({"object_id": "doc_000000", "execution_id": "a", "session_id": "b"}, "ambiguous_artifact"),
    ],
)
def test_a_wrong_query_is_refused(client: httpx.Client, query: dict[str, str], code: str) -> None:
    assert_error(client.get("/artifacts", params=query), 400, code)


@pytest.mark.parametrize(
    "redact",
    [{}, {"fields": ["customer_nam"]}, {"fields": ["customer_name.first"]}, {"fields": [], "kinds": []}],
)
def test_a_redaction_that_would_miss_something_is_refused(
    client: httpx.Client, letter_id: str, redact: dict[str, Any]
) -> None:
    body = {"file_id": letter_id, "batch": False, "config": {"json_schema": SCHEMA, "redact": redact}}
    assert_error(client.post("/document/generate", json=body), 400, "invalid_redaction")


def test_the_ready_made_agent_by_its_older_name(client: httpx.Client, letter_id: str) -> None:
    body = {"name": "healthcare/phi-redaction", "file_ids": [letter_id], "batch": False}
    reply = client.post("/document/execute", json=body).json()
    assert reply["status"] == "completed", reply
    address = urlsplit(reply["response"]["redacted_uri"])
    assert_gone(client.get(f"{address.path.removeprefix('/v1')}?{address.query}").content)


def test_a_step_of_an_agent_redacts(client: httpx.Client, letter_id: str) -> None:
    """Declared once, it covers in a PDF and in a picture; what is not chosen can still be read off the copy."""
    redact = {"fields": ["customer_name"], "kinds": ["email", "phone", "account"]}
    config = {"prompt": "p", "json_schema": SCHEMA, "steps": ["extract", {"redact": redact}]}
    made = client.post("/agent/create", json={"name": "office/covered", "config": config})
    assert made.status_code == 200, made.text
    with pdfium.PdfDocument(make_letter()) as document:
        photo = io.BytesIO()
        document[0].render(scale=3).to_pil().save(photo, "PNG")
    for file_id, kind in ((letter_id, "doc"), (upload(client, photo.getvalue(), "a.png")["id"], "img")):
        body = {"name": "office/covered", "inputs": {"letter": {"type": "input_file", "file_id": file_id}}}
        done = wait_for(client, client.post("/agent/execute", json=body).json()["id"])
        assert (
            done["response"]["customer_name"] == "Marigold Quillfeather"
            and done["response"]["total"] == 118.5
        )
        (copy,) = done["artifacts"]
        assert copy["object_id"].startswith(kind)
        data = artifact(client, done["id"], copy["object_id"]).content
        if kind == "doc":
            assert_gone(data)
        read = words_of(data)
        assert all(word in read for word in ("Customer", "E-mail", "IBAN", "Total", "118.50"))
        assert not any(secret.split()[0] in read for secret in SECRETS)


def test_a_step_that_would_miss_something_is_refused(client: httpx.Client) -> None:
    for redact in ({"fields": ["customer_nam"]}, {"kinds": ["name", "secrets"]}, {"field": ["total"]}, {}):
        config = {"prompt": "p", "json_schema": SCHEMA, "steps": ["extract", {"redact": redact}]}
        reply = client.post("/agent/create", json={"name": "office/missing", "config": config})
        assert reply.status_code == 400 and reply.json()["error"]["code"] in (
            "invalid_agent",
            "invalid_redaction",
        )


def test_a_misspelt_key_is_refused_and_a_misspelt_field_gets_the_closest(client: httpx.Client) -> None:
    file_id = upload(client, make_png(), "a.png")["id"]
    for redact, code, says in (
        ({"kinds": ["email"], "field": ["total"]}, "invalid_request", "config.redact.field is not known"),
        ({"fields": ["customer_nam"]}, "invalid_redaction", "Closest: customer_name"),
    ):
        body = {"file_id": file_id, "config": {"json_schema": SCHEMA, "redact": redact}}
        reply = client.post("/document/generate", json=body)
        assert_error(reply, 400, code)
        assert says in reply.json()["detail"]


def test_a_picture_gives_a_picture(client: httpx.Client) -> None:
    file_id = upload(client, make_png(), "a.png")["id"]
    schema = {"type": "object", "properties": {"invoice_number": {"type": "string"}}}
    body = {
        "file_id": file_id,
        "batch": False,
        "config": {"json_schema": schema, "redact": {"fields": ["*"]}},
    }
    reply = client.post("/document/generate", json=body).json()
    assert reply["response"]["invoice_number"] == "R-2041"
    (made,) = reply["artifacts"]
    assert made["content_type"] == "image/png" and made["object_id"].startswith("img_")
    data = artifact(client, reply["id"], made["object_id"]).content
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    assert picture.shape == (500, 1000)
    assert picture[190:225, 570:700].max() == 0, "the number is covered"
    assert picture[60:110, 60:400].max() == 255, "the rest is not"
    assert "2041" not in words_of(data)


def test_a_page_that_was_not_read_is_covered_whole(client: httpx.Client, letter_id: str) -> None:
    config = {"json_schema": SCHEMA, "page_indices": [1], "redact": {"fields": ["total"]}}
    reply = client.post(
        "/document/generate", json={"file_id": letter_id, "batch": False, "config": config}
    ).json()
    (made,) = reply["artifacts"]
    data = artifact(client, reply["id"], made["object_id"]).content
    with pdfium.PdfDocument(data) as document:
        assert len(document) == 2
        assert np.asarray(document[0].render().to_numpy()).max() == 0
        assert np.asarray(document[1].render().to_numpy()).max() == 255


def test_artifacts_go_with_their_execution(server: Running, letter_id: str) -> None:
    """Retention deletes the rows and the bytes; both are made anew here, so that nothing else refers to them."""
    with server.client("forgotten") as client:
        file_id = upload(client, make_letter())["id"]
        config = {"json_schema": SCHEMA, "redact": {"kinds": ["email"]}}
        made = client.post(
            "/document/generate", json={"file_id": file_id, "batch": True, "config": config}
        ).json()
        done = wait_for(client, made["id"])
        object_id = done["artifacts"][0]["object_id"]
        assert artifact(client, made["id"], object_id).status_code == 200
        blobs = server.settings.data_dir / "blobs" / "content"
        before = {path.name for path in blobs.rglob("*") if path.is_file()}

        async def expire() -> None:
            async with open_database(server.settings) as database:
                async with database.write() as connection:
                    tenant = await Keys(connection).tenant("forgotten")
                    assert tenant is not None
                    later = datetime.now(UTC) + timedelta(days=1)
                    executions = Executions(connection, tenant.id)
                    digests = await executions.delete(await executions.ended_before(later, limit=10))
                await open_contents(server.settings, database).forget(digests)

        asyncio.run(expire())
        assert_error(artifact(client, made["id"], object_id), 404, "artifact_not_found")
        after = {path.name for path in blobs.rglob("*") if path.is_file()}
        assert len(before - after) == 1, "the copy is gone, the uploaded file is not"
