"""Rows of golden sets: documents of an agent with what is right for them. Called by `cli.golden`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from paperclerk.storage.tables import agent_cases, execution_inputs, executions, feedback, files
from paperclerk.storage.tenancy import TenantRows


@dataclass(frozen=True)
class GoldenCase:
    """A case in the form of `evaluation.cases`, its document by digest. `id` is unique within the agent."""

    id: str
    sha256: str
    truth: Any
    match: Mapping[str, str] = field(default_factory=dict)


class GoldenSets(TenantRows):
    """The golden sets of one tenant. The agent must exist; bytes must be stored in the same transaction."""

    async def put(self, agent: str, case: GoldenCase, *, now: datetime) -> bool:
        """Adds a case, or replaces the one of that id. False when it stood there just so."""
        if await self.get(agent, case.id) == case:
            return False
        c = agent_cases.c
        await self._connection.execute(self._delete(agent_cases).where(c.agent == agent, c.id == case.id))
        await self._connection.execute(
            self._insert(
                agent_cases,
                agent=agent,
                id=case.id,
                sha256=case.sha256,
                truth=case.truth,
                match=dict(case.match),
                created_at=now,
            )
        )
        return True

    async def all(self, agent: str) -> list[GoldenCase]:
        """The cases of an agent by id."""
        query = self._select(agent_cases).where(agent_cases.c.agent == agent).order_by(agent_cases.c.id)
        return [_case(row) for row in await self._connection.execute(query)]

    async def get(self, agent: str, case_id: str) -> GoldenCase | None:
        c = agent_cases.c
        query = self._select(agent_cases).where(c.agent == agent, c.id == case_id)
        row = (await self._connection.execute(query)).one_or_none()
        return _case(row) if row else None

    async def remove(self, agent: str, case_id: str) -> str | None:
        """Removes a case; the digest of its document, None when there is no such case."""
        found = await self.get(agent, case_id)
        if found is None:
            return None
        c = agent_cases.c
        await self._connection.execute(self._delete(agent_cases).where(c.agent == agent, c.id == case_id))
        return found.sha256

    async def corrected(self, agent: str) -> list[GoldenCase]:
        """What readers corrected of the agent's executions over one document: the newest correction of each.

        The truth is the corrected response as it was sent. Executions whose document is gone are left out.
        """
        e, f, i = executions.c, feedback.c, execution_inputs.c
        query = (
            self._select(feedback, e.id, f.response, i.sha256, files.c.sha256.label("uploaded"))
            .join(executions, (e.tenant_id == f.tenant_id) & (e.id == f.execution_id))
            .join(execution_inputs, (i.tenant_id == e.tenant_id) & (i.execution_id == e.id))
            .outerjoin(files, (files.c.tenant_id == i.tenant_id) & (files.c.id == i.file_id))
            .where(e.agent_name == agent, f.response.is_not(None))
            .order_by(f.created_at, f.id, i.position)
        )
        newest: dict[str, list[GoldenCase]] = {}
        before = None
        for row in await self._connection.execute(query):
            digest = row.sha256 or row.uploaded
            if digest is None:
                continue
            case = GoldenCase(row.id, digest, row.response)
            several = before == (row.id, row.response)
            newest[row.id] = [*newest[row.id], case] if several and row.id in newest else [case]
            before = (row.id, row.response)
        return [cases[0] for cases in newest.values() if len(cases) == 1]


def _case(row: Row[Any]) -> GoldenCase:
    return GoldenCase(row._mapping["id"], row.sha256, row.truth, row.match or {})
