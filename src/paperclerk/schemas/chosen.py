"""Which fields of a schema a redaction means. Used by `agents.definition`, `extraction.plan` and `.redacting`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from paperclerk.domain.agent import Redaction
from paperclerk.domain.errors import InvalidRequest
from paperclerk.schemas.compiled import Field

EVERYTHING = "*"
_NAMES = frozenset({"name", "names", "surname", "lastname", "firstname", "fullname", "forename"})


def check_redaction(redaction: Redaction | None, schemas: Sequence[Field]) -> None:
    """Raises InvalidRequest (`invalid_redaction`) when it names what none of the schemas has, or nothing.

    A field that is misspelt would else stay readable without a word.
    """
    if redaction is None:
        return
    if not redaction.fields and not redaction.kinds:
        raise _invalid("it says nothing to cover. Name `fields`, `kinds` or both.")
    paths = [path for schema in schemas for path in _paths(schema)]
    for name in redaction.fields:
        if not any(_covers(name, path) for path in paths):
            close = get_close_matches(name[:100], paths)
            raise _invalid(f"the schema has no field {name[:100]!r}.{_closest(close)}")
    if "name" in redaction.kinds and not any(map(is_name, paths)):
        raise _invalid("kind `name` covers the fields that the schema calls names, and it has none.")


def _closest(names: Sequence[str]) -> str:
    return f" Closest: {', '.join(names)}." if names else ""


def is_chosen(path: str, redaction: Redaction) -> bool:
    """Whether the field of that path, like `items[2].price`, is to be covered."""
    return any(_covers(name, path) for name in redaction.fields) or (
        "name" in redaction.kinds and is_name(path)
    )


def _covers(name: str, path: str) -> bool:
    """Whether a field's path is, or lies below, the one that was named. Positions in arrays do not matter."""
    wanted, steps = _steps(name), _steps(path)
    return name == EVERYTHING or (bool(wanted) and steps[: len(wanted)] == wanted)


def is_name(path: str) -> bool:
    """Whether the schema calls the field of that path a name."""
    last = (_steps(path) or [""])[-1]
    split = "".join(f"_{c}" if c.isupper() else c for c in last).casefold().replace("-", "_")
    return last.casefold() in _NAMES or not _NAMES.isdisjoint(split.split("_"))


def _steps(path: str) -> list[str]:
    return [step.split("[")[0] for step in path.split(".") if step.split("[")[0]]


def _paths(schema: Field) -> Iterator[str]:
    """The paths of all scalars below a field."""
    if schema.is_scalar:
        yield ".".join(step for step in schema.path if step != "[]")
    if schema.items is not None:
        yield from _paths(schema.items)
    for child in schema.children:
        yield from _paths(child)


def _invalid(sentence: str) -> InvalidRequest:
    return InvalidRequest(f"The redaction cannot be followed: {sentence}", code="invalid_redaction")
