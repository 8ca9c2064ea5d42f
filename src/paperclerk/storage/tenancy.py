"""The row filter: every statement on a tenant's rows is built here. Base of the repositories beside it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Executable,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection


def of_tenant(table: Table) -> ColumnElement[bool]:
    """The row filter of a statement that is made once, where every request runs it, and run by `_run`."""
    return table.c.tenant_id == bindparam("of_tenant")


class TenantRows:
    """Statements that see, change and make rows of one tenant only, on one connection (one transaction)."""

    def __init__(self, connection: AsyncConnection, tenant_id: str) -> None:
        self._connection = connection
        self.tenant_id = tenant_id

    def _select(self, table: Table, *columns: Any) -> Select[Any]:
        return select(*(columns or (table,))).select_from(table).where(table.c.tenant_id == self.tenant_id)

    def _update(self, table: Table) -> Update:
        return update(table).where(table.c.tenant_id == self.tenant_id)

    def _delete(self, table: Table) -> Delete:
        return delete(table).where(table.c.tenant_id == self.tenant_id)

    def _insert(self, table: Table, **values: Any) -> Insert:
        return insert(table).values(tenant_id=self.tenant_id, **values)

    async def _run(self, statement: Executable, **values: Any) -> CursorResult[Any]:
        return await self._connection.execute(statement, {"of_tenant": self.tenant_id, **values})

    async def _add(self, table: Table, **values: Any) -> None:
        await self._connection.execute(insert(table), {"tenant_id": self.tenant_id, **values})
