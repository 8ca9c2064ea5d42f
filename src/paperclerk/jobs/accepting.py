"""Accepting an execution in one transaction, or finding the one that a request repeats. Called by `jobs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import Conflict, IdempotencyMismatch
from paperclerk.storage.contents import Contents, Staged
from paperclerk.storage.executions import Execution, Executions, NewExecution
from paperclerk.storage.idempotency import IdempotencyKeys, UsedKey

Beside = Callable[[AsyncConnection], Awaitable[None]]


async def accept(
    contents: Contents,
    tenant_id: str,
    new: NewExecution,
    staged: Sequence[Staged],
    *,
    now: datetime,
    beside: Beside | None = None,
    idempotency_key: str | None = None,
) -> tuple[Execution, bool]:
    """The execution that answers this request, committed, and whether it is new.

    An earlier one answers it when it has the same idempotency key, the same id, or, while it still runs, the
    same words from the same API key (clients send a request again when they lose patience). `beside` writes
    more into the transaction that adds a new one. Raises Conflict for another request of the same id,
    IdempotencyMismatch for one of the same idempotency key.
    """
    for attempt in (1, 2):
        try:
            async with contents.referring(*staged) as connection:
                known = await _repeated(connection, tenant_id, new, idempotency_key, now)
                if known is not None:
                    return known, False
                added = await Executions(connection, tenant_id).add(new, created_at=now)
                if idempotency_key is not None:
                    used = UsedKey(new.fingerprint, new.id)
                    await IdempotencyKeys(connection, tenant_id).add(idempotency_key, used, now=now)
                if beside is not None:
                    await beside(connection)
                return added, True
        except IntegrityError:  # PostgreSQL: another request added it in the same moment; now it is found
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


async def _repeated(
    connection: AsyncConnection,
    tenant_id: str,
    new: NewExecution,
    idempotency_key: str | None,
    now: datetime,
) -> Execution | None:
    executions = Executions(connection, tenant_id)
    if idempotency_key is not None:
        used = await IdempotencyKeys(connection, tenant_id).find(idempotency_key, now=now)
        if used is not None:
            if used.fingerprint != new.fingerprint:
                raise IdempotencyMismatch(
                    "This Idempotency-Key was used for another request in the last 24 hours. Send a new key, or "
                    "the same body again."
                )
            return await executions.get(used.execution_id)
    known = await executions.get(new.id)
    if known is not None and known.request.fingerprint != new.fingerprint:
        raise Conflict(
            f"The id {new.id!r} was used for another request. Send a new id, or the same body again.",
            code="id_conflict",
        )
    if known is not None or new.key_id is None or idempotency_key is not None:
        return known
    same = await executions.same_request(new.fingerprint, new.key_id)
    return None if same is None else await executions.get(same)
