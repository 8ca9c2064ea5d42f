"""What a stored execution asks for, as the pipeline takes it. Called by `api` to check it, by `jobs` to run it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec

from paperclerk.agents import builtin
from paperclerk.agents.definition import Definition, agent_of, definition_of, to_json
from paperclerk.agents.steps import without_steps
from paperclerk.domain.agent import Agent, ExecutionConfig, Redaction
from paperclerk.domain.errors import NotFound
from paperclerk.extraction.plan import Plan, make_plan
from paperclerk.storage.agents import LATEST, Agents, StoredAgent
from paperclerk.storage.executions import NewExecution

STORED_AGENT = "agent"  # in an execution's configuration: the definition of a tenant's own agent
ROUTED_AGENTS = "routed"  # beside it: those that its `route` step names, by kind
OWN_SCHEMA = "schema"  # the name of an execution that brings its own schema and names no agent


def find_agent(name: str, version: str | None = None) -> Agent:
    """The agent of that name and version. Raises NotFound with the closest names."""
    return builtin.lookup(name, version)


def agent_of_own_schema() -> Agent:
    """What stands in for an agent when a request brings a schema and names none."""
    return Agent(name=OWN_SCHEMA, version="1", json_schema={})


def is_stored(agent: Agent) -> bool:
    """Whether an agent is a tenant's own: neither ready-made nor what stands in for one."""
    return agent.domain is None and agent.name != OWN_SCHEMA


async def resolved(stored: StoredAgent, agents: Agents) -> Agent:
    """The agent that a stored version is, with those that its `route` step names: the tenant's own first, then the
    ready-made. Raises NotFound, InvalidRequest (`invalid_agent`)."""
    return await with_routes(_from(stored.definition, stored.version), agents)


async def with_routes(agent: Agent, agents: Agents) -> Agent:
    """See `resolved`."""
    found = {}
    for kind, name in agent.routes.items():
        base, _, version = name.partition(":")
        own = await agents.get(base, version or LATEST)
        found[kind] = _from(own.definition, own.version) if own else await asyncio.to_thread(find_agent, name)
    return replace(agent, routed=without_steps(found))


def stored_form(agent: Agent) -> dict[str, Any]:
    """What of a tenant's own agent is stored with an execution: versions are immutable, so a worker needs no second
    look, and a new version changes nothing that was accepted."""
    routed = {
        kind: {"name": to.name, "version": to.version, "definition": _definition(to)}
        for kind, to in agent.routed.items()
    }
    return {STORED_AGENT: _definition(agent)} | ({ROUTED_AGENTS: routed} if routed else {})


def plan_of(new: NewExecution) -> Plan:
    """The plan of an execution. Raises NotFound, InvalidSchema."""
    return make_plan(_agent(new), config_of(new))


def _agent(new: NewExecution) -> Agent:
    if STORED_AGENT in new.config:
        agent = _from(new.config[STORED_AGENT], new.agent_version)
        routed = new.config.get(ROUTED_AGENTS, {})
        return replace(agent, routed={kind: _routed(**to) for kind, to in routed.items()})
    if new.agent_name == OWN_SCHEMA:
        return agent_of_own_schema()
    return _ready_made(new.agent_name, new.agent_version)


def _routed(name: str, version: str, definition: Any) -> Agent:
    return _ready_made(name, version) if definition is None else _from(definition, version)


def _from(definition: Any, version: str) -> Agent:
    return agent_of(msgspec.convert(definition, Definition), version)


def _definition(agent: Agent) -> dict[str, Any] | None:
    return to_json(definition_of(agent)) if is_stored(agent) else None


def _ready_made(name: str, version: str) -> Agent:
    try:
        return find_agent(name, version)
    except NotFound:
        # Accepted with an earlier version of the ready-made agents, run after an update.
        return find_agent(name)


def config_of(new: NewExecution) -> ExecutionConfig:
    """The configuration of an execution."""
    given: dict[str, Any] = dict(new.config)
    pages, redact = given.get("page_indices"), given.get("redact")
    return ExecutionConfig(
        prompt=given.get("prompt", ""),
        json_schema=given.get("json_schema"),
        gql_stmt=given.get("gql_stmt", ""),
        detail=given.get("detail", "auto"),
        grounding=given.get("grounding", False),
        confidence=given.get("confidence", False),
        page_indices=None if pages is None else tuple(pages),
        max_retries=given.get("max_retries", 3),
        max_tokens=given.get("max_tokens", 65535),
        temperature=given.get("temperature", 0.0),
        strict=given.get("strict", False),
        redact=None if redact is None else msgspec.convert(redact, Redaction),
        draw_boxes=given.get("draw_boxes", False),
        service_tier=given.get("service_tier", "auto"),
        metadata=new.metadata,
    )
