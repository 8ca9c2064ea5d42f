"""Schemas, domains and models on the wire (contract A.1)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from paperclerk.wire.body import Body
from paperclerk.wire.executions import READ_BY, ConfigBody, Text


class SchemaBody(Body):
    model_config = ConfigDict(json_schema_extra=READ_BY)

    domain: Text | None = Field(default=None, description="May be left out when config.json_schema is given.")
    config: ConfigBody = ConfigBody()


class HubSchemaBody(SchemaBody):
    gql_stmt: str | None = None


class SchemaReply(BaseModel):
    """The schema that a reply of this domain or agent has."""

    domain: str
    description: str | None
    schema_version: str
    schema_hash: str
    gql_stmt: str
    json_schema: dict[str, Any] = Field(description="With a title that is a class name.")


class ModelReply(BaseModel):
    model: str
    domain: str


class DomainReply(BaseModel):
    domain: str
    name: str
    description: str


class HubInfoReply(BaseModel):
    version: str


class HubDomainReply(BaseModel):
    domain: str
    description: str
    supported_inputs: list[str]
    tags: list[str]
    sample_data: list[str] = Field(description="Addresses of examples, as the catalogue has them.")
