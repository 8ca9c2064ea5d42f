"""Signatures, checked the way receivers check them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from paperclerk.webhooks.signing import is_secret, new_secret, signed_headers

BODY = '{"id":"a","response":{"name":"Bücher"}}'.encode()


def official_check(raw_body: bytes, signature_header: str | None, secret: str) -> bool:
    """What the VLM Run clients do (the real client is run in tests/client)."""
    if not signature_header or not signature_header.startswith("sha256="):
        return False
    expected = hmac.new(secret.encode("utf-8"), raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature_header.replace("sha256=", ""), expected)


def signed(*secrets: str, body: bytes = BODY, at: datetime | None = None) -> dict[str, str]:
    return signed_headers(
        body, webhook_id="msg_1", attempted_at=at or datetime.now(UTC), secrets=list(secrets)
    )


def test_both_forms_are_accepted() -> None:
    secret = new_secret()
    headers = signed(secret)
    assert official_check(BODY, headers["X-VLMRun-Signature"], secret)
    assert Webhook(secret).verify(BODY, headers)["id"] == "a"


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_a_changed_byte_fails(position: int) -> None:
    secret = new_secret()
    headers = signed(secret)
    changed = bytearray(BODY)
    changed[position] ^= 1
    assert not official_check(bytes(changed), headers["X-VLMRun-Signature"], secret)
    with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
        Webhook(secret).verify(bytes(changed), headers)


def test_another_secret_an_old_time_and_another_id_fail() -> None:
    secret = new_secret()
    headers = signed(secret)
    assert not official_check(BODY, headers["X-VLMRun-Signature"], new_secret())
    for changed in (
        signed(new_secret()),
        signed(secret, at=datetime.now(UTC) - timedelta(minutes=6)),
        {**headers, "webhook-id": "msg_2"},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY, changed)


def test_during_a_rotation_the_old_and_the_new_secret_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = signed(new, old)
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
    assert official_check(BODY, headers["X-VLMRun-Signature"], new)


def test_the_time_may_be_given_in_any_zone() -> None:
    secret = new_secret()
    Webhook(secret).verify(BODY, signed(secret, at=datetime.now(timezone(timedelta(hours=9)))))


def test_what_is_a_secret() -> None:
    assert is_secret(new_secret())
    for text in ("", "secret", "whsec_", "whsec_short", "whsec_" + "!" * 40, "whsec_" + "A" * 120):
        assert not is_secret(text)
    with pytest.raises(ValueError, match="at least one secret"):
        signed()
