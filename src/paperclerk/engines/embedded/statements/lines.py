"""Lines of statements: a label with numbers behind it. Used by the modules beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from paperclerk.domain.result import Leaf, Scalar
from paperclerk.engines.embedded.tables.cells import Text, has_letters, numbers_of, text_of
from paperclerk.engines.embedded.tables.roles import fold, stems
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number

_NEUTRAL = stems("total totals net consolidated gross amount amounts")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Line:
    """A row of a statement: the label, and the numbers behind it."""

    page: int  # position in the sequence of pages
    strip: Strip
    label: Text
    stems: frozenset[str]  # of the label up to its first comma or bracket
    whole: frozenset[str]  # of all of it
    cells: tuple[tuple[Piece, Number], ...]


def line_of(page: int, strip: Strip, locale: Locale) -> Line | None:
    """The line that a strip is, if it is one; a heading of columns, `Net sales 2025 2024`, is none."""
    first = strip.pieces[0]
    if len(strip.pieces) < 2 or not has_letters(first.text, 3) or len(first.words) > 16:
        return None
    cells = []
    for piece in strip.pieces[1:]:
        numbers = numbers_of(text_of([piece]), locale)
        if numbers and not has_letters(piece.text, 4):
            cells.append((piece, numbers[0]))
    if not cells or all(_YEAR.fullmatch(piece.text) for piece, _ in cells):
        return None
    return Line(
        page, strip, text_of([first]), telling(head_of(first.text)), telling(first.text), tuple(cells)
    )


def head_of(label: str) -> str:
    """A label up to the first comma, bracket or colon: `Accounts receivable, net of ...`. A bracket amid words, as in
    `provided by (used in) operations`, is passed over."""
    return re.split(r"[,(:;]", re.sub(r"\([^()]*\)(?=\s+\w)", " ", label), maxsplit=1)[0]


def alike(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b))


def telling(text: str) -> frozenset[str]:
    """The stems of a text that tell one line from another."""
    found = stems(fold(text))
    return found - _NEUTRAL or found


def concluded(value: Scalar, text: Text, number: Number) -> Leaf:
    """What follows from a figure without being printed: it stands where the figure does."""
    return Leaf(value, text.part(number.start, number.end), 0.6, inferred=True)
