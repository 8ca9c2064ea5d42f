"""A sum of small decision trees, kept as JSON in the package. Called by `confidence`, made by `scripts.calibrate`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

# What a tree adds, or (position of a fact, threshold, tree where the fact is at most that, tree where it is more).
Tree = float | Sequence[Any]


@dataclass(frozen=True, slots=True)
class Forest:
    """`names` are the facts that the trees ask about, by position."""

    names: tuple[str, ...]
    bias: float
    trees: tuple[Tree, ...]

    def log_odds(self, facts: Mapping[str, float]) -> float:
        values = [facts[name] for name in self.names]
        total = self.bias
        for tree in self.trees:
            while not isinstance(tree, float):
                at, threshold, below, above = tree
                tree = below if values[at] <= threshold else above
            total += tree
        return total


@cache
def forest(file: str) -> Forest:
    """The forest in a file beside this module."""
    read = json.loads(files(__package__).joinpath(file).read_text(encoding="utf-8"))
    return Forest(tuple(read["names"]), read["bias"], tuple(read["trees"]))
