"""Feedback on the wire (contract A.7)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from paperclerk.wire.body import Body, UtcTime, at_least_one, exactly_one
from paperclerk.wire.executions import Text

Subject = Literal["request", "agent_execution", "chat"]


class FeedbackBody(Body):
    """Exactly one id; a corrected `response`, `notes`, or both."""

    model_config = ConfigDict(
        json_schema_extra=exactly_one("request_id", "agent_execution_id", "chat_id")
        | at_least_one("response", "notes")
    )

    request_id: Text | None = None
    agent_execution_id: Text | None = None
    chat_id: Text | None = None
    response: dict[str, Any] | list[Any] | None = Field(default=None, description="The whole corrected JSON.")
    notes: Annotated[str, StringConstraints(max_length=100_000)] | None = None


class FeedbackReply(BaseModel):
    id: str
    request_id: str
    created_at: UtcTime


class FeedbackItem(BaseModel):
    id: str
    created_at: UtcTime
    response: Any
    notes: str | None


class FeedbackListReply(BaseModel):
    """Newest first."""

    request_id: str
    items: list[FeedbackItem]
