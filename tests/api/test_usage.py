"""Prices, credits, what was used, and the metrics, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.api.conftest import SCHEMA, Running, assert_error, serving, upload, wait_for
from tests.documents_made import make_pdf

from paperclerk.domain.errors import InvalidRequest
from paperclerk.security.plans import load_plans
from paperclerk.security.prices import Prices

TOKEN = "the operator's own token"
POOR = {"default": "poor", "plans": {"poor": {"credits_per_month": 12}, "rich": {}}}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("usage")
    plans = folder / "plans.yaml"
    plans.write_text(yaml.safe_dump(POOR))
    with serving(folder / "data", plans_file=plans, metrics_token=TOKEN) as server:
        yield server


def ask(client: httpx.Client, file: str, **config: Any) -> httpx.Response:
    body = {"file_id": file, "config": {"json_schema": SCHEMA, **config}, "metadata": {"run": 7}}
    return client.post("/document/generate", json=body)


def cost(prices: Prices, agent: str = "x", count: int = 1, **how: Any) -> int:
    given: dict[str, Any] = {"detail": "auto", "grounded": False, "tier": "auto"} | how
    return prices.credits(count, given.pop("element", "page"), agent, **given)


def test_the_built_in_price_table() -> None:
    prices = load_plans().prices
    assert [cost(prices, detail=detail) for detail in ("lo", "auto", "hi")] == [1, 2, 4]
    assert (
        cost(prices, grounded=True) == 4
        and cost(prices, "healthcare.claims", grounded=True, detail="hi") == 6
    )
    markdown = [cost(prices, "document.markdown", detail=d, grounded=True) for d in ("lo", "auto", "hi")]
    assert markdown == [1, 4, 6]
    assert cost(prices, tier="priority", count=5) == 18, "no rounding errors"
    assert [cost(prices, detail="lo", tier="flex", count=n) for n in (0, 1, 2, 3)] == [0, 1, 1, 2], (
        "rounded up"
    )


def test_a_price_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "plans.yaml"
    rate = {"lo": 6, "auto": 6, "hi": 6}
    own = {
        "image": rate | {"lo": 0.25},
        "agents": {"team/*": rate, "team/b*": rate | {"auto": 7}, "team/bill": rate},
    }
    path.write_text(yaml.safe_dump(POOR | {"prices": own}))
    prices = load_plans(path).prices
    names = ("x", "team/a", "team/box", "team/bill", "document.markdown")
    assert [cost(prices, name) for name in names] == [2, 6, 7, 6, 2]
    assert cost(prices, element="image", detail="lo", count=5) == 2
    for wrong in ({"page": {"lo": 1}}, {"tiers": {"flex": 1}}, {"page": rate | {"lo": -1}}, 3):
        path.write_text(yaml.safe_dump(POOR | {"prices": wrong}))
        with pytest.raises(InvalidRequest, match="prices"):
            load_plans(path)


def test_credits_are_used_up(running: Running) -> None:
    """A key with 12 credits; the document has 3 pages of 2 each."""
    with running.client("poor", "poor") as client:
        file = upload(client, make_pdf(3))["id"]
        with ThreadPoolExecutor(6) as threads:
            replies = list(threads.map(lambda n: ask(client, file, prompt=str(n)), range(6)))
        taken = [reply.json()["id"] for reply in replies if reply.status_code == 201]
        assert len(taken) == 2 and {reply.status_code for reply in replies} == {201, 402}
        for execution in taken:
            assert wait_for(client, execution)["usage"]["credits_used"] == 6
        error = assert_error(ask(client, file), 402, "credits_exhausted")
        assert "12 are used" in error["detail"] and "UTC" in error["detail"]
        used = client.get("/usage").json()
        assert used["key"] == {"credits_used": 12, "credits_held": 0, "credits_per_month": 12}
        assert used["credits_used"] == 12
        [of_agent] = used["agents"]
        assert of_agent["executions"] == 2 and of_agent["elements_processed"] == 6
        assert (of_agent["name"], of_agent["engine"], of_agent["status"]) == (
            "schema",
            "embedded",
            "completed",
        )
        before = client.get("/usage", params={"month": "2020-02"}).json()
        assert before["month"] == "2020-02" and before["agents"] == [] and before["key"]["credits_used"] == 0
        for month in ("2020-13", "0000-01"):
            assert client.get("/usage", params={"month": month}).status_code == 400
    with running.client("poor", "rich") as client:
        assert ask(client, file).status_code == 201, "another key of the tenant has its own"


def test_what_an_agent_does_not_offer_is_not_held(running: Running) -> None:
    """3 pages of 4 are the 12 credits of the key; boxes come with the layout, grounding costs nothing there."""
    with running.client("exact", "poor") as client:
        body = {
            "domain": "document.layout-detection",
            "file_id": upload(client, make_pdf(3))["id"],
            "config": {"detail": "hi", "grounding": True},
        }
        reply = client.post("/document/generate", json=body)
        assert reply.status_code == 201, reply.text
        assert wait_for(client, reply.json()["id"])["usage"]["credits_used"] == 12


def test_a_tier_is_stored_and_found(running: Running) -> None:
    with running.client("tiers", "rich") as client:
        file = upload(client, make_pdf(3))["id"]
        plain, flex = ask(client, file), ask(client, file, service_tier="flex", grounding=True)
        assert plain.json()["service_tier"] == "auto" and flex.json()["service_tier"] == "flex"
        ended = wait_for(client, flex.json()["id"])
        assert ended["usage"]["credits_used"] == 6, "half of 3 pages at 4"
        assert ended["usage"]["engine"] == "embedded" and ended["usage"]["model_calls"] == 0
        for path in ("/predictions", "/agent/executions"):
            found = client.get(path, params={"service_tier": "flex", "metadata.run": "7"}).json()
            assert [each["id"] for each in found] == [flex.json()["id"]]
            assert found[0]["service_tier"] == "flex" and found[0]["metadata"] == {"run": 7}
            assert client.get(path, params={"metadata.run": "8"}).json() == []
            assert client.get(path, params={"service_tier": "gold"}).status_code == 400
        assert ask(client, file, service_tier="gold").status_code == 400


def scrape(running: Running, token: str = TOKEN) -> httpx.Response:
    return httpx.get(f"{running.url}/metrics", headers={"Authorization": f"Bearer {token}"})


def told(running: Running) -> dict[tuple[str, ...], float]:
    """Every sample as Prometheus's own parser reads it, by name and the values of its labels."""
    reply = scrape(running)
    assert reply.status_code == 200 and reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *map(str, sample.labels.values())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def test_metrics_count_what_ended_whoever_did_it(running: Running) -> None:
    before = told(running)
    with running.client("measured", "rich") as client:
        file = upload(client, make_pdf(3))["id"]
        named = {"file_id": file, "domain": "document.invoice"}
        asked = [
            ask(client, file),
            client.post("/document/generate", json=named),
            ask(client, upload(client, b"%PDF-1.7 broken")["id"]),
        ]
        ended = [wait_for(client, reply.json()["id"])["status"] for reply in asked]
        assert ended == ["completed", "completed", "failed"]
    after = told(running)

    def grown(name: str, *labels: str) -> float:
        return after.get((name, *labels), 0) - before.get((name, *labels), 0)

    assert grown("paperclerk_executions_total", "own", "embedded", "completed") == 1
    assert grown("paperclerk_executions_total", "document.invoice", "embedded", "completed") == 1
    assert grown("paperclerk_executions_total", "own", "none", "failed") == 1
    assert grown("paperclerk_pages_total", "own", "embedded") == 3
    assert grown("paperclerk_credits_total", "document.invoice", "embedded") == 6
    assert after["paperclerk_workers_ready",] == 1 and after["paperclerk_worker_restarts_total",] == 0
    assert after["paperclerk_queue", "enqueued"] == 0 and after["paperclerk_webhooks", "delivered"] == 0
    assert "measured" not in scrape(running).text, "no tenant is named"


def test_metrics_are_the_operators(running: Running, server: Running) -> None:
    assert_error(scrape(running, running.key("tiers", "rich")), 401, "invalid_api_key")
    assert httpx.get(f"{running.url}/metrics").status_code == 401
    assert scrape(server).status_code == 404, "without a token of its own the route is not there"
