"""/v1/artifacts: the files that executions made (contract A.6)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from paperclerk.api.routing import DOCUMENTED_ERRORS, CallerOf, KeyRoute, ServicesOf, attachment, checked_id
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.storage.artifacts import Artifacts, Namespace
from paperclerk.storage.executions import Executions
from paperclerk.wire.artifacts import ArtifactItem, ArtifactListReply

router = APIRouter(
    prefix="/v1/artifacts", tags=["artifacts"], route_class=KeyRoute, responses=DOCUMENTED_ERRORS
)

_BYTES = {"type": "string", "format": "binary"}
_CONTENT = {
    kind: {"schema": _BYTES}
    for kind in ("application/pdf", "image/jpeg", "image/png", "application/octet-stream")
}

Word = Annotated[str | None, Query(max_length=512)]


@router.get("", response_class=Response, responses={200: {"content": _CONTENT}})
async def get_artifact(
    caller: CallerOf,
    services: ServicesOf,
    object_id: Word = None,
    filename: Word = None,
    session_id: Word = None,
    execution_id: Word = None,
) -> Response:
    """The bytes of a file, by `object_id` or `filename`, of an execution or a session."""
    if (object_id is None) == (filename is None):
        raise InvalidRequest("Name the artifact: by `object_id` or by `filename`.", code="ambiguous_artifact")
    where = _namespace(session_id, execution_id)
    if "\0" in (filename or ""):
        raise _not_found()
    async with services.database.read() as connection:
        found = await Artifacts(connection, caller.tenant_id).find(
            where, object_id=None if object_id is None else checked_id(object_id), filename=filename
        )
    if not found:
        raise _not_found()
    artifact = found[0]
    reply = StreamingResponse(services.contents.stream(artifact.sha256))
    # Clients read the type under exactly this spelling, and compare it whole; the framework's own lower-cases.
    reply.raw_headers = [
        (b"Content-Type", artifact.media_type.encode()),
        (b"Content-Length", str(artifact.size_bytes).encode()),
        (
            b"Content-Disposition",
            attachment(artifact.filename).encode(),
        ),
        (b"Content-Security-Policy", b"default-src 'none'; sandbox"),
    ]
    return reply


@router.get("/list")
async def list_artifacts(
    caller: CallerOf, services: ServicesOf, session_id: Word = None, execution_id: Word = None
) -> ArtifactListReply:
    """The files of an execution or a session."""
    where = _namespace(session_id, execution_id)
    async with services.database.read() as connection:
        # A session is a mere label: one that nobody used has no artifacts. An execution is there or not.
        if execution_id is not None and not await Executions(connection, caller.tenant_id).get(where.id):
            raise NotFound("There is no such execution.", code="execution_not_found")
        found = await Artifacts(connection, caller.tenant_id).find(where)
    items = [ArtifactItem(object_id=each.object_id, filename=each.filename) for each in found]
    return ArtifactListReply(namespace_id=where.id, items=items)


def _namespace(session_id: str | None, execution_id: str | None) -> Namespace:
    if (session_id is None) == (execution_id is None):
        raise InvalidRequest("Give `session_id` or `execution_id`, and not both.", code="ambiguous_artifact")
    if execution_id is not None:
        return Namespace(execution_id=checked_id(execution_id))
    if "\0" in (session_id or ""):
        raise _not_found()
    return Namespace(session_id=session_id)


def _not_found() -> NotFound:
    return NotFound(
        "There is no such artifact. GET /v1/artifacts/list names them.", code="artifact_not_found"
    )
