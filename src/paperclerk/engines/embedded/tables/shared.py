"""Cells that hold two properties: `10,00 Unit(s)`, `[SEC-PRO22] Secateurs`, `2 Espresso`. Called by `arrays`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paperclerk.domain.result import ABSENT, Leaf
from paperclerk.engines.embedded.tables.cells import text_of
from paperclerk.engines.embedded.tables.columns import Path, Place
from paperclerk.engines.embedded.tables.records import Record, cell_text
from paperclerk.schemas.compiled import Field

SURE = 0.8
_UNIT = re.compile(r"[-\d.,]*\d\s?([^\W\d][\w()./²³]{0,12}(?: [a-z]{2,8})?)$")
_REFERENCE = re.compile(r"[\[(]([^\s\])]*[\d-][^\s\])]*)[\])]\s+(.+)")
_COUNTED = re.compile(r"(\d{1,3})\s*([x×X])?\s+([^\W\d].*)")


@dataclass(frozen=True)
class Share:
    """What a property takes of the cells at `place`: the group `part` of `form`."""

    place: Place
    form: re.Pattern[str]
    part: int

    def leaf(self, field: Field, record: Record) -> Leaf:
        """The property of one row; ABSENT where its cell has no such part."""
        text = text_of(cell_text(record, self.place))
        match = self.form.match(text.text)
        if match is None:
            return ABSENT
        value = match[self.part]
        return text.leaf(int(value) if field.kind != "string" else value, *match.span(self.part), SURE)


def shares(
    roles: Mapping[str, Field], places: Mapping[Path, Place], records: Sequence[Record]
) -> dict[Path, Share]:
    """The properties without a column of their own that most cells of another's say as well, and that other one.
    `roles` has the property that speaks most clearly of each role."""
    found: dict[Path, Share] = {}
    for role, host, form in (
        ("unit", "quantity", _UNIT),
        ("sku", "description", _REFERENCE),
        ("quantity", "description", _COUNTED),
    ):
        field, of = roles.get(role), roles.get(host)
        if field is None or of is None or field.path in places or of.path not in places or of.path in found:
            continue
        place = places[of.path]
        cells = [text_of(c).text for r in records if (c := cell_text(r, place))]
        matches = [m for c in cells if (m := form.match(c))]
        if 2 * len(matches) <= len(cells) or (form is _COUNTED and not _count(matches)):
            continue
        found[field.path] = Share(place, form, 1)
        if form is not _UNIT:
            found[of.path] = Share(place, form, form.groups)
    return found


def _count(matches: Sequence[re.Match[str]]) -> bool:
    """Whether numbers in front of names count things: they neither number the rows nor belong to the names."""
    given = [int(m[1]) for m in matches]
    numbering = len(given) > 2 and all(b == a + 1 for a, b in itertools.pairwise(given))
    return not numbering and (len(set(given)) < len(given) or all(m[2] for m in matches))
