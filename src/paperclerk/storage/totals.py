"""Sums over all tenants, for the operator's metrics. Called by `api.metrics` only, since they are nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.storage.executions import UNENDED, UNFINISHED, Status
from paperclerk.storage.outbox import EventState
from paperclerk.storage.tables import executions, model_usage, tenants, usage, webhook_events


@dataclass(frozen=True)
class EndedTotal:
    """Executions that ended, of one tenant; `is_own`: by an agent or a schema of the tenant."""

    tenant: str
    agent: str
    is_own: bool
    engine: str
    status: str
    executions: int
    elements: int
    credits: int
    seconds: int


@dataclass(frozen=True)
class ModelTotal:
    """What one model was asked for one tenant."""

    tenant: str
    agent: str
    is_own: bool
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True)
class Totals:
    """`open` are executions that have not ended, by status; `waits_since`: when the oldest that waits was made."""

    ended: tuple[EndedTotal, ...]
    models: tuple[ModelTotal, ...]
    open: dict[Status, int]
    waits_since: datetime | None
    webhooks: dict[EventState, int]


async def totals(connection: AsyncConnection) -> Totals:
    """As they stand. What ended is summed up over all time; executions and webhooks are those that are kept."""
    e, u, m, w = executions.c, usage.c, model_usage.c, webhook_events.c
    of_usage = (tenants.c.name, u.agent_name, u.is_own, u.engine, u.status)
    counts = (u.executions, u.elements, u.credits, u.seconds)
    of_model = (tenants.c.name, m.agent_name, m.is_own, m.model)
    model_counts = (m.calls, m.input_tokens, m.output_tokens)
    ended = await connection.execute(
        select(*of_usage, *(func.sum(c) for c in counts))
        .select_from(usage.join(tenants, tenants.c.id == u.tenant_id))
        .group_by(*of_usage)
    )
    asked = await connection.execute(
        select(*of_model, *(func.sum(c) for c in model_counts), func.sum(m.cost_usd))
        .select_from(model_usage.join(tenants, tenants.c.id == m.tenant_id))
        .group_by(*of_model)
    )
    asked_rows: Sequence[Any] = asked.all()
    standing = await connection.execute(
        select(e.status, func.count()).where(e.status.in_(UNENDED)).group_by(e.status)
    )
    waiting = [status for status in UNFINISHED if status is not Status.RUNNING]
    oldest = await connection.execute(select(func.min(e.created_at)).where(e.status.in_(waiting)))
    events = await connection.execute(select(w.state, func.count()).group_by(w.state))
    return Totals(
        ended=tuple(EndedTotal(*row[:5], *map(int, row[5:])) for row in ended),
        models=tuple(
            ModelTotal(tenant, agent, is_own, model, int(calls), int(into), int(out), float(cost))
            for tenant, agent, is_own, model, calls, into, out, cost in asked_rows
        ),
        open=dict.fromkeys(UNENDED, 0) | {Status(status): count for status, count in standing},
        waits_since=oldest.scalar_one(),
        webhooks=dict.fromkeys(EventState, 0) | {EventState(state): count for state, count in events},
    )
