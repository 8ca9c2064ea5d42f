"""The probability that a value is right, from how it was found. Called by the engine and by what reads arrays.

Fields outside arrays: a logistic model over facts of the choice (`scripts/calibrate.py` fits it). Cells of tables,
lines of receipts and statements: shares that were right, counted by how they were found. Both were checked by
leaving out one kind of documents after the other (docs/accuracy.md has the figures).
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

from paperclerk.engines.embedded.candidates import Candidate
from paperclerk.engines.embedded.names import has_legal_form
from paperclerk.engines.embedded.profile import Profile
from paperclerk.engines.embedded.readings import Place
from paperclerk.printed.identifiers import is_iban

_FAILS_CHECK = 0.5  # at most, where a value's own check digits say that it is not right
LEAST = 0.3  # candidates that score below this are not given
HEAD_ROWS = 12  # of the first page: where documents say what they are and whose
DEEP = 10  # pages in, where the same words label many things

_TYPED = frozenset(
    {"money", "number", "percent", "integer", "date", "datetime", "time", "email", "uri", "phone"}
    | {"iban", "bic", "vat_id", "id", "currency"}
)
_WEIGHTS = {
    "score": 1.23,
    "clear": 2.03,
    "first": 0.46,
    "repeated": 0.58,
    "support": 1.26,
    "typed, unlabelled": 0.85,
    "name": -1.31,
    "legal form": 0.88,
    "text": -1.07,
    "head": 1.01,
    "later": -0.62,
    "deep": -0.99,
    "recognised": 0.74,
    "misread": -0.62,
    "words on a scan": -0.62,
}
_BIAS = -1.12  # 0.2 under the fit: kinds of documents that were not seen are read a little less well


def probability(
    candidate: Candidate, ranked: Sequence[Candidate], profile: Profile, taken: Set[Place]
) -> float | None:
    """0..1, or None when the value is too doubtful to be given. `ranked` are all candidates of the field, `taken`
    the places of what other fields were given."""
    if candidate.score < LEAST:
        return None
    facts = features(candidate, ranked, profile, taken)
    total = _BIAS + sum(_WEIGHTS[name] * value for name, value in facts.items())
    fails = profile.want == "iban" and not is_iban(str(candidate.value))
    return min(_FAILS_CHECK if fails else 1.0, 1.0 / (1.0 + math.exp(-total)))


def features(
    candidate: Candidate, ranked: Sequence[Candidate], profile: Profile, taken: Set[Place]
) -> dict[str, float]:
    """What the model looks at, each about 0..1.

    A rival is another value that this field could have: not one that another field took, and no other reading of
    the same place. `clear` is how far the best one falls behind.
    """
    said = str(candidate.value)
    rivals = [
        c
        for c in ranked
        if str(c.value) != said and c.place not in taken and not _overlap(c.place, candidate.place)
    ]
    best = max(rivals, key=lambda c: c.score, default=None)
    behind = candidate.score - best.score if best is not None else candidate.score
    typed, labelled = profile.want in _TYPED, candidate.label > 0
    page, row = candidate.place[:2]
    return {
        "score": min(1.0, candidate.score),
        "clear": 2 * max(0.0, min(0.5, behind)),
        "first": float(best is None or candidate.place < best.place),
        "repeated": float(sum(str(c.value) == said for c in ranked) > 1),
        "support": 5 * min(0.2, candidate.support),
        "typed, unlabelled": float(typed and not labelled),
        "name": float(profile.want == "name"),
        "legal form": float(has_legal_form(said)),
        "text": float(profile.want == "text"),
        "head": float(page == 0 and row < HEAD_ROWS),
        "later": float(page > 0),
        "deep": min(1.0, page / DEEP),
        "recognised": 5 * max(0.0, candidate.ocr - 0.8),
        "misread": float(candidate.ocr < 0.9),
        "words on a scan": float(not typed and labelled and candidate.ocr < 1),
    }


def _overlap(a: Place, b: Place) -> bool:
    return a[:2] == b[:2] and a[2] < b[3] and b[2] < a[3]


@dataclass(frozen=True)
class CellFacts:
    """How a cell of a table under a heading was found.

    `proved`: sums or products confirm its column; `beside_proved`: those of another column, so that a number here
    is one that arithmetic did not confirm. `match` 0..1: how well the heading names the property. `lines` that
    the cell runs over.
    """

    proved: bool
    beside_proved: bool
    match: float
    number: bool
    lines: int


def cell_probability(cell: CellFacts) -> float:
    if cell.proved:
        return 0.97
    if cell.number and cell.beside_proved:
        return 0.75
    if cell.lines > 1:
        return 0.82
    if cell.match < WELL_NAMED:
        return 0.86
    return 0.95 if cell.beside_proved else 0.92


WELL_NAMED = 0.95


def listed_probability(*, proved: bool, name: bool) -> float:
    """For the `name` or a number of a line with an amount; `proved`: the amounts add up to a printed total."""
    if not proved:
        return 0.8
    return 0.95 if name else 0.97


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
