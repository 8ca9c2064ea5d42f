"""/v1/image: execute an agent, or generate by a domain, over images, each a page (contract A.3)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from paperclerk.api.executions import Asked, infer_schema, run
from paperclerk.api.resolving import agent_for, agent_named
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, ExecuteRoute, ExecutionRoute, ServicesOf
from paperclerk.api.steering import steered
from paperclerk.storage.executions import Input
from paperclerk.wire.executions import (
    ExecutionReply,
    ImageExecuteBody,
    ImageGenerateBody,
    ImageSchemaBody,
)

execute_router = APIRouter(
    prefix="/v1/image", tags=["image"], route_class=ExecuteRoute, responses=DOCUMENTED_ERRORS
)
generate_router = APIRouter(
    prefix="/v1/image", tags=["image"], route_class=ExecutionRoute, responses=DOCUMENTED_ERRORS
)


@execute_router.post("/execute", status_code=201, response_model=ExecutionReply)
async def execute(
    body: ImageExecuteBody, request: Request, caller: CallerOf, services: ServicesOf
) -> Response:
    """Executes an agent by name over images."""
    body = await steered(body, caller, services)
    asked = Asked(
        kind="image",
        agent=await agent_named(body.name, body.version, caller, services),
        model="embedded",
        body=body,
        sources=tuple(Input(url=url) for url in body.images),
    )
    return await run(asked, request, caller, services)


@generate_router.post("/generate", status_code=201, response_model=ExecutionReply)
async def generate(
    body: ImageGenerateBody, request: Request, caller: CallerOf, services: ServicesOf
) -> Response:
    """Reads images by a domain's schema, by the caller's own, or by that of a skill."""
    body = await steered(body, caller, services)
    asked = Asked(
        kind="image",
        agent=await agent_for(body.domain, body.config, caller, services),
        model=body.model,
        body=body,
        sources=tuple(Input(url=url) for url in body.images),
    )
    return await run(asked, request, caller, services)


@generate_router.post("/schema", status_code=201, response_model=ExecutionReply)
async def schema(body: ImageSchemaBody, request: Request, caller: CallerOf, services: ServicesOf) -> Response:
    """Infers a JSON Schema for images like these; it is the `response`. Always waits."""
    sources = tuple(Input(url=url) for url in body.images)
    return await infer_schema("image", body, sources, request, caller, services)
