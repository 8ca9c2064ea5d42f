"""Several endpoints as one: shared out by weight, tried in turn, paced, retried by cause. Called by `extraction`.

Calls run on one event loop in a thread of their own; callers are plain threads that wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from paperclerk.domain.result import ModelUse, by_model
from paperclerk.engines.engine import Kept
from paperclerk.engines.models.access import Access
from paperclerk.engines.models.cache import ReplyCache, keep_reply, kept_reply
from paperclerk.engines.models.endpoint import CallFailed, Cause, Endpoint, Profile, Question, Reply

Outcome = Reply | CallFailed

CLOSING_S = 5.0
WATCH_S = 0.5

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How often a call is made again at one endpoint, by cause, and how long is waited between."""

    busy: int = 5
    broken: int = 2
    slow: int = 0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    rest_s: float = 15.0  # an endpoint that failed `rest_after` times in a row is asked last for so long
    rest_after: int = 3

    def allows(self, cause: Cause, failures: int) -> bool:
        most = {Cause.BUSY: self.busy, Cause.BROKEN: self.broken, Cause.SLOW: self.slow}.get(cause, 0)
        return failures <= most


class Budget:
    """What one execution may spend on models; what it has spent. Used from the pool's loop and its caller."""

    def __init__(self, max_calls: int = 1_000, max_tokens: int = 20_000_000) -> None:
        self.max_calls = max_calls
        self.max_tokens = max_tokens
        self.answered = 0
        self.cached = 0
        self.models: tuple[ModelUse, ...] = ()

    @property
    def calls(self) -> int:
        return sum(use.calls for use in self.models)

    @property
    def input_tokens(self) -> int:
        return sum(use.input_tokens for use in self.models)

    @property
    def output_tokens(self) -> int:
        return sum(use.output_tokens for use in self.models)

    @property
    def cost(self) -> float:
        """US dollars."""
        return sum(use.cost_usd for use in self.models)

    def check(self) -> None:
        """Raises CallFailed when nothing is left."""
        if self.calls >= self.max_calls or self.input_tokens + self.output_tokens >= self.max_tokens:
            raise CallFailed(
                Cause.BUDGET, "the budget of model calls for this execution is used up", attempts=0
            )

    def add(self, outcome: Outcome, model: str) -> None:
        """Counts a call to `model`, or what stood in for one: that was no attempt and cost nothing."""
        use = ModelUse(model, calls=outcome.attempts)
        if isinstance(outcome, Reply):
            self.answered += 1
            self.cached += outcome.cached
            use = ModelUse(model, use.calls, outcome.input_tokens, outcome.output_tokens, outcome.cost)
        self.models = by_model((*self.models, use))


class Pool:
    """Answers questions from any of its endpoints. Safe to use from several threads; `close` ends its thread."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        cache: ReplyCache | None = None,
        patience: Patience | None = None,
        learns: bool = True,
    ) -> None:
        if not endpoints:
            raise ValueError("a pool needs at least one endpoint")
        self.endpoints = tuple(endpoints)
        self.cache = cache
        self.patience = patience or Patience()
        self._gates = [_Gate(Access(e, learns=learns)) for e in self.endpoints]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    @property
    def profile(self) -> Profile:
        """What every endpoint can do: questions are sized so that any of them can answer."""
        profiles = [e.profile for e in self.endpoints]
        return replace(
            profiles[0],
            images=all(p.images for p in profiles),
            tools=all(p.tools for p in profiles),
            context_tokens=min(p.context_tokens for p in profiles),
            max_output_tokens=min(p.max_output_tokens for p in profiles),
            max_images=min(p.max_images for p in profiles),
            max_pages=min(p.max_pages for p in profiles),
            max_fields=min(p.max_fields for p in profiles),
            chars_per_token=min(p.chars_per_token for p in profiles),
        )

    @property
    def concurrency(self) -> int:
        return sum(e.concurrency for e in self.endpoints)

    def ask_many(
        self,
        questions: Sequence[Question],
        budget: Budget,
        *,
        kept: Kept | None = None,
        watch: Callable[[], None] | None = None,
    ) -> list[Outcome]:
        """The outcome of each question, in order. Waits for all of them.

        What is `kept` is not asked again. `watch` is called twice a second; what it raises ends the calls.
        """
        asked = self._run(self._all(questions, budget, kept))
        try:
            while watch is not None and not wait([asked], WATCH_S).done:
                watch()
            return asked.result()
        finally:
            asked.cancel()

    def warm(self) -> Future[None]:
        """Has the adapters loaded meanwhile, a second of processor time that the first question would wait for."""
        return self._run(self._load())

    async def _load(self) -> None:
        for gate in self._gates:
            gate.access.load()

    def close(self) -> None:
        """Closes the connections and ends the thread."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            with contextlib.suppress(
                TimeoutError
            ):  # it may still be loading; the thread ends with the process
                asyncio.run_coroutine_threadsafe(self._leave(), loop).result(CLOSING_S)
            loop.call_soon_threadsafe(loop.stop)

    async def _leave(self) -> None:
        await asyncio.gather(*(g.access.close() for g in self._gates))

    def _run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_turn, args=(self._loop,), name="models", daemon=True).start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _all(self, questions: Sequence[Question], budget: Budget, kept: Kept | None) -> list[Outcome]:
        if kept is None:
            return await asyncio.gather(*(self._one(q, budget) for q in questions))
        return await asyncio.gather(*(self._once(q, budget, kept) for q in questions))

    async def _once(self, question: Question, budget: Budget, kept: Kept) -> Outcome:
        """What the question was answered in an earlier life of the job, else an answer that is kept."""
        reply = await asyncio.to_thread(kept_reply, kept, question, self.endpoints)
        if reply is not None:
            budget.add(reply, reply.model)
            return reply
        outcome = await self._one(question, budget)
        if isinstance(outcome, Reply):
            await asyncio.to_thread(keep_reply, kept, question, self.endpoints, outcome)
        return outcome

    async def _one(self, question: Question, budget: Budget) -> Outcome:
        kept = self.cache.get(question, self.endpoints) if self.cache else None
        if kept is not None:
            budget.add(kept, kept.model)
            return kept
        failure: CallFailed | None = None
        for gate in self._order():
            try:
                budget.check()
                reply = await gate.call(question, self.patience, budget)
            except CallFailed as error:
                failure = error
                if error.cause is Cause.BUDGET:
                    break
                continue
            if self.cache and not reply.cut:
                self.cache.put(question, self.endpoints, reply)
            return reply
        assert failure is not None
        return failure

    def _order(self) -> list[_Gate]:
        """Who is asked first, drawn by weight; then the others, heaviest first; the resting ones last."""
        awake = [g for g in self._gates if not g.rests()]
        drawn = [g for g in awake if g.access.endpoint.weight > 0]
        rest = sorted(self._gates, key=lambda g: (g.rests(), -g.access.endpoint.weight))
        if not drawn:
            return rest
        first = random.choices(drawn, [g.access.endpoint.weight for g in drawn])[0]  # noqa: S311
        return [first, *(g for g in rest if g is not first)]


class _Gate:
    """One endpoint behind its limits of concurrency and rate."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._free = asyncio.Semaphore(access.endpoint.concurrency)
        self._next = 0.0
        self._failed = 0
        self._rests_until = 0.0

    def rests(self) -> bool:
        return time.monotonic() < self._rests_until

    async def call(self, question: Question, patience: Patience, budget: Budget) -> Reply:
        """The reply, after as many tries as `patience` allows. Raises CallFailed with the last cause."""
        failures = tries = 0
        while True:
            try:
                async with self._free:
                    await self._pace()
                    budget.check()
                    reply = await self.access.call(question)
            except CallFailed as error:
                budget.add(error, self.access.endpoint.model)
                tries += error.attempts
                error.attempts = tries
                failures += 1
                if not patience.allows(error.cause, failures):
                    self._note_failure(error.cause, patience)
                    raise
                await asyncio.sleep(_wait(error, failures, patience))
                continue
            budget.add(reply, self.access.endpoint.model)
            self._failed = 0
            return replace(reply, attempts=tries + reply.attempts)

    async def _pace(self) -> None:
        rate = self.access.endpoint.requests_per_minute
        if rate is None:
            return
        now = time.monotonic()
        self._next = max(now, self._next) + 60.0 / rate
        await asyncio.sleep(max(0.0, self._next - 60.0 / rate - now))

    def _note_failure(self, cause: Cause, patience: Patience) -> None:
        if cause in (Cause.BUSY, Cause.BROKEN, Cause.SLOW, Cause.DENIED):
            self._failed += 1
            if self._failed >= patience.rest_after:
                self._rests_until = time.monotonic() + patience.rest_s
                self._failed = 0


def _wait(error: CallFailed, failures: int, patience: Patience) -> float:
    """What the endpoint asked for, else ever longer, with jitter so that many do not come back at once."""
    if error.retry_after is not None:
        return min(error.retry_after, patience.longest_wait_s)
    doubled: float = patience.first_wait_s * 2 ** (failures - 1)
    return min(doubled, patience.longest_wait_s) * random.uniform(0.5, 1.0)  # noqa: S311


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()
