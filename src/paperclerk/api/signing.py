"""Addresses that need no key: signed, for a time, below the address that the client reached. Used by `api.files`,
`api.skills`.
"""

from __future__ import annotations

from starlette.requests import Request

from paperclerk.api.errors import InvalidSignature
from paperclerk.api.services import Services
from paperclerk.domain.errors import InvalidRequest
from paperclerk.security.signed_urls import Grant


def signed_url(request: Request, services: Services, path: str, grant: Grant) -> str:
    """The address of `path` (from `/v1` on) with what `grant` allows in its query. Raises InvalidRequest."""
    size = f"&size={grant.max_bytes}" if grant.max_bytes else ""
    return (
        f"{_base_url(request, services)}{path}?tenant={grant.tenant_id}&expires={grant.expires_at}{size}"
        f"&signature={services.signer.sign(grant)}"
    )


def check_signature(grant: Grant, signature: str, services: Services) -> None:
    """Raises InvalidSignature."""
    if not services.signer.verify(grant, signature, now=services.clock()):
        raise InvalidSignature(
            "The URL is not one that this server signed, or its time is over. Ask for a new one."
        )


def _base_url(request: Request, services: Services) -> str:
    """Where the client reaches this server, as it said itself unless the operator did."""
    if services.base_url:
        return services.base_url.rstrip("/")
    host = request.headers.get("host")  # `api.limits` has refused what is none
    if host is None:
        raise InvalidRequest("The request has no Host header.", code="invalid_host")
    return f"{request.scope['scheme']}://{host}"
