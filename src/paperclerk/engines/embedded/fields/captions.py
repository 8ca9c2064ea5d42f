"""What a label stands over or beside: its value, a table, running text, another caption. Called by `candidates`."""

from __future__ import annotations

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.slots import Slot
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import NUMBERING, Label
from paperclerk.engines.embedded.page.layout import Row, Segment

RUNNING = 9  # words at most of a line that heads something without a colon
PHRASE = 6  # words at most of what is no sentence, so that a full stop behind it is not its own


def is_sentence(label: Label) -> bool:
    """Whether words say all themselves, and head nothing: `The reason is a strike.`"""
    words = len(label.text.split())
    return (label.text.endswith(".") and words > PHRASE) or (
        words > RUNNING and not label.colon and not label.text.endswith("?")
    )


def in_table_head(facts: Facts, label: Label) -> bool:
    """Whether a label is a cell of a table's heading: beside others, over two rows of as many values, no labels."""
    page = facts.layout.pages[label.row.page]
    head, *body = page.rows[label.row.index : label.row.index + 3]
    width = len(head.segments)
    if not label.whole or label.colon or width < 3 or len(body) < 2:
        return False
    if any(len(r.segments) != width for r in body) or any(c.isdigit() for c in head.text):
        return False
    aligned = all(
        abs(a.box.x0 - b.box.x0) < a.size
        for r in body for a, b in zip(head.segments, r.segments, strict=True)
    )  # fmt: skip
    heads = [facts.label_of(s) for r in body for s in r.segments]
    return aligned and not any(h is not None and (h.colon or h.sure) for h in heads)


def over_its_value(facts: Facts, label: Label) -> bool:
    """Whether a numbered caption stands above its value: what follows below is no caption of the same list."""
    if not label.numbered:
        return False
    below = facts.layout.pages[label.row.page].below(label.segment)
    head = facts.label_of(below[0]) if below else None
    return (head is None or not head.numbered) and not (below and NUMBERING.match(below[0].text))


def heads_table(facts: Facts, label: Label) -> bool:
    """Whether a label is one of many in a row, over rows with as many values."""
    rows = facts.layout.pages[label.row.page].rows[label.row.index : label.row.index + 3]
    return len(rows) == 3 and min(len(r.segments) for r in rows) >= 4


def _paired(facts: Facts, label: Label) -> bool:
    """Whether a label stands in a column of labels, each with its value beside it."""
    page = facts.layout.pages[label.row.page]
    segment = label.segment
    near = [*page.above(segment)[:1], *page.below(segment)[:1]]
    for other in near:
        head = facts.label_of(other)
        aligned = abs(other.box.x0 - segment.box.x0) < 0.3 * segment.size
        if head is None or not aligned or not head.whole or head.likeness < 0.6:
            continue
        right, beside = page.right_of(segment), page.right_of(other)
        if right and beside and abs(right.box.x0 - beside.box.x0) < 0.3 * segment.size:
            return True
    return False


def is_caption(facts: Facts, label: Label, slot: Slot) -> bool:
    """Whether label and slot are captions side by side, each with something of its own right below."""
    if label.colon or not label.whole or _paired(facts, label):
        return False
    page = facts.layout.pages[label.row.page]
    if _over_a_row(facts, label.row):
        return True
    counted = True
    for segment in (label.segment, slot.row.segment_at(slot.start)):
        below = page.below(segment)
        filled = bool(below) and (
            any(c.isdigit() for c in below[0].text) or below[0].size > 1.2 * segment.size
        )
        counted = counted and filled
        if not below:
            return False
        size = max(1.0, segment.size)
        head = facts.label_of(below[0])
        if (
            below[0].box.y0 - segment.box.y1 > 1.2 * size
            or abs(below[0].box.x0 - segment.box.x0) > 0.6 * size
        ):
            return False
        if head is not None and head.whole and head.likeness >= 0.9:
            return False  # one label below the other: the values stand to the right
    other = facts.label_of(slot.row.segment_at(slot.start))
    beside = slot.row.segment_at(slot.start)
    alike = (
        label.segment.text.isupper() and beside.text.isupper() and abs(beside.size - label.segment.size) < 0.5
    )
    return other is not None and other.whole and (other.likeness >= 0.5 or counted or alike)


def _over_a_row(facts: Facts, row: Row) -> bool:
    """Whether a row is mostly labels, each with a value right below it, as on a strip of conditions of an order."""
    following = facts.layout.pages[row.page].rows[row.index + 1 : row.index + 2]
    if len(row.segments) < 4 or not following or len(following[0].segments) != len(row.segments):
        return False
    pairs = list(zip(row.segments, following[0].segments, strict=True))
    near = following[0].box.y0 - row.box.y1 < 1.2 * row.segments[0].size
    aligned = all(abs(a.box.x0 - b.box.x0) < 0.6 * a.size for a, b in pairs)
    upper, lower = (sum(_is_label(facts, s) for s in r.segments) for r in (row, following[0]))
    return near and aligned and 2 * upper > len(pairs) > 2 * lower


def _is_label(facts: Facts, segment: Segment) -> bool:
    head = facts.label_of(segment)
    return head is not None and head.whole and head.likeness >= 0.5


def over_a_paragraph(facts: Facts, label: Label) -> bool:
    """Whether a label is the heading of running text: what stands right of it is another column."""
    page = facts.layout.pages[label.row.page]
    below = page.below(label.segment)
    return (
        not label.colon
        and label.whole
        and bool(below)
        and len(below[0].words) >= 7
        and abs(below[0].box.x0 - label.segment.box.x0) < 2 * below[0].size
        and below[0].box.y0 - label.segment.box.y1 < 1.5 * label.segment.size
    )


def heads_column(facts: Facts, profile: Profile, slot: Slot) -> bool:
    """Whether more of the same kind follows below: a table's column, no field of its own."""
    if profile.want == "id":
        return False
    page = facts.layout.pages[slot.row.page]
    at = slot.row.segment_at(slot.start)
    for _ in range(3):
        below = page.below(at)
        if not below or below[0].box.y0 - at.box.y1 > 4 * page.size:
            return False
        at = below[0]
        values = facts.values(facts.layout.row_of(at))
        kinds = values.dates if profile.want in ("date", "datetime") else values.numbers
        if any(at.start <= v.start < at.end for v in kinds):
            return True
    return False
