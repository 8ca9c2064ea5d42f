"""Putting a stopped job back into the queue that it belongs to. Called by `durable_jobs` and `reconciling`."""

from __future__ import annotations

import asyncio

from paperclerk.durable import DurableClient, Queue
from paperclerk.jobs.names import job_id
from paperclerk.storage.database import Database
from paperclerk.storage.takeovers import Takeovers


async def resume(database: Database, client: DurableClient, tenant_id: str, execution_id: str) -> Queue:
    """Lets a job that was stopped go on after its last finished step; returns its queue.

    A stopped job is in no queue: one that a worker has died over goes back to the suspects.
    """
    async with database.read() as connection:
        died = await Takeovers(connection, tenant_id).happened(execution_id)
    queue = Queue.SUSPECTS if died else Queue.EXECUTIONS
    await asyncio.to_thread(client.resume, job_id(tenant_id, execution_id), queue)
    return queue
