"""Events from the outbox to receivers that fail, lie and come back, over days of simulated time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook
from tests.outbound import servers

from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions, NewExecution
from paperclerk.storage.keys import Keys, WebhookSecrets
from paperclerk.storage.outbox import EventState, StoredEvent, Webhooks
from paperclerk.webhooks.delivery import Attempt
from paperclerk.webhooks.sender import JITTER, LEASE, PER_RECEIVER, SCHEDULE_S, Sender, judge
from paperclerk.webhooks.signing import new_secret

START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A database with one tenant and one execution, and a clock that stands until it is moved."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.time = START
        self.tenant_id = ""
        self.secret = new_secret()

    def now(self) -> datetime:
        return self.time

    def sender(self, name: str = "s1") -> Sender:
        return Sender(self.database, servers.loopback_guard(), name, now=self.now, chance=random.Random(1))

    async def set_up(self) -> None:
        async with self.database.write() as connection:
            tenant = await Keys(connection).tenant_named("t", now=START, webhook_secret=self.secret)
            self.tenant_id = tenant.id
            new = NewExecution("e1", "document", "a", "1", None, "vlm-1", True, (), "f")
            await Executions(connection, tenant.id).add(new, created_at=START)

    async def add(self, url: str, count: int = 1) -> list[str]:
        async with self.database.write() as connection:
            webhooks = Webhooks(connection, self.tenant_id)
            ids = [f"evt_{uuid4().hex}" for _ in range(count)]
            for event_id in ids:
                await webhooks.add(event_id, execution_id="e1", url=url, body='{"id":"e1"}', now=self.time)
            return ids

    async def event(self, event_id: str) -> StoredEvent:
        async with self.database.read() as connection:
            event = await Webhooks(connection, self.tenant_id).get(event_id)
        assert event is not None
        return event

    async def attempts(self, event_id: str) -> list[Any]:
        async with self.database.read() as connection:
            return list(await Webhooks(connection, self.tenant_id).attempts(event_id))


def simulate(store: sa.URL, story: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(store.render_as_string(hide_password=False))
        world = World(database)
        try:
            await world.set_up()
            await story(world)
        finally:
            await database.close()

    asyncio.run(run())


async def drain(world: World, sender: Sender) -> None:
    """Sends all that is due at the world's present time."""
    while await sender.claim():
        await sender.settle()


class Receiver:
    """Answers with what `answer` says at each request; remembers ids, and whether signatures verify."""

    def __init__(self, answer: Callable[[], bytes]) -> None:
        self.ids: Counter[str] = Counter()
        self.server = servers.RawServer(self._serve)
        self._answer = answer

    async def _serve(self, _: Any, writer: Any, head: bytes) -> None:
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.ids[headers["webhook-id"]] += 1
        writer.write(self._answer())


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
DOWN = b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"


def test_a_receiver_down_for_ten_hours_gets_every_event_once_it_is_back(store: sa.URL) -> None:
    async def story(world: World) -> None:
        receiver = Receiver(lambda: OK if world.time >= START + timedelta(hours=10) else DOWN)
        async with receiver.server.running() as server:
            events = await world.add(f"http://127.0.0.1:{server.port}/", 12)
            sender = world.sender()
            for _ in range(1000):
                await drain(world, sender)
                now = [await world.event(event) for event in events]
                waiting = [event.due_at for event in now if event.state is EventState.WAITING]
                if not waiting:
                    break
                world.time = min(waiting)
            assert {event.state for event in now} == {EventState.DELIVERED}
            assert timedelta(hours=10) <= world.time - START <= timedelta(hours=25)
            assert set(receiver.ids) == set(events)
            for event in events:
                attempts = await world.attempts(event)
                assert [a.number for a in attempts] == list(range(1, receiver.ids[event] + 1))
                assert [a.status for a in attempts] == [503] * (len(attempts) - 1) + [200]

    simulate(store, story)


def test_the_schedule_covers_three_days_and_then_ends() -> None:
    failed = Attempt(START, 0.1, status=500)
    for jitter in (-1.0, 0.0, 1.0):
        moment = START
        for number in range(1, len(SCHEDULE_S)):
            verdict = judge(failed, number, moment, jitter)
            assert verdict.state is EventState.WAITING
            moment = verdict.due_at
        assert 72 * (1 - JITTER) <= (moment - START).total_seconds() / 3600 <= 76 * (1 + JITTER)
        assert judge(failed, len(SCHEDULE_S), moment, jitter).state is EventState.EXHAUSTED


@pytest.mark.parametrize(
    ("attempt", "state", "least_s", "most_s"),
    [
        (Attempt(START, 0, status=204), EventState.DELIVERED, 0, 0),
        (Attempt(START, 0, status=410), EventState.GONE, 0, 0),
        (Attempt(START, 0, error="fetch_failed: x"), EventState.WAITING, 4, 6),
        (Attempt(START, 0, status=302), EventState.WAITING, 4, 6),
        (Attempt(START, 0, status=429, retry_after_s=90), EventState.WAITING, 90, 90),
        (Attempt(START, 0, status=503, retry_after_s=1e9), EventState.WAITING, 21_600, 21_600),
    ],
)
def test_what_becomes_of_an_event(attempt: Attempt, state: EventState, least_s: float, most_s: float) -> None:
    verdict = judge(attempt, 1, START, 0.0)
    assert verdict.state is state
    assert least_s <= (verdict.due_at - START).total_seconds() <= most_s


def test_a_dead_receiver_holds_up_nobody_else(store: sa.URL) -> None:
    async def story(world: World) -> None:
        release = asyncio.Event()

        async def hang(_: Any, writer: Any, __: bytes) -> None:
            await release.wait()

        good = Receiver(lambda: OK)
        dead = servers.RawServer(hang)
        async with dead.running(), good.server.running():
            await world.add(f"http://127.0.0.1:{dead.port}/", 200)
            await world.add(f"http://127.0.0.1:{good.server.port}/", 20)
            running = asyncio.create_task(world.sender().run())
            for _ in range(200):
                await asyncio.sleep(0.05)
                if len(good.ids) == 20:
                    break
            assert len(good.ids) == 20
            assert len(dead.requests) == PER_RECEIVER
            running.cancel()
            release.set()

    simulate(store, story)


def test_an_event_of_a_sender_that_died_is_sent_by_another_under_the_same_id(store: sa.URL) -> None:
    async def story(world: World) -> None:
        receiver = Receiver(lambda: OK)
        async with receiver.server.running() as server:
            (event,) = await world.add(f"http://127.0.0.1:{server.port}/")
            first = world.sender("dies")
            await first.claim()
            for task in first._tasks:
                task.cancel()
            await first.settle()
            second = world.sender("lives")
            assert await second.claim() == 0, "it is leased"
            world.time += LEASE
            await drain(world, second)
            assert (await world.event(event)).state is EventState.DELIVERED
            assert set(receiver.ids) == {event}

    simulate(store, story)


def test_two_senders_do_not_send_the_same_event(store: sa.URL) -> None:
    async def story(world: World) -> None:
        receiver = Receiver(lambda: OK)
        async with receiver.server.running() as server:
            events = await world.add(f"http://127.0.0.1:{server.port}/", 30)
            one, two = world.sender("one"), world.sender("two")
            while sum(await asyncio.gather(one.claim(), two.claim())):
                await asyncio.gather(one.settle(), two.settle())
            assert receiver.ids == Counter(events)

    simulate(store, story)


def test_replay_and_a_new_secret(store: sa.URL) -> None:
    async def story(world: World) -> None:
        signed: list[tuple[bytes, dict[str, str]]] = []

        async def serve(reader: Any, writer: Any, head: bytes) -> None:
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
            signed.append((await reader.readexactly(int(headers["Content-Length"])), headers))
            writer.write(OK)

        async with servers.RawServer(serve).running() as server:
            (event,) = await world.add(f"http://127.0.0.1:{server.port}/")
            world.time = datetime.now(UTC)
            sender = world.sender()
            await drain(world, sender)
            newer = new_secret()
            async with world.database.write() as connection:
                await WebhookSecrets(connection, world.tenant_id).add(newer, now=world.time)
                assert await Webhooks(connection, world.tenant_id).replay(event, now=world.time)
                assert not await Webhooks(connection, "other tenant").replay(event, now=world.time)
            await drain(world, sender)
        assert [headers["webhook-id"] for _, headers in signed] == [event, event]
        Webhook(world.secret).verify(*signed[0])
        for secret in (world.secret, newer):
            Webhook(secret).verify(*signed[1])

    simulate(store, story)
