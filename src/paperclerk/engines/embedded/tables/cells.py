"""The text of a table cell, with the way back to its words, and the typed value read from it. Used by the
array modules (`records`, `ledger`, `blocks`, `figures`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import ABSENT, Leaf, Scalar, Span, WordPart
from paperclerk.engines.embedded.page import values
from paperclerk.engines.embedded.tables.roles import fold, words_of
from paperclerk.engines.embedded.tables.strips import Piece
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.dates import day_without_year
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number, find_numbers
from paperclerk.schemas.compiled import Field

_YES = frozenset(words("yes y true ja oui si sim x checked on wahr vrai pass passed ok bestanden conforme"))
_PASSED = re.compile(r"\bpass")
_NO = frozenset(words("no n false nein non nao nee off unchecked falsch faux fail failed durchgefallen"))


@dataclass(frozen=True)
class Text:
    """Words of one or more lines (pieces of strips, in reading order) as one string, joined by blanks."""

    pieces: tuple[Piece, ...]

    @cached_property
    def words(self) -> tuple[tuple[Page, int], ...]:
        return tuple((p.page, w) for p in self.pieces for w in p.words)

    @cached_property
    def text(self) -> str:
        return " ".join(p.text for p in self.pieces)

    @cached_property
    def box(self) -> Box:
        return union(p.box for p in self.pieces)

    @cached_property
    def score(self) -> float:
        return min(p.score for p in self.pieces)

    def part(self, start: int, end: int) -> tuple[Span, ...]:
        """The words, or parts of words, under characters `start:end`, one span a page."""
        spans: dict[int, list[WordPart]] = {}
        at = 0
        for page, w in self.words:
            size = len(page.words[w].text)
            lo, hi = max(start, at) - at, min(end, at + size) - at
            if lo < hi:
                spans.setdefault(page.index, []).append(WordPart(w, lo, None if hi == size else hi))
            at += size + 1
        return tuple(Span(number, tuple(parts)) for number, parts in spans.items())

    def leaf(self, value: Scalar, start: int = 0, end: int | None = None, sure: float = 0.8) -> Leaf:
        """`value`, read from characters `start:end`; doubt of the recogniser lowers `sure`."""
        spans = self.part(start, len(self.text) if end is None else end)
        return Leaf(value, spans, round(sure * (0.4 + 0.6 * self.score), 3)) if spans else ABSENT


def text_of(pieces: Iterable[Piece]) -> Text:
    return Text(tuple(pieces))


def numbers_of(text: Text, locale: Locale) -> tuple[Number, ...]:
    """Numbers in a cell; what OCR does to them (stray blanks, letters that look like digits) is forgiven."""
    seen = text.score < 1
    return _numbers(repaired(text.text) if seen else text.text, locale, seen)


_BARE = re.compile(r"[-(+]?[$€£¥]?\s?\d{1,3}(?:[.,]?\d{3})*(?:[.,]\d{1,4})?\)?\s?[$€£¥%]?")


@lru_cache(maxsize=20_000)  # the same cell is looked at for borders, sums and values
def _numbers(text: str, locale: Locale, seen: bool) -> tuple[Number, ...]:
    if not any(c.isdigit() for c in text):
        return ()
    if len(text) < 16 and _BARE.fullmatch(text):  # an amount alone: no date, no telephone number
        return tuple(find_numbers(text, locale, loose=seen))
    return values.read(text, locale, loose=seen).numbers


_LOOKALIKE = str.maketrans("OoDUSsIl|BZ", "00005511182")
_MISREAD = re.compile(r"(?<![\w.,])(RM|[$€£¥]|S(?=\d))?([\dOoDUSsIl|BZ]{1,6}[.,][\dOoSsIl|BZ]{2})(?![\w.,])")


def repaired(text: str) -> str:
    """Letters inside an amount as the digits they look like (`RMS.60`), character for character."""

    def digits(match: re.Match[str]) -> str:
        core = match[2].translate(_LOOKALIKE) if any(c.isdigit() for c in match[2]) else match[2]
        return ("$" if match[1] == "S" else match[1] or "") + core

    return _MISREAD.sub(digits, text)


def number_leaf(field: Field, text: Text, number: Number, sure: float) -> Leaf:
    """A number of a text for a field; ABSENT where an integer is wanted and it is none."""
    value: float | int | str = number.value
    if field.kind == "integer":
        if number.value != int(number.value):
            return ABSENT
        value = int(number.value)
    elif field.kind == "string":
        value = text.text[number.start : number.end]
    return text.leaf(value, number.start, number.end, sure)


def leaf_for(field: Field, text: Text, locale: Locale, sure: float = 0.8) -> Leaf:
    """The value of a cell for a field of scalar kind; ABSENT where the text does not hold such a value."""
    if not text.text.strip():
        return ABSENT
    if field.kind in ("number", "integer"):
        return _number(field, text, locale, sure)
    if field.kind == "boolean":
        return _boolean(field, text, sure)
    if field.kind == "enum":
        return _member(field, text, sure)
    if field.format in ("date", "date-time"):
        return _date(text, locale, sure)
    return _string(field, text, locale, sure)


def _number(field: Field, text: Text, locale: Locale, sure: float) -> Leaf:
    found = numbers_of(text, locale)
    if not found:
        return ABSENT
    best = max(found, key=lambda n: (n.is_money_like, -n.start)) if len(found) > 1 else found[0]
    if field.kind == "integer":
        if best.value != int(best.value):
            return ABSENT
        return text.leaf(int(best.value), best.start, best.end, sure)
    return text.leaf(best.value, best.start, best.end, sure)


def _boolean(field: Field, text: Text, sure: float) -> Leaf:
    marks = {m.kind for m in values.read(text.text, Locale()).marks}
    word = fold(text.text)
    if word in ("p", "f") and _PASSED.search(words_of(field.name)):
        return text.leaf(word == "p", sure=sure)
    if "checked" in marks or word in _YES:
        return text.leaf(True, sure=sure)
    if "unchecked" in marks or word in _NO:
        return text.leaf(False, sure=sure)
    return ABSENT


def _member(field: Field, text: Text, sure: float) -> Leaf:
    have = f" {fold(text.text)} "
    fitting = [v for v in field.values if v is not None and f" {fold(str(v))} " in have and fold(str(v))]
    if not fitting:
        return ABSENT
    best = max(fitting, key=lambda v: len(str(v)))
    return text.leaf(best, sure=sure)


def _date(text: Text, locale: Locale, sure: float) -> Leaf:
    found = values.read(text.text, locale).dates
    if not found:
        day = day_without_year(text.text, locale)
        return text.leaf(day.isoformat(), sure=0.9 * sure) if day is not None else ABSENT
    first = found[0]
    return text.leaf(first.value.isoformat(), first.start, first.end, sure)


def _string(field: Field, text: Text, locale: Locale, sure: float) -> Leaf:
    value = text.text.strip(" |;,")
    at = text.text.find(value)
    if "YYYY-MM-DD" in field.description:
        dated = _date(text, locale, sure)
        if dated.value is not None:
            return dated
    if not value or (field.max_length is not None and len(value) > field.max_length):
        return ABSENT
    return text.leaf(value, at, at + len(value), sure)


def has_letters(text: str, least: int = 2) -> bool:
    return sum(map(str.isalpha, text)) >= least


def lines_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces, in reading order, grouped into the lines they stand on."""
    lines: list[list[Piece]] = []
    for piece in pieces:
        if lines and lines[-1][-1].box.overlap_y(piece.box) > 0.5 * min(
            lines[-1][-1].box.height, piece.box.height
        ):
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return lines
