"""The one door for requests that leave this server. Called for `url`, `images`, `callback_url`.

A URL is parsed once, its name is resolved once, every address of it must be allowed, and the connection goes
to the checked address and nowhere else. Redirects take the same way. Proxy variables of the environment have
no effect.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO, Literal

import certifi
import httpcore

from paperclerk.domain.errors import AddressNotAllowed, DocumentTooLarge, FetchFailed
from paperclerk.security.outbound_transport import CheckedBackend
from paperclerk.security.outbound_url import (
    PORTS,
    Address,
    Network,
    OutboundUrl,
    is_in,
    is_private_name,
    is_public,
    parse_address,
    parse_url,
)

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Name to the texts of all its addresses. Raises OSError when the name has none."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 65536  # what httpcore reads at once


@dataclass(frozen=True)
class OutboundLimits:
    """What one outgoing request may cost. Seconds, and bytes on the wire."""

    total_s: float = 60.0
    connect_s: float = 5.0
    idle_s: float = 10.0
    resolve_s: float = 3.0
    redirects: int = 3
    header_bytes: int = 65536
    answer_bytes: int = 65536  # of the reply to a POST; the rest is not read


@dataclass(frozen=True)
class Fetched:
    """A download that ended well. `media_type` is what the server said, without parameters."""

    media_type: str
    size: int
    final_url: str


@dataclass(frozen=True)
class Answer:
    """The reply to a POST. `retry_after_s` is what the receiver asked for, None when it did not."""

    status: int
    retry_after_s: float | None
    address: str


@dataclass(frozen=True)
class Destination:
    """A URL and the addresses it may be reached at; `exempt` when they lie in an allowed network."""

    url: OutboundUrl
    addresses: tuple[Address, ...]
    exempt: bool


async def resolve(host: str) -> Sequence[str]:
    """All addresses of `host`, by the system's resolver, in a thread that nobody has to wait for."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def look_up() -> None:
        found: list[str] = []
        failure: OSError | None = None
        try:
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            failure = error if isinstance(error, OSError) else OSError(str(error))
        try:
            loop.call_soon_threadsafe(settle, found, failure)
        except RuntimeError:
            pass  # the loop has ended; so has everybody who asked

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    return await answer


class OutboundGuard:
    """Checks and sends outgoing requests. One object per process; safe to use from many tasks at once.

    `allowed_networks` opens addresses that are not public; a host whose addresses all lie in them is exempt
    from the rules on ports, on single-label names and on https-to-http redirects too.
    """

    def __init__(
        self,
        allowed_networks: Sequence[Network] = (),
        *,
        resolver: Resolver = resolve,
        limits: OutboundLimits | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = tuple(allowed_networks)
        self._resolver = resolver
        self._limits = limits or OutboundLimits()
        self._ssl_context = ssl_context
        self._lookups = asyncio.Semaphore(64)  # threads that a slow resolver can hold at once

    async def check(self, url: str) -> Destination:
        """Where `url` leads. Raises AddressNotAllowed, or FetchFailed when its name does not resolve now."""
        target = parse_url(url)
        addresses = await self._addresses(target)
        exempt = all(is_in(address, self._allowed) for address in addresses)
        if exempt:
            return Destination(target, addresses, exempt=True)
        if not all(is_public(address) or is_in(address, self._allowed) for address in addresses):
            raise AddressNotAllowed(
                f"{target.host!r} is not a public address. Use a public one, or ask the operator to add its "
                "network to PAPERCLERK_ALLOW_PRIVATE_ADDRESSES."
            )
        if target.port not in PORTS.values():
            raise AddressNotAllowed(f"Port {target.port} is not allowed; use port 80 or 443.")
        return Destination(target, addresses, exempt=False)

    async def fetch(self, url: str, *, max_bytes: int, into: BinaryIO) -> Fetched:
        """Downloads `url` into the open file `into`, following up to three redirects.

        Raises AddressNotAllowed, FetchFailed, DocumentTooLarge (over `max_bytes`, on the wire or decoded).
        """
        async with _deadline(self._limits.total_s):
            destination = await self.check(url)
            for _ in range(self._limits.redirects + 1):
                async with self._send("GET", destination, {}, None, self._limits.idle_s) as reply:
                    if reply.status not in _REDIRECTS:
                        return await _receive(reply, destination.url, max_bytes, into)
                    location = _redirect_url(destination.url, reply)
                destination = await self._follow(destination, location)
        raise FetchFailed(f"The URL redirects more than {self._limits.redirects} times; give the final URL.")

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float = 15.0
    ) -> Answer:
        """Posts `body`; the reply's status is the answer, redirects are not followed.

        Raises AddressNotAllowed, and FetchFailed when no complete reply head came within `timeout_s`.
        """
        async with _deadline(timeout_s):
            destination = await self.check(url)
            async with self._send("POST", destination, headers, body, timeout_s) as reply:
                await _drain(reply, self._limits.answer_bytes)
                return Answer(reply.status, _retry_after_s(reply), reply.peer)

    async def _addresses(self, target: OutboundUrl) -> tuple[Address, ...]:
        if target.address is not None:
            return (target.address,)
        if is_private_name(target.host) and not self._allowed:
            raise AddressNotAllowed(f"{target.host!r} is a name of a private network; use a public one.")
        try:
            async with asyncio.timeout(self._limits.resolve_s), self._lookups:
                texts = await self._resolver(target.host)
        except TimeoutError:
            raise FetchFailed(f"The name {target.host!r} did not resolve in time; try again later.") from None
        except OSError:
            texts = ()
        if not texts:
            raise FetchFailed(f"The name {target.host!r} has no address; check the spelling.")
        try:
            return tuple(dict.fromkeys(parse_address(text) for text in texts))
        except ValueError:
            raise FetchFailed(f"The name {target.host!r} resolves to something that is no address.") from None

    async def _follow(self, previous: Destination, location: str) -> Destination:
        destination = await self.check(location)
        if previous.url.scheme == "https" and destination.url.scheme == "http" and not destination.exempt:
            raise AddressNotAllowed("The URL redirects from https to http; give the final https URL.")
        return destination

    @asynccontextmanager
    async def _send(
        self,
        method: Literal["GET", "POST"],
        destination: Destination,
        headers: Mapping[str, str],
        body: bytes | None,
        idle_s: float,
    ) -> AsyncIterator[_Reply]:
        url = destination.url
        backend = CheckedBackend(destination.addresses, self._limits.header_bytes + _CHUNK_BYTES)
        timeouts = {"connect": self._limits.connect_s, "read": idle_s, "write": idle_s, "pool": idle_s}
        async with (
            _failures_named(url),
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls() if url.scheme == "https" else None,
                max_connections=1,
                network_backend=backend,
            ) as pool,
        ):
            response = await pool.handle_async_request(
                httpcore.Request(
                    method,
                    httpcore.URL(
                        scheme=url.scheme.encode(),
                        host=url.host.encode(),
                        port=url.port,
                        target=url.target.encode("ascii"),
                    ),
                    headers=_request_headers(url, headers, body),
                    content=body,
                    extensions={"timeout": timeouts},
                )
            )
            try:
                if (
                    sum(len(name) + len(value) + 4 for name, value in response.headers)
                    > self._limits.header_bytes
                ):
                    raise FetchFailed("The server's reply has too many header bytes.")
                backend.head_is_read()
                yield _Reply(response, backend.peer)
            finally:
                await response.aclose()

    def _tls(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            # The system's store too, so that a closed network's own authority works once it is installed.
            self._ssl_context = ssl.create_default_context()
            self._ssl_context.load_verify_locations(certifi.where())
        return self._ssl_context


@dataclass
class _Reply:
    """The head of a response, and its body still on the wire. `peer` is the address it came from."""

    response: httpcore.Response
    peer: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.response.headers
        }

    @property
    def status(self) -> int:
        return self.response.status

    def chunks(self) -> AsyncIterator[bytes]:
        return self.response.aiter_stream()


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise FetchFailed(f"The server did not finish within {seconds:g} seconds.") from None


@asynccontextmanager
async def _failures_named(url: OutboundUrl) -> AsyncIterator[None]:
    try:
        yield
    except httpcore.ConnectTimeout:
        raise FetchFailed(f"{url.host!r} did not accept a connection in time.") from None
    except httpcore.TimeoutException:
        raise FetchFailed(f"{url.host!r} stopped sending.") from None
    except httpcore.ConnectError as error:
        raise FetchFailed(f"No connection to {url.host!r}: {_reason(error)}.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise FetchFailed(f"{url.host!r} did not answer as HTTP wants it.") from error


def _reason(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "the TLS handshake failed"
        cause = cause.__cause__ or cause.__context__
    return "refused or not reachable"


def _request_headers(
    url: OutboundUrl, headers: Mapping[str, str], body: bytes | None
) -> list[tuple[bytes, bytes]]:
    base = {
        "Host": url.authority,
        "User-Agent": "paperclerk",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if body is not None:
        base["Content-Length"] = str(len(body))
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in {**base, **headers}.items()]


def _redirect_url(base: OutboundUrl, reply: _Reply) -> str:
    location = reply.headers.get("location", "")
    if not location:
        raise FetchFailed(f"{base.host!r} redirects without saying where to.")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", location):
        return location
    if location.startswith("//"):
        return f"{base.scheme}:{location}"
    origin = f"{base.scheme}://{base.authority}"
    path = base.target.partition("?")[0]
    if location.startswith("/"):
        return origin + location
    if location.startswith("?"):
        return origin + path + location
    return f"{origin}{path.rpartition('/')[0]}/{location}"


async def _receive(reply: _Reply, url: OutboundUrl, max_bytes: int, into: BinaryIO) -> Fetched:
    if reply.status != 200:
        raise FetchFailed(f"{url.host!r} answered with status {reply.status} instead of the document.")
    size = 0
    async for piece in _decoded(reply, max_bytes):
        size += len(piece)
        if size > max_bytes:
            raise _too_large(max_bytes)
        into.write(piece)
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(media_type or "application/octet-stream", size, str(url))


async def _decoded(reply: _Reply, max_bytes: int) -> AsyncIterator[bytes]:
    """The body's pieces, each at most 64 kB more than was sent, so that a bomb ends at the cap."""
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise FetchFailed(f"The server sent the encoding {encoding[:40]!r}, which was not asked for.")
    length = reply.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    inflate = None if encoding in ("identity", "") else zlib.decompressobj(wbits=47)
    received = 0
    async for chunk in reply.chunks():
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(max_bytes)
        if inflate is None:
            yield chunk
            continue
        while chunk:
            try:
                yield inflate.decompress(chunk, _CHUNK_BYTES)
            except zlib.error:
                raise FetchFailed(f"The server's {encoding} data is broken.") from None
            chunk = inflate.unconsumed_tail
    if inflate is not None and not inflate.eof:
        raise FetchFailed(f"The server's {encoding} data is cut off.")


def _too_large(max_bytes: int) -> DocumentTooLarge:
    return DocumentTooLarge(
        f"The document behind the URL has more than {max_bytes:,} bytes, the most this server takes. Split it, save "
        "it smaller, or ask the operator to raise PAPERCLERK_MAX_UPLOAD_BYTES."
    )


async def _drain(reply: _Reply, max_bytes: int) -> None:
    """Reads a short reply so that the sender sees it taken; how the rest ends does not matter."""
    left = max_bytes
    try:
        async for chunk in reply.chunks():
            left -= len(chunk)
            if left <= 0:
                return
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        return


def _retry_after_s(reply: _Reply) -> float | None:
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 10**9))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
