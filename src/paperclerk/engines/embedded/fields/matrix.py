"""Which column beside a label is whose, where one label serves several: `Age | 34 | 31` under `Groom | Bride`.

Called by `ranking`.
"""

from __future__ import annotations

from collections.abc import Sequence

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import Row, Segment
from paperclerk.engines.embedded.words import phrases

REACH = 12  # rows over a label in which the heading of its columns stands


def column_of(facts: Facts, label: Label, profile: Profile) -> int | None:
    """Which of the values right of a label belongs to the object that the field is in, where there is one for each of
    the objects of its make, in columns with a heading; None where there is not."""
    row = label.row
    values = row.segments[row.segments.index(label.segment) + 1 :]
    if not profile.siblings or len(values) != len(profile.siblings):
        return None
    heading = _heading(facts, row, values)
    if heading is None:
        return None
    own = told_apart(profile)
    named = [i for i, s in enumerate(heading) if own & set(phrases.stems(s.text))]
    return named[0] if len(named) == 1 else profile.siblings.index(profile.field.path[-2])


def told_apart(profile: Profile) -> frozenset[str]:
    """The words of the field's object that those of the same make do not share."""
    own = phrases.stems(phrases.name_words(profile.field.path[-2]))
    others = (s for s in profile.siblings if s != profile.field.path[-2])
    return frozenset(own).difference(*(phrases.stems(phrases.name_words(s)) for s in others))


def _heading(facts: Facts, row: Row, values: Sequence[Segment]) -> Sequence[Segment] | None:
    """The words over the columns, beside which nothing stands over the labels."""
    for upper in reversed(facts.layout.pages[row.page].rows[max(0, row.index - REACH) : row.index]):
        aligned = len(upper.segments) == len(values) and all(
            abs(a.box.x0 - b.box.x0) < a.size for a, b in zip(upper.segments, values, strict=True)
        )
        if aligned and not any(c.isdigit() for c in upper.text):
            return upper.segments
    return None
