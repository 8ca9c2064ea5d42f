"""What an execution will do, settled before the document is touched. Called by `extraction.pipeline`."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from paperclerk.documents.reader import ReadOptions
from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.errors import InvalidRequest
from paperclerk.engines.engine import Context
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.chosen import check_redaction
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.select import select


@dataclass(frozen=True)
class Plan:
    """`schema` is the caller's own, the judge of the reply; `field` the form that engines read. `engine` names
    the engine that the agent brings; None: the configured one. `routed` are the plans for each kind of document
    of a bundle."""

    agent: Agent
    config: ExecutionConfig
    schema: Mapping[str, Any]
    field: Field
    context: Context
    engine: str | None = None
    routed: Mapping[str, Plan] = dataclasses.field(default_factory=dict)

    @property
    def read_options(self) -> ReadOptions:
        return read_options(self.config)


def read_options(config: ExecutionConfig) -> ReadOptions:
    """How the document of an execution with this configuration is read."""
    return ReadOptions(pages=config.page_indices, detail=config.detail)


def make_plan(agent: Agent, config: ExecutionConfig) -> Plan:
    """Checks and compiles the schema that rules: the configuration's own, else the agent's; of it the part
    that `config.gql_stmt` selects.

    Raises InvalidSchema; InvalidRequest for a schema of one's own beside an agent that routes to others, and for
    a redaction that cannot be followed.
    """
    if agent.routed and (config.json_schema is not None or config.gql_stmt):
        raise InvalidRequest(
            f"The agent {agent.name!r} routes documents to other agents, which have schemas of their own; leave out "
            "json_schema and gql_stmt.",
            code="invalid_request",
        )
    ruling = config.json_schema if config.json_schema is not None else agent.json_schema
    schema, compiled = _prepared(ruling, config.gql_stmt)
    redact = config.redact or agent.redaction
    routed = {kind: make_plan(to, replace(config, redact=None)) for kind, to in agent.routed.items()}
    check_redaction(redact, [compiled, *(plan.field for plan in routed.values())])
    config = replace(config, redact=redact)
    engine = agent.engine if config.json_schema is None else None
    if engine is not None:  # what it gives has places of its own
        config = replace(config, grounding=False, confidence=False)
    prompt = "\n\n".join(p for p in (agent.prompt, config.prompt) if p)
    return Plan(
        agent=agent,
        config=config,
        schema=schema,
        field=compiled,
        context=Context(
            prompt=prompt,
            detail=config.detail,
            metadata=config.metadata,
            json_schema=schema,
            max_retries=config.max_retries,
            max_tokens=config.max_tokens,
            temperature=config.temperature,
        ),
        engine=engine,
        routed=routed,
    )


def _prepared(schema: Mapping[str, Any], selection: str) -> tuple[Mapping[str, Any], Field]:
    """What is selected of the schema, checked, and its compiled form."""
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError, RecursionError):  # the check says what is wrong with it
        text = json.dumps(check_schema(schema))
    return _prepared_text(text, selection)


@functools.lru_cache(maxsize=64)  # the same few schemas come again and again, and cost tens of milliseconds
def _prepared_text(text: str, selection: str) -> tuple[Mapping[str, Any], Field]:
    checked = select(check_schema(json.loads(text)), selection)
    return checked, compile_schema(checked)
