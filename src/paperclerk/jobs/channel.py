"""What a server and its worker processes tell each other, over a socket pair. Hints only: the database rules.

A lost message costs time (the next poll finds the job, the next look finds the result), never a job.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Self

import msgspec

from paperclerk.documents.reader import ReadOptions


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """Server to worker: a job was committed to `queue` for `partition`; claim it now."""

    queue: str
    partition: str


class ReadAhead(msgspec.Struct, frozen=True, tag="read_ahead"):
    """Server to worker: an execution of the stored bytes `sha256` is about to be committed; begin to read them."""

    tenant_id: str
    execution_id: str
    sha256: str
    options: ReadOptions


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Worker to server: an execution has ended, and that is committed."""

    tenant_id: str
    execution_id: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Worker to server: I claim jobs from now on."""


Message = Waiting | ReadAhead | Ended | Ready

_decoder = msgspec.json.Decoder(Message)


class Channel:
    """One end of the pair, on an event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Message) -> None:
        """Sends without waiting; nothing happens when the other side is gone."""
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")

    async def messages(self) -> AsyncIterator[Message]:
        """What the other side sends, until it is gone."""
        try:
            while line := await self._reader.readline():
                yield _decoder.decode(line)
        except ConnectionError:
            return

    def close(self) -> None:
        self._writer.close()
