"""What is wrong with an answer, by its form and by the caller's own schema. Called by `windowed`; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Answer, Problem, Quoted
from paperclerk.schemas.split import prune, units
from paperclerk.schemas.validate import conform, spoken

OF_THE_WHOLE = {"minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"}
OF_THE_WHOLE |= {"minProperties", "maxProperties", "required", "dependentRequired"}

_INDEX = re.compile(r"\[\d+\]")


def problems_of(answer: Answer, in_form: Sequence[Problem], schema: Mapping[str, Any]) -> list[Problem]:
    """The parts that are not in the form, and the values that break `schema`, each path once.

    Rules about a whole object or array (`minProperties`, `minItems`) are not an answer's to keep: it holds a part
    of the fields, and of the rows.
    """
    found = {p.path: p for p in in_form}
    for violation in conform(values_of(answer), schema).violations:
        if violation.path and violation.keyword not in OF_THE_WHOLE:
            path = spoken(violation.path)
            found.setdefault(path, Problem(path, violation.message))
    return list(found.values())


def values_of(answer: Answer) -> Any:
    """The values of an answer as plain JSON."""
    if isinstance(answer, Quoted):
        return answer.value
    if isinstance(answer, list):
        return [values_of(a) for a in answer]
    return {name: values_of(a) for name, a in answer.items()}


def concerned(group: Field, problems: Iterable[Problem]) -> Field:
    """The part of `group` that `problems` are about; all of it when one is about the whole."""
    paths = [_INDEX.sub("", p.path) for p in problems]
    if "" in paths:
        return group
    about = {u.path for u in units(group) if any(_touches(".".join(u.path), p) for p in paths)}
    return prune(group, about) if about else group


def _touches(unit: str, path: str) -> bool:
    return path == unit or path.startswith(unit + ".") or unit.startswith(path + ".")
