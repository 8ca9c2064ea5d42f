"""Signatures of webhooks, in both forms that receivers check. Called by `webhooks.delivery`.

`X-VLMRun-Signature` is what the VLM Run clients verify: HMAC-SHA256 of the body, keyed with the secret's
text. The `webhook-*` headers are those of Standard Webhooks 1.0, keyed with the bytes that the secret encodes;
they cover the event's id and the time of the attempt too, so they cannot be replayed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as random
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"


def new_secret() -> str:
    """A fresh secret, `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(random.token_bytes(32)).decode("ascii")


def is_secret(text: str) -> bool:
    """Whether `text` is a secret that both forms can use: `whsec_` and 24 to 64 bytes in base64."""
    try:
        return (
            text.startswith(PREFIX) and 24 <= len(base64.b64decode(text[len(PREFIX) :], validate=True)) <= 64
        )
    except binascii.Error:
        return False


def signed_headers(
    body: bytes, *, webhook_id: str, attempted_at: datetime, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers that sign `body` (UTF-8 JSON). `attempted_at` is aware; `secrets` has the newest first.

    During a rotation `webhook-signature` carries one signature for each secret. `X-VLMRun-Signature` has
    room for one: the newest secret's. Raises ValueError without a secret.
    """
    if not secrets:
        raise ValueError("a webhook needs at least one secret")
    text = body.decode("utf-8")
    signatures = [Webhook(secret).sign(webhook_id, attempted_at.astimezone(UTC), text) for secret in secrets]
    digest = hmac.new(secrets[0].encode("utf-8"), body, hashlib.sha256).hexdigest()
    return {
        "X-VLMRun-Signature": f"sha256={digest}",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(attempted_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
