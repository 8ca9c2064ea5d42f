"""What executions used, added up by month; a key's credits, which requests at the same moment cannot overspend."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from paperclerk.domain.errors import CreditsExhausted
from paperclerk.jobs.accepting import accept
from paperclerk.jobs.ending import end
from paperclerk.security.keys import new_key
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions, NewExecution, Outcome, Status
from paperclerk.storage.keys import Keys, Tenant
from paperclerk.storage.usage import Credits, UsageRows, month_of, month_start

LAST_MOMENT = datetime(2030, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
FEBRUARY = LAST_MOMENT + timedelta(microseconds=1)
MODEL = {"model": "m", "calls": 2, "input_tokens": 30, "output_tokens": 4, "cost_usd": 0.5}


def asked(name: str, key_id: str, held: int = 0) -> NewExecution:
    return NewExecution(
        id=name,
        kind="document",
        agent_name="document.invoice",
        agent_version="1",
        domain="document.invoice",
        model="vlm-1",
        batch=True,
        inputs=(),
        fingerprint=name,
        key_id=key_id,
        credits_held=held,
    )


async def tenant_with_key(database: Database) -> tuple[Tenant, str]:
    _, parts = new_key()
    async with database.write() as connection:
        owner = await Keys(connection).tenant_named("a", now=FEBRUARY, webhook_secret="s")
        await Keys(connection).add(owner, parts, plan="poor", now=FEBRUARY)
    return owner, parts.id


def completed(credits_used: int) -> Outcome:
    usage = {"elements_processed": 3, "duration_seconds": 7, "engine": "model", "models": [MODEL]}
    return Outcome(Status.COMPLETED, FEBRUARY, usage=usage, credits_used=credits_used)


def test_requests_at_the_same_moment_hold_no_more_than_there_is(store: sa.URL, tmp_path: Path) -> None:
    async def job() -> None:
        database = Database(store.render_as_string(hide_password=False))
        contents = Contents(database, Blobs(f"file://{tmp_path}", staging=tmp_path / "staging"))
        owner, key = await tenant_with_key(database)

        async def ask(number: int) -> bool:
            new = asked(f"e{number}", key, held=4)
            try:
                await accept(contents, owner.id, new, [], now=FEBRUARY, monthly_credits=10)
            except CreditsExhausted as error:
                assert "10 credits" in error.message and "needs 4" in error.message
                return False
            return True

        accepted = await asyncio.gather(*(ask(number) for number in range(12)))
        assert sum(accepted) == 2
        first = accepted.index(True)
        await end_running(database, owner, f"e{first}", completed(1))
        async with database.read() as connection:
            assert await UsageRows(connection, owner.id).credits(key, FEBRUARY) == Credits(1, 4)
        assert await ask(20), "what was held and not used is free again"
        assert not await ask(21)
        assert await ask(20), "the same request again is the same execution"
        await database.close()

    asyncio.run(job())


async def end_running(database: Database, owner: Tenant, name: str, outcome: Outcome) -> None:
    async with database.write() as connection:
        executions = Executions(connection, owner.id)
        assert await executions.start(name, started_at=FEBRUARY)
        execution = await executions.get(name)
        assert execution is not None
    assert await end(database, execution, outcome)
    assert not await end(database, execution, outcome), "nothing ends twice"


def test_a_month_keeps_what_it_accepted_though_executions_are_deleted(store: sa.URL) -> None:
    async def job() -> None:
        database = Database(store.render_as_string(hide_password=False))
        owner, key = await tenant_with_key(database)
        for name, made in (("old", LAST_MOMENT), ("new", FEBRUARY), ("newer", FEBRUARY)):
            async with database.write() as connection:
                await Executions(connection, owner.id).add(asked(name, key, held=9), created_at=made)
        async with database.read() as connection:
            rows = UsageRows(connection, owner.id)
            assert (await rows.credits(key, FEBRUARY)).held == 18
        for name, cost in (("old", 5), ("new", 2)):
            await end_running(database, owner, name, completed(cost))
        async with database.write() as connection:
            await Executions(connection, owner.id).delete(["old", "new"])
        async with database.read() as connection:
            rows = UsageRows(connection, owner.id)
            assert await rows.credits(key, LAST_MOMENT) == Credits(5, 0)
            assert await rows.credits(key, FEBRUARY) == Credits(2, 9)
            assert await rows.credits("another", FEBRUARY) == Credits(0, 0)
            assert await UsageRows(connection, "another").of_month("2030-02") == []
            [used] = await rows.of_month("2030-02")
            assert (used.executions, used.elements, used.credits, used.seconds) == (1, 3, 2, 7)
            assert (used.engine, used.status, used.is_own) == ("model", "completed", False)
        await database.close()

    asyncio.run(job())


def test_what_was_used_before_usage_was_kept(store: sa.URL) -> None:
    migration = importlib.import_module("paperclerk.storage.migrations.versions.0010_usage")

    async def job() -> None:
        database = Database(store.render_as_string(hide_password=False))
        owner, key = await tenant_with_key(database)
        async with database.write() as connection:
            executions = Executions(connection, owner.id)
            for name, made in (
                ("old", LAST_MOMENT),
                ("new", FEBRUARY),
                ("newer", FEBRUARY),
                ("open", FEBRUARY),
            ):
                await executions.add(asked(name, key), created_at=made)
                if name != "open":
                    assert await executions.start(name, started_at=FEBRUARY)
                    assert await executions.finish(name, completed(3))
            await connection.run_sync(lambda sync: _run(sync, migration._add_what_was_used))
        async with database.read() as connection:
            rows = UsageRows(connection, owner.id)
            assert await rows.credits(key, LAST_MOMENT) == Credits(3, 0)
            assert await rows.credits(key, FEBRUARY) == Credits(6, 0)
        await database.close()

    asyncio.run(job())


def _run(connection: sa.Connection, step: Callable[[], None]) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        step()


def test_months_end_in_utc() -> None:
    west = FEBRUARY.astimezone(datetime.strptime("-0500", "%z").tzinfo)
    assert month_of(west) == "2030-02" and month_of(LAST_MOMENT) == "2030-01"
    assert month_start(west) == FEBRUARY
