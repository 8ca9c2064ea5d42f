"""How it was paid: what the line of an amount begins with, `Carte bancaire 62,50`. Called by `choices` and `cues`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import Row
from paperclerk.engines.embedded.words import phrases, vocabulary

_SAID = re.compile(r"(?:[^\d:]*:)?\s*(?P<it>[^\W\d_](?:[^\d:]*[^\W\d_])?)")  # `Paid by: Visa ****1234`


@dataclass(frozen=True)
class Paid:
    """A way to pay that a line begins with: its characters in the row, its words, the `ways` that they name."""

    row: Row
    start: int
    end: int
    words: tuple[str, ...]
    ways: frozenset[str]


def paid(facts: Facts) -> Iterator[Paid]:
    for row in facts.rows:
        if not any(n.decimals == 2 for n in facts.values(row).numbers):
            continue
        head = row.segments[0]
        said = _SAID.match(row.text, head.start, head.end)
        words = tuple(phrases.tokens(said["it"])) if said else ()
        if said and (ways := ways_of(words)):
            yield Paid(row, *said.span("it"), words, ways)


def ways_of(words: Sequence[str]) -> frozenset[str]:
    """The ways to pay that words are the name of."""
    return frozenset(way for way, names in vocabulary.phrases("pays").items() if " ".join(words) in names)
