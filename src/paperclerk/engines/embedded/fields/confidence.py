"""The probability that a value is right, from how it was found. Called by the engine and by what reads arrays.

Fields outside arrays: boosted trees over facts of the choice (`scripts/calibrate.py` fits them, mostly on what the
engine gave of documents nobody had looked at). Cells of tables, lines of receipts and statements: shares that were
right, counted by how they were found. docs/accuracy.md has how both do on documents they were not fitted on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.forest import forest
from paperclerk.engines.embedded.fields.readings import Place
from paperclerk.engines.embedded.page.names import has_legal_form
from paperclerk.printed.identifiers import is_iban

_FAILS_CHECK = 0.5  # at most, where a value's own check digits say that it is not right
LEAST = 0.3  # candidates that score below this are not given
HEAD_ROWS = 12  # of the first page: where documents say what they are and whose
DEEP = 10  # pages in, where the same words label many things

_TYPED = frozenset(
    {"money", "number", "percent", "integer", "date", "datetime", "time", "email", "uri", "phone"}
    | {"iban", "bic", "vat_id", "id", "currency"}
)
_DATES = frozenset({"date", "datetime", "time"})
_PLACES = frozenset({"street", "city", "state", "country", "postcode", "address"})
PROSE = 60  # characters of a line: longer ones are running text
_USUAL = 0.75  # of a schema's fields have an answer
_USUAL_COUNT = 3  # fields that this counts for


@dataclass(frozen=True, slots=True)
class Around:
    """What a choice stands among: `taken` are the places of what fields were given, `others` how many other
    fields there are, `answered` how many of them have an answer, `line` the characters of the line it stands in."""

    taken: Set[Place]
    others: int
    answered: int
    line: int


def probability(
    candidate: Candidate, ranked: Sequence[Candidate], profile: Profile, around: Around
) -> float | None:
    """0..1, or None when the value is too doubtful to be given. `ranked` are all candidates of the field."""
    if candidate.score < LEAST:
        return None
    odds = forest("confidence.json").log_odds(features(candidate, ranked, profile, around))
    fails = profile.want == "iban" and not is_iban(str(candidate.value))
    return min(_FAILS_CHECK if fails else 1.0, 1.0 / (1.0 + math.exp(-odds)))


def features(
    candidate: Candidate, ranked: Sequence[Candidate], profile: Profile, around: Around
) -> dict[str, float]:
    """What the model looks at, each about 0..1.

    A rival is another value that this field could have: not one that another field took, and no other reading of
    the same place. `clear` is how far the best one falls behind.
    """
    said = str(candidate.value)
    rivals = [
        c
        for c in ranked
        if str(c.value) != said and c.place not in around.taken and not _overlap(c.place, candidate.place)
    ]
    best = max(rivals, key=lambda c: c.score, default=None)
    behind = candidate.score - best.score if best is not None else candidate.score
    want, labelled = profile.want, candidate.label > 0
    page, row = candidate.place[:2]
    return {
        "score": min(1.0, candidate.score),
        "clear": 2 * max(0.0, min(0.5, behind)),
        "first": float(best is None or candidate.place < best.place),
        "alone": float(best is None),
        "repeated": float(sum(str(c.value) == said for c in ranked) > 1),
        "support": 5 * min(0.2, candidate.support),
        "label": min(1.2, candidate.label),
        "said": float(candidate.direction == "said"),
        "known": max(profile.concepts.values(), default=0.0),
        "money": float(want == "money"),
        "date": float(want in _DATES),
        "id": float(want == "id"),
        "name": float(want == "name"),
        "legal form": float(has_legal_form(said)),
        "text": float(want == "text"),
        "address": float(want == "address"),
        "place": float(profile.part in _PLACES),
        "head": float(page == 0 and row < HEAD_ROWS),
        "later": float(page > 0),
        "deep": min(1.0, page / DEEP),
        "prose": float(around.line >= PROSE),
        "recognised": 5 * max(0.0, candidate.ocr - 0.8),
        "words on a scan": float(want not in _TYPED and labelled and candidate.ocr < 1),
        "answered": (around.answered + _USUAL * _USUAL_COUNT) / (around.others + _USUAL_COUNT),
    }


def _overlap(a: Place, b: Place) -> bool:
    return a[:2] == b[:2] and a[2] < b[3] and b[2] < a[3]


@dataclass(frozen=True)
class CellFacts:
    """How a cell of a table under a heading was found.

    `proved`: sums or products confirm its column; `beside_proved`: those of another column, so that a number here
    is one that arithmetic did not confirm. `lines` that the cell runs over.
    """

    proved: bool
    beside_proved: bool
    number: bool
    lines: int


def cell_probability(cell: CellFacts) -> float:
    if cell.lines > 1:
        return 0.55
    if cell.proved:
        return 0.98 if cell.number else 0.75  # words in a column of amounts
    if cell.beside_proved:
        return 0.93 if cell.number else 0.96
    return 0.95


WELL_NAMED = 0.95


def listed_probability(*, proved: bool, name: bool) -> float:
    """For the `name` or a number of a line with an amount; `proved`: the amounts add up to a printed total."""
    if not proved:
        return 0.8
    return 0.93 if name else 0.95


def concluded_probability(evidence: float) -> float:
    """For an enum member or a boolean. `evidence` 0..1 and more: the weight of the way it was concluded, times how
    well its label fits."""
    return 0.65 + 0.25 * min(1.0, evidence)


@dataclass(frozen=True)
class FigureFacts:
    """How a figure was found in a row of a statement.

    `titled`: its page has the title of the statement that is asked for. `match` 0..1: how well the row's label fits.
    `dated`: its column says the period. `distinct`: no other column of the row says the same one, as columns of
    changes and of segments do. `part`: it is the figure of one segment.
    """

    titled: bool
    match: float
    dated: bool
    distinct: bool
    part: bool = False


def figure_probability(figure: FigureFacts, kind: Literal["value", "period", "about"]) -> float:
    """For the figure itself, its period, or what is about it: unit, scale, segment."""
    if figure.part:
        return PART
    if not figure.dated:
        return 0.4 if kind == "about" else 0.2
    if kind == "about":
        sure = figure.titled or (figure.distinct and figure.match >= WELL_NAMED)
        return 0.97 if sure else 0.65
    if kind == "period" and not figure.distinct:
        return 0.5
    if figure.titled:
        return 0.85 if figure.match >= FITS else 0.6
    return 0.87 if figure.distinct and figure.match >= WELL_NAMED else 0.3


FITS = 0.85
PART = (
    0.7  # a figure of one segment: of 1038 leaves 584 were in truths that list segments for some figures only
)
MANY_CELLS = 60


def table_probability(filled: int, share: float, *, merged: bool) -> float:
    """That a table was read with its right edges. `filled` cells in the same columns: words that stand in columns by
    chance do not keep them for long. `share` of all cells that are filled. `merged`: some column holds two values in
    most of its cells."""
    if merged:
        return 0.3
    if filled >= MANY_CELLS:
        return 0.97
    if share < 0.5:
        return 0.2
    return 0.75 if filled >= MANY_CELLS / 2 else 0.7


def cell_of_table(*, heading: bool, spans: bool, number: bool, thin: bool) -> float:
    """That a cell of a right table is right. `thin`: less than half of its row is filled."""
    if heading:
        return 0.72
    if spans:
        return 0.75
    if thin:
        return 0.85
    return 0.99 if number else 0.95
