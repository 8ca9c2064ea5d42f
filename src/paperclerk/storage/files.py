"""Rows of uploaded files. Called by `api.files` and by whoever runs executions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import Row, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import NotFound
from paperclerk.storage.executions import UNENDED
from paperclerk.storage.tables import agent_cases, artifacts, execution_inputs, executions, files, skills
from paperclerk.storage.tenancy import TenantRows, of_tenant


class FileState(StrEnum):
    """`awaited`: announced by a presigned URL, no bytes yet. `ready`: the bytes are stored."""

    AWAITED = "awaited"
    READY = "ready"


@dataclass(frozen=True)
class Content:
    """What is known of stored bytes."""

    sha256: str
    md5: str
    size_bytes: int


@dataclass(frozen=True)
class File:
    """One uploaded file of a tenant. `filename` is the caller's words, never a path."""

    id: str
    tenant_id: str
    state: FileState
    filename: str
    media_type: str
    purpose: str
    created_at: datetime
    content: Content | None


_BY_ID = select(files).where(of_tenant(files), files.c.id == bindparam("of_id"))


class Files(TenantRows):
    """Files of one tenant. Those still awaited are found by `get` only."""

    async def add(
        self, *, filename: str, media_type: str, purpose: str, created_at: datetime, content: Content | None
    ) -> File:
        file = File(
            id=str(uuid4()),
            tenant_id=self.tenant_id,
            state=FileState.READY if content else FileState.AWAITED,
            filename=filename,
            media_type=media_type,
            purpose=purpose,
            created_at=created_at,
            content=content,
        )
        await self._connection.execute(
            self._insert(
                files,
                id=file.id,
                state=file.state,
                filename=filename,
                media_type=media_type,
                purpose=purpose,
                created_at=created_at,
                sha256=content.sha256 if content else None,
                md5=content.md5 if content else None,
                size_bytes=content.size_bytes if content else 0,
            )
        )
        return file

    async def get(self, file_id: str) -> File | None:
        row = (await self._run(_BY_ID, of_id=file_id)).one_or_none()
        return _file(row) if row else None

    async def newest(self, *, skip: int, limit: int) -> list[File]:
        """Ready files, newest first."""
        query = (
            self._select(files)
            .where(files.c.state == FileState.READY)
            .order_by(files.c.created_at.desc(), files.c.id.desc())
            .offset(skip)
            .limit(limit)
        )
        return [_file(row) for row in await self._connection.execute(query)]

    async def find_by_md5(self, md5: str) -> File | None:
        """The newest file with this MD5; None when files of different content share it."""
        query = (
            self._select(files)
            .where(files.c.md5 == md5, files.c.state == FileState.READY)
            .order_by(files.c.created_at.desc(), files.c.id.desc())
        )
        found = [_file(row) for row in await self._connection.execute(query)]
        contents = {file.content.sha256 for file in found if file.content}
        return found[0] if len(contents) == 1 else None

    async def made_before(self, moment: datetime, *, limit: int) -> list[str]:
        """Ids of files made before `moment`, oldest first, but for those that an execution is still to read."""
        f, e, i = files.c, executions.c, execution_inputs.c
        of_them = (i.tenant_id == e.tenant_id) & (i.execution_id == e.id)
        wanted = (
            self._select(executions, i.file_id)
            .join(execution_inputs, of_them)
            .where(e.status.in_(UNENDED), i.file_id.is_not(None))
        )
        query = self._select(files, f.id).where(f.created_at < moment, f.id.not_in(wanted))
        return list((await self._connection.execute(query.order_by(f.created_at).limit(limit))).scalars())

    async def fill(self, file_id: str, content: Content, media_type: str) -> bool:
        """Gives an awaited file its bytes. False when it is gone or has them already."""
        result = await self._connection.execute(
            self._update(files)
            .where(files.c.id == file_id, files.c.state == FileState.AWAITED)
            .values(
                state=FileState.READY,
                sha256=content.sha256,
                md5=content.md5,
                size_bytes=content.size_bytes,
                media_type=media_type,
            )
        )
        return result.rowcount == 1

    async def delete(self, file_id: str) -> File | None:
        """Removes the row. The bytes go by `storage.contents.forget`, once nothing refers to them."""
        file = await self.get(file_id)
        if file is not None:
            await self._connection.execute(self._delete(files).where(files.c.id == file_id))
        return file


def no_such_file() -> NotFound:
    """What is raised for a file that the tenant does not have."""
    return NotFound("There is no file of that id. Upload it with POST /v1/files.", code="file_not_found")


async def is_referenced(connection: AsyncConnection, sha256: str) -> bool:
    """Whether any tenant's row refers to the bytes. The one look across tenants: it tells only yes or no."""
    query = select(
        or_(
            select(files.c.id).where(files.c.sha256 == sha256).exists(),
            select(execution_inputs.c.position).where(execution_inputs.c.sha256 == sha256).exists(),
            select(agent_cases.c.id).where(agent_cases.c.sha256 == sha256).exists(),
            select(artifacts.c.object_id).where(artifacts.c.sha256 == sha256).exists(),
            select(skills.c.id).where(skills.c.sha256 == sha256).exists(),
        )
    )
    return bool((await connection.execute(query)).scalar_one())


def _file(row: Row[tuple[object, ...]]) -> File:
    r = row._mapping
    content = Content(r["sha256"], r["md5"], r["size_bytes"]) if r["sha256"] else None
    return File(
        id=r["id"],
        tenant_id=r["tenant_id"],
        state=FileState(r["state"]),
        filename=r["filename"],
        media_type=r["media_type"],
        purpose=r["purpose"],
        created_at=r["created_at"],
        content=content,
    )
