"""/v1/document: execute an agent, or generate by a domain, over one document (contract A.3)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from paperclerk.api.executions import (
    Asked,
    document_source,
    infer_schema,
    run,
    stored_documents,
)
from paperclerk.api.resolving import agent_for, agent_named
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, ExecuteRoute, ExecutionRoute, ServicesOf
from paperclerk.api.steering import steered
from paperclerk.domain.errors import InvalidRequest
from paperclerk.wire.executions import (
    DocumentExecuteBody,
    DocumentGenerateBody,
    DocumentSchemaBody,
    ExecutionReply,
)

execute_router = APIRouter(
    prefix="/v1/document", tags=["document"], route_class=ExecuteRoute, responses=DOCUMENTED_ERRORS
)
generate_router = APIRouter(
    prefix="/v1/document", tags=["document"], route_class=ExecutionRoute, responses=DOCUMENTED_ERRORS
)

old_router = APIRouter(
    prefix="/v1/schema", tags=["document"], route_class=ExecutionRoute, responses=DOCUMENTED_ERRORS
)


@execute_router.post("/execute", status_code=201, response_model=ExecutionReply)
async def execute(
    body: DocumentExecuteBody, request: Request, caller: CallerOf, services: ServicesOf
) -> Response:
    """Executes an agent by name over a document."""
    body = await steered(body, caller, services)
    if body.file_ids is not None and (body.file_id or body.url):
        raise InvalidRequest(
            "Give `file_ids`, `file_id` or `url`; not two of them.", code="ambiguous_document"
        )
    sources = stored_documents(body.file_ids) if body.file_ids else document_source(body.file_id, body.url)
    asked = Asked(
        kind="document" if len(sources) == 1 else "documents",
        agent=await agent_named(body.name, body.version, caller, services),
        model="embedded",
        body=body,
        sources=sources,
    )
    return await run(asked, request, caller, services)


@generate_router.post("/generate", status_code=201, response_model=ExecutionReply)
async def generate(
    body: DocumentGenerateBody, request: Request, caller: CallerOf, services: ServicesOf
) -> Response:
    """Reads a document by a domain's schema, by the caller's own, or by that of a skill."""
    body = await steered(body, caller, services)
    asked = Asked(
        kind="document",
        agent=await agent_for(body.domain, body.config, caller, services),
        model=body.model,
        body=body,
        sources=document_source(body.file_id, body.url),
    )
    return await run(asked, request, caller, services)


@old_router.post("/generate", status_code=201, response_model=ExecutionReply, operation_id="schema_generate")
@generate_router.post("/schema", status_code=201, response_model=ExecutionReply)
async def schema(
    body: DocumentSchemaBody, request: Request, caller: CallerOf, services: ServicesOf
) -> Response:
    """Infers a JSON Schema for documents like this one; it is the `response`. Always waits."""
    sources = document_source(body.file_id, body.url)
    return await infer_schema("document", body, sources, request, caller, services)
