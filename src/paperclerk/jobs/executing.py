"""The durable function that executes a document: read in checkpointed pieces, extract, end. Run by workers.

It is synchronous and runs in a thread of the durable engine; what is asynchronous runs on the worker's loop.
The order of its steps is a persisted contract (`durable.VERSION`): one `read` step for each piece of pages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
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
from paperclerk.engines.engine import Engine
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
from paperclerk.jobs.ahead import Ahead, Begun
from paperclerk.jobs.ending import end, leave
from paperclerk.jobs.making import MadeFile, Maker
from paperclerk.jobs.refusal import end_if_refused
from paperclerk.jobs.requested import plan_of
from paperclerk.jobs.starting import Start
from paperclerk.jobs.work import Workshop
from paperclerk.storage.checkpoints import Checkpoints, KeptReplies
from paperclerk.storage.database import cause_of, is_outage
from paperclerk.storage.executions import (
    UNFINISHED,
    Execution,
    Executions,
    Outcome,
    PagesDone,
    Partial,
    Status,
)

PIECE_S = 2.0  # reading so long ends a piece: what a death can cost
TELL_S = 0.5  # between two notes of how far the job is
OUTAGE_S = 3600.0  # the longest time that a job waits for the database
FIRST_WAIT_S, MAX_WAIT_S = 0.5, 15.0  # between two tries

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
    """Executes documents on behalf of a worker. `loop` is the worker's; `on_end` is told, on that loop, of every
    end, with the outcome if it is written here, and of every other leaving."""

    workshop: Workshop
    checkpoints: Checkpoints
    ahead: Ahead
    loop: asyncio.AbstractEventLoop
    on_end: Callable[[Execution, Outcome | None], None]

    def execute(self, tenant_id: str, execution_id: str) -> None:
        """The durable function. Ends normally whatever the document does."""
        taken = self._insist(lambda: self._take(tenant_id, execution_id))
        if taken is None:
            return
        execution, start = taken
        begun = self.ahead.take(tenant_id, execution_id)
        run = _Run(self, execution, start, self.checkpoints.replies(tenant_id, execution_id), begun)
        stack = AsyncExitStack()
        stack.push_async_callback(start.unnoted)
        try:
            ended, files = self._outcome(run, stack)
            self._insist(lambda: self._end(run, ended, files))
        except Cancelled:
            return  # whoever cancelled or paused it has written that down
        finally:
            self._await(stack.aclose())
            if begun is not None:
                begun.close()
        if run.has_kept or len(ended.pages) > 1:  # what an earlier life has kept of a single page is not much
            self.checkpoints.drop(tenant_id, execution_id)

    def _leave(self, run: _Run) -> None:
        """Ends the work on an execution that somebody else has ended; one that is to go on is left alone."""
        e = run.execution
        has_failed = self._insist(lambda: self._status(e)) is Status.FAILED
        if has_failed:
            partial = run.partial(self.workshop.engine)
            self._insist(lambda: leave(self.workshop.database, e, partial, now=self.workshop.now()))
        self.loop.call_soon_threadsafe(self.on_end, e, None)
        if has_failed:
            self.checkpoints.drop(e.tenant_id, e.id)

    async def _status(self, execution: Execution) -> Status | None:
        async with self.workshop.database.read() as connection:
            return await Executions(connection, execution.tenant_id).status(execution.id)

    async def _take(self, tenant_id: str, execution_id: str) -> tuple[Execution, Start] | None:
        database = self.workshop.database
        async with database.read() as connection:
            execution = await Executions(connection, tenant_id).get(execution_id)
        if execution is None or execution.status not in UNFINISHED:
            return None
        return execution, Start(database, execution, at=self.workshop.now())

    async def _end(self, run: _Run, ended: Outcome, files: list[MadeFile]) -> None:
        is_first = await end(
            self.workshop.database,
            run.execution,
            ended,
            started_at=await run.start.unnoted(),
            contents=self.workshop.contents if files else None,
            files=files,
        )
        self.on_end(run.execution, ended if is_first else None)

    def _outcome(self, run: _Run, stack: AsyncExitStack) -> tuple[Outcome, list[MadeFile]]:
        """How it ended, and the files that it made; what they need is open as long as `stack`."""
        execution, new, started = run.execution, run.execution.request, time.monotonic()
        try:
            plan = run.plan = run.keeping(plan_of(new))
            first = run.begun.sha256 if run.begun else None
            paths = self._insist(
                lambda: stack.enter_async_context(
                    self.workshop.documents(execution.tenant_id, new, first=first)
                )
            )
            wanted = _Wanted(run)
            if new.kind != "document":
                document, plan = read_images(
                    paths, plan, self.workshop.reader, wanted, only_images=new.kind == "image"
                )
                run.plan = plan
            else:
                plan = run.plan = with_rendering(plan, paths[0], self.workshop.reader)
                document = self._read(run, plan, paths[0], wanted)
            run.note(document.info, document.pages)
            reading = Step("read", time.monotonic() - started, f"{len(document.pages)} pages")
            run.steps = (reading,)
            result = extract(document, plan, self.workshop.engine, before=run.steps, on_progress=wanted)
            scratch = self.workshop.contents.scratch
            maker = Maker(
                execution.id,
                self.workshop.reader,
                lambda: self._await(stack.enter_async_context(scratch())),
            )
            made = maker.make(plan, result, paths)
            ended = outcome.completed(new, plan.config, result, self.workshop.prices, now=self.workshop.now())
            return made.added_to(ended, execution.id, self.workshop.base_url), made.files
        except Cancelled:
            self._leave(run)
            raise
        except PaperclerkError as error:
            return self._failed(run, error, time.monotonic() - started), []
        except Exception as error:  # the border of one execution: the others go on
            log.exception("execution failed by a fault of ours", execution=execution.id)
            return self._failed(run, error, time.monotonic() - started), []
        except BaseException:  # the durable engine's: stopped, or taken up elsewhere
            self._leave(run)
            raise

    def _failed(self, run: _Run, error: Exception, seconds: float) -> Outcome:
        partial = run.partial(self.workshop.engine)
        now = self.workshop.now()
        return outcome.failed(run.execution.request, error, now=now, seconds=seconds, partial=partial)

    def _read(self, run: _Run, plan: Plan, path: Path, wanted: _Wanted) -> Document:
        """All pages, piece by piece; the pieces of an earlier life of the job come from the store."""
        pages: list[Page] = []
        with _PieceReader(self, run, plan, path, wanted) as reader:
            while True:
                piece = self._next_piece(run, reader, len(pages))
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

    def _next_piece(self, run: _Run, reader: _PieceReader, first: int) -> Piece:
        """The piece from page `first` on: read in a step, so that a later life of the job finds it kept.

        A document that the first life of a job reads whole in one short piece needs none: there is nothing to keep.
        """
        read: dict[str, Any] | None = None
        if first == 0 and run.execution.attempts == 0:
            read = reader.piece(0)
            piece = msgspec.convert(read, Piece)
            if piece.last and piece.digest is None:
                return piece
        run.leaves_a_trace()
        return msgspec.convert(step("read", lambda: read or reader.piece(first)), Piece)

    def _insist(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives; while the database is away it is done again, as the durable engine does with its own."""
        until = time.monotonic() + OUTAGE_S
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return self._await(work())
            except Exception as error:
                end_if_refused(error)
                if not is_outage(error) or time.monotonic() > until:
                    raise
                log.warning("the database is away; a job waits for it", error=cause_of(error))
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


@dataclass
class _Run:
    """One life of an execution in this process: what it has come to, for the case that it comes no further."""

    executor: Executor
    execution: Execution
    start: Start
    replies: KeptReplies
    begun: Begun | None = None
    plan: Plan | None = None
    info: DocumentInfo | None = None
    pages: dict[int, Page] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    has_kept: bool = False
    has_asked: bool = False

    def keeping(self, plan: Plan) -> Plan:
        """The plan, whose model replies are kept."""
        return replace(plan, context=replace(plan.context, kept=self))

    def leaves_a_trace(self) -> None:
        """To be called before anything of it is kept, or asked elsewhere: the next life must see that it is one."""
        if not self.executor._insist(self.start.note):
            raise Cancelled("The execution was stopped.")

    async def note_progress(self, progress: PagesDone) -> Status | None:
        """Writes how far it is; returns where it stands."""
        e = self.execution
        await self.start.note()
        async with self.executor.workshop.database.write() as connection:
            return await Executions(connection, e.tenant_id).note_progress(e.id, progress)

    def get(self, key: str) -> bytes | None:
        """See `Kept`."""
        self.leaves_a_trace()
        self.has_kept = self.has_asked = True
        return self.replies.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.replies.put(key, data)

    def note(self, info: DocumentInfo, pages: Iterable[Page]) -> None:
        """Notes pages that were read."""
        self.info = info
        self.pages |= {page.index: page for page in pages}

    def partial(self, engine: Engine) -> Partial:
        """What is known by now: values of the pages that were read, and what models have said of them."""
        pages = tuple(self.pages[index] for index in sorted(self.pages))
        if self.plan is None or self.info is None:
            return Partial()
        config, context = self.plan.config, replace(self.plan.context, only_kept=True)
        if not self.has_asked:
            context = replace(context, detail="lo")  # no model has said anything
        plan = replace(self.plan, config=replace(config, strict=False), context=context)
        try:
            result = extract(Document(self.info, pages), plan, engine, before=self.steps)
        except PaperclerkError:  # what ended the execution, mostly
            return outcome.read_only(pages, self.steps)
        except Exception:  # it may be what ended the execution
            log.warning("no values of a part", execution=self.execution.id, exc_info=True)
            return outcome.read_only(pages, self.steps)
        return outcome.partial_of(config, result)


class _Wanted:
    """Whether the execution is still meant to run. Called with every progress; tells the database at times."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._told = time.monotonic()
        self._wanted = True

    def tell(self, progress: Progress) -> bool:
        """Notes how far it is, not more than twice a second; False when somebody has stopped it."""
        if self._wanted and time.monotonic() - self._told >= TELL_S:
            self._told = time.monotonic()
            self._ask(PagesDone(progress.stage, progress.done, progress.total))
        return self._wanted

    def _ask(self, done: PagesDone) -> None:
        try:
            self._wanted = self._run.executor._await(self._run.note_progress(done)) is Status.RUNNING
        except Exception as error:
            end_if_refused(error)
            if not is_outage(error):
                raise
            log.warning("the database is away; progress is not noted", error=cause_of(error))

    def __call__(self, progress: Progress) -> None:
        if not self.tell(progress):
            raise Cancelled("The execution was stopped.")


@dataclass
class _PieceReader:
    """One document, read in pieces by one reading that stays open between the steps."""

    executor: Executor
    run: _Run
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
            self.run.note(reading.info, [page])
            if time.monotonic() > until or not self.wanted.tell(
                Progress("reading", first + len(pages), total)
            ):
                break
        last = first + len(pages) >= total
        self._fresh[first] = tuple(pages)
        digest = None
        if not (first == 0 and last and time.monotonic() < until):
            e = self.run.execution
            self.run.has_kept = True
            digest = self.executor.checkpoints.keep(e.tenant_id, e.id, first, pages)
        return Piece(first, len(pages), last, reading.info, digest)

    def pages_of(self, piece: Piece) -> tuple[Page, ...]:
        """The pages of a piece: just read, or kept, or read again when the store has lost them."""
        pages = self._pages_of(piece)
        if piece.info is not None:
            self.run.note(piece.info, pages)
        return pages

    def _pages_of(self, piece: Piece) -> tuple[Page, ...]:
        self._info = piece.info
        if piece.first in self._fresh:
            return self._fresh[piece.first]
        if piece.digest is not None:
            e = self.run.execution
            kept = self.executor.checkpoints.load(e.tenant_id, e.id, piece.first, piece.digest)
            if kept is not None:
                return kept
        with self._from(piece.first) as reading:
            return tuple(islice(reading, piece.first, piece.first + piece.count))

    def _opened(self, first: int) -> Reading:
        if self._reading is None:
            begun = self.run.begun.reading(self.plan.read_options) if self.run.begun and not first else None
            self._reading = (begun or self._from(first)).__enter__()
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
