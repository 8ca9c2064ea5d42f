"""What executing takes, and the documents of an execution. Used by servers to check, by workers to execute."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import structlog

from paperclerk.documents.reader import Reader, ReadOptions
from paperclerk.domain.errors import FetchFailed, InvalidRequest, NotFound
from paperclerk.engines.engine import Engine
from paperclerk.extraction.pipeline import check_pages
from paperclerk.security.outbound import OutboundGuard
from paperclerk.security.prices import Prices
from paperclerk.storage.contents import Contents, Staged
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions, Input, NewExecution
from paperclerk.storage.files import Content, Files

log = structlog.get_logger()

T = TypeVar("T")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Workshop:
    """What executing takes. `threads` open documents, which is not asynchronous."""

    database: Database
    contents: Contents
    guard: OutboundGuard
    reader: Reader
    engine: Engine
    threads: Executor
    max_document_bytes: int
    prices: Prices
    base_url: str = ""  # before the addresses in responses
    now: Callable[[], datetime] = utc_now

    async def check(self, tenant_id: str, new: NewExecution) -> list[str | None]:
        """What can be known before anything is accepted. Gives the digest of each input, None for those behind URLs.

        Raises NotFound for a file, AddressNotAllowed or FetchFailed for a URL, InvalidRequest for pages that
        a stored document does not have, DocumentError when it cannot be opened to count them.
        """
        if new.callback_url is not None:
            await self._check_callback(new.callback_url)
        for item in new.inputs:
            if item.url is not None:
                await self.guard.check(item.url)
        digests = [await self._digest(tenant_id, i) if i.file_id else i.sha256 for i in new.inputs]
        pages = new.config.get("page_indices")
        if pages is None or new.kind != "document":
            return digests
        if not pages:
            check_pages(pages, 1)
        if new.inputs[0].file_id and digests[0] is not None:
            check_pages(pages, await self._pages_in(digests[0]))
        return digests

    async def count_pages(self, new: NewExecution, digests: Sequence[str | None]) -> int:
        """The pages that will be read: exact where all documents are stored files; one for each other document.
        `digests` are those that `check` gave.

        Raises NotFound, DocumentError when a stored document cannot be opened.
        """
        if (asked := new.config.get("page_indices")) is not None:
            return len(set(asked))
        count = 0
        for item, digest in zip(new.inputs, digests, strict=True):
            count += 1 if item.file_id is None or digest is None else await self._pages_in(digest)
        return count

    async def _pages_in(self, digest: str) -> int:
        async with self._as_path(digest) as path:
            return await self._in_thread(self._page_count, path)

    async def _check_callback(self, url: str) -> None:
        try:
            await self.guard.check(url)
        except FetchFailed:
            pass  # a name that does not resolve now may do so when the webhook is sent

    def _page_count(self, path: Path) -> int:
        with self.reader.open(path, ReadOptions(pages=())) as reading:
            return reading.info.page_count

    @asynccontextmanager
    async def documents(
        self, tenant_id: str, new: NewExecution, *, first: str | None = None
    ) -> AsyncIterator[list[Path]]:
        """The documents as local files, in their order; `first` is the digest of the first one, if it is known.

        What is behind a URL is fetched once and kept with the execution, so that an execution that is taken
        up again reads the same bytes.
        """
        async with AsyncExitStack() as stack:
            paths = []
            for position, item in enumerate(new.inputs):
                sha256 = item.sha256 if position or first is None else first
                if sha256 is None and item.url is not None:
                    sha256 = await self._fetch(tenant_id, new.id, position, item.url)
                elif sha256 is None:
                    sha256 = await self._digest(tenant_id, item)
                paths.append(await stack.enter_async_context(self._as_path(sha256)))
            yield paths

    @asynccontextmanager
    async def _as_path(self, sha256: str) -> AsyncIterator[Path]:
        async with AsyncExitStack() as stack:
            try:
                path = await stack.enter_async_context(self.contents.as_path(sha256))
            except FileNotFoundError:
                raise _deleted() from None
            yield path

    async def _digest(self, tenant_id: str, item: Input) -> str:
        async with self.database.read() as connection:
            file = await Files(connection, tenant_id).get(item.file_id or "")
        if file is None:
            raise _deleted()
        if file.content is None:
            raise InvalidRequest(
                "The file has no bytes yet. PUT them to the presigned URL first.", code="file_not_uploaded"
            )
        return file.content.sha256

    async def _fetch(self, tenant_id: str, execution_id: str, position: int, url: str) -> str:
        async with self.contents.scratch() as path:
            with path.open("wb") as into:
                await self.guard.fetch(url, max_bytes=self.max_document_bytes, into=into)
            content = await self._in_thread(content_of, path)
            async with self.contents.referring(Staged(path, content, b"")) as connection:
                await Executions(connection, tenant_id).keep_input(execution_id, position, content.sha256)
        return content.sha256

    async def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)


def content_of(path: Path) -> Content:
    """What is known of the bytes in a file."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as data:
        while chunk := data.read(1 << 20):
            sha256.update(chunk)
            md5.update(chunk)
    return Content(sha256.hexdigest(), md5.hexdigest(), path.stat().st_size)


def _deleted() -> NotFound:
    return NotFound(
        "The file was deleted before it was read. Upload it and execute it again.", code="file_not_found"
    )
