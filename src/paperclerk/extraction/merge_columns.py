"""Which of several equal prints in one row is meant: the one in the field's column. Called by `merge`; pure.

A row of a bill with one piece prints its price twice. The field's places in other rows tell its column; where they
tell nothing, the fields of a row stand in the schema's order, amounts as far right as they can.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paperclerk.grounding.align import Candidate

Path = tuple[str, ...]

EDGE = 6.0  # page units by which the edges of one column differ at most
MOST_COMBINED = 6  # places of one value in one row


@dataclass
class RowPlaces:
    """The fields of one row, in the schema's order: each with the places beside the row, and the one chosen."""

    beside: dict[Path, list[Candidate]]
    chosen: dict[Path, Candidate]
    numeric: frozenset[Path]


def settle_columns(rows: Sequence[RowPlaces]) -> None:
    """Chooses anew, in place, wherever a row leaves a choice."""
    columns = {path: _Column() for row in rows for path in row.beside}
    for row in rows:
        for path, places in row.beside.items():
            for place in places:
                columns[path].add(_edge(place, path in row.numeric), 1 / len(places))
    for row in rows:
        for paths in _contested(row):
            _choose(row, paths, columns)


class _Column:
    """Edges at which a field was seen, with weights; a print that had no rival weighs most."""

    def __init__(self) -> None:
        self._weights: dict[int, float] = {}

    def add(self, edge: float, weight: float) -> None:
        bin_ = round(edge / EDGE)
        self._weights[bin_] = self._weights.get(bin_, 0.0) + weight

    def votes(self, edge: float) -> float:
        bin_ = round(edge / EDGE)
        return sum(self._weights.get(b, 0.0) for b in (bin_ - 1, bin_, bin_ + 1))


def _contested(row: RowPlaces) -> list[list[Path]]:
    """Fields with more than one place, those of the same places together."""
    groups: dict[frozenset[object], list[Path]] = {}
    for path, places in row.beside.items():
        if 1 < len(places) <= MOST_COMBINED:
            groups.setdefault(frozenset(c.span for c in places), []).append(path)
    return list(groups.values())


def _choose(row: RowPlaces, paths: Sequence[Path], columns: Mapping[Path, _Column]) -> None:
    taken = {c.span for p, c in row.chosen.items() if p not in paths}
    every = sorted(row.beside[paths[0]], key=lambda c: c.box.x0)
    places = [c for c in every if c.span not in taken] or every
    count = min(len(paths), len(places))

    def worth(chosen: Sequence[Candidate]) -> tuple[float, float]:
        pairs = list(zip(paths, chosen, strict=False))
        votes = sum(columns[p].votes(_edge(c, p in row.numeric)) for p, c in pairs)
        right = sum(c.box.x1 if p in row.numeric else -c.box.x0 for p, c in pairs)
        return round(votes, 3), right

    best = max(itertools.combinations(places, count), key=worth)
    for i, path in enumerate(paths):
        row.chosen[path] = best[min(i, count - 1)]


def _edge(place: Candidate, numeric: bool) -> float:
    return place.box.x1 if numeric else place.box.x0
