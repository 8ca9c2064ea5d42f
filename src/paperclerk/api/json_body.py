"""JSON bodies, read strictly. Called by `api.routing`.

The standard reader takes NaN, repeated keys (the last one wins) and half characters; all of them would be
stored or compared differently elsewhere, so they are refused here with a reason.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from paperclerk.domain.errors import InvalidRequest

MAX_DEPTH = 128


def parse_json(body: bytes) -> Any:
    """The value in `body`. Raises InvalidRequest (`invalid_json`)."""
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except UnicodeDecodeError as error:
        raise _invalid(f"it is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _too_deep() from None
    _check(value, has_escapes="\\u" in text)
    return value


def _check(value: Any, *, has_escapes: bool) -> None:
    """Depth, and characters that no text may hold; without recursion, since the value may be deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
                if has_escapes:
                    below += item.keys()
            elif isinstance(item, list):
                below += item
            elif has_escapes and isinstance(item, str):
                _check_text(item)
        if not below:
            return
        level = below
    raise _too_deep()


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _invalid("it holds the character U+0000")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _invalid("it holds half of a surrogate pair") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _invalid(f"the key {twice[:100]!r} stands twice in one object")
    return value


def _constant(name: str) -> NoReturn:
    raise _invalid(f"{name} is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _invalid("a number is too large")
    return value


def _int(text: str) -> int:
    if len(text) > 300:
        raise _invalid("a number is too large")
    return int(text)


def _too_deep() -> InvalidRequest:
    return _invalid(f"it is nested deeper than {MAX_DEPTH} levels")


def _invalid(why: str) -> InvalidRequest:
    return InvalidRequest(f"The body is not JSON that can be read: {why}.", code="invalid_json")
