"""Which of several equal prints is meant: the one in the row's band and the field's column. Called by `merge`; pure.

A row of a bill with one piece prints its price twice. The field's places in other rows tell its column; where they
tell nothing, the fields of a row stand in the schema's order, amounts as far right as they can.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paperclerk.domain.result import Span
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
    owned = Counter((path, c.span) for row in rows for path, c in row.chosen.items())
    for row in rows:
        for paths in _contested(row):
            owned.subtract((p, row.chosen[p].span) for p in paths)
            _choose(row, paths, columns, owned)
            owned.update((p, row.chosen[p].span) for p in paths)


_Spot = tuple[int, float]  # page, height on it


@dataclass(frozen=True)
class Band:
    """Where the values of a row may stand: from its own line to the next row's, or from the last row's to its own."""

    first: _Spot = (-1, 0.0)
    last: _Spot = (2**31, 0.0)

    def holds(self, place: Candidate) -> bool:
        return self.first <= _spot(place) <= self.last


def row_bands(
    anchors: Sequence[Candidate | None], places: Sequence[Sequence[Sequence[Candidate]]]
) -> list[Band]:
    """The band of each row. Rows reach down from their anchors, or up, as more of their values are found."""
    spots = [_spot(a) if a is not None else None for a in anchors]
    halves = [0.5 * a.box.height if a is not None else 0.0 for a in anchors]
    down, up = [], []
    for i, spot in enumerate(spots):
        if spot is None:
            down.append(Band())
            up.append(Band())
            continue
        below = next((s for s in spots[i + 1 :] if s is not None and s > spot), None)
        above = next((s for s in reversed(spots[:i]) if s is not None and s < spot), None)
        half = halves[i]
        own = (spot[0], spot[1] - half), (spot[0], spot[1] + half)
        down.append(Band(own[0], (below[0], below[1] - half) if below else Band.last))
        up.append(Band((above[0], above[1] + half) if above else Band.first, own[1]))

    def found(bands: Sequence[Band]) -> int:
        return sum(any(map(b.holds, c)) for b, row in zip(bands, places, strict=True) for c in row)

    return down if found(down) >= found(up) else up


def _spot(place: Candidate) -> _Spot:
    return place.span.page, place.box.cy


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


def _choose(
    row: RowPlaces,
    paths: Sequence[Path],
    columns: Mapping[Path, _Column],
    owned: Mapping[tuple[Path, Span], int],
) -> None:
    """Chooses for fields with the same places: none that another field, or another row's field, has."""
    taken = {c.span for p, c in row.chosen.items() if p not in paths}
    taken |= {c.span for p in paths for c in row.beside[p] if owned.get((p, c.span), 0) > 0}
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
