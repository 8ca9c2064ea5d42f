"""The line of a statement that a field speaks of, of all that a document has. Called by `figures`.

The name of a field, its title, its description and what statements usually print for it are compared with the labels
of the lines that share a word with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from paperclerk.engines.embedded.statements.lines import Line, alike, line_of, telling
from paperclerk.engines.embedded.tables.roles import fold, stems, words_of
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.engines.embedded.words.vocabulary import phrases as phrases_of
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

_SHARE = re.compile(r"\b(?:percent\w*|growth|margin|rate|ratio|yield|share of)\b|%", re.I)
_PERCENT = stems("percentage percent")
MATCH = 0.74
SAME_STATEMENT = 0.05
TITLE_WITHIN = 8  # strips
_STATEMENTS = (
    ("balance", re.compile(r"\bbalance sheets?\b|\bfinancial position\b|\bbilanz\b|\bbilan\b")),
    ("cash", re.compile(r"\bcash flows?\b|\bkapitalflussrechnung\b|\bflux de tresorerie\b")),
    (
        "income",
        re.compile(
            r"\bincome statements?\b|\bstatements? of (?:\w+ )?(?:income|operations|earnings)\b"
            r"|\bprofit and loss\b|\bgewinn und verlustrechnung\b|\bcompte de resultat\b"
        ),
    ),
)


@dataclass(frozen=True)
class Found:
    """The line that fits an array best. `match` 0..1 how well its label does; `titled` whether its page has the title
    of the statement that the array belongs to."""

    line: Line
    match: float
    titled: bool

    def rank(self) -> tuple[float, int]:
        return self.match + SAME_STATEMENT * self.titled, -self.line.page


class Lines:
    """All rows of numbers of a document, by the words of their labels."""

    def __init__(self, pages: Sequence[Sequence[Strip]], locale: Locale) -> None:
        self._pages, self._locale = pages, locale

    @cached_property
    def by_page(self) -> list[list[Line | None]]:
        """What each strip of each page is as a line."""
        return [[line_of(n, s, self._locale) for s in strips] for n, strips in enumerate(self._pages)]

    @cached_property
    def _index(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = {}
        for strips, lines in zip(self._pages, self.by_page, strict=True):
            section = ""
            for strip, line in zip(strips, lines, strict=True):
                if len(strip.pieces) == 1 and strip.text.endswith(":"):
                    section = strip.text
                if line is None:
                    continue
                under = (
                    replace(line, stems=line.stems | telling(section)) if len(line.label.words) == 1 else line
                )
                for each in (line, under) if under is not line else (line,):
                    for stem in each.stems:
                        found.setdefault(stem, []).append(each)
        return found

    @cached_property
    def every(self) -> list[Line]:
        return [line for lines in self.by_page for line in lines if line is not None]

    def best(self, array: Field) -> Found | None:
        """The line that fits a field best, None where none fits or it is one of several alike."""
        best: Found | None = None
        share = is_share(array)
        asked = next((k for name in reversed(array.ancestors) if (k := statement_of(name))), None)
        for phrase, weight in phrases(array):
            wanted = telling(phrase)
            rows = {id(line): line for stem in wanted for line in self._index.get(stem, ())}
            for line in rows.values():
                if not any(n.percent == share for _, n in line.cells):
                    continue
                if "gross" in phrase.split() and "gross" not in line.label.text.lower():
                    continue  # what is left after all costs is another profit
                label = line.stems - _PERCENT if share and wanted.isdisjoint(_PERCENT) else line.stems
                likeness = weight * (0.85 * alike(wanted, label) + 0.15 * alike(wanted, line.whole))
                stands = self._kinds[line.page] if asked is not None else None
                if stands is not None and "balance" in (asked, stands) and asked != stands:
                    continue  # a change of receivables is no receivable
                found = Found(line, likeness, stands is not None and asked == stands)
                if found.rank()[0] >= MATCH and (best is None or found.rank() > best.rank()):
                    best = found
        return None if best is not None and self._is_one_of_several(best.line) else best

    def _is_one_of_several(self, line: Line) -> bool:
        """Whether a line is a part of what its label begins with: `Receivables, trade` over `Receivables, other`."""
        return any(
            other.page == line.page and other.stems == line.stems and other.whole != line.whole
            for stem in line.stems
            for other in self._index.get(stem, ())
            if line.whole != line.stems
        )

    @cached_property
    def _kinds(self) -> list[str | None]:
        """Which statement each page is, by its title."""
        return [
            next(
                (k for s in strips[:TITLE_WITHIN] if len(s.words) <= 10 and (k := statement_of(s.text))), None
            )
            for strips in self._pages
        ]


def statement_of(title: str) -> str | None:
    """`balance`, `income` or `cash`: which statement a title or the name of an object speaks of."""
    said = fold(words_of(title))
    return next((kind for kind, pattern in _STATEMENTS if pattern.search(said)), None)


def is_share(array: Field) -> bool:
    """Whether an array asks for percentages: by its name, or by how its description begins."""
    return bool(_SHARE.search(words_of(array.name)) or _SHARE.search(array.description[:60]))


def phrases(array: Field) -> list[tuple[str, float]]:
    """What may stand on the page for an array: its name, title, the first phrase of its description, and what
    statements usually print for it."""
    parts = [p for p in re.split(r"[:(.,;]", array.description)[:1] if p.strip()]
    name = words_of(array.name)
    known = sorted({p for key, ps in phrases_of("line").items() if name == key or name in ps for p in ps})
    said = [
        (name, 0.97),
        (fold(array.title), 0.98),
        *((fold(p), 1.0) for p in parts),
        *((p, 0.99) for p in known),
    ]
    return [(p, w) for p, w in said if p]
