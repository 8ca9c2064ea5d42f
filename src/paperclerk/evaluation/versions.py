"""Two versions of an agent over the same cases, field by field: the gate of publishing. Called by `cli.golden`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import PaperclerkError
from paperclerk.engines.engine import Engine
from paperclerk.evaluation.score import Scored, leaves_of


@dataclass(frozen=True)
class Case:
    """A document on disk, and what is right for it; see `evaluation.cases`."""

    id: str
    path: Path
    truth: Any
    match: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """A value that one version had right and the other has not. `got` is what the newer one gives."""

    case: str
    path: str
    truth: Any
    got: Any


@dataclass(frozen=True)
class FieldTally:
    """Values of one field over all cases: how many there are, and how many each version got wrong.

    A row or value that the truth does not have counts as wrong too.
    """

    field: str
    values: int
    wrong_before: int
    wrong_now: int


@dataclass(frozen=True)
class Comparison:
    """What a draft does better and worse than the published version."""

    cases: int
    fields: tuple[FieldTally, ...]
    better: tuple[Change, ...]
    worse: tuple[Change, ...]

    @property
    def objection(self) -> str | None:
        """Why the draft should not be published; None when it is no worse, in all and in each field."""
        before, now = sum(f.wrong_before for f in self.fields), sum(f.wrong_now for f in self.fields)
        lost = [f for f in self.fields if f.wrong_now > f.wrong_before]
        if now <= before and not lost:
            return None
        told = ", ".join(f"{f.field} ({f.wrong_before} wrong before, {f.wrong_now} now)" for f in lost[:5])
        return f"The draft gets {now} values wrong where the published version gets {before} wrong. Worse: {told}."

    def table(self) -> str:
        """The fields that changed and the sums, then each value that got better or worse."""
        lines = ["field\tvalues\twrong before\twrong now"]
        lines += [
            f"{f.field}\t{f.values}\t{f.wrong_before}\t{f.wrong_now}"
            for f in (*self.fields, _sum(self.fields))
        ]
        for name, changes in (("better", self.better), ("worse", self.worse)):
            lines += [
                f"{name}: {c.case} {c.path}: {_short(c.got)}, right is {_short(c.truth)}" for c in changes
            ]
        return "\n".join(lines)


def compare(
    cases: Sequence[Case], published: Agent, draft: Agent, *, engine: Engine | None = None
) -> Comparison:
    """Executes both over every document and compares with what is right. `engine`: the embedded one, if None."""
    values: Counter[str] = Counter()
    before: Counter[str] = Counter()
    now: Counter[str] = Counter()
    better: list[Change] = []
    worse: list[Change] = []
    for case in cases:
        old, new = (_scored(case, agent, engine) for agent in (published, draft))
        for scored, wrong in ((old, before), (new, now)):
            for leaf in scored.values():
                wrong[_shape(leaf.path)] += not leaf.ok
        for path, leaf in new.items():
            known = old.get(path)
            if not leaf.surplus:
                values[_shape(path)] += 1
            if known is not None and known.ok != leaf.ok:
                (better if leaf.ok else worse).append(Change(case.id, path, leaf.truth, leaf.value))
    fields = tuple(
        FieldTally(name, values[name], before[name], now[name]) for name in sorted({*before, *now})
    )
    return Comparison(len(cases), fields, tuple(better), tuple(worse))


def _scored(case: Case, agent: Agent, engine: Engine | None) -> dict[str, Scored]:
    """Every value of the truth, and every surplus one, by its path. A failed execution gives nothing."""
    from paperclerk.library import execute

    try:
        response = execute(case.path, agent=agent, engine=engine).response
    except PaperclerkError:
        response = None
    found: dict[str, Scored] = {}
    for number, leaf in enumerate(leaves_of(case.truth, response, case.match)):
        found[f"{leaf.path}\0{number}" if leaf.surplus else leaf.path] = leaf
    return found


def _shape(path: str) -> str:
    return re.sub(r"\[[^\]]*\]", "[]", path.split("+", maxsplit=1)[0])


def _sum(fields: Sequence[FieldTally]) -> FieldTally:
    return FieldTally(
        "all",
        sum(f.values for f in fields),
        sum(f.wrong_before for f in fields),
        sum(f.wrong_now for f in fields),
    )


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]


def without_metadata(value: Any) -> Any:
    """A corrected response without the `<field>_metadata` siblings that it may have been sent back with."""
    if isinstance(value, dict):
        return {
            k: without_metadata(v)
            for k, v in value.items()
            if not (k.endswith("_metadata") and k.removesuffix("_metadata") in value)
        }
    if isinstance(value, list):
        return [without_metadata(v) for v in value]
    return value
