"""In what the amounts of a statement are counted: thousands or millions, and which currency. Called by `figures`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paperclerk.domain.result import ABSENT, Leaf, Scalar
from paperclerk.engines.embedded.page.values import find_currency
from paperclerk.engines.embedded.statements.lines import Line, concluded
from paperclerk.engines.embedded.tables.cells import Text, text_of
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.numbers import Number
from paperclerk.schemas.compiled import Field

_SCALES = re.compile(
    r"\b(?:in|en|em)\s+(thousands?|millions?|billions?|tausend|millionen|milliers|miles|millones|migliaia|milioni)\b",
    re.I,
)
_ONES = frozenset(words("one ones unit units none actual exact"))
_TIMES = re.compile(r"thousand|million|billion|tausend|millie?|miles$|miglia|milione")


def scale(strips: Sequence[Strip], line: Line, field: Field) -> Leaf:
    """What a remark over a line, `in millions`, says of its amounts. `strips` are those of its page."""
    for strip in reversed(strips):
        if strip.box.y0 < line.strip.box.y0 and (found := _SCALES.search(strip.text.replace("  ", " "))):
            text = text_of(strip.pieces)
            at = text.text.lower().find(found[1].lower())
            if at >= 0:
                said = named_scale(field, _times(found[1]), found[1])
                return text.leaf(said, at, at + len(found[1]), 0.75)
    return ABSENT


def unit(strips: Sequence[Strip], line: Line, text: Text, number: Number) -> Leaf:
    """`%` beside the number, or the currency mark of the row, of a row near by, or of the page."""
    if number.percent:
        return (
            text.leaf("%", number.end, number.full_end, 0.8)
            if number.full_end > number.end
            else concluded("%", text, number)
        )
    near = sorted(strips, key=lambda s: abs(s.index - line.strip.index))
    for strip in near[:40]:
        row = text_of(strip.pieces)
        for code, start, end in find_currency(row.text):
            return row.leaf(code, start, end, 0.7)
    return ABSENT


def named_scale(field: Field, times: int, printed: str = "") -> Scalar:
    """A scale as the property wants it: a number, the value of its enumeration that means it, or the printed word."""
    if field.kind == "enum":
        return next((v for v in field.values if _means(v, times)), None)
    return (printed or None) if field.kind == "string" else times


def _means(value: Scalar, times: int) -> bool:
    if not isinstance(value, str):
        return value == times and not isinstance(value, bool)
    said = value.lower()
    if times == 1:
        return said == "1" or said in _ONES
    return said == str(times) or (_TIMES.match(said) is not None and _times(said) == times)


def _times(word: str) -> int:
    """1,000 for `thousands` and its like, and so on."""
    low = word.lower()
    if low.startswith(("th", "ta", "mill") if low.startswith("milliers") else ("th", "ta", "mile", "mig")):
        return 1_000
    return 1_000_000_000 if low.startswith("bi") else 1_000_000
