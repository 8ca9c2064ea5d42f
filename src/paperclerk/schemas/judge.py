"""The validator behind `check`, `validate` and the engines: jsonschema-rs, set up so that a schema can neither
reach out nor run away. Also what a caller's pattern may cost.

* Nothing is retrieved (`offline`), and schemas come without `$schema` and `$id` (`keywords.lifted`).
* Patterns run on a linear-time engine with a cap on their compiled size. Look-around, which pydantic writes for
  `Decimal`, needs backtracking: it gets a cap on steps, and on the characters it may look at.
* Formats are asserted, with local times allowed: a document rarely prints an offset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, time
from functools import lru_cache
from typing import Any, Literal

import jsonschema_rs

from paperclerk.schemas.keywords import lifted, patterns, rewritten

LIGHT_PATTERN = 65_536  # bytes of compiled pattern
HEAVY_PATTERN = 1_048_576
BACKTRACKING_STEPS = 300
BACKTRACKING_CHARACTERS = 2_000

Weight = Literal["light", "heavy", "backtracking"]
Demand = Literal["presence", "validity"]


def compiled(schema: Mapping[str, Any] | bool, *, demand: Demand) -> jsonschema_rs.Validator:
    """The validator of a schema; for `validity` nothing is required, since what is absent is judged apart.

    Raises jsonschema_rs.ValidationError when the schema itself is wrong.
    """
    return _compiled(json.dumps(schema), demand)


@lru_cache(maxsize=32)
def _compiled(text: str, demand: Demand) -> jsonschema_rs.Validator:
    schema = lifted(json.loads(text))
    if demand == "validity":
        schema = rewritten(schema, _without_required, keep=_asks_for_presence)
    weights = {p: weigh(p) for p in patterns(schema)}
    if "backtracking" in weights.values():
        schema = rewritten(schema, lambda s: _with_short_values(s, weights))
    return _validator(schema, backtracking="backtracking" in weights.values())


def _validator(
    schema: Any, *, backtracking: bool = False, size: int = HEAVY_PATTERN
) -> jsonschema_rs.Validator:
    options: Any = (
        jsonschema_rs.FancyRegexOptions(BACKTRACKING_STEPS, size, size)
        if backtracking
        else jsonschema_rs.RegexOptions(size, size)
    )
    return jsonschema_rs.Draft202012Validator(
        schema, offline=True, pattern_options=options, validate_formats=True, formats=_FORMATS
    )


@lru_cache(maxsize=1024)
def weigh(pattern: str) -> Weight | None:
    """What a pattern costs, None when it is no pattern or too large."""
    tries: tuple[tuple[Weight, bool, int], ...] = (
        ("light", False, LIGHT_PATTERN),
        ("heavy", False, HEAVY_PATTERN),
        ("backtracking", True, HEAVY_PATTERN),
    )
    for weight, backtracking, size in tries:
        try:
            _validator({"pattern": pattern}, backtracking=backtracking, size=size)
        except jsonschema_rs.ValidationError:
            continue
        return weight
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`, in bounded time. A pattern that is none excludes nothing.

    A caller's pattern is never given to `re`: that can take for ever on twenty characters.
    """
    matcher = _matcher(pattern)
    try:
        return matcher is None or matcher.is_valid(text)
    except UnicodeEncodeError:  # half a character, which no reply can hold either
        return False


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> jsonschema_rs.Validator | None:
    weight = weigh(pattern)
    if weight is None:
        return None
    schema = _with_short_values({"pattern": pattern}, {pattern: weight})
    return _validator(schema, backtracking=weight == "backtracking")


def _without_required(schema: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in schema.items() if k != "required"}


def _asks_for_presence(keyword: str, schema: Any) -> bool:
    """Where `required` is a question and no demand: below `not` and `if`, and alone in a branch of `oneOf`."""
    return keyword in ("not", "if") or (
        keyword == "oneOf" and isinstance(schema, dict) and set(schema) == {"required"}
    )


def _with_short_values(schema: dict[str, Any], weights: Mapping[str, Weight | None]) -> dict[str, Any]:
    """Backtracking costs steps times characters, so the values it sees are kept short."""
    if weights.get(schema.get("pattern", "")) != "backtracking":
        return schema
    return {
        **schema,
        "maxLength": min(schema.get("maxLength", BACKTRACKING_CHARACTERS), BACKTRACKING_CHARACTERS),
    }


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?")
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?")


def is_date_time(text: str) -> bool:
    """RFC 3339, the offset optional."""
    return bool(_DATE_TIME.fullmatch(text)) and _exists(datetime, text)


def is_time(text: str) -> bool:
    """RFC 3339 `full-time`, the offset optional."""
    return bool(_TIME.fullmatch(text)) and _exists(time, text)


def _exists(kind: type[datetime] | type[time], text: str) -> bool:
    try:
        kind.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


_FORMATS = {"date-time": is_date_time, "time": is_time}
