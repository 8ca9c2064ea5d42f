"""What executing takes, and the documents of an execution. Used by servers to check, by workers to execute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Input, NewExecution
from paperclerk.storage.files import Files

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
    now: Callable[[], datetime] = utc_now

    async def check(self, tenant_id: str, new: NewExecution) -> None:
        """What can be known before anything is accepted.

        Raises NotFound for a file, AddressNotAllowed or FetchFailed for a URL, InvalidRequest for pages that
        a stored document does not have, DocumentError when it cannot be opened to count them.
        """
        if new.callback_url is not None:
            await self._check_callback(new.callback_url)
        for item in new.inputs:
            if item.url is not None:
                await self.guard.check(item.url)
        stored = [item for item in new.inputs if item.file_id]
        for item in stored:
            await self._digest(tenant_id, item)
        pages = new.config.get("page_indices")
        if pages is None or new.kind != "document":
            return
        if not pages:
            check_pages(pages, 1)
        if stored:
            async with self.documents(tenant_id, new) as paths:
                count = await self._in_thread(self._page_count, paths[0])
            check_pages(pages, count)

    async def _check_callback(self, url: str) -> None:
        try:
            await self.guard.check(url)
        except FetchFailed:
            pass  # a name that does not resolve now may do so when the webhook is sent

    def _page_count(self, path: Path) -> int:
        with self.reader.open(path, ReadOptions(pages=())) as reading:
            return reading.info.page_count

    @asynccontextmanager
    async def documents(self, tenant_id: str, new: NewExecution) -> AsyncIterator[list[Path]]:
        """The documents as local files, in their order."""
        async with AsyncExitStack() as stack:
            paths = []
            for item in new.inputs:
                if item.url is not None:
                    paths.append(await stack.enter_async_context(self._fetched(item.url)))
                    continue
                sha256 = item.sha256 or await self._digest(tenant_id, item)
                try:
                    paths.append(await stack.enter_async_context(self.contents.as_path(sha256)))
                except FileNotFoundError:
                    raise NotFound(
                        "The file was deleted before it was read.", code="file_not_found"
                    ) from None
            yield paths

    async def _digest(self, tenant_id: str, item: Input) -> str:
        async with self.database.read() as connection:
            file = await Files(connection, tenant_id).get(item.file_id or "")
        if file is None:
            raise NotFound(
                "There is no file of that id. Upload it with POST /v1/files.", code="file_not_found"
            )
        if file.content is None:
            raise InvalidRequest(
                "The file has no bytes yet. PUT them to the presigned URL first.", code="file_not_uploaded"
            )
        return file.content.sha256

    @asynccontextmanager
    async def _fetched(self, url: str) -> AsyncIterator[Path]:
        async with self.contents.scratch() as path:
            with path.open("wb") as into:
                await self.guard.fetch(url, max_bytes=self.max_document_bytes, into=into)
            yield path

    async def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)
