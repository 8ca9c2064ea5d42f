"""A result as the wire gives it: the response with `<field>_metadata` siblings (contract B.5).

Called by jobs and the command line through `Result.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paperclerk.domain.document import Page
from paperclerk.domain.result import Leaf, Tree, level_of
from paperclerk.grounding.places import places_of

SUFFIX = "_metadata"


def response_json(
    tree: Tree, pages: Mapping[int, Page], *, grounding: bool = False, confidence: bool = False
) -> Any:
    """The values of `tree` as plain JSON; with `grounding` or `confidence` each scalar gets a sibling.

    The sibling of a field `x` is `x_metadata`, after all values of its object: null when the value is null,
    else `{"confidence": "hi|med|lo"}` and, with `grounding`, `"bboxes"`: boxes in shares of the displayed
    page (origin top left, 4 decimals), `page` 0-based. For an array of scalars the sibling is a list parallel
    to the array. A box on a page of a spreadsheet has its `cell` besides (`Sheet1!B4`). A value concluded from
    evidence elsewhere has `"inferred": true` besides, one that a model gave and no page holds
    `"unplaced": true`. Where the schema itself names a property `x_metadata`, the property wins. `pages` is
    keyed by page index.
    """
    if not (grounding or confidence):
        return plain(tree)
    return _Annotator(pages, grounding).annotate(tree)


class _Annotator:
    def __init__(self, pages: Mapping[int, Page], grounding: bool) -> None:
        self.pages = pages
        self.grounding = grounding

    def annotate(self, tree: Tree) -> Any:
        if isinstance(tree, Leaf):
            return tree.value
        if isinstance(tree, list):
            return [self.annotate(item) for item in tree]
        values = {name: self.annotate(item) for name, item in tree.items()}
        notes = {
            name + SUFFIX: self.note(item)
            for name, item in tree.items()
            if name + SUFFIX not in values and _holds_scalars(item)
        }
        return {**values, **notes}

    def note(self, tree: Tree) -> Any:
        if isinstance(tree, list):
            return [self.note(item) for item in tree]
        if not isinstance(tree, Leaf) or tree.value is None:
            return None
        note: dict[str, Any] = {"confidence": level_of(tree.score).value}
        if self.grounding:
            note["bboxes"] = [
                {
                    "content": place.content,
                    "bbox": {"xywh": [round(v, 4) for v in place.fraction]},
                    "page": place.page,
                    "confidence": round(place.score, 4),
                    **({"cell": place.cell} if place.cell else {}),
                }
                for place in places_of(tree.spans, self.pages)
            ]
        if tree.inferred:
            note["inferred"] = True
        if tree.unplaced:
            note["unplaced"] = True
        return note


def _holds_scalars(tree: Tree) -> bool:
    """Whether a field is a scalar, or an array (of arrays) of scalars with something in it."""
    if isinstance(tree, list):
        return bool(tree) and all(_holds_scalars(item) for item in tree)
    return isinstance(tree, Leaf)


def plain(tree: Tree) -> Any:
    """The values of `tree` as JSON."""
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, list):
        return [plain(item) for item in tree]
    return {name: plain(item) for name, item in tree.items()}
