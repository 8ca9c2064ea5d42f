"""/v1/files over HTTP (contract A.2)."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.api.conftest import Running, assert_error, upload
from tests.documents_made import make_pdf

from paperclerk.security.signed_urls import Grant, UrlSigner


def fresh() -> bytes:
    return b"%PDF-1.4 " + uuid.uuid4().hex.encode()


def test_upload_and_read_back_at_once(client: httpx.Client) -> None:
    """What was acknowledged is there: the reply comes after the commit."""
    for _ in range(20):
        data = fresh()
        file = upload(client, data, "Rechnung März.pdf")
        assert client.get(f"/files/{file['id']}").json()["id"] == file["id"]
        found = client.get(f"/files/hash/{hashlib.md5(data).hexdigest()}").json()
        assert found["id"] == file["id"]
    assert file["filename"] == "Rechnung März.pdf" and file["bytes"] == len(data)
    assert file["purpose"] == "assistants" and file["object"] == "file"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", file["created_at"])
    assert "." not in file["id"] and uuid.UUID(file["id"])


def test_list_is_a_bare_array_newest_first(client: httpx.Client) -> None:
    ids = [upload(client, fresh())["id"] for _ in range(3)]
    listed = client.get("/files", params={"skip": 0, "limit": 3}).json()
    assert [f["id"] for f in listed] == ids[::-1]
    assert client.get("/files", params={"skip": 1, "limit": 1}).json()[0]["id"] == ids[1]
    for bad in ({"limit": 0}, {"limit": 1001}, {"skip": -1}, {"skip": "x"}, {"skip": 10**30}):
        assert_error(client.get("/files", params=bad), 400, "invalid_request")


@pytest.mark.parametrize("how", ["query", "form"])
def test_purpose_and_url_by_query_or_form(client: httpx.Client, how: str) -> None:
    given = {"purpose": "vision", "generate_public_url": "false"}
    reply = client.post(
        "/files",
        files={"file": ("a.pdf", fresh())},
        **{"params" if how == "query" else "data": given},  # type: ignore[arg-type]
    )
    assert reply.status_code == 201
    assert reply.json()["purpose"] == "vision" and reply.json()["public_url"] is None
    given["purpose"] = "mischief"
    reply = client.post(
        "/files",
        files={"file": ("a.pdf", fresh())},
        **{"params" if how == "query" else "data": given},  # type: ignore[arg-type]
    )
    assert_error(reply, 400, "invalid_request" if how == "query" else "invalid_purpose")


def test_hash_miss_and_nonsense(client: httpx.Client) -> None:
    assert_error(client.get(f"/files/hash/{'0' * 32}"), 404, "file_not_found")
    assert_error(client.get("/files/hash/xyz"), 400, "invalid_hash")


def test_public_url_downloads_the_bytes_as_data(client: httpx.Client) -> None:
    data = b"<html><script>alert(1)</script></html>" + fresh()[9:]
    file = upload(client, data, "a b\u202e<x>.html")
    reply = httpx.get(file["public_url"])
    assert reply.status_code == 200 and reply.content == data
    assert reply.headers["content-disposition"] == (
        "attachment; filename=\"a b__x_.html\"; filename*=UTF-8''a%20b_%3Cx%3E.html"
    )
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert reply.headers["content-type"] == "application/octet-stream"
    pdf = upload(client, make_pdf(1), "page.html")
    assert httpx.get(pdf["public_url"]).headers["content-type"] == "application/pdf"


def test_public_url_cannot_be_changed(client: httpx.Client) -> None:
    file, another = upload(client, fresh()), upload(client, fresh())
    url = file["public_url"]
    query = parse_qs(urlsplit(url).query)
    later = url.replace(query["expires"][0], str(int(query["expires"][0]) + 1))
    for changed in (later, url.replace(file["id"], another["id"]), url[:-1], url + "x"):
        assert_error(httpx.get(changed), 403, "invalid_signature")
    assert httpx.put(url, content=b"x").status_code == 400  # it is for GET and says no size
    assert (
        client.get(f"/files/{file['id']}", params={"generate_public_url": False}).json()["public_url"] is None
    )
    assert client.get(f"/files/{file['id']}", params={"public": "false"}).json()["public_url"] is None


def test_public_url_expires(server: Running, client: httpx.Client) -> None:
    file = upload(client, fresh())
    signer = UrlSigner((server.settings.data_dir / "signing.key").read_bytes())
    tenant = parse_qs(urlsplit(file["public_url"]).query)["tenant"][0]
    for expires, status in ((int(time.time()) + 60, 200), (int(time.time()) - 1, 403)):
        query = {
            "tenant": tenant,
            "expires": expires,
            "signature": signer.sign(Grant("GET", file["id"], tenant, expires)),
        }
        reply = httpx.get(f"{server.url}/v1/files/{file['id']}/content", params=query)
        assert reply.status_code == status


def test_presigned_upload(client: httpx.Client) -> None:
    reply = client.post("/files/presigned-url", json={"filename": "big.pdf", "purpose": "assistants"})
    assert reply.status_code == 201
    signed = reply.json()
    for name in ("id", "url", "filename", "content_type", "upload_method", "public_url", "created_at"):
        assert signed[name]
    assert_error(client.get(f"/files/verify-upload/{signed['id']}"), 409, "file_not_uploaded")
    assert_error(
        client.post("/document/execute", json={"name": "document.invoice", "file_id": signed["id"]}),
        400,
        "file_not_uploaded",
    )
    assert_error(httpx.put(signed["url"], content=b""), 400, "empty_file")
    data = fresh() + b"x" * 3_000_000
    put = httpx.put(signed["url"], content=data, headers={"Content-Type": signed["content_type"]})
    assert put.status_code == 200
    assert httpx.get(signed["public_url"]).content == data
    verified = client.get(f"/files/verify-upload/{signed['id']}")
    assert verified.status_code == 200 and verified.json()["bytes"] == len(data)
    assert client.get(f"/files/hash/{hashlib.md5(data).hexdigest()}").json()["id"] == signed["id"]
    # a retry of the same bytes is fine, other bytes are not
    assert httpx.put(signed["url"], content=data).status_code == 200
    assert_error(httpx.put(signed["url"], content=fresh()), 409, "file_exists")
    assert_error(httpx.put(signed["url"].replace("signature=", "signature=x")), 403, "invalid_signature")
    larger = signed["url"].replace("size=", "size=9")
    assert_error(httpx.put(larger, content=b"x"), 403, "invalid_signature")
    assert_error(httpx.get(signed["url"]), 403, "invalid_signature")


def test_delete_gives_the_whole_file_and_removes_the_bytes(server: Running, client: httpx.Client) -> None:
    data = fresh()
    file, twin = upload(client, data), upload(client, data)
    stored = list(server.settings.data_dir.rglob(hashlib.sha256(data).hexdigest()))
    assert len(stored) == 1, "equal bytes are kept once"
    gone = client.delete(f"/files/{file['id']}")
    assert gone.status_code == 200
    assert {k: v for k, v in gone.json().items() if k != "public_url"} == {
        k: v for k, v in file.items() if k != "public_url"
    }
    assert stored[0].exists() and httpx.get(twin["public_url"]).content == data
    assert_error(httpx.get(file["public_url"]), 404, "file_not_found")
    assert client.delete(f"/files/{twin['id']}").status_code == 200
    assert not stored[0].exists()
    for reply in (client.get(f"/files/{file['id']}"), client.delete(f"/files/{file['id']}")):
        assert_error(reply, 404, "file_not_found")


def test_names_never_become_paths(server: Running, client: httpx.Client) -> None:
    def tree() -> set[str]:
        folder = server.settings.data_dir
        return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}

    before = tree()
    for name in ("../../etc/passwd", "/tmp/x", "..\\..\\x", "a" * 5000, ".", "CON", "x\0y.pdf", "%2e%2e%2fx"):
        file = upload(client, fresh(), name)
        assert file["filename"] and len(file["filename"]) <= 255
        client.delete(f"/files/{file['id']}")
    assert {name for name in tree() - before if not name.startswith("paperclerk.sqlite")} == set()


BOUNDARY = "xyz"


def newest(client: httpx.Client) -> list[str]:
    return [file["id"] for file in client.get("/files", params={"limit": 1}).json()]


def part(name: str, data: str, filename: str | None = None) -> str:
    extra = f'; filename="{filename}"' if filename is not None else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{data}\r\n'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (part("file", "abc", "a.pdf"), "invalid_multipart"),  # no final boundary
        (part("file", "abc", "a.pdf")[:-3], "invalid_multipart"),
        (f"--{BOUNDARY}--\r\n", "invalid_multipart"),
        (part("file", "abc") + f"--{BOUNDARY}--\r\n", "invalid_multipart"),  # a field, not a file
        (part("other", "abc", "a.pdf") + f"--{BOUNDARY}--\r\n", "invalid_multipart"),
        (part("file", "a", "a") + part("file", "b", "b") + f"--{BOUNDARY}--\r\n", "invalid_multipart"),
        (part("x", "y") * 25 + part("file", "a", "a") + f"--{BOUNDARY}--\r\n", "invalid_multipart"),
        (part("x", "y" * 1_000_001) + part("file", "a", "a") + f"--{BOUNDARY}--\r\n", "invalid_multipart"),
        (f"--{BOUNDARY}\r\n{'X: y' * 9000}\r\n\r\n", "invalid_multipart"),
        (part("file", "", "a.pdf") + f"--{BOUNDARY}--\r\n", "empty_file"),
        ("nonsense", "invalid_multipart"),
        ("", "invalid_multipart"),
    ],
)
def test_broken_multipart_is_refused_and_leaves_nothing(
    server: Running, client: httpx.Client, body: str, code: str
) -> None:
    before = newest(client)
    reply = client.post(
        "/files",
        content=body.encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )
    assert_error(reply, 400, code)
    assert newest(client) == before
    assert list((server.settings.data_dir / "blobs" / "staging").iterdir()) == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "", "multipart/mixed; boundary=x"]
)
def test_an_upload_must_be_multipart(client: httpx.Client, content_type: str) -> None:
    reply = client.post("/files", content=b"{}", headers={"Content-Type": content_type})
    assert_error(reply, 415, "unsupported_content_type")


def test_size_limits(tight: Running) -> None:
    most = tight.settings.max_upload_bytes
    with tight.client() as client:
        assert upload(client, b"x" * most)["bytes"] == most
        big = client.post("/files", files={"file": ("a", b"x" * (most + 1))})
        assert_error(big, 413, "document_too_large")
        huge = client.post("/files", files={"file": ("a", b"x" * 3_000_000)})
        assert_error(huge, 413, "body_too_large")
        unannounced = client.post(
            "/files",
            content=(b"x" * most for _ in range(30)),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        assert unannounced.status_code in (400, 413)
        signed = client.post("/files/presigned-url", json={"filename": "a"}).json()
        put = signed["url"].replace(str(tight.settings.base_url), tight.url)
        assert_error(httpx.put(put, content=b"x" * (most + 1)), 413, "document_too_large")
        assert httpx.put(put, content=b"x" * most).status_code == 200
        assert list((tight.settings.data_dir / "blobs" / "staging").iterdir()) == []
