"""What is told about an agent's schema: the answer of `POST /v1/schema`. Called by `api` and `cli`."""

from __future__ import annotations

import hashlib
import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paperclerk.agents import builtin
from paperclerk.domain.agent import Agent
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.select import selection_text


@dataclass(frozen=True)
class SchemaInfo:
    """A schema as clients learn of it; field names are the wire's (contract A.1)."""

    domain: str
    description: str
    schema_version: str
    schema_hash: str
    gql_stmt: str
    json_schema: Mapping[str, Any]


def schema_info(agent: Agent | str) -> SchemaInfo:
    """Describes an agent, or the ready-made agent of that name. Raises NotFound, InvalidSchema."""
    if isinstance(agent, str):
        agent = builtin.lookup(agent)
    return SchemaInfo(
        domain=agent.domain or agent.name,
        description=agent.description,
        schema_version=agent.version,
        schema_hash=schema_hash(agent.json_schema),
        gql_stmt=selection_text(compile_schema(agent.json_schema)),
        json_schema=_with_class_title(agent.json_schema, agent.name),
    )


def schema_hash(schema: Mapping[str, Any]) -> str:
    """The first 8 hex digits of the digest, as the hub server has it."""
    return schema_digest(schema)[:8]


def schema_digest(schema: Mapping[str, Any]) -> str:
    """The SHA-256 of the schema written with sorted keys, in hex."""
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


def _with_class_title(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The schema with a title that is a class name: clients generate a class and look it up by the title."""
    title = schema.get("title")
    if isinstance(title, str) and title.isidentifier() and not keyword.iskeyword(title):
        return schema
    words = re.findall(r"[A-Za-z0-9]+", title if isinstance(title, str) else name)
    joined = "".join(w[:1].upper() + w[1:] for w in words)
    usable = joined.isidentifier() and not keyword.iskeyword(joined)
    return {**schema, "title": joined if usable else f"Model{joined}"}
