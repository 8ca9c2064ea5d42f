"""Characters as people would type them. Called by `textlayer` and `strips`."""

from __future__ import annotations

import unicodedata


def normalise(text: str) -> str:
    """`text` with ligatures and presentation forms spelled out and invisible marks gone; otherwise as it is."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", "".join(map(_plain, text)))


def _plain(character: str) -> str:
    code = ord(character)
    if 0xFB00 <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC or 0xFF01 <= code <= 0xFF5E:
        return unicodedata.normalize("NFKC", character)  # ligatures, Arabic forms, full-width Latin
    if 0xE000 <= code <= 0xF8FF:
        return "\ufffd"
    return character
