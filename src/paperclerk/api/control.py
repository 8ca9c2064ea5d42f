"""/v1/predictions/{id}/...: steering and watching one execution."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse, Response

from paperclerk.api.auth import Caller
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, checked_id
from paperclerk.api.services import Services
from paperclerk.domain.errors import NotFound
from paperclerk.storage.executions import Execution, Executions
from paperclerk.wire.executions import ExecutionReply, execution_json

router = APIRouter(
    prefix="/v1/predictions", tags=["predictions"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)

LOOK_S = 0.5
PING_S = 15


@router.post("/{execution_id}/cancel", response_model=ExecutionReply)
async def cancel(execution_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """Ends an execution that has not ended: it fails with the code `cancelled`."""
    return _reply(await services.jobs.cancel(caller.tenant_id, checked_id(execution_id)))


@router.post("/{execution_id}/pause", response_model=ExecutionReply)
async def pause(execution_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """Stops an execution until it is resumed. Pages that were read are not read again."""
    return _reply(await services.jobs.pause(caller.tenant_id, checked_id(execution_id)))


@router.post("/{execution_id}/resume", response_model=ExecutionReply)
async def resume(execution_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """Lets a paused execution go on."""
    return _reply(await services.jobs.resume(caller.tenant_id, checked_id(execution_id)))


@router.get("/{execution_id}/events", response_class=EventSourceResponse)
async def events(execution_id: str, request: Request, caller: CallerOf, services: ServicesOf) -> Response:
    """Server-sent events until it has ended: `status`, `progress` (pages read), and `end` with the execution."""
    first = await _find(checked_id(execution_id), caller, services)
    return EventSourceResponse(_events(first, request, caller, services), ping=PING_S)


async def _events(
    execution: Execution, request: Request, caller: Caller, services: Services
) -> AsyncIterator[ServerSentEvent]:
    told: dict[str, object] = {}
    while True:
        progress = execution.progress
        news: dict[str, object] = {"status": {"status": execution.status.value}}
        if progress is not None:
            news["progress"] = {"stage": progress.stage, "done": progress.done, "total": progress.total}
        if execution.outcome is not None:  # then the status comes last: no page is read after the end
            news["status"] = news.pop("status")
        for name, data in news.items():
            if told.get(name) != data:
                told[name] = data
                yield ServerSentEvent(json.dumps(data), event=name)
        if execution.outcome is not None:
            yield ServerSentEvent(json.dumps(execution_json(execution)), event="end")
            return
        await asyncio.sleep(LOOK_S)
        if await request.is_disconnected():
            return
        execution = await _find(execution.id, caller, services)


async def _find(execution_id: str, caller: Caller, services: Services) -> Execution:
    async with services.database.read() as connection:
        found = await Executions(connection, caller.tenant_id).get(execution_id)
    if found is None:
        raise NotFound("There is no such prediction.", code="prediction_not_found")
    return found


def _reply(execution: Execution) -> Response:
    return JSONResponse(execution_json(execution))
