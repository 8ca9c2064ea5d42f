"""Arrays that ask for one line of a statement: `revenue: [{period, value, unit}, ...]`. Called by `arrays`.

The name of such an array is the label of a row; its elements are the numbers of that row, one a column, and
what the heading of the column, the currency mark and a remark such as `in millions` say about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from msgspec import structs

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.fields.confidence import FigureFacts, figure_probability
from paperclerk.engines.embedded.statements import periods
from paperclerk.engines.embedded.statements.breakdowns import (
    Breakdown,
    breakdowns,
    figure_in,
    is_level,
    level_of,
    repeats,
    segment_of,
)
from paperclerk.engines.embedded.statements.changes import changes, changing, is_change
from paperclerk.engines.embedded.statements.lines import Line, alike, concluded, telling
from paperclerk.engines.embedded.statements.search import Found, Lines, is_share, phrases, statement_of
from paperclerk.engines.embedded.statements.units import named_scale, scale, unit
from paperclerk.engines.embedded.tables.cells import Text, number_leaf, text_of
from paperclerk.engines.embedded.tables.roles import fold, roles_of_field, stems, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.tables.years import QUARTER, year_in
from paperclerk.engines.embedded.tables.years import when as when_of
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number
from paperclerk.schemas.compiled import Field

_VALUE = frozenset(
    ["value", "amount", "figure", "number", "total", "wert", "betrag", "montant", "valor", "valore"]
)
_PERIOD = frozenset(["period", "year", "quarter", "date", "fiscal", "column", "jahr", "periode", "exercice"])
_UNIT = frozenset(["unit", "currency", "einheit", "devise", "moneda", "valuta"])
_SCALE = frozenset(["scale", "multiplier", "factor", "magnitude"])
_PER_PIECE = re.compile(r"\bper (?:\w+ )?(?:share|unit)\b|\beps\b", re.I)  # amounts that no scale applies to
_CONSOLIDATED = re.compile(  # the literal that a schema wants where a figure is no part of the whole
    r"['\"]([^'\"]{1,16})['\"] (?:for|if) (?:the )?(?:company|group|consolidated|total|whole)", re.I
)
_OUTFLOW = frozenset(
    words("expense expenses paid cost costs repurchases payments capex purchases charge aufwand")
)
NAMED = 0.8
PROVED = 1.0
MOST_BACK = 5


@dataclass(frozen=True)
class Shown:
    """A figure of a line, and what stands in the column that says its period: itself, or the figure that changed."""

    piece: Piece
    number: Number
    over: Piece


def is_figure(element: Field) -> bool:
    """Whether an element is a number with its circumstances, and nothing that names a thing."""
    names = [(c, set(words_of(c.name).split())) for c in element.children if c.is_scalar]
    value = any(words & _VALUE and c.kind in ("number", "integer", "any", "string") for c, words in names)
    about = any(words & (_PERIOD | _UNIT | _SCALE) for _, words in names)
    named = any(
        c.kind == "string"
        and (roles_of_field(c).get("description", 0) > 0.8 or words_of(c.name).endswith(" description"))
        for c, _ in names
    )
    return value and about and not named


def is_whole(element: Field, row: Tree) -> bool:
    """Whether a row, read by other means, holds the number that such an element is about and the period it is asked
    with (or the unit, where no period is): a number alone may be any."""
    scalars = [c for c in element.children if c.is_scalar]
    about = _PERIOD if any(_is_period(c) for c in scalars) else _UNIT | _SCALE
    said = {
        kind
        for c in scalars
        for kind in (_VALUE, about)
        if isinstance(row, dict) and row[c.name].value is not None and set(words_of(c.name).split()) & kind
    }
    return len(said) == 2


class Statements:
    """What the statements of a document say of the fields and arrays that ask for their figures."""

    def __init__(self, pages: Sequence[Sequence[Strip]], locale: Locale) -> None:
        self.pages, self.locale = pages, locale
        self._lines = Lines(pages, locale)

    def elements(self, array: Field, element: Field) -> list[dict[str, Tree]]:
        """One element for every number of the row that the array names, and of the rows that it is broken down into
        where an element names a segment; none where no row does."""
        found = self._lines.best(array)
        base = changing(array) if found is None else None
        if base is not None:
            return self._changed(array, base, element)
        share = is_share(array)
        parts = None if share else self._broken_down(array, array, element, found, _width)
        made: list[dict[str, Tree]] = []
        if found is not None and (parts is None or _asks_for_whole(element)):
            cells = [Shown(p, n, p) for p, n in found.line.cells if n.percent == share]
            made += self._of(array, element, found, cells)
        if parts is not None:
            for row in parts.rows:
                made += self._of(array, element, _proved(row), _shown(row, parts, found), row.label)
        return made

    def _changed(self, array: Field, base: Field, element: Field) -> list[dict[str, Tree]]:
        """One element for every change of a figure that a line prints beside it, of the whole and of each segment."""
        whole = self._lines.best(base)
        parts = self._broken_down(array, base, element, whole, _changes_of)
        lines: list[tuple[Line, Text | None]] = []
        if whole is not None and (parts is None or _asks_for_whole(element)):
            again = [x for x in self._lines.every if repeats(x, whole.line)]
            lines.append((max(again, key=_changes_of), None))
        lines += [(row, row.label) for row in parts.rows] if parts is not None else []
        return [
            made
            for line, part in lines
            for made in self._of(
                array, element, _proved(line), [Shown(c.piece, c.number, c.of) for c in changes(line)], part
            )
        ]

    def _broken_down(
        self, array: Field, figure: Field, element: Field, whole: Found | None, worth: Callable[[Line], int]
    ) -> Breakdown | None:
        """The rows of the segments of the figure that an array is about: of several tables that which the schema's
        words for a part name, and which says most."""
        part = segment_of(element)
        if part is None:
            return None
        wanted = [telling(phrase) for phrase, _ in phrases(figure)]
        asked = stems(fold(f"{words_of(array.name)} {array.description} {words_of(part.name)}"))
        found = breakdowns(
            self.pages,
            self._lines.by_page,
            lambda said: any(alike(w, said) >= NAMED for w in wanted),
            whole.line if whole is not None else None,
        )
        return max(found, key=lambda b: (len(b.said & asked), worth(b.total)), default=None)

    def _of(
        self, array: Field, element: Field, found: Found, shown: Sequence[Shown], part: Text | None = None
    ) -> list[dict[str, Tree]]:
        """An element for each figure of a line."""
        line = found.line
        outflow = bool(set(words_of(array.name).split()) & _OUTFLOW) and "(" not in line.label.text
        periods = [self._periods(element, line, s.over) for s in shown]
        said = [tuple(leaf.value for leaf in p.values()) for p in periods]
        elements = []
        for figure, over, when in zip(shown, periods, said, strict=True):
            facts = FigureFacts(
                found.titled, found.match, None not in when, said.count(when) == 1, part is not None
            )
            number = (
                structs.replace(figure.number, value=abs(figure.number.value)) if outflow else figure.number
            )
            elements.append(
                self._element(array, element, line, replace(figure, number=number), over, facts, part)
            )
        return elements

    def compared(self, thing: Field) -> dict[str, Leaf]:
        """Values of an object that asks for one figure in several years: `revenue: {current_year, prior_year}`, or
        `{2024, 2023}`. The years over the columns tell which is which, else the order."""
        asked = {
            c.name: when for c in thing.children if c.is_scalar and (when := when_of(c.name)) is not None
        }
        best = self._lines.best(thing) if len(asked) >= 2 else None
        if best is None:
            return {}
        found: dict[str, Leaf] = {}
        for name, (piece, number, dated, distinct) in self._in_years(best.line, asked).items():
            facts = FigureFacts(best.titled, best.match, dated, distinct)
            sure = figure_probability(facts, "value") if dated else 0.6
            found[name] = text_of([piece]).leaf(number.value, number.start, number.end, sure)
        return found

    def _in_years(self, line: Line, asked: Mapping[str, int]) -> dict[str, tuple[Piece, Number, bool, bool]]:
        """The figure of a line in the year of each property, whether a heading says the year, and whether once."""
        cells = [cell for cell in line.cells if not cell[1].percent] or line.cells
        heads = [over.text if (over := self._headed(line, p)) is not None else "" for p, _ in cells]
        years = [year_in(head) for head in heads]
        known = sorted({y for y in years if y is not None}, reverse=True)
        found = {}
        for name, when in asked.items():
            year = when if when > MOST_BACK else known[when] if when < len(known) else None
            at = _column(name, year, heads) if year in known else when if not known else None
            if at is not None and at < len(cells):
                found[name] = (*cells[at], year is not None, years.count(year) == 1)
        return found

    def compared_rows(self, array: Field, element: Field) -> list[dict[str, Tree]]:
        """A figure by segment in columns that the schema calls by when they are: `revenue_by_region: [{region,
        current, prior, change_percent}]`. None where the rows do not add up."""
        part = segment_of(element)
        numbers = [c for c in element.children if c.kind in ("number", "integer")]
        when = {c.name: back for c in numbers if (back := when_of(c.name)) is not None}
        if part is None or not when:
            return []
        figure = replace(array, name=figure_in(words_of(array.name)), title="", description="")
        parts = self._broken_down(array, figure, element, self._lines.best(figure), _width)
        return (
            [self._compared_row(element, part, when, row) for row in parts.rows] if parts is not None else []
        )

    def _compared_row(
        self, element: Field, part: Field, when: Mapping[str, int], row: Line
    ) -> dict[str, Tree]:
        sure = figure_probability(FigureFacts(False, PROVED, True, True, part=True), "value")
        made: dict[str, Tree] = {c.name: empty(c) for c in element.children}
        label = row.label.text.rstrip(" :")
        made[part.name] = row.label.leaf(label, 0, len(label), sure)
        for name, (piece, number, _, _) in self._in_years(row, when).items():
            made[name] = text_of([piece]).leaf(number.value, number.start, number.end, sure)
        change = next(changes(row), None)
        for child in element.children if change is not None else ():
            if change is not None and child.kind == "number" and is_change(child):
                number = change.number
                made[child.name] = text_of([change.piece]).leaf(number.value, number.start, number.end, sure)
        return made

    def single(self, field: Field) -> Leaf:
        """A number alone, asked for in an object named after a statement (`balance_sheet: {inventories}`): the newest
        column of its row there. ABSENT where no page has that title or no row fits."""
        if not any(statement_of(name) for name in field.ancestors):
            return ABSENT
        best = self._lines.best(field)
        if best is None or not best.titled:
            return ABSENT
        cells = [c for c in best.line.cells if c[1].percent == is_share(field)]
        heads = [self._headed(best.line, piece) for piece, _ in cells]
        years = [year_in(head.text) or 0 if head is not None else 0 for head in heads]
        piece, number = cells[years.index(max(years))]
        facts = FigureFacts(True, best.match, bool(max(years)), years.count(max(years)) == 1)
        sure = figure_probability(facts, "value")
        return number_leaf(field, text_of([piece]), number, sure)

    def _headed(self, line: Line, piece: Piece) -> Piece | None:
        return periods.headed(self.pages[line.page], line.strip, piece)

    def _element(
        self,
        array: Field,
        element: Field,
        line: Line,
        shown: Shown,
        periods: Mapping[str, Leaf],
        facts: FigureFacts,
        part: Text | None,
    ) -> dict[str, Tree]:
        made: dict[str, Tree] = {}
        text, number = text_of([shown.piece]), shown.number
        named = segment_of(element) if part is not None else None
        doubt = 0.4 + 0.6 * min(text.score, line.label.score)
        for child in element.children:
            words = set(words_of(child.name).split())
            kind: Literal["value", "period", "about"]
            kind = "period" if child.name in periods else "value" if words & _VALUE else "about"
            if kind == "value":
                made[child.name] = text.leaf(number.value, number.start, number.end)
            elif kind == "period":
                made[child.name] = periods[child.name]
            elif words & _SCALE:
                whole = number.percent or _PER_PIECE.search(f"{words_of(array.name)} {array.description}")
                made[child.name] = (
                    concluded(named_scale(child, 1), text, number)
                    if whole
                    else scale(self.pages[line.page], line, child)
                )
            elif words & _UNIT:
                made[child.name] = unit(self.pages[line.page], line, text, number)
            elif part is not None and child is named:
                label = part.text.rstrip(" :")
                made[child.name] = part.leaf(label, 0, len(label))
            elif part is not None and is_level(child):
                made[child.name] = concluded(level_of(child, part.text), text, number)
            elif child.kind == "enum" and child.default in child.values and child.default is not None:
                made[child.name] = concluded(child.default, text, number)
            elif child.kind == "string" and (literal := _CONSOLIDATED.search(child.description)):
                made[child.name] = concluded(literal[1], text, number)
            else:
                made[child.name] = empty(child)
            leaf = made[child.name]
            if isinstance(leaf, Leaf) and leaf.value is not None:
                sure = doubt * figure_probability(facts, kind)
                made[child.name] = structs.replace(leaf, score=round(sure, 3))
        return made

    @cached_property
    def _year_end(self) -> int | None:
        return periods.year_end(self.pages)

    def _periods(self, element: Field, line: Line, piece: Piece) -> dict[str, Leaf]:
        """The period over a column, for each property that asks for one."""
        strips, ends = self.pages[line.page], self._year_end
        return {
            c.name: periods.over(strips, line.strip, piece, c, self.locale, ends)
            for c in element.children
            if _is_period(c)
        }


def _width(line: Line) -> int:
    return len(line.cells)


def _changes_of(line: Line) -> int:
    return len(list(changes(line)))


def _proved(line: Line) -> Found:
    return Found(line, PROVED, titled=False)


def _shown(row: Line, parts: Breakdown, whole: Found | None) -> list[Shown]:
    """The figures of a row in the columns whose sum is one of the whole's: others are differences and shares."""
    own = None if whole is None else {n.value for _, n in whole.line.cells}
    sums = [p.box for p, n in parts.total.cells if not n.percent and (own is None or n.value in own)]
    return [
        Shown(p, n, p)
        for p, n in row.cells
        if not n.percent and any(p.box.overlap_x(box) > 0 for box in sums)
    ]


def _asks_for_whole(element: Field) -> bool:
    """Whether elements for all segments together are wanted: the schema says how to name them."""
    return any(c.kind == "string" and _CONSOLIDATED.search(c.description) for c in element.children)


def _column(name: str, year: int | None, heads: Sequence[str]) -> int | None:
    """The column of a year; where several have it, the one that also says the quarter."""
    of_year = [i for i, head in enumerate(heads) if year_in(head) == year]
    quarter = re.search(QUARTER, name, re.I)
    said = [i for i in of_year if quarter and quarter.group().lower() in heads[i].lower()]
    return next(iter(said or of_year), None)


def _is_period(field: Field) -> bool:
    words = set(words_of(field.name).split())
    return bool(words & _PERIOD) and not words & _VALUE
