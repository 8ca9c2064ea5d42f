"""Rows of webhooks that wait to be sent, and of every attempt. Called by `jobs`, `webhooks.sender` and `api`.

An event is added in the transaction that ends its execution. Senders claim due events with a lease: `due_at`
moves to the lease's end, so the event of a sender that dies becomes due again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.storage.tables import webhook_attempts, webhook_events
from paperclerk.storage.tenancy import TenantRows


class EventState(StrEnum):
    """Where a webhook stands."""

    WAITING = "waiting"  # for its next attempt, at `due_at`
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"  # every attempt of the schedule failed
    GONE = "gone"  # the receiver answered 410


@dataclass(frozen=True)
class StoredEvent:
    """One webhook. `attempts` have been made; `due_at` is the next one's time, or the end of its lease."""

    tenant_id: str
    id: str
    execution_id: str
    url: str
    host: str
    body: str
    state: EventState
    created_at: datetime
    attempts: int
    due_at: datetime


@dataclass(frozen=True)
class StoredAttempt:
    """One attempt. `status` is None when no reply came; `error` then says why."""

    number: int
    attempted_at: datetime
    milliseconds: int
    status: int | None
    error: str | None


class Webhooks(TenantRows):
    """Webhooks of one tenant."""

    async def add(
        self,
        event_id: str,
        *,
        execution_id: str,
        url: str,
        body: str,
        now: datetime,
        due_at: datetime | None = None,
    ) -> None:
        """Adds an event that is due at `due_at`, else at once."""
        await self._connection.execute(
            self._insert(
                webhook_events,
                id=event_id,
                execution_id=execution_id,
                url=url,
                host=(urlsplit(url).netloc or "?")[:260].lower(),
                body=body,
                state=EventState.WAITING,
                created_at=now,
                attempts=0,
                due_at=due_at or now,
            )
        )

    async def complete(self, event_id: str, body: str, *, now: datetime) -> None:
        """Gives an event that no sender has seen yet a fuller body, and makes it due now."""
        e = webhook_events.c
        await self._connection.execute(
            self._update(webhook_events)
            .where(e.id == event_id, e.state == EventState.WAITING, e.attempts == 0, e.leased_by.is_(None))
            .values(body=body, due_at=now)
        )

    async def get(self, event_id: str) -> StoredEvent | None:
        query = self._select(webhook_events).where(webhook_events.c.id == event_id)
        row = (await self._connection.execute(query)).one_or_none()
        return _event(row) if row else None

    async def attempts(self, event_id: str) -> list[StoredAttempt]:
        """In the order they were made."""
        a = webhook_attempts.c
        query = self._select(webhook_attempts).where(a.event_id == event_id).order_by(a.number)
        return [
            StoredAttempt(r.number, r.attempted_at, r.milliseconds, r.status, r.error)
            for r in await self._connection.execute(query)
        ]

    async def list(
        self, *, execution_id: str | None, state: EventState | None, skip: int, limit: int
    ) -> list[StoredEvent]:
        """Newest first."""
        e = webhook_events.c
        query = self._select(webhook_events).order_by(e.created_at.desc(), e.id).offset(skip).limit(limit)
        if execution_id is not None:
            query = query.where(e.execution_id == execution_id)
        if state is not None:
            query = query.where(e.state == state)
        return [_event(row) for row in await self._connection.execute(query)]

    async def replay(self, event_id: str, *, now: datetime) -> bool:
        """Makes an event due now, whatever became of it. False when there is none of that id."""
        result = await self._connection.execute(
            self._update(webhook_events)
            .where(webhook_events.c.id == event_id)
            .values(state=EventState.WAITING, due_at=now, leased_by=None)
        )
        return result.rowcount == 1

    async def record(
        self, event_id: str, attempt: StoredAttempt, *, state: EventState, due_at: datetime
    ) -> None:
        """Writes how an attempt ended and what becomes of the event."""
        await self._connection.execute(
            self._insert(
                webhook_attempts,
                event_id=event_id,
                number=attempt.number,
                attempted_at=attempt.attempted_at,
                milliseconds=attempt.milliseconds,
                status=attempt.status,
                error=attempt.error,
            )
        )
        await self._connection.execute(
            self._update(webhook_events)
            .where(webhook_events.c.id == event_id)
            .values(state=state, attempts=attempt.number, due_at=due_at, leased_by=None)
        )

    async def attempts_made(self, event_id: str) -> int:
        """How many attempts are recorded; a lost lease may have added one meanwhile."""
        query = self._select(webhook_attempts, func.coalesce(func.max(webhook_attempts.c.number), 0))
        return int(
            (
                await self._connection.execute(query.where(webhook_attempts.c.event_id == event_id))
            ).scalar_one()
        )


async def claim_due(
    connection: AsyncConnection,
    *,
    sender: str,
    now: datetime,
    lease_until: datetime,
    busy: Mapping[str, int],
    per_host: int,
    limit: int,
) -> list[StoredEvent]:
    """Leases due events of all tenants to `sender`: of each host as many as fit beside its `busy` ones.

    A host with many due events takes no place from the others.
    """
    e = webhook_events.c
    rank = func.row_number().over(partition_by=e.host, order_by=(e.due_at, e.id)).label("rank")
    due = (
        select(e.tenant_id, e.id, e.host, rank)
        .where(e.state == EventState.WAITING, e.due_at <= now)
        .subquery()
    )
    full = [host for host, count in busy.items() if count >= per_host]
    query = select(due).where(due.c.rank <= per_host, due.c.host.not_in(full)).order_by(due.c.rank)
    rows = (await connection.execute(query.limit(limit))).all()
    claimed = []
    for row in rows:
        if row.rank > per_host - busy.get(row.host, 0):
            continue
        taken = await connection.execute(
            update(webhook_events)
            .where(e.tenant_id == row.tenant_id, e.id == row.id)
            .where(e.state == EventState.WAITING, e.due_at <= now)
            .values(due_at=lease_until, leased_by=sender)
            .returning(webhook_events)
        )
        claimed += [_event(event) for event in taken]
    return claimed


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next waiting event is due, None when none waits."""
    query = select(func.min(webhook_events.c.due_at)).where(webhook_events.c.state == EventState.WAITING)
    found: datetime | None = (await connection.execute(query)).scalar_one()
    return found


def _event(row: Row[Any]) -> StoredEvent:
    r = row._mapping
    return StoredEvent(
        tenant_id=r["tenant_id"],
        id=r["id"],
        execution_id=r["execution_id"],
        url=r["url"],
        host=r["host"],
        body=r["body"],
        state=EventState(r["state"]),
        created_at=r["created_at"],
        attempts=r["attempts"],
        due_at=r["due_at"],
    )
