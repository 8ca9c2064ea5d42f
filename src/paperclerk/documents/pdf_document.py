"""A PDF as a document: text layer, OCR, or both on a page. Used in the child."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from paperclerk.documents.drawings import Drawings
from paperclerk.documents.pages import (
    Effort,
    NeedsOcr,
    PictureReader,
    PictureText,
    Pixels,
    assemble,
    fitting_scale,
    scaled,
    turned_box,
    turned_size,
)
from paperclerk.documents.pdf import PdfFile, PdfPage
from paperclerk.documents.rules import merged
from paperclerk.documents.textlayer import field_words, is_garbage, main_direction, words_of
from paperclerk.documents.tickboxes import with_drawn_boxes
from paperclerk.domain.document import DocumentInfo, Page, TextOrigin, Word
from paperclerk.domain.errors import DocumentError
from paperclerk.domain.geometry import Box

_DRAWN_TEXT_PATHS = 20  # so many paths without any text may be letters drawn as outlines
MAX_SIDE = 8000  # pixels
_SMALLEST_PICTURE = 0.004  # of the page: nothing to be read on a smaller picture of a page without text
_BACKGROUND_DENSITY = 0.02  # of a picture: covered by so much text it is a background, its text stands on top


class PdfDocument:
    """Implements `pages.OpenDocument`."""

    def __init__(self, data: npt.NDArray[np.uint8], effort: Effort, ocr: PictureReader | None) -> None:
        """Raises DocumentError and its kinds."""
        self._file = PdfFile(data)
        self._effort, self._ocr = effort, ocr
        if self._file.page_count < 1:
            raise DocumentError(
                "The PDF has no pages. Save it anew and send it again.", code="empty_document"
            )
        self.info = DocumentInfo("pdf", "application/pdf", self._file.page_count, self._file.title())

    def read(self, index: int) -> Page:
        started = time.perf_counter()
        page = self._file.page(index)
        try:
            return self._read(index, page, started)
        finally:
            page.close()

    def draw(self, index: int, max_side: int) -> Pixels:
        page = self._file.page(index)
        try:
            return page.render(*_pixel_size(page, max_side / max(page.width, page.height, 1e-6)))
        finally:
            page.close()

    def _read(self, index: int, page: PdfPage, started: float) -> Page:
        drawings = page.drawings()
        characters = page.characters()
        trusted = not is_garbage(characters)
        words = [word for word in words_of(characters) if _is_on(word, page)] if trusted else []
        for text, box in page.fields():
            words += field_words(text, tuple(box.tolist()))
        words = with_drawn_boxes(words, drawings)
        if not words:
            if trusted and not characters.hidden.any() and not _may_hold_text(drawings, page):
                return assemble(index, (page.width, page.height), (), TextOrigin.NONE, started)
            return self._read_as_picture(index, page, drawings, started)
        turn = -main_direction(characters) % 360
        pictures = _text_pictures(drawings.pictures, words, page, self._effort.picture_share)
        seen = self._words_of_pictures(page, pictures, words)
        if turn:
            words = [_turned(word, turn, page) for word in (*words, *seen)]
        else:
            words = [*words, *seen]
        rules = merged(
            turned_box(Box(*rule), turn, page.width, page.height) for rule in drawings.rules.tolist()
        )
        origin = TextOrigin.MIXED if seen else TextOrigin.TEXT_LAYER
        size = turned_size(turn, page.width, page.height)
        return assemble(index, size, words, origin, started, turn=turn, rules=rules)

    def _read_as_picture(self, index: int, page: PdfPage, drawings: Drawings, started: float) -> Page:
        text, unit, _picture = self._picture_text(page)
        size = turned_size(text.turn, page.width, page.height)
        words = [scaled(word, unit) for word in text.words]
        rules = merged(
            turned_box(Box(*rule), text.turn, page.width, page.height) for rule in drawings.rules.tolist()
        )
        return assemble(
            index,
            size,
            words,
            TextOrigin.OCR,
            started,
            turn=text.turn,
            slope=text.slope,
            foreign=text.foreign,
            rules=rules,
        )

    def _picture_text(self, page: PdfPage) -> tuple[PictureText, float, Pixels]:
        if self._ocr is None:
            raise NeedsOcr
        width, height = _pixel_size(page, self._draw_scale(page))
        picture = page.render(width, height)
        return self._ocr.read(picture, self._effort), page.width / width, picture

    def _draw_scale(self, page: PdfPage) -> float:
        return fitting_scale(max(page.width, 1e-6), max(page.height, 1e-6), self._effort.draw_side)

    def _words_of_pictures(self, page: PdfPage, pictures: list[Box], words: Sequence[Word]) -> list[Word]:
        """What can be read in pictures beside the text layer, in the displayed frame."""
        if not pictures:
            return []
        if self._ocr is None:
            raise NeedsOcr
        width, height = _pixel_size(page, self._draw_scale(page))
        drawn = page.render(width, height)
        unit = page.width / width
        found: list[Word] = []
        for box in pictures:
            x0, y0 = max(0, int(box.x0 / unit)), max(0, int(box.y0 / unit))
            x1, y1 = min(width, int(box.x1 / unit) + 1), min(height, int(box.y1 / unit) + 1)
            if x1 - x0 < 16 or y1 - y0 < 16:
                continue
            text = self._ocr.read(np.ascontiguousarray(drawn[y0:y1, x0:x1]), self._effort)
            if text.turn == 0:  # a picture that stands otherwise than its page is no part of the text
                found += [scaled(word, unit, x0 * unit, y0 * unit) for word in text.words]
        return [word for word in found if not _is_covered(word, words)]


def _is_on(word: Word, page: PdfPage) -> bool:
    """Whether the word lies on the displayed page: a crop box cuts off what is outside."""
    return -1 <= word.box.cx <= page.width + 1 and -1 <= word.box.cy <= page.height + 1


def _may_hold_text(drawings: Drawings, page: PdfPage) -> bool:
    """Whether a page without text characters may still show some."""
    if drawings.paths > _DRAWN_TEXT_PATHS or drawings.shadings:
        return True
    return any(_share(Box(*box), page) > _SMALLEST_PICTURE for box in drawings.pictures.tolist())


def _text_pictures(
    pictures: npt.NDArray[np.float64], words: Sequence[Word], page: PdfPage, least_share: float
) -> list[Box]:
    """The large pictures that no text stands on, cut to the page."""
    chosen = []
    for x0, y0, x1, y1 in pictures.tolist():
        box = Box(max(0.0, x0), max(0.0, y0), min(page.width, x1), min(page.height, y1))
        if box.width <= 0 or box.height <= 0 or _share(box, page) < least_share:
            continue
        covered = sum(word.box.overlap_x(box) * word.box.overlap_y(box) for word in words)
        if covered < _BACKGROUND_DENSITY * box.area:
            chosen.append(box)
    return chosen[:20]


def _share(box: Box, page: PdfPage) -> float:
    return box.area / max(page.width * page.height, 1.0)


def _is_covered(word: Word, others: Sequence[Word]) -> bool:
    """Whether the text layer says this word already."""
    shared = sum(word.box.overlap_x(o.box) * word.box.overlap_y(o.box) for o in others)
    return shared > 0.3 * max(word.box.area, 0.1)


def _turned(word: Word, turn: int, page: PdfPage) -> Word:
    box = turned_box(word.box, turn, page.width, page.height)
    return Word(word.text, box, word.score, word.size, word.bold)


def _pixel_size(page: PdfPage, scale: float) -> tuple[int, int]:
    if not (0 < page.width < 1e6 and 0 < page.height < 1e6):
        raise DocumentError(
            f"The page has an impossible size ({page.width:g} x {page.height:g} points).", code="bad_page"
        )
    scale = min(scale, MAX_SIDE / max(page.width, page.height))
    return max(1, round(page.width * scale)), max(1, round(page.height * scale))
