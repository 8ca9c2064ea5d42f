"""A PowerPoint presentation (PPTX): every slide is a page, its shapes where they are. Called by `opening`.

Read through python-pptx, after the archive was checked. Notes, charts and what a layout shows are not read.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pptx import Presentation
from pptx.shapes.group import GroupShape
from pptx.shapes.picture import Picture

from paperclerk.documents.office.flow import Align, Cell, Paragraph, Run, Table
from paperclerk.documents.office.markup import children, local_name
from paperclerk.documents.office.typeset import LaidPage, PlacedPicture, lines_of, place_line, placed_table
from paperclerk.domain.errors import DocumentError
from paperclerk.domain.geometry import Box

_EMU = 12700.0  # in a point
_INSET = 7.2  # points between the edge of a shape and its text
_BROKEN = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, RecursionError)
_MAX_DEPTH = 20  # of groups in groups
_SIZES = {"TITLE (1)": 32.0, "CENTER_TITLE (3)": 36.0, "SUBTITLE (4)": 20.0, "BODY (2)": 20.0}
_ALIGNED: dict[int, Align] = {2: "center", 3: "right"}


def pages_of(data: bytes) -> list[LaidPage]:
    """The slides. Raises DocumentError."""
    try:
        deck: Any = Presentation(io.BytesIO(data))
        size = (deck.slide_width or 9144000) / _EMU, (deck.slide_height or 6858000) / _EMU
        pages = [_slide(slide, *size) for slide in deck.slides]
    except _BROKEN as error:
        raise DocumentError("The presentation is damaged. Save it anew and send it again.") from error
    if not pages:
        raise DocumentError("The presentation has no slides.", code="empty_document")
    return pages


def _slide(slide: Any, width: float, height: float) -> LaidPage:
    page = LaidPage(round(max(width, 72.0), 1), round(max(height, 72.0), 1))
    _choose(slide._element)
    _shapes(page, slide.shapes, (1.0, 1.0, 0.0, 0.0), 0)
    return page


def _choose(slide: Any) -> None:
    """Puts the first of the alternatives that newer shapes are wrapped in where python-pptx finds it."""
    for each in [e for e in slide.iter() if local_name(e) == "AlternateContent"]:
        first = next(iter(each), None)
        for shape in list(first) if first is not None else ():
            each.addprevious(shape)
        each.getparent().remove(each)


def _shapes(
    page: LaidPage, shapes: Iterable[Any], frame: tuple[float, float, float, float], depth: int
) -> None:
    """Put shapes on a page. `frame` scales and moves the coordinates of a group (x, y, dx, dy)."""
    for shape in shapes:
        box = _box(shape, frame)
        if isinstance(shape, GroupShape):
            if depth < _MAX_DEPTH:
                _shapes(page, shape.shapes, _inner_frame(shape, frame), depth + 1)
        elif getattr(shape, "has_table", False) and shape.has_table:
            _table(page, shape.table, box)
        elif isinstance(shape, Picture):
            if shape._pic.blip_rId:  # else it is elsewhere, behind a link
                page.pictures.append(PlacedPicture(shape.image.blob, _on_page(box, page)))
        elif shape.has_text_frame:
            _text(page, shape, box)


def _box(shape: Any, frame: tuple[float, float, float, float]) -> Box:
    left, top = (shape.left or 0) / _EMU, (shape.top or 0) / _EMU
    wide, high = (shape.width or 0) / _EMU, (shape.height or 0) / _EMU
    x, y = left * frame[0] + frame[2], top * frame[1] + frame[3]
    return Box(x, y, x + wide * frame[0], y + high * frame[1])


def _inner_frame(group: Any, frame: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """How the coordinates inside a group become those of the slide."""
    outer = _box(group, frame)
    found = group._element.find(".//{*}xfrm")
    inner = {e.tag.rsplit("}", 1)[-1]: e for e in found} if found is not None else {}
    if "chOff" not in inner or "chExt" not in inner:
        return frame
    x, y = (float(inner["chOff"].get(k, 0)) / _EMU for k in ("x", "y"))
    wide, high = (float(inner["chExt"].get(k, 0)) / _EMU for k in ("cx", "cy"))
    across, down = outer.width / (wide or 1.0), outer.height / (high or 1.0)
    return across, down, outer.x0 - x * across, outer.y0 - y * down


def _text(page: LaidPage, shape: Any, box: Box) -> None:
    frame = shape.text_frame
    if not frame.text.strip():
        return
    kind = str(shape.placeholder_format.type) if shape.is_placeholder else ""
    paragraphs = [_paragraph(p, _SIZES.get(kind, 18.0)) for p in frame.paragraphs]
    width = max(box.width - 2 * _INSET, 40.0)
    scale = 1.0
    lines = [line for p in paragraphs for line in lines_of(p, width)]
    while box.height > 20 and sum(line.height for line in lines) > box.height and scale > 0.4:
        scale -= 0.1  # text that is too much for its shape is set smaller, as PowerPoint does
        lines = [line for p in paragraphs for line in lines_of(_smaller(p, scale), width)]
    high = sum(line.height for line in lines)
    anchor = str(frame.vertical_anchor or "")
    spare = max(0.0, box.height - high)
    y = box.y0 + (spare / 2 if "MIDDLE" in anchor else spare if "BOTTOM" in anchor else min(spare, 3.6))
    for line in lines:
        place_line(page, line, box.x0 + _INSET, y)
        y += line.height


def _paragraph(paragraph: Any, size: float) -> Paragraph:
    runs = tuple(_runs(paragraph))
    align = _ALIGNED.get(int(paragraph.alignment), "left") if paragraph.alignment is not None else "left"
    own = paragraph.font.size.pt if paragraph.font.size else max(10.0, size - 2.0 * paragraph.level)
    return Paragraph(runs, own, align, 18.0 * paragraph.level, after=0.0)


def _runs(paragraph: Any) -> Iterator[Run]:
    """The runs of a paragraph with the line ends between them, and fields such as dates and slide numbers."""
    own = iter(paragraph.runs)
    for element in paragraph._p:
        match local_name(element):
            case "r":
                run = next(own)
                size = run.font.size.pt if run.font.size else 0.0
                yield Run(run.text.replace("\v", "\n"), bool(run.font.bold), size)
            case "br":
                yield Run("\n")
            case "fld":
                yield Run("".join(t.text or "" for t in children(element, "t")))


def _smaller(paragraph: Paragraph, scale: float) -> Paragraph:
    runs = tuple(Run(run.text, run.bold, run.size * scale) for run in paragraph.runs)
    return Paragraph(runs, paragraph.size * scale, paragraph.align, paragraph.indent * scale, after=0.0)


def _table(page: LaidPage, table: Any, box: Box) -> None:
    cells = []
    for row, line in enumerate(table.rows):
        for column, cell in enumerate(line.cells):
            if not cell.is_spanned:
                blocks = tuple(_paragraph(p, 14.0) for p in cell.text_frame.paragraphs)
                cells.append(Cell(row, column, blocks, cell.span_height, cell.span_width))
    widths = tuple(column.width / _EMU for column in table.columns)
    if cells:
        placed_table(page, Table(tuple(cells), True, widths), box.x0, box.y0, max(sum(widths), 40.0))


def _on_page(box: Box, page: LaidPage) -> Box:
    x0, y0 = min(max(box.x0, 0.0), page.width - 1), min(max(box.y0, 0.0), page.height - 1)
    return Box(x0, y0, max(x0 + 1, min(box.x1, page.width)), max(y0 + 1, min(box.y1, page.height)))
