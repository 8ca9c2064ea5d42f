"""Steering executions over HTTP: cancel, pause, resume, events, deadlines, repeats, full queues."""

from __future__ import annotations

import asyncio
import io
import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image
from tests.api.conftest import (
    SCHEMA,
    Running,
    _make_key,
    assert_error,
    make_pdf,
    make_png,
    serving,
    upload,
    wait_for,
)

CONFIG = {"json_schema": SCHEMA}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("control"), concurrency=1) as server:
        yield server


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


def make_scan(pages: int) -> bytes:
    """A PDF of pictures only, so that every page takes a while."""
    page = Image.open(io.BytesIO(make_png())).convert("RGB")
    out = io.BytesIO()
    page.save(out, "PDF", save_all=True, append_images=[page] * (pages - 1))
    return out.getvalue()


@pytest.fixture(scope="module")
def long_scan() -> bytes:
    """Never read to its end here: whoever starts it, stops it."""
    return make_scan(40)


def start(client: httpx.Client, data: bytes, **body: Any) -> str:
    file = upload(client, data)
    reply = client.post("/document/generate", json={"file_id": file["id"], "config": CONFIG, **body})
    assert reply.status_code == 201, reply.text
    execution_id: str = reply.json()["id"]
    return execution_id


def until(client: httpx.Client, execution_id: str, status: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while True:
        found: dict[str, Any] = client.get(f"/predictions/{execution_id}").json()
        if found["status"] == status:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


@contextmanager
def receiver() -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    """An address for webhooks, and the bodies that come to it."""
    bodies: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", bodies
        server.shutdown()


def test_cancel_ends_a_running_execution(client: httpx.Client, long_scan: bytes) -> None:
    with receiver() as (address, bodies):
        job = start(client, long_scan, callback_url=address)
        left = _cancelled(client, job)
        assert bodies.get(timeout=60) == left, "the webhook tells what GET tells"
        waiting = start(client, long_scan, callback_url=address, priority=9)
        assert client.post(f"/predictions/{waiting}/pause").json()["status"] == "paused"
        ended = client.post(f"/predictions/{waiting}/cancel").json()
        assert bodies.get(timeout=60) == ended


def _cancelled(client: httpx.Client, job: str) -> dict[str, Any]:
    with client.stream("GET", f"/predictions/{job}/events", timeout=100) as stream:
        assert any(line == "event: progress" for line in stream.iter_lines()), "a page or more is read"
    cancelled = client.post(f"/predictions/{job}/cancel").json()
    assert cancelled["status"] == "failed" and cancelled["error"]["code"] == "cancelled"
    assert cancelled["completed_at"] and cancelled["usage"]["credits_used"] == 0
    assert_error(client.post(f"/predictions/{job}/cancel"), 409, "has_ended")
    quick = start(client, make_pdf(1))
    assert wait_for(client, quick, 30)["status"] == "completed", "its slot is free again"
    left: dict[str, Any] = client.get(f"/predictions/{job}").json()
    told = ("pages", "steps", "partial")
    assert {**left, **dict.fromkeys(told)} == {**cancelled, **dict.fromkeys(told)}
    assert 1 <= len(left["pages"]) < 40 and {page["status"] for page in left["pages"]} == {"ok"}
    assert left["partial"]["total"] == 118.5, "the pages are all alike"
    return left


def test_pause_and_resume(client: httpx.Client) -> None:
    job = start(client, make_scan(8))
    until(client, job, "running")
    time.sleep(1.5)  # some pages are read, most are not
    assert client.post(f"/predictions/{job}/pause").json()["status"] == "paused"
    time.sleep(1)
    assert client.get(f"/predictions/{job}").json()["status"] == "paused"
    assert_error(client.post(f"/predictions/{job}/pause"), 409, "has_ended")
    assert client.post(f"/predictions/{job}/resume").json()["status"] == "enqueued"
    done = until(client, job, "completed", 100)
    assert [page["status"] for page in done["pages"]] == ["ok"] * 8
    assert_error(client.post(f"/predictions/{job}/resume"), 409, "not_paused")


def test_a_paused_one_that_waits_is_not_started(client: httpx.Client, long_scan: bytes) -> None:
    first, second = start(client, long_scan), start(client, make_pdf(1))
    assert client.post(f"/predictions/{second}/pause").json()["status"] == "paused"
    client.post(f"/predictions/{first}/cancel")
    time.sleep(1.5)
    assert client.get(f"/predictions/{second}").json()["status"] == "paused"
    client.post(f"/predictions/{second}/resume")
    assert wait_for(client, second)["status"] == "completed"


def test_steering_is_the_tenants_own(running: Running, client: httpx.Client) -> None:
    job = start(client, make_pdf(1))
    with running.client("globex") as other:
        for what in ("cancel", "pause", "resume"):
            foreign = assert_error(other.post(f"/predictions/{job}/{what}"), 404, "prediction_not_found")
            unknown = assert_error(other.post(f"/predictions/none/{what}"), 404, "prediction_not_found")
            assert foreign["detail"] == unknown["detail"]
        assert_error(other.get(f"/predictions/{job}/events"), 404, "prediction_not_found")


def test_events_tell_how_far_it_is(client: httpx.Client) -> None:
    job = start(client, make_scan(6))
    names, last = [], {}
    with client.stream("GET", f"/predictions/{job}/events", timeout=100) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            elif line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
    assert names[0] == "status" and names[-2:] == ["status", "end"] and "progress" in names
    assert last["id"] == job and last["status"] == "completed"


def test_a_deadline(client: httpx.Client, long_scan: bytes) -> None:
    job = start(client, long_scan, deadline_s=0.5)
    late = until(client, job, "failed", 30)
    assert late["error"]["code"] == "deadline_exceeded"


def test_priority_within_a_tenant(client: httpx.Client, long_scan: bytes) -> None:
    blocker = start(client, long_scan)
    until(client, blocker, "running")
    late = [start(client, make_pdf(1), priority=9, metadata={"n": n}) for n in range(3)]
    first = start(client, make_pdf(1), priority=1)
    client.post(f"/predictions/{blocker}/cancel")
    ends = {job: wait_for(client, job)["completed_at"] for job in [first, *late]}
    assert min(ends, key=lambda job: ends[job]) == first


def test_an_idempotency_key(client: httpx.Client) -> None:
    file = upload(client, make_pdf(1))
    body = {"file_id": file["id"], "config": CONFIG}
    headers = {"Idempotency-Key": "k1"}
    first = client.post("/document/generate", json=body, headers=headers).json()
    wait_for(client, first["id"])
    again = client.post("/document/generate", json=body, headers=headers)
    assert again.status_code == 201 and again.json()["id"] == first["id"]
    assert again.json()["status"] == "completed"
    other = client.post("/document/generate", json=body | {"metadata": {"a": 1}}, headers=headers)
    assert_error(other, 422, "idempotency_mismatch")
    for bad in ("", "x" * 256):
        reply = client.post("/document/generate", json=body, headers={"Idempotency-Key": bad})
        assert_error(reply, 400, "invalid_idempotency_key")
    fresh = client.post("/document/generate", json=body, headers={"Idempotency-Key": "k2"}).json()
    assert fresh["id"] != first["id"]


def test_an_idempotency_key_beside_a_known_id(client: httpx.Client) -> None:
    file = upload(client, make_pdf(1))
    body = {"file_id": file["id"], "config": CONFIG, "id": "known-id"}
    headers = {"Idempotency-Key": "beside"}
    for given in ({}, headers, headers):
        reply = client.post("/document/generate", json=body, headers=given)
        assert reply.status_code == 201 and reply.json()["id"] == "known-id"
    other = client.post("/document/generate", json=body | {"id": "other-id"}, headers=headers)
    assert_error(other, 422, "idempotency_mismatch")


def test_a_key_whose_first_request_is_still_worked_on(client: httpx.Client, long_scan: bytes) -> None:
    file = upload(client, long_scan)
    body = {"file_id": file["id"], "config": CONFIG, "batch": False}
    headers = {"Idempotency-Key": "slow"}
    replies: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: replies.append(client.post("/document/generate", json=body, headers=headers))
    )
    before = {job["id"] for job in client.get("/predictions").json()}
    waiting.start()
    end = time.monotonic() + 30
    while not (begun := {job["id"] for job in client.get("/predictions").json()} - before):
        assert time.monotonic() < end
    second = client.post("/document/generate", json=body, headers=headers)
    assert_error(second, 409, "idempotency_in_progress")
    (job,) = begun
    client.post(f"/predictions/{job}/cancel")
    waiting.join(60)
    assert replies


def test_a_request_sent_again_joins_the_first(
    running: Running, client: httpx.Client, long_scan: bytes
) -> None:
    """What the official client does when it loses patience."""
    blocker = start(client, long_scan)
    file = upload(client, make_pdf(1))
    body = {"file_id": file["id"], "config": CONFIG, "metadata": {"repeat": 1}}
    ids = {client.post("/document/generate", json=body).json()["id"] for _ in range(4)}
    assert len(ids) == 1
    other_key = asyncio.run(_make_key(running.settings, "acme", "full"))
    bearer = {"Authorization": f"Bearer {other_key}"}
    assert client.post("/document/generate", json=body, headers=bearer).json()["id"] not in ids
    client.post(f"/predictions/{blocker}/cancel")
    (job,) = ids
    wait_for(client, job)
    assert client.post("/document/generate", json=body).json()["id"] != job, "it has ended: a new one"


def test_a_full_queue_is_429_before_any_work(tmp_path: Path, long_scan: bytes) -> None:
    with serving(tmp_path, queue_limit=3, concurrency=1) as server, server.client() as client:
        file = upload(client, long_scan)
        body = {"file_id": file["id"], "config": CONFIG}
        accepted = []
        for n in range(40):
            reply = client.post("/document/generate", json=body | {"metadata": {"n": n}})
            if reply.status_code == 429:
                break
            accepted.append(reply.json()["id"])
            time.sleep(0.1)
        assert_error(reply, 429, "queue_full")
        assert int(reply.headers["retry-after"]) > 0
        assert client.post("/document/generate", content=b"{broken").status_code == 429
        with server.client("globex") as other:
            small = start(other, make_pdf(1))
            for job in accepted:
                client.post(f"/predictions/{job}/cancel")
            assert wait_for(other, small)["status"] == "completed"


def test_a_long_sync_request_is_answered_with_the_pending_execution(tmp_path: Path) -> None:
    with serving(tmp_path, sync_wait_s=0.2) as server, server.client() as client:
        file = upload(client, make_scan(4))
        body = {"file_id": file["id"], "config": CONFIG, "batch": False}
        reply = client.post("/document/generate", json=body)
        assert reply.status_code == 201 and reply.json()["status"] in ("pending", "running")
        assert reply.json()["response"] is None
        inferring = client.post("/document/schema", json={"file_id": file["id"]})
        error = assert_error(inferring, 408, "still_running")
        assert wait_for(client, reply.json()["id"], 100)["status"] == "completed"
        assert wait_for(client, error["detail"].split("/")[-1].rstrip("."), 100)["status"] == "completed"


def test_the_same_on_either_store(store: sa.URL, tmp_path: Path) -> None:
    url = store.render_as_string(hide_password=False)
    with serving(tmp_path / "data", database_url=url) as server, server.client() as client:
        file = upload(client, make_pdf(2))
        body = {"file_id": file["id"], "config": CONFIG, "batch": False}
        done = client.post("/document/generate", json=body).json()
        assert done["status"] == "completed" and len(done["pages"]) == 2
        job = start(client, make_pdf(1), id="mine")
        assert job == "mine" and wait_for(client, job)["status"] == "completed"
