"""An agent's rules, checked on what was read. Called by `pipeline`, and by `windowed` to know what to doubt."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import msgspec

from paperclerk.domain.agent import Rule
from paperclerk.domain.errors import ExecutionFailed
from paperclerk.domain.result import FieldError, Step, Tree
from paperclerk.printed.identifiers import CHECKSUMS

MAX_LOGIC_CHARS = 1_000_000
MAX_LOGIC_STEPS = 1_000_000
QUESTIONED = 0.65  # the most that a value is worth that a broken rule speaks of: not measured
TOLD = 3  # rows of a broken rule that are told
Verdict = Literal["holds", "broken", "does not apply"]


@dataclass(frozen=True)
class Checked:
    """How a rule came out, and why. `about` are the paths that a broken one puts in question, `[]` for all rows."""

    rule: Rule
    verdict: Verdict
    why: str = ""
    about: tuple[str, ...] = ()

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
    checked = verdicts(response, rules)
    fatal = [c.why for c in checked if c.verdict == "broken" and c.rule.severity == "fail"]
    if fatal:
        raise ExecutionFailed(f"A validator of the agent fails: {' '.join(fatal)}", code="validation_failed")
    return checked


def verdicts(response: Any, rules: Sequence[Rule]) -> tuple[Checked, ...]:
    """How each rule comes out."""
    return tuple(_check(response, rule) for rule in rules)


def questioned(tree: Tree, checked: Sequence[Checked]) -> Tree:
    """`tree` with lower scores for the values that broken rules speak of."""
    about = {path for c in checked if c.verdict == "broken" for path in c.about}
    return _lowered(tree, "", about) if about else tree


def _lowered(tree: Tree, path: str, about: Set[str]) -> Tree:
    if isinstance(tree, dict):
        return {
            name: _lowered(inner, f"{path}.{name}" if path else name, about) for name, inner in tree.items()
        }
    if isinstance(tree, list):
        return [_lowered(inner, f"{path}[{i}]", about) for i, inner in enumerate(tree)]
    if {path, _INDEX.sub("[]", path)} & about:
        return msgspec.structs.replace(tree, score=min(tree.score, QUESTIONED))
    return tree


_INDEX = re.compile(r"\[\d+\]")


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
    # it may say what is wanted rather than what is read: it puts no value in question
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
    why = f"{' + '.join(rule.of)} is {_plain(got)}, but {rule.equals} is {_plain(wanted)}."
    return Checked(rule, "broken", why, (*rule.of, rule.equals))


def _product(response: Any, rule: Rule) -> Checked:
    columns = [values_at(response, path) for path in rule.of]
    totals = values_at(response, rule.equals)
    if any(len(column) != len(totals) for column in columns):
        return Checked(rule, "does not apply", "the paths do not go through the same rows")
    applied, about, why = False, dict[str, None](), []
    for row, total in enumerate(totals):
        numbers, wanted = [_number(column[row]) for column in columns], _number(total)
        if wanted is None or any(n is None for n in numbers):
            continue
        applied = True
        got = math.prod(n for n in numbers if n is not None)
        if abs(got - wanted) > rule.tolerance + 1e-9:
            paths = [_in_row(path, row) for path in (*rule.of, rule.equals)]
            about |= dict.fromkeys(paths)
            why.append(f"{' x '.join(rule.of)} is {_plain(got)}, but {paths[-1]} is {_plain(wanted)}.")
    if why:
        return Checked(rule, "broken", _told(why), tuple(about))
    return Checked(rule, "holds") if applied else Checked(rule, "does not apply", "a value is null")


def _in_row(path: str, row: int) -> str:
    """The path in one row; that of all rows where they are rows of rows, through which `row` is counted on."""
    return path.replace("[]", f"[{row}]") if path.count("[]") == 1 else path


def _order(response: Any, rule: Rule) -> Checked:
    dated = [(path, _date(value)) for path in rule.of for value in values_at(response, path)[:1]]
    known = [(path, day) for path, day in dated if day is not None]
    if len(known) < 2:
        return Checked(rule, "does not apply", "a date is null or no date")
    wrong = [(before, after) for before, after in pairwise(known) if before[1] > after[1]]
    if wrong:
        why = [f"{first} ({one}) is after {second} ({other})." for (first, one), (second, other) in wrong]
        about = dict.fromkeys(path for pair in wrong for path, _ in pair)
        return Checked(rule, "broken", _told(why), tuple(about))
    return Checked(rule, "holds")


def _checksums(response: Any, rule: Rule) -> Checked:
    values = [(p, v) for p in rule.of for v in values_at(response, p) if isinstance(v, str | int) and v != ""]
    if not values:
        return Checked(rule, "does not apply", "there is no value")
    judged = [(path, value, CHECKSUMS[rule.rule](str(value))) for path, value in values]
    if all(holds is None for _, _, holds in judged):
        return Checked(rule, "does not apply", f"no form of this country's {rule.rule} is known")
    wrong = [(path, value) for path, value, holds in judged if holds is False]
    if wrong:
        told = ", ".join(f"{path} {value!r}" for path, value in wrong[:5])
        return Checked(
            rule, "broken", f"No valid {rule.rule}: {told}.", tuple(dict.fromkeys(path for path, _ in wrong))
        )
    return Checked(rule, "holds")


def _told(reasons: Sequence[str]) -> str:
    more = len(reasons) - TOLD
    return " ".join(reasons[:TOLD]) + (f" And {more} more." if more > 0 else "")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _plain(number: float) -> str:
    return f"{number:.2f}"
