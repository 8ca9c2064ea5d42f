"""Paragraphs, tables and pictures set on virtual pages, with a box for every word. Called by the office readers.

Coordinates are page units (points), origin top left. A table row that is higher than a page makes its page
longer; nothing is ever cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from paperclerk.documents.office.flow import Block, Cell, Flow, PageBreak, Paragraph, Picture, Tab, Table
from paperclerk.documents.office.lettering import ASCENT, DESCENT, LEADING, width_of
from paperclerk.domain.document import CellPlace, Word
from paperclerk.domain.geometry import Box

PADDING = 3.0
"""Between the lines of a table and its text."""
RULE = 0.5
_TOKENS = re.compile(r"\n|\t|[^\S\n\t]+|\S+")
_TAB_EVERY = 36.0
_MIN_COLUMN = 12.0
_MAX_GROUP = 60  # rows that cells over several rows keep on one page


@dataclass(frozen=True)
class PlacedPicture:
    """A picture of the file and where it is shown."""

    data: bytes
    box: Box


@dataclass
class LaidPage:
    """A virtual page: what is on it, and where. `mono` are the positions of words in typewriter letters."""

    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    pictures: list[PlacedPicture] = field(default_factory=list)
    cells: list[CellPlace] = field(default_factory=list)
    mono: set[int] = field(default_factory=set)

    def frame(self, box: Box) -> None:
        """Ruling lines around a box."""
        x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
        half = RULE / 2
        self.rules += (
            Box(x0 - half, y0 - half, x1 + half, y0 + half),
            Box(x0 - half, y1 - half, x1 + half, y1 + half),
            Box(x0 - half, y0 - half, x0 + half, y1 + half),
            Box(x1 - half, y0 - half, x1 + half, y1 + half),
        )


@dataclass(frozen=True)
class _Piece:
    text: str
    x: float
    width: float
    size: float
    face: str


@dataclass(frozen=True)
class Line:
    """One line of a paragraph, its pieces relative to the left edge of the text."""

    pieces: tuple[_Piece, ...]
    size: float

    @property
    def height(self) -> float:
        return LEADING * self.size


def lines_of(paragraph: Paragraph, width: float) -> list[Line]:
    """The paragraph broken into lines of at most `width`, aligned."""
    breaker = _Breaker(paragraph, max(width - paragraph.indent, 4 * paragraph.size))
    for text, size, face in _tokens(paragraph):
        breaker.add(text, size, face)
    return breaker.lines()


class _Breaker:
    """Breaks a paragraph into lines, one word, blank, tabulator or line end after the other."""

    def __init__(self, paragraph: Paragraph, room: float) -> None:
        self._paragraph, self._room = paragraph, room
        self._broken: list[list[_Piece]] = [[]]
        self._new_line(first=True)

    def add(self, text: str, size: float, face: str) -> None:
        if text == "\n":
            self._settle()
            self._new_line()
        elif text == "\t":
            self._settle()
            self._go_to_tab()
        elif text.isspace():
            self._x += len(text) * width_of(" ", face) * size
        else:
            for part in _fitting(text, self._room, size, face):
                self._add_word(part, size, face)

    def lines(self) -> list[Line]:
        self._settle()
        return [_aligned(pieces, self._paragraph, self._room) for pieces in self._broken]

    def _new_line(self, *, first: bool = False) -> None:
        if not first:
            self._broken.append([])
        self._x = 0.0
        self._tab: Tab | None = None
        self._tab_from = 0

    def _add_word(self, text: str, size: float, face: str) -> None:
        wide = width_of(text, face) * size
        row = self._broken[-1]
        shifted = self._tab is not None and self._tab.align != "left"
        if self._x + wide > self._room + 0.01 and row and not shifted:
            self._new_line()
        self._broken[-1].append(_Piece(text, self._x, wide, size, face))
        self._x += wide

    def _go_to_tab(self) -> None:
        row = self._broken[-1]
        at = row[-1].x + row[-1].width if row else self._x
        indent = self._paragraph.indent
        self._tab = next((tab for tab in self._paragraph.tabs if tab.at - indent > at + 1), None)
        self._x = self._tab.at - indent if self._tab else (at // _TAB_EVERY + 1) * _TAB_EVERY
        self._tab_from = len(row)

    def _settle(self) -> None:
        """Move what stands behind a right or centred tabulator to where it belongs."""
        row, first = self._broken[-1], self._tab_from
        if self._tab is None or self._tab.align == "left" or first >= len(row):
            return
        start, end = row[first].x, row[-1].x + row[-1].width
        shift = (end - start) if self._tab.align == "right" else (end - start) / 2
        before = row[first - 1].x + row[first - 1].width if first else 0.0
        row[first:] = [_moved(piece, -min(shift, start - before)) for piece in row[first:]]


def _tokens(paragraph: Paragraph) -> Iterable[tuple[str, float, str]]:
    """Words, blanks, tabulators and line ends with their look, which is that of their first character."""
    starts, text = [], ""
    for run in paragraph.runs:
        starts.append(len(text))
        text += run.text
    current = 0
    for match in _TOKENS.finditer(text):
        while current + 1 < len(starts) and starts[current + 1] <= match.start():
            current += 1
        run = paragraph.runs[current]
        face = "mono" if paragraph.mono else "bold" if run.bold else "regular"
        yield match.group(), run.size or paragraph.size, face


def _fitting(word: str, room: float, size: float, face: str) -> Iterable[str]:
    """`word`, in pieces where it is longer than a line: text without blanks breaks anywhere."""
    if width_of(word, face) * size <= room:
        return [word]
    parts, current, wide = [], "", 0.0
    for character in word:
        step = width_of(character, face) * size
        if current and wide + step > room:
            parts.append(current)
            current, wide = "", 0.0
        current += character
        wide += step
    return [*parts, current]


def _aligned(pieces: list[_Piece], paragraph: Paragraph, room: float) -> Line:
    end = pieces[-1].x + pieces[-1].width if pieces else 0.0
    spare = max(0.0, room - end)
    shift = {"left": 0.0, "center": spare / 2, "right": spare}[paragraph.align] + paragraph.indent
    size = max((piece.size for piece in pieces), default=paragraph.size)
    return Line(tuple(_moved(piece, shift) for piece in pieces), size)


def _moved(piece: _Piece, by: float) -> _Piece:
    return _Piece(piece.text, piece.x + by, piece.width, piece.size, piece.face)


def place_line(page: LaidPage, line: Line, x: float, y: float) -> None:
    """Put the words of a line, whose top is at `y`, on a page."""
    baseline = y + (LEADING - DESCENT) * line.size
    for piece in line.pieces:
        if piece.face == "mono":
            page.mono.add(len(page.words))
        box = Box(
            round(x + piece.x, 2),
            round(baseline - ASCENT * piece.size, 2),
            round(x + piece.x + piece.width, 2),
            round(baseline + DESCENT * piece.size, 2),
        )
        page.words.append(Word(piece.text, box, 1.0, round(piece.size, 2), piece.face == "bold"))


def place_blocks(page: LaidPage, blocks: Sequence[Block], x: float, y: float, width: float) -> float:
    """Put paragraphs and pictures on a page, below `y`, whatever its height; the bottom of the last one."""
    for block in blocks:
        if isinstance(block, Paragraph):
            y += block.before
            for line in lines_of(block, width):
                place_line(page, line, x, y)
                y += line.height
            y += block.after
        elif isinstance(block, Picture):
            y += _place_picture(page, block, x, y, width)
        elif isinstance(block, Table):
            y = placed_table(page, block, x, y, width)
    return y


def placed_table(page: LaidPage, table: Table, x: float, y: float, width: float) -> float:
    """Put a whole table on a page; its bottom."""
    for group in _Grid(table, width).groups():
        y += group.place(page, x, y)
    return y


def _place_picture(page: LaidPage, picture: Picture, x: float, y: float, width: float) -> float:
    wide, high = _picture_size(picture, width, page.height)
    page.pictures.append(PlacedPicture(picture.data, Box(x, y, x + wide, y + high)))
    return high + 4.0


def _picture_size(picture: Picture, width: float, height: float) -> tuple[float, float]:
    wide, high = max(picture.width, 1.0), max(picture.height, 1.0)
    scale = min(1.0, width / wide, 0.85 * height / high)
    return wide * scale, high * scale


class Typesetter:
    """Sets a flow page after page."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._x = flow.margin
        self._width = max(flow.width - 2 * flow.margin, 50.0)
        self.pages: list[LaidPage] = []
        self._y = self._bottom = 0.0
        self._fresh = False

    def run(self) -> list[LaidPage]:
        """The pages; at least one."""
        self._new_page()
        for block in self._flow.blocks:
            if isinstance(block, PageBreak):
                if not self._fresh:
                    self._new_page()
            elif isinstance(block, Paragraph):
                self._paragraph(block)
            elif isinstance(block, Table):
                self._table(block)
            else:
                self._picture(block)
        return self.pages

    def _new_page(self) -> None:
        flow = self._flow
        page = LaidPage(flow.width, flow.height)
        self.pages.append(page)
        top = flow.margin
        if flow.header:
            top = max(top, place_blocks(page, flow.header, self._x, flow.margin / 2, self._width) + 6)
        self._bottom = flow.height - flow.margin
        if flow.footer:
            measure = LaidPage(flow.width, flow.height)
            high = place_blocks(measure, flow.footer, self._x, 0.0, self._width)
            at = max(flow.height - flow.margin / 2 - high, top + 100)
            place_blocks(page, flow.footer, self._x, at, self._width)
            self._bottom = min(self._bottom, at - 6)
        self._y, self._fresh = top, True

    def _paragraph(self, paragraph: Paragraph) -> None:
        if not self._fresh:
            self._y += paragraph.before
        for line in lines_of(paragraph, self._width):
            self._make_room(line.height)
            place_line(self.pages[-1], line, self._x, self._y)
            self._advance(line.height)
        self._y += paragraph.after

    def _table(self, table: Table) -> None:
        self._y += 0.0 if self._fresh else 6.0
        for group in _Grid(table, self._width).groups():
            self._make_room(group.height)
            self._advance(group.place(self.pages[-1], self._x, self._y))
        self._y += 6.0

    def _picture(self, picture: Picture) -> None:
        _, high = _picture_size(picture, self._width, self._flow.height)
        self._make_room(high)
        self._advance(_place_picture(self.pages[-1], picture, self._x, self._y, self._width))

    def _make_room(self, height: float) -> None:
        if self._y + height > self._bottom and not self._fresh:
            self._new_page()

    def _advance(self, height: float) -> None:
        self._y += height
        self._fresh = False
        page = self.pages[-1]
        page.height = max(page.height, self._y + self._flow.margin / 2)


@dataclass(frozen=True)
class _Group:
    """Rows of a table that stay together."""

    cells: tuple[Cell, ...]
    edges: tuple[float, ...]  # x of the column borders
    tops: dict[int, float]  # y of the row borders, from the top of the group, by row; one more at the end
    ruled: bool

    @property
    def height(self) -> float:
        return max(self.tops.values())

    def place(self, page: LaidPage, x: float, y: float) -> float:
        """Put the rows on a page; their height."""
        last = max(self.tops)
        for cell in self.cells:
            left, right = self.edges[cell.column], self.edges[cell.column + cell.columns]
            top, bottom = self.tops[cell.row], self.tops[min(cell.row + cell.rows, last)]
            place_blocks(page, cell.blocks, x + left + PADDING, y + top + PADDING, right - left - 2 * PADDING)
            box = Box(round(x + left, 2), round(y + top, 2), round(x + right, 2), round(y + bottom, 2))
            if cell.reference:
                page.cells.append(CellPlace(cell.reference, box))
            if self.ruled:
                page.frame(box)
        return self.height


class _Grid:
    """A table with its measures taken."""

    def __init__(self, table: Table, width: float) -> None:
        self._table = table
        count = max((cell.column + cell.columns for cell in table.cells), default=0)
        self._edges = _edges(table, count, width)

    def groups(self) -> Iterable[_Group]:
        """The rows, those that cells over several rows tie together as one group."""
        rows: dict[int, list[Cell]] = {}
        for cell in self._table.cells:
            rows.setdefault(cell.row, []).append(cell)
        current: list[Cell] = []
        first = reach = 0
        for row in sorted(rows):
            if current and (row >= reach or row - first >= _MAX_GROUP):
                yield self._group(current)
                current = []
            if not current:
                first = reach = row
            current += rows[row]
            reach = max(reach, row + 1, *(cell.row + min(cell.rows, _MAX_GROUP) for cell in rows[row]))
        if current:
            yield self._group(current)

    def _group(self, cells: list[Cell]) -> _Group:
        present = sorted({cell.row for cell in cells})
        heights = dict.fromkeys(present, 0.0)
        for cell in sorted(cells, key=lambda cell: cell.rows):
            covered = [row for row in present if cell.row <= row < cell.row + cell.rows]
            missing = self._height(cell) - sum(heights[row] for row in covered)
            if missing > 0:
                heights[covered[-1]] += missing
        tops, y = {}, 0.0
        for row in present:
            tops[row] = y
            y += heights[row]
        end = present[-1] + 1
        tops[end] = y
        for cell in cells:  # a cell may end at a row that has no cells of its own
            after = cell.row + cell.rows
            if after not in tops:
                tops[after] = next((tops[row] for row in present if row >= after), y)
        return _Group(tuple(cells), self._edges, tops, self._table.ruled)

    def _height(self, cell: Cell) -> float:
        width = self._edges[cell.column + cell.columns] - self._edges[cell.column] - 2 * PADDING
        measure = LaidPage(width, 842.0)
        return place_blocks(measure, cell.blocks, 0.0, 0.0, width) + 2 * PADDING


def _edges(table: Table, count: int, width: float) -> tuple[float, ...]:
    """The borders of the columns, so that the table is at most `width` wide where its content allows it."""
    least, wanted = [_MIN_COLUMN] * count, [_MIN_COLUMN] * count
    for cell in table.cells:
        if cell.columns == 1:
            longest, whole = _text_widths(cell)
            least[cell.column] = max(least[cell.column], longest)
            wanted[cell.column] = max(wanted[cell.column], whole)
    if len(table.widths) == count and sum(table.widths) > 0:
        scale = min(1.0, width / sum(table.widths))
        widths = [max(given * scale, 4.0 * PADDING) for given in table.widths]
    elif sum(wanted) <= width:
        widths = wanted
    else:
        floor = sum(min(low, width / count) for low in least)
        spare = max(0.0, width - floor)
        greed = sum(max(0.0, want - low) for want, low in zip(wanted, least, strict=True)) or 1.0
        widths = [
            min(low, width / count) + spare * max(0.0, want - low) / greed
            for want, low in zip(wanted, least, strict=True)
        ]
    edges, x = [0.0], 0.0
    for wide in widths:
        x += wide
        edges.append(x)
    return tuple(edges)


def _text_widths(cell: Cell) -> tuple[float, float]:
    """How wide the cell's longest word is, and its longest paragraph on one line; with padding."""
    longest = whole = 0.0
    for block in cell.blocks:
        if isinstance(block, Picture):
            longest, whole = max(longest, min(block.width, 150.0)), max(whole, block.width)
            continue
        face = "mono" if block.mono else "bold" if any(run.bold for run in block.runs) else "regular"
        for text in block.text.split("\n"):
            words = [width_of(word, face) * block.size for word in text.split()]
            along = sum(words) + max(0, len(words) - 1) * width_of(" ", face) * block.size
            longest = max([longest, *words])
            whole = max(whole, along + block.indent)
    return longest + 2 * PADDING + 0.5, whole + 2 * PADDING + 0.5
