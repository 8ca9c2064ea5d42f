"""Blocks of a page in reading order: paragraphs, list items, tables. Called by `engine`.

A *block* is rows that belong together, or the place of a table.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page, Word
from paperclerk.domain.geometry import Box, union
from paperclerk.engines.markdown.rows import Row, side_by_side


@dataclass(frozen=True)
class Block:
    """Rows of text, or the number of the table that stands here."""

    rows: tuple[Row, ...] = ()
    table: int | None = None

    @property
    def box(self) -> Box:
        return union(r.box for r in self.rows)

    @property
    def size(self) -> float:
        return statistics.median(r.size for r in self.rows)

    @property
    def bold(self) -> bool:
        return all(r.bold for r in self.rows)

    @property
    def is_item(self) -> bool:
        return bool(self.rows) and self.rows[0].begins_item


def blocks_of(page: Page, tables: Sequence[Collection[int]]) -> list[Block]:
    """The blocks of a page. `tables` are the words of each table; it stands where its first word does."""
    owner = {word: n for n, words in enumerate(tables) for word in words}
    blocks: list[Block] = []
    placed: set[int] = set()
    open_rows: list[Row] = []
    for row in _rows(page, owner):
        if isinstance(row, Row):
            open_rows.append(row)
        elif row not in placed:
            blocks += [*_text(open_rows), Block(table=row)]
            placed.add(row)
            open_rows = []
    return [*blocks, *_text(open_rows)]


def _text(rows: Sequence[Row]) -> Iterator[Block]:
    """Rows as blocks, those that stand side by side one after the other."""
    current: list[Row] = []
    for row in side_by_side(rows):
        if current and not _goes_on(current, row):
            yield Block(tuple(current))
            current = []
        current.append(row)
    if current:
        yield Block(tuple(current))


def _rows(page: Page, owner: dict[int, int]) -> Iterator[Row | int]:
    """Rows of words, and the number of a table at each line that holds words of it."""
    current: list[list[Word]] = []
    for line in page.lines:
        free = [page.words[i] for i in line.words if i not in owner]
        held = [owner[i] for i in line.words if i in owner]
        if current and (held or not _beside(current[-1], free)):
            yield _row(current)
            current = []
        yield from dict.fromkeys(held)
        if free:
            current.append(free)
    if current:
        yield _row(current)


def _row(parts: Sequence[Sequence[Word]]) -> Row:
    return Row(tuple(tuple(part) for part in parts))


def _beside(row: Sequence[Word], words: Sequence[Word]) -> bool:
    """Whether words go on to the right of a row, on its baseline."""
    last, first = row[-1].box, words[0].box
    return last.overlap_y(first) > 0.5 * min(last.height, first.height) and first.x0 >= last.x1 - 1


def _goes_on(rows: Sequence[Row], row: Row) -> bool:
    """Whether a row belongs to the block of the rows above it."""
    last = rows[-1]
    gap = row.box.y0 - last.box.y1
    tall = max(last.box.height, row.box.height)
    if row.begins_item or last.bold != row.bold or not -0.5 * tall < gap < 0.9 * tall:
        return False
    if len(rows) > 1 and gap > rows[-1].box.y0 - rows[-2].box.y1 + 0.35 * tall:
        return False  # a wider gap than those before: a new paragraph
    if max(last.size, row.size) > 1.25 * min(last.size, row.size):
        return False
    return row.box.overlap_x(last.box) > 0
