"""A table of a page as clients take it: headings, rows by heading, cells with places. Called by `engine`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Leaf, Tree
from paperclerk.engines.embedded.page.levelling import as_it_lay
from paperclerk.engines.embedded.tables.grid import Cell, Table
from paperclerk.engines.embedded.tables.regions import CAPTION, is_number
from paperclerk.engines.markdown.blocks import Block
from paperclerk.engines.markdown.leaves import computed
from paperclerk.engines.markdown.text import escaped
from paperclerk.grounding.places import displayed_fraction

_YEAR = re.compile(r"(?:19|20)\d\d")
_BLANK = re.compile(r"[-–—*.]+|n/?a", re.IGNORECASE)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("percentage", re.compile(r"[-+–(]?\d[\d.,' ]*\s?%\)?")),
    (
        "currency",
        re.compile(
            r"[-+–(]?\s?(?:[$€£¥]|USD|EUR|GBP|CHF)\s?[-(]?\d[\d.,' ]*\)?|\(?-?\d[\d.,' ]*\s?[€£¥$]\)?"
        ),
    ),
    ("int", re.compile(r"[-+–(]?\d{1,3}(?:[ ,.']\d{3})+\)?|[-+–(]?\d+\)?")),
    ("float", re.compile(r"[-+–(]?\d[\d.,' ]*\)?")),
    ("date", re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")),
)


@dataclass(frozen=True)
class Column:
    """One column: `id` is unique in its table, `name` what is printed over it, '' where nothing is."""

    id: str
    name: str
    cells: tuple[Cell, ...]


def words_in(table: Table) -> set[int]:
    """The words of the page that stand in the table's cells."""
    return {w for row in table.rows for cell in row for piece in cell.pieces for w in piece.words}


def table_tree(table: Table, page: Page, above: Block | None) -> Tree:
    """The table with its headings joined over several heading rows; values are text as printed."""
    columns = columns_of(table)
    body = table.rows[heading_rows(table) :]
    return {
        "metadata": {"title": computed(_caption(above)), "caption": computed(None), "notes": computed(None)},
        "content": computed(_markdown(columns, len(body))),
        "headers": [
            {
                "id": computed(c.id),
                "column": computed(n),
                "name": computed(c.name),
                "dtype": computed(kind_of(c.cells)),
            }
            for n, c in enumerate(columns)
        ],
        "data": [{c.id: _leaf(c.cells[n]) for c in columns} for n in range(len(body))],
        "bbox": bbox(table.box, page),
        "cells": [
            _cell(cell, (r, c), page)
            for r, row in enumerate(table.rows)
            for c, cell in enumerate(row)
            if cell.pieces
        ],
    }


def columns_of(table: Table) -> list[Column]:
    """The columns of a table, with a heading that spans several named in each of them."""
    heading = heading_rows(table)
    names = [_name(table.rows[:heading], c) for c in range(len(table.rows[0]))]
    body = table.rows[heading:]
    return [
        Column(f"{_slug(name) or 'column'}_{c}", name, tuple(row[c] for row in body))
        for c, name in enumerate(names)
    ]


def heading_rows(table: Table) -> int:
    """How many rows are headings: as found, else one when words or years stand over columns of numbers."""
    if table.header_rows or len(table.rows) < 3:
        return table.header_rows
    first, *body = table.rows
    over = [c for c, cell in enumerate(first) if c > 0 and cell.text]
    if not over or any(is_number(first[c].text) and not _YEAR.fullmatch(first[c].text) for c in over):
        return 0
    if any(_YEAR.fullmatch(row[c].text) for row in body for c in over):
        return 0
    numeric = [c for c in over if sum(is_number(r[c].text) for r in body if r[c].text) > 0.5 * len(body)]
    return 1 if len(numeric) >= 0.5 * len(over) else 0


def _name(header: Sequence[Sequence[Cell]], column: int) -> str:
    parts = []
    for row in header:
        for start, cell in enumerate(row):
            if cell.text and start <= column < start + cell.col_span:
                parts.append(cell.text)
    return " ".join(dict.fromkeys(parts))


def _slug(name: str) -> str:
    return "_".join(re.findall(r"\w+", name.lower()))[:40].strip("_")


def kind_of(cells: Sequence[Cell]) -> str:
    """The one kind that all filled cells of a column are of; `str` when there is none."""
    texts = [
        cell.text.strip() for cell in cells if cell.text.strip() and not _BLANK.fullmatch(cell.text.strip())
    ]
    fitting: Callable[[re.Pattern[str]], bool] = lambda form: all(form.fullmatch(t) for t in texts)  # noqa: E731
    return next((name for name, form in _KINDS if texts and fitting(form)), "str")


def _markdown(columns: Sequence[Column], rows: int) -> str:
    lines = [
        _line([c.name for c in columns]),
        _line(["---"] * len(columns)),
        *(_line([c.cells[n].text for c in columns]) for n in range(rows)),
    ]
    return "\n".join(lines)


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(t).replace('|', chr(92) + '|') for t in texts)} |"


def _cell(cell: Cell, index: tuple[int, int], page: Page) -> Tree:
    return {
        "content": _leaf(cell),
        "bbox": bbox(cell.box, page) if cell.box else computed(None),
        "index": [computed(i) for i in index],
        "span": [computed(cell.row_span), computed(cell.col_span)],
    }


def _leaf(cell: Cell) -> Leaf:
    score = min((piece.score for piece in cell.pieces), default=1.0)
    return Leaf(cell.text, cell.spans, score, inferred=not cell.spans)


def bbox(box: Box, page: Page) -> Tree:
    """A box of the levelled page as the reply has it: x, y, width, height in shares of the page as shown."""
    return {"xywh": [computed(round(v, 4)) for v in displayed_fraction(as_it_lay(box, page), page)]}


def _caption(above: Block | None) -> str | None:
    """The line over a table when it says that it is a table's."""
    text = " ".join(r.text for r in above.rows) if above and above.rows else ""
    return text if CAPTION.match(text) else None
