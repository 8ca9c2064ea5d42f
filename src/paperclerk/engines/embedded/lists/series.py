"""Arrays whose elements are a name with a row of values: stops with their departures, years of a series. Called by
`arrays`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from paperclerk.domain.result import Tree
from paperclerk.engines.embedded.tables.cells import has_letters, leaf_for, text_of
from paperclerk.engines.embedded.tables.roles import words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

SURE = 0.8
LEAST_ROWS = 3
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}(?:\s?[ap]\.?m\.?)?")
_NUMBER = re.compile(r"[-+(]?\d[\d.,]*\)?%?")
_NONE = re.compile(r"[-–—|.…]+|n/?a", re.I)
_TIMES = frozenset(
    words("time times departure departures arrival arrivals call calls hours schedule abfahrten horaires")
)


def series_rows(element: Field, pages: Sequence[Sequence[Strip]], locale: Locale) -> list[dict[str, Tree]]:
    """One object for each row of a name and values of one kind, where an element is just that."""
    names = [c for c in element.children if c.kind == "string"]
    lists = [c for c in element.children if c.kind == "array" and c.items is not None and c.items.is_scalar]
    if len(names) != 1 or len(lists) != 1:
        return []
    (name,), (values,) = names, lists
    assert values.items is not None
    if values.items.kind in ("number", "integer"):
        form = _NUMBER
    elif set(words_of(values.name).split()) & _TIMES:
        form = _TIME
    else:
        return []
    rows = []
    for strip in max((run for strips in pages for run in _runs(strips, form)), key=len, default=[]):
        row = {c.name: empty(c) for c in element.children}
        row[name.name] = leaf_for(name, text_of(strip.pieces[:1]), locale, SURE)
        cells = [Piece(strip.page, (w,)) for p in strip.pieces[1:] for w in p.words]
        row[values.name] = [
            leaf_for(values.items, text_of([c]), locale, SURE) for c in cells if not _NONE.fullmatch(c.text)
        ]
        rows.append(row)
    return rows if len(rows) >= LEAST_ROWS else []


def _runs(strips: Sequence[Strip], form: re.Pattern[str]) -> list[list[Strip]]:
    """Lines one under the other that are a name and two values or more."""
    runs: list[list[Strip]] = [[]]
    for strip in strips:
        cells = [strip.page.words[w].text for p in strip.pieces[1:] for w in p.words]
        given = [c for c in cells if not _NONE.fullmatch(c)]
        if has_letters(strip.pieces[0].text, 3) and len(given) > 1 and all(map(form.fullmatch, given)):
            runs[-1].append(strip)
        elif runs[-1]:
            runs.append([])
    return runs
