"""Aligns what a model says of a value to the words of the pages. Called by `engines.models`.

A model's claim is a value, the words it was read from (the quote) and a page. The quote is looked for as it
stands, then with look-alike characters exchanged, then over the lines of a column, then by likeness; numbers
and dates also by value. A value counts as read only when the place found holds *the value*: a true quote
beside an invented value places nothing. Digits are never matched by likeness.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Scalar, Span
from paperclerk.grounding import align_find as find
from paperclerk.grounding.align_find import Match, span_box
from paperclerk.grounding.align_text import FoldedPage, LineText, fold
from paperclerk.grounding.places import part_text
from paperclerk.printed.dates import find_dates
from paperclerk.printed.locale import Locale, infer
from paperclerk.printed.numbers import find_numbers

Kind = Literal["text", "number", "choice"]  # choice: an enum or a boolean, which may be concluded
Look = Callable[[FoldedPage, str], list[Match]]
NumberLook = Callable[[LineText, float, Locale], list[Match]]

LOCALE_LINES = 2000  # lines that are enough to tell a document's locale
SIDEWAYS, DOWNWARDS = 1.0, 3.0  # what a step costs when looking for the nearest of several places


@dataclass(frozen=True)
class Claim:
    """What a model says of one value. `page` is a `Page.index`, a hint only. `label` names the field."""

    value: Scalar
    quote: str = ""
    page: int | None = None
    kind: Kind = "text"
    label: str = ""


@dataclass(frozen=True)
class Candidate:
    """One place that holds a claimed value. `score` (0..1) says how sure the finding is.

    `inferred`: the place holds the evidence, and the value was concluded from it. `told`: the words quoted say
    more than the value, and of all places that hold it they name this one.
    """

    span: Span
    box: Box
    score: float
    inferred: bool = False
    told: bool = False


class Aligner:
    """Aligns claims to `pages`. Cheap to make; a page is folded when it is first looked at."""

    def __init__(self, pages: Sequence[Page], locale: Locale | None = None) -> None:
        self.pages: Mapping[int, Page] = {p.index: p for p in pages}
        self._order = tuple(self.pages)
        self._folded: dict[int, FoldedPage] = {}
        self._known: dict[tuple[object, ...], list[Candidate]] = {}
        self._locale = locale

    @functools.cached_property
    def locale(self) -> Locale:
        return self._locale or infer(_some_lines(self.folded(i) for i in self._order))

    def folded(self, index: int) -> FoldedPage:
        if index not in self._folded:
            self._folded[index] = FoldedPage(self.pages[index])
        return self._folded[index]

    def within(self, pages: Iterable[int]) -> Aligner:
        """An aligner over some of the pages, by index, that shares what this one has folded."""
        part = Aligner([self.pages[i] for i in pages], self.locale)
        part._folded = self._folded
        return part

    def place(self, claim: Claim, near: Sequence[Box] = ()) -> Candidate | None:
        """The place of a claim: of several, the nearest to `near` or to the field's label, else the first."""
        candidates = self.candidates(claim)
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        boxes = {c.span.page: near or self._labels(c.span.page, claim.label) for c in candidates}
        nearest = min(candidates, key=lambda c: distance(c.box, boxes[c.span.page]))
        return replace(nearest, told=False)

    def candidates(self, claim: Claim) -> list[Candidate]:
        """Every place that holds the claimed value, of the surest kind that there is, in reading order.

        Where the hinted page has one of that kind, only that page's.
        """
        if claim.value is None:
            return []
        asked = (type(claim.value), claim.value, claim.quote, claim.page, claim.kind)
        if asked not in self._known:  # the rows of a table say few things often
            found = self._quoted(claim) or self._unquoted(claim)
            best = max((c.score for c in found), default=0.0)
            self._known[asked] = [c for c in found if c.score >= best - 1e-9]
        return list(self._known[asked])

    def _quoted(self, claim: Claim) -> list[Candidate]:
        quote = claim.quote.strip()
        if not quote:
            return []
        for look in (find.exact, find.confused, find.pieced, find.fuzzy):
            found = self._on_pages(claim.page, functools.partial(self._narrowed, look, quote, claim))
            if found:
                return found
        return []

    def _narrowed(self, look: Look, quote: str, claim: Claim, folded: FoldedPage) -> Iterator[Candidate]:
        for match in look(folded, quote):
            inner = self.value_in(match.span, claim)
            if inner is not None:
                told = inner.span != match.span
                yield self._candidate(inner.span, min(match.score, inner.score), told=told)
            elif claim.kind == "choice":
                yield self._candidate(match.span, match.score, inferred=True)

    def _unquoted(self, claim: Claim) -> list[Candidate]:
        """The value looked for by itself: nothing was quoted, or the quote does not hold it."""
        value = claim.value
        if isinstance(value, bool):
            return []
        if isinstance(value, int | float):
            for reading in (find.number_in, find.glued_amount_in):
                found = self._on_pages(claim.page, functools.partial(self._numbers, reading, float(value)))
                if found:
                    return found
            return []
        if not isinstance(value, str) or not value.strip():
            return []
        looks = (find.exact,) if claim.kind == "choice" else (find.exact, find.confused, find.pieced)
        for look in looks:
            found = self._on_pages(claim.page, functools.partial(self._seen, look, value))
            if found:
                return found
        if claim.kind == "choice":
            return []
        said = said_by(value, self.locale)
        found = self._on_pages(claim.page, lambda folded: self._typed(folded, said)) if said else []
        if found:
            return found
        return self._on_pages(claim.page, functools.partial(self._seen, find.fuzzy, value))

    def _seen(self, look: Look, text: str, folded: FoldedPage) -> Iterator[Candidate]:
        return (self._candidate(m.span, m.score) for m in look(folded, text))

    def value_in(self, span: Span, claim: Claim) -> Match | None:
        """The part of `span` that holds the claimed value; None when it does not."""
        value = claim.value
        page = self.pages[span.page]
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            return self._number_in(span, float(value))
        wanted = fold(value)
        region = FoldedPage(page, region_words(span))
        if not wanted:
            inside = find.exact(region, value)
            return inside[0] if inside else None
        region_text = "".join(fold(part_text(p, page.words[p.index])) for p in span.parts)
        if region_text == wanted:
            return Match(span, find.EXACT)
        inside = [m for m in find.exact(region, value) if m.score == find.EXACT]
        if inside:
            return inside[0]
        typed = self._typed_in(LineText(page, region_words(span)), said_by(value, self.locale))
        if typed:
            return typed[0]
        if _same_digits(wanted, region_text) and fuzz.ratio(wanted, region_text) >= find.MIN_LIKENESS:
            return Match(span, find.FUZZY)
        confused = find.confused(region, value)
        return confused[0] if confused else None

    def _typed_in(self, line: LineText, said: Said) -> list[Match]:
        """Where a line holds the day or the amount that a text says."""
        for day in said.days:
            found = find.date_in(line, day, self.locale)
            if found:
                return found
        return [] if said.amount is None else find.number_in(line, said.amount, self.locale)

    def _number_in(self, span: Span, value: float) -> Match | None:
        page = self.pages[span.page]
        found = find.number_in(LineText(page, region_words(span)), value, self.locale)
        if found:
            return Match(found[0].span, find.EXACT)
        # digits inside a longer token: 4 of "Q4", 7.10 of "S7.10", 2018 of "31.12.2018"
        first = span.parts[0]
        if page.words[first.index].text[: first.start][-1:].isalpha():
            said = said_by(" ".join(part_text(p, page.words[p.index]) for p in span.parts), self.locale)
            if said.amount is not None and find.same_number(said.amount, value):
                return Match(span, find.EXACT)
        region = FoldedPage(page, region_words(span))
        text = find.plain_number(value).removesuffix(".0")
        inside = find.exact(region, text) if value >= 0 else []
        return inside[0] if inside and value == int(value) else None

    def _numbers(self, look: NumberLook, value: float, folded: FoldedPage) -> Iterator[Candidate]:
        for line in folded.lines:
            for match in look(line, value, self.locale):
                yield self._candidate(match.span, match.score)

    def _typed(self, folded: FoldedPage, said: Said) -> Iterator[Candidate]:
        for line in folded.lines:
            for match in self._typed_in(line, said):
                yield self._candidate(match.span, match.score)

    def _on_pages(
        self, hint: int | None, look: Callable[[FoldedPage], Iterable[Candidate]]
    ) -> list[Candidate]:
        """What `look` finds on the hinted page, else on all others."""
        if hint in self.pages:
            found = list(look(self.folded(hint)))  # type: ignore[arg-type]
            if found:
                return found
        return [c for i in self._order if i != hint for c in look(self.folded(i))]

    def _candidate(
        self, span: Span, score: float, *, inferred: bool = False, told: bool = False
    ) -> Candidate:
        return Candidate(span, span_box(span, self.pages[span.page]), score, inferred, told)

    def _labels(self, page: int, label: str) -> list[Box]:
        """Where the words of a label stand on a page: the whole label, else its longest word."""
        for words in (label, max(label.split(), key=len, default="")):
            if len(fold(words)) >= find.MIN_LONG - 1:
                found = [m for m in find.exact(self.folded(page), words) if m.score == find.EXACT]
                if found:
                    return [span_box(m.span, self.pages[page]) for m in found]
        return []


def distance(box: Box, others: Sequence[Box]) -> float:
    """How far `box` is from the nearest of `others`, page units; 0 without any. A row counts as near."""
    gaps = (
        SIDEWAYS * max(0.0, max(box.x0, o.x0) - min(box.x1, o.x1))
        + DOWNWARDS * max(0.0, max(box.y0, o.y0) - min(box.y1, o.y1))
        # what stands left of a label, or above it, is seldom its value
        + (DOWNWARDS * 2 * max(o.height, 1.0) if box.x1 <= o.x0 or box.y1 <= o.y0 else 0.0)
        for o in others
    )
    return min(gaps, default=0.0)


@dataclass(frozen=True)
class Said:
    """What a text says and nothing else: a day (one for each order its print allows), or an amount."""

    days: tuple[dt.date, ...] = ()
    amount: float | None = None

    def __bool__(self) -> bool:
        return bool(self.days) or self.amount is not None


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


@functools.lru_cache(maxsize=4096)
def said_by(text: str, locale: Locale) -> Said:
    text = text.strip()
    if len(text) > 40 or not any(c.isdigit() for c in text):
        return Said()
    days: dict[dt.date, None] = {}
    if _ISO.fullmatch(text):
        try:
            return Said((dt.date.fromisoformat(text[:10]),))
        except ValueError:
            pass
    for reading in (locale, Locale(order="dmy"), Locale(order="mdy")):
        for date in find_dates(text, reading):
            if (date.start, date.end) == (0, len(text)):
                days[date.value] = None
    numbers = find_numbers(text, locale)
    alone = len(numbers) == 1 and (numbers[0].full_start, numbers[0].full_end) == (0, len(text))
    return Said(tuple(days), numbers[0].value if alone else None)


def region_words(span: Span) -> list[int]:
    return list(dict.fromkeys(p.index for p in span.parts))


def _same_digits(a: str, b: str) -> bool:
    return [c for c in a if c.isdigit()] == [c for c in b if c.isdigit()]


def _some_lines(pages: Iterable[FoldedPage]) -> Iterator[str]:
    count = 0
    for page in pages:
        for line in page.lines:
            yield line.text
            count += 1
            if count >= LOCALE_LINES:
                return
