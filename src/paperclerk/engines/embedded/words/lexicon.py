"""What labels documents print for which concept, in eight languages. Called by `profile` and `labels`.

The vocabulary stands in `lexicon.txt` beside this file. Phrases are compared by `phrases.key`, so case, accents,
blanks and punctuation do not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from paperclerk.engines.embedded.words import phrases

Kind = Literal["money", "number", "date", "id", "name", "address", "text", "email", "uri", "phone", "code"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A concept a phrase may stand for; `strength` 1.0, or 0.6 for a weak label."""

    concept: str
    strength: float


@cache
def _sections() -> dict[str, tuple[Kind, tuple[tuple[str, float], ...]]]:
    text = files(__package__).joinpath("lexicon.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[Kind, tuple[tuple[str, float], ...]]] = {}
    for block in re.split(r"^\[", text, flags=re.M)[1:]:
        head, body = block.split("]", 1)
        concept, kind = head.split()
        raw = [" ".join(part.split()) for part in body.split("|")]
        found[concept] = (
            cast(Kind, kind),
            tuple((p.lstrip("~"), 0.6 if p.startswith("~") else 1.0) for p in raw if p),
        )
    return found


def concepts() -> tuple[str, ...]:
    return tuple(_sections())


def kind_of(concept: str) -> Kind:
    return _sections()[concept][0]


def phrases_of(concept: str) -> tuple[tuple[str, float], ...]:
    """The labels of a concept with their strengths."""
    return _sections()[concept][1]


@cache
def labels() -> dict[str, tuple[Entry, ...]]:
    """Every label key with the concepts it may stand for."""
    found: dict[str, list[Entry]] = {}
    for concept in concepts():
        for phrase, strength in phrases_of(concept):
            known = found.setdefault(phrases.key(phrase), [])
            if all(e.concept != concept for e in known):
                known.append(Entry(concept, strength))
    return {k: tuple(v) for k, v in found.items()}


@cache
def longest() -> int:
    """The most tokens a label has."""
    return max(len(phrases.tokens(p)) for c in concepts() for p, _ in phrases_of(c))
