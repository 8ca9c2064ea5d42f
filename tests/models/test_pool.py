"""Several endpoints as one: order, fallback, limits, retries by cause, the cache, what a refusal teaches."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from tests.models.oracle import Faults, Oracle, Truth

from paperclerk.engines.models.access import Manner, gentler_manner
from paperclerk.engines.models.cache import ReplyCache
from paperclerk.engines.models.endpoint import CallFailed, Cause, Endpoint, Profile, Question, Reply
from paperclerk.engines.models.pool import Budget, Patience, Pool
from paperclerk.engines.models.probe import number_of, picture, probe
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.lower import LADDER

FORM = compile_schema({"type": "object", "properties": {"total": {"type": "number"}}})
QUESTION = Question("Rules", '<document>\n<page number="1">\nTotal 8.75\n</page>\n</document>', FORM)
PATIENT = Patience(first_wait_s=0.01, longest_wait_s=0.05)


def oracle(faults: Faults | None = None, latency_s: float = 0.0) -> Oracle:
    return Oracle({"m": Truth({"total": 8.75})}, faults, latency_s)


def ask(pool: Pool, *questions: Question, budget: Budget | None = None) -> list[Reply | CallFailed]:
    try:
        return pool.ask_many(questions or [QUESTION], budget or Budget())
    finally:
        pool.close()


def total(outcome: Reply | CallFailed) -> Any:
    assert isinstance(outcome, Reply), outcome
    return outcome.data["total"]["v"]


def test_a_question_is_answered_and_counted() -> None:
    budget = Budget()
    with oracle() as server:
        (reply,) = ask(Pool([Endpoint("m", server.url, price_in=1.0, price_out=2.0)]), budget=budget)
    assert total(reply) == 8.75
    assert budget.calls == 1 and budget.input_tokens > 0
    assert budget.cost == pytest.approx((budget.input_tokens + 2 * budget.output_tokens) / 1e6)


@pytest.mark.parametrize(
    ("faults", "requests"), [(Faults(broken=-1), 3), (Faults(dropped=-1), 3), (Faults(refused=("",)), 6)]
)
def test_another_endpoint_answers_when_one_does_not(faults: Faults, requests: int) -> None:
    with oracle(faults) as bad, oracle() as good:
        endpoints = [Endpoint("m", bad.url), Endpoint("m", good.url, weight=0)]
        (reply,) = ask(Pool(endpoints, patience=PATIENT))
    assert total(reply) == 8.75
    assert bad.seen.requests == requests and good.seen.requests == 1


def test_weights_share_the_calls_out() -> None:
    with oracle() as light, oracle() as heavy:
        endpoints = [Endpoint("m", light.url, weight=1), Endpoint("m", heavy.url, weight=9)]
        ask(Pool(endpoints), *[QUESTION] * 60)
    assert light.seen.requests + heavy.seen.requests == 60
    assert light.seen.requests < heavy.seen.requests


def test_busy_is_waited_for_and_wrong_keys_are_not() -> None:
    with oracle(Faults(busy=2)) as server:
        (reply,) = ask(Pool([Endpoint("m", server.url)], patience=PATIENT))
        assert isinstance(reply, Reply) and reply.attempts == 3
    with oracle() as server:
        (failure,) = ask(Pool([Endpoint("m", server.url + "/nowhere/else")], patience=PATIENT))
        assert total(failure) == 8.75  # the oracle answers at any path; a closed port does not:
    (failure,) = ask(Pool([Endpoint("m", "http://127.0.0.1:9/v1", timeout_s=1)], patience=PATIENT))
    assert isinstance(failure, CallFailed) and failure.cause is Cause.BROKEN


def test_a_time_out_ends_a_call() -> None:
    with oracle(latency_s=5) as server:
        started = time.perf_counter()
        (failure,) = ask(Pool([Endpoint("m", server.url, timeout_s=0.2)], patience=PATIENT))
    assert isinstance(failure, CallFailed) and failure.cause is Cause.SLOW
    assert time.perf_counter() - started < 4


def test_no_more_calls_at_once_than_allowed() -> None:
    with oracle(latency_s=0.1) as server:
        ask(Pool([Endpoint("m", server.url, concurrency=3)]), *[QUESTION] * 9)
    assert server.seen.requests == 9 and server.seen.most_at_once <= 3


def test_calls_are_paced() -> None:
    with oracle() as server:
        started = time.perf_counter()
        ask(Pool([Endpoint("m", server.url, requests_per_minute=600)]), *[QUESTION] * 5)
    assert time.perf_counter() - started >= 0.4


def test_equal_questions_are_asked_once_and_cut_answers_are_not_kept() -> None:
    cache = ReplyCache()
    with oracle() as server:
        pool = Pool([Endpoint("m", server.url)], cache=cache)
        budget = Budget()
        pool.ask_many([QUESTION], budget)
        (again,) = pool.ask_many([QUESTION], budget)
        assert isinstance(again, Reply) and again.cached and again.cost == 0 and budget.calls == 1
        for other in (
            replace(QUESTION, temperature=0.5),
            replace(QUESTION, text=QUESTION.text + " "),
            replace(QUESTION, images=(b"1",)),
            replace(QUESTION, labels={"allow_training": False}),
        ):
            cache_hit = cache.get(other, pool.endpoints)
            assert cache_hit is None
        pool.close()
    with oracle(Faults(cut_after=5)) as server:
        pool = Pool([Endpoint("m", server.url)], cache=cache)
        pool.ask_many([QUESTION], Budget())
        ask(pool)
    assert server.seen.requests == 2


def test_the_cache_forgets_the_oldest() -> None:
    cache = ReplyCache(max_bytes=100)
    endpoints = [Endpoint("m")]
    for i in range(5):
        cache.put(replace(QUESTION, text=str(i)), endpoints, Reply("x" * 40, {}, "m"))
    kept = [i for i in range(5) if cache.get(replace(QUESTION, text=str(i)), endpoints)]
    assert kept == [3, 4]


def test_what_is_refused_is_learnt_once() -> None:
    with oracle(Faults(refused=('["number", "null"]',))) as server:
        pool = Pool([Endpoint("m", server.url)])
        pool.ask_many([QUESTION], Budget())
        assert server.seen.requests == 2
        ask(pool)
    assert server.seen.requests == 3


def test_a_refusal_that_names_its_reason_changes_only_that() -> None:
    manner = Manner("schema", LADDER[0])
    assert gentler_manner(manner, "Use 'max_completion_tokens' instead") == replace(
        manner, new_token_limit=True
    )
    assert gentler_manner(manner, "Unsupported value: 'temperature'") == replace(manner, temperature=False)
    assert gentler_manner(manner, "something else") == replace(manner, dialect=LADDER[1])
    steps = 0
    last: Manner | None = manner
    while last is not None:
        last = gentler_manner(last, "no")
        steps += 1
    assert steps == 6


def test_training_and_labels_are_passed_on() -> None:
    question = replace(QUESTION, labels={"allow_training": False, "session_id": "s1"})
    with oracle() as server:
        endpoint = Endpoint("m", server.url, no_training={"store": False}, metadata_key="metadata")
        ask(Pool([endpoint]), question)
    body = server.seen.bodies[0]
    assert body["store"] is False and body["metadata"]["session_id"] == "s1"


def test_a_key_never_stands_in_an_error_or_a_repr() -> None:
    with oracle(Faults(refused=("",))) as server:
        endpoint = Endpoint("m", server.url, api_key="sk-secret-canary")
        (failure,) = ask(Pool([endpoint], patience=PATIENT))
    assert isinstance(failure, CallFailed)
    assert "canary" not in failure.message and "canary" not in repr(endpoint)


def test_a_pool_asks_no_more_than_its_weakest_endpoint_takes() -> None:
    weak = Profile(context_tokens=4096, max_output_tokens=512, max_pages=1, images=False)
    strong = Profile(context_tokens=65536, images=True)
    pool = Pool([Endpoint("a", profile=strong), Endpoint("b", profile=weak)])
    assert (pool.profile.context_tokens, pool.profile.max_pages, pool.profile.images) == (4096, 1, False)


def test_probing_finds_out_what_an_endpoint_takes() -> None:
    items = {f"item_{i}": number_of(i) for i in range(1, 121)}
    truth = {"fruit": "Quince", "number": 4711, "colour": None, **items}
    captions = {picture(f"Item {i}:", str(number_of(i))): f"Item {i}: {number_of(i)}" for i in range(1, 9)}
    captions[picture("Fruit: Quince", "Number: 4711")] = "Fruit: Quince\nNumber: 4711"
    with ExitStack() as stack:

        def probed(faults: Faults, captions: Mapping[bytes, str] = MappingProxyType({})) -> Profile:
            server = stack.enter_context(Oracle({"m": Truth(truth)}, faults))
            server.captions = captions
            found = probe(Endpoint("m", server.url), largest=8192)
            assert found.works, found.notes
            return found.profile

        plain = probed(Faults())
        assert (plain.output, plain.dialect, plain.images) == ("schema", LADDER[0], False)
        assert (plain.tools, plain.context_tokens, plain.max_fields, plain.max_pages) == (True, 8192, 120, 8)
        weak = probed(Faults(refused=('["string", "null"]',), no_tools=True, whitespace_over=20))
        assert (weak.dialect, weak.tools, weak.max_fields) == (LADDER[1], False, 15)
        loose = probed(Faults(refused=("json_schema",), context_chars=20_000, most_pages=3))
        assert (loose.output, loose.context_tokens, loose.max_pages) == ("json", 4096, 2)
        seeing = probed(Faults(silent_context_chars=20_000, most_images=2), captions)
        assert (seeing.images, seeing.context_tokens, seeing.max_images) == (True, 4096, 2)


@pytest.mark.parametrize(("refused", "answered"), [("metadata", True), ("store", False)])
def test_refused_labels_are_left_out_and_the_wish_not_to_train_never_is(refused: str, answered: bool) -> None:
    with oracle(Faults(refused_key=refused)) as server:
        endpoint = Endpoint("m", server.url, no_training={"store": False}, metadata_key="metadata")
        question = replace(QUESTION, labels={"session_id": "s", "allow_training": False})
        (outcome,) = ask(Pool([endpoint], patience=PATIENT), question)
    assert isinstance(outcome, Reply) is answered
    assert all(body["store"] is False for body in server.seen.bodies)


def test_a_pool_that_was_warmed_answers_and_can_be_closed_at_once() -> None:
    with oracle() as server:
        pool = Pool([Endpoint("m", server.url)])
        pool.warm()
        (reply,) = ask(pool)
    assert total(reply) == 8.75
    pool = Pool([Endpoint("m", "http://127.0.0.1:9/v1")])
    pool.warm()
    pool.close()
