"""A worker process: claims executions, runs them, takes up those of the dead, sends webhooks. Run by `cli.worker`.

As a child of a server it is told of new jobs over a channel and dies with its parent; on its own it polls.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from paperclerk.domain.errors import ExecutionFailed
from paperclerk.durable import Claim, DurableClient, DurableWorker, Queue
from paperclerk.jobs import outcome
from paperclerk.jobs.ahead import Ahead
from paperclerk.jobs.channel import Channel, Ended, HandedOver, ReadAhead, Ready, Waiting
from paperclerk.jobs.ending import end
from paperclerk.jobs.executing import Executor
from paperclerk.jobs.liveness import Liveness
from paperclerk.jobs.names import EXECUTE, job_id, parts_of
from paperclerk.jobs.reconciling import Reconciler
from paperclerk.jobs.refusal import end_if_refused
from paperclerk.jobs.retention import Retention
from paperclerk.jobs.sweeper import MAX_DEATHS_AT_A_STEP, Sweeper
from paperclerk.jobs.work import Workshop
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.database import cause_of, is_outage
from paperclerk.storage.executions import Execution, Executions, Outcome
from paperclerk.storage.takeovers import Takeovers
from paperclerk.webhooks.sender import Sender

SWEEP_S = 1.0
RECONCILE_S = 5.0
RETAIN_S = 600.0
POLL_S = 0.1  # without a channel
POLL_BESIDE_CHANNEL_S = 0.5
DRAIN_S = 7.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


def new_executor_id() -> str:
    """Unique to this process's life, and usable as a file name."""
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())[:60]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class WorkerParts:
    """What a worker is made of; `bootstrap` fills it. `slots` are the executions it runs at once, by queue."""

    executor_id: str
    workshop: Workshop
    checkpoints: Checkpoints
    client: DurableClient
    durable: DurableWorker
    liveness: Liveness
    sender: Sender
    retention: Retention
    slots: dict[Queue, int]


async def run_worker(parts: WorkerParts, channel: Channel | None = None) -> None:
    """Works until SIGTERM (or SIGINT, or the end of the channel), then drains."""
    worker = _Worker(parts, channel, asyncio.get_running_loop())
    stop = worker.stop_on_signals()
    await asyncio.to_thread(worker.launch)  # the engine wants no event loop around it
    worker.tell_ready()
    rounds = (
        worker.sweep(),
        worker.reconcile(),
        worker.retain(),
        parts.sender.run(),
        worker.listen(stop),
        worker.warm(),
    )
    tasks = [asyncio.create_task(work) for work in rounds]
    try:
        await stop.wait()
        await worker.drain()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def die_with_parent() -> None:
    """The kernel kills this process when its parent dies, however that happens (Linux)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (AttributeError, OSError):
        log.warning("this system cannot tie a worker to its server; the end of the channel does it")


class _Worker:
    def __init__(self, parts: WorkerParts, channel: Channel | None, loop: asyncio.AbstractEventLoop) -> None:
        self._parts = parts
        self._channel = channel
        self._loop = loop
        workshop = parts.workshop
        self._ahead = Ahead(workshop.contents, workshop.reader, most=parts.slots.get(Queue.INTERACTIVE, 0))
        self._executor = Executor(workshop, parts.checkpoints, self._ahead, loop, self._on_end)
        self._looks: set[asyncio.Task[object]] = set()

    def stop_on_signals(self) -> asyncio.Event:
        stop = asyncio.Event()
        self._loop.add_signal_handler(signal.SIGTERM, stop.set)
        if self._channel is None:
            self._loop.add_signal_handler(signal.SIGINT, stop.set)
        else:  # a Ctrl-C goes to the server too, which then tells its workers to stop
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return stop

    def launch(self) -> None:
        execute = self._executor.execute

        def durable(tenant_id: str, execution_id: str) -> None:
            execute(tenant_id, execution_id)

        self._parts.durable.register(EXECUTE, durable)
        self._parts.durable.launch(
            self._parts.slots, poll_s=POLL_S if self._channel is None else POLL_BESIDE_CHANNEL_S
        )

    def tell_ready(self) -> None:
        if self._channel is not None:
            slots = self._parts.slots.get(Queue.INTERACTIVE, 0)
            self._channel.send(Ready(self._parts.executor_id, slots))
        log.info("worker claims jobs", executor=self._parts.executor_id)

    async def listen(self, stop: asyncio.Event) -> None:
        if self._channel is None:
            return
        async for message in self._channel.messages():
            if isinstance(message, Waiting):
                self._look(Queue(message.queue), message.partition)
            elif isinstance(message, HandedOver):
                self._beside(asyncio.to_thread(self._run, message))
            elif isinstance(message, ReadAhead):
                self._ahead.begin(message)
        stop.set()

    async def warm(self) -> None:
        """Loads OCR before the first scan needs it; documents with text are read meanwhile."""
        await _tried(lambda: asyncio.to_thread(self._parts.workshop.reader.warm))

    async def sweep(self) -> None:
        parts = self._parts
        sweeper = Sweeper(
            executor_id=parts.executor_id,
            client=parts.client,
            liveness=parts.liveness,
            running=parts.durable.running,
            count_death=self._count_death,
            park=self._park,
        )
        while True:
            await _tried(lambda: sweeper.sweep(time.time()))
            await asyncio.sleep(SWEEP_S)

    async def reconcile(self) -> None:
        workshop = self._parts.workshop
        reconciler = Reconciler(workshop.database, self._parts.client, self._after_end, workshop.now)
        while True:
            await _tried(reconciler.look)
            await asyncio.sleep(RECONCILE_S)

    async def retain(self) -> None:
        while True:
            await _tried(self._parts.retention.expire)
            await asyncio.sleep(RETAIN_S)

    async def drain(self) -> None:
        """Takes nothing new and waits for what runs; what is too slow goes back to its queue."""
        parts = self._parts
        parts.durable.stop_claiming()
        self._ahead.close()
        until = time.monotonic() + DRAIN_S
        while parts.durable.running() and time.monotonic() < until:  # noqa: ASYNC110 - its threads tell nobody
            await asyncio.sleep(0.05)
        left = parts.durable.running()
        for claim in await asyncio.to_thread(parts.client.claims):
            if claim.executor_id == parts.executor_id:  # runs still, or was handed over too late
                await asyncio.to_thread(parts.client.resume, claim.job_id, Queue(claim.queue))
        log.info("worker stops", executor=parts.executor_id, given_back=len(left))

    def _look(self, queue: Queue, partition: str | None = None) -> None:
        self._beside(asyncio.to_thread(self._parts.durable.poll_now, queue, partition))

    def _run(self, message: HandedOver) -> None:
        """Blocks: in a thread. A job that finds no slot goes to the queue, where others look too."""
        job, queue = job_id(message.tenant_id, message.execution_id), Queue(message.queue)
        if not self._parts.durable.run(job, message.token, queue):
            self._parts.client.resume(job, queue)

    def _beside(self, work: Coroutine[Any, Any, object]) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(_tried(lambda: work))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    def _on_end(self, execution: Execution, outcome: Outcome | None = None) -> None:
        """Called on the loop, while the job still holds its slot."""
        full = [queue for queue in Queue if self._parts.durable.is_full(queue)]
        self._after_end(execution, outcome if not execution.request.batch else None, full)

    def _after_end(
        self, execution: Execution, outcome: Outcome | None = None, full: Sequence[Queue] = ()
    ) -> None:
        if self._channel is not None:
            self._channel.send(Ended(execution.tenant_id, execution.id, outcome))
        if execution.request.callback_url is not None:
            self._parts.sender.wake()
        for queue in full:  # jobs may wait for the slot, which is free a moment from now
            self._loop.call_later(0.02, self._look, queue)

    async def _count_death(self, claim: Claim, steps_done: int) -> int:
        tenant_id, execution_id = parts_of(claim.job_id)
        replies = await asyncio.to_thread(self._parts.checkpoints.count_replies, tenant_id, execution_id)
        async with self._parts.workshop.database.write() as connection:
            return await Takeovers(connection, tenant_id).record(
                execution_id,
                executor_id=claim.executor_id,
                claimed_at_ms=claim.claimed_at_ms,
                steps_done=steps_done + replies,
                at=datetime.now(UTC),
            )

    async def _park(self, job: str) -> None:
        tenant_id, execution_id = parts_of(job)
        database = self._parts.workshop.database
        async with database.read() as connection:
            execution = await Executions(connection, tenant_id).get(execution_id)
        if execution is None:
            return
        error = ExecutionFailed(
            f"The process that worked on this document died {MAX_DEATHS_AT_A_STEP} times at the same point, so "
            "it is not tried again. Report the document if it is not meant to do that.",
            code="worker_crashed",
        )
        kept = self._parts.checkpoints
        # No values: looking for them may be what kills.
        partial = outcome.read_only(await asyncio.to_thread(kept.pages, tenant_id, execution_id))
        failed = outcome.failed(execution.request, error, now=self._parts.workshop.now(), partial=partial)
        if await end(database, execution, failed):
            self._after_end(execution)
        await asyncio.to_thread(kept.drop, tenant_id, execution_id)


async def _tried(work: Callable[[], Awaitable[object]]) -> None:
    """One round of work whose failure must not end the worker: the database may be away for a moment."""
    try:
        await work()
    except Exception as error:
        end_if_refused(error)
        if is_outage(error):
            log.warning("the database is away; a round of the worker waits for it", error=cause_of(error))
        else:
            log.exception("a round of the worker failed; the next one follows")
