"""Trees for schemas that ask for tables as such, rows of cells; and the tree of what is absent. Called by `items`."""

from __future__ import annotations

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.grid import Cell, Table
from paperclerk.engines.embedded.roles import words_of
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


def table_object(element: Field, cells: Field, table: Table) -> dict[str, Tree]:
    """An object for a table: its rows of cells, and where the schema asks for them its heading and its page."""
    head = next((c for c in element.children if _is_heading(c) and c.name != cells.name), None)
    made: dict[str, Tree] = {}
    for child in element.children:
        if child.name == cells.name:
            made[child.name] = cell_rows(table, skip=1 if head is not None else 0)
        elif head is not None and child.name == head.name:
            made[child.name] = [_cell_leaf(c) for c in table.rows[0]]
        elif child.kind in ("integer", "number") and "page" in words_of(child.name).split():
            made[child.name] = _page_leaf(table, child)
        else:
            made[child.name] = empty(child)
    return made


def _is_heading(field: Field) -> bool:
    """Whether a field holds the names of the columns: `headers`, `columns`."""
    listed = field.kind == "array" and field.items is not None and field.items.is_scalar
    return listed and bool(
        set(words_of(field.name).split()) & {"header", "headers", "heading", "columns", "head"}
    )


def cell_rows(table: Table, skip: int = 0) -> list[Tree]:
    return [[_cell_leaf(c) for c in row] for row in table.rows[skip:]]


def _cell_leaf(cell: Cell) -> Leaf:
    """An empty cell is an empty text: the row needs it to keep its columns."""
    if not cell.spans:
        return Leaf("", score=0.8, inferred=True)
    doubt = min(p.score for p in cell.pieces)
    return Leaf(cell.text, cell.spans, round(0.85 * (0.4 + 0.6 * doubt), 3))


def _page_leaf(table: Table, field: Field) -> Leaf:
    """The number of the page on which a table begins: 1-based, unless the schema says otherwise."""
    first = next(c for row in table.rows for c in row if c.spans)
    base = 0 if "0-based" in field.description or "zero-based" in field.description else 1
    return Leaf(table.page + base, first.spans, 0.85, inferred=True)
