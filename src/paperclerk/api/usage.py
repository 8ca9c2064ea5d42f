"""/v1/usage: what was used in a month, and what the key may still use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, plan_of
from paperclerk.domain.errors import InvalidRequest
from paperclerk.storage.usage import UsageRows, month_of
from paperclerk.wire.usage import KeyCredits, UsageOfAgent, UsageOfMonth

router = APIRouter(prefix="/v1", tags=["usage"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS)

MONTH = "^[0-9]{4}-(0[1-9]|1[0-2])$"


@router.get("/usage")
async def usage(
    caller: CallerOf,
    services: ServicesOf,
    month: Annotated[
        str | None, Query(pattern=MONTH, description="Like 2030-01, UTC; this month when absent.")
    ] = None,
) -> UsageOfMonth:
    """What the tenant's executions used that were accepted in a month, and the credits of the calling key."""
    now = services.now()
    start = now if month is None else _start(month)
    async with services.database.read() as connection:
        rows = UsageRows(connection, caller.tenant_id)
        of_key = await rows.credits(caller.key_id, start)
        used = await rows.of_month(month_of(start))
    return UsageOfMonth(
        month=month_of(start),
        credits_used=sum(each.credits for each in used),
        key=KeyCredits(
            credits_used=of_key.used,
            credits_held=of_key.held,
            credits_per_month=plan_of(caller, services).credits_per_month,
        ),
        agents=[
            UsageOfAgent(
                name=each.agent_name,
                engine=each.engine,
                status=each.status,
                executions=each.executions,
                elements_processed=each.elements,
                credits_used=each.credits,
                duration_seconds=each.seconds,
            )
            for each in used
        ],
    )


def _start(month: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    except ValueError:
        raise InvalidRequest("month is like 2030-01.") from None
