"""What is lost of the truths of labelled sets when a faultless oracle is the model. Called by `make measure-models`.

    python -m tests.models.measure --folder ../shared/eval [--sets sroie,zugferd] [--detail hi] [--losses]

A truth stands in the words where the oracle, shown all pages at once, would find it; the rows of arrays have a home,
the page that holds most of their values. Only such truths count: what is not among the words is lost to reading, and
is measured elsewhere (docs/accuracy.md). Documents are read once and kept in `--cache`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from tests.models.oracle import Faults, Oracle, Truth, find, scalars, shape_of

from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.document import Document, Page
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.engines.models.endpoint import Endpoint, Profile
from paperclerk.engines.models.pool import Patience, Pool
from paperclerk.evaluation.score import _boxes, _hit, _leaves, _validates
from paperclerk.extraction import pipeline
from paperclerk.extraction.plan import make_plan
from paperclerk.extraction.result import Result
from paperclerk.extraction.windowed import ModelEngine, ModelOptions
from paperclerk.extraction.windows import rows_of

SETS = ("sroie", "sroie-items", "zugferd", "adbuy", "invoice2data", "fara", "extractbench")
LONG = 50  # pages from which a document is a long one
QUICK = Patience(first_wait_s=0.02, longest_wait_s=0.1)


@dataclass
class Tally:
    """Counts of one set."""

    cases: int = 0
    failed: int = 0
    standing: int = 0
    right: int = 0
    boxed: int = 0
    boxed_right: int = 0
    valid: int = 0
    calls: int = 0
    tokens: int = 0
    invented: int = 0
    reported: int = 0
    lost: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    scores: list[tuple[float, bool]] = field(default_factory=list)

    def row(self) -> str:
        share = [self.right / self.standing if self.standing else 1.0]
        boxes = f"{self.boxed_right / self.boxed:.3f}" if self.boxed else ""
        return (
            f"{self.cases} | {self.standing} | {share[0]:.4f} | {boxes} | {self.valid / self.cases:.2f} | "
            f"{self.calls} | {self.invented} | {self.reported} | {self.failed}"
        )


HEADER = "cases | standing truths | right | box_given_right | schema_valid | calls | invented, given as read | reported fields | failed"


@dataclass(frozen=True)
class Case:
    """A labelled case with its pages, and the truths that stand in their words."""

    case: Mapping[str, Any]
    document: Document
    truth: Truth
    standing: frozenset[str]


def prepared(case: Mapping[str, Any], folder: Path, cache: Path) -> Case:
    """Reads a case's document, from `cache` where it was read before."""
    document = read(folder / case["file"], cache)
    texts = {p.index + 1: "\n".join(rows_of(p)) for p in document.pages if p.words}
    kinds = {k: v for k, v in case.get("match", {}).items() if isinstance(v, str)}
    homes: dict[str, int] = {}
    standing = frozenset(_standing(case["truth"], "", kinds, texts, homes))
    return Case(case, document, Truth(case["truth"], kinds, homes=homes, standing=standing), standing)


def read(path: Path, cache: Path) -> Document:
    from paperclerk.library import default_reader

    kept = cache / (hashlib.sha256(path.read_bytes()).hexdigest()[:24] + ".msgpack")
    if kept.exists():
        return msgspec.msgpack.decode(kept.read_bytes(), type=Document)
    plan = make_plan(Agent("x", "1", {"type": "object"}), ExecutionConfig())
    document = pipeline.read(path, plan, default_reader())
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.msgpack.encode(document))
    return document


def _standing(
    truth: Any, path: str, kinds: Mapping[str, str], texts: Mapping[int, str], homes: dict[str, int]
) -> Iterator[str]:
    """The leaf paths that are found; fills in the homes of rows."""
    if isinstance(truth, dict):
        for name, inner in truth.items():
            yield from _standing(inner, f"{path}.{name}" if path else name, kinds, texts, homes)
    elif isinstance(truth, list):
        last = 1
        for i, row in enumerate(truth):
            here = f"{path}[{i}]"
            found = {n: _found(row, here, kinds, t) for n, t in texts.items()}
            most = max(map(len, found.values()), default=0)
            if most == 0:
                homes[here] = 0
                continue
            homes[here] = min((n for n, f in found.items() if len(f) == most), key=lambda n: (n < last, n))
            last = homes[here]
            yield from _standing(row, here, kinds, {last: texts[last]}, homes)
    elif any(find(truth, kinds.get(shape_of(path), ""), t) is not None for t in texts.values()):
        yield path


def _found(row: Any, path: str, kinds: Mapping[str, str], text: str) -> list[str]:
    return [p for p, v in scalars(row, path) if find(v, kinds.get(shape_of(p), ""), text) is not None]


def measure(
    cases: Sequence[Case],
    *,
    detail: str = "hi",
    faults: Callable[[], Faults] = Faults,
    profile: Profile | None = None,
    options: ModelOptions | None = None,
    max_retries: int = 3,
    at_once: int = 2,
) -> Tally:
    """All cases read with an oracle of their own each."""
    tally = Tally()

    def one(case: Case) -> tuple[Case, Result | Exception, Oracle]:
        with Oracle({"m": case.truth}, faults()) as oracle:
            endpoint = Endpoint("m", oracle.url, profile=profile or Profile(), timeout_s=60)
            pool = Pool([endpoint], patience=QUICK)
            engine = ModelEngine(pool, EmbeddedEngine(), options or ModelOptions())
            config = ExecutionConfig(detail=detail, max_retries=max_retries)  # type: ignore[arg-type]
            try:
                plan = make_plan(Agent("x", "1", case.case["schema"]), config)
                return case, pipeline.extract(case.document, plan, engine), oracle
            except Exception as error:
                return case, error, oracle
            finally:
                pool.close()

    with ThreadPoolExecutor(at_once) as threads:
        for case, result, oracle in threads.map(one, cases):
            _count(tally, case, result, oracle)
    return tally


def _count(tally: Tally, case: Case, result: Result | Exception, oracle: Oracle) -> None:
    tally.cases += 1
    tally.standing += len(case.standing)
    if isinstance(result, Exception):
        tally.failed += 1
        tally.lost.append((case.case["id"], "", "", repr(result)))
        return
    reply = result.json()
    tally.valid += _validates(reply, case.case["schema"])
    tally.calls += oracle.seen.requests
    tally.tokens += result.usage.model_input_tokens + result.usage.model_output_tokens
    tally.reported += sum(e.code == "model_failed" for e in result.errors)
    made_up = {str(v) for v in oracle.seen.invented}
    tally.invented += sum(str(leaf.value) in made_up and not leaf.unplaced for _, leaf in result.leaves())
    every, first = case.case.get("truth_boxes_alt") or {}, case.case.get("truth_boxes") or {}
    for leaf in _leaves(case.case["truth"], reply, None, "", "", case.case.get("match", {})):
        if leaf.surplus or leaf.empty or leaf.path not in case.standing:
            continue
        tally.right += leaf.ok
        if not leaf.ok:
            truth = dict(scalars(case.case["truth"]))[leaf.path]
            tally.lost.append((case.case["id"], leaf.path, truth, leaf.meta))
            continue
        wanted = every.get(leaf.path) or ([first[leaf.path]] if leaf.path in first else [])
        if wanted:
            hit = _hit(wanted, _boxes(leaf.meta))
            tally.boxed += 1
            tally.boxed_right += hit
            if not hit:
                tally.lost.append((case.case["id"], "BOX " + leaf.path, wanted, _boxes(leaf.meta)))


def pages_of(case: Case) -> Sequence[Page]:
    return case.document.pages


def load(name: str, folder: Path, cache: Path) -> list[Case]:
    """The cases of a set that have documents."""
    lines = (folder / name / "cases.jsonl").read_text("utf-8").splitlines()
    return [prepared(json.loads(line), folder / name, cache) for line in lines if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the labelled sets are")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--detail", default="hi")
    parser.add_argument("--cache", type=Path, default=Path("measured/pages"))
    parser.add_argument("--losses", type=int, default=0, help="how many losses of each set are shown")
    parser.add_argument("--only", default="", help="cases whose id holds this")
    given = parser.parse_args()
    if not given.folder.is_dir():
        print(f"No labelled sets at {given.folder}: nothing is measured.")
        return
    print(f"set | {HEADER} | seconds")
    for name in given.sets.split(","):
        cases = [c for c in load(name, given.folder, given.cache) if given.only in c.case["id"]]
        parts = {name: [c for c in cases if len(c.document.pages) <= LONG]}
        parts[f"{name}, over {LONG} pages"] = [c for c in cases if len(c.document.pages) > LONG]
        for part, chosen in parts.items():
            if chosen:
                started = time.perf_counter()
                tally = measure(chosen, detail=given.detail)
                print(f"{part} | {tally.row()} | {time.perf_counter() - started:.0f}", flush=True)
                show(tally, given.losses)


def show(tally: Tally, most: int) -> None:
    causes = Counter((case, shape_of(path)) for case, path, _, _ in tally.lost)
    if most:
        for (case, shape), count in causes.most_common(20):
            print(f"    {count:4d} {case} {shape}")
    for case, path, truth, given in tally.lost[:most]:
        print(f"    {case} {path}: {str(truth)[:80]!r} | {str(given)[:160]}")


if __name__ == "__main__":
    main()
