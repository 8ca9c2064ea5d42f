"""The ready-made agent `document.schema`: a JSON Schema for documents like the one given. Read by `builtin`.

Its schema is that of the reply (contract A.1): the engine `schema` of `extraction.inferring` fills it.
"""

from __future__ import annotations

from typing import Any

from paperclerk.domain.agent import Agent

NAME = "document.schema"

SCHEMA: dict[str, Any] = {
    "title": "InferredSchema",
    "type": "object",
    "properties": {
        "domain": {"type": "string", "description": "custom.CATEGORY.TYPE-YYYYMMDD"},
        "description": {"type": "string"},
        "schema_version": {"type": "string", "description": "The day, as YYYYMMDD"},
        "schema_hash": {"type": "string"},
        "gql_stmt": {"type": "string", "description": "The selection of all fields"},
        "json_schema": {"type": "object"},
    },
    "required": ["domain", "schema_version", "schema_hash", "gql_stmt", "json_schema"],
}

AGENT = Agent(
    name=NAME,
    version="1",
    json_schema=SCHEMA,
    prompt="Find the fields that documents of this kind have.",
    description="A JSON Schema for documents like the one given: its labelled values and its tables.",
    domain=NAME,
    engine="schema",
)
