"""Rows of skills, a row for each version. Called by `api.skills` and `api.steering`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, func

from paperclerk.agents.skill import Skill
from paperclerk.storage.tables import skills
from paperclerk.storage.tenancy import TenantRows

LATEST = "latest"
OrderBy = Literal["created_at", "updated_at", "name"]


@dataclass(frozen=True)
class StoredSkill:
    """A version of a skill. `version` is its day and a hash, `revision` counts from 1; either names it. `sha256` is
    that of its archive."""

    id: str
    revision: int
    version: str
    skill: Skill
    sha256: str
    created_at: datetime


class Skills(TenantRows):
    """Skills of one tenant."""

    async def add(self, skill: Skill, sha256: str, *, now: datetime) -> StoredSkill:
        """The next version of its name; the first when the name is new. Its transaction holds `Database.lock_blobs`,
        so that no other makes the same one."""
        s = skills.c
        newest = self._select(skills, func.max(s.revision)).where(s.name == skill.name)
        revision = int((await self._connection.execute(newest)).scalar_one() or 0) + 1
        mark = hashlib.sha256(f"{skill.name}\n{revision}\n{sha256}".encode()).hexdigest()[:8]
        made = StoredSkill(str(uuid4()), revision, f"{now:%Y%m%d}-{mark}", skill, sha256, now)
        await self._connection.execute(
            self._insert(
                skills,
                id=made.id,
                name=skill.name,
                revision=revision,
                version=made.version,
                description=skill.description,
                instructions=skill.instructions,
                json_schema=skill.json_schema,
                sha256=sha256,
                created_at=now,
            )
        )
        return made

    async def by_id(self, skill_id: str) -> StoredSkill | None:
        return await self._one(skills.c.id == skill_id)

    async def named(self, name: str, version: str = LATEST) -> StoredSkill | None:
        """The skill of that name; its version is `latest`, YYYYMMDD-hash or a number from 1."""
        s = skills.c
        if version == LATEST:
            return await self._one(s.name == name)
        if version.isascii() and version.isdigit() and len(version) <= 9:
            return await self._one(s.name == name, s.revision == int(version))
        return await self._one(s.name == name, s.version == version)

    async def listed(
        self, *, order_by: OrderBy, descending: bool, grouped: bool, skip: int, limit: int
    ) -> list[StoredSkill]:
        """Versions; with `grouped` only the newest of each name. A version is never updated after it was made."""
        s = skills.c
        query = self._select(skills)
        if grouped:
            newest = self._select(skills, s.name, func.max(s.revision).label("revision")).group_by(s.name)
            of = newest.subquery()
            query = query.join(of, (of.c.name == s.name) & (of.c.revision == s.revision))
        first = s.name if order_by == "name" else s.created_at
        keys: list[ColumnElement[Any]] = [first, s.revision, s.id]
        query = query.order_by(*(key.desc() if descending else key for key in keys))
        rows = await self._connection.execute(query.offset(skip).limit(limit))
        return [_stored(row) for row in rows]

    async def delete(self, skill_id: str) -> StoredSkill | None:
        """Removes a version. The bytes go by `storage.contents.forget`, once nothing refers to them."""
        found = await self.by_id(skill_id)
        if found is not None:
            await self._connection.execute(self._delete(skills).where(skills.c.id == skill_id))
        return found

    async def _one(self, *conditions: ColumnElement[bool]) -> StoredSkill | None:
        """The newest of those that are so."""
        query = self._select(skills).where(*conditions).order_by(skills.c.revision.desc()).limit(1)
        row = (await self._connection.execute(query)).one_or_none()
        return _stored(row) if row else None


def _stored(row: Row[Any]) -> StoredSkill:
    skill = Skill(row.name, row.description, row.instructions, row.json_schema)
    return StoredSkill(row.id, row.revision, row.version, skill, row.sha256, row.created_at)
