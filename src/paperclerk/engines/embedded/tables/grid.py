"""Tables of a page as rows of cells, with and without drawn rules. Called by `arrays` and by whoever wants tables.

    tables = tables_of(page)

A table is found where drawn rules enclose cells, where flat rules stand above and below lines of columns, or
where consecutive lines fall into the same columns (`regions`). A cell over several columns or rows is given
once, at its first position; the others are empty. Boxes are in page units. Time grows linearly with words
and rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import Span
from paperclerk.engines.embedded.tables.cells import text_of
from paperclerk.engines.embedded.tables.regions import Region, column_borders, is_number, regions_of
from paperclerk.engines.embedded.tables.rows import row_groups
from paperclerk.engines.embedded.tables.strips import Piece, Strip, strips_of


@dataclass(frozen=True)
class Cell:
    """Text of one cell with its place. An empty cell has no spans and no box."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    box: Box | None = None
    pieces: tuple[Piece, ...] = ()
    row_span: int = 1
    col_span: int = 1


EMPTY = Cell()


@dataclass(frozen=True)
class Table:
    """Rows of cells, all of the same length. `page` is `Page.index`; `header_rows` counts from the top."""

    page: int
    box: Box
    rows: tuple[tuple[Cell, ...], ...]
    header_rows: int = 0


def tables_of(page: Page, strips: Sequence[Strip] | None = None) -> list[Table]:
    """All tables of a page, from top to bottom. `strips`, where they are at hand, saves building them."""
    strips = strips_of(page) if strips is None else strips
    made = [_table(page, r) for r in regions_of(page, strips)]
    return sorted((t for t in made if t is not None), key=lambda t: (t.box.y0, t.box.x0))


def _table(page: Page, region: Region) -> Table | None:
    xs = column_borders(region)
    if len(xs) < 3:
        return None
    lines = [_cut(s, xs) for s in region.strips]
    groups, header = row_groups(region, lines, xs)
    grid = _Grid(region, xs, groups, lines)
    rows = [row for row in grid.rows() if any(c.text for c in row)]
    columns = [c for c in range(len(xs) - 1) if any(row[c].text for row in rows)]
    if len(rows) < 2 or len(columns) < 2:
        return None
    kept = tuple(tuple(row[c] for c in columns) for row in rows)
    return Table(page.index, union(s.box for s in region.strips), kept, min(header, len(kept)))


def _cut(strip: Strip, xs: Sequence[float]) -> dict[int, list[Piece]]:
    """The pieces of a strip by column. One that runs over a border is cut only where its words leave a gap."""
    found: dict[int, list[Piece]] = {}
    for piece in strip.pieces:
        for part in _parts(piece, xs):
            column = _column(part, xs)
            if column in found:  # the one before it stands there: it juts out of its own to the left
                column = max(column, _index(part.box.cx, xs))
            found.setdefault(column, []).append(part)
    return found


def _column(piece: Piece, xs: Sequence[float]) -> int:
    """The column of a piece: by its middle where it fits into one, else by where it begins."""
    middle = _index(piece.box.cx, xs)
    inside = min(piece.box.x1, xs[middle + 1]) - max(piece.box.x0, xs[middle])
    return middle if inside > 0.8 * piece.box.width else _index(piece.box.x0 + 0.2 * piece.box.height, xs)


def _index(x: float, xs: Sequence[float]) -> int:
    for k in range(1, len(xs) - 1):
        if x < xs[k]:
            return k - 1
    return len(xs) - 2


def _parts(piece: Piece, xs: Sequence[float]) -> list[Piece]:
    """Cuts a piece at borders that lie in one of its gaps, when a value follows (numbers stand close in tables)."""
    words = piece.page.words
    parts, start = [], 0
    for k in range(1, len(piece.words)):
        left, right = words[piece.words[k - 1]], words[piece.words[k]]
        crossed = any(left.box.x1 - 1 <= x <= right.box.x0 + 1 for x in xs[1:-1])
        if (
            crossed
            and (_valued(left.text) or _valued(right.text))
            and right.box.x0 - left.box.x1 > 0.3 * right.box.height
        ):
            parts.append(Piece(piece.page, piece.words[start:k]))
            start = k
    parts.append(Piece(piece.page, piece.words[start:]))
    return parts


def _valued(text: str) -> bool:
    return any(c.isdigit() for c in text) or text in {"-", "–", "—", "$", "*"}


def _stands_at(rules: Sequence[Box], y: float) -> bool:
    """Whether a border stands beside height `y`: one of its rules does, or it is a gutter without rules."""
    return not rules or any(r.y0 - 2 <= y <= r.y1 + 2 for r in rules)


class _Grid:
    """Cells of a table under construction: base cells, joined where no rule divides them."""

    def __init__(
        self,
        region: Region,
        xs: Sequence[float],
        groups: Sequence[Sequence[int]],
        lines: Sequence[dict[int, list[Piece]]],
    ) -> None:
        self.region, self.xs, self.groups, self.lines = region, xs, groups, lines
        self.width = len(xs) - 1
        self.parent = list(range(len(groups) * self.width))
        self.bands = [union(p.box for k in g for ps in lines[k].values() for p in ps) for g in groups]
        if region.drawn:
            self._join()

    def _root(self, i: int) -> int:
        while self.parent[i] != i:
            i = self.parent[i]
        return i

    def _join(self) -> None:
        borders = [self.region.rules_at(x) for x in self.xs]
        for r, band in enumerate(self.bands):
            below = self.bands[r + 1].cy if r + 1 < len(self.bands) else band.cy
            flat = self.region.rules_between(band.cy, below)
            for c in range(self.width):
                here = r * self.width + c
                if (
                    c + 1 < self.width
                    and not _stands_at(borders[c + 1], band.cy)
                    and not self._both_filled(r, c)
                ):
                    self._link(here, here + 1)
                middle = (self.xs[c] + self.xs[c + 1]) / 2
                if flat and self._runs_through(flat, middle) and not self._holds_number(r + 1, c):
                    self._link(here, here + self.width)

    def _runs_through(self, flat: Sequence[Box], x: float) -> bool:
        """Whether a cell at `x` goes on to the next row: rules divide the rows elsewhere, not here."""
        first, last = self.region.ruled_width
        return first < x < last and not any(r.x0 - 2 <= x <= r.x1 + 2 for r in flat)

    def _holds_number(self, r: int, c: int) -> bool:
        """Whether a cell behind the first column is a number: that goes on with nothing above it."""
        pieces = [p for k in self.groups[r] for p in self.lines[k].get(c, ())]
        return c > 0 and bool(pieces) and is_number(" ".join(p.text for p in pieces))

    def _both_filled(self, r: int, c: int) -> bool:
        """Whether some line of a row has text of its own on both sides of a border."""
        return any(c in self.lines[k] and c + 1 in self.lines[k] for k in self.groups[r])

    def _link(self, a: int, b: int) -> None:
        first, second = sorted((self._root(a), self._root(b)))
        self.parent[second] = first

    def rows(self) -> list[list[Cell]]:
        content: dict[int, list[Piece]] = {}
        members: dict[int, list[int]] = {}
        for i in range(len(self.parent)):
            members.setdefault(self._root(i), []).append(i)
        for r, group in enumerate(self.groups):
            for k in group:
                for c, pieces in sorted(self.lines[k].items()):
                    content.setdefault(self._root(r * self.width + c), []).extend(pieces)
        table = [[EMPTY] * self.width for _ in self.groups]
        for root, pieces in content.items():
            at = divmod(root, self.width)
            table[at[0]][at[1]] = self._cell(pieces, members[root])
        return table

    def _cell(self, pieces: Sequence[Piece], members: Sequence[int]) -> Cell:
        text = text_of(pieces)
        spans = text.part(0, len(text.text))
        rows = {m // self.width for m in members}
        columns = {m % self.width for m in members}
        right_of_it = self.xs[min(columns) + 1 : -1]  # what juts out to the left spans nothing
        over = sum(1 for x in right_of_it if text.box.x0 + 1 < x < text.box.x1 - 1)
        return Cell(text.text, spans, text.box, tuple(pieces), len(rows), max(len(columns), 1 + over))
