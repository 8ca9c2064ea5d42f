"""Who asks: the Bearer key of a request. Called by `api.routing` before a body is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from paperclerk.api.errors import Unauthorized
from paperclerk.api.services import Services
from paperclerk.security.keys import parse_key
from paperclerk.storage.keys import ApiKey, Keys

TOUCH_INTERVAL = timedelta(minutes=1)  # how fresh "last used" is kept


@dataclass(frozen=True)
class Caller:
    """A key that was proven."""

    tenant_id: str
    key_id: str
    plan_name: str


async def authenticate(request: Request, services: Services) -> Caller:
    """The caller. Raises Unauthorized."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthorized(
            "No API key. Send the header 'Authorization: Bearer KEY'; "
            "`paperclerk keys create --tenant NAME` makes one.",
            code="missing_api_key",
        )
    parts = parse_key(text.strip())
    key = None
    if parts is not None:
        async with services.database.read() as connection:
            key = await Keys(connection).authenticate(parts)
    if key is None:
        raise Unauthorized("The API key is wrong or was revoked.")
    await _note_use(key, services)
    return Caller(key.tenant.id, key.id, key.plan)


async def _note_use(key: ApiKey, services: Services) -> None:
    now = services.now()
    if key.last_used_at is None or now - key.last_used_at >= TOUCH_INTERVAL:
        async with services.database.write() as connection:
            await Keys(connection).touch(key.id, now=now)
