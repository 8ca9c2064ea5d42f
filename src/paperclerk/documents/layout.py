"""Words into lines, and lines into reading order. Called by `pages` for text layers and OCR alike.

A line is a stretch of words on one baseline without a column gap. Reading order is a recursive X-Y cut: the
page is split at the widest clear band of white, vertical bands (columns) only where both sides hold several
lines, until nothing splits; rows within a block go from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Line, Word
from paperclerk.domain.geometry import Box

COLUMN_GAP = 1.2
"""Of the text size: a wider gap between two words of a baseline separates two lines (segments)."""

_SAME_BASELINE = 0.5  # of the smaller height: so much shared height makes one baseline
_MAX_DEPTH = 24


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

    @property
    def height(self) -> float:
        return self.y1 - self.y0


def arrange(words: Sequence[Word]) -> Arranged:
    """Lines of `words` (any order) in reading order; every word is in exactly one line."""
    segments = _segments(words)
    ordered: list[_Segment] = []
    _cut(segments, ordered, 0)
    order: list[int] = []
    lines = []
    for segment in ordered:
        first = len(order)
        order.extend(segment.members)
        box = Box(segment.x0, segment.y0, segment.x1, segment.y1)
        lines.append(Line(box, tuple(range(first, len(order)))))
    return Arranged(tuple(words[i] for i in order), tuple(lines))


def _segments(words: Sequence[Word]) -> list[_Segment]:
    """Stretches of words on one baseline; words that stand upright (turned text) are stretches of their own."""
    rows = _rows(words)
    segments = []
    for row in rows:
        row.sort(key=lambda i: words[i].box.x0)
        current = [row[0]]
        for i in row[1:]:
            last = words[current[-1]]
            gap = words[i].box.x0 - max(words[j].box.x1 for j in current[-3:])
            if gap > COLUMN_GAP * max(min(last.size, words[i].size), 1.0):
                segments.append(_segment(words, current))
                current = []
            current.append(i)
        segments.append(_segment(words, current))
    return segments


def _segment(words: Sequence[Word], members: list[int]) -> _Segment:
    boxes = [words[i].box for i in members]
    return _Segment(
        tuple(members),
        min(b.x0 for b in boxes),
        min(b.y0 for b in boxes),
        max(b.x1 for b in boxes),
        max(b.y1 for b in boxes),
    )


def _rows(words: Sequence[Word]) -> list[list[int]]:
    """Words grouped by baseline: a word joins the row whose last words it overlaps most in height."""
    rows: list[list[int]] = []
    open_rows: list[tuple[float, float, int]] = []  # y0, y1 of a row's typical word, its number
    for i in sorted(range(len(words)), key=lambda i: (words[i].box.cy, words[i].box.x0)):
        box = words[i].box
        if _stands(words[i]):
            rows.append([i])
            continue
        open_rows = [row for row in open_rows if row[1] > box.y0]
        best, share = -1, _SAME_BASELINE
        for y0, y1, number in open_rows:
            shared = (min(y1, box.y1) - max(y0, box.y0)) / max(min(y1 - y0, box.height), 0.1)
            if shared > share:
                best, share = number, shared
        if best < 0:
            open_rows.append((box.y0, box.y1, len(rows)))
            rows.append([i])
        else:
            rows[best].append(i)
    return rows


def _stands(word: Word) -> bool:
    """Whether the word runs up or down the page."""
    return len(word.text) > 1 and word.box.height > 1.5 * word.box.width


def _cut(segments: list[_Segment], out: list[_Segment], depth: int) -> None:
    """Append `segments` to `out` in reading order."""
    if len(segments) <= 1 or depth >= _MAX_DEPTH:
        out.extend(sorted(segments, key=lambda s: (s.y0, s.x0)))
        return
    height = sorted(s.height for s in segments)[len(segments) // 2]
    columns = _split(segments, lambda s: (s.x0, s.x1), 1.0 * height)
    if columns is not None and all(_is_column(part) for part in columns):
        for part in columns:
            _cut(part, out, depth + 1)
        return
    bands = _split(segments, lambda s: (s.y0, s.y1), 0.0)
    if bands is None:
        _by_rows(segments, out)
        return
    for part in _merge_rows_into_blocks(bands, height):
        if len(part) == len(segments):
            _by_rows(part, out)
        else:
            _cut(part, out, depth + 1)


def _by_rows(segments: list[_Segment], out: list[_Segment]) -> None:
    out.extend(sorted(segments, key=lambda s: (round(s.y0 + s.height / 2, 1), s.x0)))


def _split(
    segments: list[_Segment], side: Callable[[_Segment], tuple[float, float]], gap: float
) -> list[list[_Segment]] | None:
    """`segments` divided at every clear band wider than `gap` along one axis, None when there is none."""
    parts: list[list[_Segment]] = []
    reach = float("-inf")
    for segment in sorted(segments, key=side):
        start, end = side(segment)
        if start - reach > gap:
            parts.append([])
        parts[-1].append(segment)
        reach = max(reach, end)
    return parts if len(parts) > 1 else None


def _is_column(part: list[_Segment]) -> bool:
    """Running text: several lines, most of them long for their height."""
    if len(part) < 3:
        return False
    widths = sorted((s.x1 - s.x0) / max(s.height, 1.0) for s in part)
    return widths[len(widths) // 2] > 8


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
