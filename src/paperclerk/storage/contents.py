"""Bytes and the rows that refer to them, kept in step. Called by `api` and `jobs`.

Order matters: bytes are stored before the row that names them is committed, and removed after the last such
row is gone. A crash in between leaves bytes without a row (`sweep` collects them), never a row without bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import DocumentTooLarge, InvalidRequest
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.database import Database
from paperclerk.storage.files import Content, is_referenced

WRITE_BYTES = 1 << 20
HEAD_BYTES = 1 << 16
ORPHAN_AGE_S = 3600.0  # a transaction that will name its bytes is long over by then


@dataclass(frozen=True)
class Staged:
    """Complete bytes in a staging file that nothing refers to yet. `head` are the first of them."""

    path: Path
    content: Content
    head: bytes


class Intake:
    """Takes bytes in piece by piece, counting and hashing; leaving the context removes what it wrote."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._out = path.open("wb")
        self._buffer = bytearray()
        self._head = b""
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    async def write(self, data: bytes | memoryview) -> None:
        """Raises DocumentTooLarge as soon as the bytes are too many."""
        self._size += len(data)
        if self._size > self._max_bytes:
            raise DocumentTooLarge(
                f"The file has more than {self._max_bytes:,} bytes, the most this server takes. Split it, save it "
                "smaller, or ask the operator to raise PAPERCLERK_MAX_UPLOAD_BYTES."
            )
        self._buffer += data
        if len(self._buffer) >= WRITE_BYTES:
            await self._flush()

    async def finish(self) -> Staged:
        """The bytes, complete. Raises InvalidRequest when there are none."""
        if self._size == 0:
            raise InvalidRequest("The file is empty; send its bytes.", code="empty_file")
        await self._flush()
        await asyncio.to_thread(self._out.close)
        content = Content(self._sha256.hexdigest(), self._md5.hexdigest(), self._size)
        return Staged(self._path, content, self._head)

    async def _flush(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        self._head = self._head or bytes(data[:HEAD_BYTES])
        await asyncio.to_thread(self._take, data)

    def _take(self, data: bytearray) -> None:
        self._sha256.update(data)
        self._md5.update(data)
        self._out.write(data)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()
        self._path.unlink(missing_ok=True)


class Contents:
    """The stored bytes of all tenants."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    async def intake(self, max_bytes: int) -> Intake:
        return Intake(await asyncio.to_thread(self._blobs.new_staging_file), max_bytes)

    @asynccontextmanager
    async def referring(self, *staged: Staged) -> AsyncIterator[AsyncConnection]:
        """A writing transaction in which the bytes of `staged` are stored, for the rows that refer to them."""
        for item in staged:
            if not await self._blobs.exists(item.content.sha256):
                await self._blobs.keep(item.path, item.content.sha256)
        async with self._database.write() as connection:
            if staged:
                await self._database.lock_blobs(connection)
            for item in staged:  # the last other reference may have gone, and the bytes with it
                if not await self._blobs.exists(item.content.sha256):
                    await self._blobs.keep(item.path, item.content.sha256)
            yield connection

    async def forget(self, digests: Iterable[str]) -> None:
        """Removes those of the bytes that no row refers to any more."""
        async with self._database.write() as connection:
            await self._database.lock_blobs(connection)
            for sha256 in digests:
                if not await is_referenced(connection, sha256):
                    await self._blobs.delete(sha256)

    async def sweep(self) -> int:
        """Removes what crashes left behind: bytes without a row, stale staging files. Returns how many."""
        before = time.time() - ORPHAN_AGE_S
        stale = await asyncio.to_thread(_remove_stale, self._blobs.staging, before)
        orphans = []
        async for sha256 in self._blobs.older_than(before):
            async with self._database.read() as connection:
                if not await is_referenced(connection, sha256):
                    orphans.append(sha256)
        await self.forget(orphans)
        return stale + len(orphans)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """An empty file for the length of the block."""
        path = await asyncio.to_thread(self._blobs.new_staging_file)
        try:
            yield path
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def as_path(self, sha256: str) -> AbstractAsyncContextManager[Path]:
        """The bytes as a local file for the length of the block. Raises FileNotFoundError."""
        return self._blobs.as_path(sha256)

    def stream(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises FileNotFoundError at the first one."""
        return self._blobs.stream(sha256)


def _remove_stale(directory: Path, before: float) -> int:
    removed = 0
    for path in directory.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
                removed += 1
    return removed
