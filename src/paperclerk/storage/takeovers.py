"""Rows of jobs whose worker died. Called by `jobs.sweeper` only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func

from paperclerk.storage.tables import takeovers
from paperclerk.storage.tenancy import TenantRows


class Takeovers(TenantRows):
    """Deaths of workers over one tenant's jobs."""

    async def happened(self, execution_id: str) -> bool:
        """Whether any worker has died over the job."""
        query = self._select(takeovers, func.count()).where(takeovers.c.execution_id == execution_id)
        return bool((await self._connection.execute(query)).scalar_one())

    async def record(
        self, execution_id: str, *, executor_id: str, claimed_at_ms: int, steps_done: int, at: datetime
    ) -> int:
        """Notes that `executor_id` died over the job; returns how often that happened at this very step.

        The same claim counts once, however many sweepers see it. Steps only grow in number, so the deaths
        with the same `steps_done` are those with no step finished in between.
        """
        t = takeovers.c
        same = (
            self._select(takeovers, func.count())
            .where(t.execution_id == execution_id)
            .where(t.executor_id == executor_id, t.claimed_at_ms == claimed_at_ms)
        )
        if not (await self._connection.execute(same)).scalar_one():
            await self._connection.execute(
                self._insert(
                    takeovers,
                    execution_id=execution_id,
                    executor_id=executor_id,
                    claimed_at_ms=claimed_at_ms,
                    steps_done=steps_done,
                    at=at,
                )
            )
        here = self._select(takeovers, func.count()).where(
            t.execution_id == execution_id, t.steps_done == steps_done
        )
        return int((await self._connection.execute(here)).scalar_one())
