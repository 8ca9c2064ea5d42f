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
from paperclerk.storage.executions import Outcome

MAX_LINE_BYTES = 1 << 20


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """Server to worker: a job was committed to `queue` for `partition`; claim it now."""

    queue: str
    partition: str


class HandedOver(msgspec.Struct, frozen=True, tag="handed_over"):
    """Server to worker: a job of yours was committed; run it with its `token`."""

    queue: str
    tenant_id: str
    execution_id: str
    token: str


class ReadAhead(msgspec.Struct, frozen=True, tag="read_ahead"):
    """Server to worker: an execution of the stored bytes `sha256` is about to be committed; begin to read them."""

    tenant_id: str
    execution_id: str
    sha256: str
    options: ReadOptions


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Worker to server: an execution has ended, and that is committed. `outcome` is for those who wait for it; it
    stands in the database as well."""

    tenant_id: str
    execution_id: str
    outcome: Outcome | None = None


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Worker to server: I take jobs from now on, `slots` at once of those that somebody waits for."""

    executor_id: str
    slots: int


Message = Waiting | HandedOver | ReadAhead | Ended | Ready

_decoder = msgspec.json.Decoder(Message)


class Channel:
    """One end of the pair, on an event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        return cls(*await asyncio.open_connection(sock=end, limit=MAX_LINE_BYTES))

    def send(self, message: Message) -> None:
        """Sends without waiting, an outcome only if it is not too long. Nothing happens when nobody is there."""
        if self._writer.is_closing():
            return
        line = msgspec.json.encode(message)
        if len(line) >= MAX_LINE_BYTES and isinstance(message, Ended):
            line = msgspec.json.encode(Ended(message.tenant_id, message.execution_id))
        self._writer.write(line + b"\n")

    async def messages(self) -> AsyncIterator[Message]:
        """What the other side sends, until it is gone."""
        try:
            while line := await self._reader.readline():
                yield _decoder.decode(line)
        except ConnectionError:
            return

    def close(self) -> None:
        self._writer.close()
