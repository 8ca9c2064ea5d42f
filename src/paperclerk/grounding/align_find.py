"""Every place on one page where a quote, a number or a date stands. Called by `align`; pure."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import msgspec
from rapidfuzz import fuzz

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import Span
from paperclerk.grounding.align_text import FoldedPage, LineText, fold, part, unconfused
from paperclerk.printed.dates import find_dates
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number, find_numbers

# How much a place is worth, by the way it was found.
EXACT, BY_VALUE, INSIDE, CONFUSED, PIECED = 1.0, 0.95, 0.9, 0.85, 0.8
FUZZY = 0.8  # times the likeness

MIN_LIKENESS = 85  # rapidfuzz ratio, 0..100
MIN_FUZZY = 6  # folded characters; shorter quotes are found as they are or not at all
MIN_INSIDE = 6  # shorter quotes must begin and end where a token does
MIN_LONG = 4
MAX_PIECES = 8
MOST = 200  # places of one quote on one page

_GLUED_AMOUNT = re.compile(r"(?<=[^\W\d_])(\d[\d.,]*[.,]\d\d)(?![\d.,])")


class Match(NamedTuple):
    """One place, and how sure the finding is (0..1)."""

    span: Span
    score: float


def span_box(span: Span, page: Page) -> Box:
    return union(page.words[p.index].box for p in span.parts)


def exact(folded: FoldedPage, quote: str) -> list[Match]:
    """The quote as it stands; inside a longer token only where it is long and tears no number."""
    wanted = fold(quote)
    if not wanted:
        return _symbols(folded.page, quote.strip())
    found = []
    for start in _occurrences(folded.text, wanted):
        end = start + len(wanted)
        cuts = max(_cut_of_digits(folded, start), _cut_of_digits(folded, end))
        if cuts == 2:
            continue
        torn = len(wanted) < MIN_LONG - 1 and (_is_torn(folded, start) or _is_torn(folded, end))
        if folded.is_start(start) and folded.is_start(end):
            found.append(Match(_dressed(folded, start, end, quote), INSIDE if cuts or torn else EXACT))
        elif len(wanted) >= MIN_INSIDE and not cuts:
            found.append(Match(folded.span(start, end), INSIDE))
    best = max((m.score for m in found), default=0.0)
    return [m for m in found if m.score == best]


def confused(folded: FoldedPage, quote: str) -> list[Match]:
    """The quote with look-alike characters exchanged, at token borders, at most a third of it."""
    wanted = fold(quote)
    if len(wanted) < MIN_LONG:
        return []
    found = []
    for start in _occurrences(folded.unconfused, unconfused(wanted)):
        end = start + len(wanted)
        differing = sum(a != b for a, b in zip(wanted, folded.text[start:end], strict=True))
        if 3 * differing <= len(wanted) and folded.is_start(start) and folded.is_start(end):
            found.append(Match(folded.span(start, end), CONFUSED))
    return found


def fuzzy(folded: FoldedPage, quote: str) -> list[Match]:
    """The likeliest stretch; letters may differ, digits may not."""
    wanted = fold(quote)
    if len(wanted) < MIN_FUZZY or not any(c.isalpha() for c in wanted):
        return []
    seen = fuzz.partial_ratio_alignment(wanted, folded.text, score_cutoff=MIN_LIKENESS)
    if seen is None or len(folded.text) < len(wanted):
        return []
    best: tuple[float, int, int] | None = None
    for start in _borders(folded, seen.dest_start):
        for end in _borders(folded, seen.dest_end):
            if end <= start:
                continue
            likeness = fuzz.ratio(wanted, folded.text[start:end])
            if likeness >= MIN_LIKENESS and (best is None or likeness > best[0]):
                best = (likeness, start, end)
    if best is None or _digits(wanted) != _digits(folded.text[best[1] : best[2]]):
        return []
    return [Match(folded.span(best[1], best[2]), FUZZY * best[0] / 100)]


def pieced(folded: FoldedPage, quote: str) -> list[Match]:
    """A quote whose lines stand below each other in a column, with other columns' words between them."""
    words = quote.split()
    if len(words) < 2:
        return []
    taken: list[Span] = []
    while words:
        if len(taken) == MAX_PIECES:
            return []
        step = _next_piece(folded, words, taken[-1] if taken else None)
        if step is None:
            return []
        count, span = step
        taken.append(span)
        words = words[count:]
    return [Match(Span(folded.page.index, tuple(p for s in taken for p in s.parts)), PIECED)]


def _next_piece(folded: FoldedPage, words: list[str], after: Span | None) -> tuple[int, Span] | None:
    """The longest head of `words` that stands, right of `after` or close below it, and its place."""
    for count in range(len(words), 0, -1):
        quote = " ".join(words[:count])
        if after is None and (count == 1 and len(fold(quote)) < MIN_LONG):
            return None
        places = [m.span for m in exact(folded, quote) if m.score == EXACT]
        if after is not None:
            places = [p for p in places if _follows(folded.page, after, p)]
        if places:
            return count, places[0]
    return None


def _follows(page: Page, before: Span, span: Span) -> bool:
    last = page.words[before.parts[-1].index].box
    column, box = span_box(before, page), span_box(span, page)
    height = max(last.height, 1.0)
    if last.overlap_y(box) >= 0.5 * min(last.height, box.height):
        return 0 <= box.x0 - last.x1 <= 6 * height
    below = box.cy - last.cy
    return 0 < below <= 3 * height and abs(box.x0 - column.x0) <= max(3 * height, 0.25 * column.width)


@functools.lru_cache(maxsize=8192)  # the cells of a table are looked at for many rows, and few of them differ
def numbers(text: str, locale: Locale) -> tuple[Number, ...]:
    """The numbers of a line under every reading that its print allows."""
    other = replace(locale, decimal="," if locale.decimal == "." else ".")
    spaced = replace(locale, decimal=",", space_groups=True)
    found: dict[tuple[int, int, float], Number] = {}
    for reading, loose in ((locale, False), (locale, True), (other, False), (spaced, False)):
        for number in find_numbers(text, reading, loose=loose):
            found.setdefault((number.start, number.end, number.value), number)
    return tuple(found.values())


def number_in(line: LineText, value: float, locale: Locale) -> list[Match]:
    """Where `value` is printed; a percentage may be given as its share."""
    key = significant(value)
    if key not in line.digits:
        return []
    return [
        Match(line.span(n.start, n.end), BY_VALUE)
        for n in numbers(line.text, locale)
        if same_number(n.value, value) or (n.percent and same_number(n.value / 100, value))
    ]


def glued_amount_in(line: LineText, value: float, locale: Locale) -> list[Match]:
    """Where `value` is printed with decimals right behind letters, as where a blank was lost: TOTAL93.00."""
    found = []
    if significant(value) in line.digits:
        for amount in _GLUED_AMOUNT.finditer(line.text):
            for n in numbers(amount[1], locale):
                if same_number(n.value, value) and (n.start, n.end) == (0, len(amount[1])):
                    found.append(Match(line.span(amount.start(1), amount.end(1)), INSIDE))
    return found


def date_in(line: LineText, day: dt.date, locale: Locale) -> list[Match]:
    """Where `day` is printed, with day and month in the document's order, or in the other where it is open."""
    if f"{day.year % 100:02d}" not in line.digits:
        return []
    other = replace(locale, order="dmy" if locale.order == "mdy" else "mdy")
    for order in (locale, other):
        found = [d for d in find_dates(line.text, order) if d.value == day]
        if found:
            return [Match(line.span(d.start, d.end), BY_VALUE) for d in found]
    return []


def same_number(a: float, b: float) -> bool:
    """Equal but for binary rounding."""
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def significant(value: float) -> str:
    """The digits that must be printed wherever `value` is."""
    return "".join(c for c in plain_number(abs(value)) if c.isdigit()).strip("0")


def plain_number(value: float) -> str:
    """The shortest digits that are this number, without an exponent: more would show binary rounding."""
    return f"{Decimal(repr(value)):f}"


def _occurrences(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    count = 0
    while at >= 0 and count < MOST:
        yield at
        count += 1
        at = text.find(wanted, at + 1)


def _cut_of_digits(folded: FoldedPage, at: int) -> int:
    """What a border at `at` tears in one word: 2 a run of digits, 1 a number at a mark (31|.12.2018), 0 nothing."""
    if at <= 0 or at >= len(folded.text) or folded.word[at] != folded.word[at - 1]:
        return 0
    before, after = folded.text[at - 1], folded.text[at]
    if before.isdigit() and after.isdigit():
        return 2
    return int(before in "0123456789." and after in "0123456789.")


def _is_torn(folded: FoldedPage, at: int) -> bool:
    """Whether a border at `at` stands inside a word, where letters meet digits: a lost blank, or 0 of "2p0"."""
    if at <= 0 or at >= len(folded.text) or folded.word[at] != folded.word[at - 1]:
        return False
    return folded.char[at] == folded.char[at - 1] + 1


def _borders(folded: FoldedPage, near: int) -> Iterable[int]:
    """Token borders around a character, nearest first."""
    length = len(folded.text)
    reach = [b for d in range(16) for b in {near - d, near + d} if 0 <= b <= length]
    return [b for b in reach if folded.is_start(b)][:4]


def _digits(folded: str) -> str:
    return "".join(c for c in folded if c.isdigit())


def _dressed(folded: FoldedPage, start: int, end: int, quote: str) -> Span:
    """The span, with the punctuation at its ends that the quote has too."""
    span = folded.span(start, end)
    text = quote.strip()
    if text[0].isalnum() and text[-1].isalnum():
        return span
    head = text[: next((i for i, c in enumerate(text) if fold(c)), 0)]
    tail = text[len(text) - next((i for i, c in enumerate(reversed(text)) if fold(c)), 0) :]
    first, last = span.parts[0], span.parts[-1]
    word = folded.page.words[first.index].text
    opening = first.start
    while head and opening > 0 and word[opening - 1] == head[-1]:
        opening, head = opening - 1, head[:-1]
    first = msgspec.structs.replace(first, start=opening)
    parts = (first, *span.parts[1:])
    word = folded.page.words[last.index].text
    closing = len(word) if last.end is None else last.end
    while tail and closing < len(word) and word[closing] == tail[0]:
        closing, tail = closing + 1, tail[1:]
    last = part(folded.page, last.index, parts[-1].start, closing)
    return Span(span.page, (*parts[:-1], last))


def _symbols(page: Page, quote: str) -> list[Match]:
    """A quote of punctuation or symbols only: words that are it."""
    if not quote:
        return []
    return [
        Match(Span(page.index, (part(page, i, 0, len(w.text)),)), EXACT)
        for i, w in enumerate(page.words)
        if w.text == quote
    ][:MOST]
