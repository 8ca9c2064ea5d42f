"""Skills as a request names or brings them (contract B.10). Part of `wire.executions`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from paperclerk.wire.body import Body, Whole

MAX_SKILLS = 10
Word = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
Version = Word | Whole


class SkillSourceBody(Body):
    """A zip archive in base64."""

    type: Literal["base64"] = "base64"
    media_type: Literal["application/zip"] = "application/zip"
    data: Annotated[str, StringConstraints(min_length=1)]


class SkillBody(Body):
    """`skill_reference`: a stored skill, by `skill_id` (an id or a name) or `skill_name`. `inline`: an archive in
    `source`, which is used for this request and not kept."""

    type: Literal["skill_reference", "inline"] = "skill_reference"
    skill_id: Word | None = Field(default=None, description="An id, a name, or NAME:VERSION.")
    skill_name: Word | None = None
    skill_version: Version | None = Field(
        default=None, description="latest, YYYYMMDD-hash, or a number from 1."
    )
    version: Version | None = Field(default=None, description="The older name of skill_version.")
    name: Word | None = Field(default=None, description="Of an inline skill.")
    description: str | None = None
    source: SkillSourceBody | None = None
    bundle: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="The older form of `source`: the base64 itself."
    )
