"""/v1/predictions: executions, one or many (contract A.3)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from paperclerk.api.files import Limit, Skip
from paperclerk.api.listing import FiltersOf
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, checked_id
from paperclerk.domain.errors import NotFound
from paperclerk.storage.executions import Executions
from paperclerk.wire.executions import ExecutionReply, execution_json

router = APIRouter(
    prefix="/v1/predictions", tags=["predictions"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)


@router.get("", response_model=list[ExecutionReply])
async def list_predictions(
    filters: FiltersOf, caller: CallerOf, services: ServicesOf, skip: Skip = 0, limit: Limit = 10
) -> Response:
    """The tenant's executions, newest first. `metadata.KEY=VALUE` keeps those with that label."""
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
