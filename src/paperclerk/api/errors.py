"""Errors as HTTP replies. Installed by `api.app`; the one place that gives status codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from paperclerk.domain.errors import (
    AddressNotAllowed,
    Cancelled,
    Conflict,
    CreditsExhausted,
    DocumentError,
    DocumentTooLarge,
    ExecutionFailed,
    FetchFailed,
    IdempotencyMismatch,
    InvalidRequest,
    InvalidSchema,
    NotFound,
    PaperclerkError,
    UnsupportedDocument,
)
from paperclerk.storage.database import DATABASE_ERRORS, cause_of, is_outage, is_refused
from paperclerk.wire.errors import error_json

log = structlog.get_logger()


class Unauthorized(PaperclerkError):
    code = "invalid_api_key"


class Forbidden(PaperclerkError):
    code = "forbidden"


class InvalidSignature(PaperclerkError):
    code = "invalid_signature"


class MediaTypeNotSupported(PaperclerkError):
    code = "unsupported_content_type"


class BodyTooLarge(PaperclerkError):
    code = "body_too_large"


class HeadTooLarge(PaperclerkError):
    code = "head_too_large"


class BodyTooSlow(PaperclerkError):
    code = "body_too_slow"


class StillRunning(PaperclerkError):
    code = "still_running"


class NotSupported(PaperclerkError):
    code = "not_supported"


class RateLimited(PaperclerkError):
    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(RateLimited):
    code = "queue_full"


class DatabaseAway(PaperclerkError):
    code = "database_away"


# The first class that an error is of gives its status.
STATUSES: tuple[tuple[type[PaperclerkError], int], ...] = (
    (Unauthorized, 401),
    (CreditsExhausted, 402),
    (Forbidden, 403),
    (InvalidSignature, 403),
    (NotFound, 404),
    (BodyTooSlow, 408),
    (StillRunning, 408),
    (Conflict, 409),
    (Cancelled, 409),
    (DocumentTooLarge, 413),
    (BodyTooLarge, 413),
    (UnsupportedDocument, 415),
    (MediaTypeNotSupported, 415),
    (IdempotencyMismatch, 422),
    (RateLimited, 429),
    (HeadTooLarge, 431),
    (NotSupported, 400),
    (InvalidRequest, 400),
    (InvalidSchema, 400),
    (DocumentError, 400),
    (AddressNotAllowed, 400),
    (FetchFailed, 400),
    (ExecutionFailed, 400),
    (DatabaseAway, 503),
    (PaperclerkError, 500),
)

# What the framework refuses by itself: its status, our code and sentence.
FRAMEWORK: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address. docs/http.md lists the routes."),
    405: ("method_not_allowed", "This address does not answer to that method."),
}

# Failures of an execution that a waiting caller gets as the failed execution itself, not as an error:
# the request was right, and an error of the 5xx kind would make clients send it again.
REPLIED_AS_FAILED = frozenset({"internal_error", "missing_required", "validation_failed", "worker_crashed"})

# What the others get, where it is not 400; an execution keeps the code of its error, not the class.
FAILURE_STATUSES: Mapping[str, int] = {
    "file_not_found": 404,
    "document_too_large": 413,
    "skill_too_large": 413,
    "too_many_cells": 413,
    "too_many_pages": 413,
    "too_many_pixels": 413,
    "unsupported_media_type": 415,
}


def status_of(error: PaperclerkError) -> int:
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def status_of_failure(code: str) -> int:
    """The status for a caller who waited for an execution that failed because of its document or request."""
    return FAILURE_STATUSES.get(code, 400)


def error_reply(error: PaperclerkError, request_id: str | None = None) -> Response:
    """The reply for an error. Client errors carry no id, so that all of one kind are equal to the byte."""
    status = status_of(error)
    headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, DatabaseAway):
        headers["Retry-After"] = "5"
    about = request_id if status >= 500 else None
    return JSONResponse(error_json(error.code, error.message, about), status, headers)


def install(app: FastAPI) -> None:
    """Lets `app` answer every error in our form."""
    app.add_exception_handler(PaperclerkError, _on_ours)
    app.add_exception_handler(HTTPException, _on_framework)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _on_database)
    app.add_exception_handler(Exception, _on_fault)


async def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, PaperclerkError)
    return error_reply(error, _request_id(request))


async def _on_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    cause = error.__cause__
    if isinstance(cause, PaperclerkError):  # raised while the framework read the body
        return error_reply(cause, _request_id(request))
    code, message = FRAMEWORK.get(error.status_code, ("invalid_request", "The request cannot be read."))
    headers = dict(error.headers or {})
    if error.status_code == 405 and (allowed := _allowed(request)):
        headers["Allow"] = allowed
    return JSONResponse(error_json(code, message), error.status_code, headers)


def _allowed(request: Request) -> str | None:
    """The methods of this address as they are documented; the framework names those of its first route only."""
    documented: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    for path in sorted(documented, key=lambda path: path.count("{")):  # /files/hash before /files/{file_id}
        if compile_path(path)[0].match(request.url.path):
            return ", ".join(sorted(documented[path])).upper()
    return None


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return error_reply(InvalidRequest(_sentence(error.errors())))


async def _on_database(request: Request, error: Exception) -> Response:
    """Of a database that is away there is no more to say than so; anything else is a fault."""
    if not is_outage(error) and not is_refused(error):
        raise error
    log.error("the database does not answer", request_id=_request_id(request), error=cause_of(error))
    message = "The server's database does not answer. Try again in a few seconds."
    return error_reply(DatabaseAway(message), _request_id(request))


async def _on_fault(request: Request, error: Exception) -> Response:
    request_id = _request_id(request)
    log.error("request failed by a fault of ours", request_id=request_id, exc_info=error)
    message = "The server failed; its log says more. Try again, and report the id if it stays."
    return JSONResponse(error_json("internal_error", message, request_id), 500)


def _request_id(request: Request) -> str | None:
    return request.scope.get("paperclerk.request_id")


def _sentence(problems: Sequence[Any], most: int = 3) -> str:
    """What is wrong with a body or a query, without repeating the values, which may be secret or long."""
    parts = []
    for problem in problems[:most]:
        where = ".".join(str(step) for step in problem["loc"] if step not in ("body", "query", "path"))
        if problem["type"] == "missing":
            parts.append(f"{where or 'the JSON body'} is required")
        elif problem["type"] in ("model_attributes_type", "dict_type") and not where:
            parts.append("the body must be a JSON object")
        elif problem["type"] == "extra_forbidden":
            parts.append(f"{where[:200]} is not known")
        else:
            parts.append(f"{where[:200] or 'the body'}: {problem['msg'][:300]}")
    more = f"; and {len(problems) - most} more" if len(problems) > most else ""
    return f"The request is wrong: {'; '.join(parts)}{more}."
