"""Which lines of a form are captions: over what is filled into a drawn box, under the line to write on, or in a row
over a row of values. Called by `facts`.

A caption is told by what is drawn around it and by its type, so neither its words nor their language matter. It is
never a value, and speaks of nothing but its own box, line or column.
"""

from __future__ import annotations

import itertools
import re
import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.page.layout import PageLayout, Row, Segment
from paperclerk.engines.embedded.page.rulings import rules_of

SMALLER = 0.92  # of the size of what is filled in, at most
TALLEST = 8  # lines of text that a box to fill in holds at most
FORM = 4  # captions over what is filled in that make a page a form
_SLACK = 3.0


@dataclass(frozen=True, slots=True)
class Caption:
    """`filled` are the segments that it speaks of, from the top; none where nothing was filled in. `under` tells
    that it stands under its line."""

    filled: tuple[Segment, ...]
    under: bool


@dataclass(frozen=True, slots=True)
class Compartments:
    """What is drawn on one page to be filled in, by `Segment.index`: the captions, and the box that each segment of a
    form stands in."""

    captions: Mapping[int, Caption]
    boxes: Mapping[int, Box]


def compartments(page: PageLayout) -> Compartments:
    """The compartments of a page."""
    if not page.page.rules:
        return Compartments({s.index: caption for s, caption in _over_rows(page)}, {})
    across, down = rules_of(page.page)
    flat = _Rules((r.cy, r.x0 - _SLACK, r.x1, r) for r in across)
    upright = _Rules((r.cx, r.y0 - _SLACK, r.y1 + _SLACK, r) for r in down)
    boxes: dict[Box, list[Segment]] = defaultdict(list)
    for segment in page.segments:
        if (
            box := _box_around(segment, flat, upright)
        ) is not None and box.height < TALLEST * page.size * 1.5:
            boxes[box].append(segment)
    found = _over(boxes)
    boxed = {s.index: box for box, segments in boxes.items() for s in segments}
    drawn = boxed if found else {}
    for segment, caption in _under_lines(page, [s for s in page.segments if s.index not in boxed], flat):
        found[segment.index] = caption
    for segment, caption in _over_rows(page):
        found.setdefault(segment.index, caption)
    return Compartments(found, drawn)


def _over_rows(page: PageLayout) -> Iterator[tuple[Segment, Caption]]:
    """Captions side by side, and one row of values beneath: each value keeps to the column of one caption."""
    filled: set[int] = set()
    for n, (row, below) in enumerate(itertools.pairwise(page.rows)):
        heads, values = row.segments, below.segments
        if not 2 <= len(heads) <= MOST_CAPTIONS or 2 * len(values) < len(heads) or len(values) < 2:
            continue
        if below.box.y0 - row.box.y1 > 1.5 * values[0].size or not _are_captions(heads, values):
            continue
        if any(s.index in filled or _VALUED.search(_NUMBER.sub("", s.text)) for s in heads):
            continue
        if any(_LABELLED.search(s.text) for s in values) or sum(r.text == row.text for r in page.rows) > 1:
            continue  # values with labels of their own, or a heading printed over each of several tables
        pairs = {h.index: v for v in values for h in heads if _in_column(h, v)}
        if len(pairs) < len(values):
            continue
        if _goes_on(page.rows[n + 2 : n + 2 + WRAPPED], row, below):
            continue  # a table
        for head in heads:
            first = pairs.get(head.index)
            beneath = (first, *_stacked(page, first)) if first else ()
            filled |= {s.index for s in beneath}
            yield head, Caption(beneath, under=False)


MOST_CAPTIONS = 9
_NUMBER = re.compile(r"^\d{1,3}[a-z]?[.)]? ?(?=[^\W\d])")  # of a caption: `16. Importer`
_VALUED = re.compile(r"\d|:$|--")
_LABELLED = re.compile(r"[^\W\d]:(?:\s|$)")


def _in_column(head: Segment, value: Segment) -> bool:
    """Whether a value stands under a caption: flush with its left or right edge, or in its middle."""
    edges = (head.box.x0 - value.box.x0, head.box.x1 - value.box.x1, head.box.cx - value.box.cx)
    return min(map(abs, edges)) < 0.6 * value.size and head.box.overlap_x(value.box) > 0


def _are_captions(heads: Sequence[Segment], values: Sequence[Segment]) -> bool:
    """Whether type tells captions from what stands under them, or digits do."""
    size = max(s.size for s in heads)
    if size > 1.05 * min(s.size for s in heads) or len({s.bold for s in heads}) > 1:
        return False
    if size <= SMALLEST * min(s.size for s in values):
        return True
    smaller = size <= SMALLER * min(s.size for s in values)
    bold = all(s.bold for s in heads) and not any(s.bold for s in values)
    counted = sum(any(c.isdigit() for c in s.text) for s in values)
    told = 5 * counted >= 3 * len(heads) and not any(c in "@0123456789" for s in heads for c in s.text)
    return len(heads) > 2 and (smaller or (bold and counted > 1) or told)


SMALLEST = 0.8


WRAPPED = 4  # rows that the cells of one row of a table may go on over


def _goes_on(rows: Sequence[Row], head: Row, first: Row) -> bool:
    """Whether a second row of values follows in the columns of the first, before more captions: a table."""
    last = first
    for row in rows:
        if row.box.y0 - last.box.y1 > 1.4 * first.segments[0].size:
            return False
        if _one_size(row, head) and not _one_size(row, first):
            return False
        same = sum(any(_in_column(a, b) for a in first.segments) for b in row.segments)
        if len(row.segments) > 1 and 2 * same >= len(first.segments) and _one_size(row, first):
            return True
        last = row
    return False


def _one_size(row: Row, other: Row) -> bool:
    return abs(row.segments[0].size - other.segments[0].size) < 0.05 * row.segments[0].size


def _stacked(page: PageLayout, first: Segment) -> Iterator[Segment]:
    """The lines that stand close under a value, flush with it, in its type."""
    last = first
    while below := page.below(last):
        line = below[0]
        if (
            line.box.y0 - last.box.y1 > 0.6 * first.size
            or abs(line.box.x0 - first.box.x0) > 0.3 * first.size
            or line.size <= SMALLEST * first.size
        ):
            return
        yield line
        last = line


class _Rules:
    """The rules of one direction, by where they lie: (place, from, to, rule)."""

    def __init__(self, rules: Iterable[tuple[float, float, float, Box]]) -> None:
        self._rules = sorted(rules, key=lambda rule: rule[0])
        self._places = [place for place, *_ in self._rules]

    def around(self, place: float, along: float) -> tuple[float, float] | None:
        """The places of the nearest rules before and behind `place` that reach past `along`; None without both."""
        first = self._nearest(range(bisect_left(self._places, place) - 1, -1, -1), along)
        if first is None:
            return None
        last = self._nearest(range(bisect_right(self._places, place), len(self._rules)), along)
        return (first, last) if last is not None else None

    def _nearest(self, order: range, along: float) -> float | None:
        for i in order:
            place, begin, end, _ = self._rules[i]
            if begin <= along <= end:
                return place
        return None

    def between(self, least: float, most: float) -> Iterator[Box]:
        """The rules that lie from `least` to `most`."""
        for i in range(bisect_left(self._places, least), bisect_right(self._places, most)):
            yield self._rules[i][3]


def _box_around(segment: Segment, across: _Rules, down: _Rules) -> Box | None:
    """The smallest drawn box that a segment stands in."""
    x, y = segment.box.x0 + 1, segment.box.cy
    upper_lower = across.around(y, x)
    sides = down.around(x, y) if upper_lower else None
    if upper_lower is None or sides is None:
        return None
    return Box(sides[0], upper_lower[0], sides[1], upper_lower[1])


def _over(boxes: dict[Box, list[Segment]]) -> dict[int, Caption]:
    """The first line of each box, where it is smaller than what stands beneath it; on such a form also that of a box
    with nothing in it."""
    found: dict[int, Caption] = {}
    sizes: list[float] = []
    for segments in boxes.values():
        first, rest = segments[0], tuple(s for s in segments[1:] if s.row > segments[0].row)
        if rest and len(rest) == len(segments) - 1 and first.size <= SMALLER * min(s.size for s in rest):
            found[first.index] = Caption(rest, under=False)
            sizes.append(first.size)
    if len(found) < FORM:
        return {}
    size = statistics.median(sizes)
    for segments in boxes.values():
        if len(segments) == 1 and abs(segments[0].size - size) < 0.05 * size:
            found[segments[0].index] = Caption((), under=False)
    return found


def _under_lines(
    page: PageLayout, segments: Sequence[Segment], across: _Rules
) -> Iterator[tuple[Segment, Caption]]:
    """Small lines right under a line to write on; what is written stands on that line."""
    small = [s for s in segments if s.size < SMALLER * page.size]
    for segment in small:
        top = segment.box.y0
        over = [r for r in across.between(top - segment.size - 1, top + 2) if _stands_under(segment, r)]
        line = max(over, key=lambda r: r.width, default=None)
        if line is None or line.width > 0.8 * page.page.width:
            continue
        written = [s for s in page.segments if _stands_on(s, line)]
        if all(segment.size <= SMALLER * s.size for s in written):
            yield segment, Caption(tuple(written), under=True)


def _stands_under(segment: Segment, line: Box) -> bool:
    begins = line.x0 - segment.size <= segment.box.x0 <= line.x0 + segment.size
    return begins and -1 <= segment.box.y0 - line.cy <= segment.size and segment.box.x0 < line.x1


def _stands_on(segment: Segment, line: Box) -> bool:
    near = -0.3 * segment.size <= line.cy - segment.box.y1 <= 0.8 * segment.size
    return near and segment.box.overlap_x(line) > 0.5 * segment.box.width
