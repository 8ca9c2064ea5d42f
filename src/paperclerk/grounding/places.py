"""From a span of words to boxes as a reply gives them. Called by `extraction.reply` and by drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paperclerk.domain.document import Page, Word
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import Span, WordPart

# Words whose vertical overlap is at least this share of the lower one stand on one line.
SAME_LINE = 0.5


class Place(msgspec.Struct, frozen=True):
    """One box on one page. `fraction` is x, y, width, height in shares of the page as a viewer shows it.

    `cell` is the cell or range of a spreadsheet, such as `Sheet1!B4`; empty for anything else.
    """

    page: int
    content: str
    fraction: tuple[float, float, float, float]
    score: float
    cell: str = ""


def places_of(spans: Sequence[Span], pages: Mapping[int, Page]) -> list[Place]:
    """The boxes of `spans`: one for each stretch of words that share a line. `pages` is keyed by index."""
    return [place for span in spans for place in _places(span, pages[span.page])]


def part_text(part: WordPart, word: Word) -> str:
    return word.text[part.start : part.end]


def part_box(part: WordPart, word: Word) -> Box:
    """The box of a part of a word; its ends are set in proportion to the characters."""
    length = len(word.text)
    end = length if part.end is None else part.end
    if length == 0 or (part.start == 0 and end >= length):
        return word.box
    step = word.box.width / length
    return Box(word.box.x0 + part.start * step, word.box.y0, word.box.x0 + end * step, word.box.y1)


def displayed_fraction(box: Box, page: Page) -> tuple[float, float, float, float]:
    """A box of the upright page, in shares of the page as a viewer shows it (before `Page.turn`)."""
    x0, x1 = (_share(v, page.width) for v in (box.x0, box.x1))
    y0, y1 = (_share(v, page.height) for v in (box.y0, box.y1))
    if page.turn == 90:
        x0, y0, x1, y1 = y0, 1 - x1, y1, 1 - x0
    elif page.turn == 180:
        x0, y0, x1, y1 = 1 - x1, 1 - y1, 1 - x0, 1 - y0
    elif page.turn == 270:
        x0, y0, x1, y1 = 1 - y1, x0, 1 - y0, x1
    return (x0, y0, x1 - x0, y1 - y0)


def _share(value: float, whole: float) -> float:
    return min(1.0, max(0.0, value / whole)) if whole > 0 else 0.0


def _places(span: Span, page: Page) -> list[Place]:
    runs: list[list[WordPart]] = []
    for part in span.parts:
        if runs and _on_one_line(page.words[runs[-1][-1].index].box, page.words[part.index].box):
            runs[-1].append(part)
        else:
            runs.append([part])
    return [_place(run, page) for run in runs]


def _place(run: Sequence[WordPart], page: Page) -> Place:
    words = [page.words[p.index] for p in run]
    box = union(part_box(p, w) for p, w in zip(run, words, strict=True))
    return Place(
        page=page.index,
        content=" ".join(part_text(p, w) for p, w in zip(run, words, strict=True)),
        fraction=displayed_fraction(box, page),
        score=sum(w.score for w in words) / len(words),
        cell=_cell(words, page),
    )


def _cell(words: Sequence[Word], page: Page) -> str:
    """The cell of a spreadsheet that holds `words`, or the first and the last of several."""
    if not page.cells:
        return ""
    names = [c.name for word in (words[0], words[-1]) for c in page.cells if _holds(c.box, word.box)]
    if not names:
        return ""
    first, last = names[0], names[-1]
    return first if first == last else f"{first}:{last.rsplit('!', 1)[-1]}"


def _holds(box: Box, inner: Box) -> bool:
    return box.x0 <= inner.cx <= box.x1 and box.y0 <= inner.cy <= box.y1


def _on_one_line(left: Box, right: Box) -> bool:
    lower = min(left.height, right.height)
    return left.overlap_y(right) >= SAME_LINE * lower
