"""Errors on the wire: both shapes that the official clients read (contract B.12)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    message: str
    type: str = Field(description="The same as `code`; older clients show it.")
    id: str | None = Field(description="The execution or request that the error belongs to.")
    code: str = Field(description="Stable; docs/http.md lists them.")


class ErrorReply(BaseModel):
    """Every reply with a status from 400 on."""

    detail: str = Field(description="The same sentence as `error.message`.")
    error: ErrorBody


def error_json(code: str, message: str, about: str | None = None) -> dict[str, Any]:
    """The body of an error reply."""
    return {"detail": message, "error": {"message": message, "type": code, "id": about, "code": code}}
