"""Sends the webhooks that are due, again and again until they are taken. Run by every worker.

Events of one receiver never hold up those of another: each has a few sends at a time, and a schedule of its
own. Receivers see an event at least once, always with the same id.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from paperclerk.security.outbound import OutboundGuard
from paperclerk.storage.database import Database, cause_of, is_outage, is_refused
from paperclerk.storage.keys import WebhookSecrets
from paperclerk.storage.outbox import EventState, StoredAttempt, StoredEvent, Webhooks, claim_due, next_due
from paperclerk.webhooks.delivery import ATTEMPT_TIMEOUT_S, Attempt, Event, deliver

# Seconds before each attempt: ten of them over three days, as Standard Webhooks proposes.
SCHEDULE_S = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2
MAX_RETRY_AFTER_S = 6 * 3600.0
LEASE = timedelta(seconds=ATTEMPT_TIMEOUT_S + 15)
PER_RECEIVER = 4
AT_ONCE = 64
POLL_S = 0.5

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Verdict:
    """What becomes of an event after an attempt."""

    state: EventState
    due_at: datetime


def judge(attempt: Attempt, number: int, now: datetime, jitter: float) -> Verdict:
    """The event's fate after attempt `number` (from 1). `jitter`, -1..1, spreads the next one."""
    if attempt.delivered:
        return Verdict(EventState.DELIVERED, now)
    if attempt.gone:
        return Verdict(EventState.GONE, now)
    if number >= len(SCHEDULE_S):
        return Verdict(EventState.EXHAUSTED, now)
    wait_s = SCHEDULE_S[number] * (1 + JITTER * jitter)
    asked_s = min(attempt.retry_after_s or 0.0, MAX_RETRY_AFTER_S)
    return Verdict(EventState.WAITING, now + timedelta(seconds=max(wait_s, asked_s)))


class Sender:
    """Claims due events under the name `sender` and sends them. `now` and `chance` are replaced in tests."""

    def __init__(
        self,
        database: Database,
        guard: OutboundGuard,
        sender: str,
        *,
        now: Callable[[], datetime] = utc_now,
        chance: random.Random | None = None,
    ) -> None:
        self._database = database
        self._guard = guard
        self._sender = sender
        self._now = now
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """An event was added: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Sends until it is cancelled. What is being sent then becomes due again when its lease ends."""
        while True:
            self._wake.clear()
            try:
                await self.claim()
            except Exception as error:  # the border of one look; the next may find the database back
                if is_outage(error) or is_refused(error):
                    log.warning("the database is away; webhooks wait for it", error=cause_of(error))
                else:
                    log.exception("webhooks could not be claimed")
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_S)
            except TimeoutError:
                pass

    async def claim(self) -> int:
        """One look: claims what is due and fits, begins to send it, returns how many."""
        room = AT_ONCE - len(self._tasks)
        if room <= 0:
            return 0
        now = self._now()
        async with self._database.read() as connection:
            first = await next_due(connection)
        if first is None or first > now:
            return 0
        async with self._database.write() as connection:
            events = await claim_due(
                connection,
                sender=self._sender,
                now=now,
                lease_until=now + LEASE,
                busy=self._busy,
                per_host=PER_RECEIVER,
                limit=room,
            )
        for event in events:
            self._busy[event.host] += 1
            task = asyncio.create_task(self._send(event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(events)

    async def settle(self) -> None:
        """Waits for the sends that have begun."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, event: StoredEvent) -> None:
        try:
            async with self._database.read() as connection:
                secrets = await WebhookSecrets(connection, event.tenant_id).active()
            message = Event(event.id, event.url, event.body.encode())
            attempt = await deliver(self._guard, message, secrets, now=self._now)
            await self._record(event, attempt)
        except Exception:  # the border of one event; its lease ends and it is tried again
            log.exception("a webhook could not be handled", webhook=event.id)
        finally:
            self._busy[event.host] -= 1
            if self._busy[event.host] <= 0:
                del self._busy[event.host]
            self._wake.set()

    async def _record(self, event: StoredEvent, attempt: Attempt) -> None:
        async with self._database.write() as connection:
            webhooks = Webhooks(connection, event.tenant_id)
            number = await webhooks.attempts_made(event.id) + 1
            verdict = judge(attempt, number, self._now(), self._chance.uniform(-1, 1))
            await webhooks.record(
                event.id,
                StoredAttempt(
                    number,
                    attempt.attempted_at,
                    round(attempt.seconds * 1000),
                    attempt.status,
                    attempt.error,
                ),
                state=verdict.state,
                due_at=verdict.due_at,
            )
        if verdict.state is not EventState.DELIVERED:
            log.info(
                "webhook not delivered",
                webhook=event.id,
                attempt=number,
                status=attempt.status,
                error=attempt.error,
                state=verdict.state.value,
            )
