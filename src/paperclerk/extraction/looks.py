"""A second look at doubtful values: the rows around each, asked afresh. Called by `windowed` for `detail: hi`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

import msgspec

from paperclerk.domain.document import Page
from paperclerk.domain.result import Leaf
from paperclerk.extraction.asking import Ask, Asking
from paperclerk.extraction.merge import Grounding
from paperclerk.extraction.windows import PagePart, Window, line_rows, rows_of
from paperclerk.grounding.align import Aligner
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.split import Path, units

ROWS_AROUND = 6
CONFIRMED = 0.92  # two looks gave the same
CONTRADICTED = 0.5


def second_look(
    asking: Asking, form: Field, doubts: Mapping[Path, Leaf], pages: Mapping[int, Page], aligner: Aligner
) -> dict[Path, Leaf]:
    """The doubted leaves with new scores: surer where the second look says the same, less sure where not.

    All doubts of a document are looked at in one question, which shows only the rows around them.
    """
    window = Window((-1,), _cut_outs(pages, doubts.values()))
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
                confirmed = leaf.value == first.value
                score = max(CONFIRMED, first.score) if confirmed else min(CONTRADICTED, first.score)
                settled[unit.path] = msgspec.structs.replace(first, score=score)
    return settled


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
