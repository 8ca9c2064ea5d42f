"""Readings begun before their job is claimed: while it is committed and claimed, the document is read. Worker side.

A server sends `ReadAhead` for a caller who waits. Nothing depends on it: a reading that fails, or that nobody takes,
is thrown away, and a job that finds none reads by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from paperclerk.documents.reader import Reader, Reading, ReadOptions
from paperclerk.domain.document import DocumentInfo, Page
from paperclerk.domain.errors import PaperclerkError
from paperclerk.jobs.channel import ReadAhead
from paperclerk.storage.contents import Contents

KEPT_S = 5.0  # a claim follows within milliseconds, or another worker was faster

_Job = tuple[str, str]  # tenant, execution


class Ahead:
    """The readings that this worker has begun, `most` at a time. Belongs to the worker's loop."""

    def __init__(self, contents: Contents, reader: Reader, *, most: int) -> None:
        self._contents = contents
        self._reader = reader
        self._most = most
        self._begun: dict[_Job, Begun] = {}
        self._loop = asyncio.get_running_loop()

    def begin(self, order: ReadAhead) -> None:
        """Begins to read. Called on the loop."""
        job = (order.tenant_id, order.execution_id)
        if len(self._begun) >= self._most or job in self._begun:
            return
        opened: Future[_Opened | None] = Future()
        task = self._loop.create_task(self._read(order.sha256, order.options, opened))
        self._begun[job] = Begun(order.sha256, order.options, task, opened, self._loop)
        self._loop.call_later(KEPT_S, self._forget, job)

    def take(self, tenant_id: str, execution_id: str) -> Begun | None:
        """What was begun for this job, for the caller to close. May be called from any thread."""
        return self._begun.pop((tenant_id, execution_id), None)

    def close(self) -> None:
        for job in list(self._begun):
            self._forget(job)

    def _forget(self, job: _Job) -> None:
        begun = self._begun.pop(job, None)
        if begun is not None:
            begun.task.add_done_callback(_close_reading)

    async def _read(self, sha256: str, options: ReadOptions, told: Future[_Opened | None]) -> _Opened | None:
        try:
            async with self._contents.as_path(sha256) as path:
                return await asyncio.to_thread(self._open, path, options, told)
        except (PaperclerkError, OSError):  # the job itself tells what is wrong, when it reads
            return None
        finally:
            if not told.done():
                told.set_result(None)

    def _open(self, path: Path, options: ReadOptions, told: Future[_Opened | None]) -> _Opened:
        """Blocks until the first page is read; tells of it at once, from thread to thread."""
        opened = _Opened(self._reader.open(path, options))
        told.set_result(opened)
        return opened


@dataclass(frozen=True)
class Begun:
    """One reading that has begun."""

    sha256: str
    options: ReadOptions
    task: asyncio.Task[_Opened | None]
    opened: Future[_Opened | None]
    loop: asyncio.AbstractEventLoop

    def reading(self, options: ReadOptions) -> Reading | None:
        """The reading, with its first page read; None when it failed or was begun with other options.

        Blocks until it is there: not for the loop's thread.
        """
        if options != self.options:
            return None
        return self.opened.result()

    def close(self) -> None:
        """Ends the reading, whether it was used or not. May be called from any thread."""
        self.loop.call_soon_threadsafe(self.task.add_done_callback, _close_reading)


def _close_reading(task: asyncio.Task[_Opened | None]) -> None:
    reading = None if task.cancelled() else task.result()
    if reading is not None:
        task.get_loop().run_in_executor(None, reading.close)


class _Opened:
    """A reading whose first page has been read; the others follow as they are asked for.

    Whoever uses it does not end it, since that takes until its child is dead: `Begun.close` does.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.info: DocumentInfo = reading.info
        pages = iter(reading)
        try:
            self._pages = chain([next(pages)], pages)
        except BaseException:
            reading.__exit__(None, None, None)
            raise

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Left to `close`."""

    def close(self) -> None:
        self._reading.__exit__(None, None, None)
