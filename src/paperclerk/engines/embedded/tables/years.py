"""Which year a property or a heading means: `prior_year`, `h1_2026`, `FY 2025`. Called by `columns` and `figures`."""

from __future__ import annotations

import re
from functools import lru_cache

from paperclerk.engines.embedded.tables.roles import words_of
from paperclerk.engines.embedded.words.vocabulary import words

QUARTER = "[qh][1-4]"  # `q1_2026`; or half a year
_WHEN = frozenset(
    words(
        "current this latest prior previous last preceding comparative year period fiscal fy value amount quarter"
    )
)


@lru_cache(maxsize=4096)
def when(name: str) -> int | None:
    """How many years back a property looks (`current_year` 0, `prior_year` 1), or the year that it names."""
    if year := re.fullmatch(rf"(?:{QUARTER}|\D)*((?:19|20)\d\d)(?:{QUARTER}|\D)*", name, re.I):
        return int(year[1])
    said = set(words_of(name).split())
    if said & {"current", "this", "latest"} and said <= _WHEN:
        return 0
    return 1 if said & {"prior", "previous", "last", "preceding", "comparative"} and said <= _WHEN else None


def year_in(text: str) -> int | None:
    """The year that a text names."""
    found = re.search(r"\b(?:FY ?)?((?:19|20)\d\d)\b", text)
    return int(found[1]) if found else None
