"""GET /metrics: for the operator's Prometheus, with a token of its own; not there without one."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request
from starlette.responses import Response

from paperclerk.api.errors import Unauthorized
from paperclerk.api.routing import ServicesOf
from paperclerk.domain.errors import NotFound
from paperclerk.observability.metrics import CONTENT_TYPE, exposition
from paperclerk.storage.totals import totals

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, services: ServicesOf) -> Response:
    """What is measured. API keys do not open it: it tells of all tenants together."""
    access = services.metrics
    if access is None:
        raise NotFound("There is no such route.")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), access.token.encode()):
        raise Unauthorized("Send the header 'Authorization: Bearer TOKEN' with PAPERCLERK_METRICS_TOKEN.")
    async with services.database.read() as connection:
        now_told = await totals(connection)
    now = services.now()
    text = exposition(now_told, services.jobs.workers(), now=now, by_tenant=access.by_tenant)
    return Response(text, media_type=CONTENT_TYPE)
