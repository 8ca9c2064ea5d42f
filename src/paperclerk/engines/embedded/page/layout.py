"""An index over the words of a document: segments, rows, blocks, neighbours. Built once by the engine.

A *segment* is a `Page.lines` entry: words with no column gap between them. A *row* is all segments on one
baseline; its text joins segments by a tab, so a pattern without `\\t` never crosses a column. A *block* is a
stack of aligned segments, as a paragraph or a postal address is. Offsets into a row's text turn back into
words by `Row.span`. Boxes are in page units.
"""

from __future__ import annotations

import itertools
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from paperclerk.domain.document import Line, Page, TextOrigin, Word
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import Span, WordPart
from paperclerk.grounding.places import part_box

APART = 1.5  # usual blanks of the page: a wider one sets a bold label apart from what follows
TWICE = 1.8  # usual blanks of the page that, typed, set two things apart
LABEL = 4  # words of a label at most that two blanks set apart
EDGE = 3  # lines with a text that begins at one place: a column
COLUMN_MARK = "\t"  # stands between two segments in the text of a row


class Segment(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Words on one baseline without a column gap. `start`/`end` are its place in the text of its row.

    `page` is the position in the sequence of pages, not `Page.index`. `words` are indices into `Page.words`.
    `size` is the median height of its words.
    """

    page: int
    index: int
    row: int
    words: tuple[int, ...]
    text: str
    box: Box
    size: float
    start: int
    bold: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Row(msgspec.Struct, frozen=True, eq=False, gc=False):
    """All segments on one baseline, left to right. `index` counts from the top of its page."""

    page: int
    number: int  # Page.index, which spans name
    index: int
    segments: tuple[Segment, ...]
    text: str
    words: tuple[int, ...]
    starts: tuple[int, ...]  # where each of `words` begins in `text`
    box: Box
    source: tuple[Word, ...]
    sure: bool = False  # whether no word was recognised, so that all score 1

    def parts(self, start: int, end: int) -> tuple[WordPart, ...]:
        """The words, or parts of words, that characters `start:end` of the text were made of."""
        found = []
        for i in range(max(0, bisect_right(self.starts, start) - 1), bisect_left(self.starts, end)):
            word, at = self.words[i], self.starts[i]
            size = len(self.source[word].text)
            lo = start - at if start > at else 0
            hi = end - at if end < at + size else size
            if lo < hi:
                found.append(WordPart(word, lo, None if hi == size else hi))
        return tuple(found)

    def span(self, start: int, end: int) -> Span:
        return Span(self.number, self.parts(start, end))

    def box_of(self, start: int, end: int) -> Box:
        """Around characters `start:end`; a part of a word counts by its share of the characters."""
        boxes = [part_box(p, self.source[p.index]) for p in self.parts(start, end)]
        return union(boxes) if boxes else self.box

    def score_of(self, start: int, end: int) -> float:
        """The least recognition score of the words under `start:end`."""
        if self.sure:
            return 1.0
        return min((self.source[p.index].score for p in self.parts(start, end)), default=1.0)

    def segment_at(self, offset: int) -> Segment:
        for segment in self.segments:
            if offset < segment.end:
                return segment
        return self.segments[-1]


class Block(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Segments stacked over one another, aligned, of like size: a paragraph, an address, a column."""

    page: int
    index: int
    segments: tuple[Segment, ...]
    box: Box

    @property
    def text(self) -> str:
        return "\n".join(s.text for s in self.segments)


class PageLayout:
    """One page, indexed. `size` is the median word height; `rows` run from top to bottom."""

    def __init__(self, page: Page, position: int) -> None:
        self.page = page
        self.position = position
        self.size = statistics.median([w.box.height for w in page.words]) if page.words else 1.0
        self.rows: tuple[Row, ...] = _rows(page, position)
        self.segments: tuple[Segment, ...] = tuple(s for r in self.rows for s in r.segments)
        self._above, self._below = _vertical(self.rows)
        self.blocks: tuple[Block, ...] = _blocks(self)
        self._block_of = {s.index: b for b in self.blocks for s in b.segments}

    def row_of(self, segment: Segment) -> Row:
        return self.rows[segment.row]

    def block_of(self, segment: Segment) -> Block:
        return self._block_of[segment.index]

    def right_of(self, segment: Segment) -> Segment | None:
        """The next segment to the right in the same row."""
        row = self.rows[segment.row].segments
        at = row.index(segment)
        return row[at + 1] if at + 1 < len(row) else None

    def above(self, segment: Segment) -> tuple[Segment, ...]:
        """The nearest segments above that share a horizontal stretch, nearest first (at most three)."""
        return self._above[segment.index]

    def below(self, segment: Segment) -> tuple[Segment, ...]:
        """The nearest segments below that share a horizontal stretch, nearest first (at most three)."""
        return self._below[segment.index]


class Layout:
    """All pages that have words."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = tuple(PageLayout(page, i) for i, page in enumerate(pages))

    def rows(self) -> Iterator[Row]:
        for page in self.pages:
            yield from page.rows

    def segments(self) -> Iterator[Segment]:
        for page in self.pages:
            yield from page.segments

    def row_of(self, segment: Segment) -> Row:
        return self.pages[segment.page].rows[segment.row]

    def text_of(self, span: Span) -> str:
        """The characters a span points to, words joined by blanks."""
        page = next(p.page for p in self.pages if p.page.index == span.page)
        return " ".join(page.words[p.index].text[p.start : p.end] for p in span.parts)


def baselines(lines: Iterable[Line]) -> list[list[Line]]:
    """The lines of a page, which end at column gaps, by baseline: from top to bottom, left to right."""
    groups: list[list[Line]] = []
    spans: list[tuple[float, float]] = []
    for line in sorted((line for line in lines if line.words), key=lambda line: line.box.cy):
        at = _same_baseline(line.box, spans)
        if at is None:
            groups.append([line])
            spans.append((line.box.y0, line.box.y1))
        else:
            groups[at].append(line)
    order = sorted(range(len(groups)), key=lambda i: spans[i][0] + spans[i][1])
    return [sorted(groups[i], key=lambda line: line.box.x0) for i in order]


def _rows(page: Page, position: int) -> tuple[Row, ...]:
    rows: list[Row] = []
    count = 0
    blank = _blank(page)
    edges = _edges(page)
    for lines in baselines(page.lines):
        parts = sorted(
            (part for line in lines for part in _parts(page, line, blank, edges)), key=lambda p: p[0].x0
        )
        rows.append(_row(page, position, len(rows), parts, count))
        count += len(parts)
    return tuple(rows)


def _blank(page: Page) -> float:
    """The usual blank between the words of a line, in word heights."""
    words = page.words
    gaps = [
        (words[b].box.x0 - words[a].box.x1) / max(1.0, words[a].box.height)
        for line in page.lines
        for a, b in itertools.pairwise(line.words)
    ]
    return statistics.median(gaps) if gaps else 0.0


def _edges(page: Page) -> Counter[int]:
    """How many lines begin at each place from left to right, in half line heights; those at a gap too."""
    return Counter(_edge(page.words[line.words[0]]) for line in page.lines if line.words)


def _edge(word: Word) -> int:
    return round(2 * word.box.x0 / max(1.0, word.box.height))


def _parts(page: Page, line: Line, blank: float, edges: Counter[int]) -> list[tuple[Box, tuple[int, ...]]]:
    """A line cut at blanks wider than usual: where bold words end, a label beside its value; where a column of
    other lines begins; where somebody typed two blanks."""
    if len(line.words) == 1:
        return [(line.box, line.words)]
    words = [page.words[w] for w in line.words]
    heavy = next((i for i, w in enumerate(words) if not w.bold), 0)
    set_off = heavy if heavy and not any(w.bold for w in words[heavy:]) else 0
    typed = page.origin is TextOrigin.TEXT_LAYER  # on a scan blanks are as wide as they happen to be
    cuts = [0]
    for i, (before, after) in enumerate(itertools.pairwise(words), 1):
        usual = max(blank * max(1.0, before.box.height), _one_width(before, after))
        wide = after.box.x0 - before.box.x1
        if wide < APART * usual:
            continue
        column = edges[_edge(after)] >= EDGE or wide > TWICE * usual
        if i == set_off or (typed and column and _may_label(words[:i])):
            cuts.append(i)
    if len(cuts) == 1:
        return [(line.box, line.words)]
    runs = [line.words[a:b] for a, b in itertools.pairwise((*cuts, len(words)))]
    return [(union(page.words[w].box for w in run), run) for run in runs]


def _may_label(words: Sequence[Word]) -> bool:
    """Whether the head of a line may be a label: a few words without digits, no sentence."""
    text = "".join(w.text for w in words)
    return len(words) <= LABEL and text[-1].isalpha() and not any(c.isdigit() or c in ",:" for c in text)


def _one_width(a: Word, b: Word) -> float:
    """How wide a letter is, and so a blank, where all letters are equally wide; else 0."""
    one, other = a.box.width / len(a.text), b.box.width / len(b.text)
    return max(one, other) if abs(one - other) < 0.03 * one else 0.0


def _same_baseline(box: Box, spans: list[tuple[float, float]]) -> int | None:
    """Which of the last few rows this box continues: centres within half of the smaller height."""
    best, least = None, 0.5 * box.height
    middle = box.cy
    for i in range(max(0, len(spans) - 8), len(spans)):
        y0, y1 = spans[i]
        apart = abs(middle - (y0 + y1) / 2)
        if apart < least and apart < 0.5 * (y1 - y0):
            best, least = i, apart
    return best


def _row(page: Page, position: int, index: int, lines: list[tuple[Box, tuple[int, ...]]], count: int) -> Row:
    segments: list[Segment] = []
    words: list[int] = []
    starts: list[int] = []
    text = ""
    for box, members in lines:
        if text:
            text += COLUMN_MARK
        begin = len(text)
        for k, word in enumerate(members):
            text += " " if k else ""
            words.append(word)
            starts.append(len(text))
            text += page.words[word].text
        heights = [page.words[w].box.height for w in members]
        size = heights[0] if len(heights) == 1 else statistics.median(heights)
        segments.append(
            Segment(
                position,
                count + len(segments),
                index,
                members,
                text[begin:],
                box,
                size,
                begin,
                all(page.words[w].bold for w in members),
            )
        )
    whole = union(s.box for s in segments)
    sure = all(page.words[w].score == 1.0 for w in words)
    return Row(
        position,
        page.index,
        index,
        tuple(segments),
        text,
        tuple(words),
        tuple(starts),
        whole,
        page.words,
        sure,
    )


Neighbours = dict[int, tuple[Segment, ...]]


def _vertical(rows: Sequence[Row]) -> tuple[Neighbours, Neighbours]:
    """For each segment the nearest ones above and below that it shares a stretch with."""
    above: dict[int, list[Segment]] = {}
    below: dict[int, list[Segment]] = {}
    edges = [[(s.box.x0, s.box.x1, s) for s in row.segments] for row in rows]
    for i, row in enumerate(edges):
        for x0, x1, segment in row:
            found: list[Segment] = []
            for upper in range(i - 1, max(-1, i - 13), -1):
                for u0, u1, s in edges[upper]:
                    if u0 >= x1:
                        break  # they stand from left to right
                    shared = (x1 if x1 < u1 else u1) - (x0 if x0 > u0 else u0)
                    if shared > 0 and shared > 0.15 * min(x1 - x0, u1 - u0):
                        found.append(s)
                if len(found) >= 3:
                    break
            above[segment.index] = found[:3]
            for s in found[:3]:
                below.setdefault(s.index, []).append(segment)
    return (
        {k: tuple(v) for k, v in above.items()},
        {s.index: tuple(below.get(s.index, ())[:3]) for row in rows for s in row.segments},
    )


def _blocks(page: PageLayout) -> tuple[Block, ...]:
    after: dict[int, Segment] = {}
    for segment in page.segments:
        upper = page.above(segment)
        if upper and _stacked(upper[0], segment) and upper[0].index not in after:
            after[upper[0].index] = segment
    inner = {s.index for s in after.values()}
    blocks: list[Block] = []
    for segment in page.segments:
        if segment.index in inner:
            continue
        chain = [segment]
        while (following := after.get(chain[-1].index)) is not None:
            chain.append(following)
        blocks.append(Block(page.position, len(blocks), tuple(chain), union(s.box for s in chain)))
    return tuple(blocks)


def _stacked(upper: Segment, lower: Segment) -> bool:
    """Close, of like size, and aligned left, centred or right."""
    size = max(upper.size, lower.size)
    gap = lower.box.y0 - upper.box.y1
    if gap > 0.9 * size or max(upper.size, lower.size) > 1.5 * min(upper.size, lower.size):
        return False
    edges = (upper.box.x0 - lower.box.x0, upper.box.x1 - lower.box.x1, upper.box.cx - lower.box.cx)
    return min(abs(e) for e in edges) < 1.2 * size
