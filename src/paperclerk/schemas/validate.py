"""Makes a reply conform: what is present validates, whatever it takes. Called by `extraction` before grounding is
written out, on the plain response (no `_metadata` keys).

A null stands for "not on the page" and is allowed everywhere, `required` or not; which required values are
missing is asked apart (`missing_required`). Everything else of JSON Schema 2020-12 holds, formats included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import jsonschema_rs

from paperclerk.schemas.judge import compiled

Path = tuple[str | int, ...]

# Rounds that remove what the errors name; each later round goes one level further out.
PATIENT_ROUNDS = 6
MAX_ROUNDS = 80
MAX_ERRORS = 10_000
# Trials spent on finding the one property that breaks a rule about the whole object.
MAX_TRIALS = 2_000
MAX_TRIED_NAMES = 32


@dataclass(frozen=True)
class Violation:
    """A value that was taken out of a response; the root `()` when no part of it would do.

    `path` counts rows as they stood in the response given. `action` is `null` (the value became null) or
    `drop` (the row or the name is gone). `keyword` is the JSON Schema keyword that was broken.
    """

    path: Path
    action: Literal["null", "drop"]
    keyword: str
    message: str


@dataclass(frozen=True)
class Conformed:
    """A response that conforms, and what had to go.

    `unmet` are rules about the whole response that even the empty one breaks, such as `minProperties`. Nothing
    is taken out for their sake; only with one of them is the response not valid.
    """

    response: Any
    violations: tuple[Violation, ...]
    unmet: tuple[Violation, ...] = ()

    @property
    def valid(self) -> bool:
        return not self.unmet


def conform(response: Any, schema: Mapping[str, Any] | bool) -> Conformed:
    """The response without the least that keeps it from validating. The argument is not changed.

    `schema` has passed `check_schema`. A value that breaks a rule becomes null, a row of an array is dropped;
    where that does not help, the object or array around it goes, in the end the whole response (`{}`).
    """
    judge = compiled(schema, demand="validity")
    empty: Any = [] if isinstance(response, list) else {}
    hopeless = list(judge.iter_errors(empty))
    found = _cured(judge, response, frozenset())
    if found is None and hopeless:
        found = _cured(judge, response, frozenset(map(_identity, hopeless)))
    if found is not None:
        return found
    everything = Violation((), "null", "", "no part of the response conforms to the schema")
    return Conformed(empty, (everything,), tuple(_unmet(empty, e) for e in hopeless))


_Identity = tuple[Path, Path]  # where the value is, and where the rule


def _identity(error: jsonschema_rs.ValidationError) -> _Identity:
    return tuple(error.instance_path), tuple(error.schema_path)


def _cured(judge: jsonschema_rs.Validator, response: Any, hopeless: frozenset[_Identity]) -> Conformed | None:
    """The response with values taken out until only hopeless errors are left; None when all had to go."""
    removed: dict[Path, Violation] = {v.path: v for v in _unwritable(response)}
    trials = [MAX_TRIALS]
    for turn in range(MAX_ROUNDS):
        shown, rows = _present(response, removed)
        errors = list(islice(judge.iter_errors(shown), MAX_ERRORS))
        curable = [e for e in errors if _identity(e) not in hopeless]
        if not curable:
            unmet = tuple(_unmet(shown, e) for e in errors)
            return Conformed(_rebuilt(response, removed), tuple(removed.values()), unmet)
        for error in curable:
            for found in _culprits(judge, shown, error, trials):
                outer = found if turn < PATIENT_ROUNDS else _further_out(found, turn - PATIENT_ROUNDS + 1)
                original = _original(outer.path, rows)
                removed.setdefault(original, Violation(original, outer.action, outer.keyword, outer.message))
        if () in removed:
            break
    return None


def is_valid(response: Any, schema: Mapping[str, Any] | bool) -> bool:
    """Whether what is present in the response validates."""
    return not any(_unwritable(response)) and compiled(schema, demand="validity").is_valid(
        _present(response, {})[0]
    )


def missing_required(response: Any, schema: Mapping[str, Any] | bool) -> list[Path]:
    """Where the schema requires a value and the response has null, an object of nothing but nulls, or no key."""
    shown, _ = _present(_without_hollow(response), {})
    judge = compiled(schema, demand="presence")
    found = [
        path for error in islice(judge.iter_errors(shown), MAX_ERRORS) for path in _required_in(shown, error)
    ]
    return list(dict.fromkeys(found))


def spoken(path: Path) -> str:
    """A path as people and `FieldError` write it: `items[2].price`; the root is the empty string."""
    parts = [f"[{p}]" if isinstance(p, int) else f".{p}" for p in path]
    return "".join(parts).removeprefix(".")


# -- what is present -------------------------------------------------------------------------------------

_Rows = dict[Path, list[int]]  # path of an array as shown -> the numbers its rows had in the response


def _present(response: Any, removed: Mapping[Path, Violation]) -> tuple[Any, _Rows]:
    """What is left of `response` without nulls and removed places, and where rows have moved up."""
    rows: _Rows = {}

    def visit(value: Any, path: Path, shown: Path) -> Any:
        if isinstance(value, Mapping):
            left = [(k, v) for k, v in value.items() if v is not None and (*path, k) not in removed]
            return {k: visit(v, (*path, k), (*shown, k)) for k, v in left}
        if isinstance(value, (list, tuple)):
            kept = [i for i in range(len(value)) if (*path, i) not in removed]
            if len(kept) < len(value):
                rows[shown] = kept
            return [visit(value[i], (*path, i), (*shown, n)) for n, i in enumerate(kept)]
        return value

    return visit(response, (), ()), rows


def _original(path: Path, rows: _Rows) -> Path:
    out: Path = ()
    for i, step in enumerate(path):
        moved = rows.get(path[:i])
        out = (*out, moved[step] if moved is not None and isinstance(step, int) else step)
    return out


def _rebuilt(response: Any, removed: Mapping[Path, Violation], path: Path = ()) -> Any:
    """A copy of `response` with the removals carried out."""
    if isinstance(response, Mapping):
        out: dict[str, Any] = {}
        for key, value in response.items():
            gone = removed.get((*path, key))
            if gone is None:
                out[key] = _rebuilt(value, removed, (*path, key))
            elif gone.action == "null":
                out[key] = None
        return out
    if isinstance(response, (list, tuple)):
        return [_rebuilt(v, removed, (*path, i)) for i, v in enumerate(response) if (*path, i) not in removed]
    return response


def _unwritable(response: Any) -> Iterator[Violation]:
    """Values that no JSON text can hold: infinite numbers, and strings that are not Unicode text."""
    todo: list[tuple[Any, Path]] = [(response, ())]
    while todo:
        value, path = todo.pop()
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if _is_text(key):
                    todo.append((inner, (*path, key)))
                else:
                    yield Violation((*path, key), "drop", "type", "the name is not Unicode text")
        elif isinstance(value, (list, tuple)):
            todo.extend((inner, (*path, i)) for i, inner in enumerate(value))
        elif isinstance(value, float) and not math.isfinite(value):
            yield Violation(path, _action(path), "type", f"{value} is not a JSON number")
        elif isinstance(value, str) and not _is_text(value):
            yield Violation(path, _action(path), "type", "the value is not Unicode text")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_hollow(value: Any) -> Any:
    """`value` with inner objects that hold no value at all taken as null."""
    if not isinstance(value, Mapping):
        return [_without_hollow(v) for v in value] if isinstance(value, (list, tuple)) else value
    inner = {k: _without_hollow(v) for k, v in value.items()}
    return {
        k: None if isinstance(v, dict) and all(x is None for x in v.values()) else v for k, v in inner.items()
    }


# -- who is to blame -------------------------------------------------------------------------------------


def _culprits(
    judge: jsonschema_rs.Validator, shown: Any, error: jsonschema_rs.ValidationError, trials: list[int]
) -> list[Violation]:
    """The places, as shown, that have to go for `error` to vanish. Never empty."""
    blamed = _blamed(shown, error)
    path = _where(shown, error)
    about_the_whole = blamed == [(path, _action(path))] and isinstance(_at(shown, path), dict)
    if about_the_whole and not isinstance(error.kind, (_Kind.MinProperties, _Kind.Type)):
        blamed = [(p, "null") for p in _tried(judge, shown, error, trials)] or blamed
    message = _message(shown, error)
    return [Violation(p, action, error.kind.name, message) for p, action in blamed]


_Kind = jsonschema_rs.ValidationErrorKind
_Blame = list[tuple[Path, Literal["null", "drop"]]]


def _blamed(shown: Any, error: jsonschema_rs.ValidationError) -> _Blame:
    """What the error itself names; the whole value where it names nothing smaller."""
    path = _where(shown, error)
    kind = error.kind
    if isinstance(kind, (_Kind.AdditionalProperties, _Kind.UnevaluatedProperties)):
        return [((*path, name), "drop") for name in kind.unexpected]
    if isinstance(kind, _Kind.PropertyNames) and isinstance(kind.error.instance, str):
        return [((*path, kind.error.instance), "drop")]
    if isinstance(kind, _Kind.UnevaluatedItems):
        return [((*path, i), "drop") for i in kind.unexpected]
    if isinstance(kind, _Kind.FalseSchema) and path:
        return [(path, "drop")]
    if isinstance(kind, _Kind.MaxItems):
        return [((*path, i), "drop") for i in range(kind.limit, len(_at(shown, path)))]
    if isinstance(kind, _Kind.UniqueItems):
        return [((*path, i), "drop") for i in _repeats(_at(shown, path))]
    if isinstance(kind, (_Kind.AnyOf, _Kind.OneOfNotValid)):
        branches = [[b for e in branch for b in _blamed(shown, e)] for branch in kind.context]
        prices = [_price(shown, b, branch) for b, branch in zip(branches, kind.context, strict=True)]
        cheapest = branches[prices.index(min(prices))] if prices else []
        return cheapest or [(path, _action(path))]
    if path and isinstance(path[-1], int) and "prefixItems" in error.schema_path:
        # The place in the row is what the rule is about: rows after it must not move up.
        return [((*path[:-1], i), "drop") for i in range(path[-1], len(_at(shown, path[:-1])))]
    return [(path, _action(path))]


def _price(shown: Any, blamed: _Blame, branch: Sequence[jsonschema_rs.ValidationError]) -> int:
    """How many values go; a constant that differs says that another branch was meant, and counts for more."""
    others = sum(isinstance(e.kind, (_Kind.Constant, _Kind.Enum)) for e in branch)
    return sum(_leaves(_at(shown, path)) for path, _ in dict.fromkeys(blamed)) + 3 * others


def _tried(
    judge: jsonschema_rs.Validator, shown: Any, error: jsonschema_rs.ValidationError, trials: list[int]
) -> list[Path]:
    """The fewest properties found whose absence stops an error about a whole object; none when none does."""
    path = _where(shown, error)
    names = list(_at(shown, path))
    if len(names) > MAX_TRIED_NAMES or trials[0] < 2 * len(names) + 2:
        return []

    def helps(gone: Sequence[str]) -> bool:
        trials[0] -= 1
        rest, there = _alone(shown, path, frozenset(gone))
        rule = error.schema_path
        return all(e.schema_path != rule or _where(rest, e) != there for e in judge.iter_errors(rest))

    if helps([]):
        return []  # it takes the rest of the response to break the rule
    for name in reversed(names):
        if helps([name]):
            return [(*path, name)]
    gone = names
    if not helps(gone):
        return []
    for name in names:
        fewer = [n for n in gone if n != name]
        if helps(fewer):
            gone = fewer
    return [(*path, name) for name in gone]


def _alone(value: Any, path: Path, gone: frozenset[str]) -> tuple[Any, Path]:
    """The object at `path` without the names `gone`, in its surroundings without other rows and other containers;
    and where it is now. Trying things out on it costs little, however large the response."""
    if not path:
        return {k: v for k, v in value.items() if k not in gone}, ()
    inner, there = _alone(value[path[0]], path[1:], gone)
    if isinstance(value, list):
        return [inner], (0, *there)
    return {k: v for k, v in value.items() if not isinstance(v, (dict, list))} | {path[0]: inner}, (
        path[0],
        *there,
    )


def _further_out(found: Violation, levels: int) -> Violation:
    path = found.path[: max(0, len(found.path) - levels)]
    return Violation(path, _action(path), found.keyword, found.message)


def _required_in(shown: Any, error: jsonschema_rs.ValidationError) -> Iterable[Path]:
    if isinstance(error.kind, _Kind.Required):
        return [(*_where(shown, error), error.kind.property)]
    if isinstance(error.kind, (_Kind.AnyOf, _Kind.OneOfNotValid)):
        branches = [[list(_required_in(shown, e)) for e in branch] for branch in error.kind.context]
        pure = [[p for paths in branch for p in paths] for branch in branches if all(branch)]
        return min(pure, key=len, default=[])
    return []


# -- small things ----------------------------------------------------------------------------------------


def _action(path: Path) -> Literal["null", "drop"]:
    return "drop" if path and isinstance(path[-1], int) else "null"


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _where(shown: Any, error: jsonschema_rs.ValidationError) -> Path:
    """Where the value of an error is. The judge tells a name of digits as a number and leaves an empty name out."""
    ways = list(_ways(shown, tuple(error.instance_path)))
    same = ways if len(ways) == 1 else [w for w in ways if _at(shown, w) == error.instance]
    return (same or ways or [()])[0]


def _ways(value: Any, told: Path) -> Iterator[Path]:
    """All places that a path may stand for."""
    if not told:
        yield ()
    for step in _steps(value, told[0]) if told else ():
        yield from ((step, *rest) for rest in _ways(value[step], told[1:]))
    if isinstance(value, dict) and "" in value:
        yield from (("", *rest) for rest in _ways(value[""], told))


def _steps(value: Any, told: str | int) -> Iterable[str | int]:
    if isinstance(value, list):
        return (told,) if isinstance(told, int) and told < len(value) else ()
    if not isinstance(value, dict):
        return ()
    return (
        [told]
        if told in value
        else [k for k in value if (digits := k.removeprefix("+")).isdecimal() and int(digits) == told]
    )


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_leaves, value.values()))
    return 1 + sum(map(_leaves, value)) if isinstance(value, list) else 1


def _repeats(rows: list[Any]) -> list[int]:
    seen: set[Any] = set()
    found = []
    for i, row in enumerate(rows):
        key = _key(row)
        if key in seen:
            found.append(i)
        seen.add(key)
    return found


def _key(value: Any) -> Any:
    """Equal for equal JSON: 1 is 1.0, true is not 1, names have no order."""
    if isinstance(value, dict):
        return ("object", frozenset((k, _key(v)) for k, v in value.items()))
    if isinstance(value, list):
        return ("array", tuple(map(_key, value)))
    return (isinstance(value, bool), value)


def _unmet(shown: Any, error: jsonschema_rs.ValidationError) -> Violation:
    return Violation(_where(shown, error), "null", error.kind.name, _message(shown, error))


def _message(shown: Any, error: jsonschema_rs.ValidationError) -> str:
    if isinstance(_at(shown, _where(shown, error)), (dict, list)):
        return f"breaks {error.kind.name!r} of the schema"
    return error.message if len(error.message) <= 300 else f"{error.message[:297]}..."
