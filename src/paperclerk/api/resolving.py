"""From the name of an agent to the agent: the tenant's own first, then the ready-made. Called by the routers."""

from __future__ import annotations

import asyncio

import msgspec

from paperclerk.agents.definition import Definition, agent_of
from paperclerk.api.auth import Caller
from paperclerk.api.services import Services
from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.jobs import requested
from paperclerk.jobs.requested import agent_of_own_schema, find_agent
from paperclerk.storage.agents import LATEST, Agents, StoredAgent
from paperclerk.wire.executions import ConfigBody

MAX_NAME = 200


async def agent_named(name: str, version: str, caller: Caller, services: Services) -> Agent:
    """The agent to execute, by NAME or NAME:VERSION. Raises NotFound with the closest names."""
    stored = await stored_agent(name, version, caller, services)
    if stored is None:
        return await asyncio.to_thread(find_agent, name, version)
    return await with_routes(agent_from(stored), caller, services)


async def with_routes(agent: Agent, caller: Caller, services: Services) -> Agent:
    """The agent with those that its `route` step names. Raises NotFound, InvalidRequest (`invalid_agent`)."""
    if not agent.routes:
        return agent
    async with services.database.read() as connection:
        return await requested.with_routes(agent, Agents(connection, caller.tenant_id))


async def agent_for(domain: str | None, config: ConfigBody, caller: Caller, services: Services) -> Agent:
    """The agent behind `generate`. Raises NotFound, InvalidRequest when nothing says what to look for."""
    if domain is not None:
        return await agent_named(domain, LATEST, caller, services)
    if config.json_schema is None:
        missing = (
            "Say what to look for: a `domain` such as document.invoice, a JSON Schema in `config.json_schema`, or a "
            "skill that has a schema.json."
        )
        raise InvalidRequest(" ".join([missing, *config.warnings()]), code="missing_domain")
    return agent_of_own_schema()


async def stored_agent(name: str, version: str, caller: Caller, services: Services) -> StoredAgent | None:
    """The tenant's own agent; None when it has none of that name. Raises NotFound for a version it lacks."""
    base, _, suffix = name.strip().partition(":")
    wanted = version if version not in ("", LATEST) else suffix or LATEST
    if not base or len(base) > MAX_NAME or "\0" in name + version:
        return None
    async with services.database.read() as connection:
        agents = Agents(connection, caller.tenant_id)
        found = await agents.get(base, wanted)
        if found is not None or wanted == LATEST:
            return found
        others = [agent.version for agent in await agents.versions(base)]
    if others:
        raise NotFound(
            f"The agent {base!r} has no version {wanted[:50]!r}. It has: {', '.join(others[-20:])}.",
            code="unknown_agent",
        )
    return None


def agent_from(stored: StoredAgent) -> Agent:
    """The agent that a stored version is; it was checked when it was stored."""
    return agent_of(msgspec.convert(stored.definition, Definition), stored.version)
