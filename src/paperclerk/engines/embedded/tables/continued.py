"""A table that goes on after a page's end. Called by `arrays`, which wants it whole, and by `markdown.pagewise`,
which tells of each page its part under the headings of the first one.

A part goes on with the table that ends the page before when it begins its page, its columns stand under the same
places, and it repeats the heading or has none. Linear in the cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from paperclerk.domain.document import Page
from paperclerk.engines.embedded.tables.grid import EMPTY, Cell, Table
from paperclerk.engines.embedded.tables.regions import is_number

HEAD, FOOT = 0.3, 0.2  # of a page's height: where a running head and a foot may stand beside the parts
SAME_PLACE = 0.5  # of the narrower of two columns

Extent = tuple[float, float]


@dataclass(frozen=True)
class Continuation:
    """`columns`: for each column of the part, its column in the part before; `repeated`: heading rows said again."""

    columns: tuple[int, ...]
    repeated: int


def continuation(before: Table, after: Table, pages: Mapping[int, Page]) -> Continuation | None:
    """How `after` goes on with `before`; None when it does not. `pages` by index, in the frame of the tables."""
    if after.page != before.page + 1 or not _at_the_break(before, after, pages):
        return None
    columns = _same_columns(before, after)
    if columns is None:
        return None
    repeated = _repeated(before, after, columns)
    if repeated == 0 and _has_heading(before, after, columns):
        return None
    return Continuation(columns, repeated)


def joined(tables: Sequence[Table], pages: Mapping[int, Page]) -> list[Table]:
    """The tables of a document, in reading order, those that go on after a page's end as one: its page and box are
    those of its first part."""
    whole: list[Table] = []
    last: Table | None = None  # the part that the newest of `whole` ends with, under its heading
    for table in tables:
        how = continuation(last, table, pages) if last is not None else None
        if how is None:
            whole.append(table)
            last = table
            continue
        first = whole[-1]
        rows = tuple(_spread(row, how.columns, len(first.rows[0])) for row in table.rows[how.repeated :])
        whole[-1] = replace(first, rows=(*first.rows, *rows))
        last = replace(table, rows=(*_heading(first), *rows), header_rows=first.header_rows)
    return whole


def headed(tables: Sequence[Table], pages: Mapping[int, Page]) -> list[Table]:
    """The same tables; a part that has no heading of its own begins with that of the first part, as text alone, since
    it is not printed on its page."""
    found: list[Table] = []
    last: Table | None = None
    for table in tables:
        how = continuation(last, table, pages) if last is not None else None
        if how is None or last is None or not last.header_rows or how.repeated:
            found.append(table)
            last = table
            continue
        heading = _heading(last)
        rows = tuple(_spread(row, how.columns, len(heading[0])) for row in table.rows)
        last = replace(table, rows=(*heading, *rows), header_rows=len(heading))
        said = tuple(tuple(Cell(cell.text, col_span=cell.col_span) for cell in row) for row in heading)
        found.append(replace(last, rows=(*said, *rows)))
    return found


def _heading(table: Table) -> Sequence[tuple[Cell, ...]]:
    return table.rows[: max(1, table.header_rows)]


def _spread(row: Sequence[Cell], columns: Sequence[int], width: int) -> tuple[Cell, ...]:
    cells = dict(zip(columns, row, strict=True))
    return tuple(cells.get(c, EMPTY) for c in range(width))


def _at_the_break(before: Table, after: Table, pages: Mapping[int, Page]) -> bool:
    """Whether nothing but a foot and a running head stands between the two."""
    above, below = pages[before.page], pages[after.page]
    under = [w for w in above.words if w.box.cy > before.box.y1]
    over = [w for w in below.words if w.box.cy < after.box.y0]
    return all(w.box.cy > (1 - FOOT) * above.height for w in under) and all(
        w.box.cy < HEAD * below.height for w in over
    )


def _same_columns(before: Table, after: Table) -> tuple[int, ...] | None:
    """For each column of `after` the one of `before` that it stands under; None unless all do, in their order."""
    places = _extents(before)
    found: list[int] = []
    for x0, x1 in _extents(after):
        shares = [_shared((x0, x1), place) for place in places]
        best = max(range(len(places)), key=lambda n: shares[n])
        if shares[best] < SAME_PLACE or (found and best <= found[-1]):
            return None
        found.append(best)
    return tuple(found)


def _extents(table: Table) -> list[Extent]:
    found = []
    for c in range(len(table.rows[0])):
        boxes = [row[c].box for row in table.rows if row[c].col_span == 1]
        sides = [(box.x0, box.x1) for box in boxes if box is not None]
        found.append((min((a for a, _ in sides), default=0.0), max((b for _, b in sides), default=0.0)))
    return found


def _shared(one: Extent, other: Extent) -> float:
    narrower = min(one[1] - one[0], other[1] - other[0])
    return (min(one[1], other[1]) - max(one[0], other[0])) / narrower if narrower > 0 else 0.0


def _repeated(before: Table, after: Table, columns: Sequence[int]) -> int:
    """How many rows at the head of `after` say what stands at the head of `before`."""
    rows = min(len(_heading(before)), len(after.rows))
    same = all(
        [_said(before, r, c) for c in columns] == [_said(after, r, c) for c in range(len(columns))]
        for r in range(rows)
    )
    return rows if same and any(_said(after, 0, c) for c in range(len(columns))) else 0


def _said(table: Table, row: int, column: int) -> str:
    return " ".join(table.rows[row][column].text.casefold().split())


def _has_heading(before: Table, after: Table, columns: Sequence[int]) -> bool:
    """Whether `after` begins with words of its own over a column of numbers, or failing such with what was found to
    be a heading."""
    body = before.rows[len(_heading(before)) :]
    numeric = [
        c
        for c, at in enumerate(columns)
        if body and sum(is_number(row[at].text) for row in body) > 0.5 * len(body)
    ]
    if not numeric:
        return after.header_rows > 0
    over = [row[c].text for row in after.rows[: max(1, after.header_rows)] for c in numeric if row[c].text]
    return not all(map(is_number, over)) or (not over and after.header_rows > 0)
