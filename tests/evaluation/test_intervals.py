"""Intervals over documents, and what wrong leaves are."""

from __future__ import annotations

from typing import Any

from scripts.intervals import interval, loss, names_in, rows

from paperclerk.evaluation.score import leaves_of

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "rows": {"items": {"properties": {"n": {}}}}},
}


def losses(truth: Any, given: Any) -> list[str]:
    return [what for leaf in leaves_of(truth, given, {}) for what in loss(leaf, names_in(SCHEMA))]


def test_losses_by_cause() -> None:
    assert losses({"name": "Ada Marsh"}, {"name": "Ada Marsh"}) == []
    assert losses({"name": "Ada Marsh"}, {"name": "Mrs Ada Marsh Ltd"}) == ["form"]
    assert losses({"name": "Ada Marsh"}, {"name": "4711"}) == ["other"]
    assert losses({"name": "Ada Marsh", "age": 4}, {}) == ["missing", "missing", "unasked"]
    assert losses({"rows": [{"n": 1}]}, {"rows": [{"n": 1}, {"n": 2}]}) == ["surplus"]


def test_an_interval_is_as_wide_as_documents_differ() -> None:
    assert interval([(9, 10)] * 20) == (0.9, 0.9)
    low, high = interval([(10, 10)] * 10 + [(0, 10)] * 10)
    assert low < 0.35
    assert high > 0.65


def test_a_row_a_source() -> None:
    cases = [{"id": "a", "source": "s", "schema": SCHEMA, "truth": {"name": "x"}}]
    head, row = rows(cases, {"a": {"response": {"name": "x"}}})
    assert head.startswith("source\tleaves\taccuracy")
    assert row.split("\t")[:5] == ["s", "1", "1.000", "1.000", "1.000"]
