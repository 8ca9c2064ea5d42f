"""JSON Schema -> `Field` tree, the form that engines read. Called by `extraction` after `check`.

References, `allOf` and unions are resolved; what validates (`not`, `if`, `uniqueItems`, ...) is left to
`validate`. Which keyword ends up where: docs/schemas.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas.compiled import Field, Kind
from paperclerk.schemas.keywords import REFERENCES, References, lifted

MAX_PARTS = 20_000
MAX_DEPTH = 64
# What engines get to read of a text: they compare it word by word with the pages.
MAX_DESCRIPTION = 4_000
MAX_TITLE = 200
# How often a recursive $ref is followed again, and up to how many parts of the tree. The last must be enough.
TURNS = ((3, 2_000), (2, 2_000), (1, 2_000), (0, MAX_PARTS))

_KINDS: dict[str, Kind] = {
    "object": "object",
    "array": "array",
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}
# What a schema without `type` must be about, judged by the first keyword that is there.
_TELLTALE: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("object", ("properties", "required", "patternProperties", "additionalProperties", "dependentSchemas")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
    ("string", ("pattern", "format", "minLength", "maxLength", "contentEncoding", "contentMediaType")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
# Keywords that say what a value is, not only what must hold for it.
_SHAPING = frozenset(
    {
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "properties",
        "items",
        "prefixItems",
        "anyOf",
        "oneOf",
        "$ref",
    }
)


def compile_schema(schema: Mapping[str, Any] | bool) -> Field:
    """The field tree of a schema (any draft from 4 to 2020-12).

    A recursive `$ref` is followed three times, fewer where the tree would pass 2,000 parts or 64 levels.
    Raises InvalidSchema: `unresolvable_ref`, and `schema_too_large` past 20,000 parts without any recursion.
    """
    for turns, limit in TURNS:
        try:
            return _Compiler(lifted(schema), turns, limit).root()
        except (_TooMany, RecursionError):
            continue
    raise InvalidSchema(
        f"The schema has more than {MAX_PARTS:,} parts or {MAX_DEPTH} levels once its $ref are written out. "
        "Ask for fewer fields, or split the schema.",
        code="schema_too_large",
    )


class _TooMany(Exception):
    """The tree would grow past its limit or MAX_DEPTH."""


@dataclass(frozen=True)
class _Place:
    """Where a field stands, as its parent knows it."""

    path: tuple[str, ...] = ()
    name: str = ""
    required: bool = False
    ancestors: tuple[str, ...] = ()
    is_item: bool = False


class _Bound(NamedTuple):
    """A sub-schema with its trail: the references followed between the root and it."""

    schema: Any
    trail: tuple[str, ...]


_Merged = dict[str, Any]  # one schema without $ref and allOf, the schemas inside it bound


class _Compiler:
    def __init__(self, root: Any, turns: int, limit: int) -> None:
        self._root = root
        self._references = References(root)
        self._turns = turns
        self._limit = limit
        self._count = 0

    def root(self) -> Field:
        """The root is an object unless it says otherwise: `{}` and `true` are objects with no known names."""
        field = self._field(_Bound(self._root, ()), _Place())
        return replace(field, kind="object") if field.kind == "any" else field

    def _field(self, bound: _Bound, place: _Place) -> Field:
        if len(place.path) > MAX_DEPTH:
            raise _TooMany
        merged = self._merged(bound)
        readings, nullable = self._readings(merged)
        own_title = _text(bound.schema.get("title"))[:MAX_TITLE] if isinstance(bound.schema, Mapping) else ""
        nullable = nullable or merged.get("nullable") is True
        first, *others = [self._single(reading, place, own_title, nullable) for reading in readings]
        return replace(first, alternatives=tuple(others)) if others else first

    # -- one schema, references and unions resolved ------------------------------------------------------

    def _merged(self, bound: _Bound) -> _Merged:
        """The schema with its `$ref` and `allOf` folded in. The outer keyword wins where only one can."""
        schema, trail = bound
        self._count += 1
        if self._count > self._limit or len(trail) > 2 * MAX_DEPTH:
            raise _TooMany
        if not isinstance(schema, Mapping):
            return {}
        out = {k: _bind(k, v, trail) for k, v in schema.items() if k not in REFERENCES and k != "allOf"}
        for reference in (schema.get(k) for k in REFERENCES):
            if not isinstance(reference, str):
                continue
            target = self._find(reference)
            if trail.count(reference) > self._turns:
                out = _merge(out, _outline(target))
            else:
                out = _merge(out, self._merged(_Bound(target, (*trail, reference))))
        for part in _bind("allOf", schema.get("allOf"), trail) or ():
            out = _merge(out, self._merged(part))
        return out

    def _find(self, reference: str) -> Any:
        found = self._references.find(reference)
        if found is None:
            raise InvalidSchema(
                f"$ref {reference[:200]!r} names nothing in this schema. Only references into the schema itself "
                "are followed, such as '#/$defs/Address'.",
                code="unresolvable_ref",
            )
        return found

    def _readings(self, merged: _Merged) -> tuple[list[_Merged], bool]:
        """The single-typed readings of a schema, the ruling one first, and whether null is allowed beside."""
        union = next((k for k in ("anyOf", "oneOf") if merged.get(k)), None)
        if union is None:
            return _by_type(merged)
        base = {k: v for k, v in merged.items() if k != union}
        found: list[_Merged] = []
        nullable = False
        for branch in merged[union]:
            folded = self._merged(branch)
            if base and not _SHAPING & folded.keys():
                continue  # says only what must hold, such as {"required": ["a"]}
            readings, null_too = self._readings(_merge(base, folded))
            nullable = nullable or null_too
            found += [r for r in readings if not _is_null(r)]
        if not found:
            readings, null_too = _by_type(base)
            return readings, nullable or null_too
        return _joined_enums(found), nullable

    # -- building ----------------------------------------------------------------------------------------

    def _single(self, schema: _Merged, place: _Place, own_title: str, nullable: bool) -> Field:
        kind = _kind(schema)
        title = _text(schema.get("title"))[:MAX_TITLE]
        words = "" if place.is_item else in_words(place.name)
        label = own_title or words or title or in_words(place.name)
        below = _below(place, label, title) if kind in ("object", "array") else ()
        return Field(
            path=place.path,
            name=place.name,
            kind=kind,
            label=label,
            title=title,
            description=_text(schema.get("description"))[:MAX_DESCRIPTION],
            examples=_examples(schema),
            default=schema.get("default"),
            format=_text(schema.get("format")) or None,
            pattern=_text(schema.get("pattern")) or None,
            values=_values(schema),
            minimum=_limit(schema, "minimum", "exclusiveMinimum", max),
            maximum=_limit(schema, "maximum", "exclusiveMaximum", min),
            min_length=_whole(schema.get("minLength")),
            max_length=_whole(schema.get("maxLength")),
            max_items=_whole(schema.get("maxItems")),
            nullable=nullable,
            required=place.required,
            children=self._children(schema, place.path, below) if kind == "object" else (),
            items=self._items(schema, place, below) if kind == "array" else None,
            ancestors=place.ancestors,
        )

    def _children(
        self, schema: _Merged, path: tuple[str, ...], ancestors: tuple[str, ...]
    ) -> tuple[Field, ...]:
        required = schema.get("required")
        wanted = {n for n in required if isinstance(n, str)} if isinstance(required, list) else set()
        return tuple(
            self._field(sub, _Place((*path, name), name, name in wanted, ancestors))
            for name, sub in self._properties(schema).items()
            if sub.schema is not False
        )

    def _properties(self, schema: _Merged) -> dict[str, _Bound]:
        """The named properties, those that only stand under `then`, `else`, `dependentSchemas` included."""
        found: dict[str, _Bound] = dict(schema.get("properties") or {})
        conditional = [schema[k] for k in ("then", "else") if k in schema]
        for part in (*conditional, *(schema.get("dependentSchemas") or {}).values()):
            for name, sub in (self._merged(part).get("properties") or {}).items():
                found.setdefault(name, sub)
        return found

    def _items(self, schema: _Merged, array: _Place, ancestors: tuple[str, ...]) -> Field:
        place = _Place((*array.path, "[]"), array.name, False, ancestors, is_item=True)
        every = [s for s in (*schema.get("prefixItems", ()), schema.get("items")) if s is not None]
        every = [s for s in every if s.schema is not False]
        return self._field(every[0] if len(every) == 1 else _Bound({"anyOf": every}, ()), place)


def _bind(key: str, value: Any, trail: tuple[str, ...]) -> Any:
    """`value` with the schemas that stand in it bound to `trail`; None where no schema stands as it must."""

    def bound(sub: Any) -> _Bound:
        return sub if isinstance(sub, _Bound) else _Bound(sub, trail)

    if key in ("properties", "dependentSchemas"):
        named = value.items() if isinstance(value, Mapping) else ()
        return {str(name): bound(sub) for name, sub in named}
    if key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        return [bound(sub) for sub in value] if isinstance(value, list) else []
    if key in ("items", "then", "else"):
        return bound(value)
    return value


def _merge(outer: _Merged, inner: Mapping[str, Any]) -> _Merged:
    """Both schemas hold. What can be joined is joined, else the outer keyword stands."""
    out = dict(outer)
    for key, value in inner.items():
        out[key] = _join(key, out[key], value) if key in out else value
    return out


def _join(key: str, outer: Any, inner: Any) -> Any:
    if key == "properties":
        return {**outer, **{n: _both(outer[n], s) if n in outer else s for n, s in inner.items()}}
    if key == "items":
        return _both(outer, inner)
    if key == "type":
        return _common_types(outer, inner)
    if isinstance(outer, list) and isinstance(inner, list):
        if key == "required":
            return [*outer, *inner]
        if key == "enum":
            return [v for v in outer if v in inner]
    if _is_number(outer) and _is_number(inner):
        if key in ("minimum", "exclusiveMinimum", "minLength"):
            return max(outer, inner)
        if key in ("maximum", "exclusiveMaximum", "maxLength", "maxItems"):
            return min(outer, inner)
    return outer


def _both(outer: _Bound, inner: _Bound) -> _Bound:
    return _Bound({"allOf": [outer, inner]}, ())


def _common_types(outer: Any, inner: Any) -> Any:
    left = outer if isinstance(outer, list) else [outer]
    right = inner if isinstance(inner, list) else [inner]
    common = [t for t in left if t in right or (t == "integer" and "number" in right)]
    if "integer" in right and "number" in left and "integer" not in common:
        common.append("integer")
    return common[0] if len(common) == 1 else common


def _by_type(merged: _Merged) -> tuple[list[_Merged], bool]:
    """One reading for each type of a `type` list; constants are not split."""
    types = merged.get("type")
    nullable = _is_null(merged) or (isinstance(types, list) and "null" in types) or None in _constants(merged)
    if not isinstance(types, list) or _values(merged):
        return [merged], nullable
    named = [t for t in types if isinstance(t, str) and t in _KINDS]
    if "integer" in named and "number" in named:
        named.remove("integer")
    return [{**merged, "type": t} for t in named] or [{**merged, "type": "null"}], nullable


def _is_null(schema: _Merged) -> bool:
    return schema.get("type") in ("null", ["null"]) or _constants(schema) == [None]


def _joined_enums(found: list[_Merged]) -> list[_Merged]:
    """A union of constants is one enum; other unions stay as they are."""
    if len(found) < 2 or not all(_kind(s) == "enum" for s in found):
        return found
    shared = {k: v for k, v in found[0].items() if all(k in s and s[k] == v for s in found)}
    shared.pop("const", None)
    return [{**shared, "enum": [v for schema in found for v in _values(schema)]}]


def _outline(target: Any) -> dict[str, Any]:
    """What is left of a schema where a recursion ends: its type and its words."""
    if not isinstance(target, Mapping):
        return {}
    left = {k: target[k] for k in ("type", "title", "description") if k in target}
    return left if "type" in left else {**left, "type": "object"}


def _kind(schema: _Merged) -> Kind:
    values = _values(schema)
    if values and not (schema.get("type") == "boolean" and len(values) == 2):
        return "enum"
    stated = schema.get("type")
    if isinstance(stated, str):
        return _KINDS.get(stated, "any")
    return next((kind for kind, words in _TELLTALE if any(w in schema for w in words)), "any")


def _constants(schema: _Merged) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    members = schema.get("enum")
    return members if isinstance(members, list) else []


def _values(schema: _Merged) -> tuple[str | int | float | bool, ...]:
    """The scalar members of `enum` or `const`, null left out, each once (1 and true are two)."""
    scalars = [v for v in _constants(schema) if isinstance(v, (str, int, float))]
    return tuple({(type(v), v): v for v in scalars}.values())


def _below(place: _Place, label: str, title: str) -> tuple[str, ...]:
    """The ancestors of what stands in an object or array."""
    named = [label] if label else []
    if title and title.casefold() != label.casefold():
        named.append(title)
    return (*place.ancestors, *named)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) and value >= 0 and value == value // 1 else None


def _limit(schema: _Merged, inclusive: str, exclusive: str, stricter: Callable[..., Any]) -> float | None:
    given = [schema[k] for k in (inclusive, exclusive) if _is_number(schema.get(k))]
    return stricter(given) if given else None


def _examples(schema: _Merged) -> tuple[Any, ...]:
    several = schema.get("examples")
    if isinstance(several, list):
        return tuple(several)
    return (schema["example"],) if "example" in schema else ()


def in_words(name: str) -> str:
    """A property name as a human would print it: `dueDate`, `due_date` and `due-date` are `due date`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = re.split(r"[\s_\-./]+", spaced.strip())
    return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words if w)
