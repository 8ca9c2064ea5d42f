"""Stored skills on the wire (contract A.5)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from paperclerk.agents.skill import MAX_DESCRIPTION_CHARS, MAX_INSTRUCTIONS_CHARS, NAME
from paperclerk.wire.body import Body, UtcTime, at_least_one, exactly_one
from paperclerk.wire.executions import Text
from paperclerk.wire.skill_reference import Version

SkillName = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_CHARS)]
Instructions = Annotated[str, StringConstraints(min_length=1, max_length=MAX_INSTRUCTIONS_CHARS)]


class SkillCreateBody(Body):
    """Exactly one of `prompt`, `file_id` and `session_id`. The same name again is the next version."""

    model_config = ConfigDict(json_schema_extra=exactly_one("prompt", "file_id", "session_id"))

    prompt: Instructions | None = Field(default=None, description="Becomes the instructions.")
    json_schema: dict[str, Any] | None = Field(default=None, description="Beside `prompt`.")
    file_id: Text | None = Field(default=None, description="An uploaded zip archive with a SKILL.md.")
    session_id: Text | None = Field(
        default=None, description="The newest execution of that session gives instructions and schema."
    )
    name: SkillName | None = Field(
        default=None, description="Absent: that of SKILL.md, or an invented one where there is no archive."
    )
    description: Description | None = None


class SkillUpdateBody(Body):
    """A new archive, a new description, or both: the next version."""

    model_config = ConfigDict(json_schema_extra=at_least_one("file_id", "description"))

    file_id: Text | None = None
    description: Description | None = None


class SkillLookupBody(Body):
    """Exactly one of `name` and `id`."""

    model_config = ConfigDict(json_schema_extra=exactly_one("name", "id"))

    name: Text | None = Field(default=None, description="NAME, or NAME:VERSION.")
    id: Text | None = None
    skill_version: Version | None = Field(
        default=None, description="latest, YYYYMMDD-hash, or a number from 1."
    )
    version: Version | None = Field(default=None, description="The older name of skill_version.")


class SkillInfo(BaseModel):
    """A version of a skill."""

    id: str
    name: str
    description: str
    skill_version: str
    created_at: UtcTime
    updated_at: UtcTime
    status: Literal["completed"] = "completed"
    is_public: bool = False


class SkillDownloadReply(BaseModel):
    download_url: str = Field(description="Needs no key, and ends by itself.")
    expires_in: int = Field(description="Seconds until it ends.")
