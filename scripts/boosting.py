"""Gradient-boosted trees for yes or no, small, the same on every machine. Called by `scripts.calibrate`.

Newton steps on the logistic loss; leaves are split best first. No draws: the same rows give the same trees.
A fact may be held to raise the odds only, or to lower them only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ROUNDS, LEAVES, RATE = 150, 6, 0.05
LEAST = 20  # rows on either side of a split
RIDGE = 5.0
CUTS = 31  # thresholds tried for a fact
FAR = 9.0  # log odds: no leaf goes beyond


@dataclass
class _Leaf:
    """Rows that end in the same leaf; `value` keeps to `low`..`high` so that no fact acts against its sign."""

    rows: Any
    low: float
    high: float
    value: float
    split: tuple[float, int, int, float, float] | None  # gain, fact, cut, values of its two leaves
    below: tuple[_Leaf, _Leaf] | None = None


class Booster:
    """`facts` (rows, facts), `right` and `weights` (rows,). `signs`: 1 raises, -1 lowers, 0 either, by fact."""

    def __init__(self, facts: Any, right: Any, weights: Any, signs: Sequence[int]) -> None:
        self.facts, self.right, self.weights, self.signs = facts, right, weights, signs
        shares = np.linspace(0, 1, CUTS + 2)[1:-1]
        columns = facts.T
        self.cuts = [np.unique(np.quantile(c, shares, method="lower")) for c in columns]
        self.cuts = [cut[cut < c.max()] for cut, c in zip(self.cuts, columns, strict=True)]
        self.bins = [np.searchsorted(cut, c) for cut, c in zip(self.cuts, columns, strict=True)]

    def fit(self) -> tuple[float, list[Any]]:
        """The bias, and the trees in the form of `embedded.fields.forest`."""
        said_yes = self.weights @ self.right
        bias = float(np.log(said_yes / (self.weights.sum() - said_yes)))
        odds = np.full(len(self.right), bias)
        trees = []
        for _ in range(ROUNDS):
            said = 1 / (1 + np.exp(-odds))
            self.slope = self.weights * (self.right - said)
            self.curve = self.weights * said * (1 - said)
            trees.append(self._tree(odds))
        return bias, trees

    def _tree(self, odds: Any) -> Any:
        """Grows a tree and adds what it says to `odds`."""
        every = np.arange(len(self.right))
        root = self._leaf(every, -FAR, FAR, float(self.slope.sum() / (self.curve.sum() + RIDGE)))
        leaves = [root]
        while len(leaves) < LEAVES:
            best = max((x for x in leaves if x.split), key=lambda x: x.split[0], default=None)
            if best is None:
                break
            best.below = self._divided(best)
            leaves = [x for x in leaves if x is not best] + [*best.below]
        for leaf in leaves:
            odds[leaf.rows] += round(RATE * leaf.value, 5)
        return self._written(root)

    def _leaf(self, rows: Any, low: float, high: float, value: float) -> _Leaf:
        return _Leaf(rows, low, high, value, self._split(rows, low, high))

    def _divided(self, leaf: _Leaf) -> tuple[_Leaf, _Leaf]:
        assert leaf.split is not None
        _, fact, cut, less, more = leaf.split
        under = self.bins[fact][leaf.rows] <= cut
        middle, sign = (less + more) / 2, self.signs[fact]
        first = (middle, leaf.high) if sign < 0 else (leaf.low, middle if sign > 0 else leaf.high)
        second = (leaf.low, middle) if sign < 0 else (middle if sign > 0 else leaf.low, leaf.high)
        return self._leaf(leaf.rows[under], *first, less), self._leaf(leaf.rows[~under], *second, more)

    def _split(self, rows: Any, low: float, high: float) -> tuple[float, int, int, float, float] | None:
        """The best split of some rows, or None where none gains anything."""
        slope, curve = self.slope[rows], self.curve[rows]
        all_slope, all_curve = slope.sum(), curve.sum() + RIDGE
        best = None
        for fact, cuts in enumerate(self.cuts):
            if not len(cuts):
                continue
            at, size = self.bins[fact][rows], len(cuts) + 1
            count = np.bincount(at, minlength=size).cumsum()[:-1]
            left = np.bincount(at, slope, size).cumsum()[:-1]
            left_curve = np.bincount(at, curve, size).cumsum()[:-1] + RIDGE
            right, right_curve = all_slope - left, all_curve - left_curve + RIDGE
            less, more = np.clip(left / left_curve, low, high), np.clip(right / right_curve, low, high)
            gain = less * (2 * left - left_curve * less) + more * (2 * right - right_curve * more)
            fits = (count >= LEAST) & (len(rows) - count >= LEAST) & (self.signs[fact] * (more - less) >= 0)
            gain = np.where(fits, gain - all_slope**2 / all_curve, 0.0)
            cut = int(gain.argmax())
            if gain[cut] > 1e-6 and (best is None or gain[cut] > best[0]):
                best = (float(gain[cut]), fact, cut, float(less[cut]), float(more[cut]))
        return best

    def _written(self, leaf: _Leaf) -> Any:
        if leaf.below is None or leaf.split is None:
            return round(RATE * leaf.value, 5)
        _, fact, cut, _, _ = leaf.split
        return [fact, round(float(self.cuts[fact][cut]), 4), *map(self._written, leaf.below)]
