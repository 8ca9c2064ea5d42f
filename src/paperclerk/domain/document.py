"""What reading a document yields: pages of words. Made by `documents`, read by everything after it.

All structs are frozen and decode from MessagePack with full validation, since they arrive from the child
process that touched hostile bytes.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paperclerk.domain.geometry import Box


class PageStatus(StrEnum):
    """How reading a page ended."""

    OK = "ok"  # words were read
    EMPTY = "empty"  # read, and nothing is printed on it
    FAILED = "failed"  # could not be read; `reason` says why
    SKIPPED = "skipped"  # not asked for, or over a limit; `reason` says which


class TextOrigin(StrEnum):
    """Where the words of a page come from."""

    TEXT_LAYER = "text"
    OCR = "ocr"
    MIXED = "mixed"  # a text layer, and OCR of the pictures beside it
    NONE = "none"


class Word(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A run of characters without white space.

    `score` is 1.0 for a text layer, the recogniser's 0..1 for OCR. `size` is the font size (text layer) or
    the line height (OCR), in page units.
    """

    text: str
    box: Box
    score: float = 1.0
    size: float = 0.0
    bold: bool = False


class Line(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Words on one baseline with no column gap between them, left to right, as indices into `Page.words`."""

    box: Box
    words: tuple[int, ...]


class CellPlace(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A cell of a spreadsheet on its page; `name` is what the spreadsheet calls it, such as `Sheet1!B4`."""

    name: str
    box: Box


class Page(msgspec.Struct, frozen=True):
    """One page, upright.

    `words` and `lines` stand in reading order. `rules` are drawn ruling lines, as thin boxes. `cells` are the
    filled cells of a spreadsheet, none for anything else.
    `turn` is how many degrees clockwise (0, 90, 180, 270) the page, as a viewer displays it, was turned to
    stand upright; width and height are those of the upright page. `slope` is the rise of the baselines (dy/dx, y
    down) of a page scanned or photographed askew; boxes are those on the page as it is. `index` is 0-based in the
    original file.
    """

    index: int
    width: float
    height: float
    status: PageStatus
    words: tuple[Word, ...] = ()
    lines: tuple[Line, ...] = ()
    rules: tuple[Box, ...] = ()
    cells: tuple[CellPlace, ...] = ()
    origin: TextOrigin = TextOrigin.NONE
    turn: int = 0
    reason: str | None = None
    seconds: float = 0.0
    slope: float = 0.0


class DocumentInfo(msgspec.Struct, frozen=True):
    """What opening a document tells before any page is read.

    `kind` is `pdf`, `image` or `office` (pages of our own making; e-mail and text too); `media_type` the type
    found in the bytes; `page_count` that of the whole file.
    """

    kind: str
    media_type: str
    page_count: int
    title: str | None = None


class Document(msgspec.Struct, frozen=True):
    """An opened document and the pages that were asked for, in file order."""

    info: DocumentInfo
    pages: tuple[Page, ...]


class Cover(msgspec.Struct, frozen=True):
    """What is covered of a page: `boxes`, in shares of the page as a viewer shows it, or the `whole` page.

    `width` and `height` are those of the displayed page in points, 0 where they are not known.
    """

    width: float = 0.0
    height: float = 0.0
    boxes: tuple[Box, ...] = ()
    whole: bool = False
