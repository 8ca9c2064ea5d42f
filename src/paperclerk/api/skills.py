"""/v1/skills: stored skills, versioned; a request names them in `config.skills` (contract A.5)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from paperclerk.agents.skill import MAX_BUNDLE_BYTES, Skill, read_bundle, write_bundle
from paperclerk.api.auth import Caller
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, checked_id
from paperclerk.api.services import Services
from paperclerk.api.signing import check_signature, signed_url
from paperclerk.api.steering import found_skill
from paperclerk.domain.errors import DocumentTooLarge, InvalidRequest, NotFound
from paperclerk.jobs.requested import plan_of
from paperclerk.security.signed_urls import Grant
from paperclerk.storage.artifacts import SESSION
from paperclerk.storage.executions import Executions, Filters
from paperclerk.storage.files import Files, no_such_file
from paperclerk.storage.skills import OrderBy, Skills, StoredSkill
from paperclerk.wire.skills import (
    SkillCreateBody,
    SkillDownloadReply,
    SkillInfo,
    SkillLookupBody,
    SkillUpdateBody,
)

router = APIRouter(prefix="/v1/skills", tags=["skills"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS)
signed = APIRouter(prefix="/v1/skills", tags=["skills"], responses=DOCUMENTED_ERRORS)

ZIP = "application/zip"


@router.get("")
async def list_skills(
    caller: CallerOf,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=1000)] = 25,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    order_by: OrderBy = "created_at",
    descending: bool = True,
    grouped: Annotated[bool, Query(description="Only the newest version of each name.")] = False,
) -> list[SkillInfo]:
    """The tenant's skills, each version."""
    async with services.database.read() as connection:
        found = await Skills(connection, caller.tenant_id).listed(
            order_by=order_by, descending=descending, grouped=grouped, skip=offset, limit=limit
        )
    return [_info(skill) for skill in found]


@router.post("/lookup")
async def lookup(body: SkillLookupBody, caller: CallerOf, services: ServicesOf) -> SkillInfo:
    """A skill by `name` (and version), or by `id`."""
    if (body.name is None) == (body.id is None):
        raise InvalidRequest("Give exactly one of `name` and `id`.", code="ambiguous_skill")
    if body.id is not None:
        return _info(await _by_id(body.id, caller, services))
    version = body.skill_version if body.skill_version is not None else body.version
    return _info(await found_skill(body.name or "", version, caller, services))


@router.post("/create")
async def create(body: SkillCreateBody, caller: CallerOf, services: ServicesOf) -> SkillInfo:
    """Stores a skill: from a `prompt`, from an uploaded archive, or from what a session asked for last."""
    if sum(given is not None for given in (body.prompt, body.file_id, body.session_id)) != 1:
        raise InvalidRequest(
            "Give exactly one of `prompt`, `file_id` and `session_id`.", code="ambiguous_skill"
        )
    if body.file_id is not None:
        data = await _bytes_of(body.file_id, caller, services)
        skill = await asyncio.to_thread(read_bundle, data, name=body.name, description=body.description)
        return _info(await _store(skill, data, caller, services))
    made = Skill(
        name=body.name or f"skill-{uuid4().hex[:12]}",
        description=body.description or "",
        instructions=body.prompt or "",
        json_schema=body.json_schema,
    )
    if body.session_id is not None:
        made = await _from_session(made, body.session_id, caller, services)
    data = await asyncio.to_thread(write_bundle, made)
    return _info(await _store(made, data, caller, services))


@router.get("/{skill_id}")
async def get_skill(skill_id: str, caller: CallerOf, services: ServicesOf) -> SkillInfo:
    """The version of a skill that has this id."""
    return _info(await _by_id(skill_id, caller, services))


@router.post("/{skill_id}/update")
async def update(skill_id: str, body: SkillUpdateBody, caller: CallerOf, services: ServicesOf) -> SkillInfo:
    """The next version of a skill: a new archive, a new description, or both."""
    if body.file_id is None and body.description is None:
        raise InvalidRequest("Send a `file_id`, a `description`, or both.", code="empty_update")
    before = await _by_id(skill_id, caller, services)
    about = before.skill.description if body.description is None else body.description
    if body.file_id is not None:
        data = await _bytes_of(body.file_id, caller, services)
        skill = await asyncio.to_thread(read_bundle, data, name=before.skill.name, description=about)
        return _info(await _store(skill, data, caller, services))
    async with services.database.write() as connection:
        await services.database.lock_blobs(connection)
        skills = Skills(connection, caller.tenant_id)
        if await skills.by_id(before.id) is None:
            raise _unknown()
        return _info(
            await skills.add(replace(before.skill, description=about), before.sha256, now=services.now())
        )


@router.get("/{skill_id}/download")
async def download(
    skill_id: str, request: Request, caller: CallerOf, services: ServicesOf
) -> SkillDownloadReply:
    """An address of the skill's archive."""
    found = await _by_id(skill_id, caller, services)
    ttl_s = services.limits.public_url_ttl_s
    grant = _grant(found.id, caller.tenant_id, int(services.clock()) + ttl_s)
    url = signed_url(request, services, f"/v1/skills/{found.id}/content", grant)
    return SkillDownloadReply(download_url=url, expires_in=ttl_s)


@router.delete("/{skill_id}")
async def delete(skill_id: str, caller: CallerOf, services: ServicesOf) -> SkillInfo:
    """Deletes a version of a skill, and its archive with it. Replies with what it was."""
    async with services.database.write() as connection:
        found = await Skills(connection, caller.tenant_id).delete(checked_id(skill_id))
    if found is None:
        raise _unknown()
    await services.contents.forget([found.sha256])
    return _info(found)


@signed.get(
    "/{skill_id}/content",
    response_class=Response,
    responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_content(
    skill_id: str, services: ServicesOf, tenant: str, expires: int, signature: str
) -> Response:
    """The archive of a skill, for whoever has its address."""
    check_signature(_grant(skill_id, tenant, expires), signature, services)
    async with services.database.read() as connection:
        found = await Skills(connection, tenant).by_id(skill_id)
    if found is None:
        raise _unknown()
    return StreamingResponse(
        services.contents.stream(found.sha256),
        headers={"Content-Type": ZIP, "Content-Disposition": 'attachment; filename="skill.zip"'},
    )


async def _bytes_of(file_id: str, caller: Caller, services: Services) -> bytes:
    """Those of an uploaded file. Raises NotFound, DocumentTooLarge."""
    async with services.database.read() as connection:
        file = await Files(connection, caller.tenant_id).get(checked_id(file_id))
    if file is None or file.content is None:
        raise no_such_file()
    if file.content.size_bytes > MAX_BUNDLE_BYTES:
        raise DocumentTooLarge(
            f"The skill cannot be used: the archive has more than {MAX_BUNDLE_BYTES:,} bytes.",
            code="skill_too_large",
        )
    try:
        return b"".join([piece async for piece in services.contents.stream(file.content.sha256)])
    except FileNotFoundError:  # deleted in this moment
        raise NotFound("The file has just been deleted.", code="file_not_found") from None


async def _from_session(made: Skill, session_id: str, caller: Caller, services: Services) -> Skill:
    """`made` with the instructions and the schema of the newest execution of a session. Raises NotFound."""
    usable = "\0" not in session_id
    filters = Filters(labels={SESSION: session_id})
    async with services.database.read() as connection:
        executions = Executions(connection, caller.tenant_id)
        found = await executions.newest(filters, skip=0, limit=1) if usable else []
    if not found:
        raise NotFound("There is no execution with that session_id in its metadata.", code="unknown_session")
    plan = await asyncio.to_thread(plan_of, found[0].request)
    schema = dict(plan.schema) or None
    return replace(made, instructions=plan.context.prompt, json_schema=schema)


async def _store(skill: Skill, data: bytes, caller: Caller, services: Services) -> StoredSkill:
    async with await services.contents.intake(MAX_BUNDLE_BYTES) as intake:
        await intake.write(data)
        staged = await intake.finish()
        async with services.contents.referring(staged) as connection:
            skills = Skills(connection, caller.tenant_id)
            return await skills.add(skill, staged.content.sha256, now=services.now())


async def _by_id(skill_id: str, caller: Caller, services: Services) -> StoredSkill:
    async with services.database.read() as connection:
        found = await Skills(connection, caller.tenant_id).by_id(checked_id(skill_id))
    if found is None:
        raise _unknown()
    return found


def _grant(skill_id: str, tenant_id: str, expires_at: int) -> Grant:
    return Grant("GET", f"skills/{skill_id}", tenant_id, expires_at)


def _unknown() -> NotFound:
    return NotFound("There is no skill of that id. GET /v1/skills lists them.", code="unknown_skill")


def _info(stored: StoredSkill) -> SkillInfo:
    return SkillInfo(
        id=stored.id,
        name=stored.skill.name,
        description=stored.skill.description,
        skill_version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.created_at,
    )
