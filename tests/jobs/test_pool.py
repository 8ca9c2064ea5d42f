"""Which worker a server tells of a job, and what it remembers of that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from paperclerk.durable import Queue
from paperclerk.jobs import pool as pools
from paperclerk.jobs.pool import Worker, WorkerPool

COMMAND = pools.WorkerCommand((), {})


def ready(slots: int) -> Worker:
    return Worker(SimpleNamespace(), SimpleNamespace(), executor_id="w", slots=slots)  # type: ignore[arg-type]


@pytest.fixture
def pool() -> WorkerPool:
    made = WorkerPool(COMMAND, 2, lambda _: None)
    made._workers += [ready(1), ready(1)]
    return made


def test_jobs_are_spread_and_a_worker_is_full_of_what_is_waited_for(pool: WorkerPool) -> None:
    first, second = pool._workers
    assert pool.reserve(("t", "batch"), Queue.EXECUTIONS) is first
    assert pool.reserve(("t", "a"), Queue.INTERACTIVE) is second and second.has_room
    assert pool.reserve(("t", "b"), Queue.INTERACTIVE) is first and first.has_room, "of no use to a batch job"
    assert pool.reserve(("t", "c"), Queue.INTERACTIVE) is second and not second.has_room


def test_a_job_that_another_worker_has_ended_is_forgotten(pool: WorkerPool) -> None:
    first, second = pool._workers
    for number in range(10):
        job = ("t", f"j{number}")
        assert pool.reserve(job, Queue.EXECUTIONS) is first
        pool.release(job)
    assert first.load == second.load == 0


def test_a_job_that_nobody_tells_of_is_forgotten_in_time(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(pools.time, "monotonic", lambda: now)
    for number in range(4):
        pool.reserve(("t", f"j{number}"), Queue.INTERACTIVE)
    assert [worker.load for worker in pool._workers] == [2, 2]
    now = pools.RESERVED_S + 1
    assert pool.reserve(("t", "last"), Queue.INTERACTIVE) is pool._workers[0]
    assert [worker.load for worker in pool._workers] == [1, 0]


def test_no_worker_is_reserved_before_it_is_ready() -> None:
    assert WorkerPool(COMMAND, 1, lambda _: None).reserve(("t", "a"), Queue.INTERACTIVE) is None
