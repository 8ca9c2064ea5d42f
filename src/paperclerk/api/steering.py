"""The skills of a request, put in the place of what they stand for: instructions in `config.prompt`, a schema in
`config.json_schema`. Called by the routers, so that all behind them sees an ordinary request (contract B.10).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TypeVar

from pydantic import BaseModel

from paperclerk.agents.skill import Skill, read_bundle
from paperclerk.api.auth import Caller
from paperclerk.api.routing import checked_id
from paperclerk.api.services import Services
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.storage.skills import LATEST, Skills, StoredSkill
from paperclerk.wire.executions import ConfigBody
from paperclerk.wire.skill_reference import SkillBody

Steered = TypeVar("Steered", bound=BaseModel)


async def steered(body: Steered, caller: Caller, services: Services) -> Steered:
    """The body with the skills of its `config` read and put in their place.

    A schema that the request brings itself stands above theirs. Raises InvalidRequest, NotFound, InvalidSchema,
    DocumentTooLarge.
    """
    config: ConfigBody = body.config  # type: ignore[attr-defined]
    if not config.skills:
        return body
    return body.model_copy(update={"config": await _with_skills(config, config.skills, caller, services)})


async def found_skill(
    name: str, version: str | int | None, caller: Caller, services: Services
) -> StoredSkill:
    """The stored skill of that name, or NAME:VERSION. Raises NotFound."""
    base, _, suffix = name.partition(":")
    wanted = str(version) if version is not None and version != LATEST else suffix or LATEST
    usable = "\0" not in base + wanted
    async with services.database.read() as connection:
        found = await Skills(connection, caller.tenant_id).named(base, wanted) if usable else None
    if found is None:
        version_said = "" if wanted == LATEST else f" with a version {wanted[:50]!r}"
        raise NotFound(
            f"There is no skill {base[:100]!r}{version_said}. GET /v1/skills lists them.",
            code="unknown_skill",
        )
    return found


async def _with_skills(
    config: ConfigBody, bodies: list[SkillBody], caller: Caller, services: Services
) -> ConfigBody:
    skills = [await _skill(body, caller, services) for body in bodies]
    schema = config.json_schema
    if schema is None:
        brought = [skill.json_schema for skill in skills if skill.json_schema is not None]
        if len(brought) > 1:
            raise InvalidRequest(
                f"{len(brought)} of the skills have a schema.json. Send the one to use in `config.json_schema`.",
                code="ambiguous_skill",
            )
        schema = dict(brought[0]) if brought else None
    prompt = "\n\n".join(part for part in (*(skill.instructions for skill in skills), config.prompt) if part)
    return config.model_copy(update={"prompt": prompt, "json_schema": schema, "skills": None})


async def _skill(body: SkillBody, caller: Caller, services: Services) -> Skill:
    named = body.skill_id or body.skill_name
    if body.type == "inline":
        if named is not None:
            raise InvalidRequest(
                "An inline skill has a `source`, and neither `skill_id` nor `skill_name`.",
                code="ambiguous_skill",
            )
        return await asyncio.to_thread(_inline, body)
    if named is None:
        raise InvalidRequest("Name the skill: by `skill_id` or `skill_name`.", code="missing_skill")
    if usable := checked_id(named):
        async with services.database.read() as connection:
            by_id = await Skills(connection, caller.tenant_id).by_id(usable)
        if by_id is not None:
            return by_id.skill
    version = body.skill_version if body.skill_version is not None else body.version
    return (await found_skill(named, version, caller, services)).skill


def _inline(body: SkillBody) -> Skill:
    data = body.source.data if body.source else body.bundle
    if data is None:
        raise InvalidRequest("An inline skill has its archive in `source.data`.", code="missing_skill")
    try:
        archive = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest(
            "The skill cannot be used: its data are not base64.", code="invalid_skill"
        ) from None
    return read_bundle(archive, name=body.name or None, description=body.description)
