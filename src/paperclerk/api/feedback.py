"""/v1/feedback: corrections of executions (contract A.7)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.api.files import Limit
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, checked_id
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.storage.executions import Executions
from paperclerk.storage.feedback import FeedbackRows
from paperclerk.wire.feedback import FeedbackBody, FeedbackItem, FeedbackListReply, FeedbackReply, Subject

router = APIRouter(
    prefix="/v1/feedback", tags=["feedback"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)

# Where clients older than 1.0 send it.
old_router = APIRouter(prefix="/v1/experimental/feedback", route_class=KeyRoute, include_in_schema=False)


@old_router.post("/submit")
@router.post("/submit")
async def submit(body: FeedbackBody, caller: CallerOf, services: ServicesOf) -> FeedbackReply:
    """Keeps a correction, or notes, beside an execution."""
    subject = _subject(body)
    if body.response is None and body.notes is None:
        raise InvalidRequest("Send the corrected `response`, `notes`, or both.", code="empty_feedback")
    now = services.now()
    async with services.database.write() as connection:
        await _check_there(connection, caller.tenant_id, subject)
        rows = FeedbackRows(connection, caller.tenant_id)
        made = await rows.add(subject, body.response, body.notes, now=now)
    return FeedbackReply(id=made.id, request_id=subject, created_at=made.created_at)


@router.get("/{execution_id}")
async def list_feedback(
    execution_id: str,
    caller: CallerOf,
    services: ServicesOf,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Limit = 10,
    type: Annotated[Subject, Query(description="What the id is of.")] = "request",  # noqa: A002 - the wire's
) -> FeedbackListReply:
    """The feedback on an execution, newest first."""
    subject = checked_id(execution_id)
    async with services.database.read() as connection:
        await _check_there(connection, caller.tenant_id, subject)
        found = await FeedbackRows(connection, caller.tenant_id).newest(subject, skip=offset, limit=limit)
    items = [
        FeedbackItem(id=f.id, created_at=f.created_at, response=f.response, notes=f.notes) for f in found
    ]
    return FeedbackListReply(request_id=subject, items=items)


def _subject(body: FeedbackBody) -> str:
    """The execution that is meant; a chat is one too. Raises InvalidRequest."""
    given = [i for i in (body.request_id, body.agent_execution_id, body.chat_id) if i is not None]
    if len(given) != 1:
        raise InvalidRequest(
            "Give exactly one of `request_id`, `agent_execution_id` and `chat_id`.", code="ambiguous_feedback"
        )
    return checked_id(given[0])


async def _check_there(connection: AsyncConnection, tenant_id: str, execution_id: str) -> None:
    if await Executions(connection, tenant_id).get(execution_id) is None:
        raise NotFound("There is no such prediction.", code="prediction_not_found")
