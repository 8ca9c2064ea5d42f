"""Feedback on the wire (contract A.7)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from paperclerk.wire.body import Body, UtcTime
from paperclerk.wire.executions import Text

Subject = Literal["request", "agent_execution", "chat"]


class FeedbackBody(Body):
    """Exactly one id; a corrected `response`, `notes`, or both."""

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
