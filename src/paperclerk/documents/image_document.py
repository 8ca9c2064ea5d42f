"""An image file as a document: every page is a picture. Used in the child."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from paperclerk.documents.images import ImageFileReader, page_units
from paperclerk.documents.media import Media
from paperclerk.documents.pages import (
    Effort,
    NeedsOcr,
    PictureReader,
    Pixels,
    assemble,
    scaled,
    turned_size,
)
from paperclerk.domain.document import DocumentInfo, Page, TextOrigin


class ImageDocument:
    """Implements `pages.OpenDocument`."""

    def __init__(
        self,
        media: Media,
        data: npt.NDArray[np.uint8],
        effort: Effort,
        ocr: PictureReader | None,
        max_pixels: int,
        max_frames: int,
    ) -> None:
        """Raises DocumentError and its kinds."""
        assert media.pillow is not None
        self._file = ImageFileReader(
            memoryview(data.data), media.pillow, max_pixels, max_frames, effort.worked_pixels
        )
        self._effort, self._ocr = effort, ocr
        self.info = DocumentInfo("image", media.media_type, self._file.page_count)

    def read(self, index: int) -> Page:
        if self._ocr is None:
            raise NeedsOcr
        started = time.perf_counter()
        picture = self._file.page(index)
        height, width = picture.shape[:2]
        unit = page_units(width, height)
        text = self._ocr.read(picture, self._effort)
        size = turned_size(text.turn, width * unit, height * unit)
        words = [scaled(word, unit) for word in text.words]
        return assemble(
            index,
            size,
            words,
            TextOrigin.OCR,
            started,
            turn=text.turn,
            slope=text.slope,
            foreign=text.foreign,
        )

    def draw(self, index: int, max_side: int) -> Pixels:
        import cv2

        picture = self._file.page(index)
        height, width = picture.shape[:2]
        scale = max_side / max(height, width)
        if scale >= 1:
            return picture
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
