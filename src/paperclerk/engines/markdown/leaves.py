"""Leaves and parts of a tree. Used by the modules beside it."""

from __future__ import annotations

from paperclerk.domain.result import Leaf, Scalar, Tree
from paperclerk.schemas.compiled import Field


def computed(value: Scalar) -> Leaf:
    """A value that was counted or measured, not read."""
    return Leaf(value, (), 1.0, inferred=value is not None)


def selected(tree: Tree, field: Field) -> Tree:
    """The tree with the names that the schema names; an object for which it names none stays whole."""
    if isinstance(tree, list):
        return [selected(item, field.items) for item in tree] if field.items is not None else tree
    if isinstance(tree, dict) and field.children:
        return {c.name: selected(tree[c.name], c) for c in field.children if c.name in tree}
    return tree
