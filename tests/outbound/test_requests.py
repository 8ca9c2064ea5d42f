"""What the guard does with servers that answer well, badly or never. Real sockets on loopback."""

from __future__ import annotations

import asyncio
import gzip
import io
import resource
import time
import zlib
from typing import Any

import pytest
from tests.outbound import servers

from paperclerk.domain.errors import AddressNotAllowed, DocumentTooLarge, FetchFailed
from paperclerk.security.outbound import Answer, Fetched, OutboundGuard
from paperclerk.security.outbound_url import parse_networks

OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/PDF; x=1\r\nContent-Length: 5\r\n\r\nhello"


def fetch(server: Any, path: str = "/", max_bytes: int = 1000, **limits: float) -> tuple[Fetched, bytes]:
    async def run() -> tuple[Fetched, bytes]:
        into = io.BytesIO()
        async with server.running():
            url = f"http://127.0.0.1:{server.port}{path}"
            fetched = await servers.loopback_guard(**limits).fetch(url, max_bytes=max_bytes, into=into)
        return fetched, into.getvalue()

    return asyncio.run(run())


def post(server: Any, timeout_s: float = 2.0) -> Answer:
    async def run() -> Answer:
        async with server.running():
            url = f"http://127.0.0.1:{server.port}/hook"
            return await servers.loopback_guard().post(url, b'{"a":1}', {"X-Test": "1"}, timeout_s=timeout_s)

    return asyncio.run(run())


def test_a_download() -> None:
    server = servers.answers(OK)
    fetched, data = fetch(server, "/a.pdf?x=1")
    assert (fetched.media_type, fetched.size, data) == ("application/pdf", 5, b"hello")
    assert fetched.final_url == f"http://127.0.0.1:{server.port}/a.pdf?x=1"
    head = server.requests[0].decode().lower()
    assert head.startswith("get /a.pdf?x=1 http/1.1")
    assert f"host: 127.0.0.1:{server.port}\r\n" in head
    assert "accept-encoding: identity\r\n" in head


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(servers.answers(OK))[1] == b"hello"


def test_the_connection_goes_to_the_checked_address_while_host_keeps_the_name() -> None:
    """The name turns from an open loopback address to a closed one after the check: it is asked only once."""
    answers = iter([["127.0.0.1"], ["127.0.0.9"]])

    async def flipping(_: str) -> list[str]:
        return next(answers)

    server = servers.answers(OK)

    async def run() -> Answer:
        guard = OutboundGuard(parse_networks("127.0.0.1"), resolver=flipping)
        async with server.running():
            return await guard.post(f"http://flip.example:{server.port}/", b"{}", {})

    assert asyncio.run(run()).address == "127.0.0.1"
    assert f"Host: flip.example:{server.port}".encode() in server.requests[0]


def test_the_next_address_is_tried_when_the_first_is_dead() -> None:
    async def two(_: str) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    server = servers.answers(OK)

    async def run() -> Answer:
        guard = OutboundGuard(servers.LOOPBACK, resolver=two)
        async with server.running():
            return await guard.post(f"http://two.example:{server.port}/", b"{}", {})

    assert asyncio.run(run()).address == "127.0.0.1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "//169.254.169.254/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://[::ffff:127.0.0.1]/",
        "http:\\\\127.0.0.1/",
        "https://intranet@public.example/",
    ],
)
def test_a_redirect_passes_the_full_guard(status: int, location: str) -> None:
    head = f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(AddressNotAllowed):
        fetch(servers.answers(head))


@pytest.mark.parametrize("location", ["/b/c?d", "?d", "c", "http://127.0.0.1:{port}/b/c"])
def test_a_redirect_is_followed(location: str) -> None:
    async def serve(_: Any, writer: Any, head: bytes) -> None:
        if b"/b/a" in head.split(b"\r\n")[0] and b"?d" not in head:
            where = location.format(port=server.port)
            writer.write(f"HTTP/1.1 302 X\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            writer.write(OK)

    server = servers.RawServer(serve)
    fetched, data = fetch(server, "/b/a")
    assert data == b"hello"
    wanted = {"/b/c?d": "/b/c?d", "?d": "/b/a?d", "c": "/b/c"}.get(location, "/b/c")
    assert fetched.final_url == f"http://127.0.0.1:{server.port}{wanted}"


def test_redirects_end_after_three() -> None:
    server = servers.answers(b"HTTP/1.1 302 X\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(FetchFailed, match="more than 3 times"):
        fetch(server)
    assert len(server.requests) == 4


def test_https_does_not_become_http() -> None:
    async def public(_: str) -> list[str]:
        return ["93.184.215.14"]

    async def run() -> None:
        guard = OutboundGuard(resolver=public)
        secure = await guard.check("https://public.example/")
        await guard._follow(secure, "https://other.example/")
        with pytest.raises(AddressNotAllowed, match="https to http"):
            await guard._follow(secure, "http://other.example/")

    asyncio.run(run())


def _response(body: bytes, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate"])
def test_an_encoding_that_was_not_asked_for_is_decoded(encoding: str) -> None:
    packed = zlib.compress(b"hello" * 100) if encoding == "deflate" else gzip.compress(b"hello" * 100)
    server = servers.answers(_response(packed, f"Content-Encoding: {encoding}"))
    assert fetch(server)[1] == b"hello" * 100


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ((_response(b"x" * 2000),), DocumentTooLarge),
        ((_response(b"", "Content-Length: 1001"),), DocumentTooLarge),
        ((_response(gzip.compress(b"x" * 1001), "Content-Encoding: gzip"),), DocumentTooLarge),
        ((_response(b"x", "Content-Encoding: br"),), FetchFailed),
        ((_response(b"x", "Content-Encoding: gzip, gzip"),), FetchFailed),
        ((_response(b"not gzip", "Content-Encoding: gzip"),), FetchFailed),
        ((_response(gzip.compress(b"x" * 99)[:-9], "Content-Encoding: gzip"),), FetchFailed),
        ((_response(b"hell", "Content-Length: 5"),), FetchFailed),
        ((_response(b"zz\r\n", "Transfer-Encoding: chunked"),), FetchFailed),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",), FetchFailed),
        ((b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",), FetchFailed),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + OK,), FetchFailed),
        ((b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",), FetchFailed),
        ((b"HTTP/1.1 204 No\r\n\r\n",), FetchFailed),
        ((b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n",), FetchFailed),
        ((b"hello\n",), FetchFailed),
        ((b"",), FetchFailed),
        ((b"\x16\x03\x01\x00\x00" * 50,), FetchFailed),
    ],
)
def test_a_reply_that_cannot_be_used(parts: tuple[bytes, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        fetch(servers.answers(*parts))


def test_a_body_at_the_cap_is_taken() -> None:
    assert len(fetch(servers.answers(_response(b"x" * 1000)))[1]) == 1000


def test_a_bomb_costs_no_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()  # 300 MB in 0.3
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DocumentTooLarge):
        fetch(servers.answers(_response(bomb, "Content-Encoding: gzip")), max_bytes=10_000_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000


def _trickle(head: bytes, piece: bytes, pause_s: float) -> Any:
    async def serve(_: Any, writer: Any, __: bytes) -> None:
        writer.write(head)
        for _ in range(200):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return servers.RawServer(serve)


@pytest.mark.parametrize(
    ("server", "limits"),
    [
        (_trickle(b"HTTP/1.1 200 OK\r\n", b"X", 0.05), {"total_s": 0.4}),
        (_trickle(_response(b""), b"x", 0.05), {"total_s": 0.4}),
        (_trickle(_response(b""), b"x", 30), {"idle_s": 0.3}),
        (_trickle(b"", b"", 30), {"idle_s": 0.3}),
        (_trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), {"total_s": 0.4}),
    ],
)
def test_slow_servers_end_at_a_deadline(server: Any, limits: dict[str, float]) -> None:
    started = time.monotonic()
    with pytest.raises(FetchFailed):
        fetch(server, **limits)
    assert time.monotonic() - started < 3


def test_a_closed_port_and_a_server_without_tls() -> None:
    async def run(scheme: str, port: int) -> None:
        await servers.loopback_guard().fetch(f"{scheme}://127.0.0.1:{port}/", max_bytes=9, into=io.BytesIO())

    async def tls(server: Any) -> None:
        async with server.running():
            await run("https", server.port)

    with pytest.raises(FetchFailed, match="No connection"):
        asyncio.run(run("http", 1))
    with pytest.raises(FetchFailed):
        asyncio.run(tls(servers.answers(OK)))


def test_a_post_and_its_answer() -> None:
    server = servers.answers(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
    assert post(server).status == 202
    head = server.requests[0].lower()
    assert b"post /hook http/1.1" in head and b"x-test: 1" in head and b"content-length: 7" in head


def test_a_post_follows_no_redirect() -> None:
    server = servers.answers(b"HTTP/1.1 307 X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
    assert post(server).status == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("120", 120, 120),
        ("99999999999999999999", 999_999_999, 1e9),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 31 Dec 2399 23:59:59 GMT", 1e9, 1e12),
    ],
)
def test_retry_after(value: str, low: float, high: float) -> None:
    answer = post(servers.answers(f"HTTP/1.1 503 X\r\nRetry-After: {value}\r\n\r\n".encode()))
    assert answer.retry_after_s is not None and low <= answer.retry_after_s <= high


@pytest.mark.parametrize("value", ["soon", "-1", "", "²"])
def test_a_retry_after_that_says_nothing(value: str) -> None:
    head = f"HTTP/1.1 503 X\r\nRetry-After: {value}\r\n\r\n".encode("latin-1")
    assert post(servers.answers(head)).retry_after_s is None


def test_an_endless_reply_to_a_post_is_cut_and_its_status_counts() -> None:
    async def serve(_: Any, writer: Any, __: bytes) -> None:
        writer.write(_response(b""))
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    assert post(servers.RawServer(serve)).status == 200


def test_a_receiver_that_never_answers() -> None:
    with pytest.raises(FetchFailed):
        post(_trickle(b"", b"", 30), timeout_s=0.3)
