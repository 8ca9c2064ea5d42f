"""Takes up the jobs of dead workers. Run by every worker, once a second; the durable engine does not do it.

A job whose worker died goes to the queue of suspects and on from its last finished step; after three deaths
at one step it is parked. A job whose worker fell silent, stopped or cut off, goes on elsewhere as well: what
the silent one still writes is refused. Every action may be done twice, so sweepers need no lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from paperclerk.durable import Claim, DurableClient, Queue
from paperclerk.jobs.liveness import LEASE_S, Liveness

MAX_DEATHS_AT_A_STEP = 3
STRANDED_AFTER_S = 5.0

log = structlog.get_logger(__name__)

CountDeath = Callable[[Claim, int], Awaitable[int]]
"""Notes a death over a claim with so many steps done; how often it happened at that step."""

Park = Callable[[str], Awaitable[None]]
"""Ends a job that kills its workers."""


@dataclass(frozen=True)
class Sweeper:
    """Looks for stranded jobs on behalf of `executor_id`. `running` gives the jobs of this process."""

    executor_id: str
    client: DurableClient
    liveness: Liveness
    running: Callable[[], frozenset[str]]
    count_death: CountDeath
    park: Park
    lease_s: float = LEASE_S

    async def sweep(self, now_s: float) -> int:
        """One look at every claim, at `now_s` (seconds since 1970); returns how many jobs it took up."""
        await asyncio.to_thread(self.liveness.beat)
        claims = await asyncio.to_thread(self.client.claims)
        silences: dict[str, float | None] = {}
        taken = 0
        for claim in claims:
            if claim.executor_id == self.executor_id:
                taken += await self._own(claim, now_s)
                continue
            if claim.executor_id not in silences:
                silences[claim.executor_id] = await asyncio.to_thread(
                    self.liveness.silent_s, claim.executor_id
                )
            taken += await self._of_another(claim, silences[claim.executor_id])
        return taken

    async def _own(self, claim: Claim, now_s: float) -> int:
        """A claim of ours that nothing here runs: the database failed between the claim and the start."""
        if claim.job_id in self.running() or now_s - claim.claimed_at_ms / 1000 < STRANDED_AFTER_S:
            return 0
        return await self._resume(claim, Queue(claim.queue))

    async def _of_another(self, claim: Claim, silent_s: float | None) -> int:
        if silent_s is None:
            return await self._after_death(claim)
        if silent_s > self.lease_s:
            log.warning("worker is silent", executor=claim.executor_id, job=claim.job_id, seconds=silent_s)
            return await self._resume(claim, Queue(claim.queue))
        return 0

    async def _after_death(self, claim: Claim) -> int:
        steps = await asyncio.to_thread(self.client.steps_done, claim.job_id)
        deaths = await self.count_death(claim, steps)
        log.warning("worker died", executor=claim.executor_id, job=claim.job_id, deaths=deaths, steps=steps)
        if deaths < MAX_DEATHS_AT_A_STEP:
            return await self._resume(claim, Queue.SUSPECTS)
        await self.park(claim.job_id)
        await asyncio.to_thread(self.client.cancel, claim.job_id)
        return 1

    async def _resume(self, claim: Claim, queue: Queue) -> int:
        # Somebody else may have taken it up meanwhile, or it has ended.
        if await asyncio.to_thread(self.client.claim, claim.job_id) != claim:
            return 0
        await asyncio.to_thread(self.client.resume, claim.job_id, queue)
        return 1
