"""Agents on the wire (contract A.4, B.9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from paperclerk.agents.definition import NAME
from paperclerk.wire.body import Body, UtcTime
from paperclerk.wire.executions import ConfigBody, ExecutionBody, Text, UsageReply

AgentName = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]


class AgentLookupBody(Body):
    """Exactly one of the three."""

    id: Text | None = None
    name: Text | None = Field(default=None, description="NAME, or NAME:VERSION.")
    prompt: Prompt | None = None


class AgentConfigBody(ConfigBody):
    """What an agent is made of: `prompt` and `json_schema`; `detail`, `grounding`, `confidence` and `strict`
    become its defaults."""


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
    message: str | None
    error: dict[str, Any] | None
    errors: list[dict[str, Any]]
    pages: list[dict[str, Any]]
    steps: list[dict[str, Any]]
