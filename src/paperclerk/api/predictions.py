"""/v1/predictions: executions, one or many (contract A.3)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from paperclerk.api.files import Limit, Skip
from paperclerk.api.routing import (
    DOCUMENTED_ERRORS,
    CallerOf,
    KeyRoute,
    ServicesOf,
    checked_id,
    parse_time,
)
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.storage.executions import Executions, Filters, Status
from paperclerk.wire.executions import ExecutionReply, execution_json

router = APIRouter(
    prefix="/v1/predictions", tags=["predictions"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)

LABEL_PREFIX = "metadata."
MOMENT: dict[str, Any] = {"format": "date-time"}
Word = Annotated[str | None, Query(max_length=2048)]


@router.get("", response_model=list[ExecutionReply])
async def list_predictions(
    request: Request,
    caller: CallerOf,
    services: ServicesOf,
    skip: Skip = 0,
    limit: Limit = 10,
    status: Status | None = None,
    domain: Word = None,
    name: Annotated[str | None, Query(max_length=2048, description="The agent's name.")] = None,
    since: Annotated[
        str | None, Query(description="Made at this time or later, ISO 8601.", json_schema_extra=MOMENT)
    ] = None,
    until: Annotated[
        str | None, Query(description="Made before this time, ISO 8601.", json_schema_extra=MOMENT)
    ] = None,
) -> Response:
    """The tenant's executions, newest first. `metadata.KEY=VALUE` keeps those with that label."""
    filters = Filters(
        status=status,
        domain=domain,
        agent_name=name,
        since=None if since is None else parse_time(since, "since"),
        until=None if until is None else parse_time(until, "until"),
        labels=_labels(request),
    )
    if any("\0" in text for text in (domain or "", name or "", *filters.labels, *filters.labels.values())):
        raise InvalidRequest("A filter holds the character U+0000.")
    async with services.database.read() as connection:
        found = await Executions(connection, caller.tenant_id).newest(filters, skip=skip, limit=limit)
    return JSONResponse([execution_json(execution) for execution in found])


@router.get("/{execution_id}", response_model=ExecutionReply)
async def get_prediction(execution_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """An execution as it stands."""
    async with services.database.read() as connection:
        found = await Executions(connection, caller.tenant_id).get(checked_id(execution_id))
    if found is None:
        raise NotFound("There is no such prediction.", code="prediction_not_found")
    return JSONResponse(execution_json(found))


def _labels(request: Request) -> dict[str, str]:
    found = {
        name.removeprefix(LABEL_PREFIX): value
        for name, value in request.query_params.multi_items()
        if name.startswith(LABEL_PREFIX)
    }
    if len(found) > 10:
        raise InvalidRequest("Filter by at most 10 metadata keys.")
    return found
