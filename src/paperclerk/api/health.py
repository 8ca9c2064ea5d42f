"""GET /v1/health: whether the server answers, and whether a key is good. Called by every client at its start."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import text

from paperclerk.api.auth import authenticate
from paperclerk.api.routing import DOCUMENTED_ERRORS, ServicesOf
from paperclerk.wire.health import HealthReply

router = APIRouter(prefix="/v1", tags=["health"])


@router.head("/health", include_in_schema=False)
@router.get("/health", responses=DOCUMENTED_ERRORS)
async def health(request: Request, services: ServicesOf) -> HealthReply:
    """200 when the server and its database answer. A key is not needed, but a wrong one is refused (401)."""
    if "authorization" in request.headers:
        await authenticate(request, services)
    else:
        async with services.database.read() as connection:
            await connection.execute(text("SELECT 1"))
    return HealthReply()
