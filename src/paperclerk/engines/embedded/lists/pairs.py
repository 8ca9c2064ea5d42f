"""Arrays of a name and its value: the specifications of a product, one line each. Called by `arrays`."""

from __future__ import annotations

from collections.abc import Sequence

from paperclerk.domain.result import Tree
from paperclerk.engines.embedded.lists.sections import Section, sections_for
from paperclerk.engines.embedded.tables.cells import has_letters, leaf_for, text_of
from paperclerk.engines.embedded.tables.roles import last_word
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

SURE = 0.75
_NAMES = frozenset(
    words(
        "name parameter property attribute label key specification spec characteristic feature field title item "
        "metric"
    )
)
_VALUES = frozenset(words("value values specification content detail details data text"))


def pair_rows(
    array: Field, element: Field, sections: Sequence[Section], locale: Locale
) -> list[dict[str, Tree]]:
    """One object for each line `name  value` or `name: value` under the heading that says what the array is of."""
    if len(element.children) != 2 or not all(c.is_scalar for c in element.children):
        return []
    name, value = element.children
    if last_word(name.name) not in _NAMES or last_word(value.name) not in _VALUES:
        return []
    rows: list[dict[str, Tree]] = []
    for section in sections_for(array, sections):
        for strip in section.lines:
            pair = _pair(strip)
            if pair is None:
                continue
            said, told = (
                leaf_for(f, text_of([p]), locale, SURE) for f, p in zip((name, value), pair, strict=True)
            )
            if said.value is not None and told.value is not None:
                rows.append({name.name: said, value.name: told})
    return rows


def _pair(strip: Strip) -> tuple[Piece, Piece] | None:
    """The two parts of a line: apart, or divided by a colon."""
    if len(strip.pieces) == 2 and has_letters(strip.pieces[0].text, 2):
        return strip.pieces[0], strip.pieces[1]
    every = strip.words
    at = next((i for i, w in enumerate(every) if strip.page.words[w].text.endswith(":")), None)
    if len(strip.pieces) > 2 or at is None or at + 1 == len(every):
        return None
    return Piece(strip.page, every[: at + 1]), Piece(strip.page, every[at + 1 :])
