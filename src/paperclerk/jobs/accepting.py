"""Accepting an execution in one transaction, or finding the one that a request repeats. Called by `jobs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import Conflict, CreditsExhausted, IdempotencyMismatch
from paperclerk.storage.contents import Contents, Staged
from paperclerk.storage.executions import Execution, Executions, NewExecution
from paperclerk.storage.idempotency import IdempotencyKeys, UsedKey
from paperclerk.storage.usage import UsageRows

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
    monthly_credits: int | None = None,
) -> tuple[Execution, bool]:
    """The execution that answers this request, committed, and whether it is new. It keeps the idempotency key.

    An earlier one answers it when it has the same idempotency key, the same id, or, while it still runs, the
    same words from the same API key (clients send a request again when they lose patience). `beside` writes
    more into the transaction that adds a new one. `monthly_credits` is what its key may use in a month: with
    what ended executions used and the others hold. Raises CreditsExhausted, Conflict for another request of the
    same id, IdempotencyMismatch for one of the same idempotency key.
    """
    for attempt in (1, 2):
        try:
            async with contents.referring(*staged) as connection:
                known = await _repeated(connection, tenant_id, new, idempotency_key, now)
                if known is not None:
                    return known, False
                if monthly_credits is not None:
                    await _check_credits(connection, tenant_id, new, monthly_credits, now)
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
    known = await executions.get(new.id) if new.is_named else None
    if known is not None and known.request.fingerprint != new.fingerprint:
        raise Conflict(
            f"The id {new.id!r} was used for another request. Send a new id, or the same body again.",
            code="id_conflict",
        )
    if known is not None and idempotency_key is not None:
        used = UsedKey(new.fingerprint, known.id)
        await IdempotencyKeys(connection, tenant_id).add(idempotency_key, used, now=now)
    if known is not None or new.key_id is None or idempotency_key is not None:
        return known
    same = await executions.same_request(new.fingerprint, new.key_id)
    return None if same is None else await executions.get(same)


async def _check_credits(
    connection: AsyncConnection, tenant_id: str, new: NewExecution, most: int, now: datetime
) -> None:
    """Two requests of one key are never checked at once, so together they hold no more than there is."""
    assert new.key_id is not None
    of_key = await UsageRows(connection, tenant_id).credits(new.key_id, now, locked=True)
    need = new.credits_held or 0
    left = most - of_key.used - of_key.held
    if need <= left:
        return
    waiting = f"{of_key.held} more are held by executions that have not ended, " if of_key.held else ""
    raise CreditsExhausted(
        f"Of the {most} credits that this key has in a month {of_key.used} are used, {waiting}"
        f"and this execution needs {need}{'' if left <= 0 else f', more than the {left} that are left'}. "
        "They are renewed on the first of the next month, UTC."
    )
