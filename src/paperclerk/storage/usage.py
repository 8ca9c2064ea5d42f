"""What ended executions used, by key and month; and what a key may still use. Called by `jobs` and `api.usage`.

Executions belong to the month in which they were accepted, so a month's figure never changes sides at its border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Executable, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from paperclerk.storage.executions import UNENDED, Execution, Outcome
from paperclerk.storage.tables import api_keys, executions, model_usage, usage
from paperclerk.storage.tenancy import TenantRows

LONGER_THAN_A_MONTH = timedelta(days=32)


@dataclass(frozen=True)
class Credits:
    """Of one key in one month: `used` by what has ended, `held` for what has not."""

    used: int
    held: int


@dataclass(frozen=True)
class Used:
    """What ended with one status used in a month; `is_own`: by an agent or a schema of the tenant."""

    agent_name: str
    is_own: bool
    engine: str
    status: str
    executions: int
    elements: int
    credits: int
    seconds: int


class UsageRows(TenantRows):
    """Usage of one tenant."""

    async def add(self, ended: Execution, outcome: Outcome) -> None:
        """Adds an execution that has just ended: in the transaction of its outcome, so that it counts once."""
        engine = outcome.usage.get("engine") or "none"
        await self._increase(
            usage,
            self._keys(ended) | {"engine": engine, "status": outcome.status},
            executions=1,
            elements=outcome.usage.get("elements_processed") or 0,
            credits=outcome.credits_used,
            seconds=outcome.usage.get("duration_seconds") or 0,
        )
        await self.add_models(ended, outcome.usage.get("models") or ())

    async def add_models(self, ended: Execution, uses: Sequence[Mapping[str, Any]]) -> None:
        """Adds what models were asked for it."""
        for use in uses:
            counts = {name: value for name, value in use.items() if name != "model"}
            await self._increase(model_usage, self._keys(ended) | {"model": use["model"]}, **counts)

    async def credits(self, key_id: str, now: datetime, *, locked: bool = False) -> Credits:
        """Of the month that `now` is in. `locked`: no other transaction gets them so until this one ends."""
        if locked:  # SQLite has one writer anyway
            await self._connection.execute(
                self._select(api_keys, api_keys.c.id).where(api_keys.c.id == key_id).with_for_update()
            )
        e, u = executions.c, usage.c
        used = self._select(usage, func.coalesce(func.sum(u.credits), 0)).where(
            u.key_id == key_id, u.month == month_of(now)
        )
        start = month_start(now)
        held = self._select(executions, func.coalesce(func.sum(e.credits_held), 0)).where(
            e.key_id == key_id,
            e.status.in_(UNENDED),
            e.created_at >= start,
            e.created_at < month_start(start + LONGER_THAN_A_MONTH),
        )
        # One statement, so one moment: what ends in between is neither missed nor counted twice.
        both = select(used.scalar_subquery(), held.scalar_subquery())
        return Credits(*map(int, (await self._connection.execute(both)).one()))

    async def of_month(self, month: str) -> list[Used]:
        """Of all the tenant's keys together."""
        u = usage.c
        groups = (u.agent_name, u.is_own, u.engine, u.status)
        sums = (func.sum(column) for column in (u.executions, u.elements, u.credits, u.seconds))
        query = (
            self._select(usage, *groups, *sums).where(u.month == month).group_by(*groups).order_by(*groups)
        )
        return [_used(row) for row in await self._connection.execute(query)]

    def _keys(self, ended: Execution) -> dict[str, Any]:
        return {
            "key_id": ended.request.key_id or "",
            "month": month_of(ended.created_at),
            "agent_name": ended.request.agent_name,
            "is_own": ended.request.domain is None,
        }

    async def _increase(self, table: Table, keys: Mapping[str, Any], **counts: float) -> None:
        statement = _increase(self._connection.dialect.name, table, tuple(counts))
        await self._connection.execute(statement, {"tenant_id": self.tenant_id, **keys, **counts})


@cache
def _increase(dialect: str, table: Table, counts: tuple[str, ...]) -> Executable:
    """Adds to `counts` of the row with that key, or makes it."""
    made = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    sums = {name: table.c[name] + made.excluded[name] for name in counts}
    statement: Executable = made.on_conflict_do_update(index_elements=table.primary_key.columns, set_=sums)
    return statement


def month_start(now: datetime) -> datetime:
    """The first moment of the calendar month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_of(moment: datetime) -> str:
    """The calendar month, UTC, like `2030-01`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def _used(row: Any) -> Used:
    name, is_own, engine, status, *counts = row
    return Used(name, is_own, engine, status, *map(int, counts))
