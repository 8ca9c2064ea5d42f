"""/v1/openai: questions about documents by clients of OpenAI's chat completions (contract A.9)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse, Response

from paperclerk.agents import builtin
from paperclerk.api.auth import Caller
from paperclerk.api.chat_questions import asked_by
from paperclerk.api.errors import StillRunning, status_of_failure
from paperclerk.api.executions import still_running, submitted
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, ExecutionRoute, KeyRoute, ServicesOf
from paperclerk.api.services import Services
from paperclerk.storage.agents import Agents
from paperclerk.storage.artifacts import SESSION
from paperclerk.storage.executions import Execution, Outcome, Status
from paperclerk.wire.chat import (
    ChatBody,
    ChatModelListReply,
    ChatModelReply,
    ChatReply,
    chat_json,
    first_chunk,
    last_chunks,
)
from paperclerk.wire.errors import error_json

router = APIRouter(
    prefix="/v1/openai", tags=["chat"], route_class=ExecutionRoute, responses=DOCUMENTED_ERRORS
)
models_router = APIRouter(
    prefix="/v1/openai", tags=["chat"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)

PING_S = 15
WAIT_S = 540.0  # clients wait ten minutes
OURS = frozenset({"internal_error", "worker_crashed"})  # failures that are no fault of the request
MODELS = ("vlm-1", *(f"vlmrun-orion-1{size}" for size in ("", ":lite", ":fast", ":auto", ":pro")))
EPOCH_S = 1_704_067_200  # when the ready-made agents are said to be from: 2024


@router.post(
    "/chat/completions",
    response_model=ChatReply,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def complete(body: ChatBody, request: Request, caller: CallerOf, services: ServicesOf) -> Response:
    """Answers a question about the documents in the messages, in JSON of the schema in `response_format`."""
    asked = await asked_by(body, caller, services)
    execution = await submitted(asked, request, caller, services)
    if body.stream:
        separate_usage = body.stream_options is not None and body.stream_options.include_usage
        chunks = _chunks(execution, caller, services, separate_usage=separate_usage)
        return EventSourceResponse(chunks, ping=PING_S, sep="\n")
    outcome, execution = await _ended(execution, caller, services)
    if outcome.status is Status.FAILED:
        # OpenAI's clients send again after a 5xx unless they are told not to.
        return JSONResponse(_failure(outcome, execution), _status(outcome), {"x-should-retry": "false"})
    return JSONResponse(chat_json(execution, _session(execution)))


@models_router.get("/models")
async def models(caller: CallerOf, services: ServicesOf) -> ChatModelListReply:
    """The names of models that clients of the hosted service send, the tenant's agents, the ready-made agents."""
    async with services.database.read() as connection:
        own = await Agents(connection, caller.tenant_id).all()
    ready = [name for name in await asyncio.to_thread(builtin.names) if name not in {a.name for a in own}]
    return ChatModelListReply(
        data=[
            *(ChatModelReply(id=name, created=EPOCH_S, owned_by="paperclerk") for name in MODELS),
            *(
                ChatModelReply(id=a.name, created=int(a.created_at.timestamp()), owned_by="tenant")
                for a in own
            ),
            *(ChatModelReply(id=name, created=EPOCH_S, owned_by="paperclerk") for name in ready),
        ]
    )


async def _chunks(
    execution: Execution, caller: Caller, services: Services, *, separate_usage: bool
) -> AsyncIterator[ServerSentEvent]:
    session_id = _session(execution)
    yield _event(first_chunk(execution, session_id))
    try:
        outcome, execution = await _ended(execution, caller, services)
    except StillRunning as error:
        yield _event(error_json(error.code, error.message, execution.id))
        return
    if outcome.status is Status.FAILED:
        yield _event(_failure(outcome, execution))
        return
    for chunk in last_chunks(execution, session_id, separate_usage=separate_usage):
        yield _event(chunk)
    yield ServerSentEvent("[DONE]", sep="\n")


def _event(data: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data), sep="\n")


async def _ended(execution: Execution, caller: Caller, services: Services) -> tuple[Outcome, Execution]:
    """The execution once it has ended. Raises StillRunning."""
    execution = await services.jobs.wait(caller.tenant_id, execution.id, timeout_s=WAIT_S)
    if execution.outcome is None:
        raise still_running(execution)
    return execution.outcome, execution


def _session(execution: Execution) -> str:
    return str(execution.request.metadata.get(SESSION, ""))


def _failure(outcome: Outcome, execution: Execution) -> dict[str, Any]:
    return error_json(outcome.failure_code or "internal_error", outcome.message or "", execution.id)


def _status(outcome: Outcome) -> int:
    code = outcome.failure_code or "internal_error"
    return 500 if code in OURS else status_of_failure(code)
