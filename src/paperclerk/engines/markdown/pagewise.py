"""The engine of agents that tell of each page in turn. Chosen by `extraction` for an agent that names one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page
from paperclerk.domain.result import Tree
from paperclerk.engines.engine import Context
from paperclerk.engines.markdown.headings import Headings
from paperclerk.engines.markdown.seen import Seen, seen_of
from paperclerk.schemas.compiled import Field


@dataclass
class PagewiseEngine:
    """Implements `engines.engine.Engine` for the schema `{"pages": [...]}`, or a part of it that was selected.

    `told` gives the entry of a page; values in it point at the words they were read from.
    """

    name: str
    told: Callable[[Seen, Headings], Tree]

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """A tree with an entry for each page."""
        headings = Headings(pages)
        return _selected({"pages": [self.told(seen, headings) for seen in seen_of(pages)]}, schema)


def _selected(tree: Tree, field: Field) -> Tree:
    """The tree with the names that the schema names; an object for which it names none stays whole."""
    if isinstance(tree, list):
        return [_selected(item, field.items) for item in tree] if field.items is not None else tree
    if isinstance(tree, dict) and field.children:
        return {c.name: _selected(tree[c.name], c) for c in field.children if c.name in tree}
    return tree
