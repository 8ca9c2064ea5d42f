"""How an accepted job gets to a worker: handed over where one has room, else through its queue. Called by
`durable_jobs`."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.durable import DurableClient, Queue
from paperclerk.extraction.plan import read_options
from paperclerk.jobs.channel import HandedOver, ReadAhead
from paperclerk.jobs.names import EXECUTE, job_id
from paperclerk.jobs.pool import WorkerPool
from paperclerk.jobs.requested import config_of
from paperclerk.storage.executions import NewExecution

DEFAULT_PRIORITY = 5


class Handing:
    """One job on its way to a worker that is reserved for it: to `write`, then to `tell` or to `drop`.

    A job that somebody waits for is handed over, which spares the claim; there is no queue to jump while a worker of
    ours has room. Every other one is claimed from its queue, by whichever worker has a slot for it.
    """

    def __init__(self, client: DurableClient, pool: WorkerPool, tenant_id: str, new: NewExecution) -> None:
        self._client = client
        self._pool = pool
        self._new = new
        self._job = (tenant_id, new.id)
        self._queue = Queue.EXECUTIONS if new.batch else Queue.INTERACTIVE
        self._worker = pool.reserve(self._job, self._queue)
        self._token: str | None = None

    def read_ahead(self, sha256: str) -> None:
        """Lets the worker begin to read the one document of a job that somebody waits for."""
        if self._worker is not None and not self._new.batch and self._new.kind == "document":
            options = read_options(config_of(self._new))
            self._worker.channel.send(ReadAhead(*self._job, sha256, options))

    async def write(self, connection: AsyncConnection) -> None:
        """Writes the job, in the transaction of its execution."""
        worker, tenant_id = self._worker, self._job[0]
        what = (EXECUTE, job_id(*self._job), *self._job)
        if worker is not None and worker.executor_id and worker.has_room and not self._new.batch:
            executor = worker.executor_id
            self._token = await connection.run_sync(
                self._client.hand_over, *what, queue=self._queue, partition=tenant_id, executor_id=executor
            )
            return
        priority = self._new.priority or DEFAULT_PRIORITY
        await connection.run_sync(
            self._client.enqueue, *what, queue=self._queue, partition=tenant_id, priority=priority
        )

    def tell(self) -> None:
        """Tells the worker, once that is committed."""
        if self._worker is not None and self._token is not None:
            self._worker.channel.send(HandedOver(self._queue.value, *self._job, self._token))
        else:
            self._pool.point_to(self._worker, self._queue, self._job[0])

    def drop(self) -> None:
        """There is no job after all."""
        self._pool.release(self._job)
