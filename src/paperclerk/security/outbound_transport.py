"""Connections that go where they were told to and stop when too much comes. Used by `outbound` only."""

# ruff: noqa: ASYNC109
# httpcore gives its backends time-outs as parameters.

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from paperclerk.domain.errors import AddressNotAllowed, FetchFailed
from paperclerk.security.outbound_url import Address, parse_address


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Dials the checked addresses, whatever host it is asked for; TLS and Host still see the name."""

    def __init__(self, addresses: Sequence[Address], head_bytes: int) -> None:
        self._addresses = addresses
        self._head_bytes = head_bytes
        self._backend = httpcore.AnyIOBackend()
        self._stream: _BoundedStream | None = None
        self.peer = ""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stop = None if timeout is None else time.monotonic() + timeout
        for position, address in enumerate(self._addresses):
            left = (
                None
                if stop is None
                else max(0.1, (stop - time.monotonic()) / (len(self._addresses) - position))
            )
            try:
                stream = await self._backend.connect_tcp(str(address), port, left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position + 1 == len(self._addresses):
                    raise
                continue
            self.peer = str(stream.get_extra_info("server_addr")[0])
            if parse_address(self.peer) != address:  # cannot happen; must never happen
                await stream.aclose()
                raise AddressNotAllowed("The connection did not reach the address that was checked.")
            self._stream = _BoundedStream(stream, self._head_bytes)
            return self._stream
        raise httpcore.ConnectError("no address")

    def head_is_read(self) -> None:
        """From here on the body's own cap counts."""
        if self._stream is not None:
            self._stream.left = None


class _BoundedStream(httpcore.AsyncNetworkStream):
    """A connection that gives at most `left` bytes until the reply's head is read.

    It bounds what endless headers and endless interim replies can send.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream, left: int) -> None:
        self._stream = stream
        self.left: int | None = left

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise FetchFailed("The server's reply has too many header bytes.")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self._stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
