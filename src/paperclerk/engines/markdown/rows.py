"""Rows of a page, and rows that stand side by side taken apart. Called by `blocks`."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from paperclerk.domain.document import Word
from paperclerk.domain.geometry import Box, union
from paperclerk.engines.embedded.words import lexicon, phrases

BULLET = re.compile(r"[•·▪■●○◦‣∙⁃►▸\uf0b7–—*-]")
NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)]")
_WHITE = 1.2  # of the text size: so wide is what stands between columns
_FAR = 2.0  # of the text size: white between rows beyond which no column goes on


@dataclass(frozen=True)
class Row:
    """What stands on one baseline, left to right; its `parts` are the stretches between column gaps."""

    parts: tuple[tuple[Word, ...], ...]

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for part in self.parts for word in part)

    @cached_property
    def box(self) -> Box:
        return union(w.box for w in self.words)

    @cached_property
    def size(self) -> float:
        return statistics.median(w.size or w.box.height for w in self.words)

    @property
    def bold(self) -> bool:
        return all(w.bold for w in self.words)

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)

    @property
    def begins_item(self) -> bool:
        """Whether a list marker stands at the front, with something behind it."""
        first = self.words[0].text
        return len(self.words) > 1 and bool(BULLET.fullmatch(first) or NUMBERED.fullmatch(first))


def side_by_side(rows: Sequence[Row]) -> list[Row]:
    """`rows` with columns one after the other: an address, then the dates that were set beside it.

    A column begins where a row names something ("Bill to   Invoice date   14 March"): a value beside its label stays
    with it. It reaches down as far as the white before it is clear.
    """
    found: list[Row] = []
    at = 0
    while at < len(rows):
        end, left, right = _columns(rows, at)
        if right:
            found += [*side_by_side(left), *side_by_side(right)]
        else:
            found.append(rows[at])
        at = end
    return found


def _columns(rows: Sequence[Row], at: int) -> tuple[int, list[Row], list[Row]]:
    """What stands left and right of the first column that begins in row `at`, and the row after it all."""
    parts = rows[at].parts
    for cut in range(1, len(parts)):
        if not _names(parts[cut]):
            continue
        left, right = [Row(parts[:cut])], [Row(parts[cut:])]
        white = left[0].box.x1, right[0].box.x0
        end = at + 1
        while end < len(rows) and _near(rows[end - 1], rows[end]):
            divided = _divided(rows[end], white)
            if divided is None:
                break
            one, other, white = divided
            left += one
            right += other
            end += 1
        if end > at + 1:
            return end, left, right
    return at + 1, [], []


def _divided(row: Row, white: tuple[float, float]) -> tuple[list[Row], list[Row], tuple[float, float]] | None:
    """The parts of a row on either side of the white from x to x, and the white that is left; None when the row
    crosses it."""
    middle = sum(white) / 2
    ahead = tuple(part for part in row.parts if part[-1].box.x1 < middle)
    behind = row.parts[len(ahead) :]
    one, other = ([Row(ahead)] if ahead else []), ([Row(behind)] if behind else [])
    x0 = max(white[0], *(r.box.x1 for r in one), -1.0)
    x1 = min(white[1], *(r.box.x0 for r in other), float("inf"))
    return (one, other, (x0, x1)) if x1 - x0 > _WHITE * row.size else None


def _near(upper: Row, lower: Row) -> bool:
    return lower.box.y0 - upper.box.y1 < _FAR * max(upper.size, lower.size)


def _names(part: Sequence[Word]) -> bool:
    """Whether words are, or begin with, a label that documents print."""
    text = " ".join(word.text for word in part)
    if ":" in text:
        return True
    beginnings = {len(part), *range(2, min(len(part), lexicon.longest() + 1))}
    return any(phrases.key(" ".join(w.text for w in part[:n])) in lexicon.labels() for n in beginnings)
