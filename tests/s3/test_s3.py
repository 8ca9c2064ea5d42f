"""Bytes on an S3-compatible store that verifies signatures, and several machines on it: `make test-s3`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import obstore
import pytest
import sqlalchemy as sa
from obstore.store import S3Store
from tests.api.conftest import SCHEMA, assert_error
from tests.documents_made import make_pdf, make_png
from tests.jobs.test_control import make_scan
from tests.s3.conftest import BUCKET

# The suite of every store, on this one.
from tests.storage.test_storage import (  # noqa: F401
    Place,
    test_an_upload_survives_a_deletion_in_its_middle,
    test_bytes_go_with_their_last_reference,
    test_bytes_of_an_execution_are_kept,
    test_intake_counts_and_leaves_nothing,
    test_the_sweep_collects_what_a_crash_left,
)

from paperclerk.domain.document import Page, PageStatus
from paperclerk.security.signed_urls import Grant, UrlSigner
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.checkpoints import Checkpoints

pytestmark = [pytest.mark.s3, pytest.mark.timeout(300)]


@pytest.fixture
def prefix(s3: Path) -> str:
    """A part of the bucket of its own for each test."""
    return uuid.uuid4().hex


@pytest.fixture
def place(prefix: str, store: sa.URL, tmp_path: Path) -> Place:
    url = store.render_as_string(hide_password=False)
    return Place(url, f"s3://{BUCKET}/{prefix}", tmp_path)


def test_large_bytes_come_back_as_they_went_in(prefix: str, tmp_path: Path) -> None:
    """Large enough for the upload to be in parts."""
    data = secrets.token_bytes(1 << 20) * 20
    digest = hashlib.sha256(data).hexdigest()
    staged = tmp_path / "staged"
    staged.write_bytes(data)

    async def there_and_back() -> None:
        blobs = Blobs(f"s3://{BUCKET}/{prefix}", staging=tmp_path / "staging")
        await blobs.keep(staged, digest)
        assert await blobs.exists(digest)
        async with blobs.as_path(digest) as path:
            assert path.read_bytes() == data
        assert hashlib.sha256(b"".join([part async for part in blobs.stream(digest)])).hexdigest() == digest
        await blobs.delete(digest)
        assert not await blobs.exists(digest)
        await blobs.delete(digest)

    asyncio.run(there_and_back())
    assert list((tmp_path / "staging").iterdir()) == []


def test_what_a_job_keeps(prefix: str, tmp_path: Path) -> None:
    kept = Checkpoints(Blobs(f"s3://{BUCKET}/{prefix}", staging=tmp_path))
    pages = [Page(n, 1, 1, PageStatus.EMPTY) for n in range(3)]
    digest = kept.keep("t", "e", 0, pages[:2])
    kept.keep("t", "e", 2, pages[2:])
    kept.keep("t", "e2", 0, pages[:1])
    kept.replies("t", "e").put("k", b"said")
    assert kept.load("t", "e", 0, digest) == tuple(pages[:2])
    assert kept.load("t", "e", 0, "0" * 64) is None and kept.load("t", "e", 9, digest) is None
    assert kept.pages("t", "e") == tuple(pages)
    assert kept.replies("t", "e").get("k") == b"said" and kept.replies("t", "e").get("other") is None
    assert kept.count_replies("t", "e") == 1
    kept.drop("t", "e")
    assert kept.pages("t", "e") == () and kept.count_replies("t", "e") == 0
    assert kept.pages("t", "e2") == (pages[0],), "the name of one is the beginning of the other's"


def test_the_server_of_these_tests_verifies_signatures(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = S3Store(BUCKET, prefix=prefix, client_options={"allow_http": True})
    obstore.put(bucket, "a", b"bytes")
    good = obstore.sign(bucket, "GET", "a", timedelta(seconds=60))
    assert httpx.get(good).content == b"bytes"
    for bad in (good[:-1] + ("0" if good[-1] != "0" else "1"), good.replace("/a?", "/b?")):
        assert httpx.get(bad).status_code == 403
    short = obstore.sign(bucket, "GET", "a", timedelta(seconds=1))
    time.sleep(2.1)
    assert httpx.get(short).status_code == 403
    assert httpx.get(good.partition("?")[0]).status_code == 403, "without a signature"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    stranger = Blobs(f"s3://{BUCKET}/{prefix}", staging=tmp_path)
    with pytest.raises(Exception, match=r"(?i)signature|denied|forbidden|403"):
        stranger.get_named("a")


@contextmanager
def running(name: str, environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`paperclerk NAME` until the block ends."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "paperclerk", name], env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(40)


def until(answer: Callable[[], Any]) -> Any:
    """The first true answer."""
    end = time.monotonic() + 150
    while True:
        try:
            if got := answer():
                return got
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end
        time.sleep(0.1)


def test_servers_and_workers_on_machines_of_their_own(prefix: str, postgres: str, tmp_path: Path) -> None:
    """They share a database and a bucket, and no folder."""
    secret = secrets.token_hex(32)
    shared = {
        **os.environ,
        "PAPERCLERK_DATABASE_URL": postgres,
        "PAPERCLERK_BLOBS_URL": f"s3://{BUCKET}/{prefix}",
        "PAPERCLERK_SIGNING_SECRET": secret,
        "PAPERCLERK_WORKERS": "0",
        "PAPERCLERK_PORT": "0",
    }

    def machine(name: str) -> dict[str, str]:
        return {**shared, "PAPERCLERK_DATA_DIR": str(tmp_path / name)}

    made = subprocess.run(
        [sys.executable, "-m", "paperclerk", "keys", "create", "--tenant", "acme"],
        env=machine("desk"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    with (
        running("serve", machine("front"), tmp_path),
        running("worker", machine("back"), tmp_path) as first,
    ):
        log = tmp_path / "serve.log"
        until(lambda: "answers at" in log.read_text())
        address = log.read_text().partition("answers at ")[2].split()[0]
        bearer = {"Authorization": f"Bearer {made.stdout.split()[-1]}"}
        with httpx.Client(base_url=f"{address}/v1", headers=bearer, timeout=110) as client:
            _presigned(client, address, secret)
            file = client.post("/files", files={"file": ("a.pdf", make_pdf(1))}).json()
            body = {"file_id": file["id"], "config": {"json_schema": SCHEMA}}
            waited = client.post("/document/generate", json={**body, "batch": False}).json()
            assert waited["status"] == "completed" and waited["response"]["total"] == 118.5

            scan = client.post("/files", files={"file": ("b.pdf", make_scan(9))}).json()
            job = client.post("/document/generate", json={**body, "file_id": scan["id"]}).json()["id"]
            bucket = Blobs(shared["PAPERCLERK_BLOBS_URL"], staging=tmp_path / "look")
            until(lambda: bucket.list_named("jobs/"))
            first.kill()
            with running("worker", machine("other"), tmp_path):
                done = until(lambda: _ended(client, job))
                assert done["status"] == "completed", done
                assert [page["status"] for page in done["pages"]] == ["ok"] * 9
                until(lambda: not bucket.list_named("jobs/"))
    front = {path.name for path in (tmp_path / "front").rglob("*") if path.is_file()}
    assert front == set(), "the server keeps nothing on its own disk"


def _ended(client: httpx.Client, job: str) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get(f"/predictions/{job}").json()
    return found if found["status"] in ("completed", "failed") else None


def _presigned(client: httpx.Client, address: str, secret: str) -> None:
    """An upload by a signed address arrives in the bucket; one that was changed, or is over, does not."""
    data = make_png()
    signed = client.post("/files/presigned-url", json={"filename": "a.png"}).json()
    query = {name: values[0] for name, values in parse_qs(urlsplit(signed["url"]).query).items()}
    late = int(time.time()) - 1
    grant = Grant("PUT", signed["id"], query["tenant"], late, int(query["size"]))
    over = {**query, "expires": str(late), "signature": UrlSigner(secret.encode()).sign(grant)}
    changed = ({**query, "size": query["size"] + "0"}, {**query, "expires": query["expires"] + "0"})
    for bad in (over, *changed):
        reply = httpx.put(signed["url"].partition("?")[0], params=bad, content=data)
        assert_error(reply, 403, "invalid_signature")
    assert_error(client.get(f"/files/verify-upload/{signed['id']}"), 409, "file_not_uploaded")
    assert httpx.put(signed["url"], content=data).status_code == 200
    assert httpx.get(signed["public_url"]).content == data
