"""API keys: how they look, how they are checked. Called by `storage.keys`, `api` and `cli.keys`.

A key is `pck_<id>_<secret><checksum>`: a readable id to look it up by, 32 random bytes, and six characters
that tell a mistyped key (or a scanner's find) from a real one without a database. Only SHA-256 of the secret
is stored; it has 256 random bits, so a slow hash would add nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass

PREFIX = "pck_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_CHARS = 10
_SECRET_CHARS = 43  # 62**43 > 2**256
_CHECKSUM_CHARS = 6
_LENGTH = len(PREFIX) + _ID_CHARS + 1 + _SECRET_CHARS + _CHECKSUM_CHARS


@dataclass(frozen=True)
class KeyParts:
    """A well-formed key. `secret_sha256` is lower-case hex."""

    id: str
    secret_sha256: str


def new_key() -> tuple[str, KeyParts]:
    """A fresh key, to be shown once, and what may be stored of it."""
    key_id = _base62(int.from_bytes(secrets.token_bytes(16)), _ID_CHARS)
    secret = _base62(int.from_bytes(secrets.token_bytes(32)), _SECRET_CHARS)
    body = f"{PREFIX}{key_id}_{secret}"
    return body + _checksum(body), KeyParts(key_id, _digest(secret))


def parse_key(text: str) -> KeyParts | None:
    """The parts of `text`, or None when it cannot be a key of ours."""
    if len(text) != _LENGTH or not text.isascii() or not text.startswith(PREFIX):
        return None
    body, checksum = text[:-_CHECKSUM_CHARS], text[-_CHECKSUM_CHARS:]
    if not hmac.compare_digest(checksum, _checksum(body)):
        return None
    key_id, separator, secret = body.removeprefix(PREFIX).partition("_")
    if len(key_id) != _ID_CHARS or not separator:
        return None
    return KeyParts(key_id, _digest(secret))


def is_same(given: KeyParts, stored_sha256: str) -> bool:
    """Whether the key that was given is the stored one, in constant time."""
    return hmac.compare_digest(given.secret_sha256, stored_sha256)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CHECKSUM_CHARS)


def _base62(number: int, chars: int) -> str:
    digits = []
    for _ in range(chars):
        number, rest = divmod(number, 62)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
