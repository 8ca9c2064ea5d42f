"""Rows of idempotency keys: what a caller's key was used for. Called by `jobs.accepting`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from paperclerk.storage.tables import idempotency_keys
from paperclerk.storage.tenancy import TenantRows

KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class UsedKey:
    """`fingerprint` is that of the request that came with the key first."""

    fingerprint: str
    execution_id: str


class IdempotencyKeys(TenantRows):
    """The keys of one tenant's callers, each for 24 hours."""

    async def find(self, key: str, *, now: datetime) -> UsedKey | None:
        k = idempotency_keys.c
        query = self._select(idempotency_keys).where(k.key == key, k.created_at > now - KEPT)
        row = (await self._connection.execute(query)).one_or_none()
        return UsedKey(row.fingerprint, row.execution_id) if row else None

    async def add(self, key: str, used: UsedKey, *, now: datetime) -> None:
        """Raises IntegrityError when another request has just come with the same key."""
        k = idempotency_keys.c
        await self._connection.execute(
            self._delete(idempotency_keys).where(k.key == key, k.created_at <= now - KEPT)
        )
        await self._connection.execute(
            self._insert(
                idempotency_keys,
                key=key,
                fingerprint=used.fingerprint,
                execution_id=used.execution_id,
                created_at=now,
            )
        )

    async def forget(self, *, now: datetime) -> None:
        """Deletes keys that may be used anew."""
        await self._connection.execute(
            self._delete(idempotency_keys).where(idempotency_keys.c.created_at <= now - KEPT)
        )
