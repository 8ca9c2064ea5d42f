"""Rows of agents: drafts, versions, and which version a name means. Called by `api.agents` and `cli.agents`.

A version is written once. Publishing adds the next one and lets the name mean it; rolling back lets the name
mean an earlier one. A draft is one definition beside the versions, and is replaced by the next push.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, Select, bindparam, func, select

from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.storage.tables import agent_versions, agents
from paperclerk.storage.tenancy import TenantRows, of_tenant

DRAFT = "draft"
LATEST = "latest"


@dataclass(frozen=True)
class StoredAgent:
    """A definition (as plain JSON) with its version, a whole number as text or `draft`.

    `id` is the version's own; a draft has none. `updated_at` is when the agent of that name last changed.
    """

    name: str
    version: str
    id: str | None
    definition: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    is_latest: bool


_NAMED = select(agents).where(of_tenant(agents), agents.c.name == bindparam("of_name"))


class Agents(TenantRows):
    """Agents of one tenant."""

    async def publish(self, name: str, definition: Mapping[str, Any], *, now: datetime) -> StoredAgent:
        """Adds the next version and lets the name mean it. The draft stays as it is."""
        await self._ensure(name, now=now)
        version = await self._last(name) + 1
        await self._connection.execute(
            self._insert(
                agent_versions,
                name=name,
                version=version,
                id=str(uuid4()),
                definition=definition,
                prompt_sha256=_digest(definition.get("prompt", "")),
                created_at=now,
            )
        )
        await self._set(name, latest=version, updated_at=now)
        return await self._required(name, str(version))

    async def save_draft(self, name: str, definition: Mapping[str, Any], *, now: datetime) -> StoredAgent:
        """Replaces the draft."""
        await self._ensure(name, now=now)
        await self._set(name, draft=definition, updated_at=now)
        return await self._required(name, DRAFT)

    async def publish_draft(self, name: str, *, now: datetime) -> StoredAgent:
        """Makes the draft the next version; then there is no draft. Raises NotFound when there is none."""
        draft = await self._required(name, DRAFT)
        published = await self.publish(name, draft.definition, now=now)
        await self._set(name, draft=None)
        return published

    async def point(self, name: str, version: str, *, now: datetime) -> StoredAgent:
        """Lets the name mean that version. Raises NotFound, InvalidRequest for a draft."""
        found = await self._required(name, version)
        if found.version == DRAFT:
            raise InvalidRequest("A draft is published, not pointed to.")
        await self._set(name, latest=int(found.version), updated_at=now)
        return await self._required(name, version)

    async def get(self, name: str, version: str = LATEST) -> StoredAgent | None:
        """The agent of that name and version (`latest`, `draft` or a number); None when there is none."""
        row = (await self._run(_NAMED, of_name=name)).one_or_none()
        if row is None:
            return None
        if version == DRAFT:
            return _draft(row) if row.draft is not None else None
        wanted = row.latest if version == LATEST else _number(version)
        if wanted is None:
            return None
        query = self._versions().where(agent_versions.c.name == name, agent_versions.c.version == wanted)
        found = (await self._connection.execute(query)).one_or_none()
        return _published(found) if found else None

    async def by_id(self, agent_id: str) -> StoredAgent | None:
        """The version of that id."""
        query = self._versions().where(agent_versions.c.id == agent_id)
        row = (await self._connection.execute(query)).one_or_none()
        return _published(row) if row else None

    async def by_prompt(self, prompt: str) -> StoredAgent | None:
        """The newest version that was made from exactly that prompt."""
        query = (
            self._versions()
            .where(agent_versions.c.prompt_sha256 == _digest(prompt))
            .order_by(agent_versions.c.created_at.desc(), agent_versions.c.version.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return _published(row) if row else None

    async def all(self) -> list[StoredAgent]:
        """Every agent by name: its latest version, or its draft when nothing is published."""
        latest = self._versions().where(agents.c.latest == agent_versions.c.version)
        found = [_published(row) for row in await self._connection.execute(latest)]
        drafts = self._select(agents).where(agents.c.latest.is_(None), agents.c.draft.is_not(None))
        found += [_draft(row) for row in await self._connection.execute(drafts)]
        return sorted(found, key=lambda agent: agent.name)

    async def versions(self, name: str) -> list[StoredAgent]:
        """All published versions, oldest first."""
        query = self._versions().where(agent_versions.c.name == name).order_by(agent_versions.c.version)
        return [_published(row) for row in await self._connection.execute(query)]

    def _versions(self) -> Select[Any]:
        return self._select(agent_versions, agent_versions, agents.c.latest, agents.c.updated_at).join(
            agents,
            (agents.c.tenant_id == agent_versions.c.tenant_id) & (agents.c.name == agent_versions.c.name),
        )

    async def _required(self, name: str, version: str) -> StoredAgent:
        found = await self.get(name, version)
        if found is None:
            raise NotFound(
                f"There is no agent {name[:100]!r} with a version {version[:50]!r}.", code="unknown_agent"
            )
        return found

    async def _ensure(self, name: str, *, now: datetime) -> None:
        query = self._select(agents, agents.c.name).where(agents.c.name == name).with_for_update()
        if (await self._connection.execute(query)).one_or_none() is None:
            await self._connection.execute(self._insert(agents, name=name, created_at=now, updated_at=now))

    async def _last(self, name: str) -> int:
        query = self._select(agent_versions, func.max(agent_versions.c.version)).where(
            agent_versions.c.name == name
        )
        return int((await self._connection.execute(query)).scalar_one() or 0)

    async def _set(self, name: str, **values: Any) -> None:
        await self._connection.execute(self._update(agents).where(agents.c.name == name).values(**values))


def _number(version: str) -> int | None:
    return int(version) if version.isascii() and version.isdigit() and len(version) <= 9 else None


def _digest(prompt: str) -> str:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()


def _draft(row: Row[Any]) -> StoredAgent:
    return StoredAgent(row.name, DRAFT, None, row.draft, row.created_at, row.updated_at, False)


def _published(row: Row[Any]) -> StoredAgent:
    return StoredAgent(
        name=row.name,
        version=str(row.version),
        id=row.id,
        definition=row.definition,
        created_at=row.created_at,
        updated_at=row.updated_at,
        is_latest=row.latest == row.version,
    )
