"""Which lines of a table make up one row: wrapped cells, long headings, sub-headings. Called by `grid`."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence

from paperclerk.engines.embedded.regions import Region, is_number
from paperclerk.engines.embedded.strips import Piece

Line = Mapping[int, Sequence[Piece]]


def row_groups(region: Region, lines: Sequence[Line], xs: Sequence[float]) -> tuple[list[list[int]], int]:
    """Positions of the lines of each row, from top to bottom, and how many of the rows are a heading."""
    bands = _bands(region)
    first = next((i for i, line in enumerate(lines) if _is_data(line)), 0)
    while first > 1 and set(lines[first - 1]) == {0} and any(len(line) > 1 for line in lines[: first - 1]):
        first -= 1  # a label alone, right over the values, is a sub-heading
    groups: list[list[int]] = []
    for band in bands:
        groups += _split(region, lines, band, first, len(xs) - 1, ruled=len(bands) > 2)
    header = sum(1 for g in groups if g[-1] < first)
    return groups, header


def _bands(region: Region) -> list[list[int]]:
    """Positions of the strips between two flat rules that cross (nearly) the whole table."""
    ys = sorted(r.cy for r in region.across if _across(region, r))
    bands: list[list[int]] = [[]]
    k = 0
    for i, strip in enumerate(region.strips):
        crossed = False
        while k < len(ys) and ys[k] < strip.box.cy:
            crossed = True
            k += 1
        if crossed and bands[-1]:
            bands.append([])
        bands[-1].append(i)
    return [b for b in bands if b]


def _across(region: Region, rule: object) -> bool:
    width = getattr(rule, "width", 0.0)
    return bool(width >= 0.12 * region.box.width)


def _is_data(line: Line) -> bool:
    """Whether a line holds values: a number behind its first column."""
    return sum(1 for c, ps in line.items() if c > 0 and is_number(_text(ps))) >= max(1, 0.3 * (len(line) - 1))


def _text(pieces: Sequence[Piece]) -> str:
    return " ".join(p.text for p in pieces)


def _split(
    region: Region, lines: Sequence[Line], band: Sequence[int], first: int, width: int, *, ruled: bool
) -> list[list[int]]:
    """The rows of one band: all its lines, unless several of them fill the same number columns."""
    data = [i for i in band if i >= first and _is_data(lines[i])]
    if ruled and len(data) <= 1:
        return [list(band)]
    if ruled and not _repeats([lines[i] for i in data]):
        return [list(band)]
    groups: list[list[int]] = []
    gaps = [region.strips[b].box.y0 - region.strips[a].box.y1 for a, b in itertools.pairwise(band)]
    pitch = statistics.median(gaps) if gaps else 0.0
    for n, i in enumerate(band):
        if groups and _continues(region, lines, groups[-1], i, first, pitch, gaps[n - 1]):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _repeats(lines: Sequence[Line]) -> bool:
    """Whether lines fill the same number columns: then each is a row of its own."""
    numeric = [{c for c, ps in line.items() if is_number(_text(ps))} for line in lines]
    return any(a & b for a, b in itertools.pairwise(numeric))


def _continues(
    region: Region, lines: Sequence[Line], group: Sequence[int], i: int, first: int, pitch: float, gap: float
) -> bool:
    """Whether line `i` goes on with the row above it."""
    strips = region.strips
    line, before = lines[i], lines[group[-1]]
    size = strips[i].size
    if i < first:
        return _heading_goes_on(before, line, gap, size)
    if group[-1] < first or _is_data(line):
        return False
    if gap > max(0.6 * size, 1.3 * pitch):
        return False
    if 0 not in line:
        return True
    only = len(line) == 1
    text, upper = _text(line[0]), before.get(0)
    if only and upper:
        indented = line[0][0].box.x0 > upper[0].box.x0 + 0.5 * size
        lower = text[:1].islower() or text[:1] in "(&/"
        return lower or (indented and gap < 0.8 * pitch and _is_data(before))
    return False


def _heading_goes_on(before: Line, line: Line, gap: float, size: float) -> bool:
    """Headings of several lines are one row, unless a heading above stands over several columns below."""
    if gap > 0.9 * size:
        return False
    for pieces in before.values():
        for piece in pieces:
            under = [
                p
                for ps in line.values()
                for p in ps
                if p.box.overlap_x(piece.box) > 0.5 * min(p.box.width, piece.box.width)
            ]
            if len(under) > 1 and len(piece.words) <= 4:
                return False
    return True
