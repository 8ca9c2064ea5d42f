"""What holds for every route: keys, plans, bodies, limits, errors, tenants, logs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from tests.api.conftest import SCHEMA, Running, assert_error, serving, upload
from tests.documents_made import make_pdf

from paperclerk.api import errors
from paperclerk.api.admission import RateLimiter
from paperclerk.security.keys import new_key

KEYED_ROUTES = [
    ("GET", "/files"),
    ("POST", "/files"),
    ("GET", "/files/hash/" + "0" * 32),
    ("POST", "/files/presigned-url"),
    ("GET", "/files/verify-upload/x"),
    ("GET", "/files/x"),
    ("DELETE", "/files/x"),
    ("POST", "/document/execute"),
    ("POST", "/document/generate"),
    ("POST", "/image/execute"),
    ("POST", "/image/generate"),
    ("GET", "/predictions"),
    ("GET", "/predictions/x"),
    ("POST", "/schema"),
    ("GET", "/domains"),
    ("GET", "/models"),
    ("GET", "/agent"),
    ("POST", "/agent/create"),
    ("POST", "/agent/execute"),
    ("GET", "/artifacts"),
    ("GET", "/artifacts/list"),
    ("GET", "/agent/executions"),
    ("GET", "/agent/executions/x"),
    ("GET", "/agent/lookup"),
    ("POST", "/agent/lookup"),
    ("POST", "/schema/generate"),
    ("GET", "/agents/x"),
    ("POST", "/document/schema"),
    ("POST", "/feedback/submit"),
    ("GET", "/feedback/x"),
    ("GET", "/hub/domains"),
    ("GET", "/hub/domains/x"),
    ("GET", "/hub/info"),
    ("POST", "/hub/schema"),
    ("POST", "/image/schema"),
    ("POST", "/predictions/x/cancel"),
    ("GET", "/predictions/x/events"),
    ("POST", "/predictions/x/pause"),
    ("POST", "/predictions/x/resume"),
    ("GET", "/webhooks/deliveries"),
    ("GET", "/webhooks/deliveries/x"),
    ("POST", "/webhooks/deliveries/x/replay"),
    ("POST", "/webhooks/secret/rotate"),
    ("GET", "/usage"),
    ("GET", "/skills"),
    ("POST", "/skills/create"),
    ("POST", "/skills/lookup"),
    ("GET", "/skills/x"),
    ("DELETE", "/skills/x"),
    ("POST", "/skills/x/update"),
    ("GET", "/skills/x/download"),
    ("POST", "/openai/chat/completions"),
    ("GET", "/openai/models"),
    ("POST", "/audio/generate"),
]
JSON_ROUTES = [
    "/files/presigned-url",
    "/document/execute",
    "/document/generate",
    "/image/execute",
    "/image/generate",
    "/schema",
    "/feedback/submit",
    "/agent/create",
    "/agent/execute",
    "/agent/lookup",
    "/document/schema",
    "/image/schema",
    "/skills/create",
    "/skills/lookup",
    "/openai/chat/completions",
]


def test_every_keyed_route_is_listed(server: Running) -> None:
    listed = {(method, path) for method, path in KEYED_ROUTES}
    described = httpx.get(f"{server.url}/v1/openapi.json", timeout=60).json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if operation.get("security"):
                filled = path.removeprefix("/v1").replace("{md5}", "0" * 32)
                assert (method.upper(), re.sub(r"\{\w+\}", "x", filled)) in listed


def test_health(server: Running, client: httpx.Client) -> None:
    assert httpx.get(f"{server.url}/v1/health").status_code == 200, "a load balancer has no key"
    assert client.get("/health").status_code == 200
    assert httpx.head(f"{server.url}/v1/health").status_code == 200, "some ask for no more than the head"
    for bad in ("Bearer nonsense", f"Bearer {new_key()[0]}", "Basic x", "Bearer"):
        reply = httpx.get(f"{server.url}/v1/health", headers={"Authorization": bad})
        assert reply.status_code == 401


@pytest.mark.parametrize(("method", "path"), KEYED_ROUTES)
def test_a_key_is_asked_for_before_anything_else(server: Running, method: str, path: str) -> None:
    url = f"{server.url}/v1{path}"
    missing = httpx.request(method, url, content=b"{nonsense")
    assert_error(missing, 401, "missing_api_key")
    assert missing.headers["www-authenticate"] == "Bearer"
    for key in (new_key()[0], "sk-1234", "ä"):
        headers = {"Authorization": f"Bearer {key}".encode()}
        assert_error(httpx.request(method, url, headers=headers, content=b"{"), 401, "invalid_api_key")


def test_a_revoked_key_is_out_at_once(server: Running) -> None:
    """The command works beside the running server, and prints the key last."""
    command = [sys.executable, "-m", "paperclerk", "keys"]
    place = ["--data-dir", str(server.settings.data_dir)]

    def run(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments, *place], capture_output=True, text=True, check=True)
        return done.stdout

    key = run("create", "--tenant", "initech").split()[-1]
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{server.url}/v1/files"
    assert httpx.get(url, headers=headers).status_code == 200
    listed = run("list")
    assert "initech" in listed and key.split("_")[1] in listed and key.split("_")[2] not in listed
    run("revoke", key.split("_")[1])
    assert_error(httpx.get(url, headers=headers), 401, "invalid_api_key")
    wrong = subprocess.run(
        [*command, "revoke", "nobody", *place], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 4 and "keys list" in wrong.stderr
    wrong = subprocess.run(
        [*command, "create", "--tenant", "x", "--plan", "gold", *place],
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 4 and "full, pro, starter" in wrong.stderr


@pytest.mark.parametrize("path", JSON_ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b"5",
        b"null",
        b'"x"',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' * 100_000,
        '{"name": 1}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_bad_body_is_a_400(client: httpx.Client, path: str, body: bytes) -> None:
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert_error(reply, 400, reply.json()["error"]["code"])
    assert reply.json()["error"]["code"] in ("invalid_json", "invalid_request")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "nonsense"])
def test_a_body_must_say_that_it_is_json(client: httpx.Client, content_type: str) -> None:
    body = b'{"name": "document.invoice"}'
    reply = client.post("/document/execute", content=body, headers={"Content-Type": content_type})
    assert_error(reply, 415, "unsupported_content_type")
    for good in ("application/json", "application/json; charset=utf-8", "application/vnd.x+json"):
        reply = client.post("/document/execute", content=body, headers={"Content-Type": good})
        assert_error(reply, 400, "missing_document")


def test_addresses_and_methods_that_are_not_there(client: httpx.Client) -> None:
    assert_error(client.get("/nothing"), 404, "not_found")
    assert_error(client.get("/files/"), 404, "not_found")  # and no redirect, which would drop the key
    wrong = client.put("/predictions")
    assert_error(wrong, 405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]


@pytest.mark.parametrize("family", ["audio", "video", "datasets", "fine_tuning"])
def test_what_the_server_does_not_do_is_no_fault_of_the_server(client: httpx.Client, family: str) -> None:
    for path in (f"/{family}", f"/{family}/generate", f"/{family}/a/b"):
        assert_error(client.post(path, json={}), 400, "not_supported")
        assert_error(client.get(path), 400, "not_supported")


def test_size_limits_of_json(tight: Running) -> None:
    with tight.client() as client:
        for path, most in (("/document/execute", 2000), ("/image/execute", 4000)):
            body = {"file_id": "x", "images": ["x"], "name": "y", "padding": ""}
            body["padding"] = "x" * (most - len(json.dumps(body)))
            exact = json.dumps(body).encode()
            assert len(exact) == most
            headers = {"Content-Type": "application/json"}
            assert_error(client.post(path, content=exact, headers=headers), 404, "unknown_agent")
            over = client.post(path, content=exact + b" ", headers=headers)
            assert_error(over, 413, "body_too_large")
            chunked = client.post(path, content=iter([exact, b" "]), headers=headers)
            assert_error(chunked, 413, "body_too_large")
            assert client.get("/health").status_code == 200


def schema_request(client: httpx.Client, url: str) -> httpx.Response:
    body = {"url": url, "batch": False, "config": {"json_schema": SCHEMA}}
    return client.post("/document/generate", json=body)


def test_plans(tmp_path: Path) -> None:
    """Entitlements and requests a minute, from one file; tests/api/test_usage.py has credits."""
    plans = {
        "default": "all",
        "plans": {
            "all": {"entitlements": ["document.execute"]},
            "slow": {"requests_per_minute": 2},
            "gone": {},
        },
    }
    path = tmp_path / "plans.yaml"
    path.write_text(yaml.safe_dump(plans))
    with serving(tmp_path / "data", plans_file=path) as running:
        import base64

        url = "data:application/pdf;base64," + base64.b64encode(make_pdf(1)).decode()
        named = {"name": "document.invoice", "url": url, "batch": False}
        with running.client("slow", "slow") as client:
            error = assert_error(client.post("/document/execute", json=named), 403, "missing_entitlement")
            assert "document.execute" in error["detail"] and "'slow'" in error["detail"]
            assert client.post("/image/execute", json={"name": "x", "images": [url]}).status_code == 403
            assert [schema_request(client, url).status_code for _ in range(2)] == [201, 201]
            limited = schema_request(client, url)
            assert_error(limited, 429, "rate_limited")
            assert 1 <= int(limited.headers["retry-after"]) <= 60
            assert client.get("/predictions").status_code == 200, "only executions are counted"
            assert upload(client, b"x")
        with running.client("free", "all") as client:
            assert client.post("/document/execute", json=named).status_code == 201
        with running.client("lost", "unheard-of") as client:
            assert_error(schema_request(client, url), 403, "unknown_plan")


def test_the_rate_limiter_counts_a_sliding_minute() -> None:
    now = 0.0
    limiter = RateLimiter(lambda: now)
    assert [limiter.admit("k", 2) for _ in range(2)] == [None, None]
    now = 20.5
    assert limiter.admit("k", 2) == 40 and limiter.admit("other", 2) is None
    now = 60.0
    assert limiter.admit("k", 2) is None
    assert limiter.admit("k", 2) is None and limiter.admit("k", 2) == 60


def test_foreign_is_the_same_as_unknown(server: Running, client: httpx.Client, other: httpx.Client) -> None:
    """To the byte, for every route and kind of object."""
    import hashlib

    data = make_pdf(1) + b"%" + str(time.monotonic_ns()).encode()
    file = upload(client, data)
    signed = client.post("/files/presigned-url", json={"filename": "a"}).json()
    body = {"file_id": file["id"], "batch": False, "config": {"json_schema": SCHEMA}}
    execution = client.post("/document/generate", json=body).json()
    unknown = "00000000-0000-4000-8000-000000000000"
    md5 = hashlib.md5(data).hexdigest()

    def replies(known: str, unknown: str, method: str, path: str, **more: Any) -> None:
        def ask(name: str) -> httpx.Response:
            text = json.dumps(more).replace("ID", name) if more else None
            headers = {"Content-Type": "application/json"}
            return other.request(method, path.replace("ID", name), content=text, headers=headers)

        foreign, missing = ask(known), ask(unknown)
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
        assert foreign.headers.keys() == missing.headers.keys()

    for file_id in (file["id"], signed["id"]):
        replies(file_id, unknown, "GET", "/files/ID")
        replies(file_id, unknown, "DELETE", "/files/ID")
        replies(file_id, unknown, "GET", "/files/verify-upload/ID")
        replies(file_id, unknown, "POST", "/document/execute", name="document.invoice", file_id="ID")
        replies(file_id, unknown, "POST", "/document/generate", domain="document.invoice", file_id="ID")
    replies(md5, "0" * 32, "GET", "/files/hash/ID")
    replies(execution["id"], unknown, "GET", "/predictions/ID")
    assert all(item["id"] != execution["id"] for item in other.get("/predictions?limit=1000").json())
    assert all(item["id"] != file["id"] for item in other.get("/files?limit=1000").json())
    assert client.get(f"/files/{file['id']}").status_code == 200


@pytest.mark.parametrize("odd", ["%00", "%ff", "a%2Fb", "x" * 3000, "%0d%0aX:y", "💥"])
def test_odd_ids_are_not_found(client: httpx.Client, odd: str) -> None:
    for path in ("/files/", "/predictions/", "/files/verify-upload/", "/skills/"):
        assert client.get(path + odd).status_code == 404


def test_the_schema_route_serves_autocast(client: httpx.Client) -> None:
    reply = client.post("/schema", json={"domain": "document.invoice", "config": {"detail": "auto"}})
    assert reply.status_code == 200
    info = reply.json()
    assert info["domain"] == "document.invoice" and isinstance(info["gql_stmt"], str)
    assert info["json_schema"]["title"].isidentifier()
    own = client.post("/schema", json={"domain": "document.invoice", "config": {"json_schema": SCHEMA}})
    assert set(own.json()["json_schema"]["properties"]) == set(SCHEMA["properties"])
    alone = client.post("/schema", json={"domain": None, "config": {"json_schema": SCHEMA}}).json()
    assert isinstance(alone["domain"], str) and alone["json_schema"]["title"].isidentifier()
    assert_error(client.post("/schema", json={"domain": "no.such"}), 404, "unknown_agent")
    assert_error(client.post("/schema", json={}), 400, "missing_domain")
    assert client.get("/hub/domains/document.invoice").json() is True
    assert client.get("/hub/domains/document.nothing").json() is False
    part = client.post(
        "/hub/schema", json={"domain": "document.invoice", "gql_stmt": "{ invoice_id }"}
    ).json()
    assert list(part["json_schema"]["properties"]) == ["invoice_id"]
    domains = client.get("/domains").json()
    assert {"document.invoice", "document.receipt"} <= {entry["domain"] for entry in domains}
    models = client.get("/models").json()
    assert all(set(entry) == {"model", "domain"} for entry in models) and len(models) == len(domains)


@pytest.fixture
def raw(server: Running) -> Iterator[socket.socket]:
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        yield connection


def received(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


def test_a_slow_head_is_given_up(
    server: Running, raw: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paperclerk.api.protocol.HEAD_DEADLINE_S", 0.3)
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as slow:
        slow.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n")
        started = time.monotonic()
        assert received(slow) == b"" and time.monotonic() - started < 5
    # a kept connection gets the same patience for its next head
    with socket.create_connection((address.host, address.port or 0), timeout=10) as slow:
        slow.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        slow.sendall(b"GET /v1/hea")
        assert received(slow).count(b"HTTP/1.1 200") == 1


def test_a_reply_that_nobody_takes_is_given_up(
    server: Running, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paperclerk.api.protocol.STALL_DEADLINE_S", 0.3)
    size = 60_000_000
    file = upload(client, b"x" * size)
    url = httpx.URL(file["public_url"])
    with socket.create_connection((url.host, url.port or 0), timeout=10) as slow:
        slow.sendall(f"GET {url.raw_path.decode()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(1.5)
        assert len(received(slow)) < size
    assert len(httpx.get(url).content) == size, "a client that reads gets all of it"
    client.delete(f"/files/{file['id']}")


def test_replies_are_kept_by_nobody(client: httpx.Client) -> None:
    for path in ("/files", "/nothing", "/health"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers and "access-control-allow-origin" not in headers


def test_a_slow_body_is_given_up(
    server: Running, raw: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paperclerk.api.limits.BODY_IDLE_S", 0.3)
    head = (
        f"POST /v1/schema HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    raw.sendall(head.encode())
    assert b"HTTP/1.1 408" in raw.recv(65536)


def test_a_body_that_drips_is_given_up(
    server: Running, raw: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paperclerk.api.limits.BODY_IDLE_S", 0.5)
    head = (
        f"POST /v1/schema HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n"
    )
    raw.sendall(head.encode())
    raw.settimeout(0.1)
    reply = b""
    for _ in range(100):
        raw.sendall(b" ")
        with contextlib.suppress(TimeoutError):
            reply += raw.recv(65536)
        if reply:
            break
    assert b"HTTP/1.1 408" in reply


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/health HTTP/1.1\r\n\r\n",  # no Host
        b"GET /v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /v1/schema HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET  /v1/health\r\n\r\n",
    ],
    ids=range(5),
)
def test_an_ambiguous_head_is_refused(raw: socket.socket, request_bytes: bytes) -> None:
    raw.sendall(request_bytes)
    raw.shutdown(socket.SHUT_WR)
    reply = received(raw)
    assert reply.startswith(b"HTTP/1.1 400") and reply.count(b"HTTP/1.1") == 1


def test_a_large_head_is_refused(server: Running, raw: socket.socket) -> None:
    url = f"{server.url}/v1/health"
    many = [(f"X-{n}", "y") for n in range(101)]
    assert_error(httpx.get(url, headers=many), 431, "head_too_large")
    assert_error(httpx.get(url, headers={"X": "y" * 32_768}), 431, "head_too_large")
    assert_error(httpx.get(url, params={"x": "y" * 8200}), 431, "head_too_large")
    assert httpx.get(url, headers={"X": "y" * 30_000}, params={"x": "y" * 8000}).status_code == 200
    raw.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\nX: ")  # and one that never ends is not collected
    with contextlib.suppress(ConnectionError):
        for _ in range(40):
            raw.sendall(b"y" * 65_536)
    assert b" 200 " not in received(raw)


def test_an_odd_host_makes_no_url(client: httpx.Client) -> None:
    file = upload(client, b"x")
    path = f"/files/{file['id']}"
    for odd in ("evil.example/?x=", "a/../admin", "a b", "a@b", "a:b", "[::1", ""):
        for asked in (path, "/health"):
            assert_error(client.get(asked, headers={"Host": odd}), 400, "invalid_host")
    fine = client.get(path, headers={"Host": "clerk.example.org:8443"}).json()
    assert fine["public_url"].startswith("http://clerk.example.org:8443/v1/files/")


def test_base_url_rules_the_urls(tight: Running) -> None:
    with tight.client() as client:
        assert upload(client, b"x")["public_url"].startswith("https://clerk.example.org/v1/files/")


def test_a_parameter_given_twice_is_refused(client: httpx.Client) -> None:
    reply = client.get("/files", params=[("limit", "1"), ("limit", "2")])
    assert "limit" in assert_error(reply, 400, "invalid_request")["detail"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/files", "GET, POST"),
        ("/files/x", "DELETE, GET"),
        ("/files/presigned-url", "POST"),
        ("/schema", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(client: httpx.Client, path: str, allowed: str) -> None:
    reply = client.request("OPTIONS", path)
    assert_error(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == allowed


def test_an_integer_may_be_written_with_a_point(client: httpx.Client) -> None:
    body = {"filename": "a.pdf", "expiration": 60.0}
    assert client.post("/files/presigned-url", json=body).json()["expiration"] == 60
    assert_error(
        client.post("/files/presigned-url", json={**body, "expiration": 60.5}), 400, "invalid_request"
    )


def test_a_database_that_is_away_is_503() -> None:
    app = FastAPI()
    errors.install(app)

    @app.get("/{away}")
    async def fail(away: bool) -> None:
        raise OperationalError(
            "SELECT", {}, sqlite3.OperationalError("no such table") if not away else OSError("refused")
        )

    async def ask(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.get(path)

    away = asyncio.run(ask("/true"))
    assert_error(away, 503, "database_away")
    assert away.headers["Retry-After"] == "5"
    assert_error(asyncio.run(ask("/false")), 500, "internal_error")
