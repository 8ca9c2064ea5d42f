"""A copy of a document with places covered, made of nothing but pictures of its pages. Used in the child.

No byte of the document goes into the copy: each page is drawn, the covers are painted, and what comes out is
stored as a new picture. So the text under a cover is gone, and with it text layers, notes, form fields,
attachments, scripts, metadata and what lies outside the page.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping

import numpy as np

from paperclerk.documents.pages import OpenDocument, Pixels, as_png
from paperclerk.domain.document import Cover

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"

_DPI = 200
_SIDES = (400, 2600)  # pixels of the longer side of a drawn PDF page, at least and at most
_IMAGE_SIDE = 20_000  # images keep their pixels
_QUALITY = 85
_UNKNOWN_SIDE = 842.0  # points


def copy_type(kind: str, media_type: str, page_count: int) -> str:
    """The media type of the copy of a document of this kind and type."""
    if kind == "image" and page_count == 1:
        return JPEG if media_type == JPEG else PNG
    return PDF


def covered_copy(document: OpenDocument, covers: Mapping[int, Cover]) -> Iterator[bytes]:
    """The copy in pieces, at least one for each page. A page that `covers` does not name is covered whole.

    Raises DocumentError when a page cannot be drawn.
    """
    info = document.info
    media_type = copy_type(info.kind, info.media_type, info.page_count)
    if media_type != PDF:
        picture = _covered(document, 0, covers.get(0, Cover(whole=True)), _IMAGE_SIDE)
        yield as_png(picture) if media_type == PNG else _as_jpeg(picture)
        return
    pdf = _PictureBook()
    yield pdf.begin()
    for index in range(info.page_count):
        cover = covers.get(index, Cover(whole=True))
        longest = max(cover.width, cover.height) or _UNKNOWN_SIDE
        side = min(_SIDES[1], max(_SIDES[0], math.ceil(longest / 72 * _DPI)))
        picture = _covered(document, index, cover, side)
        yield pdf.page(_as_jpeg(picture), picture.shape[1], picture.shape[0], longest)
    yield pdf.end()


def _covered(document: OpenDocument, index: int, cover: Cover, side: int) -> Pixels:
    """The page as drawn, with black where it is covered."""
    if cover.whole:
        longest = max(cover.width, cover.height) or _UNKNOWN_SIDE
        width, height = (cover.width or 595.0) / longest, (cover.height or _UNKNOWN_SIDE) / longest
        side = min(side, _SIDES[0])
        return np.zeros((max(1, round(height * side)), max(1, round(width * side)), 3), np.uint8)
    picture = np.array(document.draw(index, side))
    height, width = picture.shape[:2]
    for box in cover.boxes:
        x0, x1 = math.floor(box.x0 * width), math.ceil(box.x1 * width)
        y0, y1 = math.floor(box.y0 * height), math.ceil(box.y1 * height)
        picture[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 0
    return picture


def _as_jpeg(picture: Pixels) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    # Chroma is kept at full size: in a coarser one the colour of covered letters bleeds over the edge.
    Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])).save(
        buffer, "JPEG", quality=_QUALITY, subsampling=0
    )
    return buffer.getvalue()


class _PictureBook:
    """A PDF whose pages are one JPEG each, given out piece by piece so that one page at a time is in memory."""

    def __init__(self) -> None:
        self._size = 0
        self._offsets: dict[int, int] = {}
        self._pages = 0

    def begin(self) -> bytes:
        return self._taken(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def page(self, jpeg: bytes, width: int, height: int, longest: float) -> bytes:
        """The next page: a picture of `width` x `height` pixels whose longer side is `longest` points."""
        first = 3 + 3 * self._pages
        self._pages += 1
        x, y = (round(n * longest / max(width, height), 2) for n in (width, height))
        content = b"%g 0 0 %g 0 0 cm /P Do" % (x, y)
        return (
            self._object(
                first,
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Contents %d 0 R"
                b"/Resources<</XObject<</P %d 0 R>>>>>>" % (x, y, first + 1, first + 2),
            )
            + self._object(first + 1, b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
            + self._object(
                first + 2,
                b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8"
                b"/Filter/DCTDecode/Length %d>>stream\n%s\nendstream" % (width, height, len(jpeg), jpeg),
            )
        )

    def end(self) -> bytes:
        kids = b" ".join(b"%d 0 R" % (3 + 3 * page) for page in range(self._pages))
        tail = self._object(1, b"<</Type/Catalog/Pages 2 0 R>>")
        tail += self._object(2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self._pages, kids))
        start, count = self._size, len(self._offsets) + 1
        rows = b"".join(b"%010d 00000 n \n" % self._offsets[number] for number in range(1, count))
        return tail + self._taken(
            b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
            % (count, rows, count, start)
        )

    def _object(self, number: int, body: bytes) -> bytes:
        self._offsets[number] = self._size
        return self._taken(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _taken(self, data: bytes) -> bytes:
        self._size += len(data)
        return data
