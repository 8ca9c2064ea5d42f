"""Executions in threads of the server process, their state in the database. Made by `bootstrap`.

One server process at a time may use it: at its start it takes up every unfinished execution as its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from paperclerk.domain.errors import Cancelled, ExecutionFailed, NotFound
from paperclerk.extraction.pipeline import Progress
from paperclerk.jobs import outcome
from paperclerk.jobs.accepting import accept
from paperclerk.jobs.work import Workshop
from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Execution, Executions, NewExecution, unfinished

MAX_ATTEMPTS = 3

log = structlog.get_logger()

Job = tuple[str, str]  # tenant, execution
OnEnd = Callable[[Execution], Awaitable[None]]


class InProcessJobs:
    """Implements `jobs.service.Jobs`. Those who wait have threads of their own, beside those of the batches.

    `on_end` is told of every execution that has ended, after the commit, and is waited for by nobody.
    """

    def __init__(self, workshop: Workshop, *, concurrency: int, on_end: OnEnd) -> None:
        self._workshop = workshop
        self._on_end = on_end
        self._lanes = {batch: asyncio.Queue[Job]() for batch in (False, True)}
        self._concurrency = concurrency
        self._ended: dict[Job, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def submit(self, tenant_id: str, new: NewExecution, staged: Sequence[Staged] = ()) -> Execution:
        await self._workshop.check(tenant_id, new)
        execution, is_new = await accept(
            self._workshop.contents, tenant_id, new, staged, now=self._workshop.now()
        )
        if is_new:
            self._enqueue((tenant_id, execution.id), batch=new.batch)
        return execution

    async def wait(self, tenant_id: str, execution_id: str, *, timeout_s: float) -> Execution:
        ended = self._ended.get((tenant_id, execution_id))
        if ended is not None:
            try:
                await asyncio.wait_for(ended.wait(), timeout_s)
            except TimeoutError:
                pass
        async with self._workshop.database.read() as connection:
            execution = await Executions(connection, tenant_id).get(execution_id)
        if execution is None:
            raise NotFound("There is no execution of that id.")
        return execution

    async def start(self) -> None:
        async with self._workshop.database.read() as connection:
            left = await unfinished(connection)
        for job in left:
            self._enqueue(job, batch=True)
        for lane in self._lanes.values():
            for _ in range(self._concurrency):
                self._spawn(self._run_lane(lane))

    async def close(self) -> None:
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _enqueue(self, job: Job, *, batch: bool) -> None:
        self._ended[job] = asyncio.Event()
        self._lanes[batch].put_nowait(job)

    def _spawn(self, job: Awaitable[None]) -> None:
        task = asyncio.ensure_future(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_lane(self, lane: asyncio.Queue[Job]) -> None:
        while True:
            job = await lane.get()
            try:
                await self._run(*job)
            except Exception:  # such as a full disk: the execution stays unfinished and is taken up again
                log.exception("an execution could not be run", execution=job[1])
            finally:
                self._ended.pop(job).set()

    async def _run(self, tenant_id: str, execution_id: str) -> None:
        workshop = self._workshop
        async with workshop.database.write() as connection:
            executions = Executions(connection, tenant_id)
            if not await executions.start(execution_id, started_at=workshop.now()):
                return
            execution = await executions.get(execution_id)
        assert execution is not None
        if execution.attempts > MAX_ATTEMPTS:
            error = ExecutionFailed(
                f"The server died {MAX_ATTEMPTS} times while it worked on this document.", code="gave_up"
            )
            ended = outcome.failed(execution.request, error, now=workshop.now())
        else:
            try:
                ended = await workshop.work(execution, self._stop_when_asked)
            except Cancelled:
                return
        async with workshop.database.write() as connection:
            executions = Executions(connection, tenant_id)
            if not await executions.finish(execution_id, ended):
                return
            finished = await executions.get(execution_id)
        if finished is not None and finished.request.callback_url:
            self._spawn(self._on_end(finished))

    def _stop_when_asked(self, _: Progress) -> None:
        if self._stopping:
            raise Cancelled("The server stops; the execution goes on after its next start.")
