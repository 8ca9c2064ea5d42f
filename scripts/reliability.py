"""Draws how often values are right at each confidence: `python -m scripts.reliability CASES.jsonl ... -o OUT.png`.

Prints one row a source: values given, expected calibration error (ten bins of equal width), precision and share
of `hi`. docs/accuracy.md has what it showed.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import paperclerk
from paperclerk.domain.result import HI_FROM, Leaf, Tree
from paperclerk.evaluation.cases import load_cases
from paperclerk.evaluation.score import leaves_of

BINS = 10
LEAST_DRAWN = 8  # values: fewer in a bin say nothing
Point = tuple[float, bool]  # confidence, right


def points(cases: Sequence[Mapping[str, Any]], folder: Path, read: Callable[..., Any]) -> Iterator[Point]:
    """Confidence and rightness of every value that was given."""
    for case in cases:
        tree = read(folder / case["file"], schema=case["schema"]).tree
        for leaf in leaves_of(case["truth"], scored(tree), case.get("match", {})):
            if leaf.given and leaf.meta:
                yield float(leaf.meta["confidence"]), leaf.ok


def scored(tree: Tree) -> Any:
    """The reply of a tree with numbers for `hi`, `med` and `lo`."""
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, list):
        return [scored(item) for item in tree]
    found: dict[str, Any] = {}
    for name, item in tree.items():
        found[name] = scored(item)
        found[f"{name}_metadata"] = note(item)
    return found


def note(tree: Tree) -> Any:
    if isinstance(tree, Leaf):
        return {"confidence": tree.score}
    return [note(item) for item in tree] if isinstance(tree, list) else None


def bins(found: Sequence[Point]) -> list[tuple[float, float, int]]:
    """Mean confidence, share that is right, and count of each bin that holds something."""
    groups: dict[int, list[Point]] = defaultdict(list)
    for point in found:
        groups[min(BINS - 1, int(point[0] * BINS))].append(point)
    return [
        (sum(p for p, _ in g) / len(g), sum(ok for _, ok in g) / len(g), len(g))
        for _, g in sorted(groups.items())
    ]


def calibration_error(found: Sequence[Point]) -> float:
    return sum(n * abs(right - said) for said, right, n in bins(found)) / max(1, len(found))


def report(found: Mapping[str, Sequence[Point]], picture: Path | None) -> None:
    for source, each in found.items():
        hi = [ok for p, ok in each if p >= HI_FROM]
        precision = sum(hi) / len(hi) if hi else float("nan")
        error, share = calibration_error(each), len(hi) / max(1, len(each))
        print(f"{source}\t{len(each)}\t{error:.3f}\t{precision:.3f}\t{share:.2f}")
    if picture is not None:
        draw(found, picture)


def draw(found: Mapping[str, Sequence[Point]], picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 5), dpi=110)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", linewidth=1)
    for source, each in found.items():
        rows = [row for row in bins(each) if row[2] >= LEAST_DRAWN]
        axes.plot(
            [r[0] for r in rows], [r[1] for r in rows], marker="o", markersize=3, linewidth=1, label=source
        )
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("-o", "--picture", type=Path)
    asked = parser.parse_args()
    found = {}
    for path in asked.cases:
        cases = load_cases(path)
        found[cases[0].get("source", path.parent.name)] = [*points(cases, path.parent, paperclerk.execute)]
    found["all"] = [p for each in [*found.values()] for p in each]
    report(found, asked.picture)


if __name__ == "__main__":
    main()
