"""Fits the weights in `engines/embedded/confidence.py`: `python -m scripts.calibrate CASES.jsonl ...`.

Reads every case, and the generated documents of `tests/regression`, and prints for each source what a model fitted
without it says of it (values, calibration error, precision and share of `hi`), then the weights fitted on all.
Sources whose names share what stands before the first `-` are left out together.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scripts.reliability import report

import paperclerk
from paperclerk.engines.embedded import engine
from paperclerk.engines.embedded.confidence import features
from paperclerk.evaluation.cases import load_cases
from paperclerk.evaluation.score import leaves_of

GENERATED = Path(__file__).parents[1] / "tests" / "regression"
SEED = 1
RIDGE = 2.0
HEAVY = 100  # values: a larger source weighs as the root of its size
CAUTION = 0.2  # taken off the bias
Row = tuple[dict[str, float], bool]  # facts of a choice, whether it was right


def choices(cases: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], Any]) -> Iterator[Row]:
    """The facts of every value that was given outside arrays, and whether it is right."""
    seen: dict[str, dict[str, float]] = {}
    weighed = engine.probability

    def noting(candidate: Any, ranked: Any, profile: Any, taken: Any) -> float | None:
        seen[".".join(profile.field.path)] = features(candidate, ranked, profile, taken)
        return weighed(candidate, ranked, profile, taken)

    engine.probability = noting
    try:
        for case in cases:
            seen.clear()
            response = read(case).json(grounding=False, confidence=False)
            for leaf in leaves_of(case["truth"], response, case.get("match", {})):
                if leaf.given and leaf.path in seen:
                    yield seen[leaf.path], leaf.ok
    finally:
        engine.probability = weighed


def fit(rows: Sequence[Row], weights: Sequence[float]) -> dict[str, float]:
    """Logistic regression by Newton's method, the bias under the name `bias`."""
    names = sorted(rows[0][0])
    facts = np.array([[*(row[n] for n in names), 1.0] for row, _ in rows])
    right, weight = np.array([ok for _, ok in rows], float), np.array(weights)
    penalty = np.array([RIDGE] * len(names) + [1e-3])
    found = np.zeros(len(names) + 1)
    for _ in range(30):
        said = 1 / (1 + np.exp(-facts @ found))
        slope = facts.T @ (weight * (right - said)) - penalty * found
        curve = (facts.T * (weight * said * (1 - said) + 1e-9)) @ facts + np.diag(penalty)
        found += np.linalg.solve(curve, slope)
    return dict(zip([*names, "bias"], map(float, found), strict=True))


def said_by(model: Mapping[str, float], facts: Mapping[str, float]) -> float:
    total = model["bias"] - CAUTION + sum(model[name] * value for name, value in facts.items())
    return 1 / (1 + math.exp(-total))


def fitted_on(sources: Mapping[str, Sequence[Row]]) -> dict[str, float]:
    rows = [row for each in sources.values() for row in each]
    sizes = Counter({name: len(each) for name, each in sources.items()})
    weights = [min(1.0, (HEAVY / sizes[name]) ** 0.5) for name, each in sources.items() for _ in each]
    return fit(rows, weights)


def generated() -> Iterator[tuple[str, list[dict[str, Any]], Callable[[Mapping[str, Any]], Any]]]:
    """The documents of the regression test."""
    sys.path.insert(0, str(GENERATED))
    from everyday import everyday
    from kinds import made

    for name, documents in (("generated-everyday", everyday()), ("generated-kinds", made(SEED))):
        pairs = list(documents)
        content = {case["id"]: pdf for case, pdf in pairs}
        yield (
            name,
            [case for case, _ in pairs],
            lambda case, content=content: paperclerk.execute(
                content[case["id"]], schema=case["schema"], agent=case.get("agent")
            ),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="+")
    sources: dict[str, list[Row]] = defaultdict(list)
    for path in parser.parse_args().cases:
        cases = load_cases(path)
        name = cases[0].get("source", path.parent.name)
        sources[name] += choices(
            cases,
            lambda case, folder=path.parent: paperclerk.execute(folder / case["file"], schema=case["schema"]),
        )
    for name, cases, read in generated():
        sources[name] += choices(cases, read)
    sources = {name: rows for name, rows in sources.items() if rows}
    points = {}
    for name, rows in sources.items():
        others = {n: r for n, r in sources.items() if n.split("-")[0] != name.split("-")[0]}
        model = fitted_on(others)
        points[name] = [(said_by(model, facts), ok) for facts, ok in rows]
    points["all"] = [p for each in [*points.values()] for p in each]
    report(points, None)
    for name, weight in fitted_on(sources).items():
        print(f"{name}\t{weight - CAUTION * (name == 'bias'):.2f}")


if __name__ == "__main__":
    main()
