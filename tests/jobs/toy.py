"""A worker process with a toy job, run as `python -m tests.jobs.toy URL EXECUTOR LOG`.

It has the real port, the real locks and the real sweeper; what it does, and deaths it hears of, stand in LOG.
The job `steps` takes a count and a pause and logs every step that it runs; `lethal` kills its worker. A line
`JOB TOKEN` on standard input has it run a job that was handed over to it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from paperclerk.durable import Claim, DurableClient, DurableWorker, Queue, step
from paperclerk.jobs.liveness import hold_liveness
from paperclerk.jobs.sweeper import Sweeper


def main(url: sa.URL, executor_id: str, log: Path, lease_s: float) -> None:
    def note(*words: object) -> None:
        with log.open("a") as out:  # one write, so that processes do not mix their lines
            out.write(" ".join(map(str, words)) + "\n")

    def one(job: str, number: int, pause_s: float) -> int:
        note("step", job, number, executor_id)
        time.sleep(pause_s)
        return number * 10

    def steps(job: str, count: int, pause_s: float) -> None:
        got = [step(f"step {n}", one, job, n, pause_s) for n in range(count)]
        note("end", job, got == [n * 10 for n in range(count)], executor_id)

    def lethal(job: str) -> None:
        step("first", one, job, 0, 0.0)
        note("kill", job, executor_id)
        os.kill(os.getpid(), signal.SIGKILL)

    liveness = hold_liveness(url, executor_id)
    worker = DurableWorker(url, executor_id)
    worker.register("steps", steps)
    worker.register("lethal", lethal)
    worker.launch({Queue.EXECUTIONS: 4, Queue.SUSPECTS: 1}, poll_s=0.1)
    client = DurableClient(url)

    async def count_death(claim: Claim, steps_done: int) -> int:
        note("death", claim.job_id, steps_done, claim.executor_id, claim.claimed_at_ms)
        lines = (await asyncio.to_thread(log.read_text)).splitlines()
        deaths = {line for line in lines if line.startswith(f"death {claim.job_id} ")}
        return sum(line.split()[2] == str(steps_done) for line in deaths)

    async def park(job_id: str) -> None:
        note("parked", job_id)

    sweeper = Sweeper(executor_id, client, liveness, worker.running, count_death, park, lease_s)

    async def sweep() -> None:
        while True:
            await sweeper.sweep(time.time())
            await asyncio.sleep(0.3)

    def obey() -> None:
        for line in sys.stdin:
            job, token = line.split()
            if not worker.run(job, token, Queue.EXECUTIONS):
                note("full", job)
                client.resume(job, Queue.EXECUTIONS)

    note("up", executor_id)
    threading.Thread(target=obey, daemon=True).start()
    asyncio.run(sweep())


if __name__ == "__main__":
    main(sa.make_url(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
