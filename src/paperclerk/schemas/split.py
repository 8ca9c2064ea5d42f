"""Wide schemas cut into groups of fields that a model can answer in one go, and the answers put together again.

Called by `extraction.windowed`. A group is a `Field` tree of its own, pruned to some leaves of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from paperclerk.schemas.compiled import Field

# An array is answered with many rows: it weighs as much as this many of its rows.
ROWS = 3

Path = tuple[str, ...]


def units(field: Field) -> Iterator[Field]:
    """What is never torn apart: the scalars outside arrays, and the outermost arrays, in the schema's order."""
    if field.kind == "object":
        for child in field.children:
            yield from units(child)
    else:
        yield field


def weight(field: Field) -> int:
    """How much there is to answer, in scalars."""
    if field.kind == "object":
        return sum(map(weight, field.children))
    if field.kind == "array":
        return ROWS * max(1, weight(field.items) if field.items is not None else 1)
    return 1


def groups(field: Field, limit: int) -> list[Field]:
    """`field` cut into trees of weight at most `limit`; an array heavier than that stands alone.

    Scalars and arrays are kept apart, since arrays are asked of every page and scalars until they are found.
    """
    every = list(units(field))
    scalars = [u for u in every if u.is_scalar]
    arrays = [u for u in every if not u.is_scalar]
    packed = [*_packed(scalars, limit), *_packed(arrays, limit)]
    return [prune(field, {u.path for u in group}) for group in packed]


def halves(field: Field) -> list[Field]:
    """A group cut in two; a group of one unit stays as it is."""
    every = list(units(field))
    if len(every) < 2:
        return [field]
    middle = len(every) // 2
    return [prune(field, {u.path for u in part}) for part in (every[:middle], every[middle:])]


def prune(field: Field, kept: Collection[Path]) -> Field:
    """`field` with only the units at `kept` and the objects around them. The root stays, even without any."""
    wanted = frozenset(kept)
    return _pruned(field, wanted) or replace(field, children=())


def without(field: Field, other: Field) -> Field | None:
    """`field` without the units of `other`; None when nothing is left."""
    left = {u.path for u in units(field)} - {u.path for u in units(other)}
    return prune(field, left) if left else None


def _pruned(field: Field, kept: frozenset[Path]) -> Field | None:
    if field.path in kept and field.kind != "object":
        return field
    if field.kind != "object":
        return None
    children = tuple(c for c in (_pruned(child, kept) for child in field.children) if c is not None)
    return replace(field, children=children) if children else None


def put_together(field: Field, parts: Sequence[Any], absent: Any) -> Any:
    """One tree of the shape of `field` from trees of its groups; what no part holds is `absent`, or `[]`.

    A part is a tree of dicts; the first part that has a unit gives it.
    """
    if field.kind == "object":
        return {
            c.name: put_together(c, [p[c.name] for p in parts if isinstance(p, dict) and c.name in p], absent)
            for c in field.children
        }
    if parts:
        return parts[0]
    return [] if field.kind == "array" else absent


def _packed(every: Sequence[Field], limit: int) -> Iterator[list[Field]]:
    group: list[Field] = []
    filled = 0
    for unit in every:
        heavy = weight(unit)
        if group and filled + heavy > limit:
            yield group
            group, filled = [], 0
        group.append(unit)
        filled += heavy
    if group:
        yield group
