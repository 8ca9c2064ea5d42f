"""/v1/schema, /v1/domains, /v1/models: what can be executed and what it replies with (contract A.1)."""

from __future__ import annotations

import asyncio
import dataclasses

from fastapi import APIRouter

from paperclerk.agents import builtin
from paperclerk.agents.bundles import reply_schema
from paperclerk.agents.describe import schema_info
from paperclerk.api.executions import stored_config
from paperclerk.api.resolving import agent_for
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf
from paperclerk.api.steering import steered
from paperclerk.domain.agent import Agent
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.select import select
from paperclerk.wire.executions import ConfigBody
from paperclerk.wire.schemas import DomainReply, ModelReply, SchemaBody, SchemaReply

router = APIRouter(prefix="/v1", tags=["schemas"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS)

MODEL = "vlm-1"


@router.post("/schema")
async def schema(body: SchemaBody, caller: CallerOf, services: ServicesOf) -> SchemaReply:
    """The schema of a domain or agent; with `config.json_schema` or a skill's, that one, which would
    rule; of it, what `config.gql_stmt` selects."""
    body = await steered(body, caller, services)
    agent = await agent_for(body.domain, body.config, caller, services)
    return await asyncio.to_thread(schema_of, agent, body.config)


@router.get("/domains")
async def domains(caller: CallerOf) -> list[DomainReply]:
    """The ready-made agents."""
    return await asyncio.to_thread(_domains)


@router.get("/models")
async def models(caller: CallerOf) -> list[ModelReply]:
    """Every domain with the model that reads it."""
    return [ModelReply(model=MODEL, domain=name) for name in await asyncio.to_thread(builtin.names)]


def schema_of(agent: Agent, asked: ConfigBody) -> SchemaReply:
    """The schema that a reply of the agent would have. Raises InvalidSchema."""
    config = stored_config(asked)
    own = reply_schema(agent) if agent.takes_bundles else agent.json_schema
    ruling = check_schema(config.get("json_schema", own))
    selected = select(ruling, config.get("gql_stmt", ""))
    info = schema_info(dataclasses.replace(agent, json_schema=selected))
    return SchemaReply(**dataclasses.asdict(info))


def _domains() -> list[DomainReply]:
    return [
        DomainReply(domain=name, name=name, description=builtin.lookup(name).description)
        for name in builtin.names()
    ]
