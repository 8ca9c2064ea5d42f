"""A page that was photographed askew, as if it had been laid level. Called by the engines before they look at a page.

Words keep their order and number, so spans found on the levelled page hold on the real one.
"""

from __future__ import annotations

import msgspec

from paperclerk.domain.document import Line, Page, Word
from paperclerk.domain.geometry import Box, union

LEVEL = 0.004  # a rise that no row of a table notices


def levelled(page: Page) -> Page:
    """`page` with its words turned about the middle of the page until the baselines are level."""
    if abs(page.slope) < LEVEL:
        return page
    words = tuple(
        Word(word.text, _turned(word.box, page, -page.slope), word.score, word.size, word.bold)
        for word in page.words
    )
    lines = tuple(Line(union(words[i].box for i in line.words), line.words) for line in page.lines)
    return msgspec.structs.replace(page, words=words, lines=lines, slope=0.0)


def as_it_lay(box: Box, page: Page) -> Box:
    """A box of the levelled page on `page` as it is."""
    return box if abs(page.slope) < LEVEL else _turned(box, page, page.slope)


def _turned(box: Box, page: Page, slope: float) -> Box:
    """`box` moved as a turn about the middle of the page moves its own middle."""
    dx = -slope * (box.cy - page.height / 2)
    dy = slope * (box.cx - page.width / 2)
    return Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)
