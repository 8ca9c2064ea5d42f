"""Rows of artifacts: files that executions made. Called by `jobs.ending`, `api.artifacts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from paperclerk.storage.tables import artifacts, execution_labels
from paperclerk.storage.tenancy import TenantRows

SESSION = "session_id"  # the caller's label that joins executions to a session


@dataclass(frozen=True)
class Artifact:
    """A file of an execution. `object_id` is a kind (img, doc) and six hex digits."""

    object_id: str
    filename: str
    media_type: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Namespace:
    """Where artifacts are looked for: one execution, or all those with a session as their label."""

    execution_id: str | None = None
    session_id: str | None = None

    @property
    def id(self) -> str:
        return self.execution_id or self.session_id or ""


class Artifacts(TenantRows):
    """Artifacts of one tenant."""

    async def add(self, execution_id: str, made: Sequence[Artifact], *, now: datetime) -> None:
        for each in made:
            await self._connection.execute(
                self._insert(
                    artifacts,
                    execution_id=execution_id,
                    object_id=each.object_id,
                    filename=each.filename,
                    media_type=each.media_type,
                    sha256=each.sha256,
                    size_bytes=each.size_bytes,
                    created_at=now,
                )
            )

    async def find(
        self, where: Namespace, *, object_id: str | None = None, filename: str | None = None
    ) -> list[Artifact]:
        """Newest execution first; within one, in the order of their file names."""
        a = artifacts.c
        query = self._select(artifacts).where(self._within(where))
        if object_id is not None:
            query = query.where(a.object_id == object_id)
        if filename is not None:
            query = query.where(a.filename == filename)
        rows = await self._connection.execute(query.order_by(a.created_at.desc(), a.filename, a.object_id))
        return [Artifact(r.object_id, r.filename, r.media_type, r.sha256, r.size_bytes) for r in rows]

    def _within(self, where: Namespace) -> ColumnElement[bool]:
        if where.execution_id is not None:
            return artifacts.c.execution_id == where.execution_id
        labels = execution_labels.c
        labelled = self._select(execution_labels, labels.execution_id).where(
            labels.key == SESSION, labels.value == where.session_id
        )
        return artifacts.c.execution_id.in_(labelled)
