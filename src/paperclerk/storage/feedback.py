"""Rows of feedback: what a reader corrected, and notes. Called by `api.feedback`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from paperclerk.storage.tables import feedback
from paperclerk.storage.tenancy import TenantRows


@dataclass(frozen=True)
class Feedback:
    """`response` is the whole corrected JSON, as the execution should have given it; None when only noted."""

    id: str
    execution_id: str
    response: Any
    notes: str | None
    created_at: datetime


class FeedbackRows(TenantRows):
    """Feedback of one tenant. The execution must exist: look it up in the same transaction."""

    async def add(self, execution_id: str, response: Any, notes: str | None, *, now: datetime) -> Feedback:
        made = Feedback(str(uuid4()), execution_id, response, notes, now)
        await self._connection.execute(
            self._insert(
                feedback,
                id=made.id,
                execution_id=execution_id,
                response=response,
                notes=notes,
                created_at=now,
            )
        )
        return made

    async def newest(self, execution_id: str, *, skip: int, limit: int) -> list[Feedback]:
        """Of one execution, newest first."""
        query = (
            self._select(feedback)
            .where(feedback.c.execution_id == execution_id)
            .order_by(feedback.c.created_at.desc(), feedback.c.id.desc())
            .offset(skip)
            .limit(limit)
        )
        rows = await self._connection.execute(query)
        return [Feedback(r.id, r.execution_id, r.response, r.notes, r.created_at) for r in rows]
