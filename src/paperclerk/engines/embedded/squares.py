"""Boxes to tick that are drawn on a page, not printed as a character. Called by `choices`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.layout import PageLayout, Row

_TICKS = frozenset("xXvV✓✔✗✘×")
SMALLEST, LARGEST = 0.6, 2.2  # of the height of a line of text
_SLACK = 1.5  # page units by which the sides of a square may miss each other


@dataclass(frozen=True, slots=True)
class Square:
    """A drawn box in a row of text. `said:told` are the words behind it, up to the next one; `ticked` tells that a
    cross stands in it."""

    row: Row
    said: int
    told: int
    ticked: bool


def squares_of(page: PageLayout) -> Iterator[Square]:
    """The boxes of a page that stand in a row of text, row by row, left to right."""
    found = list(_drawn(page))
    for row in page.rows if found else ():
        beside = sorted(
            (b for b in found if abs(b.cy - row.box.cy) < 0.5 * row.box.height), key=lambda b: b.x0
        )
        for i, box in enumerate(beside):
            yield _square(row, box, beside[i + 1].x0 if i + 1 < len(beside) else page.page.width)


def _drawn(page: PageLayout) -> Iterator[Box]:
    """Small squares that four rules make."""
    low, high = SMALLEST * page.size, LARGEST * page.size
    flat = [r for r in page.page.rules if low <= r.width <= high and r.height < low]
    tall = [r for r in page.page.rules if low <= r.height <= high and r.width < low]
    below, beside = _at((r.x0, r) for r in flat), _at((r.cx, r) for r in tall)
    for top in flat:
        for bottom in _near(below, top.x0):
            height = bottom.cy - top.cy
            if abs(bottom.x0 - top.x0) > _SLACK or not 0.7 * top.width < height < 1.4 * top.width:
                continue
            if all(
                any(
                    abs(t.cx - x) < _SLACK and abs(t.y0 - top.cy) < _SLACK and abs(t.y1 - bottom.cy) < _SLACK
                    for t in _near(beside, x)
                )
                for x in (top.x0, top.x1)
            ):
                yield Box(top.x0, top.cy, top.x1, bottom.cy)
                break


def _at(rules: Iterable[tuple[float, Box]]) -> dict[int, list[Box]]:
    """Rules by where they stand from left to right, in steps of the slack: a form may have thousands."""
    found: dict[int, list[Box]] = defaultdict(list)
    for x, rule in rules:
        found[int(x // _SLACK)].append(rule)
    return found


def _near(rules: dict[int, list[Box]], x: float) -> Iterator[Box]:
    at = int(x // _SLACK)
    for step in (at - 1, at, at + 1):
        yield from rules.get(step, ())


def _square(row: Row, box: Box, limit: float) -> Square:
    placed = [
        (start, row.source[w].box, row.source[w].text) for w, start in zip(row.words, row.starts, strict=True)
    ]
    inside = [text for _, b, text in placed if box.x0 - 1 <= b.cx <= box.x1 + 1]
    behind = [(start, text) for start, b, text in placed if box.x1 + 1 < b.cx and b.x0 < limit - 1]
    said = behind[0][0] if behind else 0
    last = row.segment_at(said).end if behind else 0
    told = max((start + len(text) for start, text in behind if start < last), default=0)
    return Square(row, said, told, any(text in _TICKS for text in inside))
