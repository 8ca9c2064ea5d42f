"""Replies that outlive their process: nothing is asked twice, and what was said is there when no more is asked."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.models.oracle import Faults
from tests.models.test_engine import SCHEMA, bill, reading

from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.errors import Cancelled
from paperclerk.engines.models.endpoint import Profile
from paperclerk.extraction.pipeline import Progress, extract
from paperclerk.extraction.plan import Plan, make_plan
from paperclerk.extraction.windowed import ModelOptions

PAGES = 8


class Kept(dict[str, bytes]):
    """Implements `engines.engine.Kept`; sets `half` when it holds half of the windows."""

    def __init__(self) -> None:
        super().__init__()
        self.half = threading.Event()

    def put(self, key: str, data: bytes) -> None:
        self[key] = data
        if len(self) >= PAGES // 2:
            self.half.set()


def plan(kept: Kept | None, *, only_kept: bool = False) -> Plan:
    made = make_plan(Agent("x", "1", SCHEMA), ExecutionConfig(detail="hi"))
    return replace(made, context=replace(made.context, kept=kept, only_kept=only_kept))


def test_what_was_said_in_an_earlier_life_is_not_asked_again() -> None:
    document, truth = bill(PAGES)
    kept = Kept()
    told: list[Progress] = []

    def die_halfway(progress: Progress) -> None:
        told.append(progress)
        if kept.half.is_set():
            raise Cancelled("stopped")

    with reading(truth, profile=Profile(max_pages=1), latency_s=0.5, concurrency=1) as (engine, oracle):
        with pytest.raises(Cancelled):
            extract(document, plan(kept), engine, on_progress=die_halfway)
        assert any(p.stage == "asking" and 0 < p.done < p.total for p in told)
        asked, said = oracle.seen.requests, len(kept)
        assert asked < PAGES and said >= PAGES // 2

        rows = extract(document, plan(kept, only_kept=True), engine).response["lines"]
        assert oracle.seen.requests == asked, "nothing more was asked"
        assert rows and all(row in truth["lines"] for row in rows) and len(rows) < len(truth["lines"])

        oracle.latency_s = 0
        whole = extract(document, plan(kept), engine)
        assert whole.response == truth
        again = oracle.seen.requests
        fresh = extract(document, plan(None), engine)
        assert fresh.response == whole.response
        in_all = oracle.seen.requests - again
        assert in_all == whole.usage.model_calls == fresh.usage.model_calls
        assert again - asked == in_all - said, "what is missing, and no more"
        assert whole.usage.model_input_tokens == fresh.usage.model_input_tokens


def test_steps_with_tools_are_not_paid_for_twice_either() -> None:
    document, truth = bill(2)
    kept = Kept()
    with reading(
        truth, faults=Faults(invalid_json=8), profile=Profile(tools=True), options=ModelOptions()
    ) as (engine, oracle):
        first = extract(document, plan(kept), engine)
        assert first.response == truth and any(s.name == "tool:read_page" for s in first.steps)
        asked = oracle.seen.requests
        again = extract(document, plan(kept), engine)
        assert oracle.seen.requests == asked
    assert again.response == first.response
    assert [s.name for s in again.steps] == [s.name for s in first.steps]
