"""The durable function that executes a document: read in checkpointed pieces, extract, end. Run by workers.

It is synchronous and runs in a thread of the durable engine; what is asynchronous runs on the worker's loop.
The order of its steps is a persisted contract (`durable.VERSION`): one `read` step for each piece of pages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import structlog

from paperclerk.documents.reader import Reading
from paperclerk.domain.document import Document, DocumentInfo, Page
from paperclerk.domain.errors import Cancelled, DocumentError, PaperclerkError
from paperclerk.domain.result import Step
from paperclerk.durable import step
from paperclerk.extraction.images import read_images
from paperclerk.extraction.pipeline import (
    Progress,
    check_pages,
    extract,
    refuse_unreadable,
    with_rendering,
)
from paperclerk.extraction.plan import Plan
from paperclerk.jobs import outcome
from paperclerk.jobs.ending import end
from paperclerk.jobs.requested import plan_of
from paperclerk.jobs.work import Workshop
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.executions import Execution, Executions, Outcome, PagesDone, Status

PIECE_S = 2.0  # reading so long ends a piece: what a death can cost
TELL_S = 0.5  # between two notes of how far the job is

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Piece(msgspec.Struct, frozen=True):
    """What one `read` step read: `count` pages from the `first` one (in file order), `last` if none follow.

    `digest` leads to the pages in the store. It is None when the whole document was read in one short piece:
    reading it again costs less than storing it. `refusal` is the code and message of a document that cannot
    be read; then the rest says nothing.
    """

    first: int
    count: int = 0
    last: bool = True
    info: DocumentInfo | None = None
    digest: str | None = None
    refusal: tuple[str, str] | None = None


@dataclass(frozen=True)
class Executor:
    """Executes documents on behalf of a worker. `loop` is the worker's; `on_end` is told of every end."""

    workshop: Workshop
    checkpoints: Checkpoints
    loop: asyncio.AbstractEventLoop
    on_end: Callable[[Execution], None]

    def execute(self, tenant_id: str, execution_id: str) -> None:
        """The durable function. Ends normally whatever the document does."""
        execution = self._await(self._begin(tenant_id, execution_id))
        if execution is None:
            return
        try:
            ended = self._outcome(execution)
        except Cancelled:
            return  # whoever cancelled or paused it has written that down
        self._await(end(self.workshop.database, tenant_id, execution_id, ended))
        self.on_end(execution)
        if len(ended.pages) > 1:  # a single page is never kept
            self.checkpoints.drop(tenant_id, execution_id)

    async def _begin(self, tenant_id: str, execution_id: str) -> Execution | None:
        async with self.workshop.database.write() as connection:
            executions = Executions(connection, tenant_id)
            if not await executions.start(execution_id, started_at=self.workshop.now()):
                return None
            return await executions.get(execution_id)

    def _outcome(self, execution: Execution) -> Outcome:
        new, started = execution.request, time.monotonic()
        stack = AsyncExitStack()
        try:
            plan = plan_of(new)
            paths = self._await(stack.enter_async_context(self.workshop.documents(execution.tenant_id, new)))
            wanted = _Wanted(self, execution)
            if new.kind != "document":
                document = read_images(
                    paths, plan, self.workshop.reader, wanted, only_images=new.kind == "image"
                )
            else:
                plan = with_rendering(plan, paths[0], self.workshop.reader)
                document = self._read(execution, plan, paths[0], wanted)
                plan = with_rendering(plan, paths[0], self.workshop.reader)
            reading = Step("read", time.monotonic() - started, f"{len(document.pages)} pages")
            result = extract(document, plan, self.workshop.engine, before=(reading,), on_progress=wanted)
            return outcome.completed(new, plan.config, result, now=self.workshop.now())
        except Cancelled:
            raise
        except PaperclerkError as error:
            return outcome.failed(new, error, now=self.workshop.now(), seconds=time.monotonic() - started)
        except Exception as error:  # the border of one execution: the others go on
            log.exception("execution failed by a fault of ours", execution=execution.id)
            return outcome.failed(new, error, now=self.workshop.now(), seconds=time.monotonic() - started)
        finally:
            self._await(stack.aclose())

    def _read(self, execution: Execution, plan: Plan, path: Path, wanted: _Wanted) -> Document:
        """All pages, piece by piece; the pieces of an earlier life of the job come from the store."""
        pages: list[Page] = []
        with _PieceReader(self, execution, plan, path, wanted) as reader:
            while True:
                piece = msgspec.convert(step("read", reader.piece, len(pages)), Piece)
                if piece.refusal is not None:
                    raise DocumentError(piece.refusal[1], code=piece.refusal[0])
                pages += reader.pages_of(piece)
                if piece.last:
                    break
                assert piece.info is not None
                wanted(Progress("reading", len(pages), piece.info.page_count))
        assert piece.info is not None
        document = Document(piece.info, tuple(pages))
        refuse_unreadable(document)
        return document

    async def note(self, execution: Execution, progress: PagesDone) -> Status | None:
        """Writes how far the execution is; returns where it stands."""
        async with self.workshop.database.write() as connection:
            return await Executions(connection, execution.tenant_id).note_progress(execution.id, progress)

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class _Wanted:
    """Whether the execution is still meant to run. Called with every progress; tells the database at times."""

    def __init__(self, executor: Executor, execution: Execution) -> None:
        self._executor = executor
        self._execution = execution
        self._told = time.monotonic()
        self._wanted = True

    def tell(self, progress: Progress) -> bool:
        """Notes how far it is, not more than twice a second; False when somebody has stopped it."""
        if self._wanted and time.monotonic() - self._told >= TELL_S:
            self._told = time.monotonic()
            done = PagesDone(progress.stage, progress.done, progress.total)
            status = self._executor._await(self._executor.note(self._execution, done))
            self._wanted = status is Status.RUNNING
        return self._wanted

    def __call__(self, progress: Progress) -> None:
        if not self.tell(progress):
            raise Cancelled("The execution was stopped.")


@dataclass
class _PieceReader:
    """One document, read in pieces by one reading that stays open between the steps."""

    executor: Executor
    execution: Execution
    plan: Plan
    path: Path
    wanted: _Wanted
    _reading: Reading | None = None
    _pages: Iterator[Page] = field(default_factory=lambda: iter(()))
    _info: DocumentInfo | None = None
    _fresh: dict[int, tuple[Page, ...]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reading is not None:
            self._reading.__exit__(kind, error, trace)

    def piece(self, first: int) -> dict[str, Any]:
        """The step: reads from page `first` on until the document or `PIECE_S` ends. Gives a `Piece`.

        Refusals are values here: the engine would give back an error of its own for a kept one.
        """
        try:
            piece = self._piece(first)
        except PaperclerkError as error:
            piece = Piece(first, refusal=(error.code, error.message))
        made: dict[str, Any] = msgspec.to_builtins(piece)
        return made

    def _piece(self, first: int) -> Piece:
        reading = self._opened(first)
        total = reading.info.page_count
        pages: list[Page] = []
        until = time.monotonic() + PIECE_S
        for page in self._pages:
            pages.append(page)
            if time.monotonic() > until or not self.wanted.tell(
                Progress("reading", first + len(pages), total)
            ):
                break
        last = first + len(pages) >= total
        self._fresh[first] = tuple(pages)
        digest = None
        if not (first == 0 and last and time.monotonic() < until):
            e = self.execution
            digest = self.executor.checkpoints.keep(e.tenant_id, e.id, first, pages)
        return Piece(first, len(pages), last, reading.info, digest)

    def pages_of(self, piece: Piece) -> tuple[Page, ...]:
        """The pages of a piece: just read, or kept, or read again when the store has lost them."""
        self._info = piece.info
        if piece.first in self._fresh:
            return self._fresh[piece.first]
        if piece.digest is not None:
            e = self.execution
            kept = self.executor.checkpoints.load(e.tenant_id, e.id, piece.first, piece.digest)
            if kept is not None:
                return kept
        with self._from(piece.first) as reading:
            return tuple(islice(reading, piece.first, piece.first + piece.count))

    def _opened(self, first: int) -> Reading:
        if self._reading is None:
            self._reading = self._from(first).__enter__()
            check_pages(self.plan.config.page_indices, self._reading.info.page_count)
            self._pages = islice(self._reading, first, None)
        return self._reading

    def _from(self, first: int) -> Reading:
        """A reading that skips the pages before `first`; they are given, as skipped ones."""
        options = self.plan.read_options
        if first and self._info is not None:
            asked = range(self._info.page_count) if options.pages is None else options.pages
            options = replace(options, pages=tuple(page for page in asked if page >= first))
        return self.executor.workshop.reader.open(self.path, options)
