"""The embedded engine: reads values by labels, layout and type, without any model. Called by `extraction`.

Deterministic, linear in the pages. What each part does: docs/engine.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from paperclerk.domain.document import Page
from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.engines.embedded.asked.profile import profile, prompted, streets_apart, with_siblings
from paperclerk.engines.embedded.fields import contracts
from paperclerk.engines.embedded.fields.assignment import assign
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.choices import ticked_members
from paperclerk.engines.embedded.fields.confidence import LEAST, Around, probability
from paperclerk.engines.embedded.fields.ranking import Ranking
from paperclerk.engines.embedded.lists import blocks
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.levelling import levelled
from paperclerk.engines.engine import Context
from paperclerk.schemas.compiled import Field

_SUPPLIED = 0.85  # of its score is left to a date-time whose time is ours: never `hi`
_ILLEGIBLE = 0.5  # of its score is left to a value there: below `med`


class EmbeddedEngine:
    """Implements `engines.engine.Engine`."""

    name = "embedded"

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """A tree of the schema's shape; every value points at the words it was read from."""
        tree = _Extraction([levelled(page) for page in pages], schema, context).tree()
        illegible = frozenset(page.index for page in pages if page.reason)
        return _doubted(tree, illegible) if illegible else tree


class _Extraction:
    """One document read against one schema."""

    def __init__(self, pages: Sequence[Page], schema: Field, context: Context) -> None:
        self.facts = Facts(pages)
        self.schema = schema
        self.tables = Tables(tuple(p for p in pages if p.words), self.facts.locale)
        self.profiles = with_siblings(
            streets_apart([prompted(profile(f), context.prompt) for f in _scalars(schema)])
        )
        self.leaves = self._leaves()

    def tree(self) -> Tree:
        return self._build(self.schema)

    def _leaves(self) -> dict[tuple[str, ...], Leaf]:
        ranking = Ranking(self.facts, self.profiles)
        ranked = ranking.ranked()
        chosen = assign(ranked, ranking.shared())
        found: dict[tuple[str, ...], Leaf] = {}
        given = sum(c.score >= LEAST for c in chosen.values())
        taken = frozenset(c.place for c in chosen.values())
        for index, candidate in chosen.items():
            asked = self.profiles[index]
            page, row, start, _ = candidate.place
            around = Around(
                taken=taken,
                others=len(ranked) - 1,
                answered=given - (candidate.score >= LEAST),
                line=len(self.facts.layout.pages[page].rows[row].segment_at(start).text),
            )
            score = probability(candidate, ranked[index], asked, around)
            if score is not None:
                supplied = self._supplies_midnight(candidate)
                found[asked.field.path] = Leaf(
                    candidate.value,
                    candidate.spans,
                    _SUPPLIED * score if supplied else score,
                    inferred=supplied,
                )
        return found | ranking.inferred()

    def _supplies_midnight(self, candidate: Candidate) -> bool:
        """Whether a date-time was made of a date alone: the page names no time."""
        if not str(candidate.value).endswith("T00:00:00"):
            return False
        printed = " ".join(self.facts.layout.text_of(span) for span in candidate.spans)
        return re.search(r"\d[:h.]\d\d", printed) is None

    def _build(self, field: Field) -> Tree:
        if field.kind == "object":
            compared = self.tables.compared(field)
            return {c.name: compared.get(c.name) or self._build(c) for c in field.children}
        if field.kind == "array":
            rows = (
                ticked_members(self.facts, field)
                or contracts.rows(self.facts, field)
                or self.tables.rows(field)
                or blocks.rows(self.facts, field)
                or contracts.officers(self.facts, field)
            )
            return rows if rows or not field.nullable else ABSENT
        figure = self.tables.figure(field) if field.kind in ("number", "integer") else ABSENT
        return figure if figure is not ABSENT else self.leaves.get(field.path, ABSENT)


def _doubted(tree: Tree, illegible: frozenset[int]) -> Tree:
    """`tree` with little left of the scores of what stands on pages whose text could mostly not be read."""
    if isinstance(tree, dict):
        return {name: _doubted(below, illegible) for name, below in tree.items()}
    if isinstance(tree, list):
        return [_doubted(below, illegible) for below in tree]
    if any(span.page in illegible for span in tree.spans):
        return msgspec.structs.replace(tree, score=_ILLEGIBLE * tree.score)
    return tree


def _scalars(field: Field) -> Iterator[Field]:
    """The scalar fields outside arrays."""
    if field.is_scalar:
        yield field
    for child in field.children:
        yield from _scalars(child)
