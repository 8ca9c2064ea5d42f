"""Which words schemas and documents use for the same thing, in seven languages. Called by `labels` and `columns`.

The words stand in `thesaurus.txt` beside this file, a line for each thing. Unlike the lexicon they make nothing a
label: they only tell how near a word on the page is to a word of the schema.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files

from paperclerk.engines.embedded.words import phrases

LEAST_PART = 4  # letters of a part of a compound
_LINKS = ("", "s", "n", "en", "es")


@cache
def _things() -> dict[str, frozenset[int]]:
    text = files(__package__).joinpath("thesaurus.txt").read_text(encoding="utf-8")
    found: dict[str, set[int]] = {}
    for number, line in enumerate(text.splitlines()):
        for word in () if line.startswith("#") else line.split():
            found.setdefault(phrases.stem(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _known(word: str) -> frozenset[int]:
    things = _things()
    return things.get(phrases.stem(word)) or things.get(phrases.stem(phrases.without_e(word))) or frozenset()


@lru_cache(maxsize=65536)
def meant_by(word: str) -> tuple[frozenset[int], ...]:
    """The things a stem may stand for; for a compound (`Betriebskostenvorauszahlung`) those of each part."""
    if known := _known(word):
        return (known,)
    for cut in range(len(word) - LEAST_PART, LEAST_PART - 1, -1):
        tail = _known(word[cut:])
        for link in _LINKS if tail or phrases.is_common(phrases.stem(word[cut:])) else ():
            if word[:cut].endswith(link) and (head := _known(word[: cut - len(link)])):
                return (head, tail) if tail and not phrases.is_common(phrases.stem(word[cut:])) else (head,)
    return ()


@lru_cache(maxsize=4096)
def words_for(things: frozenset[int]) -> tuple[str, ...]:
    """All words for the things."""
    return tuple(sorted(w for w, known in _things().items() if not known.isdisjoint(things)))


@lru_cache(maxsize=65536)
def says(printed: str, asked: str) -> bool:
    """Whether a stem on the page means what one of the schema means, or a kind of it: a `Miete` is no `Mietdauer`."""
    said, wanted = meant_by(printed), meant_by(asked)
    return bool(wanted) and all(any(not part.isdisjoint(s) for s in said) for part in wanted)


class Meanings:
    """The stems of a document by what they may stand for."""

    def __init__(self, stems: Iterable[str]) -> None:
        self._meaning: dict[int, set[str]] = defaultdict(set)
        for stem in stems:
            for part in meant_by(stem):
                for thing in part:
                    self._meaning[thing].add(stem)

    def saying(self, asked: str) -> set[str]:
        """Those that mean what a stem of the schema means, or a kind of it."""
        near = {s for part in meant_by(asked)[:1] for thing in part for s in self._meaning.get(thing, ())}
        return {s for s in near if says(s, asked)}
