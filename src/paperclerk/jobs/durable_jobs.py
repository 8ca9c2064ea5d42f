"""Executions on the durable engine, as a server sees them: accepted, handed over, waited for. Made by `bootstrap`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import NotFound
from paperclerk.durable import DurableClient, Queue
from paperclerk.jobs.accepting import accept
from paperclerk.jobs.channel import Ended
from paperclerk.jobs.names import EXECUTE, job_id
from paperclerk.jobs.pool import WorkerCommand, WorkerPool
from paperclerk.jobs.work import Workshop
from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Execution, Executions, NewExecution

LOOK_S = 0.25  # between looks at an execution that another machine may have ended
DRAIN_S = 9.0

Job = tuple[str, str]  # tenant, execution


class DurableJobs:
    """Implements `jobs.service.Jobs`. It runs nothing: `workers` separate processes do, here or elsewhere."""

    def __init__(
        self, workshop: Workshop, client: DurableClient, *, command: WorkerCommand, workers: int
    ) -> None:
        self._workshop = workshop
        self._client = client
        self._pool = WorkerPool(command, workers, self._ended)
        self._waiting: dict[Job, asyncio.Event] = {}

    async def submit(self, tenant_id: str, new: NewExecution, staged: Sequence[Staged] = ()) -> Execution:
        await self._workshop.check(tenant_id, new)
        queue = Queue.EXECUTIONS if new.batch else Queue.INTERACTIVE
        job = (tenant_id, new.id)
        if not new.batch:  # before the commit: the end may be told at once
            self._waiting.setdefault(job, asyncio.Event())

        async def enqueue(connection: AsyncConnection) -> None:
            await connection.run_sync(
                lambda sync: self._client.enqueue(
                    sync, EXECUTE, job_id(*job), *job, queue=queue, partition=tenant_id
                )
            )

        try:
            execution, is_new = await accept(
                self._workshop.contents, tenant_id, new, staged, now=self._workshop.now(), beside=enqueue
            )
        except BaseException:
            self._waiting.pop(job, None)
            raise
        if is_new:
            self._pool.point_to(queue, tenant_id)
        return execution

    async def wait(self, tenant_id: str, execution_id: str, *, timeout_s: float) -> Execution:
        job = (tenant_id, execution_id)
        ended = self._waiting.setdefault(job, asyncio.Event())
        until = time.monotonic() + timeout_s
        try:
            while True:
                left = until - time.monotonic()
                try:
                    await asyncio.wait_for(ended.wait(), max(0.0, min(LOOK_S, left)))
                except TimeoutError:
                    pass
                execution = await self._get(job)
                if execution.outcome is not None or left <= 0:
                    return execution
                ended.clear()
        finally:
            self._waiting.pop(job, None)

    async def start(self) -> None:
        await self._pool.start()

    async def close(self) -> None:
        await self._pool.close(DRAIN_S)
        await asyncio.to_thread(self._client.close)

    def _ended(self, message: Ended) -> None:
        event = self._waiting.get((message.tenant_id, message.execution_id))
        if event is not None:
            event.set()

    async def _get(self, job: Job) -> Execution:
        async with self._workshop.database.read() as connection:
            execution = await Executions(connection, job[0]).get(job[1])
        if execution is None:
            raise NotFound("There is no execution of that id.")
        return execution
