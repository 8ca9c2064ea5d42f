"""Makes a tree conform to the schema that the caller sent, and says what had to go. Called by `pipeline`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paperclerk.domain.result import ABSENT, FieldError, Tree
from paperclerk.extraction.reply import plain
from paperclerk.schemas.validate import Path, Violation, conform, missing_required, spoken


@dataclass(frozen=True)
class ConformedTree:
    """A tree whose present values validate, its plain `response`, and an error for each value that is not given."""

    tree: Tree
    response: Any
    errors: tuple[FieldError, ...]


def conform_tree(tree: Tree, schema: Mapping[str, Any]) -> ConformedTree:
    """Takes out of `tree` what breaks the schema: a value becomes absent, a row of an array goes.

    Required values that are absent are listed with code `missing_required`, removed ones with `invalid_value`.
    """
    conformed = conform(plain(tree), schema)
    removed = {v.path: v for v in conformed.violations}
    kept = _without(tree, removed, ())
    broken = (*conformed.violations, *conformed.unmet)
    errors = [FieldError(spoken(v.path), "invalid_value", v.message) for v in broken]
    dropped = {spoken(v.path) for v in conformed.violations}
    for path in missing_required(plain(kept), schema):
        name = spoken(path)
        if name not in dropped:
            errors.append(FieldError(name, "missing_required", "required by the schema, not on the page"))
    return ConformedTree(kept, plain(kept), tuple(errors))


def _without(tree: Tree, removed: Mapping[Path, Violation], path: Path) -> Tree:
    """The tree without the removed places; paths count rows as they stood before."""
    if isinstance(tree, list):
        if path in removed:
            return [] if not path else ABSENT
        return [
            _without(item, removed, (*path, i)) for i, item in enumerate(tree) if (*path, i) not in removed
        ]
    if isinstance(tree, dict):
        if path in removed:
            return {} if not path else ABSENT
        dropped = {name for name in tree if _drops(removed.get((*path, name)))}
        return {
            name: _without(item, removed, (*path, name)) for name, item in tree.items() if name not in dropped
        }
    return ABSENT if path in removed else tree


def _drops(violation: Violation | None) -> bool:
    return violation is not None and violation.action == "drop"
