"""Names and addresses of parties, with and without headings, and whose part of the page is whose.

Called by `candidates`. A *region* is the stretch of a page that a heading such as "Bill to" opens. A *party* is
an address with the name above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.asked.whose import ROLES
from paperclerk.engines.embedded.page.addresses import (
    address_likeness,
    city_behind_street,
    has_postcode,
    is_contact,
    is_place,
    names_street,
)
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import PageLayout, Segment
from paperclerk.engines.embedded.page.names import has_legal_form, is_care_of, is_salutation, name_likeness


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A stretch of a page that belongs to a party, and the label that says so."""

    role: str
    page: int
    box: Box
    label: Label


@dataclass(frozen=True, slots=True, eq=False)
class Party:
    """An address and the name above it. `lines` are those of the address, `name` may cover two segments."""

    page: int
    name: tuple[Segment, ...]
    lines: tuple[Segment, ...]
    strength: float
    box: Box


def salutes(facts: Facts, label: Label) -> bool:
    """Whether a word is but how an addressee is called, over name and address: `Firma`."""
    if label.colon or not label.whole or not is_salutation(label.text):
        return False
    lines = facts.layout.pages[label.row.page].block_of(label.segment).segments
    return lines[0] is label.segment and any(has_postcode(s.text) for s in lines[2:5])


def regions(facts: Facts) -> list[Region]:
    """What headings open: below a heading that stands alone, or right of one that a value follows."""
    found: list[Region] = []
    for label in facts.labels:
        role = _heading(label)
        if role is None:
            continue
        page = facts.layout.pages[label.row.page]
        found.append(Region(role, label.row.page, _extent(facts, page, label), label))
    return found


BAR = 0.6  # of the page's width
OWNED = "of "  # begins the roles of those whom only the schema names


def owned_regions(facts: Facts, owner: Set[str], role: str) -> list[Region]:
    """What headings open that name somebody no known role stands for: "Emergency contact"."""
    return [
        Region(role, label.row.page, _extent(facts, facts.layout.pages[label.row.page], label), label)
        for label in facts.labels
        if label.whole
        and not label.colon
        and owner <= set(label.stems)
        and len(label.stems) <= len(owner) + 2
    ]


def _heading(label: Label) -> str | None:
    if not (label.whole or label.colon):
        return None
    best = max(((v, c) for c, v in label.concepts.items() if c in ROLES), default=(0.0, ""))
    top = max(label.concepts.values(), default=0.0)
    named = label.concepts.keys() & {"person_name", "first_name", "last_name", "address"}
    if label.numbered and named and best[0] >= 0.3:  # "e Employee's first name and initial" on a form
        return best[1]
    return best[1] if best[0] >= 0.75 and best[0] >= top else None


def _extent(facts: Facts, page: PageLayout, label: Label) -> Box:
    """From the heading down to the next heading or a wide gap; to the right up to the next column."""
    box = label.row.box_of(label.start, label.end)
    size = max(1.0, label.segment.size)
    right = page.page.width
    for segment in label.row.segments:
        if segment.box.x0 > box.x1 + size:
            head = facts.label_of(segment)
            part = head is not None and head.concepts.keys() & {"person_name", "address", "contact_person"}
            if head is not None and (head.sure or head.whole) and not part:
                right = segment.box.x0 - 1
                break
    bar = facts.box_around(label.segment)
    if bar is not None and bar.width > BAR * page.page.width and len(label.row.segments) == 1:
        right = bar.x1  # the bar over a section of a form
    else:
        right = min(right, _next_column(facts, page, label, box, size))
    bottom, last = box.y1, box.y1
    caption = False  # whether the heading is a small one in a box, as on a form
    for row in page.rows[label.row.index + 1 : label.row.index + 16]:
        inside = [s for s in row.segments if s.box.x1 > box.x0 - size and s.box.x0 < right]
        if not inside:
            continue
        if row.box.y0 - last > 3.0 * size or (
            caption
            and last > box.y1
            and inside[0].size <= 1.05 * size
            and _ruled(page, box, last, inside[0].box.y0)
        ):
            break
        head = facts.label_of(inside[0])
        if (
            head is not None
            and head is not label
            and _heading(head)
            and head.segment.box.x0 < box.x0 + 3 * size
        ):
            break
        if last > box.y1 and _alike(label.segment, inside[0]) and len(row.segments) == 1:
            break
        bottom = last = max(s.box.y1 for s in inside)
        caption = caption or size < 0.9 * inside[0].size
    return Box(box.x0 - size, box.y0 - 1, right, bottom + 1)


def _alike(heading: Segment, line: Segment) -> bool:
    """Whether a line is set as a heading is, in a way that other text is not: in capitals throughout."""
    return (
        heading.text.isupper()
        and line.text.isupper()
        and heading.bold == line.bold
        and abs(heading.size - line.size) < 0.1 * heading.size
        and abs(heading.box.x0 - line.box.x0) < heading.size
        and not any(c.isdigit() for c in line.text)
    )


def _ruled(page: PageLayout, heading: Box, top: float, bottom: float) -> bool:
    """Whether a line is drawn between two lines of a region: the end of a form's box."""
    return any(
        r.height < 3
        and r.width > heading.width
        and r.overlap_x(heading) > 0
        and top - 1 <= r.cy <= bottom + 2
        for r in page.page.rules
    )


def _next_column(facts: Facts, page: PageLayout, label: Label, box: Box, size: float) -> float:
    """Where a second column of lines begins beside the lines under a heading; labels and their values are one."""
    starts: list[float] = []
    for row in page.rows[label.row.index + 1 : label.row.index + 9]:
        own = [s for s in row.segments if s.box.x0 < box.x0 + 4 * size and s.box.x1 > box.x0]
        other = (
            [s for s in row.segments if s.box.x0 > max(box.x0 + 8 * size, own[0].box.x1 + 2 * size)]
            if own
            else []
        )
        if not own or not other:
            continue
        head = facts.label_of(own[0])
        if head is not None and (head.colon or head.likeness >= 0.9):
            break
        starts.append(other[0].box.x0)
    return min(starts) - 1 if len(starts) >= 2 else page.page.width


def role_at(found: Sequence[Region], page: int, box: Box) -> str | None:
    """The party whose region a box lies in: the smallest that holds its centre."""
    holding = [
        r for r in found
        if r.page == page and r.box.x0 <= box.cx <= r.box.x1 and r.box.y0 <= box.cy <= r.box.y1
    ]  # fmt: skip
    return min(holding, key=lambda r: r.box.area).role if holding else None


def parties(facts: Facts, *, pages: int = 3) -> list[Party]:
    """Addresses of the first pages with the name above each, best first."""
    found: list[Party] = []
    for page in facts.layout.pages[:pages]:
        for lines in _stacks(page):
            for stack in _apart(facts, lines):
                found += _parties_of(facts, page, stack)
    return sorted(found, key=lambda p: -p.strength)


def _apart(facts: Facts, lines: Sequence[Segment]) -> Iterator[list[Segment]]:
    """The lines by the box of a form, or the caption, that they are filled into, without captions."""
    over: Segment | None = None  # the last caption
    stack: list[Segment] = []
    place: tuple[Box | None, Segment | None] = (None, None)
    for line in lines:
        if facts.caption(line) is not None:
            over = line
            continue
        here = (facts.box_around(line), over)
        if stack and here != place:
            yield stack
            stack = []
        stack.append(line)
        place = here
    if stack:
        yield stack


def _stacks(page: PageLayout) -> list[list[Segment]]:
    """Blocks, joined where the next one goes on at the same left edge after little more than a blank line."""
    stacks: dict[int, list[Segment]] = {}
    inner: set[int] = set()
    for block in page.blocks:
        for lines in _unlabelled(page, block.segments):
            stacks[lines[0].index] = lines
    for first in list(stacks):
        lines = stacks[first]
        while True:
            last = lines[-1]
            below = page.below(last)
            if (
                not below
                or below[0].index not in stacks
                or below[0].index in inner
                or below[0].index == first
            ):
                break
            lower, size = below[0], max(1.0, last.size)
            gap = lower.box.y0 - last.box.y1
            if (
                gap > 2.2 * size
                or abs(lower.box.x0 - last.box.x0) > 0.6 * size
                or not 0.7 < lower.size / size < 1.4
                or _answers(page, lower)
            ):
                break
            inner.add(lower.index)
            lines += stacks[lower.index]
    return [lines for first, lines in stacks.items() if first not in inner]


def _unlabelled(page: PageLayout, lines: Sequence[Segment]) -> list[list[Segment]]:
    """The lines of a block; apart where each answers a label of its own to its left."""
    parts: list[list[Segment]] = [[]]
    for line in lines:
        if parts[-1] and _answers(page, line):
            parts.append([])
        parts[-1].append(line)
    return parts


def _answers(page: PageLayout, line: Segment) -> bool:
    """Whether a line stands right of a label that ends in a colon."""
    row = page.row_of(line).segments
    at = row.index(line)
    return at > 0 and row[at - 1].text.endswith(":")


def _parties_of(facts: Facts, page: PageLayout, lines: Sequence[Segment]) -> list[Party]:
    likeness = [address_likeness(s.text) for s in lines]
    found: list[Party] = []
    i = 0
    while i < len(lines):
        if (likeness[i] < 0.4 and not _opens(lines, likeness, i)) or (
            has_legal_form(lines[i].text) and likeness[i] < 0.6 and not lines[i].text[:1].isdigit()
        ):
            i += 1
            continue
        first = i
        last = i
        while i + 1 < len(lines) and _goes_on(lines, likeness, first, i + 1):
            i += 1
            if likeness[i] > 0:
                last = i
        last = _with_city(lines, last)
        if first < last and _is_no_street(lines[first].text) and _is_street(lines[first + 1].text):
            first += 1  # "Plant 2" over "220 Rail Road" is a name
        run = tuple(lines[first : last + 1])
        total = sum(likeness[first : last + 1])
        if (
            total >= 0.8
            or has_postcode(" ".join(s.text for s in run))
            or any(city_behind_street(s.text) for s in run)
        ):
            name = _name_above(facts, page, lines, first)
            box = Box(
                min(s.box.x0 for s in (*name, *run)), min(s.box.y0 for s in (*name, *run)),
                max(s.box.x1 for s in (*name, *run)), max(s.box.y1 for s in (*name, *run)),
            )  # fmt: skip
            found.append(Party(page.position, name, run, min(1.0, total / 2), box))
        i += 1
    return found


def _is_no_street(text: str) -> bool:
    return not names_street(text) and not text[:1].isdigit() and not has_postcode(text)


def _is_street(text: str) -> bool:
    return names_street(text) and (text[:1].isdigit() or text[-1:].isdigit())


def _opens(lines: Sequence[Segment], likeness: Sequence[float], at: int) -> bool:
    """Whether a line with a house number opens an address: a postcode stands in one of the next two lines."""
    return likeness[at] >= 0.25 and any(has_postcode(s.text) for s in lines[at + 1 : at + 3])


def _goes_on(lines: Sequence[Segment], likeness: list[float], first: int, at: int) -> bool:
    text = lines[at].text
    if any(has_postcode(s.text) for s in lines[first:at]) and likeness[at] < 0.25:
        return False  # what follows the city is the next address
    if likeness[at] >= 0.25:
        return True
    if is_contact(text) or has_legal_form(text):
        return False
    ahead = at + 1 < len(lines) and likeness[at + 1] >= 0.35
    return ahead and len(text) < 45


def _with_city(lines: Sequence[Segment], last: int) -> int:
    """A last line of bare words after a comma, or a country, still belongs to the address."""
    if last + 1 < len(lines):
        text = lines[last + 1].text.strip(" .,")
        plain = text.replace(" ", "").isalpha() and len(text.split()) <= 3
        if plain and (lines[last].text.rstrip().endswith(",") or is_place(text)):
            return last + 1
    return last


def _is_heading(facts: Facts, segment: Segment) -> bool:
    head = facts.label_of(segment)
    return head is not None and head.whole and max(head.concepts.values(), default=0.0) >= 0.75


def _name_above(facts: Facts, page: PageLayout, lines: Sequence[Segment], first: int) -> tuple[Segment, ...]:
    above = [*lines[:first]]
    if not above:
        upper = page.above(lines[first])
        size = lines[first].size
        above = [s for s in upper[:1] if lines[first].box.y0 - s.box.y1 < 3 * size]
        if above:
            above = list(page.block_of(above[0]).segments)
            above = [s for s in above if s.box.y1 <= lines[first].box.y0 + 0.5 * size]
    full = max((i for i, s in enumerate(above) if has_postcode(s.text)), default=-1)
    above = above[full + 1 :]  # a line with a postcode ends another address
    above = [s for s in above if not is_care_of(s.text)]
    named = [s for s in above if name_likeness(s.text) >= 0.4 and not _is_heading(facts, s)]
    if not named:
        return ()
    legal = [s for s in named if has_legal_form(s.text)]
    return (legal[0] if legal else named[0],)
