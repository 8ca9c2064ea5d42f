"""A server of raw bytes on loopback, and a resolver that a test fills. Used by the outbound tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

from paperclerk.security.outbound import OutboundGuard, OutboundLimits

LOOPBACK = (ip_network("127.0.0.0/8"),)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


class RawServer:
    """Listens on 127.0.0.1 and lets `serve` answer each connection; `requests` are the heads it got."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.requests: list[bytes] = []
        self.port = 0

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            await self._serve(reader, writer, head)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RawServer]:
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


def answers(*parts: bytes) -> RawServer:
    """A server that sends `parts` one after the other and closes."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return RawServer(serve)


def stub_resolver(names: dict[str, Sequence[str]]) -> Callable[[str], Awaitable[Sequence[str]]]:
    async def resolve(host: str) -> Sequence[str]:
        if host not in names:
            raise OSError(f"{host} does not exist")
        return names[host]

    return resolve


def loopback_guard(**limits: float) -> OutboundGuard:
    return OutboundGuard(LOOPBACK, limits=OutboundLimits(**limits))  # type: ignore[arg-type]
