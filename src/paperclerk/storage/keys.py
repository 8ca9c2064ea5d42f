"""Rows of tenants, their API keys and webhook secrets. Called by `api.auth`, `cli.keys` and `webhooks`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.security.keys import KeyParts, is_same
from paperclerk.storage.tables import api_keys, tenants, webhook_secrets
from paperclerk.storage.tenancy import TenantRows


@dataclass(frozen=True)
class Tenant:
    id: str
    name: str


@dataclass(frozen=True)
class Keeping:
    """For how many days a tenant's results and files are kept: 0 is for ever, None is as the server is set."""

    results_days: float | None = None
    files_days: float | None = None


@dataclass(frozen=True)
class ApiKey:
    """A key as it may be shown: `id` is its readable part, the secret is not known."""

    id: str
    tenant: Tenant
    plan: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


_KEYS = select(api_keys, tenants.c.name.label("tenant_name")).join(
    tenants, tenants.c.id == api_keys.c.tenant_id
)
_KEY = _KEYS.where(api_keys.c.id == bindparam("of_id"))


class Keys:
    """Tenants and keys of the whole installation. Never reachable over HTTP, except through `authenticate`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def tenant_named(self, name: str, *, now: datetime, webhook_secret: str) -> Tenant:
        """The tenant of that name, made when there is none (then with `webhook_secret`)."""
        row = (await self._connection.execute(select(tenants).where(tenants.c.name == name))).one_or_none()
        if row is not None:
            return Tenant(row.id, row.name)
        tenant = Tenant(str(uuid4()), name)
        await self._connection.execute(insert(tenants).values(id=tenant.id, name=name, created_at=now))
        await WebhookSecrets(self._connection, tenant.id).add(webhook_secret, now=now)
        return tenant

    async def keepings(self) -> list[tuple[Tenant, Keeping]]:
        """Every tenant, by name, and how long its data is kept."""
        rows = await self._connection.execute(select(tenants).order_by(tenants.c.name))
        return [
            (Tenant(row.id, row.name), Keeping(row.keep_results_days, row.keep_files_days)) for row in rows
        ]

    async def keep(self, tenant_name: str, keeping: Keeping) -> bool:
        """Sets how long a tenant's data is kept. False when there is no tenant of that name."""
        result = await self._connection.execute(
            update(tenants)
            .where(tenants.c.name == tenant_name)
            .values(keep_results_days=keeping.results_days, keep_files_days=keeping.files_days)
        )
        return result.rowcount == 1

    async def tenant(self, name: str) -> Tenant | None:
        """The tenant of that name."""
        row = (await self._connection.execute(select(tenants).where(tenants.c.name == name))).one_or_none()
        return Tenant(row.id, row.name) if row else None

    async def add(self, tenant: Tenant, parts: KeyParts, *, plan: str, now: datetime) -> None:
        await self._connection.execute(
            insert(api_keys).values(
                id=parts.id,
                tenant_id=tenant.id,
                secret_sha256=parts.secret_sha256,
                plan=plan,
                created_at=now,
            )
        )

    async def list(self) -> list[ApiKey]:
        query = _KEYS.order_by(api_keys.c.created_at, api_keys.c.id)
        return [_key(row) for row in await self._connection.execute(query)]

    async def revoke(self, key_id: str, *, now: datetime) -> bool:
        """False when there is no such key, or it was revoked before."""
        result = await self._connection.execute(
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return result.rowcount == 1

    async def authenticate(self, parts: KeyParts) -> ApiKey | None:
        """The key that `parts` prove, None when it is unknown, wrong or revoked."""
        row = (await self._connection.execute(_KEY, {"of_id": parts.id})).one_or_none()
        # An unknown id costs the same comparison as a wrong secret.
        genuine = is_same(parts, row.secret_sha256 if row is not None else "0" * 64)
        if row is None or not genuine or row.revoked_at is not None:
            return None
        return _key(row)

    async def touch(self, key_id: str, *, now: datetime) -> None:
        """Notes that the key was used."""
        await self._connection.execute(
            update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now)
        )


class WebhookSecrets(TenantRows):
    """The secrets that sign one tenant's webhooks; several while one replaces another."""

    async def add(self, secret: str, *, now: datetime) -> None:
        await self._connection.execute(
            self._insert(webhook_secrets, id=str(uuid4()), secret=secret, created_at=now)
        )

    async def retire(self, *, at: datetime) -> None:
        """Lets the secrets of now work until `at` and no longer."""
        await self._connection.execute(
            self._update(webhook_secrets).where(webhook_secrets.c.retired_at.is_(None)).values(retired_at=at)
        )

    async def active(self, *, now: datetime | None = None) -> tuple[str, ...]:
        """Newest first; those that retire later than `now` (default: this moment) are among them."""
        s = webhook_secrets.c
        query = (
            self._select(webhook_secrets, s.secret)
            .where(s.retired_at.is_(None) | (s.retired_at > (now or datetime.now(UTC))))
            .order_by(s.created_at.desc(), s.id)
        )
        return tuple((await self._connection.execute(query)).scalars())


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=Tenant(row.tenant_id, row.tenant_name),
        plan=row.plan,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
