"""Fits the trees of `engines/embedded/fields/confidence.json`: `python -m scripts.calibrate CASES.jsonl ...`.

Learns from `first_readings.csv`, and from the values given of each case: for every value that was given outside
arrays the facts of its choice, and whether it is right. Prints for each source what a model fitted without it says
of it (values, calibration error, precision and share of `hi`), then writes the one fitted on all. Sources whose
names share what stands before the first `-` are left out together.

`first_readings.csv`: documents that were made up to try the engine, each as the engine of the day read it when it
had not seen it. What it gives of them now tells nothing, since its mistakes on them were mended.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scripts.boosting import Booster
from scripts.reliability import report

import paperclerk
from paperclerk.engines.embedded import engine
from paperclerk.engines.embedded.fields import forest
from paperclerk.engines.embedded.fields.confidence import features
from paperclerk.engines.embedded.fields.forest import Forest
from paperclerk.evaluation.cases import load_cases
from paperclerk.evaluation.score import leaves_of

FIRST_READINGS = Path(__file__).with_name("first_readings.csv")
MODEL = Path(forest.__file__).with_name("confidence.json")
RAISES = frozenset(
    {
        "score",
        "clear",
        "first",
        "repeated",
        "support",
        "label",
        "legal form",
        "head",
        "recognised",
        "answered",
    }
)
LOWERS = frozenset({"said", "deep"})
HEAVY = 100  # values: a larger source weighs as the root of its size
Row = tuple[dict[str, float], bool]  # facts of a choice, whether it was right


def first_readings() -> dict[str, list[Row]]:
    """The rows of each batch of documents."""
    found: dict[str, list[Row]] = defaultdict(list)
    with FIRST_READINGS.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            source, right = line.pop("source"), line.pop("right")
            found[source].append(({name: float(value) for name, value in line.items()}, right == "1"))
    return found


def choices(cases: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[Row]:
    """The facts of every value that was given outside arrays, and whether it is right."""
    seen: dict[str, dict[str, float]] = {}
    weighed = engine.probability

    def noting(candidate: Any, ranked: Any, profile: Any, around: Any) -> float | None:
        facts = features(candidate, ranked, profile, around)
        seen[".".join(profile.field.path)] = {name: round(value, 3) for name, value in facts.items()}
        return weighed(candidate, ranked, profile, around)

    engine.probability = noting
    try:
        for case in cases:
            seen.clear()
            result = paperclerk.execute(folder / case["file"], schema=case["schema"])
            response = result.json(grounding=False, confidence=False)
            for leaf in leaves_of(case["truth"], response, case.get("match", {})):
                if leaf.given and leaf.path in seen:
                    yield seen[leaf.path], leaf.ok
    finally:
        engine.probability = weighed


def fitted_on(sources: Mapping[str, Sequence[Row]]) -> Forest:
    rows = [row for each in sources.values() for row in each]
    names = tuple(rows[0][0])
    weights = [min(1.0, (HEAVY / len(each)) ** 0.5) for each in sources.values() for _ in each]
    bias, trees = Booster(
        np.array([[facts[name] for name in names] for facts, _ in rows]),
        np.array([right for _, right in rows], float),
        np.array(weights),
        [(name in RAISES) - (name in LOWERS) for name in names],
    ).fit()
    return Forest(names, round(bias, 5), tuple(trees))


def said_by(model: Forest, rows: Sequence[Row]) -> list[tuple[float, bool]]:
    return [(1 / (1 + math.exp(-model.log_odds(facts))), right) for facts, right in rows]


def written(model: Forest) -> str:
    """The file: a tree a line."""
    head = json.dumps({"names": model.names, "bias": model.bias})[:-1]
    return head + ', "trees": [\n' + ",\n".join(json.dumps(tree) for tree in model.trees) + "\n]}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="+")
    sources = first_readings()
    for path in parser.parse_args().cases:
        cases = load_cases(path)
        sources[cases[0].get("source", path.parent.name)] += choices(cases, path.parent)
    sources = {name: rows for name, rows in sources.items() if rows}
    points = {}
    for name, rows in sources.items():
        others = {n: r for n, r in sources.items() if n.split("-")[0] != name.split("-")[0]}
        points[name] = said_by(fitted_on(others), rows)
    points["first readings"] = [p for name in first_readings() for p in points[name]]
    report(points, None)
    MODEL.write_text(written(fitted_on(sources)), encoding="utf-8")


if __name__ == "__main__":
    main()
