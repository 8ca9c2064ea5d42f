"""A PDF as pages of words, through PDFium. Used inside the reading child only.

PDFium's text page gives characters with boxes in the page's own space; they are taken in bulk (one call a
character, driven from C by `map`) and turned into words in the frame of the page as a viewer displays it.
"""

from __future__ import annotations

import ctypes
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from paperclerk.documents import drawings
from paperclerk.documents.drawings import Drawings
from paperclerk.domain.errors import DocumentError, PasswordRequired

pdfium: Any = importlib.import_module("pypdfium2.raw")  # ctypes bindings, which carry no types
pdfium_i: Any = importlib.import_module("pypdfium2.internal")

Floats = npt.NDArray[np.float64]

MAX_CHARACTERS = 1_000_000
MAX_RENDER_SECONDS = 8.0

_MAX_ANNOTATIONS = 5000
_MAX_FIELD_BYTES = 200_000  # of the value of a form field
_WIDGET, _FREE_TEXT, _STAMP = 20, 3, 13
_HIDDEN, _NO_VIEW = 2, 32


def _fast(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    """`function` with plain integers as pointers, so that `map` can drive it without Python objects."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return ctypes.CFUNCTYPE(result, *arguments)(address)


_P, _I = ctypes.c_void_p, ctypes.c_int
_unicode = _fast(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _P, _I)
_loose_box = _fast(pdfium.FPDFText_GetLooseCharBox, _I, _P, _I, _P)
_tight_box = _fast(pdfium.FPDFText_GetCharBox, _I, _P, _I, _P, _P, _P, _P)
_angle = _fast(pdfium.FPDFText_GetCharAngle, ctypes.c_float, _P, _I)
_map_error = _fast(pdfium.FPDFText_HasUnicodeMapError, _I, _P, _I)
_text_object = _fast(pdfium.FPDFText_GetTextObject, _P, _P, _I)
_render_mode = _fast(pdfium.FPDFTextObj_GetTextRenderMode, _I, _P)
_font_of = _fast(pdfium.FPDFTextObj_GetFont, _P, _P)


@dataclass(frozen=True)
class Characters:
    """The characters of one page, in PDFium's order, in the displayed frame (points, top left).

    `codes` (n) are code points, `boxes` (n, 4) are x0 y0 x1 y1, as tall as the font's line and as wide as
    the advance; `angles` (n) degrees clockwise as displayed, rounded to 90, or -1 where the text is oblique.
    `bad` (n) marks characters whose meaning the font does not give, `hidden` (n) text that is not painted,
    `bold` (n) text of a heavy font.
    """

    codes: npt.NDArray[np.uint32]
    boxes: Floats
    angles: npt.NDArray[np.int16]
    bad: npt.NDArray[np.bool_]
    hidden: npt.NDArray[np.bool_]
    bold: npt.NDArray[np.bool_]


class PdfFile:
    """An opened PDF. `data` must stay alive and mapped as long as this object."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        """Raises DocumentError or PasswordRequired."""
        pdfium.FPDF_InitLibrary()
        self._data = data
        self._raw = pdfium.FPDF_LoadMemDocument64(data.ctypes.data_as(_P), data.size, None)
        if not self._raw:
            raise _open_error(pdfium.FPDF_GetLastError())
        self.page_count: int = pdfium.FPDF_GetPageCount(self._raw)
        self._has_form = pdfium.FPDF_GetFormType(self._raw) != pdfium.FORMTYPE_NONE

    def title(self) -> str | None:
        """The title from the metadata, at most 500 characters."""
        length = pdfium.FPDF_GetMetaText(self._raw, b"Title", None, 0)
        if not 2 < length <= 4096:
            return None
        buffer = ctypes.create_string_buffer(length)
        pdfium.FPDF_GetMetaText(self._raw, b"Title", buffer, length)
        text = buffer.raw[: length - 2].decode("utf-16-le", errors="replace")
        return "".join(c for c in text if c.isprintable()).strip()[:500] or None

    def page(self, index: int) -> PdfPage:
        """Raises DocumentError when the page cannot be loaded."""
        raw = pdfium.FPDF_LoadPage(self._raw, index)
        if not raw:
            raise DocumentError(f"Page {index} of the PDF is damaged and cannot be loaded.", code="bad_page")
        fields: list[tuple[str, tuple[float, float, float, float]]] = []
        if _paints_annotations(raw):
            fields = _bare_fields(raw)
            # the page itself then holds what the fields and notes show, in the right place
            pdfium.FPDFPage_Flatten(raw, pdfium.FLAT_NORMALDISPLAY)
            pdfium.FPDF_ClosePage(raw)
            raw = pdfium.FPDF_LoadPage(self._raw, index)
        return PdfPage(raw, fields)

    def close(self) -> None:
        pdfium.FPDF_CloseDocument(self._raw)


class PdfPage:
    """A loaded page; `width` and `height` are those of the page as displayed, in points."""

    def __init__(self, raw: Any, fields: list[tuple[str, tuple[float, float, float, float]]]) -> None:
        self._raw = raw
        self._fields = fields
        self.width = float(pdfium.FPDF_GetPageWidthF(raw))
        self.height = float(pdfium.FPDF_GetPageHeightF(raw))
        self._rotation = pdfium.FPDFPage_GetRotation(raw) % 4
        box = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(raw, ctypes.byref(box))
        self._bounds = (box.left, box.bottom, box.right, box.top)

    def close(self) -> None:
        pdfium.FPDF_ClosePage(self._raw)

    def characters(self) -> Characters:
        """The text layer; no characters when there is none."""
        text = pdfium.FPDFText_LoadPage(self._raw)
        if not text:
            return _no_characters()
        try:
            count = min(pdfium.FPDFText_CountChars(text), MAX_CHARACTERS)
            if count <= 0:
                return _no_characters()
            return self._take(ctypes.cast(text, _P).value, count)
        finally:
            pdfium.FPDFText_ClosePage(text)

    def _take(self, text: int | None, count: int) -> Characters:
        every = range(count)
        codes = np.fromiter(map(_unicode, repeat(text), every), np.uint32, count)
        loose = np.zeros((count, 4), np.float32)  # FS_RECTF: left, top, right, bottom
        base = loose.ctypes.data
        found = np.fromiter(
            map(_loose_box, repeat(text), every, range(base, base + 16 * count, 16)), np.bool_, count
        )
        angles = np.fromiter(map(_angle, repeat(text), every), np.float32, count)
        bad = np.fromiter(map(_map_error, repeat(text), every), np.int8, count) > 0
        hidden, bold = _painting(text, count)
        boxes = self.to_display(loose[:, [0, 3, 2, 1]].astype(np.float64))
        boxes[~found] = np.nan
        return Characters(codes, boxes, self._displayed_angles(angles), bad, hidden, bold)

    def _displayed_angles(self, radians: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
        degrees = np.degrees(np.where(radians < 0, 0.0, radians.astype(np.float64)))
        right = np.round(degrees / 90) * 90
        clear = np.abs(degrees - right) <= 15
        # PDFium counts from the page's own axes; which way is fixed by a test with turned text
        turned = (right + 90 * self._rotation) % 360
        return np.where(clear, turned, -1).astype(np.int16)

    def to_display(self, boxes: Floats) -> Floats:
        """Boxes (n, 4) of left, bottom, right, top in page space, in the displayed frame."""
        left, bottom, right, top = self._bounds
        x0, x1 = np.minimum(boxes[:, 0], boxes[:, 2]), np.maximum(boxes[:, 0], boxes[:, 2])
        y0, y1 = np.minimum(boxes[:, 1], boxes[:, 3]), np.maximum(boxes[:, 1], boxes[:, 3])
        columns = {
            0: (x0 - left, top - y1, x1 - left, top - y0),
            1: (y0 - bottom, x0 - left, y1 - bottom, x1 - left),
            2: (right - x1, y0 - bottom, right - x0, y1 - bottom),
            3: (top - y1, right - x1, top - y0, right - x0),
        }[self._rotation]
        return np.stack(columns, axis=1)

    def fields(self) -> list[tuple[str, Floats]]:
        """Values of form fields that are displayed though nothing paints them, and their boxes (4,)."""
        return [(text, self.to_display(np.array([box]))[0]) for text, box in self._fields]

    def drawings(self) -> Drawings:
        """Pictures and ruling lines; only the first `drawings.MAX_OBJECTS` objects are looked at."""
        found = drawings.collect(self._raw)
        return Drawings(
            self.to_display(found.pictures),
            self.to_display(found.rules),
            self.to_display(found.marks),
            found.paths,
            found.shadings,
        )

    def render(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """The displayed page on white as (height, width, 3), BGR.

        Raises DocumentError when that takes longer than `MAX_RENDER_SECONDS` of CPU time.
        """
        image = np.full((height, width, 3), 255, np.uint8)
        bitmap = pdfium.FPDFBitmap_CreateEx(
            width, height, pdfium.FPDFBitmap_BGR, image.ctypes.data_as(_P), width * 3
        )
        if not bitmap:
            raise DocumentError("The page cannot be drawn.", code="bad_page")
        finished = _render_in_time(bitmap, self._raw, width, height)
        pdfium.FPDFBitmap_Destroy(bitmap)
        if not finished:
            raise DocumentError(
                "The page takes too long to draw. Print it to a new PDF, or send it as an image.",
                code="bad_page",
            )
        return image


def _render_in_time(bitmap: Any, page: Any, width: int, height: int) -> bool:
    """Draw the page, asked between its objects whether to go on; False when the time ran out."""
    end = time.process_time() + MAX_RENDER_SECONDS
    pause = pdfium.IFSDK_PAUSE(version=1)
    pdfium_i.set_callback(pause, "NeedToPauseNow", lambda _: time.process_time() > end)
    status = pdfium.FPDF_RenderPageBitmap_Start(
        bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT, ctypes.byref(pause)
    )
    pdfium.FPDF_RenderPage_Close(page)
    return bool(status != pdfium.FPDF_RENDER_TOBECONTINUED)


def _painting(text: int | None, count: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which characters are painted invisibly, and which in bold; asked once for each text object."""
    objects = list(map(_text_object, repeat(text), range(count)))
    hidden: dict[int | None, bool] = {None: False}
    bold: dict[int | None, bool] = {None: False}
    fonts: dict[int | None, bool] = {None: False}
    for each in set(objects):
        if each is None:
            continue
        hidden[each] = _render_mode(each) in (3, 7)
        font = _font_of(each)
        if font not in fonts:
            fonts[font] = _is_bold(font or 0)
        bold[each] = fonts[font]
    return (
        np.fromiter(map(hidden.__getitem__, objects), np.bool_, count),
        np.fromiter(map(bold.__getitem__, objects), np.bool_, count),
    )


def _is_bold(font: int) -> bool:
    handle = ctypes.cast(font, pdfium.FPDF_FONT) if font else None
    if handle is None:
        return False
    if pdfium.FPDFFont_GetWeight(handle) >= 600:
        return True
    buffer = ctypes.create_string_buffer(256)
    length = pdfium.FPDFFont_GetBaseFontName(handle, buffer, 256)
    name = buffer.raw[: max(0, min(length, 256) - 1)].lower()
    return b"bold" in name or b"black" in name or b"heavy" in name


def _no_characters() -> Characters:
    nothing = np.zeros(0, np.bool_)
    return Characters(
        np.zeros(0, np.uint32), np.zeros((0, 4)), np.zeros(0, np.int16), nothing, nothing, nothing
    )


def _annotations(page: Any) -> Iterator[Any]:
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            yield annotation
            pdfium.FPDFPage_CloseAnnot(annotation)


def _paints_annotations(page: Any) -> bool:
    """Whether the page has form fields, notes or stamps that are part of what is displayed."""
    return any(
        pdfium.FPDFAnnot_GetSubtype(each) in (_WIDGET, _FREE_TEXT, _STAMP) for each in _annotations(page)
    )


def _bare_fields(page: Any) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Values of form fields that have no appearance of their own: a viewer makes one from the value."""
    found = []
    for each in _annotations(page):
        if pdfium.FPDFAnnot_GetSubtype(each) != _WIDGET or pdfium.FPDFAnnot_HasKey(each, b"AP"):
            continue
        text, box = _string(each, b"V"), pdfium.FS_RECTF()
        hidden = pdfium.FPDFAnnot_GetFlags(each) & (_HIDDEN | _NO_VIEW)
        if text and not hidden and pdfium.FPDFAnnot_GetRect(each, ctypes.byref(box)):
            found.append((text, (box.left, box.bottom, box.right, box.top)))
    return found


def _string(annotation: Any, key: bytes) -> str:
    length = pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if not 2 < length <= _MAX_FIELD_BYTES:
        return ""
    buffer = (ctypes.c_ushort * (length // 2))()
    pdfium.FPDFAnnot_GetStringValue(annotation, key, buffer, length)
    return bytes(buffer)[: length - 2].decode("utf-16-le", errors="replace")


def _open_error(code: int) -> DocumentError:
    if code == pdfium.FPDF_ERR_PASSWORD:
        return PasswordRequired("The PDF is encrypted. Remove its password and send it again.")
    if code == pdfium.FPDF_ERR_SECURITY:
        return PasswordRequired(
            "The PDF is protected by a scheme that is not supported. Save it without protection and send it again."
        )
    return DocumentError("The PDF is damaged and cannot be opened. Save it anew and send it again.")
