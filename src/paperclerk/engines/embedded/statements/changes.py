"""How much a figure changed, in percent, where a line prints it beside the figures. Called by `figures`.

    Net sales    184,210    171,905    12,305    7.2%       the percentage is that of the two figures before it

A percentage that the figures beside it do not confirm is left alone: it may be a share or a margin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from msgspec import structs

from paperclerk.engines.embedded.statements.lines import Line
from paperclerk.engines.embedded.tables.roles import fold, words_of
from paperclerk.engines.embedded.tables.strips import Piece
from paperclerk.printed.numbers import Number
from paperclerk.schemas.compiled import Field

_CHANGE = re.compile(r"\b(?:growth|change|increase|veranderung|wachstum|croissance|evolution)\b")


@dataclass(frozen=True)
class Change:
    """A percentage, and the newer of the figures it was worked out from."""

    piece: Piece
    number: Number
    of: Piece


def changing(array: Field) -> Field | None:
    """The figure whose change an array asks for, `revenue` of `revenue_growth`; None where it asks for none."""
    name = words_of(array.name)
    base = " ".join(w for w in _CHANGE.sub(" ", name).split() if w not in _BARE)
    return replace(array, name=base, title="", description="") if base and _CHANGE.search(name) else None


_BARE = frozenset(["percent", "percentage", "pct", "rate", "yoy", "in", "of"])


def is_change(field: Field) -> bool:
    return _CHANGE.search(words_of(field.name)) is not None


def changes(line: Line) -> Iterator[Change]:
    """The changes that a line prints and its figures confirm, newest figure first in each group of columns."""
    figures: list[tuple[Piece, Number]] = []
    for piece, number in line.cells:
        if len(figures) >= 2 and (number.percent or _marked(line, piece)):
            if _confirmed(figures[0][1].value, figures[1][1].value, number):
                yield Change(piece, structs.replace(number, percent=True), figures[0][0])
            figures = []
        else:
            figures.append((piece, number))


def _marked(line: Line, piece: Piece) -> bool:
    """Whether the percent sign stands apart, at the edge of the column."""
    pieces = line.strip.pieces
    behind = pieces[pieces.index(piece) + 1 :]
    return bool(behind) and fold(behind[0].text) == "%"


def _confirmed(new: float, old: float, said: Number) -> bool:
    if old == 0:
        return False
    off = abs(100 * (new - old) / abs(old) - said.value)
    return off <= (10.0**-said.decimals) * 0.51 + 0.05 * (said.decimals > 0) + abs(said.value) * 0.01
