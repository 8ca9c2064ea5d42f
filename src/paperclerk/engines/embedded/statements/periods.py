"""What a column of a statement covers: as its heading says it, or as `FY2025 Q2`, worked out. Called by `figures`.

A heading such as `Three Months Ended / January 25, / 2025` is spread over several strips and stands over several
columns. Each of its parts is read by itself, the nearest to a column counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paperclerk.domain.result import ABSENT, Leaf
from paperclerk.engines.embedded.tables.cells import leaf_for, text_of
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.tables.years import year_in
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

_CANONICAL = re.compile(r"\bFY ?\d{4} (?:Q[1-4]|H[12])\b|\bFY\\d\{4\}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_YEAR_END = re.compile(rf"\b(?:fiscal )?years? (?:ended|ending) (?:on )?({_MONTH})\b", re.I)
_SPAN = re.compile(
    r"\b(three|six|nine|twelve|thirteen|twenty-six|thirty-nine|fifty-two|fifty-three|3|6|9|12|13|26|39|52|53)"
    r"[ -](?:months?|weeks?)\b|\b(quarter|year)s? ended\b",
    re.I,
)
_LONG = {
    "three": 3, "3": 3, "thirteen": 3, "13": 3, "quarter": 3, "six": 6, "6": 6, "twenty-six": 6, "26": 6,
    "nine": 9, "9": 9, "thirty-nine": 9, "39": 9, "twelve": 12, "12": 12, "fifty-two": 12, "52": 12,
    "fifty-three": 12, "53": 12, "year": 12,
}  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d[,.]?")
HEADING_ABOVE = 60  # strips
HEADING_STRIPS = 4
HEADING_WORDS = 30
COLUMN_WORDS = 6  # over one column
YEAR_WITHIN = 0.12  # of the page's width


@dataclass(frozen=True)
class _Part:
    """A word or phrase of a heading: what it says, and where."""

    said: int
    piece: Piece

    def away(self, x: float) -> float:
        return abs(self.piece.box.cx - x)


def is_canonical(field: Field) -> bool:
    """Whether a field asks for periods as `FY2025 Q2`, by the examples of its description or by its pattern."""
    return field.kind == "string" and bool(_CANONICAL.search(f"{field.description} {field.pattern or ''}"))


def year_end(pages: Sequence[Sequence[Strip]]) -> int | None:
    """The month in which the business year ends, by what the document calls one; None where it does not say."""
    said = Counter(
        _month(found[1]) for strips in pages for s in strips for found in _YEAR_END.finditer(s.text)
    )
    return said.most_common(1)[0][0] if said else None


def over(
    strips: Sequence[Strip], row: Strip, column: Piece, field: Field, locale: Locale, ends: int | None
) -> Leaf:
    """What stands over a column of a row: the nearest dates and years above, and the heading over them. Where the
    schema wants `FY2025 Q2`, that is worked out from them. `strips` are those of the page; `ends`: see `year_end`."""
    if ends is not None and is_canonical(field):
        said = period(strips, row, column, ends)
        if said is not None:
            return said
    if field.kind == "integer":
        return _year_over(strips, row, column)
    found: list[Piece] = []
    for strip in _above(strips, row):
        dated = [p for p in strip.pieces if _is_over(p, column) and _is_dated(p.text)]
        if dated and len(dated[0].words) <= COLUMN_WORDS:
            found = [*dated[:1], *found]
            if len(found) == 2 or not dated[0].text.strip().isdigit():
                break
        elif found:
            break
    return leaf_for(field, text_of(found), locale, 0.4) if found else ABSENT


def headed(strips: Sequence[Strip], row: Strip, column: Piece) -> Piece | None:
    """What says a year over a column."""
    return next(
        (
            piece
            for strip in _above(strips, row)
            for piece in strip.pieces
            if _is_over(piece, column)
            and len(piece.words) <= COLUMN_WORDS
            and year_in(piece.text) is not None
        ),
        None,
    )


def _year_over(strips: Sequence[Strip], row: Strip, column: Piece) -> Leaf:
    piece = headed(strips, row, column)
    year = year_in(piece.text) if piece is not None else None
    if piece is None or year is None:
        return ABSENT
    at = piece.text.find(str(year))
    return text_of([piece]).leaf(year, at, at + 4, 0.8)


def _above(strips: Sequence[Strip], row: Strip) -> Iterator[Strip]:
    """The strips above a row, the nearest first."""
    at = next(i for i, s in enumerate(strips) if s.index == row.index)
    return reversed(strips[max(0, at - HEADING_ABOVE) : at])


def _is_over(piece: Piece, column: Piece) -> bool:
    return piece.box.overlap_x(column.box) > 0.3 * min(piece.box.width, column.box.width)


def _is_dated(text: str) -> bool:
    return bool(re.search(r"\b(?:19|20)\d\d\b|\b[QH][1-4]\b|\bFY ?\d\d", text)) or "ended" in text.lower()


def period(strips: Sequence[Strip], row: Strip, column: Piece, ends: int) -> Leaf | None:
    """The period over a column of a row. `strips` are those of the page; `ends` the month the year ends in."""
    heading = _heading(strips, row)
    x = column.box.cx
    near = [
        min(found, key=lambda part: part.away(x), default=None)
        for found in (
            [p for s in heading for p in _years(s)],
            [p for s in heading for p in _months(s)],
            [p for s in heading for p in _spans(s)],
        )
    ]
    year, month, span = near
    if year is None or month is None or year.away(x) > YEAR_WITHIN * row.page.width:
        return None
    parts = [p.piece for p in (span, month, year) if p is not None]
    text = text_of(parts)
    said = canonical(year.said, month.said, span.said if span else None, ends)
    leaf = text.leaf(said, sure=0.6)
    return Leaf(said, leaf.spans, leaf.score, inferred=True)


def canonical(year: int, month: int, months: int | None, ends: int) -> str:
    """`FY2025 Q2` for what ends in a month and covers `months` (None: a day). Years are called by the year they end
    in; weeks make a quarter end in a month beside its own."""
    quarter = round((month - ends) % 12 / 3) or 4
    business = year if quarter == 4 or month <= ends else year + 1
    if months == 12 or (months is None and quarter == 4):
        return f"FY{business}"
    if months == 9:
        return f"FY{business} YTD"
    if months == 6:
        return f"FY{business} H{1 if quarter <= 2 else 2}"
    return f"FY{business} Q{quarter}"


def _heading(strips: Sequence[Strip], row: Strip) -> list[Strip]:
    """The nearest strips above a row that hold years over columns, and those right above them."""
    at = next(i for i, s in enumerate(strips) if s.index == row.index)
    first = row.pieces[1].box.x0 if len(row.pieces) > 1 else row.box.x0
    for i in range(at - 1, max(-1, at - 1 - HEADING_ABOVE), -1):
        years = [y for y in _years(strips[i]) if y.piece.box.x1 > first - row.size]
        if years and len(strips[i].words) <= HEADING_WORDS:
            above = strips[max(0, i - HEADING_STRIPS) : i + 1]
            return [s for s in above if len(s.words) <= HEADING_WORDS]
    return []


def _years(strip: Strip) -> Iterator[_Part]:
    for piece, w in _words(strip):
        if _YEAR.fullmatch(strip.page.words[w].text):
            yield _Part(int(strip.page.words[w].text[:4]), Piece(piece.page, (w,)))


def _months(strip: Strip) -> Iterator[_Part]:
    for piece, w in _words(strip):
        if re.fullmatch(rf"{_MONTH}\.?", strip.page.words[w].text, re.I):
            yield _Part(_month(strip.page.words[w].text), Piece(piece.page, (w,)))


def _spans(strip: Strip) -> Iterator[_Part]:
    for piece in strip.pieces:
        for found in _SPAN.finditer(piece.text):
            words = text_of([piece]).part(found.start(), found.end())[0].parts
            yield _Part(
                _LONG[(found[1] or found[2]).lower()], Piece(piece.page, tuple(p.index for p in words))
            )


def _words(strip: Strip) -> Iterator[tuple[Piece, int]]:
    return ((p, w) for p in strip.pieces for w in p.words)


def _month(word: str) -> int:
    return _MONTHS.index(word[:3].lower()) + 1
