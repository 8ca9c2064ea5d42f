"""What is measured, as Prometheus reads it. Called by `api.metrics`.

Everything but the workers comes from the database, so every server of an installation tells the same whatever process
did the work; the workers are those of the server that is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from paperclerk.jobs.service import Workers
from paperclerk.storage.totals import EndedTotal, ModelTotal, Totals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OWN = "own"  # stands for the names of tenants' agents, which are theirs

Labels = tuple[str, ...]


def exposition(totals: Totals, workers: Workers, *, now: datetime, by_tenant: bool) -> bytes:
    """The text for one scrape. With `by_tenant` tenants and their agents are named, else they are told together."""
    registry = CollectorRegistry(auto_describe=False)
    told = [*_ended(totals, by_tenant), *_asked(totals, by_tenant), *_standing(totals, workers, now)]
    registry.register(_Told(told))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _ended(totals: Totals, by_tenant: bool) -> Iterable[Metric]:
    def counter(name: str, about: str, column: str, *more: str) -> Metric:
        values: Counter[Labels] = Counter()
        for each in totals.ended:
            values[*_who(each, by_tenant), *(getattr(each, label) for label in more)] += getattr(each, column)
        return _counter(name, about, (*_names(by_tenant), *more), values)

    yield counter("paperclerk_executions", "Executions that have ended.", "executions", "engine", "status")
    yield counter("paperclerk_pages", "Pages and images that were read for them.", "elements", "engine")
    yield counter("paperclerk_credits", "Credits that they used.", "credits", "engine")
    yield counter("paperclerk_execution_seconds", "Seconds that they took.", "seconds", "engine")


def _asked(totals: Totals, by_tenant: bool) -> Iterable[Metric]:
    def counter(name: str, about: str, columns: Sequence[str], *more: str) -> Metric:
        values: Counter[Labels] = Counter()
        for each in totals.models:
            for column in columns:
                kind = (column.partition("_")[0],) if more else ()
                values[*_who(each, by_tenant), each.model, *kind] += getattr(each, column)
        return _counter(name, about, (*_names(by_tenant), "model", *more), values)

    yield counter("paperclerk_model_calls", "Requests to models.", ["calls"])
    tokens = ["input_tokens", "output_tokens"]
    yield counter("paperclerk_model_tokens", "Tokens that models read and wrote.", tokens, "direction")
    yield counter("paperclerk_model_cost_usd", "Price of them, as configured.", ["cost_usd"])


def _standing(totals: Totals, workers: Workers, now: datetime) -> Iterable[Metric]:
    queue = GaugeMetricFamily("paperclerk_queue", "Executions that have not ended.", labels=["status"])
    for status, count in totals.open.items():
        queue.add_metric([status.value], count)
    yield queue
    waits = 0.0 if totals.waits_since is None else max(0.0, (now - totals.waits_since).total_seconds())
    yield GaugeMetricFamily("paperclerk_queue_oldest_seconds", "Age of the oldest that waits.", value=waits)
    webhooks = GaugeMetricFamily(
        "paperclerk_webhooks", "Webhooks that are kept, by outcome.", labels=["state"]
    )
    for state, count in totals.webhooks.items():
        webhooks.add_metric([state.value], count)
    yield webhooks
    yield GaugeMetricFamily(
        "paperclerk_workers_ready", "Workers of this server that take jobs.", value=workers.ready
    )
    yield CounterMetricFamily(
        "paperclerk_worker_restarts",
        "Workers of this server that ended and were started again.",
        workers.restarts,
    )


def _counter(name: str, about: str, labels: Sequence[str], values: Counter[Labels]) -> Metric:
    family = CounterMetricFamily(name, about, labels=labels)
    for key in sorted(values):
        family.add_metric(key, values[key])
    return family


def _names(by_tenant: bool) -> Labels:
    return ("tenant", "agent") if by_tenant else ("agent",)


def _who(total: EndedTotal | ModelTotal, by_tenant: bool) -> Labels:
    if by_tenant:
        return (total.tenant, total.agent)
    return (OWN if total.is_own else total.agent,)
