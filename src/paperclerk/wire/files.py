"""Files on the wire (contract A.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from paperclerk.wire.body import Body, UtcTime, Whole

Purpose = Literal[
    "fine-tune", "assistants", "assistants_output", "batch", "batch_output", "vision", "datasets"
]


class FileReply(BaseModel):
    """An uploaded file."""

    id: str
    filename: str
    bytes: int
    purpose: Purpose
    created_at: UtcTime
    object: Literal["file"] = "file"
    public_url: str | None = Field(
        default=None, description="Downloads the bytes without a key, for a limited time."
    )


class PresignedUrlBody(Body):
    """Asks for an address that a file can be PUT to without a key."""

    filename: str = Field(min_length=1, max_length=1024)
    purpose: Purpose = "assistants"
    expiration: Whole = Field(default=86_400, ge=1, le=604_800, description="Seconds that the address works.")


class PresignedUrlReply(BaseModel):
    """The address, and the file that it will fill."""

    id: str
    url: str
    filename: str
    content_type: str
    upload_method: Literal["presigned-url"] = "presigned-url"
    method: Literal["PUT"] = "PUT"
    expiration: int
    public_url: str
    created_at: UtcTime
