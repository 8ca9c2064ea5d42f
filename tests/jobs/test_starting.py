"""A start is written once: soon, before a trace is left, or with the end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import sqlalchemy as sa

from paperclerk.jobs.starting import Start
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions, NewExecution, Status
from paperclerk.storage.keys import Keys

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_start_is_noted_or_given_to_the_end_and_never_both(store: sa.URL) -> None:
    async def job() -> None:
        database = Database(store.render_as_string(hide_password=False))
        async with database.write() as connection:
            owner = await Keys(connection).tenant_named("a", now=NOW, webhook_secret="s")
            executions = Executions(connection, owner.id)
            short, long = [
                await executions.add(
                    NewExecution(name, "document", "a", "1", None, "m", True, (), f"f-{name}"), created_at=NOW
                )
                for name in ("short", "long")
            ]
        ended, noted = Start(database, short, at=NOW), Start(database, long, at=NOW)
        assert await ended.unnoted() == NOW
        assert not await ended.note(), "whoever ends it writes its start"
        assert await noted.note()
        assert await noted.unnoted() is None
        async with database.read() as connection:
            found = [await Executions(connection, owner.id).get(name) for name in ("short", "long")]
        assert [(e.status, e.attempts) for e in found if e] == [(Status.ENQUEUED, 0), (Status.RUNNING, 1)]
        await database.close()

    asyncio.run(job())
