"""A document cut into windows that fit a model, and which of them to ask first. Called by `windowed`; pure.

A window is a run of rows of text over one or more pages. Neighbouring windows share the rows around their
border, so that nothing printed across it is lost; `merge` sees to it that nothing counts twice.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.split import units

OVERLAP_ROWS = 8
OVERLAP_SHARE = 0.15  # of a window's characters at most
FEWEST_ROWS = 4  # a window this short is not cut further
OFF_MIDDLE = 0.25  # share of a window's rows by which it is cut beside its middle, at the border of a page
COLUMN_GAP = "   "

_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class PagePart:
    """Rows `first:last` of a page. `shared` of them, at the start, belong to the window before too."""

    page: Page
    rows: tuple[str, ...]
    first: int
    last: int
    shared: int = 0

    @property
    def text(self) -> str:
        return "\n".join(self.rows[self.first : self.last])

    @property
    def size(self) -> int:
        return sum(len(r) + 1 for r in self.rows[self.first : self.last])


@dataclass(frozen=True)
class Window:
    """Consecutive parts of pages that are shown to a model together. `number` counts windows in order."""

    number: tuple[int, ...]
    parts: tuple[PagePart, ...]

    @property
    def pages(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(p.page.index for p in self.parts))

    @property
    def size(self) -> int:
        return sum(p.size for p in self.parts)

    @property
    def whole_pages(self) -> set[int]:
        """The pages of which all rows are shown."""
        return {p.page.index for p in self.parts if p.first == 0 and p.last == len(p.rows)}

    @property
    def row_count(self) -> int:
        return sum(p.last - p.first for p in self.parts)


def rows_of(page: Page) -> tuple[str, ...]:
    """The page's text as printed rows: lines that stand beside each other are joined over a wide gap."""
    return tuple(
        COLUMN_GAP.join(" ".join(page.words[i].text for i in page.lines[n].words) for n in row)
        for row in line_rows(page)
    )


def line_rows(page: Page) -> list[list[int]]:
    """The page's lines, by number, those that stand beside each other together."""
    rows: list[list[int]] = []
    for n, line in enumerate(page.lines):
        last = page.lines[rows[-1][-1]].box if rows else None
        beside = (
            last is not None
            and line.box.x0 >= last.x1
            and line.box.overlap_y(last) >= 0.5 * min(line.box.height, last.height)
        )
        if beside:
            rows[-1].append(n)
        else:
            rows.append([n])
    return rows


def plan_windows(pages: Sequence[Page], *, max_chars: int, max_pages: int) -> list[Window]:
    """Windows of at most `max_chars` characters and `max_pages` pages over all rows, in order."""
    windows: list[list[PagePart]] = []
    size = 0
    for page in pages:
        rows = rows_of(page)
        for part in _parts(page, rows, max_chars):
            full = windows and (size + part.size > max_chars or len(windows[-1]) >= max_pages)
            if full or not windows or part.first > 0:
                shared = _tail(windows[-1][-1], max_chars) if windows and part.first == 0 else []
                windows.append(shared)
                size = sum(s.size for s in shared)
            windows[-1].append(part)
            size += part.size
    return [Window((n,), tuple(parts)) for n, parts in enumerate(windows)]


def halves(window: Window) -> list[Window]:
    """A window cut in two, a few rows shared; a short one stays as it is.

    It is cut between two pages where that is near its middle: a page that is cut loses rows whose values stand apart.
    """
    if window.row_count <= FEWEST_ROWS:
        return [window]
    middle = _border(window) or window.row_count // 2
    shared = min(OVERLAP_ROWS, middle // 3)
    first = _between(window.parts, 0, middle)
    second = _between(window.parts, middle - shared, window.row_count, shared)
    return [Window((*window.number, 0), first), Window((*window.number, 1), second)]


def _border(window: Window) -> int | None:
    """The rows before the border of two pages that is nearest to the middle; None where none is near."""
    ends = itertools.accumulate(p.last - p.first for p in window.parts[:-1])
    middle = window.row_count / 2
    best = min(ends, key=lambda end: abs(end - middle), default=None)
    near = best is not None and abs(best - middle) <= OFF_MIDDLE * window.row_count
    return best if near else None


def by_relevance(windows: Sequence[Window], group: Field) -> list[Window]:
    """`windows`, those first that speak of the fields of `group` with the rarest words; equal ones in order."""
    asked = Counter(w for unit in units(group) for w in set(_words(_said_of(unit))))
    holding = [_vocabulary(w) for w in windows]
    worth = {
        w: math.log((1 + len(windows)) / (1 + sum(w in h for h in holding))) * n for w, n in asked.items()
    }
    scores = [sum(worth[w] for w in h & worth.keys()) for h in holding]
    order = sorted(range(len(windows)), key=lambda i: (-round(scores[i], 6), i))
    return [windows[i] for i in order]


def _parts(page: Page, rows: tuple[str, ...], max_chars: int) -> Iterator[PagePart]:
    """The page whole, or cut where it is longer than a window."""
    first = 0
    while True:
        last, size = first, 0
        while last < len(rows) and (last == first or size + len(rows[last]) < max_chars):
            size += len(rows[last]) + 1
            last += 1
        yield PagePart(page, rows, first, last, min(OVERLAP_ROWS, last - first) if first else 0)
        if last >= len(rows):
            return
        first = max(first + 1, last - min(OVERLAP_ROWS, (last - first) // 3))


def _tail(part: PagePart, max_chars: int) -> list[PagePart]:
    """The last rows of a window, which the next one shows again."""
    first, size = part.last, 0
    while first > part.first and part.last - first < OVERLAP_ROWS:
        size += len(part.rows[first - 1]) + 1
        if size > OVERLAP_SHARE * max_chars:
            break
        first -= 1
    if first == part.last:
        return []
    return [PagePart(part.page, part.rows, first, part.last, part.last - first)]


def _between(parts: Sequence[PagePart], start: int, end: int, shared: int = 0) -> tuple[PagePart, ...]:
    """The rows `start:end` of a window, counted over its parts."""
    found = []
    at = 0
    for part in parts:
        count = part.last - part.first
        first, last = max(start - at, 0), min(end - at, count)
        if first < last:
            again = min(shared, last - first)
            shared -= again
            found.append(PagePart(part.page, part.rows, part.first + first, part.first + last, again))
        at += count
    return tuple(found)


def _said_of(unit: Field) -> str:
    inner = units(unit.items) if unit.items is not None else ()
    return " ".join([unit.label, unit.title, unit.description, *unit.ancestors, *(f.label for f in inner)])


@functools.lru_cache(maxsize=2048)
def _vocabulary(window: Window) -> frozenset[str]:
    return frozenset(w for part in window.parts for w in _words(part.text))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
