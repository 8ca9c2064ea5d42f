"""Numbered headings and what stands under them: an agenda, sections of a paper, clauses. Called by `arrays`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from paperclerk.domain.result import Leaf, Tree
from paperclerk.engines.embedded.lists.sections import flows
from paperclerk.engines.embedded.tables.cells import has_letters, leaf_for, text_of
from paperclerk.engines.embedded.tables.roles import last_word, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

SURE = 0.7
MOST_TITLE = 10  # words
_NUMBER = re.compile(r"(\d{1,2})[.)]?")
_LISTS = frozenset(
    words(
        "agenda item items topic topics section sections clause clauses article articles chapter chapters "
        "heading headings"
    )
)
_NUMBERS = frozenset(words("number no nr id index item position"))
_TITLES = frozenset(words("title name topic heading subject item"))
_TEXTS = frozenset(
    words("text discussion content contents summary body notes note description minutes details")
)


@dataclass(frozen=True)
class Headed:
    """A numbered heading: its first word, its title, the strips below it down to the next."""

    number: Piece
    title: Piece
    below: tuple[Strip, ...]


def numbered_rows(array: Field, pages: Sequence[Sequence[Strip]], locale: Locale) -> list[Tree]:
    """One element for each numbered heading, where an array is of such things: an object of number, title and text,
    or the heading as one text."""
    element = array.items
    if element is None or not _LISTS & set(words_of(array.name).split()):
        return []
    if element.kind == "string":
        heads = [h for h in _headings(pages) if _bold(h.title)]
        return [_whole(element, h, locale) for h in heads]
    number, title, text = (_asked(element, kind) for kind in (_NUMBERS, _TITLES, _TEXTS))
    if title is None or any(c not in (number, title, text) for c in element.children if c.is_scalar):
        return []
    rows: list[Tree] = []
    for head in _headings(pages):
        row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
        row[title.name] = leaf_for(title, text_of([head.title]), locale, SURE)
        if number is not None:
            row[number.name] = _plain(leaf_for(number, text_of([head.number]), locale, SURE))
        if text is not None and head.below:
            told = text_of(p for s in head.below for p in s.pieces)
            row[text.name] = told.leaf(told.text, sure=SURE - 0.1)
        rows.append(row)
    return rows


def _asked(element: Field, kind: frozenset[str]) -> Field | None:
    return next((c for c in element.children if c.is_scalar and last_word(c.name) in kind), None)


def _plain(leaf: Leaf) -> Leaf:
    """A number without its full stop."""
    value = leaf.value
    return Leaf(value.rstrip(".)"), leaf.spans, leaf.score) if isinstance(value, str) else leaf


def _whole(element: Field, head: Headed, locale: Locale) -> Leaf:
    return leaf_for(element, text_of([head.number, head.title]), locale, SURE)


def _headings(pages: Sequence[Sequence[Strip]]) -> list[Headed]:
    """Short lines numbered 1, 2, 3 and on; none where there are not two."""
    lines = [s for strips in pages for flow in flows(strips) for s in flow]
    heads: list[tuple[int, Piece, Piece]] = []
    for i, strip in enumerate(lines):
        cut = _cut(strip)
        if cut is not None and int(_value(cut[0])) == len(heads) + 1:
            heads.append((i, *cut))
    if len(heads) < 2:
        return []
    last = next(
        (i for i in range(heads[-1][0] + 1, len(lines)) if _ends(lines[i - 1], lines[i], heads[-1][2])), None
    )
    ends = [*(i for i, _, _ in heads[1:]), last if last is not None else len(lines)]
    return [Headed(n, t, tuple(lines[i + 1 : e])) for (i, n, t), e in zip(heads, ends, strict=True)]


def _ends(above: Strip, strip: Strip, title: Piece) -> bool:
    """Whether the text under the last heading ends before a strip: another heading, or columns."""
    return _bold(strip.pieces[0]) == _bold(title) is True or len(strip.pieces) > 2


def _cut(strip: Strip) -> tuple[Piece, Piece] | None:
    """The number and the title of a numbered heading."""
    every = strip.words
    first, rest = Piece(strip.page, every[:1]), Piece(strip.page, every[1:])
    if (
        not rest.words
        or len(rest.words) > MOST_TITLE
        or len(strip.pieces) > 2
        or not _NUMBER.fullmatch(first.text)
    ):
        return None
    title = rest.text
    bare = first.text[-1].isdigit()
    if not has_letters(title, 3) or title.endswith((".", ",", ";", ":")) or not title[0].isupper():
        return None
    return (first, rest) if _bold(rest) or not bare else None


def _value(piece: Piece) -> str:
    return piece.text.rstrip(".)")


def _bold(piece: Piece) -> bool:
    return all(piece.page.words[w].bold for w in piece.words)
