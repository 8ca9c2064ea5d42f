"""Accepting an execution in one transaction. Called by the implementations of `jobs.service`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import Conflict
from paperclerk.storage.contents import Contents, Staged
from paperclerk.storage.executions import Execution, Executions, NewExecution


async def accept(
    contents: Contents,
    tenant_id: str,
    new: NewExecution,
    staged: Sequence[Staged],
    *,
    now: datetime,
    beside: Callable[[AsyncConnection], Awaitable[None]] | None = None,
) -> tuple[Execution, bool]:
    """The execution of that id, committed, and whether it is new. Raises Conflict for another one of its id.

    `beside` writes more into the transaction that adds a new one.
    """
    try:
        async with contents.referring(*staged) as connection:
            executions = Executions(connection, tenant_id)
            known = await executions.get(new.id)
            if known is None:
                added = await executions.add(new, created_at=now)
                if beside is not None:
                    await beside(connection)
                return added, True
    except IntegrityError:  # PostgreSQL: another request added it in the same moment
        async with contents.referring() as connection:
            known = await Executions(connection, tenant_id).get(new.id)
        if known is None:
            raise
    if known.request.fingerprint != new.fingerprint:
        raise Conflict(
            f"The id {new.id!r} was used for another request. Send a new id, or the same body again.",
            code="id_conflict",
        )
    return known, False
