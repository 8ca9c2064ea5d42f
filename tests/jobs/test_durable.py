"""The durable engine with our sweeper: what is lost when processes die or stop. On both stores."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from paperclerk.durable import DurableClient, Queue, durable_engine

ROOT = Path(__file__).parents[2]
_numbers = itertools.count()


class Workers:
    """Toy workers on one store, and the log that they write."""

    def __init__(self, store: sa.URL, log: Path, lease_s: float = 15.0) -> None:
        self.url = store.render_as_string(hide_password=False)
        self.log = log
        self.lease_s = lease_s
        self.processes: list[subprocess.Popen[bytes]] = []
        self._names: dict[str, subprocess.Popen[bytes]] = {}
        self.client = DurableClient(store)
        self.engine = durable_engine(store)
        log.touch()

    def start(self) -> subprocess.Popen[bytes]:
        name = f"w{next(_numbers)}"
        command = [sys.executable, "-m", "tests.jobs.toy", self.url, name, str(self.log), str(self.lease_s)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
        self.processes.append(process)
        self._names[name] = process
        self.wait(lambda: f"up {name}" in self.lines())
        return process

    def named(self, name: str) -> subprocess.Popen[bytes]:
        return self._names[name]

    def submit(self, function: str, job: str, *args: object, partition: str = "t") -> None:
        with self.engine.begin() as connection:
            self.client.enqueue(
                connection,
                function,
                job,
                job,
                *args,  # type: ignore[arg-type]
                queue=Queue.EXECUTIONS,
                partition=partition,
            )

    def hand_over(self, job: str, *args: object, to: str) -> str:
        """The job `steps`, as a claim of that worker; gives its token."""
        with self.engine.begin() as connection:
            return self.client.hand_over(
                connection,
                "steps",
                job,
                job,
                *args,  # type: ignore[arg-type]
                queue=Queue.EXECUTIONS,
                partition="t",
                executor_id=to,
            )

    def tell(self, name: str, job: str, token: str) -> None:
        orders = self._names[name].stdin
        assert orders is not None
        orders.write(f"{job} {token}\n".encode())
        orders.flush()

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def ended(self) -> list[str]:
        return [line.split()[1] for line in self.lines() if line.startswith("end ")]

    def wait(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "\n".join(self.lines()[-40:])
            time.sleep(0.05)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.client.close()
        self.engine.dispose()


@pytest.fixture
def workers(store: sa.URL, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(store, tmp_path / "log")
    yield made
    made.close()


def test_a_rollback_leaves_no_job_and_an_id_is_one_job(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError), workers.engine.begin() as connection:
        workers.client.enqueue(connection, "steps", "x", "x", queue=Queue.EXECUTIONS, partition="t")
        raise ZeroDivisionError
    assert workers.client.states(["x"]) == {}
    workers.start()
    for _ in range(3):
        workers.submit("steps", "a", 2, 0.0)
    workers.wait(lambda: workers.client.states(["a"]) == {"a": "SUCCESS"})
    assert workers.ended() == ["a"]
    assert sum(line.startswith("step a") for line in workers.lines()) == 2


def test_a_job_that_is_handed_over_runs_at_once_and_there(workers: Workers) -> None:
    """Of more than there are slots the others go to the queue."""
    workers.start()
    workers.start()
    to = next(iter(workers._names))
    jobs = [f"j{number}" for number in range(5)]
    tokens = {job: workers.hand_over(job, 1, 3.0, to=to) for job in jobs}
    for job in jobs[:4]:
        workers.tell(to, job, tokens[job])
    workers.wait(lambda: sum(line.startswith("step ") for line in workers.lines()) == 4)
    assert all(line.endswith(to) for line in workers.lines() if line.startswith("step "))
    workers.tell(to, "j4", tokens["j4"])
    workers.wait(lambda: sorted(workers.ended()) == jobs)
    assert "full j4" in workers.lines()
    workers.wait(lambda: set(workers.client.states(jobs).values()) == {"SUCCESS"})


@pytest.mark.parametrize("fate", ["never told", "killed", "cancelled"])
def test_a_job_that_is_handed_over_in_vain_is_not_lost(workers: Workers, fate: str) -> None:
    victim = workers.start()
    to = next(iter(workers._names))
    token = workers.hand_over("a", 2, 0.0, to=to)
    if fate == "cancelled":
        workers.client.cancel("a")
        workers.tell(to, "a", token)
        workers.submit("steps", "b", 1, 0.0)
        workers.wait(lambda: workers.ended() == ["b"])
        assert not any(line.startswith("step a") for line in workers.lines())
        return
    workers.start()
    if fate == "killed":
        victim.kill()
    workers.wait(lambda: workers.ended() == ["a"], 20)
    workers.wait(lambda: workers.client.states(["a"]) == {"a": "SUCCESS"})


def test_jobs_of_a_killed_worker_go_on_from_their_last_step(workers: Workers) -> None:
    victim = workers.start()
    workers.submit("steps", "a", 6, 0.3)
    workers.wait(lambda: sum(line.startswith("step a") for line in workers.lines()) >= 3)
    workers.start()
    victim.kill()
    killed = time.monotonic()
    workers.wait(lambda: workers.ended() == ["a"], 20)
    ran = [line.split()[2] for line in workers.lines() if line.startswith("step a")]
    assert len(ran) <= 7, f"one step may be done twice, not {ran}"
    assert set(ran) == set("012345")
    assert time.monotonic() - killed < 10 + 6 * 0.3


def test_a_lethal_job_is_parked_after_three_deaths_and_others_go_on(workers: Workers) -> None:
    workers.submit("lethal", "bad")
    workers.submit("steps", "good", 4, 0.2)

    def tended() -> bool:
        alive = [p for p in workers.processes if p.poll() is None]
        if len(alive) < 2:
            workers.start()
        return "parked bad" in workers.lines() and workers.ended() == ["good"]

    workers.wait(tended, 60)
    assert sum(line.startswith("kill bad") for line in workers.lines()) == 3
    workers.wait(lambda: workers.client.states(["bad"]) == {"bad": "CANCELLED"})


def test_a_healthy_job_hit_by_unlucky_kills_goes_on(workers: Workers) -> None:
    """Four deaths, but a step is finished between any two of them."""
    workers.start()
    workers.submit("steps", "a", 7, 0.4)
    for finished in (1, 2, 4, 5):
        workers.wait(lambda finished=finished: f"step a {finished} " in workers.log.read_text(), 40)
        for process in workers.processes:
            process.kill()
        workers.start()
    workers.wait(lambda: workers.ended() == ["a"], 40)
    assert "parked a" not in workers.lines()
    assert sum(line.startswith("death a ") for line in set(workers.lines())) == 4


@pytest.mark.timeout(200)
def test_a_stopped_worker_loses_its_job_and_its_late_write(store: sa.URL, tmp_path: Path) -> None:
    """Twenty rounds: whoever runs the job is stopped beyond its lease, and continued once another has ended it."""
    workers = Workers(store, tmp_path / "log", lease_s=0.8)
    end = time.monotonic() + 170
    try:
        for _ in range(2):
            workers.start()
        for turn in range(20):
            job = f"j{turn}"
            workers.submit("steps", job, 3, 0.25)
            workers.wait(lambda job=job: any(line.startswith(f"step {job} ") for line in workers.lines()))
            (owner,) = {line.split()[3] for line in workers.lines() if line.startswith(f"step {job} ")}
            frozen = workers.named(owner)
            while True:
                frozen.send_signal(signal.SIGSTOP)
                try:
                    workers.wait(lambda job=job: job in workers.ended(), 10)
                    break
                except AssertionError:  # stopped within a transaction, whose locks hold up everybody
                    assert time.monotonic() < end, "\n".join(workers.lines()[-40:])
                    frozen.send_signal(signal.SIGCONT)
                    time.sleep(0.05)
            frozen.send_signal(signal.SIGCONT)
        time.sleep(1.5)
        ends = Counter(workers.ended())
        assert ends == Counter({f"j{turn}": 1 for turn in range(20)}), "a late one ended its job again"
        assert set(workers.client.states(list(ends)).values()) == {"SUCCESS"}
    finally:
        workers.close()


def test_cancelled_jobs_stop_at_a_step_and_resume_from_it(workers: Workers) -> None:
    workers.start()
    workers.submit("steps", "a", 5, 0.3)
    workers.wait(lambda: "step a 1" in workers.log.read_text())
    workers.client.cancel("a")
    time.sleep(1.0)
    ran = sum(line.startswith("step a") for line in workers.lines())
    assert ran <= 3 and workers.ended() == []
    workers.client.resume("a", Queue.EXECUTIONS)
    workers.wait(lambda: workers.ended() == ["a"])
    assert sum(line.startswith("step a") for line in workers.lines()) <= 6


def test_a_small_tenant_does_not_wait_for_a_big_one(workers: Workers) -> None:
    for number in range(60):
        workers.submit("steps", f"big{number}", 1, 0.05, partition="big")
    for number in range(4):
        workers.submit("steps", f"small{number}", 1, 0.05, partition="small")
    workers.start()
    workers.wait(lambda: len(workers.ended()) == 64, 60)
    last = max(place for place, job in enumerate(workers.ended()) if job.startswith("small"))
    assert last < 40, "in order of arrival it would be the last"


def test_chaos(workers: Workers) -> None:
    """Twenty jobs, three workers, one of them killed every second or so."""
    chance = random.Random(1)
    for number in range(20):
        workers.submit("steps", f"j{number}", 4, 0.2)
    for _ in range(3):
        workers.start()
    for _ in range(5):
        time.sleep(chance.uniform(0.5, 1.0))
        chance.choice([p for p in workers.processes if p.poll() is None]).kill()
        workers.start()
    workers.wait(lambda: len(set(workers.ended())) == 20, 60)
    jobs = [f"j{n}" for n in range(20)]
    workers.wait(lambda: list(workers.client.states(jobs).values()) == ["SUCCESS"] * 20)
    assert all(line.split()[2] == "True" for line in workers.lines() if line.startswith("end "))
