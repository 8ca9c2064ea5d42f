"""/v1/agent: agents of the tenant and the ready-made ones, and their executions (contract A.4, B.9)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from paperclerk.agents import builtin
from paperclerk.agents.bundles import reply_schema
from paperclerk.agents.definition import Definition, agent_of, from_json, to_json
from paperclerk.api.auth import Caller
from paperclerk.api.errors import NotSupported
from paperclerk.api.executions import Asked, run, stored_config
from paperclerk.api.files import Limit, Skip
from paperclerk.api.inputs import understood
from paperclerk.api.listing import FiltersOf
from paperclerk.api.resolving import agent_from, agent_named, stored_agent, with_routes
from paperclerk.api.routing import (
    DOCUMENTED_ERRORS,
    CallerOf,
    ExecuteRoute,
    KeyRoute,
    ServicesOf,
    checked_id,
)
from paperclerk.api.services import Services
from paperclerk.api.steering import steered
from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.jobs.requested import agent_of_own_schema
from paperclerk.storage.agents import DRAFT, LATEST, Agents, StoredAgent
from paperclerk.storage.executions import Execution, Executions
from paperclerk.wire.agents import (
    AgentCreateBody,
    AgentExecuteBody,
    AgentExecutionReply,
    AgentInfo,
    AgentLookupBody,
)
from paperclerk.wire.executions import execution_json

router = APIRouter(prefix="/v1", tags=["agents"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS)
execute_router = APIRouter(
    prefix="/v1/agent", tags=["agents"], route_class=ExecuteRoute, responses=DOCUMENTED_ERRORS
)

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)  # when the ready-made agents are said to be from
NO_SCHEMA: dict[str, Any] = {}


@router.get("/agent")
async def list_agents(caller: CallerOf, services: ServicesOf) -> list[AgentInfo]:
    """The tenant's agents (their latest versions), then the ready-made ones."""
    async with services.database.read() as connection:
        stored = await Agents(connection, caller.tenant_id).all()
    own = [_info(agent) for agent in stored]
    ready = await asyncio.to_thread(lambda: [_ready_made(builtin.lookup(name)) for name in builtin.names()])
    taken = {agent.name for agent in own}
    return own + [agent for agent in ready if agent.name not in taken]


@router.post("/agent/lookup")
async def lookup(body: AgentLookupBody, caller: CallerOf, services: ServicesOf) -> AgentInfo:
    """One agent, by `id`, by `name` (or NAME:VERSION), or by the `prompt` it was made from."""
    given = [key for key in ("id", "name", "prompt") if getattr(body, key) is not None]
    if len(given) != 1:
        raise InvalidRequest("Give exactly one of `id`, `name` and `prompt`.", code="ambiguous_agent")
    if body.id is not None:
        return await _by_id(body.id, caller, services)
    if body.prompt is not None:
        return _info(await _by_prompt(body.prompt, caller, services))
    name = body.name or ""
    stored = await stored_agent(name, LATEST, caller, services)
    return _info(stored) if stored else _ready_made(await asyncio.to_thread(builtin.lookup, name))


@router.get("/agent/lookup")
async def lookup_by_get(request: Request, caller: CallerOf, services: ServicesOf) -> AgentInfo:
    """The same for a client that sends its body with GET."""
    try:
        body = AgentLookupBody.model_validate(await request.json())
    except ValidationError:
        raise InvalidRequest("Send a JSON object with one of `id`, `name` and `prompt`.") from None
    return await lookup(body, caller, services)


@router.get("/agents/{agent_id:path}")
async def get_agent(agent_id: str, caller: CallerOf, services: ServicesOf) -> AgentInfo:
    """The version of an agent that has this id."""
    return await _by_id(agent_id, caller, services)


@router.post("/agent/create")
async def create(body: AgentCreateBody, caller: CallerOf, services: ServicesOf) -> AgentInfo:
    """Publishes an agent: version 1 of a new name, else the next version."""
    if not body.config.prompt:
        raise InvalidRequest("config.prompt is required: it says what the agent does.", code="missing_prompt")
    definition = await asyncio.to_thread(_definition, await steered(body, caller, services))
    await with_routes(agent_of(definition, LATEST), caller, services)
    async with services.database.write() as connection:
        stored = await Agents(connection, caller.tenant_id).publish(
            definition.name, to_json(definition), now=services.now()
        )
    return _info(stored).model_copy(update={"warnings": body.config.warnings()})


@execute_router.post("/execute", status_code=201, response_model=AgentExecutionReply)
async def execute(
    body: AgentExecuteBody, request: Request, caller: CallerOf, services: ServicesOf
) -> Response:
    """Executes an agent over one document or several, which are read as one."""
    inputs = understood(body.inputs, body.file_ids, body.urls)
    has_skills = bool(body.config.skills)
    body = await steered(body, caller, services)
    agent = await _chosen(body, caller, services, has_skills=has_skills)
    prompt = "\n".join(part for part in (body.config.prompt, *inputs.words) if part)
    asked = Asked(
        kind="document" if len(inputs.documents) == 1 else "documents",
        agent=agent,
        model=body.model,
        body=body.model_copy(update={"config": body.config.model_copy(update={"prompt": prompt})}),
        sources=tuple(inputs.documents),
    )
    return await run(asked, request, caller, services, shown=agent_execution_json)


@router.get("/agent/executions", response_model=list[AgentExecutionReply])
async def list_executions(
    filters: FiltersOf, caller: CallerOf, services: ServicesOf, skip: Skip = 0, limit: Limit = 10
) -> Response:
    """The tenant's executions, newest first: the same as its predictions, with the same filters."""
    async with services.database.read() as connection:
        found = await Executions(connection, caller.tenant_id).newest(filters, skip=skip, limit=limit)
    return JSONResponse([agent_execution_json(execution) for execution in found])


@router.get("/agent/executions/{execution_id}", response_model=AgentExecutionReply)
async def get_execution(execution_id: str, caller: CallerOf, services: ServicesOf) -> Response:
    """An execution as it stands."""
    async with services.database.read() as connection:
        found = await Executions(connection, caller.tenant_id).get(checked_id(execution_id))
    if found is None:
        raise NotFound("There is no such execution.", code="execution_not_found")
    return JSONResponse(agent_execution_json(found))


def agent_execution_json(execution: Execution) -> dict[str, Any]:
    """An execution of the shape of `AgentExecutionReply`; a result that is no object stands under `value`."""
    plain = execution_json(execution)
    response = plain["response"]
    if response is not None and not isinstance(response, dict):
        response = {"value": response}
    kept = {name: plain[name] for name in AgentExecutionReply.model_fields if name in plain}
    return {**kept, "response": response, "execution_mode": "agent"}


async def _chosen(body: AgentExecuteBody, caller: Caller, services: Services, *, has_skills: bool) -> Agent:
    """The agent that a request means; its own schema when it brings one and names none."""
    config = body.config
    if body.name is not None:
        agent = await agent_named(body.name, body.version, caller, services)
    elif config.json_schema is not None:
        return agent_of_own_schema()
    elif config.prompt and not has_skills:
        stored = await _by_prompt(config.prompt, caller, services)
        agent = await with_routes(agent_from(stored), caller, services)
    else:
        raise InvalidRequest(
            "Name the agent, or say what to look for: with `config.json_schema`, or a skill that has a schema.json.",
            code="missing_agent",
        )
    if not agent.json_schema and not agent.routed and config.json_schema is None:
        raise InvalidRequest(
            f"The agent {agent.name!r} has no JSON Schema, and the request brings none in config.json_schema. "
            "This server reads documents against a schema.",
            code="missing_schema",
        )
    return agent


async def _by_id(agent_id: str, caller: Caller, services: Services) -> AgentInfo:
    async with services.database.read() as connection:
        stored = await Agents(connection, caller.tenant_id).by_id(checked_id(agent_id))
    if stored is not None:
        return _info(stored)
    if agent_id in builtin.names():  # a ready-made agent's id is its name
        return _ready_made(await asyncio.to_thread(builtin.lookup, agent_id))
    raise NotFound("There is no agent of that id.", code="unknown_agent")


async def _by_prompt(prompt: str, caller: Caller, services: Services) -> StoredAgent:
    async with services.database.read() as connection:
        stored = await Agents(connection, caller.tenant_id).by_prompt(prompt)
    if stored is None:
        raise NotFound(
            "No agent was made from this prompt. Make one with POST /v1/agent/create.", code="unknown_agent"
        )
    return stored


def _definition(body: AgentCreateBody) -> Definition:
    config = stored_config(body.config)
    if body.config.gql_stmt or body.config.page_indices is not None:
        raise NotSupported(
            "An agent has no gql_stmt and no page_indices of its own; send them to execute it."
        )
    sent = body.config.model_fields_set
    of_agents = ("detail", "grounding", "confidence", "strict", "service_tier")
    defaults = {key: config[key] for key in of_agents if key in sent}
    asked: dict[str, Any] = {
        "name": body.name or f"agent-{uuid4().hex[:12]}",
        "prompt": body.config.prompt,
        "defaults": defaults,
        "validators": body.config.validators,
        "steps": body.config.steps,
    }
    if "json_schema" in config or not body.config.steps:
        asked["schema"] = config.get("json_schema", NO_SCHEMA)
    return from_json(asked)


def _info(stored: StoredAgent) -> AgentInfo:
    agent = agent_from(stored)
    return AgentInfo(
        id=stored.id or f"{stored.name}:{DRAFT}",
        name=stored.name,
        version=stored.version,
        description=agent.description,
        prompt=agent.prompt,
        json_schema=reply_schema(agent) if agent.takes_bundles else dict(agent.json_schema) or None,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
        status="pending" if stored.version == DRAFT else "completed",
    )


def _ready_made(agent: Agent) -> AgentInfo:
    return AgentInfo(
        id=agent.name,
        name=agent.name,
        version=agent.version,
        description=agent.description,
        prompt=agent.prompt,
        json_schema=dict(agent.json_schema),
        created_at=EPOCH,
        updated_at=EPOCH,
        status="completed",
    )
