"""The cells of a sheet on virtual pages: a grid as wide as its columns, page after page of rows. For `xlsx`, `text`.

The rows and columns between filled cells stay as narrow white, so that what stands apart on the sheet stands
apart on the page. Ruling lines are drawn where at least two rows of two filled cells stand together.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from paperclerk.documents.office.flow import Paragraph, Run
from paperclerk.documents.office.lettering import width_of
from paperclerk.documents.office.typeset import LaidPage, Line, lines_of, place_line
from paperclerk.domain.document import CellPlace
from paperclerk.domain.errors import DocumentTooLarge
from paperclerk.domain.geometry import Box

MAX_CELLS = 100_000  # filled ones of a workbook
MAX_COLUMNS = 1_000  # filled ones of a sheet
MARGIN = 36.0
PADDING = 7.0  # so that the texts of two neighbours never look like one
_HEIGHT = 842.0
_WIDTH = 595.0
_MAX_COLUMN = 240.0
_GAP = 14.0  # an empty row or column
_MAX_HEIGHT = 5_000.0  # of one row


@dataclass(frozen=True)
class SheetCell:
    """A filled cell; row and column from 0. `wide`: how many columns it is merged over."""

    row: int
    column: int
    text: str
    is_number: bool = False
    bold: bool = False
    size: float = 10.0
    wide: int = 1

    @property
    def paragraph(self) -> Paragraph:
        return Paragraph((Run(self.text, self.bold),), self.size)


def reference(row: int, column: int) -> str:
    """What a spreadsheet calls a cell, such as `B4`."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def too_many_cells(what: str) -> DocumentTooLarge:
    """The refusal of a table that is too large."""
    return DocumentTooLarge(
        f"The {what} has more than {MAX_CELLS:,} filled cells, or a sheet of more than {MAX_COLUMNS:,} columns. "
        "Split it, or send only what matters.",
        code="too_many_cells",
    )


def pages_of_sheet(name: str, cells: list[SheetCell]) -> list[LaidPage]:
    """The pages of one sheet; one empty page for a sheet without filled cells. `name` may be empty.

    Raises DocumentTooLarge.
    """
    if not cells:
        return [LaidPage(_WIDTH, _HEIGHT)]
    if len({cell.column for cell in cells}) > MAX_COLUMNS:
        raise too_many_cells("sheet")
    return _Sheet(f"{name}!" if name else "", cells).pages()


class _Sheet:
    def __init__(self, prefix: str, cells: list[SheetCell]) -> None:
        self._prefix, self._cells = prefix, cells
        self._filled = {(cell.row, cell.column) for cell in cells}
        self._numbers = {(cell.row, cell.column) for cell in cells if cell.is_number}
        self._rows: dict[int, list[SheetCell]] = {}
        for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
            self._rows.setdefault(cell.row, []).append(cell)
        self._ruled = self._table_cells()
        self._used = sorted({cell.column for cell in cells})
        self._edges, self._right = self._columns()

    def pages(self) -> list[LaidPage]:
        width = max(_WIDTH, self._right + MARGIN)
        page = LaidPage(round(width, 1), _HEIGHT)
        pages = [page]
        y, last = MARGIN, -1
        for row, cells in self._rows.items():
            y += _GAP if last >= 0 and row > last + 1 else 0.0
            following = [*(cell.column for cell in cells[1:]), None]
            set_cells = [
                (cell, *self._set(cell, after)) for cell, after in zip(cells, following, strict=True)
            ]
            high = max(sum(line.height for line in lines) for _, lines, _ in set_cells) + 2 * PADDING
            high = min(high, _MAX_HEIGHT)
            if y + high > page.height - MARGIN and y > MARGIN:
                page = LaidPage(round(width, 1), _HEIGHT)
                pages.append(page)
                y = MARGIN
            for cell, lines, right in set_cells:
                self._place(page, cell, lines, right, y, high)
            y += high
            page.height = max(page.height, y + MARGIN)
            last = row
        return pages

    def _columns(self) -> tuple[dict[int, float], float]:
        """The left edge of every column that holds something, and the right end of the last one.

        Text that nothing stands to the right of may run over its column, as Excel shows it.
        """
        used = self._used
        widths = dict.fromkeys(used, 40.0)
        for cells in self._rows.values():
            for cell, neighbour in zip(cells, [*cells[1:], None], strict=True):
                free = neighbour is None or neighbour.column > cell.column + 1
                if cell.wide == 1 and (not free or cell.is_number or (cell.row, cell.column) in self._ruled):
                    widths[cell.column] = max(widths[cell.column], min(_width(cell), _MAX_COLUMN))
        edges, x = {}, MARGIN
        for column, after in pairwise([*used, used[-1] + 1]):
            edges[column] = x
            x += widths[column] + (_GAP if after > column + 1 else 0.0)
        last = [cell for cell in self._cells if cell.column == used[-1]]
        return edges, max([x, *(edges[used[-1]] + min(_width(cell), _MAX_COLUMN) for cell in last)])

    def _set(self, cell: SheetCell, after: int | None) -> tuple[list[Line], float]:
        """The lines of a cell and the right end of its room; `after` is the next filled column of its row."""
        held = cell.is_number or cell.wide > 1 or (cell.row, cell.column) in self._ruled
        until = cell.column + cell.wide if held else after
        place = bisect_left(self._used, until) if until is not None else len(self._used)
        right = self._edges[self._used[place]] if place < len(self._used) else self._right
        return lines_of(cell.paragraph, max(right - self._edges[cell.column] - 2 * PADDING, 20.0)), right

    def _place(
        self, page: LaidPage, cell: SheetCell, lines: list[Line], right: float, y: float, high: float
    ) -> None:
        left = self._edges[cell.column]
        at = y + high - PADDING - sum(line.height for line in lines)  # text stands at the bottom of its row
        for line in lines:
            x = left + PADDING
            if line.pieces and self._is_at_right(cell):
                x = right - PADDING - line.pieces[-1].x - line.pieces[-1].width
            place_line(page, line, x, at)
            at += line.height
        box = Box(round(left, 2), round(y, 2), round(right, 2), round(y + high, 2))
        page.cells.append(CellPlace(self._prefix + reference(cell.row, cell.column), box))
        if (cell.row, cell.column) in self._ruled:
            page.frame(box)

    def _is_at_right(self, cell: SheetCell) -> bool:
        """Numbers, and the headings of columns of them."""
        place = (cell.row, cell.column)
        heads_numbers = place in self._ruled and (cell.row + 1, cell.column) in self._numbers
        return cell.is_number or heads_numbers

    def _table_cells(self) -> set[tuple[int, int]]:
        """The cells that stand in a table: with a neighbour beside and one above or below that has one too."""
        beside = {(r, c) for r, c in self._filled if (r, c + 1) in self._filled or (r, c - 1) in self._filled}
        stacked = {(r, c) for r, c in beside if (r - 1, c) in beside or (r + 1, c) in beside}
        wide: dict[int, int] = {}
        for row, _ in stacked:
            wide[row] = wide.get(row, 0) + 1
        return {(r, c) for r, c in stacked if wide[r] >= 3}


def _width(cell: SheetCell) -> float:
    face = "bold" if cell.bold else "regular"
    return (
        max((width_of(t, face) for t in cell.text.split("\n")), default=0.0) * cell.size + 2 * PADDING + 1.0
    )
