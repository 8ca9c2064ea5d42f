"""Price lists under headings, as menus are printed: what is offered, what it costs, a line about it below. Called by
`arrays`.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.tables.cells import has_letters, leaf_for, numbers_of, text_of
from paperclerk.engines.embedded.tables.roles import starts_with_total, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

SURE = 0.75
LARGER = 1.15  # a heading, than what is offered
NEAR = 1.3  # sizes of type between a line and what it is about
LEAST = 4  # offers that make a list
MOST_HEADING = 5  # words

_NAMES = frozenset(words("name title heading section category group label nm"))
_ABOUT = frozenset(words("description note notes text ingredients details comment"))
_SECTION = frozenset(words("section category group heading course"))


@dataclass
class Offer:
    """A name, a price, and the lines below."""

    name: Piece
    price: Piece
    about: list[Piece] = field(default_factory=list)


@dataclass
class Part:
    """What stands under one heading; `about` are the lines between it and the first offer."""

    heading: Piece
    about: list[Piece] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)


def parts_of(pages: Sequence[Sequence[Strip]], locale: Locale) -> list[Part]:
    """The headed parts of a price list; none where there is no list of four offers or more."""
    strips = [s for page in pages for s in page]
    priced = {id(s) for s in strips if _is_priced(s, locale)}
    if len(priced) < LEAST:
        return []
    size = statistics.median(s.pieces[0].box.height for s in strips if id(s) in priced)
    bold = statistics.fmean(_bold(s) for s in strips if id(s) in priced)
    parts: list[Part] = []
    last: Strip | None = None
    for strip in strips:
        if id(strip) in priced:
            if parts:
                parts[-1].offers.append(Offer(strip.pieces[0], strip.pieces[-1]))
        elif _is_heading(strip, size, bold):
            parts.append(Part(strip.pieces[0]))
        elif last is None or not parts or not _follows(strip, last):
            continue  # of neither
        else:
            about = parts[-1].offers[-1].about if parts[-1].offers else parts[-1].about
            about += strip.pieces
        last = strip
    return [p for p in parts if p.offers]


def part_rows(element: Field, inner: Field, parts: Sequence[Part], locale: Locale) -> list[dict[str, Tree]]:
    """Elements that hold the offers of a part each: `sections: [{name, items: [{name, price}]}]`."""
    assert inner.items is not None
    rows = []
    for part in parts:
        row = {c.name: empty(c) for c in element.children}
        _say(row, element, part.heading, part.about, locale)
        row[inner.name] = [_offer(inner.items, o, part, locale) for o in part.offers]
        rows.append(row)
    return rows


def offer_rows(element: Field, parts: Sequence[Part], locale: Locale) -> list[dict[str, Tree]]:
    """One element for each offer: `[{category, name, price}]`."""
    return [_offer(element, o, part, locale) for part in parts for o in part.offers]


def is_offer(element: Field) -> bool:
    """Whether an element is a name and a price, and counts nothing."""
    said = [set(words_of(c.name).split()) for c in element.children]
    return (
        any("price" in w for w in said)
        and any(w & _NAMES or w & {"item", "dish", "product", "service", "treatment"} for w in said)
        and not any(w & {"quantity", "qty", "count", "amount", "total", "unit"} for w in said)
    )


def _offer(element: Field, offer: Offer, part: Part, locale: Locale) -> dict[str, Tree]:
    row = {c.name: empty(c) for c in element.children}
    for child in element.children:
        said = set(words_of(child.name).split())
        if "price" in said and child.is_scalar:
            row[child.name] = leaf_for(child, text_of([offer.price]), locale, SURE)
        elif said & _SECTION and child.kind == "string":
            row[child.name] = leaf_for(child, text_of([part.heading]), locale, SURE)
    _say(row, element, offer.name, offer.about, locale)
    return row


def _say(row: dict[str, Tree], element: Field, name: Piece, about: Sequence[Piece], locale: Locale) -> None:
    """Gives the name to the first text of an element that is free, the lines about it to one that asks for them."""
    texts = [c for c in element.children if c.kind == "string" and row[c.name] is ABSENT]
    told = next((c for c in texts if set(words_of(c.name).split()) & _ABOUT), None)
    called = next((c for c in texts if c is not told), None)
    if called is not None:
        row[called.name] = leaf_for(called, text_of([name]), locale, SURE)
    if told is not None and about:
        text = text_of(about)
        row[told.name] = _whole(text.text, text.leaf(text.text, sure=SURE - 0.1))


def _whole(text: str, leaf: Leaf) -> Leaf:
    return leaf if has_letters(text, 3) else ABSENT


def _is_priced(strip: Strip, locale: Locale) -> bool:
    first, last = strip.pieces[0], strip.pieces[-1]
    if len(strip.pieces) < 2 or not has_letters(first.text, 3) or starts_with_total(first.text):
        return False
    found = numbers_of(text_of([last]), locale)
    plain = last.text.isdigit() and len(last.text) <= 3
    return len(found) == 1 and not has_letters(last.text, 4) and (found[0].is_money_like or plain)


def _is_heading(strip: Strip, size: float, bold: float) -> bool:
    text = strip.text
    if len(strip.pieces) > 1 or len(strip.words) > MOST_HEADING or not has_letters(text, 3):
        return False
    if text.endswith((".", ",")) or any(c.isdigit() for c in text):
        return False
    return strip.size >= LARGER * size or text.isupper() or (bold < 0.5 and _bold(strip))


def _bold(strip: Strip) -> bool:
    return all(strip.page.words[w].bold for w in strip.pieces[0].words)


def _follows(strip: Strip, last: Strip) -> bool:
    gap = strip.box.y0 - last.box.y1
    return strip.page is last.page and -last.size < gap < NEAR * last.size and strip.box.x0 < last.box.x1
