"""Which blocks are headings, and of which level, by how they are set. Called by `engine`."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from paperclerk.domain.document import Page, TextOrigin, Word
from paperclerk.engines.markdown.blocks import Block

MOST_LEVELS = 4
MOST_ROWS, MOST_WORDS = 3, 24
LARGER = 1.15  # than the text around, in a text layer
LARGER_SEEN = 1.4  # by OCR, which measures a line by the letters that stand in it


class Headings:
    """Sizes of the whole document, so that one size means one level on every page."""

    def __init__(self, pages: Sequence[Page]) -> None:
        words = [w for p in pages for w in p.words if any(c.isalnum() for c in w.text)]
        self._body = _usual(words)
        self._larger = LARGER if _printed(pages) else LARGER_SEEN
        self._body_is_bold = sum(w.bold for w in words) > 0.5 * len(words)
        counted = Counter(_step(w.size / self._body) for w in words if w.size >= self._larger * self._body)
        self._steps = sorted(counted, reverse=True)

    def level_of(self, block: Block) -> int | None:
        """1 for the largest headings, down to 4; None for text."""
        words = sum(len(r.words) for r in block.rows)
        text = " ".join(r.text for r in block.rows)
        if len(block.rows) > MOST_ROWS or words > MOST_WORDS or not _reads_like_a_heading(text):
            return None
        if block.size >= self._larger * self._body:
            step = _step(block.size / self._body)
            nearest = min(range(len(self._steps)), key=lambda i: abs(self._steps[i] - step))
            return min(nearest + 1, MOST_LEVELS)
        if block.bold and not self._body_is_bold and len(block.rows) == 1 and not block.is_item:
            return min(len(self._steps) + 1, MOST_LEVELS)
        return None


def _usual(words: Iterable[Word]) -> float:
    """The size of most of the text, by characters."""
    sizes = [w.size or w.box.height for w in words for _ in range(len(w.text))]
    return statistics.median(sizes) or 1.0 if sizes else 1.0


def _printed(pages: Sequence[Page]) -> bool:
    return any(p.origin in (TextOrigin.TEXT_LAYER, TextOrigin.MIXED) for p in pages)


def _step(ratio: float) -> int:
    """Sizes within about a tenth of each other are one."""
    return round(ratio * 8)


def _reads_like_a_heading(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return letters >= 2 and letters >= 0.4 * len(text.replace(" ", "")) and text[-1] not in ".,;:"
