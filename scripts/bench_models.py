"""What calling models costs by itself, beside a model of fixed latency on loopback. Called by `make bench`.

    .venv/bin/python -m scripts.bench_models [--folder ../shared/eval]

The model is the oracle of the tests, in a process of its own. Where the labelled sets are absent, the row about them
is left out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from tests.models.oracle import Oracle, Truth
from tests.models.test_engine import SCHEMA, bill

from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.engines.models.endpoint import Endpoint, Question
from paperclerk.engines.models.pool import Budget, Pool
from paperclerk.engines.scripted import ScriptedEngine
from paperclerk.extraction.pipeline import extract
from paperclerk.extraction.plan import make_plan
from paperclerk.extraction.windowed import ModelEngine, ModelOptions
from paperclerk.schemas.compile import compile_schema

FORM = compile_schema({"type": "object", "properties": {"total": {"type": "number"}}})
LATENCY_S = 0.1
ROUNDS = 60
PAGES, AT_ONCE, IN_FLIGHT = 60, 16, 200


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints the benchmark table of models.")
    parser.add_argument(
        "--folder", type=Path, default=Path("../shared/eval"), help="where the labelled sets are"
    )
    parser.add_argument("--cache", type=Path, default=Path("measured/pages"))
    given = parser.parse_args()
    print("| Measurement | Figure |\n|---|---|")
    for rows in (overhead(), long_document(), in_flight(), dial(given.folder, given.cache)):
        for name, figure in rows:
            print(f"| {name} | {figure} |", flush=True)


@contextmanager
def model(truth: dict[str, Any], latency_s: float, homes: dict[str, int] | None = None) -> Iterator[str]:
    """The address of an oracle in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, truth, latency_s, homes or {}), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Any, truth: dict[str, Any], latency_s: float, homes: dict[str, int]) -> None:
    with Oracle({"m": Truth(truth, {"issued": "date"}, homes=homes)}, latency_s=latency_s) as oracle:
        pipe.send(oracle.url)
        pipe.recv()


def _warm(endpoint: Endpoint) -> Pool:
    """A pool as a server has it: the adapters are loaded when it starts."""
    pool = Pool([endpoint])
    pool.warm().result()
    return pool


def overhead() -> Iterator[tuple[str, str]]:
    """One call after the other, beside the same request sent bare, in turn."""
    import httpx

    with model({"total": 8.75}, LATENCY_S) as address, httpx.Client(timeout=30) as client:
        pool = _warm(Endpoint("m", address))
        form = {"type": "json_schema", "json_schema": {"name": "fields", "schema": _plain_form()}}
        body = {
            "model": "m",
            "messages": [{"role": "user", "content": _question(0).text}],
            "response_format": form,
        }
        ours, bare, busy = [], [], []
        for n in range(ROUNDS):
            started, used = time.perf_counter(), time.process_time()
            pool.ask_many([_question(n)], Budget())
            ours.append(time.perf_counter() - started)
            busy.append(time.process_time() - used)
            started = time.perf_counter()
            client.post(f"{address}/chat/completions", json=body).raise_for_status()
            bare.append(time.perf_counter() - started)
        pool.close()
    p50 = 1000 * (statistics.median(ours) - statistics.median(bare))
    yield f"a call over the same request sent bare (model of {1000 * LATENCY_S:.0f} ms), p50", f"{p50:.1f} ms"
    yield "processor time of a call in our process, p50", f"{1000 * statistics.median(busy):.1f} ms"
    above = 1000 * (statistics.median(ours) - LATENCY_S)
    yield "a call over the model's latency, connection and model's server included, p50", f"{above:.1f} ms"


def long_document() -> Iterator[tuple[str, str]]:
    document, truth = bill(PAGES)
    homes = {f"lines[{i}]": i // 30 + 1 for i in range(len(truth["lines"]))}
    with model(truth, 1.0, homes) as address:
        pool = _warm(Endpoint("m", address, concurrency=AT_ONCE))
        engine = ModelEngine(pool, ScriptedEngine({}), ModelOptions(second_look=False))
        started = time.perf_counter()
        result = extract(document, make_plan(Agent("x", "1", SCHEMA), ExecutionConfig(detail="hi")), engine)
        seconds = time.perf_counter() - started
        pool.close()
    kept = "nothing lost" if result.response == truth else "VALUES LOST"
    name = f"document of {PAGES} pages and {len(truth['lines'])} rows, 1 s a call, {AT_ONCE} at once"
    yield name, f"{seconds:.1f} s, {result.usage.model_calls} calls, {kept}"


def in_flight() -> Iterator[tuple[str, str]]:
    with model({"total": 8.75}, 5.0) as address:
        pool = _warm(Endpoint("m", address, concurrency=IN_FLIGHT))
        questions = [_question(n) for n in range(IN_FLIGHT)]
        started = time.perf_counter()
        outcomes = pool.ask_many(questions, Budget())
        seconds = time.perf_counter() - started
        used = psutil.Process().memory_info().rss
        pool.close()
    assert all(getattr(o, "data", None) for o in outcomes)
    yield (
        f"{IN_FLIGHT} calls of 5 s in flight in one process",
        f"{seconds:.1f} s, {used / 1e6:.0f} MB resident",
    )


def dial(folder: Path, cache: Path) -> Iterator[tuple[str, str]]:
    """What `auto` spends of the calls of `hi` on scanned receipts."""
    if not (folder / "sroie").is_dir():
        return
    from scripts.measure_models import load, measure

    cases = load("sroie", folder, cache)
    tallies = {detail: measure(cases, detail=detail) for detail in ("auto", "hi")}
    auto, hi = tallies["auto"], tallies["hi"]
    yield "sroie, right of the standing truths, auto and hi", f"{auto.share:.3f} and {hi.share:.3f}"
    yield "sroie, calls of auto / of hi", f"{auto.calls} / {hi.calls} = {auto.calls / hi.calls:.2f}"


def _plain_form() -> dict[str, Any]:
    from paperclerk.schemas.lower import Dialect, answer_schema

    return answer_schema(FORM, Dialect())


def _question(number: int) -> Question:
    text = f'<document>\n<page number="1">\nTotal 8.75\nSheet {number}\n</page>\n</document>\nGive the total.'
    return Question("Answer in JSON.", text, FORM)


if __name__ == "__main__":
    main()
