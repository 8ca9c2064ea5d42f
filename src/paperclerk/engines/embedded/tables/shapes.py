"""Trees for schemas that ask for tables as such, rows of cells, and for what is absent. Called by `arrays`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.fields.confidence import cell_of_table, table_probability
from paperclerk.engines.embedded.tables.cells import has_letters, text_of
from paperclerk.engines.embedded.tables.grid import Cell, Table
from paperclerk.engines.embedded.tables.regions import is_number
from paperclerk.engines.embedded.tables.roles import words_of
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.schemas.compiled import Field


def empty(field: Field) -> Tree:
    """The tree of a field that is not on the pages."""
    if field.kind == "array":
        return []
    if field.kind == "object":
        return {c.name: empty(c) for c in field.children}
    return ABSENT


def is_cell_rows(field: Field) -> bool:
    """Whether a field is an array of arrays of scalars: the rows of a table, cell by cell."""
    inner = field.items
    return (
        field.kind == "array"
        and inner is not None
        and inner.kind == "array"
        and inner.items is not None
        and inner.items.is_scalar
    )


def table_object(element: Field, cells: Field, table: Table, strips: Sequence[Strip] = ()) -> dict[str, Tree]:
    """An object for a table: its rows of cells, and where the schema asks for them its heading, its page and its
    title, one of the `strips` of all pages."""
    head = next((c for c in element.children if _is_heading(c) and c.name != cells.name), None)
    made: dict[str, Tree] = {}
    for child in element.children:
        if child.name == cells.name:
            made[child.name] = cell_rows(table, skip=1 if head is not None else 0)
        elif head is not None and child.name == head.name:
            made[child.name] = [_cell_leaf(c, _edges(table), heading=True, thin=False) for c in table.rows[0]]
        elif child.kind in ("integer", "number") and "page" in words_of(child.name).split():
            made[child.name] = _page_leaf(table, child)
        elif child.kind == "string" and _TITLED & set(words_of(child.name).split()):
            made[child.name] = _title(table, strips)
        else:
            made[child.name] = empty(child)
    return made


_TITLED = frozenset({"title", "caption", "titel", "titre", "titulo", "titolo"})
_NUMBERED = re.compile(r"(?i)(?:tab(?:le|elle|la|leau|ell?a)?|exhibit|figure)\.? ?\d")
TITLE_WORDS = 16
TITLE_WITHIN = 3  # sizes of type


def _title(table: Table, strips: Sequence[Strip]) -> Leaf:
    """The line right over a table, where it is one short text; below the table only one that says `Table 3`."""
    width, box = table.box.width, table.box
    near = [
        s
        for s in strips
        if s.page.index == table.page
        and len(s.pieces) == 1
        and len(s.words) <= TITLE_WORDS
        and min(s.box.x1, box.x1 + width) > box.x0
    ]
    over = max((s for s in near if s.box.cy < box.y0), key=lambda s: s.box.y1, default=None)
    if over is not None and box.y0 - over.box.y1 < TITLE_WITHIN * over.size and _is_title(over):
        return text_of(over.pieces).leaf(over.text, sure=0.6)
    under = min((s for s in near if s.box.cy > box.y1), key=lambda s: s.box.y0, default=None)
    close = under is not None and under.box.y0 - box.y1 < TITLE_WITHIN * under.size
    if under is not None and close and _NUMBERED.match(under.text):
        return text_of(under.pieces).leaf(under.text, sure=0.6)
    return ABSENT


def _is_title(strip: Strip) -> bool:
    return has_letters(strip.text, 4) and not strip.text.endswith(".")


def _is_heading(field: Field) -> bool:
    """Whether a field holds the names of the columns: `headers`, `columns`."""
    listed = field.kind == "array" and field.items is not None and field.items.is_scalar
    return listed and bool(
        set(words_of(field.name).split()) & {"header", "headers", "heading", "columns", "head"}
    )


def cell_rows(table: Table, skip: int = 0) -> list[Tree]:
    """An empty cell is an empty text: the row needs it to keep its columns."""
    sure = _edges(table)
    rows: list[Tree] = []
    for at, row in enumerate(table.rows[skip:], skip):
        thin = 2 * sum(bool(c.text) for c in row) < len(row)
        rows.append([_cell_leaf(c, sure, heading=at < table.header_rows, thin=thin) for c in row])
    return rows


def _edges(table: Table) -> float:
    """The probability that a table has the edges that were read."""
    cells = [c for row in table.rows for c in row]
    filled = sum(bool(c.text) for c in cells)
    body = table.rows[table.header_rows :]
    merged = any(_holds_two([row[c].text for row in body if row[c].text]) for c in range(len(table.rows[0])))
    return table_probability(filled, filled / len(cells), merged=merged)


_TWO_VALUES = re.compile(
    r"[^\W\d_]{3,}.*\s[-(+]?\d[\d,.]*[.,]\d+\s?[%)]*"  # words and an amount
    r"|.*[\d)]%?\s+[-(]?\d[\d.,]*\)?\s?%?"  # two numbers
)


def _holds_two(cells: Sequence[str]) -> bool:
    """Whether most cells of a column hold two values: two columns that were read as one."""
    return sum(bool(_TWO_VALUES.fullmatch(text)) for text in cells) > 0.5 * len(cells)


def _cell_leaf(cell: Cell, table: float, *, heading: bool, thin: bool) -> Leaf:
    if not cell.spans:
        return Leaf("", score=0.8, inferred=True)
    right = cell_of_table(
        heading=heading,
        spans=cell.row_span > 1 or cell.col_span > 1,
        number=is_number(cell.text),
        thin=thin,
    )
    doubt = min(p.score for p in cell.pieces)
    return Leaf(cell.text, cell.spans, round(table * right * (0.4 + 0.6 * doubt), 3))


def _page_leaf(table: Table, field: Field) -> Leaf:
    """The number of the page on which a table begins: 1-based, unless the schema says otherwise."""
    first = next(c for row in table.rows for c in row if c.spans)
    base = 0 if "0-based" in field.description or "zero-based" in field.description else 1
    return Leaf(table.page + base, first.spans, _edges(table), inferred=True)
