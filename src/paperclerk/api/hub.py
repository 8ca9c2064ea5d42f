"""/v1/hub: the catalogue of ready-made schemas, as clients of the hub ask for it (contract A.1)."""

from __future__ import annotations

import asyncio
import dataclasses

from fastapi import APIRouter

from paperclerk.agents import builtin
from paperclerk.api.resolving import agent_for
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf
from paperclerk.api.schemas import schema_of
from paperclerk.api.steering import steered
from paperclerk.wire.schemas import HubDomainReply, HubInfoReply, HubSchemaBody, SchemaReply

router = APIRouter(prefix="/v1/hub", tags=["hub"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS)


@router.get("/info")
async def info(caller: CallerOf) -> HubInfoReply:
    """The version of the catalogue."""
    return HubInfoReply(version=await asyncio.to_thread(builtin.catalog_version))


@router.get("/domains")
async def domains(caller: CallerOf) -> list[HubDomainReply]:
    """The domains that have a schema."""
    return await asyncio.to_thread(_domains)


@router.get("/domains/{domain}")
async def has_domain(domain: str, caller: CallerOf) -> bool:
    """Whether there is such a domain."""
    return domain in await asyncio.to_thread(builtin.names)


@router.post("/schema")
async def schema(body: HubSchemaBody, caller: CallerOf, services: ServicesOf) -> SchemaReply:
    """The schema of a domain; of it, what `gql_stmt` (here or in `config`) selects."""
    body = await steered(body, caller, services)
    config = body.config.model_copy(update={"gql_stmt": body.gql_stmt or body.config.gql_stmt})
    agent = await agent_for(body.domain, config, caller, services)
    return await asyncio.to_thread(schema_of, agent, config)


def _domains() -> list[HubDomainReply]:
    return [HubDomainReply(**dataclasses.asdict(entry)) for entry in builtin.entries()]
