"""The thin port over the durable engine, DBOS Transact: the only module that imports it. Called by `jobs`.

What a durable function is called and what it takes is a persisted contract: names and ids, never documents.
DBOS gives claims, checkpoints and fencing; taking up the work of dead processes is ours (`jobs.sweeper`).
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString, TypeVar

import psycopg
import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions
from dbos._core import execute_dequeued_workflow
from dbos._error import (
    DBOSAwaitedWorkflowCancelledError,
    DBOSBaseException,
)

APPLICATION = "paperclerk"
# Raise it when the order or the names of a durable function's steps change. Jobs that have begun under the old
# one are then finished by workers of the old one only: keep some until those jobs have ended.
VERSION = "1"

_MIGRATION_LOCK = 0x70634442  # any number, the same in every process

T = TypeVar("T")


class Queue(StrEnum):
    """Where a job waits. Each has slots of its own in every worker."""

    INTERACTIVE = "interactive"  # somebody waits for the reply
    EXECUTIONS = "executions"
    SUSPECTS = "suspects"  # its worker died while it ran: one at a time, so that it takes no other with it


@dataclass(frozen=True)
class Claim:
    """A job that an executor has, and has not finished. `claimed_at_ms` is since when (ms since 1970)."""

    job_id: str
    executor_id: str
    claimed_at_ms: int
    queue: str


def durable_engine(url: sa.URL, *, pool_size: int = 4) -> sa.Engine:
    """A synchronous engine on the server's own database, set up as the durable engine needs it."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url.set(drivername="sqlite"), pool_size=pool_size, max_overflow=4)
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        return engine
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
    )


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    # Not FULL, as our own connections are, on which jobs are enqueued. A power cut may take back what was written
    # last here (a claim, a step, an end), and no process lives to miss it: the job is claimed anew, and one whose
    # execution has ended does nothing.
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def migrate_durable(url: sa.URL) -> None:
    """Creates or upgrades the durable engine's tables; of several processes one does so, the others wait."""
    if url.get_backend_name() == "sqlite":  # the engine takes the write lock itself
        DBOS.migrate(url.set(drivername="sqlite").render_as_string())
        return
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as session:
        # Tried, not waited for: who waits in a statement holds a snapshot, and the one who migrates waits for
        # all snapshots to end (CREATE INDEX CONCURRENTLY).
        while not _scalar(session, "SELECT pg_try_advisory_lock(%s)", _MIGRATION_LOCK):
            time.sleep(0.1)
        DBOS.migrate(plain)


def _scalar(session: psycopg.Connection, query: LiteralString, *parameters: object) -> object:
    row = session.execute(query, parameters).fetchone()
    return row[0] if row else None


class DurableClient:
    """Submits and steers jobs; runs none. Its methods block: call them off the event loop."""

    def __init__(self, url: sa.URL) -> None:
        self._engine = durable_engine(url)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    def enqueue(
        self,
        connection: sa.Connection,
        function: str,
        job_id: str,
        *args: str,
        queue: Queue,
        partition: str,
        priority: int = 5,
    ) -> None:
        """Enqueues `function(*args)` within the caller's transaction: a rollback leaves no job.

        The same `job_id` twice is one job. Jobs of one `partition` (a tenant) wait in order of `priority`
        (1 first), then of arrival; partitions take turns.
        """
        options = _options(function, job_id, queue, partition)
        self._client.enqueue_in_transaction(connection, {**options, "priority": priority}, *args)

    def hand_over(
        self,
        connection: sa.Connection,
        function: str,
        job_id: str,
        *args: str,
        queue: Queue,
        partition: str,
        executor_id: str,
    ) -> str:
        """Like `enqueue`, but the job is born as a claim of `executor_id`: nobody looks for it in the queue.

        Gives the token of the claim, with which that executor is to `run` it after the commit. If it does not, the
        sweepers find the job as they find every claim that nobody works on.
        """
        options = _options(function, job_id, queue, partition)
        _, status = self._client._build_enqueue_status(options, *args)
        status["status"], status["executor_id"], status["app_version"] = "PENDING", executor_id, VERSION
        token = str(uuid.uuid4())
        self._client._sys_db.init_workflow_with_connection(status, connection, creator_xid=token)
        return token

    def cancel(self, job_id: str) -> None:
        """Stops a job: waiting ones are not started, running ones stop at their next step."""
        self._client.cancel_workflow(job_id)

    def resume(self, job_id: str, queue: Queue) -> None:
        """Puts a stopped or stranded job back into `queue`, to go on after its last finished step."""
        self._client.resume_workflow(job_id, queue_name=queue.value)

    def delete(self, job_ids: Sequence[str]) -> None:
        self._client.delete_workflows(list(job_ids))

    def claims(self) -> list[Claim]:
        """Every job that some executor holds."""
        found = self._client.list_workflows(status="PENDING", load_input=False, load_output=False)
        return [
            Claim(w.workflow_id, w.executor_id or "", w.dequeued_at or w.created_at or 0, w.queue_name or "")
            for w in found
        ]

    def claim(self, job_id: str) -> Claim | None:
        """Who holds `job_id` now; None when nobody does."""
        return next((claim for claim in self.claims() if claim.job_id == job_id), None)

    def states(self, job_ids: Sequence[str]) -> dict[str, str]:
        """The engine's own words for where jobs stand; those that it does not know are missing."""
        found = (
            self._client.list_workflows(workflow_ids=list(job_ids), load_input=False, load_output=False)
            if job_ids
            else []
        )
        return {workflow.workflow_id: str(workflow.status) for workflow in found}

    def steps_done(self, job_id: str) -> int:
        """How many steps of a job are checkpointed."""
        return len(self._client.list_workflow_steps(job_id, load_output=False))

    def close(self) -> None:
        self._client.destroy()
        self._engine.dispose()


def _options(function: str, job_id: str, queue: Queue, partition: str) -> EnqueueOptions:
    return {
        "workflow_name": function,
        "workflow_id": job_id,
        "queue_name": queue.value,
        "queue_partition_key": partition,
    }


class DurableWorker:
    """Runs durable functions in this process; one per process. `executor_id` is unique to its lifetime.

    Functions are synchronous, run in threads, and call `step` for what must not be done twice in vain.
    """

    def __init__(self, url: sa.URL, executor_id: str) -> None:
        self.executor_id = executor_id
        self._engine = durable_engine(url, pool_size=8)
        self._polling = threading.Lock()
        self._queues: dict[Queue, Any] = {}
        self._slots: dict[Queue, int] = {}
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": self._engine,
            "application_version": VERSION,
            "executor_id": executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "log_level": "ERROR",
        }
        self._dbos = DBOS(config=config)
        logging.getLogger("dbos").addFilter(_is_worth_a_line)

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Makes `function` known under its persisted `name`. Before `launch`."""
        DBOS.workflow(name=name, max_recovery_attempts=None)(function)

    def launch(self, slots: dict[Queue, int], *, poll_s: float) -> None:
        """Starts claiming: up to `slots` jobs at once of each queue, looking every `poll_s` seconds."""
        self._slots = dict(slots)
        DBOS.listen_queues([queue.value for queue in slots])
        DBOS.launch()
        for queue, count in slots.items():
            self._queues[queue] = DBOS.register_queue(
                queue.value,
                worker_concurrency=count,
                partition_worker_concurrency=count,
                polling_interval_sec=poll_s,
                on_conflict="always_update",
            )

    def is_full(self, queue: Queue) -> bool:
        """Whether every slot of `queue` is taken."""
        return self._dbos._active_workflows_set.count_for_queue(queue.value) >= self._slots[queue]

    def running(self) -> frozenset[str]:
        """The jobs that run in this process."""
        return frozenset(self._dbos._active_workflows_set.activeList())

    def poll_now(self, queue: Queue, partition: str | None = None) -> int:
        """Claims and starts what waits in `queue` (of one `partition`) and fits, at once; returns how many.

        The engine itself only looks every `poll_s`. This is one such look, by the same functions of it, so
        claims and fencing are the same.
        """
        with self._polling:
            settings = self._queues.get(queue)
            if settings is None:  # still being launched
                return 0
            partitions = [partition] if partition else self._dbos._sys_db.get_queue_partitions(queue.value)
            random.shuffle(partitions)
            return sum(self._claim(settings, name) for name in partitions)

    def run(self, job_id: str, token: str, queue: Queue) -> bool:
        """Starts a job that was handed over to this executor (`DurableClient.hand_over`); False if no slot is free.

        Nothing happens to one that was cancelled, or taken up by others, in between.
        """
        if queue not in self._queues or self.is_full(queue):
            return False
        for status in self._dbos._sys_db.get_workflow_statuses([job_id]):
            execute_dequeued_workflow(self._dbos, status, token)
        return True

    def _claim(self, settings: Any, partition: str) -> int:
        database, active = self._dbos._sys_db, self._dbos._active_workflows_set
        owner = str(uuid.uuid4())
        claimed, _ = database.start_queued_workflows(
            settings,
            self.executor_id,
            VERSION,
            partition,
            active.count_for_queue(settings.name),
            active.count_for_partition(settings.name, partition),
            owner_xid=owner,
            is_latest_version=True,  # whoever was told of a job has just been started with its server
        )
        if claimed:
            for status in database.get_workflow_statuses(claimed):
                execute_dequeued_workflow(self._dbos, status, owner)
        return len(claimed)

    def stop_claiming(self) -> None:
        """Takes no further job; running ones go on."""
        for event in self._dbos.background_thread_stop_events:
            event.set()

    def close(self) -> None:
        """Ends at once; jobs that still run are taken up by others."""
        DBOS.destroy()
        self._engine.dispose()


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a log line of the engine tells a fault: that a job was cancelled or taken over is none."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, DBOSAwaitedWorkflowCancelledError | DBOSBaseException)


def step(name: str, function: Callable[..., T], *args: Any) -> T:
    """Runs `function(*args)` once within a durable function: its result, plain JSON, is kept under `name`.

    When the job is taken up again, the kept result is returned instead. Steps are told apart by their order.
    In a job that is cancelled, or that another process has taken up, it raises a BaseException of the engine.
    """
    return DBOS.run_step({"name": name}, function, *args)
