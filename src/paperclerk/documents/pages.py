"""What every kind of document shares: how closely to look, and how words become a page. Used in the child."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from paperclerk.documents import OCR_READS
from paperclerk.documents.images import WORKED_PIXELS
from paperclerk.documents.layout import arrange
from paperclerk.domain.document import CellPlace, DocumentInfo, Page, PageStatus, TextOrigin, Word
from paperclerk.domain.geometry import Box

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3), BGR."""


FOREIGN = (
    "Most of the text on this page could not be read by OCR: it is poorly legible, or in letters that OCR does "
    f"not know. OCR reads {OCR_READS}."
)


_MOST_SHRUNK = 2.0  # small print is half as tall as the rest


class NeedsOcr(Exception):
    """This page can only be read with OCR, which this process does not have."""


@dataclass(frozen=True)
class PictureText:
    """The words of a picture, in pixels of the picture turned upright; `turn` as in `Page`.

    `slope` is the rise of its lines (dy/dx, y down), for grouping words into lines; `foreign` says that most of
    the text is in letters which the networks do not know, or too poor to be read.
    """

    words: tuple[Word, ...]
    turn: int = 0
    slope: float = 0.0
    foreign: bool = False


class PictureReader(Protocol):
    """What reads the words of a picture: `ocr.OcrReader`."""

    def read(self, picture: Pixels, effort: Effort) -> PictureText: ...


@dataclass(frozen=True)
class Effort:
    """How closely a picture is looked at: pixels of its longer side, drawn and in detection.

    `picture_share` is the least share of a page with text that a picture must cover to be read too;
    `worked_pixels` are the most of an image file that are looked at; `second_looks` says how many doubtful lines
    the small networks read again after the tiny ones. `letters` is a height in pixels that is enough for lines to
    be found: where letters are larger at `detect_side`, lines are looked for at a smaller size.
    """

    draw_side: int
    detect_side: int
    picture_share: float
    worked_pixels: int = WORKED_PIXELS
    networks: Literal["tiny", "small"] = "small"
    second_looks: int = 0
    letters: float = math.inf

    def side_for(self, letter_height: float, width: int, height: int) -> int:
        """The longer side at which lines are looked for in a picture of this size with letters of this height."""
        scale = fitting_scale(width, height, self.detect_side)
        large = letter_height * min(1.0, scale) / self.letters
        return round(self.detect_side / max(1.0, scale) / min(max(1.0, large), _MOST_SHRUNK))


EFFORTS = {
    "lo": Effort(1600, 1280, 0.5, 8_000_000, "tiny", second_looks=15, letters=13),
    "auto": Effort(2000, 1280, 0.25),
    "hi": Effort(3000, 1920, 0.05),
}


class OpenDocument(Protocol):
    """A document that answers page by page. Methods raise DocumentError, and NeedsOcr where that is lacking."""

    info: DocumentInfo

    def read(self, index: int) -> Page: ...

    def draw(self, index: int, max_side: int) -> Pixels:
        """The displayed page, at most `max_side` pixels long."""
        ...


def assemble(
    index: int,
    size: tuple[float, float],
    words: Sequence[Word],
    origin: TextOrigin,
    started: float,
    *,
    turn: int = 0,
    slope: float = 0.0,
    foreign: bool = False,
    rules: Sequence[Box] = (),
    cells: tuple[CellPlace, ...] = (),
) -> Page:
    """A finished page. `words` and `rules` are upright, as `size` is; `started` is of `time.perf_counter`."""
    arranged = arrange(words, slope=slope, rules=rules)
    return Page(
        index,
        round(size[0], 2),
        round(size[1], 2),
        PageStatus.OK if words else PageStatus.EMPTY,
        arranged.words,
        arranged.lines,
        tuple(rules),
        cells,
        origin if words else TextOrigin.NONE,
        turn,
        FOREIGN if foreign else None,
        seconds=round(time.perf_counter() - started, 4),
        slope=round(slope, 5),
    )


def scaled(word: Word, unit: float, dx: float = 0.0, dy: float = 0.0) -> Word:
    """`word` times `unit`, then moved."""
    box = word.box
    moved = Box(
        round(box.x0 * unit + dx, 2),
        round(box.y0 * unit + dy, 2),
        round(box.x1 * unit + dx, 2),
        round(box.y1 * unit + dy, 2),
    )
    return Word(word.text, moved, word.score, round(word.size * unit, 2), word.bold)


def fitting_scale(width: float, height: float, max_side: int) -> float:
    """The factor that makes a picture `max_side` long; a strip, like a long receipt, may be longer.

    Beyond a ratio of 1 to 2.5 the area is kept instead, so that the text of a strip does not get too small.
    """
    return max(max_side / max(width, height), math.sqrt(0.4 * max_side**2 / (width * height)))


def turned_size(turn: int, width: float, height: float) -> tuple[float, float]:
    """Width and height of a page of this size after a turn."""
    return (height, width) if turn % 180 else (width, height)


def turned_box(box: Box, turn: int, width: float, height: float) -> Box:
    """`box` of a page of this size after the page was turned clockwise."""
    if turn == 90:
        return Box(height - box.y1, box.x0, height - box.y0, box.x1)
    if turn == 180:
        return Box(width - box.x1, height - box.y1, width - box.x0, height - box.y0)
    if turn == 270:
        return Box(box.y0, width - box.x1, box.y1, width - box.x0)
    return box


def as_png(picture: Pixels) -> bytes:
    """`picture` as PNG bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
