"""Agents in the database: versions are added, names point at them, tenants see their own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.storage.agents import DRAFT, Agents
from paperclerk.storage.database import Database
from paperclerk.storage.keys import Keys

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def one(number: int, prompt: str = "read it") -> dict[str, Any]:
    return {"name": "a/b", "prompt": prompt, "schema": {"title": f"V{number}"}}


def test_versions_drafts_and_pointers(tmp_path: Path) -> None:
    async def job() -> None:
        database = Database(f"sqlite:///{tmp_path / 'p.sqlite'}")
        await database.migrate()
        try:
            async with database.write() as connection:
                keys = Keys(connection)
                acme = await keys.tenant_named("acme", now=NOW, webhook_secret="s")
                globex = await keys.tenant_named("globex", now=NOW, webhook_secret="s")
            async with database.write() as connection:
                await story(Agents(connection, acme.id))
            async with database.read() as connection:
                assert await Agents(connection, globex.id).all() == []
                assert await Agents(connection, globex.id).get("a/b") is None
                mine = await Agents(connection, acme.id).get("a/b")
                assert mine is not None and mine.id is not None
                assert await Agents(connection, globex.id).by_id(mine.id) is None
                assert await Agents(connection, globex.id).by_prompt("read it") is None
        finally:
            await database.close()

    asyncio.run(job())


async def story(agents: Agents) -> None:
    assert await agents.get("a/b") is None and await agents.all() == []
    draft = await agents.save_draft("a/b", one(1), now=NOW)
    assert draft.version == DRAFT and draft.id is None and not draft.is_latest
    assert await agents.get("a/b") is None, "a draft is not what the name means"
    assert [a.version for a in await agents.all()] == [DRAFT]
    first = await agents.publish_draft("a/b", now=NOW)
    assert first.version == "1" and first.is_latest and first.definition == one(1)
    with pytest.raises(NotFound):
        await agents.publish_draft("a/b", now=NOW)
    second = await agents.publish("a/b", one(2, "other words"), now=NOW + timedelta(days=1))
    assert second.version == "2" and (await agents.get("a/b")) == second
    kept = await agents.get("a/b", "1")
    assert kept is not None and kept.definition == one(1) and not kept.is_latest
    back = await agents.point("a/b", "1", now=NOW + timedelta(days=2))
    assert back.is_latest and (await agents.get("a/b")) == back
    third = await agents.publish("a/b", one(3), now=NOW + timedelta(days=3))
    assert third.version == "3", "a number is never given twice"
    assert [v.version for v in await agents.versions("a/b")] == ["1", "2", "3"]
    by_prompt = await agents.by_prompt("read it")
    assert by_prompt == third and await agents.by_prompt("nothing") is None
    assert second.id is not None
    by_id = await agents.by_id(second.id)
    assert by_id is not None and by_id.definition == second.definition
    for missing in ("9", "draft", "x", "1" * 40, ""):
        assert await agents.get("a/b", missing) is None
        with pytest.raises((NotFound, InvalidRequest)):
            await agents.point("a/b", missing, now=NOW)
