"""A second look at doubtful values: the rows around each, or its picture, asked afresh. Called by `windowed`.

A model that sees gets the picture alone, cut out of the page at a high resolution: what it reads there owes nothing
to the words that the first answer came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import msgspec

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import union
from paperclerk.domain.result import Leaf, Scalar, Step
from paperclerk.engines.models.endpoint import CallFailed
from paperclerk.extraction.asking import Ask, Asking
from paperclerk.extraction.cut_outs import Render, around, cut_out
from paperclerk.extraction.merge import Grounding, same
from paperclerk.extraction.windows import PagePart, Window, line_rows, rows_of
from paperclerk.grounding.align import Aligner
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import read_answer
from paperclerk.schemas.split import Path, prune, units

ROWS_AROUND = 6
SIDEWAYS, UPWARDS = 0.25, 0.05  # of the page: what a picture shows around a value
# Measured with an oracle that misreads 10 to 30 % of what it is asked, anew at each look (docs/models.md).
CONFIRMED = 0.88  # two looks gave the same
CONTRADICTED = 0.1
RESTORED = (
    0.65  # two looks disagree with each other and with the embedded engine, which was sure: not measured
)


@dataclass(frozen=True)
class Doubt:
    """A value that is looked at again. `rival` is what the embedded engine read for sure where it is another."""

    leaf: Leaf
    rival: Leaf | None = None

    def settled(self, second: Scalar) -> Leaf:
        """The value that two of the three agree on; where none do, the rival, else the value as a doubtful one."""
        if same(self.leaf.value, second):
            return msgspec.structs.replace(self.leaf, score=max(CONFIRMED, self.leaf.score))
        if self.rival is None:
            return msgspec.structs.replace(self.leaf, score=min(CONTRADICTED, self.leaf.score))
        agreed = same(self.rival.value, second)
        return msgspec.structs.replace(self.rival, score=CONFIRMED if agreed else RESTORED)


def second_look(
    asking: Asking, form: Field, doubts: Mapping[Path, Doubt], pages: Mapping[int, Page], aligner: Aligner
) -> dict[Path, Leaf]:
    """The doubted leaves as a second look settles them: surer where it says the same, less sure where not.

    All doubts of a document are looked at in one question, which shows only the rows around them.
    """
    seen = [leaf for d in doubts.values() for leaf in (d.leaf, d.rival) if leaf is not None]
    window = Window((-1,), _cut_outs(pages, seen))
    before = len(asking.heard), len(asking.failures)
    asking.settle([Ask(window, form)])
    heard = asking.heard[before[0] :]
    del asking.failures[before[1] :]  # the first look stands when there is no second
    settled: dict[Path, Leaf] = {}
    for said in heard:
        grounding = Grounding(aligner.within(window.pages), keep_unplaced=False)
        for unit in units(said.group):
            answer = said.answer
            for name in unit.path:
                answer = answer[name] if isinstance(answer, dict) else answer
            leaf = grounding.tree(unit, answer)
            first = doubts.get(unit.path)
            if first is not None and isinstance(leaf, Leaf):
                settled[unit.path] = first.settled(leaf.value)
    return settled


def second_look_at_pictures(
    asking: Asking, form: Field, doubts: Mapping[Path, Doubt], pages: Mapping[int, Page], render: Render
) -> dict[Path, Leaf]:
    """The same from the cut-out picture of each value, as many in one question as the model takes pictures."""
    every = list(units(form))
    size = max(1, asking.profile.max_images)
    batches = [every[i : i + size] for i in range(0, len(every), size)]
    questions = [
        asking.picture_question(
            prune(form, {u.path for u in batch}),
            [_picture(doubts[u.path].leaf, pages, render) for u in batch],
        )
        for batch in batches
    ]
    settled: dict[Path, Leaf] = {}
    outcomes = asking.ask(questions)
    for batch, question, outcome in zip(batches, questions, outcomes, strict=True):
        asking.context.trace.steps.append(Step("look", 0.0, f"{len(batch)} pictures"))
        if isinstance(outcome, CallFailed) or not isinstance(outcome.data, dict):
            continue  # the first look stands when there is no second
        answer, _ = read_answer(question.form, outcome.data)
        for unit in batch:
            said: Any = answer
            for name in unit.path:
                said = said[name]
            settled[unit.path] = doubts[unit.path].settled(said.value)
    return settled


def _picture(leaf: Leaf, pages: Mapping[int, Page], render: Render) -> bytes:
    """The place of a value with what stands around it: labels stand to its left, or above."""
    span = leaf.spans[0]
    page = pages[span.page]
    box = union(page.words[p.index].box for p in span.parts)
    return cut_out(render, page, around(box, page, SIDEWAYS * page.width, UPWARDS * page.height))


def _cut_outs(pages: Mapping[int, Page], leaves: Iterable[Leaf]) -> tuple[PagePart, ...]:
    """The rows around each place, those that meet together, in the order of the pages."""
    wanted: dict[int, set[int]] = {}
    for span in (s for leaf in leaves for s in leaf.spans):
        wanted.setdefault(span.page, set()).update(p.index for p in span.parts)
    return tuple(part for i in sorted(wanted) for part in _around(pages[i], wanted[i]))


def _around(page: Page, words: Set[int]) -> Iterator[PagePart]:
    rows = rows_of(page)
    hit = [
        n for n, lines in enumerate(line_rows(page)) if any(words & set(page.lines[i].words) for i in lines)
    ]
    first = last = None
    for n in hit:
        if last is not None and n - ROWS_AROUND > last:
            yield PagePart(page, rows, first or 0, last)
            first = None
        first = max(0, n - ROWS_AROUND) if first is None else first
        last = min(len(rows), n + ROWS_AROUND + 1)
    if last is not None:
        yield PagePart(page, rows, first or 0, last)
