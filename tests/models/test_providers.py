"""The adapters of Anthropic and Google as shipped, against servers that speak their wire formats."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest
from tests.models.oracle import Faults, Oracle, Truth, picture_of
from tests.models.providers import AnthropicOracle, GoogleOracle
from tests.models.test_engine import SCHEMA, bill

from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.engines.models.endpoint import CallFailed, Cause, Endpoint, Profile, Question, Reply
from paperclerk.engines.models.pool import Budget, Patience, Pool
from paperclerk.engines.scripted import ScriptedEngine
from paperclerk.extraction.pipeline import extract
from paperclerk.extraction.plan import make_plan
from paperclerk.extraction.windowed import ModelEngine
from paperclerk.schemas.compile import compile_schema

Protocol = Literal["anthropic", "google"]
SERVERS: dict[Protocol, type[Oracle]] = {"anthropic": AnthropicOracle, "google": GoogleOracle}
FORM = compile_schema({"type": "object", "properties": {"total": {"type": "number"}}})
QUESTION = Question("Rules", '<document>\n<page number="1">\nTotal 8.75\n</page>\n</document>', FORM)
PATIENT = Patience(first_wait_s=0.01, longest_wait_s=0.05)
KEY = "sk-of-the-test"


@pytest.fixture(params=list(SERVERS))
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def ask(
    protocol: Protocol, question: Question = QUESTION, faults: Faults | None = None, **settings: Any
) -> tuple[Reply | CallFailed, Oracle, Budget]:
    budget = Budget()
    with SERVERS[protocol]({"m": Truth({"total": 8.75})}, faults) as server:
        pool = Pool([Endpoint("m", server.url, KEY, protocol=protocol, **settings)], patience=PATIENT)
        try:
            (outcome,) = pool.ask_many([question], budget)
        finally:
            pool.close()
    return outcome, server, budget


def reply(outcome: Reply | CallFailed) -> Reply:
    assert isinstance(outcome, Reply), outcome
    return outcome


def test_an_answer_is_held_to_the_schema_and_accounted_for(protocol: Protocol) -> None:
    outcome, server, budget = ask(protocol, price_in=1.0, price_out=2.0)
    assert reply(outcome).data == {"total": {"v": 8.75, "q": "8.75", "p": 1}}
    (body,) = server.seen.bodies
    assert KEY in " ".join(body["headers"].values()) and KEY not in body["path"]
    if protocol == "anthropic":
        form, most = body["output_config"]["format"]["schema"], body["max_tokens"]
        system, temperature = body["system"], body["temperature"]
    else:
        settings = body["generationConfig"]
        form, most = settings["responseJsonSchema"], settings["maxOutputTokens"]
        system, temperature = body["systemInstruction"]["parts"][0]["text"], settings["temperature"]
    assert "Rules" in str(system) and (most, temperature) == (QUESTION.max_tokens, 0.0)
    assert list(form["properties"]["total"]["properties"]) == ["v", "q", "p"]
    assert budget.calls == 1 and budget.input_tokens > 0 and budget.output_tokens > 0
    assert budget.cost == pytest.approx((budget.input_tokens + 2 * budget.output_tokens) / 1e6)


def test_pictures_are_sent(protocol: Protocol) -> None:
    picture = picture_of(0, 32)
    _, server, _ = ask(protocol, replace(QUESTION, images=(picture, picture)))
    (body,) = server.seen.bodies
    if protocol == "anthropic":
        sent = [b["source"] for b in body["messages"][-1]["content"] if b["type"] == "image"]
        given = [(s["media_type"], s["data"]) for s in sent]
    else:
        sent = [p["inlineData"] for p in body["contents"][-1]["parts"] if "inlineData" in p]
        given = [(s.get("mimeType") or s["mime_type"], s["data"]) for s in sent]
    assert [kind for kind, _ in given] == ["image/png"] * 2
    assert all(base64.urlsafe_b64decode(d.replace("+", "-").replace("/", "_")) == picture for _, d in given)


def test_an_answer_that_is_cut_off_says_so(protocol: Protocol) -> None:
    outcome, _, _ = ask(protocol, faults=Faults(cut_after=12))
    assert reply(outcome).cut


@pytest.mark.parametrize(
    ("faults", "cause", "requests"),
    [
        (Faults(busy=-1), Cause.BUSY, 6),
        (Faults(broken=-1), Cause.BROKEN, 3),
        (Faults(dropped=-1), Cause.BROKEN, 3),
        (Faults(context_chars=10), Cause.TOO_LONG, 1),
    ],
)
def test_failures_are_told_apart_and_tried_again_by_us_alone(
    protocol: Protocol, faults: Faults, cause: Cause, requests: int
) -> None:
    outcome, server, budget = ask(protocol, faults=replace(faults))
    assert isinstance(outcome, CallFailed) and outcome.cause is cause
    assert KEY not in outcome.message
    assert server.seen.requests == budget.calls == requests


def test_busy_and_broken_are_overcome(protocol: Protocol) -> None:
    for faults in (Faults(busy=2), Faults(broken=2)):
        outcome, _, budget = ask(protocol, faults=faults)
        assert reply(outcome).attempts == budget.calls == 3


def test_a_slow_answer_ends_in_time(protocol: Protocol) -> None:
    outcome, server, _ = ask(protocol, faults=Faults(slow_s=3.0), timeout_s=0.3)
    assert isinstance(outcome, CallFailed) and outcome.cause is Cause.SLOW
    assert server.seen.requests == 1


def test_a_refused_schema_is_said_with_fewer_keywords_and_at_last_in_words(protocol: Protocol) -> None:
    outcome, server, _ = ask(protocol, faults=Faults(refused=("json_schema",)))
    assert reply(outcome).data["total"]["v"] == 8.75
    assert "exactly this JSON Schema" in str(server.seen.bodies[-1])


def test_labels_and_the_wish_not_to_train_are_passed_where_the_provider_has_a_field(
    protocol: Protocol,
) -> None:
    labels = {"environment": "Prod", "session_id": "S 77", "allow_training": False}
    question = replace(QUESTION, labels=labels)
    switch = {"no_training": {"store": False}} if protocol == "anthropic" else {}
    outcome, server, _ = ask(protocol, question, metadata_key="metadata", **switch)
    assert reply(outcome).data["total"]["v"] == 8.75
    (body,) = server.seen.bodies
    if protocol == "anthropic":
        assert body["metadata"] == {"user_id": "S 77"} and body["store"] is False
    else:
        assert body["labels"] == {"environment": "prod", "session_id": "s_77", "allow_training": "false"}
    _, server, _ = ask(protocol, question)
    assert not {"metadata", "labels", "store"} & set(server.seen.bodies[0])


def test_a_document_is_read_with_tools_and_without_loss(protocol: Protocol) -> None:
    document, truth = bill(2)
    homes = {f"lines[{i}]": i // 30 + 1 for i in range(len(truth["lines"]))}
    with SERVERS[protocol]({"m": Truth(truth, {"issued": "date"}, homes=homes)}) as server:
        endpoint = Endpoint("m", server.url, KEY, protocol=protocol, profile=Profile(tools=True))
        pool = Pool([endpoint], patience=PATIENT)
        plan = make_plan(Agent("x", "1", SCHEMA), ExecutionConfig(detail="hi"))
        result = extract(document, plan, ModelEngine(pool, ScriptedEngine({})))
        pool.close()
    assert result.response == truth
    assert all(leaf.spans for _, leaf in result.leaves() if leaf.value is not None)
    assert result.usage.model_calls == server.seen.requests
    assert any(step.name == "tool:read_page" for step in result.steps), "`absent` was looked for with tools"
