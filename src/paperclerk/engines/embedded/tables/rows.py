"""Which lines of a table make up one row: wrapped cells, long headings, sub-headings. Called by `grid`."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence

from paperclerk.engines.embedded.tables.regions import Region, is_number
from paperclerk.engines.embedded.tables.strips import Piece

Line = Mapping[int, Sequence[Piece]]  # column -> pieces, of one strip


def row_groups(region: Region, lines: Sequence[Line], xs: Sequence[float]) -> tuple[list[list[int]], int]:
    """Positions of the lines of each row, from top to bottom, and how many of the rows are a heading."""
    rows = _Rows(region, lines, xs)
    groups = rows.groups()
    return groups, sum(1 for g in groups if g[-1] < rows.first)


class _Rows:
    """The lines of one table. `first` is the position of the first line below the heading."""

    def __init__(self, region: Region, lines: Sequence[Line], xs: Sequence[float]) -> None:
        self.region, self.lines, self.xs = region, lines, xs
        first = next((i for i, line in enumerate(lines) if _is_data(line)), 0)
        while (
            first > 1 and set(lines[first - 1]) == {0} and any(len(line) > 1 for line in lines[: first - 1])
        ):
            first -= 1  # a label alone, right over the values, is a sub-heading
        self.first = first

    def groups(self) -> list[list[int]]:
        bands = self._bands()
        ruled = len(bands) > 2
        parts = [part for band in bands for part in self._parted(band)]
        return [group for part in parts for group in self._split(part, ruled=ruled)]

    def _bands(self) -> list[list[int]]:
        """Positions of the strips between two flat rules that are more than an underlined word."""
        ys = sorted(r.cy for r in self.region.across if r.width >= 0.12 * self.region.box.width)
        bands: list[list[int]] = [[]]
        k = 0
        for i, strip in enumerate(self.region.strips):
            crossed = False
            while k < len(ys) and ys[k] < strip.box.cy:
                crossed = True
                k += 1
            if crossed and bands[-1]:
                bands.append([])
            bands[-1].append(i)
        return [b for b in bands if b]

    def _parted(self, band: Sequence[int]) -> list[list[int]]:
        """Heading and values, where no rule stands between them."""
        parts = [i for i in band if i < self.first], [i for i in band if i >= self.first]
        return [part for part in parts if part]

    def _split(self, band: Sequence[int], *, ruled: bool) -> list[list[int]]:
        """The rows of one band: all its lines, unless several of them fill the same number columns."""
        data = [self.lines[i] for i in band if i >= self.first and _is_data(self.lines[i])]
        if ruled and not _repeats(data):
            return [list(band)]
        strips = self.region.strips
        gaps = [strips[b].box.y0 - strips[a].box.y1 for a, b in itertools.pairwise(band)]
        pitch = statistics.median(gaps) if gaps else 0.0
        groups: list[list[int]] = []
        for n, i in enumerate(band):
            if groups and self._continues(groups[-1][-1], i, pitch, gaps[n - 1]):
                groups[-1].append(i)
            else:
                groups.append([i])
        return groups

    def _continues(self, above: int, i: int, pitch: float, gap: float) -> bool:
        """Whether line `i` goes on with the row whose last line is `above`."""
        line, before = self.lines[i], self.lines[above]
        size = self.region.strips[i].size
        if i < self.first:
            return gap <= 0.9 * size and not self._spans(before, line)
        if above < self.first or _is_data(line) or gap > max(0.6 * size, 1.3 * pitch):
            return False
        if 0 not in line:
            return True
        upper = before.get(0)
        if len(line) > 1 or not upper:
            return False
        text = _text(line[0])
        indented = line[0][0].box.x0 > upper[0].box.x0 + 0.5 * size
        return (
            text[:1].islower() or text[:1] in "(&/" or (indented and gap < 0.8 * pitch and _is_data(before))
        )

    def _spans(self, before: Line, line: Line) -> bool:
        """Whether a heading stands over several columns of the line below: then that is a row of its own."""
        below = [p.box for ps in line.values() for p in ps]
        for piece in (p for ps in before.values() for p in ps):
            box = piece.box
            under = sum(1 for b in below if b.overlap_x(box) > 0.5 * min(b.width, box.width))
            if under > 1 and len(piece.words) <= 4:
                return True
            between = any(b.x1 <= box.x0 for b in below) and any(b.x0 >= box.x1 for b in below)
            if not under and between and any(abs(x - box.cx) < 1.5 * box.height for x in self.xs[1:-1]):
                return True
        return False


def _is_data(line: Line) -> bool:
    """Whether a line holds values: a number behind its first column."""
    return sum(1 for c, ps in line.items() if c > 0 and is_number(_text(ps))) >= max(1, 0.3 * (len(line) - 1))


def _repeats(lines: Sequence[Line]) -> bool:
    """Whether lines fill the same number columns: then each is a row of its own."""
    numeric = [{c for c, ps in line.items() if is_number(_text(ps))} for line in lines]
    return any(a & b for a, b in itertools.pairwise(numeric))


def _text(pieces: Sequence[Piece]) -> str:
    return " ".join(p.text for p in pieces)
