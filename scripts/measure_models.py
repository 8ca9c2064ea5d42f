"""What is lost of the truths of labelled sets when a faultless oracle is the model. Called by `make measure-models`.

    python -m scripts.measure_models --folder ../shared/eval [--sets sroie,zugferd] [--detail auto,hi] [--losses 9]

A truth stands in the words where the oracle, shown all pages at once, would find it; a row of an array where what one
page holds of it tells it from the other rows there. Only such truths count: what is not among the words is lost to
reading, and is measured elsewhere (docs/accuracy.md). A labelled box counts where the words in it say the value; a
miss outside arrays whose own box says it too, elsewhere on the pages, is counted beside. Documents are read once and
kept in `--cache`. The set `generated` is no folder: it is what the project's own tests print.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from tests.models.oracle import Faults, Oracle, Truth, find, said_at_once, scalars, shape_of

from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.document import Document
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.engines.engine import Engine
from paperclerk.engines.models.endpoint import Endpoint, Profile
from paperclerk.engines.models.pool import Patience, Pool
from paperclerk.engines.scripted import ScriptedEngine
from paperclerk.evaluation.compare import equal
from paperclerk.evaluation.score import _boxes, _hit, _validates
from paperclerk.extraction import pipeline
from paperclerk.extraction.plan import make_plan
from paperclerk.extraction.result import Result
from paperclerk.extraction.windowed import ModelEngine, ModelOptions
from paperclerk.extraction.windows import rows_of
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Dialect, answer_schema

FAULTS: Mapping[str, Callable[[], Faults]] = {
    "none": Faults,
    "answers cut after 1,500 characters": lambda: Faults(cut_after=1500),
    "invalid JSON, twice": lambda: Faults(invalid_json=2),
    "invalid JSON, always": lambda: Faults(invalid_json=-1),
    "endless blanks over 4 fields": lambda: Faults(whitespace_over=4),
    "refuses type lists and anyOf": lambda: Faults(refused=('["string", "null"]', "anyOf")),
    "refuses JSON Schema": lambda: Faults(refused=("json_schema",)),
    "wrong types": lambda: Faults(wrong_types=True),
    "a third invented": lambda: Faults(invent=0.33),
    "wrong page": lambda: Faults(wrong_page=True),
    "429 three times": lambda: Faults(busy=3),
    "500 twice": lambda: Faults(broken=2),
    "500 always": lambda: Faults(broken=-1),
    "connection cut twice": lambda: Faults(dropped=2),
    "no answer in time": lambda: Faults(slow_s=4.5),
    "context of 6,000 characters, says so": lambda: Faults(context_chars=6000),
    "context of 6,000 characters, cut silently": lambda: Faults(silent_context_chars=6000),
}
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
    boxed_elsewhere: int = 0
    mislabelled: int = 0
    valid: int = 0
    calls: int = 0
    tokens: int = 0
    invented: int = 0
    reported: int = 0
    lost: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    scores: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.right / self.standing if self.standing else 1.0

    def row(self) -> str:
        boxes = f"{self.boxed_right / self.boxed:.3f}" if self.boxed else ""
        others = f"{self.boxed_elsewhere} | {self.mislabelled}" if self.boxed else " | "
        return (
            f"{self.cases} | {self.standing} | {self.share:.4f} | {boxes} | {others} | "
            f"{self.valid / self.cases:.2f} | "
            f"{self.calls} | {self.invented} | {self.reported} | {self.failed}"
        )


HEADER = (
    "cases | standing truths | right | box_given_right | at another print of it | labels on other words | "
    "schema_valid | calls | invented, given as read | "
    "reported fields | failed"
)


@dataclass(frozen=True)
class Case:
    """A labelled case with its pages. `standing` is what stands in their words, `names` its paths in all of it."""

    case: Mapping[str, Any]
    document: Document
    truth: Truth
    standing: Any
    names: Mapping[str, str]


def prepared(case: Mapping[str, Any], folder: Path, cache: Path) -> Case:
    """Reads a case's document, from `cache` where it was read before."""
    document = read(folder / case["file"], cache)
    texts = {p.index + 1: "\n".join(rows_of(p)) for p in document.pages if p.words}
    kinds = {k: v for k, v in case.get("match", {}).items() if isinstance(v, str)}
    compiled = compile_schema(case["schema"])
    search = _Search(kinds, frozenset(_concluded(compiled)))
    standing = frozenset(search.standing(case["truth"], "", texts))
    truth = Truth(case["truth"], kinds, homes=search.homes, standing=standing)
    said = said_at_once(truth, answer_schema(compiled, Dialect()), texts)
    names: dict[str, str] = {}
    return Case(case, document, truth, _only(case["truth"], "", "", said, names), names)


def _concluded(form: Field) -> Iterator[str]:
    """The shapes of leaves that need not be printed: enums and booleans."""
    for child in (*form.children, *((form.items,) if form.items else ())):
        yield from _concluded(child)
    if form.kind in ("enum", "boolean"):
        yield ".".join(form.path).replace(".[]", "[]")


_NOWHERE = object()


def _only(truth: Any, path: str, short: str, said: Set[str], names: dict[str, str]) -> Any:
    """The truth with the leaves in `said` only; `names` gets the whole truth's path of each."""
    if isinstance(truth, dict):
        inner = {
            k: _only(v, f"{path}.{k}" if path else k, f"{short}.{k}" if short else k, said, names)
            for k, v in truth.items()
        }
        kept = {k: v for k, v in inner.items() if v is not _NOWHERE}
        return kept or (_NOWHERE if path else {})
    if isinstance(truth, list):
        rows: list[Any] = []
        for i, row in enumerate(truth):
            kept_row = _only(row, f"{path}[{i}]", f"{short}[{len(rows)}]", said, names)
            if kept_row is not _NOWHERE:
                rows.append(kept_row)
        return rows or _NOWHERE
    if path not in said:
        return _NOWHERE
    names[short] = path
    return truth


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


@dataclass
class _Search:
    """Where the truths of a case stand. `homes` gets the page of each row, 0 where it has none."""

    kinds: Mapping[str, str]
    concluded: frozenset[str]
    homes: dict[str, int] = field(default_factory=dict)

    def standing(self, truth: Any, path: str, texts: Mapping[int, str]) -> Iterator[str]:
        """The paths of the leaves that are found."""
        if isinstance(truth, dict):
            for name, inner in truth.items():
                yield from self.standing(inner, f"{path}.{name}" if path else name, texts)
        elif isinstance(truth, list):
            yield from self._rows(truth, path, texts)
        elif any(self._is_found(path, truth, t) for t in texts.values()):
            yield path

    def _rows(self, rows: Sequence[Any], path: str, texts: Mapping[int, str]) -> Iterator[str]:
        """A row stands on the page that holds most of it, where that tells it from the other rows there."""
        last = 1
        known: set[tuple[int, str]] = set()
        for i, row in enumerate(rows):
            here = f"{path}[{i}]"
            found = {
                n: [(p, v) for p, v in scalars(row, here) if self._is_found(p, v, t)]
                for n, t in texts.items()
            }
            most = max(map(len, found.values()), default=0)
            home = min(
                (n for n, f in found.items() if len(f) == most), key=lambda n: (n < last, n), default=0
            )
            own = [(shape_of(p), str(v)) for p, v in found.get(home, ()) if shape_of(p) not in self.concluded]
            told = (home, repr(own))
            self.homes[here] = home if own and told not in known else 0
            known.add(told)
            if self.homes[here]:
                last = home
                yield from self.standing(row, here, {home: texts[home]})

    def _is_found(self, path: str, value: Any, text: str) -> bool:
        return find(value, self.kinds.get(shape_of(path), ""), text) is not None


def measure(
    cases: Sequence[Case],
    *,
    detail: str = "hi",
    faults: Callable[[], Faults] = Faults,
    profile: Profile | None = None,
    options: ModelOptions | None = None,
    max_retries: int = 3,
    at_once: int = 2,
    timeout_s: float = 60.0,
    embedded: Engine | None = None,
) -> Tally:
    """All cases read with an oracle of their own each."""
    tally = Tally()

    def one(case: Case) -> tuple[Case, Result | Exception, Oracle]:
        with Oracle({"m": case.truth}, faults()) as oracle:
            endpoint = Endpoint("m", oracle.url, profile=profile or Profile(), timeout_s=timeout_s)
            pool = Pool([endpoint], patience=QUICK)
            engine = ModelEngine(pool, embedded or EmbeddedEngine(), options or ModelOptions())
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
    tally.standing += len(case.names)
    if isinstance(result, Exception):
        tally.failed += 1
        tally.lost.append((case.case["id"], "", "", repr(result)))
        return
    reply = result.json()
    tally.valid += _validates(reply, case.case["schema"])
    tally.calls += oracle.seen.requests
    tally.tokens += result.usage.model_input_tokens + result.usage.model_output_tokens
    tally.reported += sum(e.code in ("model_failed", "read_in_parts") for e in result.errors)
    made_up = {str(v) for v in oracle.seen.invented}
    tally.invented += sum(str(leaf.value) in made_up and not leaf.unplaced for _, leaf in result.leaves())
    every, first = case.case.get("truth_boxes_alt") or {}, case.case.get("truth_boxes") or {}
    leaves = dict(result.leaves())
    for short, truth, meta, right in compared(case.standing, reply, None, "", case.truth.kinds):
        path = case.names[short]
        tally.right += right
        leaf = leaves.get(path)
        if leaf is not None and leaf.value is not None and "[" not in path:
            tally.scores.append((leaf.score, right))
        if not right:
            tally.lost.append((case.case["id"], path, truth, meta))
            continue
        wanted = every.get(path) or ([first[path]] if path in first else [])
        given, kind = _boxes(meta), case.truth.kinds.get(shape_of(path), "")
        if not wanted or all(_on_its_side(box) for box in wanted):
            continue
        if given and not any(find(truth, kind, _words_in(b, case.document)) for b in wanted):
            tally.mislabelled += 1
            continue
        tally.boxed += 1
        if _hit(wanted, given):
            tally.boxed_right += 1
            continue
        elsewhere = "[" not in path and any(find(truth, kind, _words_in(b, case.document)) for b in given)
        tally.boxed_elsewhere += elsewhere
        tally.lost.append((case.case["id"], "BOX " + path, wanted, given))


def _words_in(box: Sequence[float], document: Document) -> str:
    """The words in a box of page (from 1), left, top, width and height in shares of the page."""
    number, left, top, width, height = box
    page = document.pages[int(number) - 1]
    inside = (
        w.text
        for w in page.words
        if left <= w.box.cx / page.width <= left + width and top <= w.box.cy / page.height <= top + height
    )
    return " ".join(inside)


Compared = tuple[str, Any, Any, bool]  # path, truth, metadata of the value given, right


def compared(truth: Any, given: Any, meta: Any, path: str, kinds: Mapping[str, str]) -> Iterator[Compared]:
    """Every leaf of a truth beside what was given. Rows are paired by how much of them is right, each once."""
    if isinstance(truth, dict):
        row = given if isinstance(given, dict) else {}
        for name, inner in truth.items():
            here = f"{path}.{name}" if path else name
            yield from compared(inner, row.get(name), row.get(f"{name}_metadata"), here, kinds)
    elif isinstance(truth, list):
        rows = given if isinstance(given, list) else []
        notes = meta if isinstance(meta, list) else [None] * len(rows)
        alike = [
            (-sum(r for *_, r in compared(t, g, None, f"{path}[{i}]", kinds)), abs(i - j), i, j)
            for i, t in enumerate(truth)
            for j, g in enumerate(rows)
        ]
        pairs: dict[int, int] = {}
        for _, _, i, j in sorted(alike):
            if i not in pairs and j not in pairs.values():
                pairs[i] = j
        for i, t in enumerate(truth):
            j = pairs.get(i)
            row, note = (None, None) if j is None else (rows[j], notes[j])
            yield from compared(t, row, note, f"{path}[{i}]", kinds)
    else:
        number = isinstance(truth, int | float) and not isinstance(truth, bool)
        kind = kinds.get(shape_of(path)) or ("number" if number else "text")
        yield path, truth, meta, given not in (None, "") and equal(kind, truth, given)


def _on_its_side(box: Sequence[float]) -> bool:
    """Whether a labelled box is that of the page before it was turned: five files of adbuy are labelled so."""
    return box[4] > 2 * box[3]


def load(name: str, folder: Path, cache: Path) -> list[Case]:
    """The cases of a set that have documents."""
    lines = (folder / name / "cases.jsonl").read_text("utf-8").splitlines()
    return [prepared(json.loads(line), folder / name, cache) for line in lines if line.strip()]


def generated(cache: Path) -> list[Case]:
    """The documents that the project prints for its own tests, of two seeds, as they are and as scans."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests/regression"))
    kinds, everyday, scan = (importlib.import_module(m) for m in ("kinds", "everyday", "test_accuracy"))
    folder = cache / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    printed = [({**c, "id": f"{seed}-{c['id']}"}, pdf) for seed in (2, 3) for c, pdf in kinds.made(seed)]
    cases = []
    for case, pdf in [*printed, *everyday.everyday()]:
        for content, suffix in ((pdf, "pdf"), (scan.scan(pdf), "png")):
            file = folder / f"{case['id']}.{suffix}"
            file.write_bytes(content)
            named = {**case, "id": file.name, "file": file.name, "truth_boxes": {}}
            cases.append(prepared(named, folder, cache))
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the labelled sets are")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--detail", default="hi", help="one of lo, auto and hi, or several")
    parser.add_argument(
        "--worth-a-call", default=str(ModelOptions.worth_a_call), help="the setting, for auto; or several"
    )
    parser.add_argument("--cache", type=Path, default=Path("measured/pages"))
    parser.add_argument("--losses", type=int, default=0, help="how many losses of each set are shown")
    parser.add_argument("--only", default="", help="cases whose id holds this")
    parser.add_argument(
        "--faults", type=int, default=0, help="each fault over so many cases of each set instead"
    )
    parser.add_argument(
        "--noise", type=float, default=0.0, help="share of answers misread: scores against truth"
    )
    given = parser.parse_args()
    if not given.folder.is_dir():
        print(f"No labelled sets at {given.folder}: nothing is measured.")
        return
    ways = [
        (detail, float(worth))
        for detail in given.detail.split(",")
        for worth in (given.worth_a_call.split(",") if detail == "auto" else "0")
    ]
    noisy: dict[str, Tally] = {}
    print(f"set | {HEADER} | seconds")
    for name in given.sets.split(","):
        every = generated(given.cache) if name == "generated" else load(name, given.folder, given.cache)
        cases = [c for c in every if given.only in c.case["id"]]
        if given.noise:
            noisy[name] = measure(cases, detail=given.detail, faults=lambda: Faults(misread=given.noise))
            print(f"{name} | {noisy[name].row()}", flush=True)
            continue
        if given.faults:
            chosen = cases[: given.faults]
            for fault, make in FAULTS.items():
                limit = 2.0 if make().slow_s else 60.0
                tally = measure(
                    chosen, faults=make, timeout_s=limit, max_retries=2, embedded=ScriptedEngine({})
                )
                print(f"{name}: {fault} | {tally.row()}", flush=True)
            continue
        parts = {name: [c for c in cases if len(c.document.pages) <= LONG]}
        parts[f"{name}, over {LONG} pages"] = [c for c in cases if len(c.document.pages) > LONG]
        for part, chosen in parts.items():
            if chosen:
                for detail, worth in ways:
                    started = time.perf_counter()
                    tally = measure(chosen, detail=detail, options=ModelOptions(worth_a_call=worth))
                    how = f"{detail} {worth}" if detail == "auto" else detail
                    print(f"{part}, {how} | {tally.row()} | {time.perf_counter() - started:.0f}", flush=True)
                    show(tally, given.losses)
    if noisy:
        print("\n" + reliability([s for tally in noisy.values() for s in tally.scores]))


def reliability(scores: Sequence[tuple[float, bool]]) -> str:
    """How often values of each score, to two digits, are right."""
    counts: dict[float, Counter[bool]] = {}
    for score, right in scores:
        counts.setdefault(round(score, 2), Counter())[right] += 1
    lines = ["score | values | right"]
    for score, c in sorted(counts.items(), reverse=True):
        lines.append(f"{score:.2f} | {c.total()} | {c[True] / c.total():.3f}")
    return "\n".join(lines)


def show(tally: Tally, most: int) -> None:
    causes = Counter((case, shape_of(path)) for case, path, _, _ in tally.lost)
    if most:
        for (case, shape), count in causes.most_common(20):
            print(f"    {count:4d} {case} {shape}")
    for case, path, truth, given in tally.lost[:most]:
        print(f"    {case} {path}: {str(truth)[:80]!r} | {str(given)[:160]}")


if __name__ == "__main__":
    main()
