"""The letters of virtual pages: how wide text is, and fonts to draw it with. Called by `typeset`, `laid`.

The fonts (DejaVu, beside this file with their licence) are read once, before a child is locked in. They hold
Latin, Greek, Cyrillic and more; a character they lack keeps its place and is drawn as an empty box.
"""

from __future__ import annotations

import io
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

ASCENT, DESCENT = 0.76, 0.22
"""Of the text size: what a word's box holds above and below its baseline."""
LEADING = 1.25
"""From one baseline to the next, in text sizes."""

_FOLDER = Path(__file__).parent / "fonts"
_FILES = {
    "regular": (_FOLDER / "DejaVuSans.ttf").read_bytes(),
    "bold": (_FOLDER / "DejaVuSans-Bold.ttf").read_bytes(),
    "mono": (_FOLDER / "DejaVuSansMono.ttf").read_bytes(),
}
_MEASURED_AT = 100
_NARROWER = 0.88
"""DejaVu is wide; text is set, and drawn, at this share of its size, so that it runs about as office fonts do."""


@lru_cache(64)
def font(face: str, pixels: int) -> ImageFont.FreeTypeFont:
    """The font to draw text of this many pixels with."""
    drawn = max(1, round(pixels * _NARROWER))
    return ImageFont.truetype(io.BytesIO(_FILES[face]), drawn, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(50_000)
def width_of(text: str, face: str = "regular") -> float:
    """How wide `text` is, in shares of its size."""
    if face == "mono":
        return 0.6 * _NARROWER * (len(text) if text.isascii() else sum(_cells(c) for c in text))
    return sum(_width_of_character(c, face) for c in text)


@lru_cache(20_000)
def _width_of_character(character: str, face: str) -> float:
    if _cells(character) == 2:
        return 1.0
    return font(face, _MEASURED_AT).getlength(character) / _MEASURED_AT


def _cells(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
