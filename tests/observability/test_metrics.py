"""The text for Prometheus from sums of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from paperclerk.jobs.service import Workers
from paperclerk.observability.metrics import exposition
from paperclerk.storage.executions import UNENDED, Status
from paperclerk.storage.outbox import EventState
from paperclerk.storage.totals import EndedTotal, ModelTotal, Totals

NOW = datetime(2030, 1, 2, tzinfo=UTC)
TOTALS = Totals(
    ended=(
        EndedTotal("a", "bill", True, "model", "completed", 2, 5, 10, 7),
        EndedTotal("b", "contract", True, "model", "completed", 1, 1, 2, 3),
        EndedTotal("b", "document.invoice", False, "embedded", "failed", 4, 0, 0, 0),
    ),
    models=(
        ModelTotal("a", "bill", True, "m", 3, 100, 10, 0.25),
        ModelTotal("b", "contract", True, "m", 1, 50, 5, 0.5),
    ),
    open=dict.fromkeys(UNENDED, 0) | {Status.ENQUEUED: 6},
    waits_since=NOW - timedelta(seconds=90),
    webhooks=dict.fromkeys(EventState, 0) | {EventState.EXHAUSTED: 2},
)


def samples(by_tenant: bool) -> dict[tuple[str, ...], float]:
    text = exposition(TOTALS, Workers(ready=2, restarts=1), now=NOW, by_tenant=by_tenant).decode()
    families = text_string_to_metric_families(text)
    return {(s.name, *map(str, s.labels.values())): s.value for family in families for s in family.samples}


def test_tenants_are_told_together() -> None:
    found = samples(by_tenant=False)
    assert found["paperclerk_executions_total", "own", "model", "completed"] == 3
    assert found["paperclerk_executions_total", "document.invoice", "embedded", "failed"] == 4
    assert found["paperclerk_model_calls_total", "own", "m"] == 4
    assert found["paperclerk_model_tokens_total", "own", "input", "m"] == 150
    assert found["paperclerk_model_tokens_total", "own", "output", "m"] == 15
    assert found["paperclerk_model_cost_usd_total", "own", "m"] == 0.75
    assert found["paperclerk_queue", "enqueued"] == 6 and found["paperclerk_queue_oldest_seconds",] == 90
    assert found["paperclerk_webhooks", "exhausted"] == 2
    assert found["paperclerk_workers_ready",] == 2 and found["paperclerk_worker_restarts_total",] == 1
    assert not any({"a", "b", "bill", "contract"} & set(key) for key in found)


def test_by_tenant_when_that_is_asked_for() -> None:
    found = samples(by_tenant=True)
    assert found["paperclerk_executions_total", "bill", "model", "completed", "a"] == 2
    assert found["paperclerk_model_cost_usd_total", "contract", "m", "b"] == 0.5
