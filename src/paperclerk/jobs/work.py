"""Doing one execution: its documents in, its outcome out. Called by the implementations of `jobs.service`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import structlog

from paperclerk.documents.reader import Reader, ReadOptions
from paperclerk.domain.errors import Cancelled, FetchFailed, InvalidRequest, NotFound, PaperclerkError
from paperclerk.domain.result import Step
from paperclerk.engines.engine import Engine
from paperclerk.extraction.images import read_images
from paperclerk.extraction.pipeline import OnProgress, check_pages, extract, read
from paperclerk.extraction.plan import Plan
from paperclerk.extraction.result import Result
from paperclerk.jobs import outcome
from paperclerk.jobs.requested import plan_of
from paperclerk.security.outbound import OutboundGuard
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Execution, Input, NewExecution, Outcome
from paperclerk.storage.files import Files

log = structlog.get_logger()

T = TypeVar("T")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Workshop:
    """What executing takes. `threads` run the pipeline, which is not asynchronous."""

    database: Database
    contents: Contents
    guard: OutboundGuard
    reader: Reader
    engine: Engine
    threads: Executor
    max_document_bytes: int
    now: Callable[[], datetime] = utc_now

    async def work(self, execution: Execution, on_progress: OnProgress | None = None) -> Outcome:
        """How the execution ends. Raises only Cancelled, which `on_progress` may raise to stop it."""
        new, started = execution.request, time.monotonic()
        try:
            async with self.documents(execution.tenant_id, new) as paths:
                return await self._in_thread(self._run, new, paths, on_progress)
        except Cancelled:
            raise
        except PaperclerkError as error:
            return outcome.failed(new, error, now=self.now(), seconds=time.monotonic() - started)
        except Exception as error:  # the border of one execution: the others go on
            log.exception("execution failed by a fault of ours", execution=execution.id)
            return outcome.failed(new, error, now=self.now(), seconds=time.monotonic() - started)

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

    def _run(self, new: NewExecution, paths: list[Path], on_progress: OnProgress | None) -> Outcome:
        plan = plan_of(new)
        result = self._result(new, plan, paths, on_progress)
        return outcome.completed(new, plan.config, result, now=self.now())

    def _result(
        self, new: NewExecution, plan: Plan, paths: list[Path], on_progress: OnProgress | None
    ) -> Result:
        started = time.perf_counter()
        if new.kind == "image":
            document = read_images(paths, plan, self.reader, on_progress)
        else:
            document = read(paths[0], plan, self.reader, on_progress)
        reading = Step("read", time.perf_counter() - started, f"{len(document.pages)} pages")
        return extract(document, plan, self.engine, before=(reading,), on_progress=on_progress)

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
