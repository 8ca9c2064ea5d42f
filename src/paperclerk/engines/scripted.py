"""An engine that answers what it was told to: for tests of whatever stands above engines, ours and users'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paperclerk.domain.document import Page
from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.engine import Context
from paperclerk.grounding.align import Aligner, Claim
from paperclerk.schemas.compiled import Field


class ScriptedEngine:
    """Gives `values`, each at the first place of the pages that holds it; one that none holds is marked.

    `values` is JSON of the schema's shape; what it leaves out is absent. `score` is that of every value.
    """

    name = "scripted"

    def __init__(self, values: Mapping[str, Any], score: float = 0.95) -> None:
        self.values = values
        self.score = score

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """See `Engine.extract`."""
        return self._tree(schema, self.values, Aligner(pages))

    def _tree(self, form: Field, value: Any, aligner: Aligner) -> Tree:
        if form.kind == "object":
            known = value if isinstance(value, Mapping) else {}
            return {c.name: self._tree(c, known.get(c.name), aligner) for c in form.children}
        if form.kind == "array":
            rows = value if isinstance(value, list) and form.items is not None else []
            return [self._tree(form.items, row, aligner) for row in rows] if form.items else []
        if value is None:
            return ABSENT
        number = isinstance(value, int | float) and not isinstance(value, bool)
        kind = "choice" if form.kind in ("enum", "boolean") else "number" if number else "text"
        place = aligner.place(Claim(value, kind=kind, label=form.label))  # type: ignore[arg-type]
        if place is None:
            return Leaf(value, (), self.score, inferred=kind == "choice", unplaced=kind != "choice")
        return Leaf(value, (place.span,), self.score, inferred=place.inferred)
