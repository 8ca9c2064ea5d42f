"""An opened document, page by page, whatever its type. Called by `child`, where hostile bytes are met."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from paperclerk.documents.layout import arrange
from paperclerk.documents.media import Media
from paperclerk.domain.document import DocumentInfo, Page, PageStatus, TextOrigin, Word
from paperclerk.domain.errors import DocumentError
from paperclerk.domain.geometry import Box

Pixels = npt.NDArray[np.uint8]


class NeedsOcr(Exception):
    """This page can only be read with OCR, which this process does not have."""


class PictureReader(Protocol):
    """What reads the words of a picture: `ocr.OcrReader`, or `tiny.TinyReader` for `lo`."""

    def read(self, picture: Pixels, max_side: int) -> tuple[int, list[Any]]: ...


@dataclass(frozen=True)
class Effort:
    """How closely a picture is looked at: pixels of the longer side, drawn and in detection."""

    draw_side: int
    detect_side: int


EFFORTS = {"lo": Effort(1600, 1280), "auto": Effort(2000, 1280), "hi": Effort(3000, 1920)}


class OpenDocument(Protocol):
    """A document that answers page by page. Methods raise DocumentError, and NeedsOcr where that is lacking."""

    info: DocumentInfo

    def read(self, index: int) -> Page: ...

    def draw(self, index: int, max_side: int) -> Pixels:
        """The displayed page, (height, width, 3), BGR."""
        ...


def open_document(
    media: Media,
    data: npt.NDArray[np.uint8],
    effort: Effort,
    ocr: Callable[[], PictureReader] | None,
    image_pixels: int,
    image_frames: int,
) -> OpenDocument:
    """Raises DocumentError and its kinds."""
    if media.kind == "pdf":
        return _Pdf(data, effort, ocr)
    return _Images(media, data, effort, ocr, image_pixels, image_frames)


class _Images:
    def __init__(
        self,
        media: Media,
        data: npt.NDArray[np.uint8],
        effort: Effort,
        ocr: Callable[[], PictureReader] | None,
        image_pixels: int,
        image_frames: int,
    ) -> None:
        from paperclerk.documents.images import ImageFileReader

        assert media.pillow is not None
        self._file = ImageFileReader(memoryview(data.data), media.pillow, image_pixels, image_frames)
        self._effort, self._ocr = effort, ocr
        self.info = DocumentInfo("image", media.media_type, self._file.page_count)

    def read(self, index: int) -> Page:
        from paperclerk.documents.images import page_units

        if self._ocr is None:
            raise NeedsOcr
        started = time.perf_counter()
        picture = self._file.page(index)
        unit = page_units(picture.shape[1], picture.shape[0])
        return _picture_page(index, picture, unit, self._ocr(), self._effort, started)

    def draw(self, index: int, max_side: int) -> Pixels:
        return _shrink(self._file.page(index), max_side)


class _Pdf:
    def __init__(
        self, data: npt.NDArray[np.uint8], effort: Effort, ocr: Callable[[], PictureReader] | None
    ) -> None:
        from paperclerk.documents.pdf import PdfFile

        self._file = PdfFile(data)
        self._effort, self._ocr = effort, ocr
        if self._file.page_count < 1:
            raise DocumentError(
                "The PDF has no pages. Save it anew and send it again.", code="empty_document"
            )
        self.info = DocumentInfo("pdf", "application/pdf", self._file.page_count, self._file.title())

    def read(self, index: int) -> Page:
        from paperclerk.documents.textlayer import is_garbage, main_direction, words_of

        started = time.perf_counter()
        page = self._file.page(index)
        try:
            characters = page.characters()
            if not len(characters.codes) or is_garbage(characters):
                if self._ocr is None:
                    raise NeedsOcr
                picture, unit = self._picture(page)
                return _picture_page(index, picture, unit, self._ocr(), self._effort, started)
            turn = main_direction(characters)
            words = words_of(characters, turn)
            size = (page.width, page.height)
        finally:
            page.close()
        turn = -turn % 360
        words = [_turned_word(word, turn, *size) for word in words] if turn else words
        return _page(index, turned_size(turn, *size), words, TextOrigin.TEXT_LAYER, turn, started)

    def draw(self, index: int, max_side: int) -> Pixels:
        page = self._file.page(index)
        try:
            width, height = _pixel_size(page.width, page.height, max_side)
            return page.render(width, height)
        finally:
            page.close()

    def _picture(self, page: Any) -> tuple[Pixels, float]:
        width, height = _pixel_size(page.width, page.height, self._effort.draw_side)
        return page.render(width, height), page.width / width


def _pixel_size(width: float, height: float, max_side: int) -> tuple[int, int]:
    if not (0 < width < 1e7 and 0 < height < 1e7):
        raise DocumentError(
            f"The page has an impossible size ({width:g} x {height:g} points).", code="bad_page"
        )
    scale = max_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _picture_page(
    index: int, picture: Pixels, unit: float, ocr: PictureReader, effort: Effort, started: float
) -> Page:
    turn, lines = ocr.read(picture, effort.detect_side)
    height, width = picture.shape[:2]
    size = turned_size(turn, width * unit, height * unit)
    words = [_ocr_word(word, unit) for line in lines for word in line.words]
    return _page(index, size, words, TextOrigin.OCR, turn, started)


def _ocr_word(word: Any, unit: float) -> Word:
    quad = word.quad * unit
    low, high = quad.min(axis=0), quad.max(axis=0)
    box = Box(*(round(float(v), 2) for v in (low[0], low[1], high[0], high[1])))
    size = float(np.linalg.norm(quad[3] - quad[0]))
    return Word(word.text, box, round(word.score, 4), round(size, 2))


def _page(
    index: int,
    size: tuple[float, float],
    words: list[Word],
    origin: TextOrigin,
    turn: int,
    started: float,
) -> Page:
    arranged = arrange(words)
    return Page(
        index,
        round(size[0], 2),
        round(size[1], 2),
        PageStatus.OK if words else PageStatus.EMPTY,
        arranged.words,
        arranged.lines,
        origin=origin if words else TextOrigin.NONE,
        turn=turn,
        seconds=round(time.perf_counter() - started, 4),
    )


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


def _turned_word(word: Word, turn: int, width: float, height: float) -> Word:
    return Word(word.text, turned_box(word.box, turn, width, height), word.score, word.size, word.bold)


def _shrink(picture: Pixels, max_side: int) -> Pixels:
    import cv2

    height, width = picture.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def as_png(picture: Pixels) -> bytes:
    """A BGR picture as PNG bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
