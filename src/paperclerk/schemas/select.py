"""GraphQL selections over a schema (`config.gql_stmt`): the part of a schema that a selection names, and the text
that selects everything. Called by `api` before the schema is checked for an execution, and by `agents.describe`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.keywords import REFERENCES, References, lifted, rewritten

if TYPE_CHECKING:
    from graphql import SelectionSetNode

MAX_BYTES = 16_000
MAX_TOKENS = 2_000
MAX_DEPTH = 20

# Names wanted, each with what is wanted inside it; None is the whole of it.
Wanted = dict[str, "Wanted | None"]

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_INNER = ("allOf", "anyOf", "oneOf", "prefixItems")
# Rules about an object as a whole may speak of names that are left out, so they are left out too.
_ABOUT_THE_WHOLE = frozenset(
    {"not", "if", "then", "else", "dependentSchemas", "dependentRequired", "minProperties", "maxProperties"}
    | {"patternProperties", "contains", "minContains", "maxContains", "$defs", "definitions"}
)


def selection_text(field: Field) -> str:
    """The selection of all fields below `field`, like `{ total items { price } }`; empty when there are none.

    Names that GraphQL cannot spell (`due-date`) are left out.
    """
    inner = field.items if field.kind == "array" and field.items is not None else field
    parts = [f"{c.name} {selection_text(c)}".rstrip() for c in inner.children if _NAME.fullmatch(c.name)]
    return f"{{ {' '.join(parts)} }}" if parts else ""


def select(schema: Mapping[str, Any], statement: str) -> dict[str, Any]:
    """The part of a checked schema that the selection names; all of it for an empty statement.

    An object or array named without braces is taken whole. Raises InvalidSchema (`invalid_selection`).
    """
    if not statement.strip():
        return dict(schema)
    wanted = _parsed(statement)
    modern = lifted(schema)
    references = References(modern)
    part = _with_definitions(_picked(modern, wanted, references), references)
    _check_found(compile_schema(part), compile_schema(modern), wanted)
    return part


def _fail(sentence: str) -> InvalidSchema:
    return InvalidSchema(f"gql_stmt: {sentence}", code="invalid_selection")


# -- what is wanted --------------------------------------------------------------------------------------


def _parsed(statement: str) -> Wanted:
    from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

    size = len(statement.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _fail(f"{size:,} bytes; {MAX_BYTES:,} are allowed.")
    try:
        definitions = parse(statement, no_location=True, max_tokens=MAX_TOKENS).definitions
    except GraphQLError as error:
        raise _fail(f"{error.message} Write a selection such as '{{ total items {{ price }} }}'.") from None
    except RecursionError:
        raise _fail(f"nested deeper than {MAX_DEPTH} levels.") from None
    query = definitions[0]
    if len(definitions) != 1 or not isinstance(query, OperationDefinitionNode):
        raise _fail("one query and nothing else, please: no fragments, no types, no second query.")
    if query.operation is not OperationType.QUERY or query.variable_definitions or query.directives:
        raise _fail("a query without variables and directives, please.")
    return _wanted(query.selection_set, ())


def _wanted(selection: SelectionSetNode, way: tuple[str, ...]) -> Wanted:
    from graphql import FieldNode

    if len(way) >= MAX_DEPTH:
        raise _fail(f"nested deeper than {MAX_DEPTH} levels.")
    found: Wanted = {}
    for node in selection.selections:
        if not isinstance(node, FieldNode) or node.alias or node.arguments or node.directives:
            raise _fail(
                f"{_place(way)}: names only, please: no fragments, aliases, arguments and directives."
            )
        name = node.name.value
        inner = _wanted(node.selection_set, (*way, name)) if node.selection_set else None
        found[name] = _joined(found[name], inner) if name in found else inner
    if not found:
        raise _fail(f"{_place(way)}: the braces are empty.")
    return found


def _joined(one: Wanted | None, other: Wanted | None) -> Wanted | None:
    """What is wanted when a name stands twice."""
    if one is None or other is None:
        return None
    both = {**one, **other}
    return {n: _joined(one[n], other[n]) if n in one and n in other else inner for n, inner in both.items()}


# -- the part of the schema ------------------------------------------------------------------------------


def _picked(schema: Any, wanted: Wanted, references: References) -> Any:
    """`schema` with no names but those wanted. References on the way are written out, as deep as `wanted` is."""
    if not isinstance(schema, Mapping):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {
                name: sub if (inner := wanted[name]) is None else _picked(sub, inner, references)
                for name, sub in value.items()
                if name in wanted
            }
        elif key == "required":
            out[key] = [name for name in value if name in wanted]
        elif key in _INNER:
            out[key] = [_picked(sub, wanted, references) for sub in value]
        elif key == "items":
            out[key] = _picked(value, wanted, references)
        elif key not in _ABOUT_THE_WHOLE and key not in REFERENCES:
            out[key] = value
    targets = [references.find(schema[key]) for key in REFERENCES if key in schema]
    return _beside(out, [_picked(target, wanted, references) for target in targets])


def _beside(own: dict[str, Any], targets: list[Any]) -> dict[str, Any]:
    """A schema together with those it referred to; words on both sides are the outer ones."""
    if (
        len(targets) == 1
        and isinstance(targets[0], dict)
        and own.keys() <= {"title", "description", "default"}
    ):
        return {**targets[0], **own}
    return {**own, "allOf": [*own.get("allOf", []), *targets]} if targets else own


def _with_definitions(part: Any, references: References) -> dict[str, Any]:
    """`part` with what it still refers to under `$defs`, and nothing else there."""
    names: dict[str, str] = {}
    todo: list[str] = []

    def rename(schema: dict[str, Any]) -> dict[str, Any]:
        out = dict(schema)
        for key in REFERENCES:
            if key in out:
                reference = out.pop(key)
                if reference not in names:
                    names[reference] = _free_name(reference, set(names.values()))
                    todo.append(reference)
                out["$ref"] = f"#/$defs/{names[reference]}"
        return out

    out: dict[str, Any] = rewritten(part, rename)
    definitions = {}
    while todo:
        reference = todo.pop()
        target = references.find(reference)
        definitions[names[reference]] = rewritten(target, rename)
    return {**out, "$defs": definitions} if definitions else out


def _free_name(reference: str, taken: set[str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", reference.rpartition("/")[2].lstrip("#")) or "Whole"
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def _check_found(part: Field, whole: Field, wanted: Wanted, way: tuple[str, ...] = ()) -> None:
    """Every name that was wanted is there."""
    found, known = _inside(part), _inside(whole)
    for name, inner in wanted.items():
        if name not in found:
            raise _fail(_unknown(name, way, list(known)))
        if inner is not None:
            _check_found(found[name], known.get(name, found[name]), inner, (*way, name))


def _inside(field: Field) -> dict[str, Field]:
    """The named fields in an object, or in the objects of an array, whichever of its types has them."""
    found: dict[str, Field] = {}
    for reading in (field, *field.alternatives):
        if reading.items is not None:
            found = {**_inside(reading.items), **found}
        found = {**{c.name: c for c in reading.children}, **found}
    return found


def _unknown(name: str, way: tuple[str, ...], known: list[str]) -> str:
    from rapidfuzz import process

    if not known:
        return f"{_place(way)} has no named fields inside. Name it without braces."
    close = [match for match, _, _ in process.extract(name[:100], known, limit=3, score_cutoff=60)]
    hint = f"Closest: {', '.join(close)}." if close else f"There are: {', '.join(known[:8])}."
    return f"{_place(way)} has no field {name[:100]!r}. {hint}"


def _place(way: tuple[str, ...]) -> str:
    return ".".join(way) or "the schema"
