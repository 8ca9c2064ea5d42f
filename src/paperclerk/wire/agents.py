"""Agents on the wire (contract A.4, B.9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from paperclerk.agents.definition import NAME
from paperclerk.wire.body import Body, UtcTime, exactly_one
from paperclerk.wire.executions import Address, ArtifactReply, ConfigBody, ExecutionBody, Text, UsageReply

AgentName = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]


PRIORITIES = {"low": 8, "normal": 5, "high": 2}
Priority = Annotated[
    int,
    BeforeValidator(lambda given: PRIORITIES.get(given, given) if isinstance(given, str) else given),
    Field(ge=1, le=9),
    WithJsonSchema(
        {
            "anyOf": [{"enum": [*PRIORITIES]}, {"type": "integer", "minimum": 1, "maximum": 9}],
            "description": "low (8), normal (5), high (2); or 1 first to 9 last, among the tenant's own that wait.",
        }
    ),
]


class AgentLookupBody(Body):
    """Exactly one of the three."""

    model_config = ConfigDict(json_schema_extra=exactly_one("id", "name", "prompt"))

    id: Text | None = None
    name: Text | None = Field(default=None, description="NAME, or NAME:VERSION.")
    prompt: Prompt | None = None


class AgentConfigBody(ConfigBody):
    """What an agent is made of: `prompt` and `json_schema`; `detail`, `grounding`, `confidence` and `strict`
    become its defaults. `steps` and `validators` are those of a definition (docs/agents.md)."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["prompt"],
            "allOf": [{"properties": {"prompt": {"type": "string", "minLength": 1}}}],
        }
    )

    steps: list[str | dict[str, Any]] = Field(
        default_factory=list, description="Such as split, {classify: [...]}, {route: {...}}, extract, verify."
    )
    validators: list[dict[str, Any]] = Field(
        default_factory=list, description="Such as {rule: sum, of: [net, tax], equals: total}."
    )


class AgentCreateBody(Body):
    """Publishes version 1 of a name at once; the same name again, the next version."""

    name: AgentName | None = Field(default=None, description="Invented when absent.")
    config: AgentConfigBody
    inputs: dict[str, Any] | None = Field(default=None, description="Tolerated; nothing is run.")
    callback_url: str | None = Field(
        default=None, description="Tolerated; the agent is made when this replies."
    )


class AgentExecuteBody(ExecutionBody):
    """Executes an agent over the documents among its inputs."""

    name: Text | None = Field(
        default=None, description="NAME or NAME:VERSION; absent: found by config.prompt."
    )
    version: Text = "latest"
    model: Text = "vlmrun-orion-1:auto"
    inputs: dict[str, Any] | None = Field(
        default=None,
        description="Names to contents: `input_file`, `file_url`, `image_url`, `text`, lists, JSON.",
    )
    file_ids: list[Text] | None = Field(default=None, description="Documents, as older clients name them.")
    urls: list[Address] | None = Field(default=None, description="The same, by http:, https: or data: URL.")
    priority: Priority = 5


class AgentInfo(BaseModel):
    """A version of an agent."""

    id: str
    name: str
    version: str
    description: str
    prompt: str
    json_schema: dict[str, Any] | None
    json_sample: dict[str, Any] | None = None
    created_at: UtcTime
    updated_at: UtcTime
    status: Literal["completed", "pending"] = Field(description="pending: a draft.")
    warnings: list[str] = Field(default=[], description="On creation: what of the request had no effect.")


class AgentExecutionReply(BaseModel):
    """An execution of an agent. `response` is an object, or null."""

    id: str
    name: str
    version: str
    created_at: UtcTime
    completed_at: UtcTime | None
    response: dict[str, Any] | None
    execution_mode: Literal["agent"] = "agent"
    status: Literal["enqueued", "pending", "running", "completed", "failed", "paused"]
    usage: UsageReply
    metadata: dict[str, Any]
    service_tier: str
    message: str | None
    error: dict[str, Any] | None
    errors: list[dict[str, Any]]
    pages: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    artifacts: list[ArtifactReply]
    warnings: list[str]
