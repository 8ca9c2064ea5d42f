"""Which lines of a form are captions: over what is filled into a drawn box, or under the line to write on. Called by
`facts`.

A caption is told by what is drawn around it, so neither its words nor their language matter. It is never a value,
and speaks of nothing but its own box or line.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.page.layout import PageLayout, Segment
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
        return Compartments({}, {})
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
    return Compartments(found, drawn)


class _Rules:
    """The rules of one direction, by where they lie: (place, from, to, rule)."""

    def __init__(self, rules: Iterable[tuple[float, float, float, Box]]) -> None:
        self._rules = sorted(rules, key=lambda rule: rule[0])
        self._places = [place for place, *_ in self._rules]

    def around(self, place: float, along: float) -> tuple[float, float] | None:
        """The places of the nearest rules before and behind `place` that reach past `along`; None without both."""
        before = range(bisect_left(self._places, place) - 1, -1, -1)
        behind = range(bisect_right(self._places, place), len(self._rules))
        first, last = (
            next((self._places[i] for i in order if self._rules[i][1] <= along <= self._rules[i][2]), None)
            for order in (before, behind)
        )
        return (first, last) if first is not None and last is not None else None

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
