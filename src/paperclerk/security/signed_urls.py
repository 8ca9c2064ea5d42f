"""Addresses that carry their own permission: presigned uploads and public downloads. Called by `api.files`.

The signature covers the method, the file, the time it ends and the most bytes it allows, so nothing of the
address can be changed. The secrets stand in the query, which logs leave out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """Permission to use `method` on the bytes of one file until `expires_at` (seconds since 1970)."""

    method: str  # GET | PUT
    file_id: str
    tenant_id: str
    expires_at: int
    max_bytes: int = 0


class UrlSigner:
    """Signs grants with one secret of the installation (at least 32 bytes)."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the signing secret must have at least 32 bytes")
        self._secret = secret

    def sign(self, grant: Grant) -> str:
        """The signature, 43 characters that need no escaping in a URL."""
        text = "\n".join(
            (grant.method, grant.file_id, grant.tenant_id, str(grant.expires_at), str(grant.max_bytes))
        )
        digest = hmac.new(self._secret, text.encode("utf-8"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def verify(self, grant: Grant, signature: str, *, now: float) -> bool:
        """Whether `signature` is that of `grant` and its time has not come."""
        genuine = hmac.compare_digest(self.sign(grant).encode(), signature.encode("utf-8", "replace"))
        return genuine and now < grant.expires_at
