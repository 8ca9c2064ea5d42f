"""/v1/webhooks: deliveries of finished executions, and the secrets that sign them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from paperclerk.api.files import Limit, Skip
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, checked_id
from paperclerk.domain.errors import NotFound
from paperclerk.storage.keys import WebhookSecrets
from paperclerk.storage.outbox import EventState, StoredAttempt, StoredEvent, Webhooks
from paperclerk.webhooks.signing import new_secret
from paperclerk.wire.body import UtcTime, utc_text

router = APIRouter(
    prefix="/v1/webhooks", tags=["webhooks"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)

OLD_SECRET_WORKS = timedelta(hours=24)


class AttemptReply(BaseModel):
    """One attempt; `status` is null when no reply came, `error` then says why."""

    number: int
    attempted_at: UtcTime
    milliseconds: int
    status: int | None
    error: str | None


class DeliveryReply(BaseModel):
    """A webhook and what became of it: `waiting`, `delivered`, `exhausted` or `gone` (the receiver's 410)."""

    id: str
    prediction_id: str
    url: str
    state: str
    created_at: UtcTime
    next_attempt_at: UtcTime | None
    attempts: int


class DeliveryDetailReply(DeliveryReply):
    history: list[AttemptReply]


class SecretReply(BaseModel):
    """The new secret, shown once. Webhooks carry the signatures of both until `previous_until`."""

    secret: str
    previous_until: UtcTime


@router.get("/deliveries", response_model=list[DeliveryReply])
async def list_deliveries(
    caller: CallerOf,
    services: ServicesOf,
    skip: Skip = 0,
    limit: Limit = 10,
    state: EventState | None = None,
    prediction_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """The tenant's webhooks, newest first."""
    async with services.database.read() as connection:
        found = await Webhooks(connection, caller.tenant_id).list(
            execution_id=prediction_id, state=state, skip=skip, limit=limit
        )
    return JSONResponse([delivery_json(event) for event in found])


@router.get("/deliveries/{delivery_id}", response_model=DeliveryDetailReply)
async def get_delivery(delivery_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """A webhook with every attempt that was made."""
    return JSONResponse(await _detail(checked_id(delivery_id), caller.tenant_id, services))


@router.post("/deliveries/{delivery_id}/replay", response_model=DeliveryDetailReply)
async def replay(delivery_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """Sends a webhook again, under the same id, whatever became of it."""
    async with services.database.write() as connection:
        await Webhooks(connection, caller.tenant_id).replay(checked_id(delivery_id), now=services.now())
    return JSONResponse(await _detail(checked_id(delivery_id), caller.tenant_id, services))


@router.post("/secret/rotate", status_code=201, response_model=SecretReply)
async def rotate_secret(caller: CallerOf, services: ServicesOf) -> Response:
    """Makes a new signing secret; the old one signs beside it for a day."""
    now = services.now()
    secret = new_secret()
    async with services.database.write() as connection:
        secrets = WebhookSecrets(connection, caller.tenant_id)
        await secrets.retire(at=now + OLD_SECRET_WORKS)
        await secrets.add(secret, now=now)
    body = SecretReply(secret=secret, previous_until=now + OLD_SECRET_WORKS).model_dump()
    body["previous_until"] = utc_text(now + OLD_SECRET_WORKS)
    return JSONResponse(body, 201)


async def _detail(delivery_id: str, tenant_id: str, services: ServicesOf) -> dict[str, Any]:
    async with services.database.read() as connection:
        webhooks = Webhooks(connection, tenant_id)
        event = await webhooks.get(delivery_id)
        history = await webhooks.attempts(delivery_id)
    if event is None:
        raise NotFound("There is no such delivery.", code="delivery_not_found")
    return delivery_json(event) | {"history": [_attempt_json(attempt) for attempt in history]}


def delivery_json(event: StoredEvent) -> dict[str, Any]:
    """The reply for a webhook, of the shape of `DeliveryReply`."""
    waits = event.state is EventState.WAITING
    return {
        "id": event.id,
        "prediction_id": event.execution_id,
        "url": event.url,
        "state": event.state.value,
        "created_at": utc_text(event.created_at),
        "next_attempt_at": utc_text(event.due_at) if waits else None,
        "attempts": event.attempts,
    }


def _attempt_json(attempt: StoredAttempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "attempted_at": utc_text(attempt.attempted_at),
        "milliseconds": attempt.milliseconds,
        "status": attempt.status,
        "error": attempt.error,
    }
