"""Plain text, Markdown and delimited values (CSV, TSV) as pages; told apart by their content. Called by `opening`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from paperclerk.documents.office.flow import Block, Flow, PageBreak, Paragraph, Run
from paperclerk.documents.office.html import blocks_of, decoded
from paperclerk.documents.office.sheet_pages import MAX_CELLS, SheetCell, pages_of_sheet, too_many_cells
from paperclerk.documents.office.typeset import LaidPage, Typesetter
from paperclerk.domain.errors import DocumentTooLarge

MAX_CHARACTERS = 2_000_000
_SIZE = 9.0
_SNIFFED = 16_384  # characters
_NUMBER = re.compile(r"[-+(]?[$€£]? ?\d[\d.,' ]*%?\)?")
_MARKDOWN = re.compile(
    r"^(#{1,6} +\S|\|? *:?-{3,}:? *(\| *:?-{3,}:? *)+\|?$|```|[-*] \[[ x]\] |!?\[[^\]\n]+\]\([^)\n]+\))", re.M
)


def media_type_of(text: str) -> str:
    """What a text is. `text` may be its beginning alone."""
    start = text[:_SNIFFED]
    if len(_MARKDOWN.findall(start)) >= 2 or re.match(r"#{1,3} +\S", start):
        return "text/markdown"
    delimiter = _delimiter(start)
    return {None: "text/plain", "\t": "text/tab-separated-values"}.get(delimiter, "text/csv")


def pages_of(data: bytes) -> tuple[str, list[LaidPage]]:
    """The media type and the pages. Raises DocumentTooLarge."""
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARACTERS:
        raise DocumentTooLarge(
            f"The text has more than {MAX_CHARACTERS:,} characters. Split it and send the parts."
        )
    media_type = media_type_of(text)
    if media_type == "text/markdown":
        return media_type, Typesetter(Flow(tuple(_markdown(text)))).run()
    delimiter = _delimiter(text[:_SNIFFED])
    if delimiter is not None:
        try:
            return media_type, pages_of_sheet("", _cells(text, delimiter))
        except csv.Error:
            media_type = "text/plain"  # a field without an end: no table after all
    return media_type, Typesetter(Flow(tuple(_lines(text)), margin=40.0)).run()


def _markdown(text: str) -> Iterator[Block]:
    html = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable("table").render(text)
    return blocks_of(html, {})


def _lines(text: str) -> Iterator[Block]:
    """Every line a paragraph in typewriter letters, so that what stands in columns stays in columns."""
    for number, page in enumerate(text.split("\f")):
        if number:
            yield PageBreak()
        for line in page.split("\n"):
            clean = "".join(c if c.isprintable() or c == "\t" else " " for c in line).expandtabs(8).rstrip()
            yield Paragraph((Run(clean),), _SIZE, after=0.0, mono=True)


def _cells(text: str, delimiter: str) -> list[SheetCell]:
    cells: list[SheetCell] = []
    last = ""
    for row, values in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
        last = values[-1] if values else ""
        for column, value in enumerate(values):
            value = value.strip()
            if value:
                cells.append(SheetCell(row, column, value, bool(_NUMBER.fullmatch(value)), size=_SIZE))
        if len(cells) > MAX_CELLS:
            raise too_many_cells("table")
    if "\n" in last and text.endswith(last):
        raise csv.Error("a quoted field has no end")
    return cells


def _delimiter(start: str) -> str | None:
    """The character that divides each line into the same number of short values, None for running text."""
    lines = [line for line in start.split("\n") if line.strip()]
    if len(start) >= _SNIFFED:
        lines = lines[:-1]  # cut off
    if len(lines) < 2:
        return None
    for delimiter, least in (("\t", 2), (";", 2), (",", 3), ("|", 3)):
        try:
            rows = list(csv.reader(lines[:50], delimiter=delimiter))
        except csv.Error:
            continue
        width = len(rows[0])
        same = sum(len(row) == width for row in rows)
        long = sum(len(value) > 60 for row in rows for value in row)
        blank_after = sum(v.startswith(" ") for row in rows for v in row[1:])
        values = sum(len(row) for row in rows)
        prose = delimiter == "," and blank_after > 0.5 * values
        if width >= least and same >= 0.9 * len(rows) and long < 0.2 * values and not prose:
            return delimiter
    return None
