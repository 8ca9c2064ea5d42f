"""What a page prints on one line, cell by cell, and what stands beneath a cell. Called by `redacting`, `persons`.

A label and its value stand side by side, or one above the other, often with a column gap between; the lines of a
page end at such gaps, so here they are put together again.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from paperclerk.domain.document import Line, Page
from paperclerk.engines.embedded.page.layout import baselines

BETWEEN = "\t"  # what a text has where a column gap is printed
_NEXT_LINE = 2.0  # of the cell's height: as far below it may the next one stand


@dataclass(frozen=True)
class Text:
    """The words of some cells as one text. `words` are indices into `Page.words`, `starts` where each begins."""

    text: str
    words: tuple[int, ...]
    starts: tuple[int, ...]

    def words_in(self, start: int, end: int) -> Sequence[int]:
        """The words that characters `start:end` stand in."""
        first = max(0, bisect.bisect_right(self.starts, start) - 1)
        return self.words[first : bisect.bisect_left(self.starts, end)]


class Cells:
    """The lines of a page as cells: `rows` holds those of one baseline, from left to right."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.rows = baselines(page.lines)

    def text(self, cells: Iterable[Line], *, boxed: bool = False) -> Text:
        """`cells` as one text, with a blank between words and BETWEEN between cells.

        `boxed`: cells that a number may be printed in, a few digits or letters in each, have a blank between.
        """
        said = ""
        words: list[int] = []
        starts: list[int] = []
        last = ""
        for cell in cells:
            for n, index in enumerate(cell.words):
                word = self._page.words[index].text
                apart = n == 0 and not (boxed and _in_a_box(last) and _in_a_box(word))
                said += (BETWEEN if apart else " ") if words else ""
                starts.append(len(said))
                words.append(index)
                said += word
                last = word
        return Text(said, tuple(words), tuple(starts))

    def beneath(self, cell: Line) -> Iterator[Line]:
        """The cells below `cell`, one after the other, down to where the next line is empty under it."""
        bottom = cell.box.y1
        for row in self.rows[self._row_of[cell.words[0]] + 1 :]:
            if min(each.box.y0 for each in row) - bottom > _NEXT_LINE * cell.box.height:
                return
            below = [each for each in row if each.box.overlap_x(cell.box) > 0 and each.box.y0 >= cell.box.cy]
            if below:
                nearest = min(below, key=lambda each: abs(each.box.x0 - cell.box.x0))
                bottom = nearest.box.y1
                yield nearest

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {cell.words[0]: n for n, row in enumerate(self.rows) for cell in row}


def _in_a_box(word: str) -> bool:
    return len(word) <= 4 and word.isalnum()
