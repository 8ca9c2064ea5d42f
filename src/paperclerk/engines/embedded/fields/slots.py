"""Where the value of a label may stand: behind it, to its right, below or above it. Called by `candidates`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.page.compartments import Caption
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import Row, Segment
from paperclerk.engines.embedded.words.lexicon import kind_of

Direction = Literal["same", "right", "below", "above", "over"]  # over: a caption under its line
_LEAD = re.compile(
    r"(?:[\s:;=>|*_]|[.,](?!\d\d(?!\d))|[–—-](?!\s?[\d$€£(]))*(?:#\s*)?"
)  # a minus sign belongs to its amount

BESIDE = 12.0  # line heights: so near a value beside a label leaves nothing to look for below
_BRACKETS = re.compile(r"\s*\([^()\d]*\)")


@dataclass(frozen=True, slots=True)
class Slot:
    """Characters `start:end` of a row where a value may stand. `steps` counts segments or rows from the label,
    0 is next to it; `far` is the gap in line heights."""

    row: Row
    start: int
    end: int
    direction: Direction
    steps: int
    far: float


def slots(facts: Facts, label: Label, cut: bool, *, deep: bool = True) -> Iterator[Slot]:
    """The places that a label may speak of, nearest first. `deep` also looks under a caption that stands right
    below the label, as under a question."""
    caption = facts.caption(label.segment)
    if caption is not None:
        yield from _captioned(facts, label, caption)
        return
    yield from (s for s in _around(facts, label, cut, deep) if facts.caption(_segment(s)) in (None, caption))


def _segment(slot: Slot) -> Segment:
    return slot.row.segment_at(slot.start)


def _captioned(facts: Facts, label: Label, caption: Caption) -> Iterator[Slot]:
    """What is filled in over or under a caption: nothing else is spoken of."""
    rows: list[int] = []
    for segment in caption.filled:
        if segment.row not in rows:
            rows.append(segment.row)
        row = facts.layout.row_of(segment)
        start = _skip(row.text, segment.start, segment.end)
        far = max(0.0, (segment.box.y0 - label.segment.box.y1) / max(1.0, label.segment.size))
        if start < segment.end:
            way: Direction = "over" if caption.under else "below"
            yield Slot(row, start, segment.end, way, rows.index(segment.row), min(far, 0.8))


def _around(facts: Facts, label: Label, cut: bool, deep: bool) -> Iterator[Slot]:
    row, segment = label.row, label.segment
    begin = label.start + (label.cut or 0) if cut else label.end
    begin = _after_brackets(row.text, begin, segment.end)
    limit = _next_label(facts, label, segment.end)
    start = _skip(row.text, begin, limit)
    if start < limit and not _counted(label):
        yield Slot(row, start, limit, "same", 0, 0.0)
    if cut:
        return
    beside = [*_right(facts, label)] if limit >= segment.end else []
    yield from beside
    if label.colon and label.whole and any(s.far < BESIDE for s in beside[:1]):
        return  # what follows a colon on its line answers it
    box = row.box_of(label.start, label.end)
    lower = list(_below(facts, label, box, deep))
    yield from lower
    counted = any(c.isdigit() for c in row.text[segment.start : label.start])  # a form's "8 Allocated tips"
    if label.whole and not label.colon and not counted:
        yield from _above(facts, label, min((s.far for s in lower), default=9.0))


def _counted(label: Label) -> bool:
    """Whether words only say what the number before them counts: `3 pallets, 1,240 kg`."""
    before = label.row.text[label.segment.start : label.start].rstrip()
    return label.text.endswith(",") and before[-1:].isdigit()


def _skip(text: str, start: int, end: int) -> int:
    match = _LEAD.match(text, start, end)
    return match.end() if match else start


def _after_brackets(text: str, start: int, end: int) -> int:
    """Past a remark such as (RM) or (incl. GST) right behind the label."""
    match = _BRACKETS.match(text, start, end)
    return match.end() if match else start


def _next_label(facts: Facts, label: Label, end: int) -> int:
    """Where the next sure label of the same segment begins."""
    for other in facts.labels_in(label.row):
        if other.start > label.end and other.start < end and other.colon:
            return other.start
    return end


def _right(facts: Facts, label: Label) -> Iterator[Slot]:
    row = label.row
    edge = row.segments.index(label.segment)
    size = max(1.0, label.segment.size)
    steps = 0
    valued = False  # a value was passed: the next words are another label
    for segment in row.segments[edge + 1 :]:
        head = facts.label_of(segment)
        if head is not None and head.start <= segment.start + 4 and head.sure and (head.colon or head.whole):
            return
        counted = any(c.isdigit() for c in segment.text)
        if valued and head is not None and head.whole and not counted:
            return
        valued = valued or counted
        start = _skip(row.text, segment.start, segment.end)
        if start >= segment.end:
            continue
        end = segment.end
        for other in facts.labels_in(row):
            if start < other.start < end and other.colon:
                end = other.start
        yield Slot(row, start, end, "right", steps, (segment.box.x0 - label.segment.box.x1) / size)
        steps += 1


def _below(facts: Facts, label: Label, box: Box, deep: bool) -> Iterator[Slot]:
    page = facts.layout.pages[label.row.page]
    size = max(1.0, label.segment.size)
    right = page.right_of(label.segment)
    cell = right.box.x0 if right else page.page.width
    left = label.segment.box.x0 if label.whole else box.x0
    reach = min(cell, box.x1 + (25 if label.numbered else 3) * size) if label.whole else box.x1
    steps = 0
    for row in page.rows[label.row.index + 1 : label.row.index + 9]:
        far = (row.box.y0 - box.y1) / size
        if far > 5:
            return
        for segment in row.segments:
            indented = left - size <= segment.box.x0 < reach and segment.box.x1 < cell
            if not indented and not _under(box, segment.box, size):
                continue
            head = facts.label_of(segment)
            if head is not None and (head.sure or head.numbered) and (head.colon or head.whole):
                if deep and steps == 0 and len(label.stems) >= 3 and set(head.stems) <= set(label.stems):
                    yield from slots(facts, head, False, deep=False)
                return
            if head is not None and _answered(head, segment):
                return
            start = _skip(row.text, segment.start, segment.end)
            if start < segment.end:
                yield Slot(
                    row, start, segment.end, "below", steps, max(0.0, (segment.box.y0 - box.y1) / size)
                )
            steps += 1
            break
        if steps >= 2:
            return


def _answered(head: Label, line: Segment) -> bool:
    """Whether a line is a label and its value: `Total 12.00`."""
    known = any(v >= 0.95 and kind_of(c) in ("money", "date", "id") for c, v in head.concepts.items())
    rest = head.row.text[head.end : line.end].strip()
    return known and head.start == line.start and rest[:1].isdigit()


def _under(upper: Box, lower: Box, size: float) -> bool:
    """Shares a stretch, and left, right or centre edges are near: no neighbour column that happens to reach in."""
    if upper.overlap_x(lower) <= 0:
        return False
    near = min(abs(upper.x0 - lower.x0), abs(upper.x1 - lower.x1), abs(upper.cx - lower.cx))
    return near < 4 * size or (lower.x0 >= upper.x0 - size and lower.x1 <= upper.x1 + size)


def _above(facts: Facts, label: Label, below: float) -> Iterator[Slot]:
    """`below` is how far the nearest value below is: a small caption is that of the nearer one."""
    page = facts.layout.pages[label.row.page]
    size = max(1.0, label.segment.size)
    for segment in page.above(label.segment)[:1]:
        far = (label.segment.box.y0 - segment.box.y1) / size
        if far < 1.5 and _under(label.segment.box, segment.box, size):
            caption = label.segment.size < 0.85 * segment.size and 2 * max(0.0, far) < below
            way: Direction = "over" if caption else "above"
            yield Slot(facts.layout.row_of(segment), segment.start, segment.end, way, 0, max(0.0, far))
