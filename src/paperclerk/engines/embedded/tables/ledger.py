"""Lists of goods without a heading, as on receipts: text on the left, amounts at the right edge. Called by `arrays`.

The strongest evidence is arithmetic: a stretch of amounts that adds up to an amount printed below it.
"""

from __future__ import annotations

import itertools
import operator
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from paperclerk.engines.embedded.tables.arithmetic import close, product_holds, runs_that_add_up
from paperclerk.engines.embedded.tables.cells import Text, has_letters, numbers_of, repaired, text_of
from paperclerk.engines.embedded.tables.roles import roles_of_label, starts_with_total
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number

MAX_ITEMS = 300
SUMMED = 3
_TOTAL = re.compile(r"(?i)\b(?:sub|grand|nett?)?[ -]?total\b|\bgst\b|\bcash\b|\bvat\b")
_OFTEN = ("total", "subtotal", "rounding", "change", "cash", "amount")
_TAIL = re.compile(
    r"(?:[-(+@]?(?:RM|[$€£¥S])?\d[\d.,]*\)?[-%]?[A-Z*]{0,3}|[xX×@*=:]|\d+[xX×]|[xX×]\d+|RM|USD|EUR|[$€£¥%]|[A-Za-z*]{1,3}i?\.?|"
    r"(?:pcs|pc|ea|kg|st|stk|unit)\.?|\d[\d.,]*(?:kg|g|l|lb|oz|m)|[$€£]?\d[\d.,]*/(?:kg|l|lb|m|ea|st))"
)
_MEASURED = re.compile(
    r"(?:n\.? )?\d[\d.,]*\s?[A-Za-z]{0,3}\.?\s*[xX×@*]\s*[$€£]?\s?\d[\d.,]*(?:\s?(?:/|EUR/)\s?\w+)?"
)
_MARKS = frozenset(
    ["RM", "USD", "EUR", "pcs", "pc", "PCS", "PC", "ea", "kg", "KG", "st", "Stk", "unit", "UNIT", "X", "x"]
)
MONEY = re.compile(r"\d[.,]\d\d(?!\d)")
CODE = re.compile(
    r"(?:[A-Z*]{1,3}\d?\s+)?[A-Z(]?\d{5,}[-:.]?(?:\s*[-*]+)?|[*#-]+|\d{4,}\s*-?|\d{1,2}[.)]|(?:\d{1,2}\.)?\d{4}-\d{3,}"
)
GLUED = re.compile(r"(?:[A-Z*]{1,3}\d?\s+)?[A-Z(]?\d{5,}[-:.]\s*(?=[^\W\d])")


@dataclass(frozen=True)
class Amount:
    """The last amount of a strip, as characters of `text` (the whole strip)."""

    at: int  # position in the sequence of strips
    text: Text
    number: Number
    total: bool  # whether the strip speaks of a total, a tax, a payment

    @property
    def value(self) -> float:
        return self.number.value


@dataclass(frozen=True)
class Entry:
    """One line item: its amount, its name, and the other text that belongs to it."""

    amount: Amount
    name: Text | None
    rest: tuple[Text, ...]


@dataclass(frozen=True)
class Ledger:
    """Entries in printed order; `proved` when they add up to an amount printed below them, `open` when there is
    no total at all, as on a price list."""

    entries: tuple[Entry, ...]
    proved: bool
    open: bool = False


def read_ledger(strips: Sequence[Strip], locale: Locale) -> Ledger | None:
    """The entries of the list of goods on these strips (of one document, in order), or None."""
    amounts = _amounts(strips, locale)
    both = (_proved_run(a) or [] for a in (amounts, _in_column(amounts)))
    run, proved = max(both, key=len), True  # the longer: what was taxed adds up as well
    if not run:
        run, proved = _plausible_run(strips, amounts), False
    if run:
        return Ledger(_entries(strips, run), proved)
    listed = _price_list(strips, amounts)
    return Ledger(_entries(strips, listed), proved=False, open=True) if listed else None


def _price_list(strips: Sequence[Strip], amounts: Sequence[Amount]) -> list[Amount]:
    """Three prices or more on one right edge, each beside a name, where nothing is summed."""
    if any(a.total for a in amounts) or len(amounts) < 3:
        return []
    edge = statistics.median(_right(a) for a in amounts)
    named = [
        a for a in amounts if len(strips[a.at].pieces) == 2 and has_letters(strips[a.at].pieces[0].text, 3)
    ]
    kept = [a for a in named if abs(_right(a) - edge) < 0.03 * strips[0].page.width and a.value > 0]
    return kept if len(kept) >= max(3, 0.6 * len(amounts)) else []


def _amounts(strips: Sequence[Strip], locale: Locale) -> list[Amount]:
    found = []
    for i, strip in enumerate(strips):
        if not any(map(str.isdigit, strip.text)):
            continue
        text = text_of(strip.pieces)
        money = [n for n in numbers_of(text, locale) if n.is_money_like]
        if not money:
            continue
        last = money[-1]
        behind = text.text[last.full_end :]
        marked = _MARK.fullmatch(behind.strip()) is not None
        if sum(c.isalpha() for c in behind) > 4 or (any(c.isdigit() for c in behind) and not marked):
            continue
        found.append(Amount(i, text, last, _speaks_of_total(text.text, text.score < 1)))
    return _with_sums(found)


def _with_sums(amounts: Sequence[Amount]) -> list[Amount]:
    """Marks as totals what sums up all amounts before it, three or more, whatever it is called (`Food & Bev`)."""
    found: list[Amount] = []
    listed: list[float] = []
    for a in amounts:
        total = a.total or (len(listed) >= SUMMED and close(sum(listed), a.value))
        listed = [] if total else [*listed, a.value]
        found.append(replace(a, total=total))
    return found


def _speaks_of_total(text: str, seen: bool = False) -> bool:
    """Whether a line names a total, a tax or a payment; `seen` allows for letters that OCR got wrong."""
    if starts_with_total(text) or _TOTAL.search(text):
        return True
    words = [w for w in re.findall(r"[A-Za-z]{4,}", text.lower())[:3] if seen]
    return any(fuzz.ratio(w, t) >= 80 for w in words for t in _OFTEN)


def _proved_run(amounts: Sequence[Amount]) -> list[Amount] | None:
    """The longest stretch of amounts, totals aside, that adds up to a total printed after it."""
    best: tuple[float, list[Amount]] | None = None
    for begin in range(len(amounts)):
        if amounts[begin].total or (begin and not amounts[begin - 1].total):
            continue
        end = begin
        while end < len(amounts) and not amounts[end].total and end - begin < MAX_ITEMS:
            end += 1
        stretch, after = amounts[begin:end], amounts[end : end + 12]
        named = [a.value for a in after if a.total]
        for start, stop in runs_that_add_up([a.value for a in stretch], named or [a.value for a in after]):
            run = list(stretch[start:stop])
            if len(run) == 1 and (run[0].value == 0 or stop != len(stretch)):
                continue
            score = len(run) + 2.0 * (stop == len(stretch))
            if best is None or score > best[0]:
                best = (score, _itemised(stretch[:start], run))
            break
    return best[1] if best else _announced_run(amounts)


def _itemised(before: Sequence[Amount], run: list[Amount]) -> list[Amount]:
    """The amounts before a run that the first of its own sum up (`Food`, `Drinks`), which then are no items."""
    whole = sum(a.value for a in before)
    sums = any(close(sum(a.value for a in run[:n]), whole) for n in range(1, len(run) + 1))
    return [*before] if len(before) > 1 and sums else run


def _announced_run(amounts: Sequence[Amount]) -> list[Amount] | None:
    """Three amounts or more at the end of a stretch that add up to a total printed before it, as where a bill says
    first what is due and then for what."""
    sums = [0.0, *itertools.accumulate(a.value for a in amounts)]
    ends = [len(amounts)] * (len(amounts) + 1)
    for i in range(len(amounts) - 1, -1, -1):
        ends[i] = i if amounts[i].total else ends[i + 1]
    named: set[float] = set()
    seen: set[float] = set()
    for begin in range(1, len(amounts)):
        before = amounts[begin - 1]
        if before.total or round(before.value, 2) in seen:  # what is due is said more than once
            named.add(round(before.value, 2))
        seen.add(round(before.value, 2))
        for end in (ends[begin], len(amounts)):  # to the end: a tax may be among what is charged
            many = end - begin >= 3 and amounts[begin].at > before.at and not amounts[begin].total
            if many and round(sums[end] - sums[begin], 2) in named:
                return list(amounts[begin:end])
    return None


def _plausible_run(strips: Sequence[Strip], amounts: Sequence[Amount]) -> list[Amount]:
    """Amounts on one right edge, between the first of them and the first total."""
    first_total = next((i for i, a in enumerate(amounts) if a.total), None)
    if not first_total:
        return []
    largest = max(abs(a.value) for a in amounts[first_total:])
    edge = statistics.median(_right(a) for a in amounts[: first_total + 1])
    width = strips[0].page.width
    return [
        a
        for a in amounts[:first_total]
        if abs(_right(a) - edge) < 0.08 * width
        and abs(a.value) <= largest
        and strips[a.at].page is strips[amounts[first_total].at].page
    ]


def _in_column(amounts: Sequence[Amount]) -> list[Amount]:
    """Without those left of the edge that most share: the price in the name of a thing (`CRATE RM0.35`)."""
    if not amounts:
        return []
    edge = statistics.median(_right(a) for a in amounts)
    width = amounts[0].text.pieces[0].page.width
    return [a for a in amounts if _right(a) > edge - 0.08 * width]


def _right(amount: Amount) -> float:
    """Where the number itself ends."""
    span = amount.text.part(amount.number.start, amount.number.end)[-1]
    return amount.text.pieces[0].page.words[span.parts[-1].index].box.x1


def _entries(strips: Sequence[Strip], run: Sequence[Amount]) -> tuple[Entry, ...]:
    own = [_name_part(strips[a.at], priced=True) for a in run]
    named = [has_letters(text_of(p).text) if p else False for p in own]
    counted = [any(_MEASURED.fullmatch(p.text) for p in strips[a.at].pieces) for a in run]
    if sum(named) * 2 > len(run) or (any(named) and all(map(operator.or_, named, counted))):
        return tuple(
            Entry(a, without_code(p) if ok else _best(_above(strips, run, i, 2)), _measure(strips, run, i))
            for i, (a, p, ok) in enumerate(zip(run, own, named, strict=True))
        )
    lines = [run[i].at - run[i - 1].at - 1 for i in range(1, len(run))]
    usual = max(1, round(statistics.median(lines))) if lines else 2
    below = not _above(strips, run, 0, 1) or (bool(lines) and min(lines) >= 1 and _name_follows(strips, run))
    entries = []
    for i, a in enumerate(run):
        around = _below(strips, run, i, usual) if below else _above(strips, run, i, usual)
        entries.append(Entry(a, _best(around), tuple(text_of(s.pieces) for s in around)))
    return tuple(entries)


def _measure(strips: Sequence[Strip], run: Sequence[Amount], i: int) -> tuple[Text, ...]:
    """The line right below an amount that says only how much of it at what price: `0,742 kg x 2,98 EUR/kg`."""
    return tuple(t for s in _below(strips, run, i, 1) if _MEASURED.fullmatch((t := text_of(s.pieces)).text))


def mark_behind(entry: Entry) -> Text | None:
    """The letter right behind an amount that stands for its tax: `1,39 B`."""
    amount = entry.amount
    at = amount.text.text[: amount.number.full_end].count(" ") + 1
    behind = split_words(amount.text.pieces)[at : at + 1]
    return text_of(behind) if behind and _MARK.fullmatch(behind[0].text) else None


_MARK = re.compile(r"[A-Z]\d?|\d")


def split_words(pieces: Sequence[Piece]) -> list[Piece]:
    return [Piece(p.page, (w,)) for p in pieces for w in p.words]


def _name_follows(strips: Sequence[Strip], run: Sequence[Amount]) -> bool:
    """Whether the last amount is followed, as closely as the others, by a line of text and then by no other item:
    then names stand under their amounts."""
    last = run[-1].at
    after = _below(strips, run, len(run) - 1, 1)
    if not after or not has_letters(after[0].text, 3):
        return False
    gaps = [strips[a.at + 1].box.y0 - strips[a.at].box.y1 for a in run[:-1]]
    return after[0].box.y0 - strips[last].box.y1 <= 1.3 * max(statistics.median(gaps), 1.0)


def _above(strips: Sequence[Strip], run: Sequence[Amount], i: int, most: int) -> list[Strip]:
    """Up to `most` strips over an amount that belong to it: after the amount before, below any heading."""
    first = run[i - 1].at + 1 if i else max(0, run[i].at - most)
    found: list[Strip] = []
    for strip in reversed(strips[max(first, run[i].at - most) : run[i].at]):
        if strip.page is not strips[run[i].at].page or _is_heading(strip):
            break
        found.insert(0, strip)
    return found


def _below(strips: Sequence[Strip], run: Sequence[Amount], i: int, most: int) -> list[Strip]:
    last = run[i + 1].at if i + 1 < len(run) else len(strips)
    found = []
    for strip in strips[run[i].at + 1 : min(last, run[i].at + 1 + most)]:
        if _speaks_of_total(strip.text) or strip.page is not strips[run[i].at].page:
            break
        found.append(strip)
    return found


def _is_heading(strip: Strip) -> bool:
    words = [p.text for p in strip.pieces]
    named = sum(1 for w in words if max(roles_of_label(w).values(), default=0) > 0.5)
    if len(words) >= 2 and named >= 2:
        return True
    tokens = strip.text.split()
    return (
        len(tokens) >= 2 and sum(1 for t in tokens if max(roles_of_label(t).values(), default=0) > 0.9) >= 2
    )


def _best(strips: Sequence[Strip]) -> Text | None:
    """The line with the most letters, the first of equals, cleaned of codes and tax marks."""
    plain = [s for s in strips if ":" not in s.text] or strips  # `Date: ...` names no thing
    parts = [p for s in plain if (p := _name_part(s)) and has_letters(text_of(p).text)]
    if not parts:
        return None
    return without_code(max(parts, key=lambda p: sum(c.isalpha() for c in text_of(p).text)))


def _name_part(strip: Strip, priced: bool = False) -> list[Piece]:
    """The words of a strip that may name a thing: without marks set apart at its end, and on the strip that
    holds the amount (`priced`) without quantity and prices too."""
    words = [(p, w) for p in strip.pieces for w in p.words]
    first = strip.pieces[0]
    named = first if has_letters(first.text, 3) and not _MEASURED.fullmatch(first.text) else None
    end = len(words)
    numbers = 0
    while end > 0:
        piece, w = words[end - 1]
        text = strip.page.words[w].text
        digits = any(c.isdigit() for c in text)
        inside = not priced or (piece is named and len(strip.pieces) > 1)
        text = repaired(text) if piece.score < 1 else text
        if not _TAIL.fullmatch(text) or (digits and inside and not MONEY.search(text)):
            break
        mark = text in _MARKS or (numbers == 0 and _set_apart(words[:end], strip))
        if not digits and has_letters(text, 1 if inside else 2) and not mark:
            break
        numbers += digits
        end -= 1
    return [Piece(strip.page, (w,)) for _, w in words[:end]]


def _set_apart(words: Sequence[tuple[Piece, int]], strip: Strip) -> bool:
    """Whether the last word is a mark apart from the rest (a tax code), not the end of a name."""
    if len(words) < 2:
        return False
    last, before = strip.page.words[words[-1][1]], strip.page.words[words[-2][1]]
    return last.box.x0 - before.box.x1 > last.box.height or bool(MONEY.search(before.text))


def without_code(pieces: Sequence[Piece]) -> Text | None:
    """Without an item code or a mark at the front."""
    kept = list(pieces)
    if not kept:
        return None
    for n in range(min(3, len(kept) - 1), 0, -1):
        rest = " ".join(p.text for p in kept[n:])
        if CODE.fullmatch(" ".join(p.text for p in kept[:n])) and has_letters(rest, 3):
            return text_of(kept[n:])
    return text_of(kept)


def quantity_and_price(
    entry: Entry, locale: Locale
) -> tuple[tuple[Text, Number] | None, tuple[Text, Number] | None]:
    """Numbers of an entry whose product is its amount, as (text, number) each; None where none is printed."""
    amount = abs(entry.amount.value)
    for text in (entry.amount.text, *entry.rest):
        found = [
            n
            for n in numbers_of(text, locale)
            if not (text is entry.amount.text and n.start >= entry.amount.number.start)
        ]
        for q in found:
            for p in found:
                if (
                    q is not p
                    and (p.decimals >= q.decimals or _is_priced(text.text, p))
                    and product_holds(q.value, p.value, amount)
                    and p.value
                ):
                    if _is_priced(text.text, q) and not _is_priced(text.text, p):
                        continue
                    if close(q.value, p.value) and q.start > p.start:
                        continue
                    return (text, q), (text, p)
    return None, None


def _is_priced(text: str, number: Number) -> bool:
    """Whether a number has a currency before it or a unit after a stroke: `£0.95/kg`."""
    return (
        text[: number.start].rstrip()[-1:] in tuple("$€£")
        or text[max(number.end, number.full_end) :].lstrip()[:1] == "/"
    )
