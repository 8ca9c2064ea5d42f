"""Sums and products as evidence: which columns are quantity, price and amount, and what adds up. Called by
`arrays` and `ledger`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

Grid = Mapping[int, Sequence[float | None]]  # column -> its number in each row
CENT = 0.0051
_MOST_COLUMNS = 12


def close(a: float, b: float, slack: float = CENT) -> bool:
    return abs(a - b) <= slack + 1e-9


def product_holds(quantity: float, price: float, amount: float) -> bool:
    """Whether quantity x price is the amount, up to the rounding of either."""
    return close(
        abs(quantity * price), abs(amount), max(CENT, 0.0051 * abs(quantity) if abs(quantity) > 1 else CENT)
    )


def _share(grid: Grid, q: int, u: int, t: int) -> tuple[int, int, int]:
    """Rows where the product holds, rows with all three numbers, rows that hold and tell q from u."""
    holds = full = telling = 0
    for a, b, c in zip(grid.get(q, ()), grid.get(u, ()), grid.get(t, ()), strict=False):
        if a is None or b is None or c is None:
            continue
        full += 1
        if product_holds(a, b, c):
            holds += 1
            telling += c != 0 and not close(a, 1)
    return holds, full, telling


def agreement(grid: Grid, q: int | None, u: int | None, t: int | None) -> float | None:
    """The share of rows in which quantity x price = amount; None when that cannot be tested."""
    if q is None or u is None or t is None:
        return None
    holds, full, _ = _share(grid, q, u, t)
    return holds / full if full else None


def rearranged(grid: Grid, q: int | None, u: int | None, t: int | None) -> tuple[int, int, int] | None:
    """Columns for which quantity x price = amount in (nearly) every row, where the headings' choice fails.

    Columns that the headings fixed are kept when possible. None: nothing better was found.
    """
    now = agreement(grid, q, u, t)
    if now is not None and now >= 0.5:
        return None
    best: tuple[float, tuple[int, int, int]] | None = None
    for cand in itertools.permutations(_worth_trying(grid, (q, u, t)), 3):
        holds, full, telling = _share(grid, *cand)
        if (
            full == 0
            or (full == 1 and now is not None)
            or holds < 0.75 * full
            or telling == 0
            or (telling < 2 and full > 2)
        ):
            continue
        kept = sum(c == w for c, w in zip(cand, (q, u, t), strict=True) if w is not None)
        score = 3 * kept + holds / full + 0.1 * (cand[2] == max(grid))
        if best is None or score > best[0]:
            best = (score, cand)
    return best[1] if best else None


def _worth_trying(grid: Grid, named: Sequence[int | None]) -> list[int]:
    """The columns with the most numbers, those that the headings named first: triples grow with their third power."""
    full = {column: sum(n is not None for n in numbers) for column, numbers in grid.items()}
    return sorted(sorted(full, key=lambda column: (column not in named, -full[column]))[:_MOST_COLUMNS])


def runs_that_add_up(amounts: Sequence[float], targets: Sequence[float]) -> Iterator[tuple[int, int]]:
    """All stretches `start:end` of `amounts` whose sum is one of `targets`, longest first."""
    wanted = {round(t, 2) for t in targets if t}
    sums = [0.0, *itertools.accumulate(amounts)]
    for size in range(len(amounts), 0, -1):
        for start in range(len(amounts) - size + 1):
            if round(sums[start + size] - sums[start], 2) in wanted:
                yield start, start + size
