"""What every request passes first: an id, limits on its body, a line in the log. ASGI middleware of `api.app`.

The server underneath has no limit on the size or the pace of a body.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from secrets import token_hex

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paperclerk.api.errors import BodyTooLarge, BodyTooSlow, HeadTooLarge, error_reply
from paperclerk.api.services import ApiLimits
from paperclerk.domain.errors import InvalidRequest, PaperclerkError

BODY_IDLE_S = 30.0  # without a byte of the body
BODY_TOTAL_S = 600.0
BODY_MIN_BYTES_PER_S = 1000  # on average, once BODY_IDLE_S have passed
MULTIPART_EXTRA_BYTES = 1_100_000  # the other parts, and the headers of all

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768
MAX_TARGET_BYTES = 8_192

# Replies hold documents: no cache keeps them, and no browser takes one for a page.
SAFE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))

# What the Host header may be: addresses that the server hands out begin with it.
_HOST = re.compile(rb"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_UPLOAD = re.compile(r"/v1/files(/[^/]+/content)?")

log = structlog.get_logger()

Headers = tuple[tuple[bytes, bytes], ...]


class RequestLog:
    """Gives each request an id and its reply safe headers; logs it without query, headers or body (secrets)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = token_hex(8)
        scope["paperclerk.request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *_missing(SAFE_HEADERS, message["headers"]),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id,
            )


class RequestLimits:
    """Refuses a head or a body that is too large, at once when it says so; gives up on a body that is too slow."""

    def __init__(self, app: ASGIApp, limits: ApiLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most(scope)
        refusal = _wrong_with_head(scope) or (_too_large(most) if _announced(scope) > most else None)
        if refusal is not None:
            await error_reply(refusal)(scope, receive, send)
            return
        body = _Body(receive, most)
        await self._app(scope, body.receive, send)

    def _most(self, scope: Scope) -> int:
        path: str = scope["path"]
        if _UPLOAD.fullmatch(path):
            return self._limits.max_upload_bytes + MULTIPART_EXTRA_BYTES
        return (
            self._limits.max_image_json_bytes
            if path.startswith(("/v1/image/", "/v1/openai/chat/"))
            else self._limits.max_json_bytes
        )


class _Body:
    """The body of one request as it comes in."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0
        self._complete = False
        self._deadline = time.monotonic() + BODY_TOTAL_S

    async def receive(self) -> Message:
        if self._complete:  # what comes now is the end of the connection, whenever that is
            return await self._receive()
        patience = min(BODY_IDLE_S, self._deadline - time.monotonic())
        try:
            async with asyncio.timeout(patience):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow() from None
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        taken_s = BODY_TOTAL_S - (self._deadline - time.monotonic())
        if taken_s > BODY_IDLE_S and self._size < taken_s * BODY_MIN_BYTES_PER_S:
            raise _too_slow()
        if self._size > self._most:
            raise _too_large(self._most)
        return message


def _missing(wanted: Headers, present: Iterable[tuple[bytes, bytes]]) -> Headers:
    names = {name.lower() for name, _ in present}
    return tuple(header for header in wanted if header[0] not in names)


def _wrong_with_head(scope: Scope) -> PaperclerkError | None:
    headers = scope["headers"]
    if (
        len(headers) > MAX_HEADERS
        or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES
        or len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES
    ):
        return HeadTooLarge(
            f"The address or the headers are too large: at most {MAX_TARGET_BYTES} bytes, "
            f"{MAX_HEADERS} headers and {MAX_HEADER_BYTES} bytes of headers."
        )
    host = next((value for name, value in headers if name == b"host"), None)
    if host is not None and not _HOST.fullmatch(host):
        return InvalidRequest("The Host header is not a host and a port.", code="invalid_host")
    return None


def _too_slow() -> BodyTooSlow:
    return BodyTooSlow("The body of the request came too slowly. Send it again.")


def _announced(scope: Scope) -> int:
    value = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {most} bytes, the most that this address takes. "
        "Upload large documents with POST /v1/files/presigned-url and send their file_id."
    )
