"""The worker processes of one server: started, kept at their number, ended with it. Owned by `jobs.durable_jobs`."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from paperclerk.durable import Queue
from paperclerk.jobs.channel import Channel, Ended, Ready, Waiting

RESERVED_S = 60.0  # another server may run the job, and tells nobody here
RESTART_S = (0.1, 0.5, 2.0, 5.0)  # between deaths that follow each other; a worker that got ready starts anew

log = structlog.get_logger(__name__)

Job = tuple[str, str]  # tenant, execution


@dataclass(frozen=True)
class WorkerCommand:
    """How a worker is started; the descriptor of its channel is appended to `arguments`."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass
class Worker:
    """One running process. `jobs` are those it is reserved for, by queue and until when if nobody tells of their end;
    `slots`: see `Ready`."""

    process: asyncio.subprocess.Process
    channel: Channel
    jobs: dict[Queue, dict[Job, float]] = field(default_factory=lambda: {queue: {} for queue in Queue})
    executor_id: str | None = None
    slots: int = 0

    @property
    def ready(self) -> bool:
        """Whether it takes jobs."""
        return self.executor_id is not None

    @property
    def load(self) -> int:
        return sum(map(len, self.jobs.values()))

    @property
    def has_room(self) -> bool:
        """Whether it can run at once all it is reserved for that somebody waits for."""
        return len(self.jobs[Queue.INTERACTIVE]) <= self.slots


class WorkerPool:
    """`count` processes of `command`, each given the descriptor of its channel as last argument."""

    def __init__(self, command: WorkerCommand, count: int, on_end: Callable[[Ended], None]) -> None:
        self._command = command
        self._count = count
        self._on_end = on_end
        self._workers: list[Worker] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self.restarts = 0

    @property
    def ready(self) -> int:
        """How many workers take jobs."""
        return sum(worker.ready for worker in self._workers)

    async def start(self) -> None:
        """Starts the processes. Jobs that are accepted before one of them is ready wait for it."""
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._count)]

    def reserve(self, job: Job, queue: Queue) -> Worker | None:
        """The least busy worker, to be told of the job; None when none is ready."""
        now = time.monotonic()
        ready = [worker for worker in self._workers if worker.ready]
        for jobs in (jobs for worker in ready for jobs in worker.jobs.values()):
            while jobs and next(iter(jobs.values())) <= now:  # in the order of their times
                del jobs[next(iter(jobs))]
        if not ready:
            return None
        worker = min(ready, key=lambda w: w.load)
        worker.jobs[queue][job] = now + RESERVED_S
        return worker

    def release(self, job: Job) -> None:
        """Takes back a reservation: the job has ended, whoever ran it, or there is none."""
        for jobs in (jobs for worker in self._workers for jobs in worker.jobs.values()):
            jobs.pop(job, None)

    def point_to(self, worker: Worker | None, queue: Queue, partition: str) -> None:
        """Tells the reserved worker that a job waits. Without one the job waits until a worker looks by itself."""
        if worker is not None:
            worker.channel.send(Waiting(queue.value, partition))

    async def close(self, grace_s: float) -> None:
        """Lets the workers finish within `grace_s`; what still runs then is given back to the queue."""
        self._closing.set()
        workers = list(self._workers)
        for worker in workers:
            _signal(worker.process, signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.gather(*(w.process.wait() for w in workers)), grace_s)
        except TimeoutError:
            for worker in workers:
                _signal(worker.process, signal.SIGKILL)
            await asyncio.gather(*(w.process.wait() for w in workers))  # else they stay as zombies
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self) -> None:
        deaths = 0
        while not self._closing.is_set():
            worker = await self._spawn()
            listening = asyncio.create_task(self._listen(worker))
            code = await worker.process.wait()
            self._workers.remove(worker)
            listening.cancel()
            worker.channel.close()
            if self._closing.is_set():
                return
            self.restarts += 1
            deaths = 1 if worker.ready else deaths + 1
            log.warning("a worker process ended and is started again", code=code, deaths_in_a_row=deaths)
            await asyncio.sleep(RESTART_S[min(deaths, len(RESTART_S)) - 1])

    async def _spawn(self) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *self._command.arguments,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                env=dict(self._command.environment),
            )
        worker = Worker(process, await Channel.over(ours))
        self._workers.append(worker)
        return worker

    async def _listen(self, worker: Worker) -> None:
        async for message in worker.channel.messages():
            if isinstance(message, Ready):
                worker.executor_id, worker.slots = message.executor_id, message.slots
            elif isinstance(message, Ended):
                self.release((message.tenant_id, message.execution_id))
                self._on_end(message)


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        pass
