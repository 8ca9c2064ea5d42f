"""How every route begins: who asks, may they, and only then the body. Used by the routers."""

from __future__ import annotations

import asyncio
import email.message
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from fastapi import Depends, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from paperclerk.api.auth import Caller, authenticate
from paperclerk.api.errors import Forbidden, MediaTypeNotSupported, QueueFull, RateLimited
from paperclerk.api.json_body import parse_json
from paperclerk.api.services import Services
from paperclerk.domain.errors import InvalidRequest
from paperclerk.security.plans import Entitlement, Plan
from paperclerk.wire.errors import ErrorReply

QUEUE_FULL_S = 30
LARGE_BODY_BYTES = 1 << 20  # beyond it, parsing would hold up other requests

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

DOCUMENTED_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorReply, "description": "What is wrong and what to do; docs/http.md lists the codes."}
}


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        body = await self.body()
        if len(body) > LARGE_BODY_BYTES:
            return await asyncio.to_thread(parse_json, body)
        return parse_json(body)


class KeyRoute(APIRoute):
    """A route for callers with a key. The key is checked before the body is read."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        has_json_body = self.body_field is not None

        async def checked(request: Request) -> Response:
            services = services_of(request)
            request.state.caller = await authenticate(request, services)
            await self.admit(request.state.caller, services)
            check_query(request)
            if has_json_body:
                check_content_type(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return checked

    async def admit(self, caller: Caller, services: Services) -> None:
        """Raises what keeps this caller from this route now."""


class ExecutionRoute(KeyRoute):
    """A route that makes an execution: counted. Whether it can be paid for shows when it is accepted."""

    entitlement: ClassVar[Entitlement | None] = None

    async def admit(self, caller: Caller, services: Services) -> None:
        plan = plan_of(caller, services)
        if self.entitlement is not None and self.entitlement not in plan.entitlements:
            raise Forbidden(
                f"The plan {caller.plan_name!r} of this key lacks the entitlement {self.entitlement!r}. "
                "Use a key of a plan that has it, or /generate with a domain.",
                code="missing_entitlement",
            )
        if plan.requests_per_minute is not None:
            wait_s = services.rates.admit(caller.key_id, plan.requests_per_minute)
            if wait_s is not None:
                raise RateLimited(
                    f"The plan {caller.plan_name!r} allows {plan.requests_per_minute} requests a minute. "
                    f"Try again in {wait_s} seconds.",
                    retry_after_s=wait_s,
                )
        if not await services.jobs.has_room(caller.tenant_id):
            raise QueueFull(
                f"As many executions as this server takes of one tenant wait already. Try again in {QUEUE_FULL_S} "
                "seconds.",
                retry_after_s=QUEUE_FULL_S,
            )


class ExecuteRoute(ExecutionRoute):
    """A route that executes an agent by name, which takes an entitlement of its own."""

    entitlement = "document.execute"


def plan_of(caller: Caller, services: Services) -> Plan:
    """The plan of the caller's key. Raises Forbidden when the plans file has it no more."""
    plan = services.plans.get(caller.plan_name)
    if plan is None:
        raise Forbidden(
            f"The plan {caller.plan_name!r} of this key is not in the plans file. Ask the operator for a new key.",
            code="unknown_plan",
        )
    return plan


def check_query(request: Request) -> None:
    """Raises InvalidRequest for a parameter that is given twice; the framework would take the last one."""
    counts = Counter(name for name, _ in request.query_params.multi_items())
    if twice := next((name for name, count in counts.items() if count > 1), None):
        raise InvalidRequest(f"The parameter {twice[:100]!r} is given twice.")


def check_content_type(request: Request) -> None:
    """Raises MediaTypeNotSupported for a body that does not say that it is JSON."""
    message = email.message.Message()
    message["content-type"] = request.headers.get("content-type", "")
    kind, subtype = message.get_content_maintype(), message.get_content_subtype()
    if not (kind == "application" and (subtype == "json" or subtype.endswith("+json"))):
        raise MediaTypeNotSupported(
            "Send the body as JSON, with the header 'Content-Type: application/json'."
        )


def services_of(request: Request) -> Services:
    services: Services = request.state.services
    return services


async def _services(request: Request) -> Services:  # what is not async would be called in a thread
    return services_of(request)


async def _caller(
    request: Request, _: Annotated[object, Security(HTTPBearer(auto_error=False, description="An API key."))]
) -> Caller:
    caller: Caller = request.state.caller
    return caller


CallerOf = Annotated[Caller, Depends(_caller)]
ServicesOf = Annotated[Services, Depends(_services)]


def checked_id(text: str) -> str:
    """`text` when it can be an id of ours, else one that is nobody's: both are simply not found."""
    usable = len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if usable else ""


def attachment(filename: str) -> str:
    """A `Content-Disposition` that saves a file by its name: plainly spelled for old clients, and in full."""
    plain = re.sub(r"[^\w .()+-]", "_", filename, flags=re.ASCII)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def parse_time(text: str, name: str) -> datetime:
    """An ISO 8601 time; without a zone it is UTC. Raises InvalidRequest."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"{name} is not a time of ISO 8601, such as 2030-01-31T12:00:00Z.") from None
