"""The pre-check of a caller's schema, before anything compiles or validates with it. Called by `extraction` and
`api`. Everything here is iterative and bounded, so that no schema can exhaust it. Limits: docs/schemas.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.keywords import (
    IN_PLACE,
    REFERENCES,
    References,
    dotted,
    lifted,
    patterns,
    subschemas,
)

NO_TYPE = "not a JSON type; there are string, number, integer, boolean, object, array and null"
MAX_BYTES = 256_000
MAX_DEPTH = 64
MAX_NODES = 5_000
MAX_EXPANDED = 20_000
MAX_PROPERTIES = 1_000
MAX_NAME = 500  # characters of a property name
MAX_PATTERN_BYTES = 1_000
MAX_PATTERNS = 100
MAX_HEAVY_PATTERNS = 10
MAX_NESTING = 256  # of JSON as such, examples and defaults included

DIALECTS = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-04/schema",
        "http://json-schema.org/schema",
    }
)

Way = tuple[str, ...]


def check_schema(schema: object) -> dict[str, Any]:
    """The schema, if it can be used: a JSON object, or the same as a string of JSON.

    `true` is read as `{}`. At the root it must be about an object, or about an array of objects.
    Raises InvalidSchema with a code of its own for each reason, and the way to the place in the sentence.
    """
    loaded = _loaded(schema)
    _check_json(loaded)
    _check_size(loaded)
    _check_places(loaded)
    modern = lifted(loaded)
    _check_patterns(modern)
    _check_references(modern)
    _check_expansion(modern)
    _check_keywords(modern)
    _check_root(modern)
    return loaded


def _fail(code: str, sentence: str) -> InvalidSchema:
    return InvalidSchema(sentence, code=code)


def _loaded(schema: object) -> dict[str, Any]:
    if isinstance(schema, (str, bytes)):
        text = schema.encode("utf-8", "surrogatepass") if isinstance(schema, str) else schema
        if len(text) > MAX_BYTES:
            raise _too_many_bytes(len(text))
        try:
            schema = msgspec.json.decode(text)
        except RecursionError:
            raise _too_deep(()) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _fail("schema_not_json", f"The schema is a string, and it is not JSON: {error}.") from None
    if schema is True:
        return {}
    if schema is False:
        raise _fail("unusable_root", "The schema is `false`, which nothing can satisfy.")
    if not isinstance(schema, Mapping):
        kind = "null" if schema is None else type(schema).__name__
        raise _fail("invalid_schema", f"The schema must be a JSON object, not {kind}.")
    return dict(schema)


def _too_many_bytes(size: int) -> InvalidSchema:
    return _fail("schema_too_large", f"The schema has {size:,} bytes; {MAX_BYTES:,} are allowed.")


def _check_json(schema: dict[str, Any]) -> None:
    """Only what JSON can say, nested no deeper than MAX_NESTING, and no more values than bytes are allowed."""
    todo: list[tuple[Any, Way]] = [(schema, ())]
    seen = 0
    while todo:
        value, way = todo.pop()
        seen += 1
        if seen > MAX_BYTES:
            raise _fail("schema_too_large", f"The schema has more than {MAX_BYTES:,} values.")
        if len(way) > MAX_NESTING:
            raise _too_deep(way)
        if isinstance(value, Mapping):
            for key, inner in value.items():
                _check_scalar(key if isinstance(key, str) else object(), way)
                todo.append((inner, (*way, key)))
        elif isinstance(value, (list, tuple)):
            todo.extend((inner, (*way, str(i))) for i, inner in enumerate(value))
        else:
            _check_scalar(value, way)


def _check_scalar(value: object, way: Way) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _fail("schema_not_json", f"{dotted(way)}: a string that is not Unicode text.") from None
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _fail("schema_not_json", f"{dotted(way)}: {value} is not a JSON number.")
    elif isinstance(value, int):
        if value.bit_length() > 1024:
            raise _fail("schema_not_json", f"{dotted(way)}: a number of more than 300 digits.")
    elif value is not None:
        raise _fail("schema_not_json", f"{dotted(way)}: only JSON values and string keys are allowed.")


def _too_deep(way: Way) -> InvalidSchema:
    shown = f"{dotted(way[:6])}...: schemas" if way else "Schemas"
    return _fail("schema_too_deep", f"{shown} are nested deeper than {MAX_DEPTH} levels.")


def _check_size(schema: dict[str, Any]) -> None:
    size = len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BYTES:
        raise _too_many_bytes(size)


def _walk(schema: Any) -> Iterator[tuple[Any, Way, int, bool]]:
    """Every schema in `schema` with its way, its depth, and whether a `$id` below the root encloses it."""
    todo: list[tuple[Any, Way, int, bool]] = [(schema, (), 0, False)]
    while todo:
        current, way, depth, renamed = todo.pop()
        yield current, way, depth, renamed
        for step, sub in subschemas(current):
            own_id = sub.get("$id") if isinstance(sub, Mapping) else None
            own = isinstance(own_id, str) and not own_id.startswith("#")
            todo.append((sub, (*way, *step), depth + 1, renamed or own))


def _check_places(schema: dict[str, Any]) -> None:
    """How many schemas there are, how deep, in which dialect, and that references stay inside."""
    for count, (current, way, depth, renamed) in enumerate(_walk(schema), 1):
        if count > MAX_NODES:
            raise _fail("schema_too_large", f"The schema holds more than {MAX_NODES:,} schemas.")
        if depth > MAX_DEPTH:
            raise _too_deep(way)
        if not isinstance(current, Mapping):
            continue
        _check_dialect(current, way)
        named = current.get("properties")
        if isinstance(named, Mapping) and len(named) > MAX_PROPERTIES:
            raise _fail(
                "schema_too_large", f"{dotted((*way, 'properties'))}: more than {MAX_PROPERTIES:,} names."
            )
        if isinstance(named, Mapping) and any(len(name) > MAX_NAME for name in named):
            raise _fail(
                "schema_too_large",
                f"{dotted((*way, 'properties'))}: a name of more than {MAX_NAME} characters.",
            )
        for key in REFERENCES:
            _check_local(current.get(key), (*way, key), renamed)


def _check_dialect(schema: Mapping[str, Any], way: Way) -> None:
    dialect = schema.get("$schema")
    if dialect is None or (isinstance(dialect, str) and dialect.rstrip("#") in DIALECTS):
        return
    raise _fail(
        "unsupported_dialect",
        f"{dotted((*way, '$schema'))}: {str(dialect)[:100]!r} is not a draft that is known here "
        "(2020-12, 2019-09, 7, 6, 4). Leave `$schema` out, or name one of those; nothing is fetched.",
    )


def _check_local(reference: object, way: Way, renamed: bool) -> None:
    if reference is None:
        return
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise _fail(
            "remote_ref",
            f"{dotted(way)}: {str(reference)[:100]!r} leaves the schema. Only references into it are followed, "
            "such as '#/$defs/Address'; nothing is fetched.",
        )
    if renamed:
        raise _fail("remote_ref", f"{dotted(way)}: a reference below a nested `$id`. Leave the `$id` out.")


def _check_patterns(schema: Any) -> None:
    from paperclerk.schemas.judge import weigh

    found = sorted(patterns(schema))
    if len(found) > MAX_PATTERNS:
        raise _fail("too_many_patterns", f"The schema has {len(found)} patterns; {MAX_PATTERNS} are allowed.")
    heavy = 0
    for pattern in found:
        if len(pattern.encode()) > MAX_PATTERN_BYTES:
            raise _fail(
                "pattern_too_long",
                f"{_place_of(schema, pattern)}: the pattern has more than {MAX_PATTERN_BYTES:,} bytes.",
            )
        weight = weigh(pattern)
        if weight is None:
            raise _fail(
                "invalid_pattern",
                f"{_place_of(schema, pattern)}: {pattern[:100]!r} is not a regular expression that is "
                "understood here, or its repetitions multiply to something too large.",
            )
        heavy += weight != "light"
    if heavy > MAX_HEAVY_PATTERNS:
        raise _fail(
            "too_many_patterns",
            f"{heavy} patterns are large or look around; {MAX_HEAVY_PATTERNS} of those are allowed.",
        )


def _place_of(schema: Any, pattern: str) -> str:
    for current, way, _, _ in _walk(schema):
        if isinstance(current, Mapping):
            if current.get("pattern") == pattern:
                return dotted((*way, "pattern"))
            if pattern in (current.get("patternProperties") or ()):
                return dotted((*way, "patternProperties"))
    return "pattern"


def _check_references(schema: Any) -> None:
    """Every reference names a schema, and none comes back to itself without going into the value."""
    references = References(schema)
    here = {id(current) for current, _, _, _ in _walk(schema) if isinstance(current, Mapping)}
    edges: dict[int, list[tuple[int, str]]] = {}
    for current, way, _, _ in _walk(schema):
        if not isinstance(current, Mapping):
            continue
        found = edges.setdefault(id(current), [])
        found += [(id(sub), dotted(way)) for step, sub in subschemas(current) if step[0] in IN_PLACE]
        for key in REFERENCES:
            if isinstance(current.get(key), str):
                target = references.find(current[key])
                if target is None or (isinstance(target, Mapping) and id(target) not in here):
                    raise _fail(
                        "unresolvable_ref",
                        f"{dotted((*way, key))}: {current[key][:100]!r} names no schema in this schema.",
                    )
                found.append((id(target), dotted((*way, key))))
    _check_circles(edges)


def _check_circles(edges: dict[int, list[tuple[int, str]]]) -> None:
    done: set[int] = set()
    for start, first in edges.items():
        if start in done:
            continue
        open_: set[int] = {start}
        stack = [(start, iter(first))]
        while stack:
            node, rest = stack[-1]
            target, place = next(rest, (None, ""))
            if target is None:
                stack.pop()
                open_.discard(node)
                done.add(node)
            elif target in open_:
                raise _fail("circular_ref", f"{place}: the reference comes back to itself and never ends.")
            elif target not in done and target in edges:
                open_.add(target)
                stack.append((target, iter(edges[target])))


def _check_expansion(schema: Any) -> None:
    """What the schema comes to with every reference written out; a recursion counts once."""
    references = References(schema)
    todo: list[tuple[Any, tuple[str, ...]]] = [(schema, ())]
    count = 0
    while todo:
        current, trail = todo.pop()
        count += 1
        if count > MAX_EXPANDED:
            raise _fail(
                "schema_too_large",
                f"With its references written out, the schema holds more than {MAX_EXPANDED:,} schemas.",
            )
        if not isinstance(current, Mapping):
            continue
        # Definitions count where they are used.
        todo += [(s, trail) for step, s in subschemas(current) if step[0] not in ("$defs", "definitions")]
        for key in REFERENCES:
            reference = current.get(key)
            if isinstance(reference, str) and reference not in trail:
                todo.append((references.find(reference), (*trail, reference)))


def _check_keywords(schema: Any) -> None:
    """Every keyword holds what the draft says it holds."""
    import jsonschema_rs

    from paperclerk.schemas.judge import compiled

    try:
        compiled(schema, demand="validity")
        compiled(schema, demand="presence")
    except jsonschema_rs.ValidationError as error:
        way = tuple(map(str, error.instance_path))
        said = NO_TYPE if way[-1:] == ("type",) else error.message[:300]
        raise _fail("invalid_schema", f"{dotted(way)}: {said}.") from None


def _check_root(schema: Any) -> None:
    root = compile_schema(schema)
    if root.kind == "object" or (root.items is not None and root.items.kind == "object"):
        return
    inner = f"an array of {root.items.kind}" if root.items is not None else root.kind
    raise _fail(
        "unusable_root",
        f"The schema is about {inner}. At the root it must be about an object, or an array of objects: "
        'wrap it, as in {"type": "object", "properties": {"value": ...}}.',
    )
