"""A figure by segment, region or division: the rows that add up to it. Called by `figures`.

    Net sales:                          2025      2024
      Filtration                      81,406    74,330
      Valves and controls             63,118    61,044
      Eliminations                    (2,105)   (1,998)       counts for the sum, and is no segment
    Total net sales                  142,419   133,376

Proof is that rows add up to a sum, and that the sum repeats the figure where the document has it for the whole;
else the heading or the label of the sum must name it. What stands above must speak of segments: the lines of an
income statement add up as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from paperclerk.domain.result import Scalar
from paperclerk.engines.embedded.statements.lines import Line, telling
from paperclerk.engines.embedded.tables.roles import fold, stems, words_of
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.engines.embedded.words.vocabulary import phrases, words
from paperclerk.schemas.compiled import Field

MOST_ROWS = 30
SAID_WITHIN = 12  # strips over the first row
PROSE = 14  # words: a longer strip is a sentence
_PARTS = stems(" ".join(phrases("segment")["part"]))
_GEOGRAPHIC = stems("geographic geography geographical region regional country market area")
_REST = re.compile(  # counts for a sum, and is no segment
    r"^(?:total|sub-?total|consolidated|eliminations?|inter(?:est|segment|company|group)\w*|inter |unallocated"
    r"|corporate|reconcil\w+|adjustments?|uberleitung|konsolidierung|summe|gesamt|konzern|group total|reportable)\b"
    r"|\b(?:total|eliminations?|expenses?)$"
)
_SUM = re.compile(r"^(?:total|consolidated|group|summe|gesamt|konzern|totale?s?)\b|\btotals?$|\bgesamt$")
_PLACES = phrases("segment")["place"]
_BETWEEN = frozenset(words("and of the und et y e"))


@dataclass(frozen=True)
class Breakdown:
    """The rows of the segments, the row of their sum, and the words for parts (stems) that stand above them."""

    rows: tuple[Line, ...]
    total: Line
    said: frozenset[str]


def segment_of(element: Field) -> Field | None:
    """The property that names the part of the whole a figure is about."""
    named = (c for c in element.children if c.kind == "string" and stems(words_of(c.name)) & _PARTS)
    return next(named, None)


def figure_in(name: str) -> str:
    """The figure that a name speaks of, without the parts: `revenue` of `revenue by region`."""
    return " ".join(w for w in name.split() if w != "by" and not stems(w) & _PARTS)


def is_level(field: Field) -> bool:
    """Whether a choice tells the whole from its parts: `company`, `business_segment`, `geographic_segment`."""
    return field.kind == "enum" and bool(stems(words_of(field.name)) & _PARTS)


def level_of(field: Field, label: str) -> Scalar:
    """The member that a segment of this name is; None where several may be."""
    parts = [v for v in field.values if isinstance(v, str) and v != field.default]
    placed = [v for v in parts if stems(words_of(v)) & _GEOGRAPHIC]
    fitting = placed if is_place(label) else [v for v in parts if v not in placed]
    return fitting[0] if len(fitting) == 1 else None


def is_place(label: str) -> bool:
    """Whether a name consists of names of places."""
    said = [w for w in fold(label).split() if w not in _BETWEEN]
    return bool(said) and all(w in _PLACES for w in said)


def breakdowns(
    pages: Sequence[Sequence[Strip]],
    lines: Sequence[Sequence[Line | None]],
    named: Callable[[frozenset[str]], bool],
    whole: Line | None,
) -> Iterator[Breakdown]:
    """The proved breakdowns of a figure. `named` says whether the words of a heading or label are those of the
    figure, `whole` is its line for all segments together, if there is one."""
    for strips, row_of in zip(pages, lines, strict=True):
        spoken = [_PARTS & stems(fold(s.text)) for s in strips]
        for at, total in enumerate(row_of):
            if total is None or not any(spoken[: at + 1]):
                continue
            if not (repeats(total, whole) if whole is not None else _SUM.search(fold(total.label.text))):
                continue
            rows, heading = _above(strips, row_of, at, named)
            if whole is None and not named(total.stems) and not (heading is not None and named(heading)):
                continue
            segments = tuple(r for r in _added_up(rows, total) if not _REST.search(fold(r.label.text)))
            if len(segments) >= 2:
                first = at - len(rows)
                said = frozenset[str]().union(*spoken[max(0, first - SAID_WITHIN) : at])
                if said:
                    yield Breakdown(segments, total, said)


def repeats(total: Line, whole: Line) -> bool:
    """Whether a line has the numbers of a figure, as its own does."""
    if total.strip is whole.strip:
        return True
    have, want = ([n.value for _, n in line.cells if not n.percent] for line in (total, whole))
    return bool(have and want) and have[0] == want[0] and len(set(have) & set(want)) >= min(2, len(want))


def _above(
    strips: Sequence[Strip], row_of: Sequence[Line | None], at: int, named: Callable[[frozenset[str]], bool]
) -> tuple[list[Line], frozenset[str] | None]:
    """The rows over a sum, upwards to a heading that names the figure or to a sentence, and the heading's words."""
    rows: list[Line] = []
    for i in range(at - 1, max(-1, at - 1 - MOST_ROWS), -1):
        row = row_of[i]
        if row is not None:
            rows.insert(0, row)
            continue
        said = telling(figure_in(fold(strips[i].pieces[0].text)))
        if named(said):
            return rows, said
        if len(strips[i].words) > PROSE:
            break
    return rows, None


def _added_up(rows: Sequence[Line], total: Line) -> list[Line]:
    """The rows right above a sum that add up to it, without those that sum up others; [] where none do."""
    target = total.cells[0][1].value
    for start in range(len(rows) - 1):
        kept: list[Line] = []
        for row in rows[start:]:
            if not _sums_up(kept, row):
                kept.append(row)
        if len(kept) >= 2 and _adds(kept, target):
            return kept
    return []


def _sums_up(kept: Sequence[Line], row: Line) -> bool:
    return any(_adds(kept[i:], row.cells[0][1].value) for i in range(len(kept) - 1))


def _adds(rows: Sequence[Line], target: float) -> bool:
    """Whether the first numbers of rows add up to one, but for rounding in the last place of each."""
    slack = max(10.0 ** -r.cells[0][1].decimals for r in rows)
    return target != 0 and abs(sum(r.cells[0][1].value for r in rows) - target) <= slack * 1.01
