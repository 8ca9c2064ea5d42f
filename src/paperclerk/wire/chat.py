"""Chat completions on the wire: OpenAI's shapes, with what the contract adds (A.9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from paperclerk.domain.agent import ServiceTier
from paperclerk.storage.executions import Execution
from paperclerk.wire.body import Body, Whole
from paperclerk.wire.executions import ConfigBody, Text
from paperclerk.wire.skill_reference import MAX_SKILLS, SkillBody

MAX_MESSAGES = 1_000


class MessageBody(Body):
    """A message. Documents stand in the parts of its content."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = Field(
        default=None,
        description="Text, or parts: `text`, `input_file`, `file`, `file_url`, `image_url`, `document_url`.",
    )


class ResponseFormatBody(Body):
    """The schema of the answer stands in `json_schema.schema`, in `json_schema` or in `schema`."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")


class StreamOptionsBody(Body):
    include_usage: bool = False


class DomainBody(Body):
    """What older clients send beside the messages."""

    domain: Text | None = None
    config: ConfigBody = ConfigBody()
    metadata: dict[str, Any] = Field(default_factory=dict)


class ChatBody(Body):
    """A question about documents, answered in JSON of a schema. Keys that are not listed have no effect."""

    messages: list[MessageBody] = Field(min_length=1, max_length=MAX_MESSAGES)
    model: Text = Field(
        default="vlmrun-orion-1:auto",
        description="An agent, as NAME or NAME:VERSION, answers by its schema; other names are kept and echoed.",
    )
    response_format: ResponseFormatBody | None = None
    stream: bool = False
    stream_options: StreamOptionsBody | None = None
    session_id: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = Field(
        default=None, description="Joins chats, and what they made, to a session; invented when absent."
    )
    metadata: dict[str, Any] = Field(default_factory=dict)
    skills: list[SkillBody] | None = Field(default=None, max_length=MAX_SKILLS)
    vlmrun: DomainBody = DomainBody()
    n: Whole = Field(default=1, ge=1, le=1, description="One answer.")
    max_tokens: Whole | None = Field(default=None, ge=1, description="For model engines.")
    max_completion_tokens: Whole | None = Field(
        default=None, ge=1, description="The newer name of max_tokens."
    )
    temperature: float | None = Field(default=None, ge=0, le=2, description="For model engines.")
    service_tier: ServiceTier | None = Field(default=None, description="As in a request's config.")
    logprobs: bool = Field(default=False, description="true is refused.")
    tools: list[Any] | None = Field(default=None, description="Refused, except the empty list.")
    functions: list[Any] | None = Field(default=None, description="The same.")


class AnswerReply(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str = Field(description="JSON of the schema that was asked for.")
    refusal: None = None


class ChoiceReply(BaseModel):
    index: int = 0
    message: AnswerReply
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatUsageReply(BaseModel):
    """Tokens are those of models, none with the embedded engine."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    credits_used: int
    elements_processed: int
    element_type: Literal["image", "page"]


class ChatReply(BaseModel):
    id: str = Field(description="The id of the execution too, and for feedback the `chat_id`.")
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChoiceReply]
    usage: ChatUsageReply
    session_id: str


class ChatModelReply(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ChatModelListReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[ChatModelReply]


def chat_json(execution: Execution, session_id: str) -> dict[str, Any]:
    """The reply for a completed chat, of the shape of `ChatReply`."""
    reply = ChatReply(
        **_head(execution, session_id),
        choices=[ChoiceReply(message=AnswerReply(content=_content(execution)))],
        usage=_usage(execution),
    )
    return reply.model_dump()


def first_chunk(execution: Execution, session_id: str) -> dict[str, Any]:
    """The chunk that a stream begins with, while the execution still runs."""
    return _chunk(execution, session_id, [_delta({"role": "assistant", "content": ""}, None)])


def last_chunks(execution: Execution, session_id: str, *, separate_usage: bool) -> Iterator[dict[str, Any]]:
    """The answer of a completed chat, its end, and its usage: in the last choice, or in a chunk of its own."""
    usage = _usage(execution).model_dump()
    yield _chunk(execution, session_id, [_delta({"content": _content(execution)}, None)])
    end = _chunk(execution, session_id, [_delta({}, "stop")])
    yield end | {"usage": None if separate_usage else usage}
    if separate_usage:
        yield _chunk(execution, session_id, []) | {"usage": usage}


def _chunk(execution: Execution, session_id: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {**_head(execution, session_id), "object": "chat.completion.chunk", "choices": choices}


def _delta(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _head(execution: Execution, session_id: str) -> dict[str, Any]:
    return {
        "id": execution.id,
        "created": int(execution.created_at.timestamp()),
        "model": execution.request.model,
        "session_id": session_id,
    }


def _content(execution: Execution) -> str:
    return json.dumps(execution.outcome.response if execution.outcome else None, ensure_ascii=False)


def _usage(execution: Execution) -> ChatUsageReply:
    used = dict(execution.outcome.usage) if execution.outcome else {}
    asked, said = used.get("model_input_tokens", 0), used.get("model_output_tokens", 0)
    return ChatUsageReply(
        prompt_tokens=asked,
        completion_tokens=said,
        total_tokens=asked + said,
        credits_used=used.get("credits_used", 0),
        elements_processed=used.get("elements_processed", 0),
        element_type=used.get("element_type", "page"),
    )
