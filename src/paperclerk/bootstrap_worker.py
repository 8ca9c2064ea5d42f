"""The composition root of the durable half: settings in, a server's jobs or a worker's parts out."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from paperclerk.bootstrap import open_blobs, open_database, open_workshop, warm_up
from paperclerk.durable import DurableClient, DurableWorker, Queue, migrate_durable
from paperclerk.jobs.durable_jobs import DurableJobs
from paperclerk.jobs.liveness import hold_liveness
from paperclerk.jobs.pool import WorkerCommand
from paperclerk.jobs.retention import Retention
from paperclerk.jobs.work import Workshop
from paperclerk.jobs.worker import WorkerParts, new_executor_id
from paperclerk.settings import Settings
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database, opening
from paperclerk.webhooks.sender import Sender


async def open_jobs(settings: Settings, workshop: Workshop) -> DurableJobs:
    """What a server accepts executions with, and the worker processes beside it."""
    await migrate_jobs(workshop.database)
    client = DurableClient(workshop.database.url)
    return DurableJobs(
        workshop,
        client,
        command=worker_command(settings),
        workers=settings.workers,
        queue_limit=settings.queue_limit,
    )


def worker_command(settings: Settings) -> WorkerCommand:
    """Starts a worker with these very settings. They go by the environment: it is not shown to other users."""
    given = {
        f"PAPERCLERK_{name.upper()}": str(value)
        for name, value in settings.model_dump().items()
        if value is not None
    }
    return WorkerCommand((sys.executable, "-m", "paperclerk", "worker", "--channel"), {**os.environ, **given})


async def migrate_jobs(database: Database) -> None:
    """Brings the durable engine's tables up to date. Raises InvalidRequest."""
    with opening(database.url):
        await asyncio.to_thread(migrate_durable, database.url)


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[WorkerParts]:
    """Everything that a worker process runs executions with; ends with the block."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        await migrate_jobs(database)
        executor_id = new_executor_id()
        liveness = hold_liveness(database.url, executor_id)
        stack.callback(liveness.close)
        blobs = open_blobs(settings)
        workshop = open_workshop(settings, stack, database, Contents(database, blobs), executes=True)
        await warm_up(workshop)
        await asyncio.to_thread(workshop.reader.warm, ocr=False)  # scans later: `run_worker` sees to it
        client = DurableClient(database.url)
        stack.callback(client.close)
        durable = DurableWorker(database.url, executor_id)
        stack.callback(durable.close)
        slots = max(1, settings.concurrency // max(1, settings.workers))
        yield WorkerParts(
            executor_id=executor_id,
            workshop=workshop,
            checkpoints=Checkpoints(blobs),
            client=client,
            durable=durable,
            liveness=liveness,
            retention=Retention(
                workshop.contents,
                Checkpoints(blobs),
                client,
                database,
                keep_results=_days(settings.keep_results_days),
                keep_files=_days(settings.keep_files_days),
            ),
            sender=Sender(database, workshop.guard, executor_id),
            slots={Queue.INTERACTIVE: slots, Queue.EXECUTIONS: slots, Queue.SUSPECTS: 1},
        )


def _days(count: float | None) -> timedelta | None:
    return None if count is None else timedelta(days=count)
