"""One attempt to deliver one webhook. Called by the sender of the jobs; knows no database.

The guard checks the address at every attempt, since a name may have turned private after its creation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from paperclerk.domain.errors import PaperclerkError
from paperclerk.security.outbound import OutboundGuard
from paperclerk.webhooks.signing import signed_headers

ATTEMPT_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Event:
    """What is to be delivered. `id` is the same on every attempt; receivers drop repeats by it."""

    id: str
    url: str
    body: bytes


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended. `status` is None when no reply came; then `error` says why."""

    attempted_at: datetime
    seconds: float
    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver says that it does not want this event, now or later (410)."""
        return self.status == 410


def _now() -> datetime:
    return datetime.now(UTC)


async def deliver(
    guard: OutboundGuard, event: Event, secrets: Sequence[str], *, now: Callable[[], datetime] = _now
) -> Attempt:
    """Posts `event`, signed. Never raises for what a receiver or its address does: the attempt says it."""
    attempted_at, started = now(), time.monotonic()
    headers = signed_headers(event.body, webhook_id=event.id, attempted_at=attempted_at, secrets=secrets)
    headers["Content-Type"] = "application/json"
    try:
        answer = await guard.post(event.url, event.body, headers, timeout_s=ATTEMPT_TIMEOUT_S)
    except PaperclerkError as error:
        return Attempt(attempted_at, time.monotonic() - started, error=f"{error.code}: {error.message}")
    return Attempt(
        attempted_at, time.monotonic() - started, status=answer.status, retry_after_s=answer.retry_after_s
    )
