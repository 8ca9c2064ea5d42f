"""Words of a page as horizontal strips of pieces, the raw material of tables. Called by `grid`, `arrays`.

Built from words and not from `Page.lines`: a table needs finer gaps than prose, and a line that ran over
two columns would hide the border between them. A *strip* is what stands on one baseline; a *piece* is a part
of it without a column gap. All boxes in page units.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from paperclerk.domain.document import Page, Word
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import Span, WordPart

LEAST_GAP, MOST_GAP = 0.55, 2.0  # of the height of a word; what counts as a column gap lies between
TYPEWRITER = 1.02  # how much the widths of letters differ in type of one width
AMOUNT = re.compile(r"\d[.,]\d{2}(?!\d)")
MOST_WORDS = 7  # of a heading
_LEADS = ".·…_‥-"
LEADER = re.compile(rf"[{_LEADS}]{{4,}}")


@dataclass(frozen=True)
class Piece:
    """Neighbouring words of a strip; `words` are indices into `Page.words`."""

    page: Page
    words: tuple[int, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(self.page.words[w].text for w in self.words)

    @cached_property
    def box(self) -> Box:
        return union(self.page.words[w].box for w in self.words)

    @cached_property
    def values(self) -> tuple[Box, ...]:
        """The box of the piece; those of its words where all are numbers, which may belong to two columns."""
        words = [self.page.words[w] for w in self.words]
        if len(words) > 1 and all(w.text[-1:].isdigit() for w in words):
            return tuple(w.box for w in words)
        return (self.box,)

    @property
    def span(self) -> Span:
        return Span(self.page.index, tuple(WordPart(w) for w in self.words))

    @cached_property
    def score(self) -> float:
        return min(self.page.words[w].score for w in self.words)


@dataclass(frozen=True)
class Strip:
    """Everything on one baseline, left to right. `index` counts from the top of the page."""

    page: Page
    index: int
    pieces: tuple[Piece, ...]

    @cached_property
    def box(self) -> Box:
        return union(p.box for p in self.pieces)

    @cached_property
    def words(self) -> tuple[int, ...]:
        return tuple(w for p in self.pieces for w in p.words)

    @cached_property
    def text(self) -> str:
        return "  ".join(p.text for p in self.pieces)

    @cached_property
    def is_body(self) -> bool:
        """Whether it holds values: an amount, or text too long for a heading."""
        return AMOUNT.search(self.text) is not None or any(
            len(p.text.split()) > MOST_WORDS for p in self.pieces
        )

    @cached_property
    def size(self) -> float:
        return statistics.median(self.page.words[w].box.height for w in self.words)


def strips_of(page: Page) -> tuple[Strip, ...]:
    """All strips of a page from top to bottom, without text that runs upwards along a margin."""
    upright = _upright(page)
    if not upright:
        return ()
    groups = _baselines(page.words, upright)
    gap = _column_gap(page.words, groups)
    ordered = sorted(groups, key=lambda g: statistics.fmean(page.words[w].box.cy for w in g))
    return tuple(Strip(page, i, _pieces(page, g, gap)) for i, g in enumerate(ordered))


def _column_gap(words: Sequence[Word], groups: Sequence[Sequence[int]]) -> float:
    """The gap, in word heights, that divides columns on this page: about twice the usual blank between words."""
    neighbours = ((words[a].box, words[b].box) for group in groups for a, b in itertools.pairwise(group))
    gaps = ((b.x0 - a.x1) / min(a.height, b.height) for a, b in neighbours)
    blanks = sorted(g for g in gaps if 0.05 < g < 1.3)
    if len(blanks) < 8:
        return 0.8
    return min(MOST_GAP, max(LEAST_GAP, 1.9 * blanks[len(blanks) // 3]))


def _upright(page: Page) -> list[int]:
    """Drops letters stacked closer than their height: text turned by 90 degrees."""
    single: dict[int, list[int]] = {}
    for i, word in enumerate(page.words):
        if len(word.text) == 1:
            single.setdefault(round(word.box.cx / 4), []).append(i)
    turned: set[int] = set()
    for column in single.values():
        column.sort(key=lambda w: page.words[w].box.y0)
        run: list[int] = []
        for w in [*column, None]:
            if w is not None and (not run or _tight(page.words[run[-1]].box, page.words[w].box)):
                run.append(w)
                continue
            if len(run) >= 5:
                turned.update(run)
            run = [] if w is None else [w]
    return [i for i, w in enumerate(page.words) if i not in turned and w.text.strip() and w.box.height > 0]


def _tight(upper: Box, lower: Box) -> bool:
    return lower.y0 - upper.y0 < 1.05 * max(upper.height, lower.height, 4.0)


def _baselines(words: Sequence[Word], indices: list[int]) -> list[list[int]]:
    """Groups words that follow one another on a baseline; a slanted scan is followed from word to word."""
    groups: list[list[int]] = []
    lasts: list[
        tuple[float, float, float, float]
    ] = []  # y0, y1, height and middle of the last word of a group
    near: dict[int, list[int]] = {}  # coarse y -> groups whose last word lies there
    step = max(1.0, statistics.median(words[i].box.height for i in indices))
    for i in sorted(indices, key=lambda w: words[w].box.x0):
        box = words[i].box
        y0, y1, height, cy = here = box.y0, box.y1, box.height, box.cy
        best, most = -1, 0.5
        for cell in range(int(y0 // step) - 1, int(y1 // step) + 2):
            for g in near.get(cell, ()):
                top, bottom, size, middle = lasts[g]
                shared = (y1 if y1 < bottom else bottom) - (y0 if y0 > top else top)
                small = height if height < size else size
                if shared <= 0.5 * small:  # the most frequent by far
                    continue
                share = shared / max(small, 0.1) - 0.3 * abs(cy - middle) / step
                if share > most:
                    best, most = g, share
        if best < 0:
            best = len(groups)
            groups.append([])
            lasts.append(here)
        else:
            near[int(lasts[best][3] // step)].remove(best)
        groups[best].append(i)
        lasts[best] = here
        near.setdefault(int(cy // step), []).append(best)
    return groups


def _typewriter_blank(words: Sequence[Word]) -> float:
    """The blank of a line in which every letter is as wide as any other, with some play; 0 for other type."""
    advances = [w.box.width / len(w.text) for w in words if len(w.text) > 1]
    if len(advances) < 2 or max(advances) > TYPEWRITER * min(advances):
        return 0.0
    return 1.5 * max(advances)


def _pieces(page: Page, group: list[int], gap: float) -> tuple[Piece, ...]:
    runs: list[list[int]] = []
    blank = _typewriter_blank([page.words[w] for w in group])
    for w in group:
        text, box = page.words[w].text, page.words[w].box
        if text[0] in _LEADS and LEADER.fullmatch(text):
            runs.append([])  # dot leaders divide like a gap
            continue
        last = page.words[runs[-1][-1]].box if runs and runs[-1] else None
        if last is not None and box.x0 - last.x1 <= max(gap * min(box.height, last.height), blank):
            runs[-1].append(w)
        else:
            runs.append([w])
    return tuple(Piece(page, tuple(r)) for r in runs if r) or (Piece(page, tuple(group)),)


def without_furniture(pages: Sequence[tuple[Strip, ...]]) -> list[tuple[Strip, ...]]:
    """Removes running heads and feet: strips that stand at the same place of several pages.

    Strips of three pieces and more stay, since headings of tables are repeated too; so do those of statements.
    """
    seen = Counter(key for strips in pages for key in {_furniture_key(s) for s in strips if _marginal(s)})
    return [
        tuple(s for s in strips if not (_marginal(s) and seen[_furniture_key(s)] > 1)) for strips in pages
    ]


def _marginal(strip: Strip) -> bool:
    inner = 0.12 * strip.page.height <= strip.box.y1 and strip.box.y0 <= 0.88 * strip.page.height
    if inner or len(strip.pieces) >= 3:
        return False
    paired = len(strip.pieces) == 2 or not any(map(str.isdigit, strip.text))
    # a running head that says as much names the year as well
    return not paired or _OF_COLUMNS.search(strip.text) is None


_OF_COLUMNS = re.compile(
    r"\b(?:months?|weeks?|quarters?|years?) (?:ended|ending)\b"
    r"|\bin (?:thousands|millions|billions|tausend|mio|tsd|teur)\b",
    re.I,
)


def _furniture_key(strip: Strip) -> tuple[str, int]:
    """What makes a line the same on another page: its place and its text, page numbers aside."""
    text = re.sub(r"\d+", "0", strip.text) if len(strip.pieces) == 1 else strip.text
    return text, round(strip.box.cy / 6)
