"""/v1/files: upload, direct or presigned; look up, list, delete; download by a signed URL (contract A.2)."""

from __future__ import annotations

import re
from typing import Annotated, get_args

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from paperclerk.api.multipart import read_upload
from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, attachment, checked_id
from paperclerk.api.services import Services
from paperclerk.api.signing import check_signature, signed_url
from paperclerk.documents.media import detect
from paperclerk.domain.errors import Conflict, DocumentError, InvalidRequest
from paperclerk.security.signed_urls import Grant
from paperclerk.storage.contents import Staged
from paperclerk.storage.files import File, Files, FileState, no_such_file
from paperclerk.wire.files import FileReply, PresignedUrlBody, PresignedUrlReply, Purpose

keyed = APIRouter(prefix="/v1/files", tags=["files"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS)
signed = APIRouter(prefix="/v1/files", tags=["files"], responses=DOCUMENTED_ERRORS)

UNKNOWN_TYPE = "application/octet-stream"
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_UPLOAD_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "purpose": {"type": "string", "enum": list(get_args(Purpose))},
                    "generate_public_url": {"type": "boolean", "default": True},
                },
            }
        }
    },
}

Skip = Annotated[int, Query(ge=0, le=1_000_000_000)]
Limit = Annotated[int, Query(ge=1, le=1000)]
WantsUrl = Annotated[bool | None, Query(description="false: the reply has no public_url.")]


@keyed.get("")
async def list_files(
    request: Request, caller: CallerOf, services: ServicesOf, skip: Skip = 0, limit: Limit = 10
) -> list[FileReply]:
    """The tenant's files, newest first."""
    async with services.database.read() as connection:
        found = await Files(connection, caller.tenant_id).newest(skip=skip, limit=limit)
    return [_reply(file, request, services) for file in found]


@keyed.post("", status_code=201, openapi_extra={"requestBody": _UPLOAD_BODY})
async def upload(
    request: Request,
    caller: CallerOf,
    services: ServicesOf,
    purpose: Purpose | None = None,
    generate_public_url: WantsUrl = None,
) -> FileReply:
    """Stores the part named `file` of a multipart body."""
    content_type = request.headers.get("content-type", "")
    async with await services.contents.intake(services.limits.max_upload_bytes) as intake:
        sent = await read_upload(content_type, request.stream(), intake)
        in_form = _purpose(sent.fields.get("purpose", "assistants"))
        wants_url = _flag(sent.fields.get("generate_public_url", "true"))
        async with services.contents.referring(sent.staged) as connection:
            file = await Files(connection, caller.tenant_id).add(
                filename=_clean(sent.filename),
                media_type=_media_type(sent.staged),
                purpose=purpose or in_form,
                created_at=services.now(),
                content=sent.staged.content,
            )
    public = wants_url if generate_public_url is None else generate_public_url
    return _reply(file, request, services, public=public)


@keyed.get("/hash/{md5}")
async def find_by_md5(
    md5: Annotated[str, Path(json_schema_extra={"pattern": f"^{_MD5.pattern}$"})],
    request: Request,
    caller: CallerOf,
    services: ServicesOf,
) -> FileReply:
    """The file with these bytes, by the MD5 of them in hex; 404 when the tenant has none."""
    if not _MD5.fullmatch(md5):
        raise InvalidRequest("The hash must be an MD5: 32 hexadecimal digits.", code="invalid_hash")
    async with services.database.read() as connection:
        file = await Files(connection, caller.tenant_id).find_by_md5(md5.lower())
    if file is None:
        raise no_such_file()
    return _reply(file, request, services)


@keyed.post("/presigned-url", status_code=201)
async def presign(
    body: PresignedUrlBody, request: Request, caller: CallerOf, services: ServicesOf
) -> PresignedUrlReply:
    """An address that the bytes of a file can be PUT to, without a key, until it expires."""
    async with services.database.write() as connection:
        file = await Files(connection, caller.tenant_id).add(
            filename=_clean(body.filename),
            media_type=UNKNOWN_TYPE,
            purpose=body.purpose,
            created_at=services.now(),
            content=None,
        )
    return PresignedUrlReply(
        id=file.id,
        url=_signed_url(request, services, "PUT", file, body.expiration, services.limits.max_upload_bytes),
        filename=file.filename,
        content_type=UNKNOWN_TYPE,
        expiration=body.expiration,
        public_url=_signed_url(
            request, services, "GET", file, body.expiration + services.limits.public_url_ttl_s
        ),
        created_at=file.created_at,
    )


@keyed.get("/verify-upload/{file_id}")
async def verify_upload(file_id: str, request: Request, caller: CallerOf, services: ServicesOf) -> FileReply:
    """The file, once its bytes have come by the presigned URL."""
    file = await _find(file_id, caller.tenant_id, services)
    if file.state is not FileState.READY:
        raise Conflict(
            "The file has no bytes yet. PUT them to the presigned URL first.", code="file_not_uploaded"
        )
    return _reply(file, request, services)


@keyed.get("/{file_id}")
async def get_file(
    file_id: str,
    request: Request,
    caller: CallerOf,
    services: ServicesOf,
    generate_public_url: WantsUrl = None,
    public: Annotated[bool | None, Query(description="The older name of generate_public_url.")] = None,
) -> FileReply:
    """A file's data; its bytes are behind `public_url`."""
    wanted = generate_public_url if generate_public_url is not None else public
    file = await _find(file_id, caller.tenant_id, services)
    return _reply(file, request, services, public=wanted is not False)


@keyed.delete("/{file_id}")
async def delete_file(file_id: str, request: Request, caller: CallerOf, services: ServicesOf) -> FileReply:
    """Deletes a file, and its bytes with it unless another file has the same. Replies with what it was."""
    async with services.database.write() as connection:
        file = await Files(connection, caller.tenant_id).delete(checked_id(file_id))
    if file is None:
        raise no_such_file()
    if file.content is not None:
        await services.contents.forget([file.content.sha256])
    return _reply(file, request, services, public=False)


@signed.put("/{file_id}/content", openapi_extra={"requestBody": {"content": {UNKNOWN_TYPE: {}}}})
async def put_content(
    file_id: str,
    request: Request,
    services: ServicesOf,
    tenant: str,
    expires: int,
    size: int,
    signature: str,
) -> FileReply:
    """Takes the bytes for a presigned URL; the file is usable when this replies."""
    grant = Grant("PUT", file_id, tenant, expires, size)
    check_signature(grant, signature, services)
    async with services.database.read() as connection:
        awaited = await Files(connection, tenant).get(file_id)
    if awaited is None:
        raise no_such_file()
    async with await services.contents.intake(min(size, services.limits.max_upload_bytes)) as intake:
        async for chunk in request.stream():
            await intake.write(chunk)
        staged = await intake.finish()
        async with services.contents.referring(staged) as connection:
            files = Files(connection, tenant)
            filled = await files.fill(file_id, staged.content, _media_type(staged))
            file = await files.get(file_id)
    if file is None:
        raise no_such_file()
    if not filled and file.content != staged.content:
        await services.contents.forget([staged.content.sha256])
        raise Conflict("The file has its bytes already. Ask for a new presigned URL.", code="file_exists")
    return _reply(file, request, services)


@signed.get("/{file_id}/content", response_class=Response)
async def get_content(
    file_id: str,
    services: ServicesOf,
    tenant: str,
    expires: int,
    signature: str,
) -> Response:
    """The bytes of a file, for whoever has its public URL."""
    check_signature(Grant("GET", file_id, tenant, expires), signature, services)
    async with services.database.read() as connection:
        file = await Files(connection, tenant).get(file_id)
    if file is None or file.content is None:
        raise no_such_file()
    return StreamingResponse(
        services.contents.stream(file.content.sha256),
        headers={
            "Content-Type": file.media_type,
            "Content-Length": str(file.content.size_bytes),
            # Hostile bytes must never act as a page of this server.
            "Content-Disposition": attachment(file.filename),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


async def _find(file_id: str, tenant_id: str, services: Services) -> File:
    async with services.database.read() as connection:
        file = await Files(connection, tenant_id).get(checked_id(file_id))
    if file is None:
        raise no_such_file()
    return file


def _reply(file: File, request: Request, services: Services, *, public: bool = True) -> FileReply:
    ttl_s = services.limits.public_url_ttl_s
    return FileReply.model_construct(
        id=file.id,
        filename=file.filename,
        bytes=file.content.size_bytes if file.content else 0,
        purpose=file.purpose,
        created_at=file.created_at,
        object="file",
        public_url=_signed_url(request, services, "GET", file, ttl_s) if public else None,
    )


def _signed_url(
    request: Request, services: Services, method: str, file: File, ttl_s: int, max_bytes: int = 0
) -> str:
    grant = Grant(method, file.id, file.tenant_id, int(services.clock()) + ttl_s, max_bytes)
    return signed_url(request, services, f"/v1/files/{file.id}/content", grant)


def _clean(filename: str) -> str:
    """A caller's file name as data: no control characters, not endless. It is never used as a path."""
    return _UNPRINTABLE.sub("_", filename)[:255] or "file"


def _media_type(staged: Staged) -> str:
    """The type that the bytes show, of PDF and pictures; a page of somebody's script is served as mere bytes."""
    try:
        media = detect(staged.head)
    except DocumentError:
        return UNKNOWN_TYPE
    return media.media_type if media.kind in ("pdf", "image") else UNKNOWN_TYPE


def _flag(text: str) -> bool:
    """A boolean of a form."""
    if text.lower() not in ("true", "false"):
        raise InvalidRequest("generate_public_url must be true or false.")
    return text.lower() == "true"


def _purpose(text: str) -> Purpose:
    if text not in get_args(Purpose):
        raise InvalidRequest(
            f"purpose must be one of {', '.join(get_args(Purpose))}.", code="invalid_purpose"
        )
    return text  # type: ignore[return-value]
