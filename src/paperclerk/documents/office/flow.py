"""What an office reader finds in a file, before it has places: paragraphs, tables, pictures. For `typeset`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Run:
    """Characters of one look. `size` in points, 0: that of its paragraph. A newline breaks the line."""

    text: str
    bold: bool = False
    size: float = 0.0


@dataclass(frozen=True)
class Tab:
    """Where text behind a tabulator goes, in points from the left edge of the text."""

    at: float
    align: Align = "left"


@dataclass(frozen=True)
class Paragraph:
    """Text that runs on. Measures in points."""

    runs: tuple[Run, ...]
    size: float = 10.0
    align: Align = "left"
    indent: float = 0.0
    before: float = 0.0
    after: float = 4.0
    tabs: tuple[Tab, ...] = ()
    mono: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Picture:
    """A picture as it is in the file, and the size at which it is shown, in points."""

    data: bytes
    width: float
    height: float


@dataclass(frozen=True)
class Cell:
    """A cell of a table, from 0. `reference` is what a spreadsheet calls it, such as `Sheet1!B4`."""

    row: int
    column: int
    blocks: tuple[Paragraph | Picture, ...]
    rows: int = 1
    columns: int = 1
    reference: str = ""


@dataclass(frozen=True)
class Table:
    """`widths` are of its columns, in points; none: as the content asks. `ruled`: its lines are drawn."""

    cells: tuple[Cell, ...]
    ruled: bool
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Paragraph | Table | Picture | PageBreak


@dataclass(frozen=True)
class Flow:
    """A document that runs over pages. Sizes in points; header and footer stand on every page."""

    blocks: tuple[Block, ...]
    width: float = 595.0
    height: float = 842.0
    margin: float = 48.0
    header: tuple[Block, ...] = ()
    footer: tuple[Block, ...] = ()
    title: str | None = None


def paragraph(text: str, *, size: float = 10.0, bold: bool = False, after: float = 4.0) -> Paragraph:
    """A paragraph of one look."""
    return Paragraph((Run(text, bold),), size=size, after=after)
