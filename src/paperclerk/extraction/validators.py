"""An agent's rules, checked on what was read. Called by `pipeline`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from paperclerk.domain.agent import Rule
from paperclerk.domain.errors import ExecutionFailed
from paperclerk.domain.result import FieldError, Step
from paperclerk.extraction.checksums import CHECKSUMS

MAX_LOGIC_CHARS = 1_000_000
MAX_LOGIC_STEPS = 1_000_000
Verdict = Literal["holds", "broken", "does not apply"]


@dataclass(frozen=True)
class Checked:
    """How a rule came out, and why."""

    rule: Rule
    verdict: Verdict
    why: str = ""

    @property
    def step(self) -> Step:
        about = ", ".join(self.rule.of) or self.rule.message
        name = f"validate:{self.rule.rule} {about}".strip()
        return Step(name, 0.0, f"{self.verdict}: {self.why}" if self.why else self.verdict)

    @property
    def error(self) -> FieldError | None:
        """None unless the rule is broken."""
        if self.verdict != "broken":
            return None
        path = self.rule.equals or (self.rule.of[0] if self.rule.of else "")
        return FieldError(path, "validation_warning", self.why)


def check_rules(response: Any, rules: Sequence[Rule]) -> tuple[Checked, ...]:
    """Checks every rule. Raises ExecutionFailed (`validation_failed`) when one of severity `fail` is broken."""
    checked = tuple(_check(response, rule) for rule in rules)
    fatal = [c.why for c in checked if c.verdict == "broken" and c.rule.severity == "fail"]
    if fatal:
        raise ExecutionFailed(f"A validator of the agent fails: {' '.join(fatal)}", code="validation_failed")
    return checked


def values_at(response: Any, path: str) -> list[Any]:
    """The values at a path such as `items[].price`; an absent name gives None."""
    found = [response]
    for name in path.split("."):
        through, arrays = re.subn(r"\[\]", "", name)
        found = [value.get(through) if isinstance(value, dict) else None for value in found]
        for _ in range(arrays):
            found = [item for value in found if isinstance(value, list) for item in value]
    return found


def _check(response: Any, rule: Rule) -> Checked:
    if rule.rule == "sum":
        return _sum(response, rule)
    if rule.rule == "product":
        return _product(response, rule)
    if rule.rule == "order":
        return _order(response, rule)
    if rule.rule == "logic":
        return _logic(response, rule)
    return _checksums(response, rule)


def _logic(response: Any, rule: Rule) -> Checked:
    import datalogic_py

    if any(value is None for path in rule.of for value in values_at(response, path)):
        return Checked(rule, "does not apply", "a value is null")
    data = json.dumps(response)
    if len(data) > MAX_LOGIC_CHARS:
        return Checked(rule, "does not apply", f"the reply is longer than {MAX_LOGIC_CHARS:,} characters")
    try:
        value, _ = _engine().compile(json.dumps(rule.logic)).evaluate_metered(data, MAX_LOGIC_STEPS)
    except datalogic_py.DataLogicError as error:
        return Checked(rule, "does not apply", " ".join(str(error).split())[:200])
    if json.loads(value):
        return Checked(rule, "holds")
    return Checked(rule, "broken", rule.message or f"{json.dumps(rule.logic)[:200]} does not hold.")


@cache
def _engine() -> Any:
    import datalogic_py

    return datalogic_py.Engine()


def _sum(response: Any, rule: Rule) -> Checked:
    parts = [value for path in rule.of for value in values_at(response, path)]
    [total] = values_at(response, rule.equals)[:1] or [None]
    numbers = [_number(value) for value in parts]
    wanted = _number(total)
    if not numbers or wanted is None or any(n is None for n in numbers):
        return Checked(rule, "does not apply", "a value is null or no number")
    got = math.fsum(n for n in numbers if n is not None)
    if abs(got - wanted) <= rule.tolerance + 1e-9:
        return Checked(rule, "holds")
    return Checked(
        rule, "broken", f"{' + '.join(rule.of)} is {_plain(got)}, but {rule.equals} is {_plain(wanted)}."
    )


def _product(response: Any, rule: Rule) -> Checked:
    columns = [values_at(response, path) for path in rule.of]
    totals = values_at(response, rule.equals)
    if any(len(column) != len(totals) for column in columns):
        return Checked(rule, "does not apply", "the paths do not go through the same rows")
    applied = False
    for row, total in enumerate(totals):
        numbers, wanted = [_number(column[row]) for column in columns], _number(total)
        if wanted is None or any(n is None for n in numbers):
            continue
        applied = True
        got = math.prod(n for n in numbers if n is not None)
        if abs(got - wanted) > rule.tolerance + 1e-9:
            where = rule.equals.replace("[]", f"[{row}]")
            return Checked(
                rule, "broken", f"{' x '.join(rule.of)} is {_plain(got)}, but {where} is {_plain(wanted)}."
            )
    return Checked(rule, "holds") if applied else Checked(rule, "does not apply", "a value is null")


def _order(response: Any, rule: Rule) -> Checked:
    dated = [(path, _date(value)) for path in rule.of for value in values_at(response, path)[:1]]
    known = [(path, day) for path, day in dated if day is not None]
    if len(known) < 2:
        return Checked(rule, "does not apply", "a date is null or no date")
    for (first, one), (second, other) in pairwise(known):
        if one > other:
            return Checked(rule, "broken", f"{first} ({one}) is after {second} ({other}).")
    return Checked(rule, "holds")


def _checksums(response: Any, rule: Rule) -> Checked:
    values = [(p, v) for p in rule.of for v in values_at(response, p) if isinstance(v, str | int) and v != ""]
    if not values:
        return Checked(rule, "does not apply", "there is no value")
    wrong = [f"{path} {value!r}" for path, value in values if not CHECKSUMS[rule.rule](str(value))]
    if wrong:
        return Checked(rule, "broken", f"No valid {rule.rule}: {', '.join(wrong[:5])}.")
    return Checked(rule, "holds")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _plain(number: float) -> str:
    return f"{number:.2f}"
