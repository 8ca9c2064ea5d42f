"""A model looks for fields with tools, step by step, within a budget. Called by `windowed` for `detail: hi`.

The tools and the form of the answer are fixed before the first word of the document is read, and stay the same in
every request: nothing that a document says can add a tool, a field or a step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from paperclerk.domain.result import Step
from paperclerk.engines.models.endpoint import ANSWER, CallFailed, Question, Reply, ToolResult, Turn
from paperclerk.extraction.asking import Asking
from paperclerk.extraction.prompts import TOOL_RULES, correction_text, tool_question_text
from paperclerk.extraction.repair import problems_of
from paperclerk.extraction.tools import DocumentTools
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Answer, read_answer

CALLS_A_TURN = 8
LEFT_OUT = "(shown before, left out now)"
OUT_OF_STEPS = "No steps are left. Give what you have found with the tool answer, null for the rest."
CALL_SOMETHING = "Call a tool, or give the fields with the tool answer."


@dataclass(frozen=True)
class Limits:
    """How far one exploration may go: tool calls, and tokens read and written."""

    steps: int = 24
    tokens: int = 400_000


def explore(asking: Asking, form: Field, tools: DocumentTools, limits: Limits) -> Answer | None:
    """What the model found of `form`, in its shape; None when it gave no answer. Every step is in the trace."""
    exploration = _Exploration(asking, form, tools, limits)
    return exploration.run()


class _Exploration:
    def __init__(self, asking: Asking, form: Field, tools: DocumentTools, limits: Limits) -> None:
        self.asking = asking
        self.form = form
        self.tools = tools
        self.limits = limits
        self.turns: list[Turn] = []
        self.steps = 0
        self._spent_before = self._spent()
        self._corrections = 0

    def run(self) -> Answer | None:
        for _ in range(self.limits.steps + self.asking.context.max_retries + 2):
            over = self._over()
            reply = self._ask()
            if reply is None:
                return None
            if reply.data is not None and not (reply.cut and not reply.calls):
                answer = self._judged(reply, last=over)
                if answer is not None:
                    return answer
            elif over:
                return None
            else:
                self.turns.append(self._turn(reply))
            self._end_when_spent()
        return None

    def _ask(self) -> Reply | None:
        context, profile = self.asking.context, self.asking.profile
        question = Question(
            system=f"{self.asking.system}\n{TOOL_RULES}",
            text=tool_question_text(len(self.asking.pages), self.form, context.metadata),
            form=self.form,
            max_tokens=min(context.max_tokens, profile.max_output_tokens),
            temperature=context.temperature,
            labels=context.metadata,
            tools=self.tools.offered,
            turns=_fitting(self.turns, profile.input_chars // 2),
        )
        outcome = self.asking.ask([question])[0]
        if isinstance(outcome, CallFailed):
            self._note("explore", outcome.message[:200], 0.0)
            return None
        spent = f"{outcome.input_tokens}+{outcome.output_tokens} tokens"
        self._note("explore", "from the cache" if outcome.cached else spent, outcome.seconds)
        return outcome

    def _turn(self, reply: Reply) -> Turn:
        """What the model wants, done: at most as many calls as there are steps left."""
        results = []
        for n, call in enumerate(reply.calls):
            if n >= CALLS_A_TURN or self.steps >= self.limits.steps:
                results.append(ToolResult("Not done: too many calls."))
                continue
            self.steps += 1
            started = time.perf_counter()
            results.append(self.tools.run(call))
            said = ", ".join(f"{k}={str(v)[:80]!r}" for k, v in (call.arguments or {}).items())
            self._note(f"tool:{call.name[:40]}", said[:200], time.perf_counter() - started)
        if not reply.calls:
            self.steps += 1
        return Turn(reply.text[:2_000], reply.calls, tuple(results), "" if reply.calls else CALL_SOMETHING)

    def _judged(self, reply: Reply, *, last: bool) -> Answer | None:
        """The answer, or None and a turn that says what is wrong with it."""
        answer, in_form = read_answer(self.form, reply.data)
        wrong = problems_of(answer, in_form, self.asking.context.json_schema)
        if not wrong or last or self._corrections >= self.asking.context.max_retries:
            return answer
        self._corrections += 1
        told = correction_text(wrong, self.form)
        results = tuple(ToolResult(told if c.name == ANSWER else "Not done.") for c in reply.calls)
        said = reply.text[:20_000]
        self.turns.append(Turn(said, reply.calls, results, "" if reply.calls else told))
        return None

    def _end_when_spent(self) -> None:
        if self._over() and self.turns:
            self.turns[-1] = replace(self.turns[-1], note=OUT_OF_STEPS)

    def _over(self) -> bool:
        return self.steps >= self.limits.steps or self._spent() - self._spent_before >= self.limits.tokens

    def _spent(self) -> int:
        return self.asking.budget.input_tokens + self.asking.budget.output_tokens

    def _note(self, name: str, detail: str, seconds: float) -> None:
        self.asking.context.trace.steps.append(Step(name, round(seconds, 3), detail))


def _fitting(turns: Sequence[Turn], room: int) -> tuple[Turn, ...]:
    """The turns, the oldest results left out where all of them are longer than `room` characters."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        room -= sum(len(r.text) for r in turn.results) + 4_000 * sum(len(r.images) for r in turn.results)
        if room < 0:
            turn = replace(turn, results=tuple(ToolResult(LEFT_OUT) for _ in turn.results))
        kept.append(turn)
    return tuple(reversed(kept))
