"""Words into lines, and lines into reading order. Called by `pages` for text layers and OCR alike.

A line is a stretch of words on one baseline without a column gap. Reading order is a recursive X-Y cut: the
page is split at gutters (columns) where both sides hold several lines, and at the widest level bands of white, until
nothing splits; rows within a block go from top to bottom.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from paperclerk.domain.document import Line, Word
from paperclerk.domain.geometry import Box, union

COLUMN_GAP = 1.2
"""Of the text size: a wider gap between two words of a baseline separates two lines (segments)."""

_SAME_BASELINE = 0.5  # of the smaller height: so much shared height makes one baseline
_MAX_DEPTH = 24
_TRIED = 4  # gutters
_SHORT = 4  # letters: the shape of so short a word does not tell how it runs
_STEP = 8.0  # page units
_CROSSED = 8  # one of so many segments may cross the gutter between two columns


@dataclass(frozen=True)
class Arranged:
    """Words in reading order and the lines over them."""

    words: tuple[Word, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Segment:
    members: tuple[int, ...]
    x0: float
    y0: float
    x1: float
    y1: float
    row: int

    @property
    def height(self) -> float:
        return self.y1 - self.y0


def arrange(words: Sequence[Word], *, slope: float = 0.0, rules: Sequence[Box] = ()) -> Arranged:
    """Lines of `words` (any order) in reading order; every word is in exactly one line.

    `slope` is the rise of the baselines (dy/dx, y down) of a page that was scanned askew. Vertical `rules`
    end a line where they stand between two words.
    """
    standing = _standing(words)
    segments = _segments(words, standing, slope, [rule for rule in rules if rule.height > rule.width])
    ordered: list[_Segment] = []
    _cut([s for s in segments if s.members[0] not in standing], ordered, 0)
    _by_rows(
        [s for s in segments if s.members[0] in standing], ordered
    )  # a stamp up the margin breaks no column
    order: list[int] = []
    lines = []
    for segment in ordered:
        first = len(order)
        order.extend(segment.members)
        box = union(words[i].box for i in segment.members)
        lines.append(Line(box, tuple(range(first, len(order)))))
    return Arranged(tuple(words[i] for i in order), tuple(lines))


def _segments(
    words: Sequence[Word], standing: set[int], slope: float, uprights: Sequence[Box]
) -> list[_Segment]:
    """Stretches of words on one baseline; words that stand upright (turned text) are stretches of their own."""
    level = [word.box.cy - slope * word.box.cx for word in words]
    segments = []
    for number, row in enumerate(_rows(words, standing, level)):
        row.sort(key=lambda i: words[i].box.x0)
        walls = _walls_of(words[row[0]].box, uprights)
        reach = words[row[0]].box.x1
        current = [row[0]]
        for last, i in pairwise(row):
            gap = words[i].box.x0 - reach
            wide = gap > COLUMN_GAP * max(min(words[last].size, words[i].size), 1.0)
            if wide or _walled(words[last].box.cx, words[i].box.cx, walls):
                segments.append(_segment(words, level, current, number))
                current = []
            current.append(i)
            reach = max(reach, words[i].box.x1) if len(current) > 1 else words[i].box.x1
        segments.append(_segment(words, level, current, number))
    return segments


def _walls_of(box: Box, uprights: Sequence[Box]) -> list[float]:
    """Where vertical ruling lines cross the row of `box`, from left to right."""
    middle = box.cy
    return sorted((wall.x0 + wall.x1) / 2 for wall in uprights if wall.y0 <= middle <= wall.y1)


def _walled(left: float, right: float, walls: list[float]) -> bool:
    """Whether a vertical ruling line stands between the middles of two words of a baseline."""
    place = bisect_right(walls, left)
    return place < len(walls) and walls[place] < right


def _segment(words: Sequence[Word], level: Sequence[float], members: list[int], row: int) -> _Segment:
    boxes = [words[i].box for i in members]
    y = sum(level[i] for i in members) / len(members)
    half = max(box.height for box in boxes) / 2
    return _Segment(
        tuple(members), min(b.x0 for b in boxes), y - half, max(b.x1 for b in boxes), y + half, row
    )


def _rows(words: Sequence[Word], standing: set[int], level: Sequence[float]) -> list[list[int]]:
    """Words grouped by baseline: a word joins the row whose first word it overlaps most in height.

    `level` is the height of each word's middle, with the slope of the page taken out.
    """
    rows: list[list[int]] = []
    open_rows: list[tuple[float, float, int]] = []  # middle and height of a row's first word, its number
    for i in sorted(range(len(words)), key=lambda i: (level[i], words[i].box.x0)):
        y, height = level[i], max(words[i].box.height, 0.1)
        if i in standing:
            rows.append([i])
            continue
        open_rows = [row for row in open_rows if row[0] + row[1] / 2 > y - height / 2]
        best, least = -1, float("inf")
        for middle, tall, number in open_rows:
            small, large = min(tall, height), max(tall, height)
            off = abs(middle - y)
            shared = (small + large) / 2 - off
            if shared >= _SAME_BASELINE * small and off <= 0.45 * large and off < least:
                best, least = number, off
        if best < 0:
            open_rows.append((y, height, len(rows)))
            rows.append([i])
        else:
            rows[best].append(i)
    return rows


def _standing(words: Sequence[Word]) -> set[int]:
    """Words that run up or down the page, by their shape; a short one by those it stands between."""
    found = {i for i, word in enumerate(words) if _stands(word)}
    short: dict[int, list[int]] = {}  # by where they stand from left to right
    for i, word in enumerate(words) if found else ():
        if len(word.text) <= _SHORT and i not in found:
            short.setdefault(int(word.box.cx // _STEP), []).append(i)
    open_words = list(found)
    while open_words:
        stem = words[open_words.pop()].box
        for cell in range(int(stem.x0 // _STEP), int(stem.x1 // _STEP) + 1):
            for i in short.get(cell, ()):
                word = words[i]
                gap = max(word.box.y0 - stem.y1, stem.y0 - word.box.y1)
                within = (
                    stem.x0 - 0.1 * stem.width <= word.box.x0 and word.box.x1 <= stem.x1 + 0.1 * stem.width
                )
                if within and 0 < gap < stem.width and word.size > 0.8 * stem.width and i not in found:
                    found.add(i)
                    open_words.append(i)
    return found


def _stands(word: Word) -> bool:
    """Whether the word runs up or down the page: its text size is its width."""
    return word.box.height > 1.5 * word.box.width and word.size < 1.2 * word.box.width


def _cut(segments: list[_Segment], out: list[_Segment], depth: int) -> None:
    """Append `segments` to `out` in reading order."""
    if len(segments) <= 1 or depth >= _MAX_DEPTH:
        _by_rows(segments, out)
        return
    height = sorted(s.height for s in segments)[len(segments) // 2]
    columns = _columns(segments, height)
    if columns is not None:
        for part in columns:
            _cut(part, out, depth + 1)
        return
    bands = _split(segments)
    if bands is None:
        _by_rows(segments, out)
        return
    for part in _merge_rows_into_blocks(bands, height):
        if len(part) == len(segments):
            _by_rows(part, out)
        else:
            _cut(part, out, depth + 1)


def _columns(segments: list[_Segment], height: float) -> list[list[_Segment]] | None:
    """`segments` left and right of a gutter, in reading order; None where nothing of the kind stands side by side.

    Rows that cross the gutter (a title, a running head, a page number) divide what is above them from what is below.
    """
    for x0, x1 in _gutters(segments, height):
        left, right = [s for s in segments if s.x1 <= x0], [s for s in segments if s.x0 >= x1]
        if not left or not right or not (_is_column(left) or _is_column(right)):
            continue
        crossing = {s.row for s in _across(segments, left, right, x0, x1)}
        left, right = ([s for s in side if s.row not in crossing] for side in (left, right))
        running = _is_column(left) + _is_column(right)
        if running == 2 or (running == 1 and _are_apart(left, right)):
            break
    else:
        return None
    across: dict[int, list[_Segment]] = {}
    for segment in segments:
        if segment.row in crossing:
            across.setdefault(segment.row, []).append(segment)
    bars = sorted(across.values(), key=_middle)
    tops = [_middle(bar) for bar in bars]
    zones: list[list[_Segment]] = [[] for _ in range(2 * len(bars) + 2)]
    for side, part in enumerate((left, right)):
        for segment in part:
            zones[2 * bisect_right(tops, _middle([segment])) + side].append(segment)
    parts = [*zones[:2]]
    for n, bar in enumerate(bars, 1):
        parts += [bar, *zones[2 * n : 2 * n + 2]]
    return [part for part in parts if part]


def _across(
    segments: list[_Segment], left: list[_Segment], right: list[_Segment], x0: float, x1: float
) -> list[_Segment]:
    """Segments that belong to neither side of the white from x to x: over it, in it, or reaching far into the gutter,
    which goes from where most lines on the left end to where most on the right begin."""
    ends = sorted((s.x1 for s in left), reverse=True)
    starts = sorted(s.x0 for s in right)
    if min(len(ends), len(starts)) < 2:
        return []
    a, b = ends[max(1, len(ends) // 20)], starts[max(1, len(starts) // 20)]
    return [
        s
        for s in segments
        if (s.x0 < x1 and s.x1 > x0)
        or (a <= s.x0 and s.x1 <= b)
        or min(s.x1, b) - max(s.x0, a) > 0.5 * (b - a)
    ]


def _middle(segments: list[_Segment]) -> float:
    return (segments[0].y0 + segments[0].y1) / 2


def _gutters(segments: list[_Segment], height: float) -> list[tuple[float, float]]:
    """Upright bands wider than `height` that few segments cross, from x to x, the least crossed first."""
    if len(segments) < 6:
        return []
    most = len(segments) // _CROSSED
    edges = sorted([(s.x0, 1) for s in segments] + [(s.x1, -1) for s in segments])
    found: list[tuple[int, float, float]] = []
    deep = 0
    for (x0, step), (x1, _) in pairwise(edges):
        deep += step
        if x1 - x0 > height and deep <= most:
            found.append((deep, x0, x1))
    best = sorted(found, key=lambda band: (band[0], band[1] - band[2]))[:_TRIED]
    return [(x0, x1) for _, x0, x1 in best]


def _by_rows(segments: list[_Segment], out: list[_Segment]) -> None:
    out.extend(sorted(segments, key=lambda s: (s.row, s.x0)))


def _split(segments: list[_Segment]) -> list[list[_Segment]] | None:
    """`segments` divided at every clear level band, None when there is none."""
    parts: list[list[_Segment]] = []
    reach = float("-inf")
    for segment in sorted(segments, key=lambda s: (s.y0, s.y1)):
        if segment.y0 > reach:
            parts.append([])
        parts[-1].append(segment)
        reach = max(reach, segment.y1)
    return parts if len(parts) > 1 else None


def _is_column(part: list[_Segment]) -> bool:
    """Running text: several lines, most of them long for their height."""
    if len(part) < 3:
        return False
    widths = sorted((s.x1 - s.x0) / max(s.height, 1.0) for s in part)
    return widths[len(widths) // 2] > 8


def _are_apart(left: list[_Segment], right: list[_Segment]) -> bool:
    """Whether many lines on two sides have baselines of their own, as those of a side bar and not of a table."""
    ours, theirs = {s.row for s in left}, {s.row for s in right}
    fewer = min(len(ours), len(theirs))
    return fewer >= 8 and len(ours & theirs) < 0.75 * fewer


def _merge_rows_into_blocks(bands: list[list[_Segment]], height: float) -> list[list[_Segment]]:
    """Join neighbouring bands unless the white between them is wide, so that columns show within a block."""
    blocks = [list(bands[0])]
    bottom = max(s.y1 for s in bands[0])
    gaps = []
    for band in bands[1:]:
        gaps.append(min(s.y0 for s in band) - bottom)
        bottom = max(bottom, *(s.y1 for s in band))
    widest = max(gaps)
    threshold = 0.7 * widest if widest > 0.6 * height else float("-inf")
    for band, gap in zip(bands[1:], gaps, strict=True):
        if gap >= threshold:
            blocks.append([])
        blocks[-1].extend(band)
    return blocks
