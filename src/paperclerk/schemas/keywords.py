"""Where sub-schemas stand in a JSON Schema, how `$ref` finds them, and older drafts' spellings lifted to
2020-12. Used by `check`, `compile` and `validate`, so that all three read a schema in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

Schema = Mapping[str, Any] | bool

# keyword -> one schema
_ONE = (
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
)
# keyword -> list of schemas (`items` only in older drafts)
_LIST = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
# keyword -> schemas by name (a list under `dependencies` is one of names, and no schema)
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")

# Keywords that apply their schemas to the very value the schema itself is about.
IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def is_schema(value: Any) -> bool:
    return isinstance(value, (Mapping, bool))


def subschemas(schema: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The schemas directly inside `schema`, each with its way there, like `("properties", "total")`."""
    if not isinstance(schema, Mapping):
        return
    for key in _ONE:
        if is_schema(schema.get(key)):
            yield (key,), schema[key]
    for key in _LIST:
        if isinstance(schema.get(key), list):
            for i, sub in enumerate(schema[key]):
                if is_schema(sub):
                    yield (key, str(i)), sub
    for key in _NAMED:
        if isinstance(schema.get(key), Mapping):
            for name, sub in schema[key].items():
                if is_schema(sub):
                    yield (key, str(name)), sub


def patterns(schema: Any) -> set[str]:
    """Every regular expression in a schema."""
    found: set[str] = set()
    todo = [schema]
    while todo:
        current = todo.pop()
        if isinstance(current, Mapping):
            if isinstance(current.get("pattern"), str):
                found.add(current["pattern"])
            if isinstance(current.get("patternProperties"), Mapping):
                found.update(map(str, current["patternProperties"]))
            todo.extend(sub for _, sub in subschemas(current))
    return found


def rewritten(
    schema: Any,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    keep: Callable[[str, Any], bool] = lambda keyword, sub: False,
) -> Any:
    """A copy of `schema` in which `change` was applied to every schema, the innermost first.

    A schema under a keyword for which `keep(keyword, sub)` holds is taken over as it is.
    """

    def visit(key: str, sub: Any) -> Any:
        return sub if keep(key, sub) else rewritten(sub, change, keep)

    if not isinstance(schema, Mapping):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, Mapping):
            out[key] = {name: visit(key, sub) for name, sub in value.items()}
        elif key in _LIST and isinstance(value, list):
            out[key] = [visit(key, sub) for sub in value]
        elif key in _ONE:
            out[key] = visit(key, value)
        else:
            out[key] = value
    return change(out)


def dotted(way: tuple[str, ...]) -> str:
    """A way as error sentences name it: `properties.total.pattern`."""
    return ".".join(way) or "the root"


class References:
    """Looks up the local references of one schema: `#`, `#/pointer/to/it`, `#anchor`."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._anchors: dict[str, Any] | None = None

    def find(self, reference: str) -> Schema | None:
        """The schema that `reference` names, None when there is none."""
        if not reference.startswith("#"):
            return None
        pointer = unquote(reference[1:])
        if pointer and not pointer.startswith("/"):
            return self._by_anchor().get(pointer)
        found = self._root
        for part in pointer.split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and part in found:
                found = found[part]
            elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            else:
                return None
        return found if is_schema(found) else None

    def _by_anchor(self) -> dict[str, Any]:
        if self._anchors is None:
            self._anchors = {}
            todo = [self._root]
            while todo:
                schema = todo.pop()
                if isinstance(schema, Mapping):
                    for key in ("$anchor", "$dynamicAnchor"):
                        if isinstance(schema.get(key), str):
                            self._anchors.setdefault(schema[key], schema)
                    todo.extend(sub for _, sub in subschemas(schema))
        return self._anchors


def lifted(schema: Any) -> Any:
    """A copy of `schema` with the spellings of drafts 4 to 2019-09 written as 2020-12 has them.

    `items: [...]` becomes `prefixItems`, `dependencies` is split in two, boolean `exclusiveMinimum` becomes a
    number. `$schema`, `$id` and `id` are left out: the schema stands alone and is named nowhere.
    """
    return rewritten(schema, _lift)


def _lift(schema: dict[str, Any]) -> dict[str, Any]:
    out = {k: v for k, v in schema.items() if k not in ("$schema", "$id", "id")}
    _lift_tuple(out)
    _lift_dependencies(out)
    _lift_exclusive(out, "minimum", "exclusiveMinimum")
    _lift_exclusive(out, "maximum", "exclusiveMaximum")
    return out


def _lift_tuple(schema: dict[str, Any]) -> None:
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if "additionalItems" in schema:
            schema["items"] = schema["additionalItems"]
    schema.pop("additionalItems", None)


def _lift_dependencies(schema: dict[str, Any]) -> None:
    named = schema.pop("dependencies", None)
    if not isinstance(named, Mapping):
        return
    for name, wanted in named.items():
        key = "dependentRequired" if isinstance(wanted, list) else "dependentSchemas"
        schema[key] = {**schema.get(key, {}), name: wanted}


def _lift_exclusive(schema: dict[str, Any], bound: str, exclusive: str) -> None:
    flag = schema.get(exclusive)
    if isinstance(flag, bool):
        del schema[exclusive]
        if flag and bound in schema:
            schema[exclusive] = schema.pop(bound)
