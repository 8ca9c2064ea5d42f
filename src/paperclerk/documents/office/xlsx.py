"""An Excel workbook (XLSX): visible sheets as pages of cells, each with its reference. Called by `opening`.

Values are shown as Excel shows them; formulas give the result that was saved with them and are never computed.
Hidden sheets, rows and columns are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from paperclerk.documents.office.archive import Package
from paperclerk.documents.office.markup import attribute, child, children, local_name, whole
from paperclerk.documents.office.number_formats import is_date, shown
from paperclerk.documents.office.sheet_pages import MAX_CELLS, SheetCell, pages_of_sheet, too_many_cells
from paperclerk.documents.office.typeset import LaidPage
from paperclerk.domain.errors import DocumentError

NOT_CALCULATED = "=?"
"""Stands for the result of a formula that no program ever calculated: its own text might pass for a number."""

_MAX_DECLARED = 400_000  # cells of one sheet, most of them empty
_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0 ;(#,##0)",
    38: "#,##0 ;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss", 48: "0.0E+0", 49: "@",
}  # fmt: skip


@dataclass(frozen=True)
class _Format:
    code: str = "General"
    bold: bool = False
    size: float = 10.0


@dataclass
class _Book:
    package: Package
    texts: list[str] = field(default_factory=list)
    formats: list[_Format] = field(default_factory=list)
    from_1904: bool = False
    cells: int = 0


def pages_of(package: Package) -> list[LaidPage]:
    """The pages of all visible sheets. Raises DocumentError, and DocumentTooLarge for too many cells."""
    main = package.main_part()
    links = package.relations(main)
    root = package.xml(main)
    parts = {link.kind: link.target for link in links.values() if link.target in package}
    book = _Book(package, from_1904=attribute(child(root, "workbookPr"), "date1904") in ("1", "true"))
    if "sharedStrings" in parts:
        book.texts = [_text(e) for e in children(package.xml(parts["sharedStrings"]), "si")]
    if "styles" in parts:
        book.formats = _formats(package.xml(parts["styles"]))
    listed = child(root, "sheets")
    pages: list[LaidPage] = []
    for sheet in children(listed, "sheet") if listed is not None else ():
        link = links.get(attribute(sheet, "id"))
        if attribute(sheet, "state") in ("hidden", "veryHidden") or link is None:
            continue
        if link.kind == "worksheet" and link.target in package:
            pages += pages_of_sheet(sheet.get("name", ""), _cells(book, link.target))
    if not pages:
        raise DocumentError("The workbook has no sheet that is visible.", code="empty_document")
    return pages


def _cells(book: _Book, part: str) -> list[SheetCell]:
    data = book.package.read(part)
    if len(_CELL.findall(data)) > _MAX_DECLARED:
        raise too_many_cells("workbook")
    root = book.package.xml(part)
    hidden = _hidden_columns(child(root, "cols"))
    merges = _merges(child(root, "mergeCells"))
    found = []
    rows = child(root, "sheetData")
    for row, column, element in _filled(rows) if rows is not None else ():
        if any(first <= column <= last for first, last in hidden):
            continue
        style = whole(element.get("s", "0"))
        form = book.formats[style] if 0 <= style < len(book.formats) else _Format()
        text, is_number = _shown(book, element, form)
        if text.strip():
            book.cells += 1
            if book.cells > MAX_CELLS:
                raise too_many_cells("workbook")
            wide = merges.get((row, column), 1)
            found.append(SheetCell(row, column, text, is_number, form.bold, form.size, wide))
    return found


def _filled(rows: Any) -> Iterator[tuple[int, int, Any]]:
    """Row and column, from 0, of the filled cells of visible rows. Both may be left out in the file."""
    row = -1
    for line in children(rows, "row"):
        row = whole(line.get("r", ""), row + 2, 1_048_576) - 1
        if line.get("hidden") in ("1", "true"):
            continue
        column = -1
        for element in line:
            place = _place(element.get("r", ""))
            column = place[1] if place is not None else column + 1
            if len(element):
                yield (place[0] if place is not None else row), column, element


def _shown(book: _Book, element: Any, form: _Format) -> tuple[str, bool]:
    """A cell's text as Excel shows it, and whether it is a number other than a date (which stands on the right)."""
    kind = element.get("t", "n")
    if kind == "inlineStr":
        return _text(child(element, "is")), False
    raw = child(element, "v")
    value = (raw.text or "") if raw is not None else ""
    if not value and child(element, "f") is not None and kind != "str":
        return NOT_CALCULATED, False
    if kind == "s":
        position = whole(value, -1)
        return (book.texts[position] if 0 <= position < len(book.texts) else ""), False
    if kind == "b":
        return ("TRUE" if value == "1" else "FALSE") if value else "", False
    if kind in ("str", "e", "d"):
        return value, False
    return shown(value, form.code, from_1904=book.from_1904), bool(value) and not is_date(form.code)


def _text(element: Any) -> str:
    """The text of a string, without the reading aids that East Asian text may carry."""
    if element is None:
        return ""
    own = [e for e in element.iter() if local_name(e) == "t" and local_name(e.getparent()) != "rPh"]
    return "".join(e.text or "" for e in own)


def _formats(root: Any) -> list[_Format]:
    """What each style of a cell says: number format, weight and size of its font."""
    listed = child(root, "numFmts")
    codes = dict(_BUILT_IN)
    for e in listed if listed is not None else ():
        codes[whole(attribute(e, "numFmtId"))] = attribute(e, "formatCode")
    fonts = []
    for e in child(root, "fonts") if child(root, "fonts") is not None else ():
        size = whole(attribute(child(e, "sz"), "val"), 10)
        bold = child(e, "b")
        fonts.append((bold is not None and attribute(bold, "val", "1") != "0", float(min(max(size, 6), 36))))
    styles = child(root, "cellXfs")
    found = []
    for e in children(styles, "xf") if styles is not None else ():
        font = whole(attribute(e, "fontId"))
        bold, points = fonts[font] if 0 <= font < len(fonts) else (False, 10.0)
        found.append(_Format(codes.get(whole(attribute(e, "numFmtId")), "General"), bold, points))
    return found


def _hidden_columns(columns: Any) -> list[tuple[int, int]]:
    return [
        (whole(attribute(e, "min")) - 1, whole(attribute(e, "max")) - 1)
        for e in (columns if columns is not None else ())
        if attribute(e, "hidden") in ("1", "true")
    ]


def _merges(listed: Any) -> dict[tuple[int, int], int]:
    """First cell of each merged range -> how many columns it has."""
    found = {}
    for e in listed if listed is not None else ():
        first, _, last = attribute(e, "ref").partition(":")
        start, end = _place(first), _place(last)
        if start is not None and end is not None and end[1] >= start[1]:
            found[start] = end[1] - start[1] + 1
    return found


def _place(reference: str) -> tuple[int, int] | None:
    """Row and column, from 0, of a reference such as `B4`."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    row = int(match[2])
    return (row - 1, column - 1) if 1 <= row <= 1_048_576 and column <= 16_384 else None
