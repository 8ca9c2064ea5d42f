"""Skills in the database, on either store: versions are added, found and listed; tenants see their own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from paperclerk.agents.skill import Skill
from paperclerk.storage.database import Database
from paperclerk.storage.files import is_referenced
from paperclerk.storage.keys import Keys
from paperclerk.storage.skills import Skills

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A = Skill("a", "about a", "Read — it.", {"type": "object"})
B = Skill("b", "", "Read that.", None)


def test_versions_and_lists(store: sa.URL) -> None:
    async def job() -> None:
        database = Database(store.render_as_string(hide_password=False))
        try:
            async with database.write() as connection:
                keys = Keys(connection)
                acme = await keys.tenant_named("acme", now=NOW, webhook_secret="s")
                globex = await keys.tenant_named("globex", now=NOW, webhook_secret="s")
                await database.lock_blobs(connection)
                await story(Skills(connection, acme.id))
                assert await is_referenced(connection, "0" * 64) and not await is_referenced(
                    connection, "1" * 64
                )
                others = Skills(connection, globex.id)
                assert await others.named("a") is None and await listed(others) == []
                mine = await Skills(connection, acme.id).named("a")
                assert mine is not None and await others.by_id(mine.id) is None
                assert await others.delete(mine.id) is None
                assert (await others.add(A, "2" * 64, now=NOW)).revision == 1
        finally:
            await database.close()

    asyncio.run(job())


async def story(skills: Skills) -> None:
    first = await skills.add(A, "0" * 64, now=NOW)
    other = await skills.add(B, "0" * 64, now=NOW + timedelta(days=1))
    second = await skills.add(A, "1" * 64, now=NOW + timedelta(days=2))
    assert (first.revision, second.revision, first.skill) == (1, 2, A)
    assert first.version.startswith("20260301-") and second.version.startswith("20260303-")
    assert await skills.named("a") == await skills.named("a", "2") == second
    assert await skills.named("a", "1") == await skills.named("a", first.version) == first
    assert await skills.named("a", "3") is None and await skills.named("a", "9" * 30) is None
    assert await skills.by_id(other.id) == other
    assert await listed(skills) == [second, other, first]
    assert await listed(skills, grouped=True) == [second, other]
    assert await skills.listed(order_by="name", descending=False, grouped=False, skip=1, limit=2) == [
        second,
        other,
    ]
    assert await skills.delete(second.id) == second and await skills.named("a") == first


async def listed(skills: Skills, *, grouped: bool = False) -> list[object]:
    found = await skills.listed(order_by="created_at", descending=True, grouped=grouped, skip=0, limit=10)
    return list(found)
