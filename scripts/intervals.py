"""Intervals and losses of predictions: `python -m scripts.intervals CASES.jsonl PREDICTIONS.jsonl`.

One row a source: accuracy with its 95 % interval (documents drawn anew, 2000 times: the leaves of one stand and fall
together), and what the wrong leaves are: `missing` nothing was given, `form` nearly the same text or one inside the
other, `other` another value; `surplus` values in rows that the truth does not have; `unasked` of the missing, those
whose property the schema does not name.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from paperclerk.evaluation.cases import load_cases, load_predictions
from paperclerk.evaluation.compare import alnum
from paperclerk.evaluation.score import Scored, leaves_of

DRAWS = 2000
ALIKE = 70  # of 100
LOSSES = ("missing", "unasked", "form", "other", "surplus")


def loss(leaf: Scored, names: frozenset[str]) -> list[str]:
    """What is wrong with a leaf."""
    if leaf.surplus:
        return ["surplus"]
    if leaf.ok or leaf.empty:
        return []
    if not leaf.given:
        last = leaf.path.replace("]", "").split(".")[-1].split("[")[0]
        return ["missing"] if last in names else ["missing", "unasked"]
    truth, value = alnum(leaf.truth), alnum(leaf.value)
    alike = truth in value or value in truth or fuzz.ratio(truth, value) >= ALIKE
    return ["form"] if alike else ["other"]


def names_in(schema: Any) -> frozenset[str]:
    """The names of all properties of a schema."""
    if isinstance(schema, list):
        return frozenset(n for s in schema for n in names_in(s))
    if not isinstance(schema, dict):
        return frozenset()
    own = schema.get("properties")
    return frozenset(own if isinstance(own, dict) else ()).union(*(names_in(s) for s in schema.values()))


def interval(documents: Sequence[tuple[int, int]], seed: int = 1) -> tuple[float, float]:
    """2.5th and 97.5th percentile of the accuracy over documents drawn with replacement; (right, leaves) each."""
    draw = random.Random(seed)
    found = []
    for _ in range(DRAWS):
        drawn = draw.choices(documents, k=len(documents))
        found.append(sum(ok for ok, _ in drawn) / max(1, sum(n for _, n in drawn)))
    found.sort()
    return found[int(0.025 * DRAWS)], found[int(0.975 * DRAWS)]


def rows(cases: Sequence[Mapping[str, Any]], predictions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    documents: dict[str, list[tuple[int, int]]] = defaultdict(list)
    lost: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        reply, names = predictions.get(case["id"], {}), names_in(case["schema"])
        found = [*leaves_of(case["truth"], reply.get("response"), case.get("match", {}))]
        scored = [leaf for leaf in found if not leaf.surplus and not leaf.empty]
        documents[case["source"]].append((sum(leaf.ok for leaf in scored), len(scored)))
        lost[case["source"]].update(what for leaf in found for what in loss(leaf, names))
    lines = ["\t".join(("source", "leaves", "accuracy", "low", "high", *LOSSES))]
    for source, each in sorted(documents.items()):
        leaves = sum(n for _, n in each)
        low, high = interval(each)
        right = sum(ok for ok, _ in each) / max(1, leaves)
        figures = [f"{right:.3f}", f"{low:.3f}", f"{high:.3f}", *(str(lost[source][what]) for what in LOSSES)]
        lines.append("\t".join((source, str(leaves), *figures)))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("predictions", type=Path)
    asked = parser.parse_args()
    print("\n".join(rows(load_cases(asked.cases), load_predictions(asked.predictions))))


if __name__ == "__main__":
    main()
