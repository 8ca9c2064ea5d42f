"""Virtual pages as a document: read without looking, except for the pictures on them. Used in the child."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from paperclerk.documents.images import ImageFileReader
from paperclerk.documents.media import Media, detect
from paperclerk.documents.office.lettering import ASCENT, DESCENT, font
from paperclerk.documents.office.typeset import LaidPage, PlacedPicture
from paperclerk.documents.pages import Effort, NeedsOcr, PictureReader, Pixels, assemble, scaled
from paperclerk.documents.rules import merged
from paperclerk.domain.document import DocumentInfo, Page, TextOrigin, Word
from paperclerk.domain.errors import DocumentError

_SMALLEST_PICTURE = 0.01  # of a page without text
_MAX_PICTURES = 20  # of a page are looked at
_MAX_SIDE = 8000


class LaidDocument:
    """Implements `pages.OpenDocument`."""

    def __init__(
        self,
        info: DocumentInfo,
        pages: Sequence[LaidPage],
        effort: Effort,
        ocr: PictureReader | None,
        max_pixels: int,
    ) -> None:
        self.info = info
        self._pages, self._effort, self._ocr, self._max_pixels = pages, effort, ocr, max_pixels

    def read(self, index: int) -> Page:
        started = time.perf_counter()
        page = self._pages[index]
        seen = self._words_of_pictures(page)
        origin = (
            TextOrigin.MIXED if seen and page.words else TextOrigin.OCR if seen else TextOrigin.TEXT_LAYER
        )
        return assemble(
            index,
            (page.width, page.height),
            [*page.words, *seen],
            origin,
            started,
            rules=merged(page.rules),
            cells=tuple(page.cells),
        )

    def draw(self, index: int, max_side: int) -> Pixels:
        page = self._pages[index]
        scale = min(max_side, _MAX_SIDE) / max(page.width, page.height)
        image = Image.new(
            "RGB", (max(1, round(page.width * scale)), max(1, round(page.height * scale))), "white"
        )
        for placed in page.pictures:
            self._paste(image, placed, scale)
        pen = ImageDraw.Draw(image)
        for rule in page.rules:
            pen.line(
                (rule.x0 * scale, rule.y0 * scale, rule.x1 * scale, rule.y1 * scale),
                fill="#808080",
                width=max(1, round(scale * 0.5)),
            )
        for number, word in enumerate(page.words):
            _draw_word(
                pen, word, "mono" if number in page.mono else "bold" if word.bold else "regular", scale
            )
        return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])

    def _words_of_pictures(self, page: LaidPage) -> list[Word]:
        least = self._effort.picture_share if page.words else _SMALLEST_PICTURE
        area = page.width * page.height
        found: list[Word] = []
        for placed in [p for p in page.pictures if p.box.area >= least * area][:_MAX_PICTURES]:
            if self._ocr is None:
                raise NeedsOcr
            picture = self._pixels(placed)
            if picture is None:
                continue
            text = self._ocr.read(picture, self._effort)
            if text.turn == 0:  # a picture that stands otherwise than its page is no part of the text
                unit = placed.box.width / picture.shape[1]
                found += [scaled(word, unit, placed.box.x0, placed.box.y0) for word in text.words]
        return found

    def _pixels(self, placed: PlacedPicture) -> Pixels | None:
        """The picture, None when it is of a kind that is not read, damaged or too large."""
        try:
            media: Media = detect(placed.data[:65536])
            if media.pillow is None:
                return None
            return ImageFileReader(placed.data, media.pillow, self._max_pixels, 1).page(0)
        except DocumentError:
            return None

    def _paste(self, image: Image.Image, placed: PlacedPicture, scale: float) -> None:
        pixels = self._pixels(placed)
        if pixels is None:
            return
        box = placed.box
        size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
        picture = Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1])).resize(size)
        image.paste(picture, (round(box.x0 * scale), round(box.y0 * scale)))


def _draw_word(pen: ImageDraw.ImageDraw, word: Word, face: str, scale: float) -> None:
    pixels = round(word.size * scale)
    if pixels < 2:
        return
    baseline = word.box.y1 - DESCENT * (word.box.height / (ASCENT + DESCENT))
    pen.text(
        (word.box.x0 * scale, baseline * scale), word.text, fill="black", font=font(face, pixels), anchor="ls"
    )
