"""The result of an execution, as the library hands it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paperclerk.domain.document import DocumentInfo, Page
from paperclerk.domain.result import FieldError, Leaf, PageAccount, Step, Tree, Usage
from paperclerk.extraction.reply import response_json


@dataclass(frozen=True)
class Result:
    """What was read, with its evidence.

    `response` is plain JSON of the schema's shape, null where a value is not on the page. `tree` is the same
    with a `Leaf` (value, spans, score) for each scalar. `accounts` has one entry for every page of the
    document. `errors` are the fields that could not be given as the schema wants them. `pages` holds the
    words, keyed by 0-based page index.
    """

    response: Any
    tree: Tree
    info: DocumentInfo
    accounts: tuple[PageAccount, ...]
    usage: Usage
    steps: tuple[Step, ...]
    errors: tuple[FieldError, ...]
    pages: Mapping[int, Page]

    def leaves(self) -> Iterator[tuple[str, Leaf]]:
        """Every scalar with its path, like `items[2].price`."""
        return walk(self.tree)

    def json(self, *, grounding: bool = True, confidence: bool = True) -> Any:
        """The response with `<field>_metadata` siblings, as `POST /v1/document/execute` gives it."""
        return response_json(self.tree, self.pages, grounding=grounding, confidence=confidence)


def walk(tree: Tree, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """The leaves below `tree` in order, with their paths."""
    if isinstance(tree, Leaf):
        yield path, tree
    elif isinstance(tree, list):
        for i, item in enumerate(tree):
            yield from walk(item, f"{path}[{i}]")
    else:
        for name, item in tree.items():
            yield from walk(item, f"{path}.{name}" if path else name)
