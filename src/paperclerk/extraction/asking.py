"""One round of questions after another until every part of a schema is answered or given up. Called by `windowed`.

What goes wrong with a question decides what is asked next: an answer cut off or a question too long is asked in
halves, an answer that cannot be used is asked again with what is wrong, at most `max_retries` times, and for the
fields concerned only. Every question ends in an answer or in a failure that names its fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from paperclerk.domain.document import Page
from paperclerk.domain.result import Step
from paperclerk.engines.engine import Context
from paperclerk.engines.models.endpoint import CallFailed, Cause, Profile, Question, Reply
from paperclerk.engines.models.pool import Budget, Outcome, Pool
from paperclerk.extraction import windows
from paperclerk.extraction.prompts import (
    correction_text,
    picture_question_text,
    question_text,
    system_text,
)
from paperclerk.extraction.repair import concerned, problems_of
from paperclerk.extraction.windows import Window
from paperclerk.schemas import split
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Answer, Problem, read_answer, says_something

MAX_CUTS = 12  # times that a question is halved, fields and rows together
MAX_BARREN = 2
TOKENS_PER_SCALAR, TOKENS_BESIDE = 96, 256
# More characters a token than any text has: the endpoint has dropped a part of the question and not said so.
MOST_CHARS_PER_TOKEN = 6.0
# Questions that differ by more characters than this, and by no token to speak of, have met a limit.
SAME_SIZE, MANY_CHARS_PER_TOKEN = 600, 20.0
MAX_STEPS = 200


@dataclass(frozen=True)
class Ask:
    """A group of fields to be asked of a window.

    `corrections` and `cuts` count what it took to come here, `barren` the answers in a row that said nothing.
    """

    window: Window
    group: Field
    corrections: int = 0
    cuts: int = 0
    barren: int = 0
    correction: tuple[str, str] | None = None


@dataclass(frozen=True)
class Heard:
    """What a model said of a group in a window, in the form and valid."""

    window: Window
    group: Field
    answer: Answer


@dataclass(frozen=True)
class Failure:
    """Fields that a window could not be asked for, and why."""

    window: Window
    group: Field
    reason: str


class Asking:
    """Asks questions of one execution."""

    def __init__(
        self,
        pool: Pool,
        context: Context,
        budget: Budget,
        pages: Sequence[Page],
        images_of: Callable[[Window], tuple[bytes, ...]] | None = None,
    ) -> None:
        self.pool = pool
        self.context = context
        self.budget = budget
        self.pages = pages
        self.heard: list[Heard] = []
        self.failures: list[Failure] = []
        self._images_of = images_of
        self._asked = 0
        self._sizes: dict[str, list[tuple[int, int]]] = {}  # tokens and characters of questions, by model
        self._limits: dict[str, float] = {}
        self._too_long = math.inf  # characters of the shortest question that was
        self.system = system_text(context.prompt)

    @property
    def profile(self) -> Profile:
        return self.pool.profile

    def settle(self, asks: Sequence[Ask]) -> None:
        """Asks, and whatever follows from the outcomes, until nothing is left to ask."""
        pending = list(asks)
        while pending:
            pending = [fitting for a in pending for fitting in self._fitting(a)]
            questions = [self._question(a) for a in pending]
            outcomes = self.ask(questions)
            self._learn_limits(questions, outcomes)
            pending = [
                n for a, o in zip(pending, outcomes, strict=True) for n in self._next(a, o)
            ]  # fmt: skip

    def _fitting(self, ask: Ask) -> list[Ask]:
        """The question, or its halves where one of its size was too long before."""
        if self._too_long == math.inf or _size(self._question(ask)) < self._too_long:
            return [ask]
        return [f for half in self._shorter(ask, "as long as one before it") for f in self._fitting(half)]

    def ask(self, questions: Sequence[Question]) -> list[Outcome]:
        """The outcome of each question; what the job was told before is not asked again."""
        self._asked += len(questions)
        watch = self._watch if self.context.on_asked else None
        return self.pool.ask_many(questions, self.budget, kept=self.context.kept, watch=watch)

    def _watch(self) -> None:
        assert self.context.on_asked is not None
        self.context.on_asked(self.budget.answered, self._asked)

    def room_for_text(self, group: Field) -> int:
        """Characters of a document that fit beside the question for `group`."""
        beside = len(self.system) + 40 * split.weight(group) + 1_000
        return max(1_000, self.profile.input_chars - beside)

    def picture_question(self, group: Field, images: Sequence[bytes]) -> Question:
        """A question for `group` that shows a picture of each of its fields and no text."""
        return Question(
            system=self.system,
            text=picture_question_text(group, self.context.metadata),
            form=group,
            images=tuple(images),
            max_tokens=self._max_tokens(group),
            temperature=self.context.temperature,
            labels=self.context.metadata,
        )

    def _question(self, ask: Ask) -> Question:
        return Question(
            system=self.system,
            text=question_text(ask.window, ask.group, self.context.metadata),
            form=ask.group,
            images=self._images_of(ask.window) if self._images_of else (),
            max_tokens=self._max_tokens(ask.group),
            temperature=self.context.temperature,
            labels=self.context.metadata,
            correction=ask.correction,
        )

    def _max_tokens(self, group: Field) -> int:
        most = min(self.context.max_tokens, self.profile.max_output_tokens)
        every = list(split.units(group))
        if len(every) == 1 or not all(u.is_scalar for u in every):
            return most
        return min(most, TOKENS_BESIDE + TOKENS_PER_SCALAR * len(every))

    def _next(self, ask: Ask, outcome: Reply | CallFailed) -> list[Ask]:
        self._note(ask, outcome)
        if isinstance(outcome, CallFailed):
            if outcome.cause is Cause.TOO_LONG:
                return self._shorter(ask, outcome.message)
            return self._give_up(ask, f"{outcome.cause.value}: {outcome.message}")
        if self._was_shortened(ask, outcome):
            return self._shorter(ask, "the model takes less text than it was sent")
        if outcome.cut:
            return self._smaller(ask, outcome)
        if not isinstance(outcome.data, dict):
            return self._again(ask, outcome, [Problem("", "it is not a JSON object")])
        answer, in_form = read_answer(ask.group, outcome.data)
        wrong = problems_of(answer, in_form, self.context.json_schema)
        again = self._again(ask, outcome, wrong) if wrong else []
        good = split.without(ask.group, again[0].group) if again else ask.group
        if good is not None:
            self.heard.append(Heard(ask.window, good, answer))
        return again

    def _again(self, ask: Ask, reply: Reply, problems: Sequence[Problem]) -> list[Ask]:
        """The fields concerned, with what is wrong; the others of this answer stand.

        At the end of patience the answer stands as it is: what breaks the schema is taken out of the reply later.
        """
        if ask.corrections >= self.context.max_retries:
            said = "; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems[:5])
            return self._give_up(
                replace(ask, group=concerned(ask.group, problems)), f"invalid answer: {said}"
            )
        group = concerned(ask.group, problems)
        correction = (reply.text[:20_000] or "{}", correction_text(problems, group))
        return [replace(ask, group=group, corrections=ask.corrections + 1, correction=correction)]

    def _smaller(self, ask: Ask, reply: Reply) -> list[Ask]:
        """The same with fewer fields at a time, else with fewer rows, unless answers hold nothing time after time."""
        said, _ = read_answer(ask.group, reply.data)
        barren = 0 if says_something(said) else ask.barren + 1
        if barren > MAX_BARREN:
            return self._give_up(ask, "invalid answer: it is cut off before it says anything")
        return self._cut(replace(ask, barren=barren), fields_first=True, reason="the answer was cut off")

    def _shorter(self, ask: Ask, reason: str) -> list[Ask]:
        """The same with less text at a time, else with fewer fields."""
        self._too_long = min(self._too_long, _size(self._question(ask)))
        return self._cut(ask, fields_first=False, reason=f"too_long: {reason}")

    def _cut(self, ask: Ask, *, fields_first: bool, reason: str) -> list[Ask]:
        by_fields = [replace(ask, group=g) for g in split.halves(ask.group)]
        by_text = [replace(ask, window=w) for w in windows.halves(ask.window)]
        cuts = (by_fields, by_text) if fields_first else (by_text, by_fields)
        chosen = next((c for c in cuts if len(c) > 1), None)
        if chosen is None or ask.cuts >= MAX_CUTS:
            return self._give_up(ask, reason)
        return [replace(a, cuts=ask.cuts + 1, correction=None) for a in chosen]

    def _give_up(self, ask: Ask, reason: str) -> list[Ask]:
        self.failures.append(Failure(ask.window, ask.group, reason))
        return []

    def _was_shortened(self, ask: Ask, reply: Reply) -> bool:
        shown = len(self.system) + ask.window.size
        if 0 < reply.input_tokens * MOST_CHARS_PER_TOKEN < shown:
            return True
        limit = self._limits.get(reply.model)
        return limit is not None and reply.input_tokens >= limit

    def _learn_limits(self, questions: Sequence[Question], outcomes: Sequence[Outcome]) -> None:
        """Finds the tokens at which an endpoint cuts what it is sent: longer questions count no more than those."""
        for question, outcome in zip(questions, outcomes, strict=True):
            if isinstance(outcome, Reply) and outcome.input_tokens and not question.images:
                self._sizes.setdefault(outcome.model, []).append((outcome.input_tokens, _size(question)))
        for model, seen in self._sizes.items():
            limit = 0.995 * max(tokens for tokens, _ in seen)
            sizes = [size for tokens, size in seen if tokens >= limit]
            apart = max(sizes) - min(sizes)
            if apart > SAME_SIZE and apart > MANY_CHARS_PER_TOKEN * 0.005 * limit:
                self._limits[model] = limit

    def _note(self, ask: Ask, outcome: Reply | CallFailed) -> None:
        steps = self.context.trace.steps
        if len(steps) >= MAX_STEPS:
            return
        pages = sorted({p + 1 for p in ask.window.pages})
        where = f"page {pages[0]}" if len(pages) == 1 else f"pages {pages[0]}-{pages[-1]}"
        fields = sum(1 for _ in split.units(ask.group))
        if isinstance(outcome, CallFailed):
            how = f"failed ({outcome.cause.value}) after {outcome.attempts}"
        else:
            spent = f"{outcome.input_tokens}+{outcome.output_tokens} tokens, {outcome.seconds:.1f} s"
            how = ("from the cache" if outcome.cached else spent) + (", cut off" if outcome.cut else "")
        steps.append(Step("ask", 0.0, f"{where}, {fields} fields: {how}"))


def _size(question: Question) -> int:
    """Its characters, without what pictures stand for."""
    return len(question.system) + len(question.text) + len(str(question.correction or ""))
