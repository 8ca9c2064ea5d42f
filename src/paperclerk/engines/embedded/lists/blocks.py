"""Arrays printed as blocks of labelled lines, one after the other: each medicine with its dose and its refills.
Called by the engine where no table holds the array.

The labels of the properties repeat; a block runs from the first of them, or the numbered line over it, to the next.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.asked.profile import Profile, profile
from paperclerk.engines.embedded.fields.candidates import from_label
from paperclerk.engines.embedded.fields.slots import slots
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import Row
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.words import phrases
from paperclerk.schemas.compiled import Field

FITS = 0.75
SURE = 0.75
_NUMBERED = re.compile(r"\s*(?:#\s*)?\d{1,2}[.)]?\s+(?=[^\W\d])")
_MEASURE = re.compile(r"\d[\d.,/]*\s?[^\W\d]{1,4}\b")
Spot = tuple[int, int]  # page, row


def rows(facts: Facts, array: Field) -> list[Tree]:
    """The elements, where labels of two properties or more stand on the pages several times."""
    element = array.items
    if element is None or element.kind != "object":
        return []
    asked = {c.name: profile(c) for c in element.children if c.kind in ("string", "number", "integer")}
    repeated = _repeated(facts, asked)
    if len(repeated) < 2:
        return []
    count = Counter(len(v) for v in repeated.values()).most_common(1)[0][0]
    first = min((v for v in repeated.values() if len(v) == count), key=lambda v: _spot(v[0]))
    starts = [_start(facts, label) for label in first]
    ends = [*starts[1:], (len(facts.layout.pages), 0)]
    return [
        _element(facts, element, asked, repeated, start, end) for start, end in zip(starts, ends, strict=True)
    ]


def _spot(label: Label) -> Spot:
    return label.row.page, label.row.index


def _repeated(facts: Facts, asked: Mapping[str, Profile]) -> dict[str, list[Label]]:
    """For each property the labels of one wording that name it, where there are several."""
    found: dict[str, list[Label]] = {}
    for name, wanted in asked.items():
        by_text: dict[str, list[Label]] = defaultdict(list)
        for label, fit, _ in facts.matcher.matches(wanted):
            if fit >= FITS and label.colon:
                by_text[phrases.key(label.text)].append(label)
        own = phrases.stems(phrases.name_words(name))  # whoever the list is of: its blocks say just "Name"
        for label in facts.labels:
            if label.colon and label.stems == own and label not in by_text[phrases.key(label.text)]:
                by_text[phrases.key(label.text)].append(label)
        most = max(by_text.values(), key=len, default=[])
        if len(most) >= 2:
            found[name] = sorted(most, key=_spot)
    return found


def _start(facts: Facts, label: Label) -> Spot:
    """The numbered line over a label, or the label's own."""
    page = facts.layout.pages[label.row.page]
    for row in reversed(page.rows[max(0, label.row.index - 2) : label.row.index]):
        if _NUMBERED.match(row.text):
            return row.page, row.index
    return _spot(label)


def _element(
    facts: Facts,
    element: Field,
    asked: Mapping[str, Profile],
    repeated: Mapping[str, Sequence[Label]],
    start: Spot,
    end: Spot,
) -> Tree:
    made: dict[str, Tree] = {}
    for child in element.children:
        label = next((x for x in repeated.get(child.name, ()) if start <= _spot(x) < end), None)
        made[child.name] = _value(facts, asked[child.name], label) if label else empty(child)
    head = facts.layout.pages[start[0]].rows[start[1]]
    free = [c for c in element.children if c.kind == "string" and c.name not in repeated]
    if _NUMBERED.match(head.text):
        for child, leaf in zip(free, _named(head), strict=False):
            made[child.name] = leaf
    return made


def _value(facts: Facts, wanted: Profile, label: Label) -> Leaf:
    """What stands behind a label or right of it."""
    near = [s for s in slots(facts, label, False) if s.direction in ("same", "right") and not s.steps]
    found = [c for slot in near for c in from_label(facts, wanted, label, 1.0, slot)]
    best = max(found, key=lambda c: c.score, default=None)
    return Leaf(best.value, best.spans, SURE) if best is not None and best.value is not None else ABSENT


def _named(head: Row) -> list[Leaf]:
    """What a numbered line names, and the measure behind it: `1. Lisinopril 10 mg tablets`."""
    mark = _NUMBERED.match(head.text)
    start = mark.end() if mark else 0
    measure = _MEASURE.search(head.text, start)
    end = measure.start() if measure else head.segment_at(start).end
    name = head.text[start:end].rstrip(" ,:-\t")
    found = [Leaf(name, (head.span(start, start + len(name)),), SURE)] if name else []
    if measure:
        found.append(Leaf(measure.group(), (head.span(*measure.span()),), SURE))
    return found
