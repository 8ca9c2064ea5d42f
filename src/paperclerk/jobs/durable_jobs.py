"""Executions on the durable engine, as a server sees them: accepted, handed over, waited for. Made by `bootstrap`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from paperclerk.domain.errors import Cancelled, Conflict, NotFound
from paperclerk.durable import DurableClient
from paperclerk.extraction.plan import Plan
from paperclerk.jobs import outcome
from paperclerk.jobs.accepting import accept
from paperclerk.jobs.channel import Ended
from paperclerk.jobs.ending import end
from paperclerk.jobs.handing import Handing
from paperclerk.jobs.names import job_id
from paperclerk.jobs.pool import Job, WorkerCommand, WorkerPool
from paperclerk.jobs.requested import plan_of
from paperclerk.jobs.resuming import resume
from paperclerk.jobs.service import Workers
from paperclerk.jobs.work import Workshop
from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Execution, Executions, NewExecution, Outcome, Status

LOOK_S = 0.25  # between looks at an execution that another machine may have ended
DRAIN_S = 9.0
COUNT_S = 1.0  # how old the count of a tenant's queue may be


@dataclass
class _Waiting:
    """Who waits for an execution: told of its `end`, and of its outcome if a worker of ours ended it."""

    end: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: Execution | None = None
    outcome: Outcome | None = None

    @property
    def ended(self) -> Execution | None:
        if self.accepted is None or self.outcome is None:
            return None
        return replace(self.accepted, status=self.outcome.status, outcome=self.outcome)


class DurableJobs:
    """Implements `jobs.service.Jobs`. It runs nothing: `workers` separate processes do, here or elsewhere."""

    def __init__(
        self,
        workshop: Workshop,
        client: DurableClient,
        *,
        command: WorkerCommand,
        workers: int,
        queue_limit: int,
    ) -> None:
        self._workshop = workshop
        self._client = client
        self._pool = WorkerPool(command, workers, self._ended)
        self._queue_limit = queue_limit
        self._queued: dict[str, tuple[float, int]] = {}
        self._waiting: dict[Job, _Waiting] = {}

    async def submit(
        self,
        tenant_id: str,
        new: NewExecution,
        staged: Sequence[Staged] = (),
        *,
        idempotency_key: str | None = None,
        monthly_credits: int | None = None,
    ) -> Execution:
        digests = await self._workshop.check(tenant_id, new)
        job = (tenant_id, new.id)
        if not new.batch:  # before the commit: the end may be told at once
            self._waiting.setdefault(job, _Waiting())
        handing = Handing(self._client, self._pool, tenant_id, new)
        try:
            if digests[0] is not None:
                handing.read_ahead(digests[0])
            plan = await asyncio.to_thread(plan_of, new)
            if monthly_credits is not None:
                held = await self._price(new, plan, digests)
                new = replace(new, credits_held=held)
            execution, is_new = await accept(
                self._workshop.contents,
                tenant_id,
                new,
                staged,
                now=self._workshop.now(),
                beside=handing.write,
                idempotency_key=idempotency_key,
                monthly_credits=monthly_credits,
            )
        except BaseException:
            self._waiting.pop(job, None)
            handing.drop()
            raise
        if is_new:
            if waiting := self._waiting.get(job):
                waiting.accepted = execution
            handing.tell()
            return execution
        self._waiting.pop(job, None)
        handing.drop()
        if idempotency_key is not None and not new.batch and execution.outcome is None:
            raise Conflict(
                "The first request with this Idempotency-Key is still being worked on. Ask for its result at "
                f"/v1/predictions/{execution.id}, or send the request again later.",
                code="idempotency_in_progress",
            )
        return execution

    async def _price(self, new: NewExecution, plan: Plan, digests: Sequence[str | None]) -> int:
        """What the execution may cost, as far as can be known before it is read."""
        count = await self._workshop.count_pages(new, digests)
        return outcome.price(new, plan.config, self._workshop.prices, count)

    async def has_room(self, tenant_id: str) -> bool:
        looked_at, count = self._queued.get(tenant_id, (0.0, 0))
        if time.monotonic() - looked_at > COUNT_S:
            async with self._workshop.database.read() as connection:
                count = await Executions(connection, tenant_id).count_unfinished()
            self._queued[tenant_id] = (time.monotonic(), count)
        return count < self._queue_limit

    async def cancel(self, tenant_id: str, execution_id: str) -> Execution:
        job = (tenant_id, execution_id)
        before = await self._get(job)
        error = Cancelled("The execution was cancelled.")
        ended = outcome.failed(before.request, error, now=self._workshop.now(), progress=before.progress)
        if not await end(self._workshop.database, before, ended, elsewhere=True):
            raise _has_ended()
        await asyncio.to_thread(self._client.cancel, job_id(*job))
        return await self._get(job)

    async def pause(self, tenant_id: str, execution_id: str) -> Execution:
        job = (tenant_id, execution_id)
        if (await self._get(job)).outcome is not None:
            raise _has_ended()
        # The engine first: were we to stop in between, the sweeper would set the job going again.
        await asyncio.to_thread(self._client.cancel, job_id(*job))
        await self._move(job, Status.PAUSED)
        return await self._get(job)

    async def resume(self, tenant_id: str, execution_id: str) -> Execution:
        job = (tenant_id, execution_id)
        if (await self._get(job)).status is not Status.PAUSED:
            raise Conflict("Only a paused execution can be resumed.", code="not_paused")
        await self._move(job, Status.ENQUEUED)
        queue = await resume(self._workshop.database, self._client, *job)
        self._pool.point_to(self._pool.reserve(job, queue), queue, tenant_id)
        return await self._get(job)

    async def wait(self, tenant_id: str, execution_id: str, *, timeout_s: float) -> Execution:
        job = (tenant_id, execution_id)
        waiting = self._waiting.setdefault(job, _Waiting())
        until = time.monotonic() + timeout_s
        try:
            while True:
                left = until - time.monotonic()
                try:
                    await asyncio.wait_for(waiting.end.wait(), max(0.0, min(LOOK_S, left)))
                except TimeoutError:
                    pass
                execution = waiting.ended or await self._get(job)
                if execution.outcome is not None or left <= 0:
                    return execution
                waiting.end.clear()
        finally:
            self._waiting.pop(job, None)

    def workers(self) -> Workers:
        return Workers(self._pool.ready, self._pool.restarts)

    async def start(self) -> None:
        await self._pool.start()

    async def close(self) -> None:
        await self._pool.close(DRAIN_S)
        self._client.close()

    def _ended(self, message: Ended) -> None:
        waiting = self._waiting.get((message.tenant_id, message.execution_id))
        if waiting is not None:
            waiting.outcome = message.outcome
            waiting.end.set()

    async def _move(self, job: Job, status: Status) -> None:
        async with self._workshop.database.write() as connection:
            if not await Executions(connection, job[0]).move(job[1], status):
                raise _has_ended()

    async def _get(self, job: Job) -> Execution:
        async with self._workshop.database.read() as connection:
            execution = await Executions(connection, job[0]).get(job[1])
        if execution is None:
            raise NotFound("There is no such prediction.", code="prediction_not_found")
        return execution


def _has_ended() -> Conflict:
    return Conflict(
        "The execution has ended, or is not where it can be cancelled, paused or resumed: see its `status`.",
        code="has_ended",
    )
