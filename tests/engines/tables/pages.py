"""Pages for tests of tables, built from text placed on lines, and PDFs of the same by reportlab."""

from __future__ import annotations

import io
from collections.abc import Sequence

from paperclerk.domain.document import Page, PageStatus, TextOrigin, Word
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Leaf
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field

SIZE = 10.0
WIDE = 5.0  # of a character
Placed = tuple[float, str]  # x of the left edge (of the right edge when negative), text


def words_of(y: float, placed: Sequence[Placed], score: float = 1.0) -> list[Word]:
    """Words on one baseline; every character is 5 units wide."""
    made = []
    for x, text in placed:
        at = -x - WIDE * len(text) if x < 0 else x
        for word in text.split():
            made.append(Word(word, Box(at, y, at + WIDE * len(word), y + SIZE), score, SIZE))
            at += WIDE * (len(word) + 0.6)
    return made


def page_of(
    lines: Sequence[tuple[float, Sequence[Placed]]],
    *,
    index: int = 0,
    rules: Sequence[Box] = (),
    score: float = 1.0,
) -> Page:
    """A page of lines given as (y, [(x, text), ...])."""
    words = tuple(w for y, placed in lines for w in words_of(y, placed, score))
    origin = TextOrigin.TEXT_LAYER if score == 1 else TextOrigin.OCR
    return Page(index, 595.0, 842.0, PageStatus.OK, words, (), tuple(rules), origin)


def down(
    y: float, rows: Sequence[Sequence[Placed]], step: float = 16.0
) -> list[tuple[float, Sequence[Placed]]]:
    """Rows at even distances from `y` downwards."""
    return [(y + step * i, row) for i, row in enumerate(rows)]


def pdf_of(pages: Sequence[Sequence[tuple[float, Sequence[Placed]]]], rules: Sequence[Box] = ()) -> bytes:
    """A PDF with the same text, set by reportlab in Helvetica, and rules as drawn lines."""
    from reportlab.pdfgen.canvas import Canvas

    data = io.BytesIO()
    canvas = Canvas(data, pagesize=(595, 842), invariant=1)
    for lines in pages:
        canvas.setFont("Helvetica", 9)
        for y, placed in lines:
            for x, text in placed:
                if x < 0:
                    canvas.drawRightString(-x, 842 - y - SIZE, text)
                else:
                    canvas.drawString(x, 842 - y - SIZE, text)
        for rule in rules:
            canvas.line(rule.x0, 842 - rule.y0, rule.x1, 842 - rule.y1)
        canvas.showPage()
    canvas.save()
    return data.getvalue()


def array_of(properties: dict[str, object], name: str = "items", **extra: object) -> Field:
    """A compiled array of objects."""
    element = {"type": "object", "properties": properties}
    schema = {"type": "object", "properties": {name: {"type": "array", "items": element, **extra}}}
    found = compile_schema(schema).child(name)
    assert found is not None
    return found


def plain(tree: object) -> object:
    """A tree as JSON would show it."""
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, list):
        return [plain(t) for t in tree]
    assert isinstance(tree, dict)
    return {k: plain(v) for k, v in tree.items()}


def words_under(pages: Sequence[Page], leaf: Leaf) -> str:
    """The characters that a leaf points at."""
    by_index = {p.index: p for p in pages}
    return " ".join(
        by_index[span.page].words[part.index].text[part.start : part.end]
        for span in leaf.spans
        for part in span.parts
    )


GOODS: dict[str, object] = {
    "description": {"type": "string", "description": "Name of the item, without item code"},
    "quantity": {"type": "number"},
    "unit_price": {"type": "number"},
    "line_total": {"type": "number"},
}
