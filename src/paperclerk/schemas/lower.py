"""The form in which a model is asked for the fields of a schema, and its answers read back. Called by `extraction`.

Every scalar is asked as `{"v": value, "q": quote, "p": page}`; an element of an array that is an object as
`{"p": page, "r": {fields}}`, its scalars without `p`. `v` is null where the document does not say, `q` is empty
where the value is printed exactly as given. References and unions are gone (`Field`), each object requires all
of its names and takes no others, and what only judges (`pattern`, `minimum`) is left to validation: the form
says the same to every endpoint, whatever part of JSON Schema it takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from paperclerk.schemas.compiled import Field

Nullable = Literal["type_list", "any_of", "keyword", "unsaid"]

MAX_ENUM_SHOWN = 60
MAX_DESCRIPTION = 300


@dataclass(frozen=True)
class Dialect:
    """Which parts of JSON Schema an endpoint takes, found by asking it.

    `nullable` is how null is allowed beside a type: `["string", "null"]`, `anyOf`, OpenAPI's `nullable`, or not
    at all (an empty string then stands for it). `closed`: `additionalProperties: false` may be said.
    `lengths`: `maxLength` and `maxItems` may be said, which ends endless strings.
    """

    nullable: Nullable = "type_list"
    enums: bool = True
    closed: bool = True
    lengths: bool = False


# Ever fewer keywords, for an endpoint that refuses one without saying which.
LADDER = (
    Dialect(),
    Dialect(nullable="any_of"),
    Dialect(nullable="keyword", closed=False),
    Dialect(nullable="unsaid", enums=False, closed=False),
)

MAX_STRING = 4000


@dataclass(frozen=True)
class Quoted:
    """One scalar as a model gave it: `page` is the number it was shown, `quote` is never empty for a value."""

    value: str | int | float | bool | None
    quote: str = ""
    page: int | None = None


NOT_SAID = Quoted(None)

# What a model answered: objects as dicts, arrays as lists, scalars as `Quoted`.
Answer = dict[str, Any] | list[Any] | Quoted


@dataclass(frozen=True)
class Problem:
    """A part of an answer that is not in the form. `path` is like `items[2].price`."""

    path: str
    message: str


def answer_schema(field: Field, dialect: Dialect) -> dict[str, Any]:
    """The JSON Schema of an answer for the fields below `field`."""
    return _Form(dialect).node(field, paged=True)


@dataclass(frozen=True)
class _Form:
    dialect: Dialect

    def node(self, field: Field, *, paged: bool) -> dict[str, Any]:
        if field.kind == "object":
            return self._object({c.name: self.node(c, paged=paged) for c in field.children})
        if field.kind == "array":
            return {"type": "array", "items": self._item(field.items)}
        named = {"v": self._value(field), "q": self._string()}
        return self._object({**named, "p": {"type": "integer"}} if paged else named)

    def _item(self, item: Field | None) -> dict[str, Any]:
        if item is None or item.is_scalar:
            return self.node(item or _TEXT, paged=True)
        return self._object({"p": {"type": "integer"}, "r": self.node(item, paged=False)})

    def _value(self, field: Field) -> dict[str, Any]:
        if field.kind == "enum" and self.dialect.enums:
            return self._enum(field)
        kind = {"number": "number", "integer": "integer", "boolean": "boolean"}.get(field.kind, "string")
        return self._or_null(self._string() if kind == "string" else {"type": kind})

    def _enum(self, field: Field) -> dict[str, Any]:
        texts = [v if isinstance(v, str) else json.dumps(v) for v in field.values]
        if self.dialect.nullable == "type_list":
            return {"type": ["string", "null"], "enum": [*texts, None]}
        if self.dialect.nullable == "unsaid":
            return {"type": "string", "enum": [*texts, ""] if "" not in texts else texts}
        return self._or_null({"type": "string", "enum": texts})

    def _or_null(self, schema: dict[str, Any]) -> dict[str, Any]:
        match self.dialect.nullable:
            case "type_list":
                return {**schema, "type": [schema["type"], "null"]}
            case "any_of":
                return {"anyOf": [schema, {"type": "null"}]}
            case "keyword":
                return {**schema, "nullable": True}
            case "unsaid":  # everything as text: the empty string says null
                return self._string() if "enum" not in schema else schema

    def _string(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_STRING} if self.dialect.lengths else {"type": "string"}

    def _object(self, properties: dict[str, Any]) -> dict[str, Any]:
        made = {"type": "object", "properties": properties, "required": list(properties)}
        return {**made, "additionalProperties": False} if self.dialect.closed else made


_TEXT = Field((), "", "string")


# -- said to the model ------------------------------------------------------------------------------------


def describe(field: Field) -> str:
    """The fields below `field`, one a line: path, type, what it is called, what is said of it."""
    lines: list[str] = []
    _describe(field, "", lines)
    return "\n".join(lines)


def _describe(field: Field, path: str, lines: list[str]) -> None:
    if path:
        lines.append(f"- {path}: {'; '.join(_facts(field))}")
    for child in field.children:
        _describe(child, f"{path}.{child.name}" if path else child.name, lines)
    if field.items is not None:
        _describe(field.items, f"{path}[]", lines)


def _facts(field: Field) -> list[str]:
    facts: list[str] = [field.kind]
    if field.kind == "enum":
        shown = ", ".join(json.dumps(v, ensure_ascii=False) for v in field.values[:MAX_ENUM_SHOWN])
        facts = [f"one of {shown}"]
    if field.title and field.title.casefold() != field.name.replace("_", " ").casefold():
        facts.append(field.title)
    if field.description:
        facts.append(" ".join(field.description.split())[:MAX_DESCRIPTION])
    if field.format:
        facts.append(f"format {field.format}")
    if field.pattern and len(field.pattern) <= 80:
        facts.append(f"pattern {field.pattern}")
    if field.examples:
        shown = ", ".join(json.dumps(e, ensure_ascii=False) for e in field.examples[:3])
        facts.append(f"such as {shown[:120]}")
    return facts


# -- read back --------------------------------------------------------------------------------------------


def read_answer(field: Field, given: Any) -> tuple[Answer, list[Problem]]:
    """An answer put into the shape of `field`, whatever came, and what of it was not in the form.

    Every property is there; what was not given, or is of the wrong type past repair, is `NOT_SAID` or `[]`.
    """
    problems: list[Problem] = []
    return _read(field, given, "", None, problems), problems


def _read(field: Field, given: Any, path: str, page: int | None, problems: list[Problem]) -> Answer:
    if field.kind == "object":
        if given is not None and not isinstance(given, Mapping):
            problems.append(Problem(path, f"an object is needed, {_kind_of(given)} was given"))
        known = given if isinstance(given, Mapping) else {}
        return {
            c.name: _read(c, known.get(c.name), f"{path}.{c.name}" if path else c.name, page, problems)
            for c in field.children
        }
    if field.kind == "array":
        return _read_rows(field, given, path, problems)
    return _read_scalar(field, given, path, page, problems)


def _read_rows(field: Field, given: Any, path: str, problems: list[Problem]) -> list[Any]:
    if given is not None and not isinstance(given, list):
        problems.append(Problem(path, f"an array is needed, {_kind_of(given)} was given"))
    item = field.items or _TEXT
    rows: list[Any] = []
    for i, row in enumerate(given if isinstance(given, list) else ()):
        here = f"{path}[{i}]"
        if item.is_scalar:
            read: Answer = _read_scalar(item, row, here, None, problems)
        else:
            wrapped = isinstance(row, Mapping) and "r" in row
            page = _whole(row.get("p")) if isinstance(row, Mapping) and wrapped else None
            read = _read(item, row["r"] if wrapped else row, here, page, problems)
        if says_something(read):
            rows.append(read)
    return rows


def _read_scalar(field: Field, given: Any, path: str, page: int | None, problems: list[Problem]) -> Quoted:
    wrapped = given if isinstance(given, Mapping) else {"v": given}
    raw = wrapped.get("v")
    if raw is None or raw == "":
        return NOT_SAID
    try:
        read: Callable[[Field, Any], Any] = _READERS.get(field.kind, _text)
        value = read(field, raw)
    except ValueError:
        problems.append(Problem(path, f"{_wanted(field)} is needed, {_shown(raw)} was given"))
        return NOT_SAID
    quote = wrapped.get("q")
    quoted = quote if isinstance(quote, str) and quote.strip() else (raw if isinstance(raw, str) else "")
    own = _whole(wrapped.get("p"))
    return Quoted(value, quoted, page if own is None else own)


def _text(field: Field, raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValueError
    return raw if isinstance(raw, str) else json.dumps(raw)


def _number(field: Field, raw: Any) -> float | int:
    if isinstance(raw, str):
        raw = float(raw.replace(" ", "").rstrip("%")) if len(raw) < 40 else raw
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw or abs(raw) == float("inf"):
        raise ValueError
    if field.kind == "integer":
        if raw != int(raw):
            raise ValueError
        return int(raw)
    return raw


def _boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    said = {"true": True, "yes": True, "false": False, "no": False}.get(str(raw).strip().casefold())
    if said is None:
        raise ValueError
    return said


def _member(field: Field, raw: Any) -> str | int | float | bool:
    for member in field.values:
        if raw == member and type(raw) is type(member):
            return member  # type: ignore[no-any-return]
    said = str(raw).strip().casefold()
    for member in field.values:
        if said == str(member if isinstance(member, str) else json.dumps(member)).casefold():
            return member  # type: ignore[no-any-return]
    raise ValueError


_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "enum": _member,
}


def says_something(answer: Answer) -> bool:
    """Whether an answer holds any value."""
    if isinstance(answer, Quoted):
        return answer.value is not None
    return any(says_something(a) for a in (answer.values() if isinstance(answer, dict) else answer))


def _wanted(field: Field) -> str:
    if field.kind == "enum":
        return "one of " + ", ".join(json.dumps(v, ensure_ascii=False) for v in field.values[:MAX_ENUM_SHOWN])
    return {"integer": "an integer", "any": "a text"}.get(field.kind, f"a {field.kind}")


def _shown(raw: Any) -> str:
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def _kind_of(value: Any) -> str:
    named = {"dict": "an object", "list": "an array", "str": "a text"}
    return named.get(type(value).__name__, "something else")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
