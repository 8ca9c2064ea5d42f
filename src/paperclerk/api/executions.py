"""From a request body to an execution and its reply. Called by the routers that execute."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from paperclerk.agents.inferred import NAME as INFER
from paperclerk.api.auth import Caller
from paperclerk.api.errors import REPLIED_AS_FAILED, StillRunning, status_of_failure
from paperclerk.api.routing import checked_id, parse_time
from paperclerk.api.routing import plan_of as plan_of_key
from paperclerk.api.services import Services
from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import InvalidRequest, InvalidSchema
from paperclerk.jobs.requested import find_agent, is_stored, stored_form
from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import WARNINGS, Execution, Input, NewExecution, Status
from paperclerk.storage.files import no_such_file
from paperclerk.wire.errors import error_json
from paperclerk.wire.executions import ConfigBody, ExecutionBody, execution_json

MAX_METADATA_BYTES = 65_536
MAX_LABEL_CHARS = 512
EMBEDDED_MODEL = "embedded"
PRIORITY_OF_TIER = {"priority": 2, "flex": 8}


@dataclass(frozen=True)
class Asked:
    """A request for an execution, as a route understood it."""

    kind: str  # document | image | documents (several, read as one)
    agent: Agent
    model: str
    body: ExecutionBody
    sources: tuple[Input, ...]  # urls may still be data: URLs


async def run(
    asked: Asked,
    request: Request,
    caller: Caller,
    services: Services,
    *,
    shown: Callable[[Execution], dict[str, Any]] = execution_json,
) -> Response:
    """Accepts the execution; with `batch: false` waits for it. The reply is 201 and the execution.

    Raises as `submitted` does.
    """
    execution = await submitted(asked, request, caller, services)
    waited = not asked.body.batch
    if waited:
        execution = await services.jobs.wait(
            caller.tenant_id, execution.id, timeout_s=services.limits.sync_wait_s
        )
    return reply(execution, waited=waited, shown=shown)


async def submitted(asked: Asked, request: Request, caller: Caller, services: Services) -> Execution:
    """The execution, accepted. Raises what is wrong with the request; see `jobs.service.Jobs.submit`."""
    async with AsyncExitStack() as stack:
        inputs, staged = [], []
        for source in asked.sources:
            if source.url is not None and source.url[:5].lower() == "data:":
                intake = await stack.enter_async_context(
                    await services.contents.intake(services.limits.max_upload_bytes)
                )
                await intake.write(await asyncio.to_thread(decode_data_url, source.url))
                staged.append(await intake.finish())
                source = Input(sha256=staged[-1].content.sha256)
            inputs.append(source)
        new = _new_execution(asked, await request.json(), tuple(inputs), caller, services)
        return await services.jobs.submit(
            caller.tenant_id,
            new,
            _distinct(staged),
            idempotency_key=_idempotency_key(request),
            monthly_credits=plan_of_key(caller, services).credits_per_month,
        )


def reply(
    execution: Execution, *, waited: bool, shown: Callable[[Execution], dict[str, Any]] = execution_json
) -> Response:
    """The execution; to a caller who waited, an error when its document or request was at fault."""
    outcome = execution.outcome
    code = outcome.failure_code if outcome and outcome.status is Status.FAILED else None
    if waited and code is not None and code not in REPLIED_AS_FAILED and outcome is not None:
        return JSONResponse(error_json(code, outcome.message or "", execution.id), status_of_failure(code))
    return Response(msgspec.json.encode(shown(execution)), 201, media_type="application/json")


async def infer_schema(
    kind: str,
    body: ExecutionBody,
    sources: tuple[Input, ...],
    request: Request,
    caller: Caller,
    services: Services,
) -> Response:
    """Executes the agent that infers a schema, and waits: clients want the schema in the reply, and cannot use one
    that is to come. Raises StillRunning."""
    unknown = body.config.model_extra or {}
    config = ConfigBody(detail=body.config.detail, page_indices=body.config.page_indices, **unknown)
    waiting = body.model_copy(update={"batch": False, "config": config})
    asked = Asked(kind, find_agent(INFER), EMBEDDED_MODEL, waiting, sources)
    execution = await submitted(asked, request, caller, services)
    execution = await services.jobs.wait(
        caller.tenant_id, execution.id, timeout_s=services.limits.sync_wait_s
    )
    if execution.outcome is None:
        raise still_running(execution)
    return reply(execution, waited=True)


def still_running(execution: Execution) -> StillRunning:
    """For a route whose reply must hold the result."""
    return StillRunning(
        "The result is not there yet. Send the same again, which waits on, or poll "
        f"/v1/predictions/{execution.id}."
    )


def document_source(file_id: str | None, url: str | None) -> tuple[Input, ...]:
    """The one document of a request. Raises InvalidRequest unless exactly one of the two is given."""
    if file_id is not None and url is not None:
        raise InvalidRequest("Give `file_id` or `url`, not both.", code="ambiguous_document")
    if file_id is None and url is None:
        raise InvalidRequest(
            "Name the document: `file_id` of an uploaded file, or `url`.", code="missing_document"
        )
    if url is not None:
        return (Input(url=url),)
    usable = checked_id(file_id or "")
    if not usable:
        raise no_such_file()
    return (Input(file_id=usable),)


def stored_documents(file_ids: Sequence[str]) -> tuple[Input, ...]:
    """Several uploaded files. Raises NotFound for what can be no id of one."""
    return tuple(source for file_id in file_ids for source in document_source(file_id, None))


def decode_data_url(url: str) -> bytes:
    """The bytes of a data: URL. Raises InvalidRequest."""
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise _bad_data_url("it has no comma before its data")
    raw = unquote_to_bytes(data)
    if not head.lower().endswith(";base64"):
        return raw
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error:
        raise _bad_data_url("its data are not base64") from None


def _idempotency_key(request: Request) -> str | None:
    """The header of that name. Raises InvalidRequest for one that cannot be told from others."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidRequest(
            "The header Idempotency-Key must have 1 to 255 printable ASCII characters.",
            code="invalid_idempotency_key",
        )
    return key


def _new_execution(
    asked: Asked, raw_body: Any, inputs: tuple[Input, ...], caller: Caller, services: Services
) -> NewExecution:
    body, config = asked.body, _config(asked)
    deadline_at = None
    if body.deadline_s is not None:
        deadline_at = services.now() + timedelta(seconds=body.deadline_s)
    tier = config.get("service_tier", "auto")
    return NewExecution(
        id=body.id or str(uuid4()),
        is_named=body.id is not None,
        kind=asked.kind,
        agent_name=asked.agent.name,
        agent_version=asked.agent.version,
        domain=asked.agent.domain,
        model=asked.model,
        batch=body.batch,
        inputs=inputs,
        fingerprint=fingerprint(asked.kind, raw_body),
        config=config,
        metadata=_metadata(body.metadata),
        labels=labels(body.metadata),
        callback_url=body.callback_url,
        caller_created_at=parse_time(body.created_at, "created_at") if body.created_at else None,
        priority=_priority(body, tier),
        deadline_at=deadline_at,
        key_id=caller.key_id,
        service_tier=tier,
    )


def _priority(body: ExecutionBody, tier: str) -> int:
    """What the request says, else what its service tier means."""
    return body.priority if "priority" in body.model_fields_set else PRIORITY_OF_TIER.get(tier, body.priority)


def _config(asked: Asked) -> dict[str, Any]:
    """The configuration with the agent's defaults under it and, for a tenant's own agent, the agent itself."""
    config = asked.body.config
    values = stored_config(config)
    if warnings := asked.body.warnings():
        values[WARNINGS] = warnings
    values |= {k: v for k, v in asked.agent.defaults.items() if k not in config.model_fields_set}
    if is_stored(asked.agent):
        values |= stored_form(asked.agent)
    return values


def fingerprint(kind: str, raw_body: Any) -> str:
    """Equal for requests that say the same, whatever the order of their keys and their white space."""
    text = json.dumps([kind, raw_body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The scalars of `metadata`, as text, that executions can be listed by."""
    found = {}
    for key, value in metadata.items():
        text = value if isinstance(value, str) else json.dumps(value)
        if isinstance(value, str | int | float | bool) and len(key) <= 64 and len(text) <= MAX_LABEL_CHARS:
            found[key] = text
    return found


def stored_config(config: ConfigBody) -> dict[str, Any]:
    """The configuration as it is stored; `api.steering` has put skills in their place. Raises InvalidSchema."""
    values = config.model_dump(exclude_none=True, exclude={"skills", *(config.model_extra or ())})
    if isinstance(config.json_schema, str):
        values["json_schema"] = _schema_from_text(config.json_schema)
    return values


def _schema_from_text(text: str) -> dict[str, Any]:
    from paperclerk.api.json_body import parse_json

    try:
        schema = parse_json(text.encode("utf-8"))
    except InvalidRequest:
        raise InvalidSchema("config.json_schema is a string, but not of JSON. Send an object.") from None
    if not isinstance(schema, dict):
        raise InvalidSchema("config.json_schema must be a JSON object.")
    return schema


def _metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(metadata)) > MAX_METADATA_BYTES:
        raise InvalidRequest(
            f"metadata is larger than {MAX_METADATA_BYTES} bytes; keep labels in it, not documents.",
            code="metadata_too_large",
        )
    return metadata


def _distinct(staged: Sequence[Staged]) -> list[Staged]:
    return list({item.content.sha256: item for item in staged}.values())


def _bad_data_url(why: str) -> InvalidRequest:
    return InvalidRequest(f"The data: URL cannot be read: {why}.", code="invalid_data_url")
