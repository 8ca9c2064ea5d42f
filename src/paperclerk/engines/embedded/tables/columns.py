"""Finds the heading of a table for the properties of an array, and the columns below it. Called by `records`."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from paperclerk.domain.geometry import Box, union
from paperclerk.engines.embedded.tables.cells import has_letters
from paperclerk.engines.embedded.tables.naming import Naming, called, naming_of
from paperclerk.engines.embedded.tables.roles import fold, roles_of_field, roles_of_label, words_of
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.tables.years import when, year_in
from paperclerk.engines.embedded.words.vocabulary import phrases, words
from paperclerk.schemas.compiled import Field

NO_HEADING = re.compile(r"^[\W\d_]*$|\d{4,}")
LEAST_MATCH = 0.5
SAID = 0.95
RATED = 0.7  # a rate by the `%` in its cells
DATED = 0.9  # `prior` under the year before
MOSTLY = 0.5
ORDERED = 0.6  # a match by the order of the columns alone

Path = tuple[str, ...]  # Field.path


@dataclass(frozen=True)
class Label:
    """One line of a heading: its words, and which line of the heading it stands on."""

    text: str
    line: int


@dataclass(frozen=True)
class Column:
    """A column of a table: what its heading says, and its borders."""

    labels: tuple[Label, ...]
    box: Box
    x0: float = 0.0
    x1: float = 0.0

    @cached_property
    def text(self) -> str:
        return " ".join(lab.text for lab in self.labels)


@dataclass(frozen=True)
class Place:
    """Where the value of a property stands: column, and line of the cell (None: the whole cell)."""

    column: int
    line: int | None
    match: float


@dataclass(frozen=True)
class Heading:
    """The strips `first..last` of a page that name the columns, and the place of each property."""

    page: int
    first: int
    last: int
    columns: tuple[Column, ...]
    places: Mapping[Path, Place]
    score: float

    @cached_property
    def signature(self) -> str:
        return "|".join(fold(c.text) for c in self.columns if c.text not in (NUMBERED, UNNAMED))


def headings(page: int, strips: Sequence[Strip], fields: Sequence[Field]) -> list[Heading]:
    """Every group of strips of a page that names at least two of the properties, best first."""
    found: list[Heading] = []
    least, dated, naming = min(2, len(fields)), _is_dated(fields), naming_of(fields)
    for i, strip in enumerate(strips if fields else ()):
        if len(strip.pieces) < least or strip.is_body:
            continue
        named = (p for p in strip.pieces if _names_any(p.text, naming, dated))
        if len(list(itertools.islice(named, least))) < least:
            continue
        first, last = _extent(strips, i)
        if any(h.first == first and h.last == last for h in found):
            continue
        columns = _columns(strips[first : last + 1], strips[last + 1 : last + 16], fields)
        places = assign(fields, columns)
        if len(places) >= least:
            found.append(Heading(page, first, last, columns, places, sum(p.match for p in places.values())))
    return sorted(found, key=lambda h: -h.score)


def _is_dated(fields: Sequence[Field]) -> bool:
    """Whether properties are called by when they are; figures by segment have to add up instead."""
    parts = phrases("segment")["part"]
    return any(when(f.name) in (0, 1) for f in fields) and not any(words_of(f.name) in parts for f in fields)


def _names_any(text: str, naming: Naming, dated: bool) -> bool:
    return (dated and year_in(text) is not None) or naming.best(text) >= LEAST_MATCH


def _extent(strips: Sequence[Strip], at: int) -> tuple[int, int]:
    """Widens a heading over the strips that belong to it: close by, and naming things, not values."""
    first = last = at
    while first > 0 and _joins(strips[first - 1], strips[first : last + 1], upwards=True):
        first -= 1
    while last + 1 < len(strips) and _joins(strips[last + 1], strips[first : last + 1], upwards=False):
        last += 1
    return first, last


def _joins(strip: Strip, block: Sequence[Strip], *, upwards: bool) -> bool:
    box = union(s.box for s in block)
    gap = box.y0 - strip.box.y1 if upwards else strip.box.y0 - box.y1
    size = min(strip.size, block[0].size)
    if gap > 0.45 * size or strip.is_body or _ruled_between(strip, box, upwards=upwards):
        return False
    if any(NO_HEADING.search(p.text) for p in strip.pieces):
        return False
    if _is_apart(strip, block, upwards=upwards):
        return False
    inner = [p for s in block for p in s.pieces]
    for piece in strip.pieces:
        under = _stacks(sorted((p.box for p in inner if _shares(p.box, piece.box)), key=lambda b: b.x0))
        if under > 1 or len(piece.text.split()) > 4:
            return False
        if under == 0 and gap > 0.1 * size:
            return False
    return True


def _is_apart(strip: Strip, block: Sequence[Strip], *, upwards: bool) -> bool:
    """Whether type tells that a line is no part of a heading: a title over it, a part or a row of the table below."""
    head = block[0]
    if upwards:
        numbered = len(strip.words) > 2 and any(c.isdigit() for c in strip.text)  # "Event 3 Boys Free"
        return len(strip.pieces) == 1 and (strip.size > LARGER * head.size or numbered)
    bold = [all(s.page.words[w].bold for w in s.words) for s in (head, strip)]
    part = len(strip.pieces) == 1 and strip.text.isupper() and not head.text.isupper()
    return bold == [True, False] or (part and len(head.pieces) > 2)


LARGER = 1.15


def _stacks(boxes: Sequence[Box]) -> int:
    """How many separate stretches boxes, sorted by their left edge, cover."""
    count, reach = 0, float("-inf")
    for box in boxes:
        count += box.x0 > reach
        reach = max(reach, box.x1)
    return count


def _ruled_between(strip: Strip, box: Box, *, upwards: bool) -> bool:
    top, bottom = (strip.box.cy, box.y0 + 1) if upwards else (box.y1 - 1, strip.box.cy)
    return any(
        r.height < 3
        and r.width > 0.5 * box.width
        and top < r.cy < bottom
        and r.overlap_x(box) > 0.5 * box.width
        for r in strip.page.rules
    )


def _columns(block: Sequence[Strip], body: Sequence[Strip], fields: Sequence[Field]) -> tuple[Column, ...]:
    """Groups the pieces of a heading by the stretch they share; a piece over several columns names none."""
    under = _Body(
        tuple(p.box for s in body for p in s.pieces),
        tuple(b for s in body if len(s.pieces) > 1 for p in s.pieces for b in p.values),
    )
    pieces = [(k, q) for k, s in enumerate(block) for p in s.pieces for q in _split(p, under, fields)]
    groups: list[list[tuple[int, Piece]]] = []
    for k, piece in sorted(pieces, key=lambda kp: kp[1].box.width):
        over = [g for g in groups if any(_shares(piece.box, p.box) for _, p in g)]
        if not over:
            groups.append([(k, piece)])
        elif len(over) == 1:
            over[0].append((k, piece))
    made = []
    for group in groups:
        group.sort(key=lambda kp: (kp[1].box.cy, kp[1].box.x0))
        made.append(Column(tuple(Label(p.text, k) for k, p in group), union(p.box for _, p in group)))
    made.sort(key=lambda c: c.box.cx)
    before = _unheaded(made[0], body) if made else None
    return (before, *made) if before is not None else tuple(made)


def _unheaded(first: Column, body: Sequence[Strip]) -> Column | None:
    """A column in front of the first that has a heading: places of a list of results, numbers of lines, or names."""
    near = itertools.takewhile(
        lambda pair: pair[1].box.y0 - pair[0].box.y1 < APART * pair[0].size, itertools.pairwise(body)
    )
    own = itertools.takewhile(
        lambda s: s.pieces[0].text != first.labels[0].text, [*body[:1], *(lower for _, lower in near)]
    )
    rows = [s for s in own if len(s.pieces) > 2][:FEW]
    before = [s.pieces[0] for s in rows if s.pieces[0].box.x1 < first.box.x0]
    under = sum(any(_shares(p.box, first.box) for p in s.pieces[1:]) for s in rows)
    counts = [p for p in before if _COUNT.fullmatch(p.text)]
    names = [p for p in before if has_letters(p.text, 3)] if under >= 0.8 * len(rows) else []
    for label, found in ((NUMBERED, counts), (UNNAMED, names)):
        if len(rows) > 1 and len(found) >= 0.8 * len(rows):
            return Column((Label(label, 0),), union(p.box for p in found))
    return None


NUMBERED, UNNAMED = "#", ""  # stand for a heading that is not printed
FEW = 6
APART = 2.0  # sizes between two lines: another table
_PLACES = frozenset(words("place rank position pos placing standing number no line platz rang"))
_COUNT = re.compile(r"\d{1,3}[.)]?")


@dataclass(frozen=True)
class _Body:
    """What stands under a heading: the boxes of all pieces, and of the values of rows that have several."""

    pieces: tuple[Box, ...]
    values: tuple[Box, ...]


def _under(piece: Piece, boxes: Sequence[Box]) -> list[Box]:
    """Those of the boxes that share a stretch with a piece from left to right."""
    x0, x1 = piece.box.x0, piece.box.x1
    return [b for b in boxes if b.x0 < x1 and b.x1 > x0 and b.overlap_x(piece.box) > 0]


def _split(piece: Piece, body: _Body, fields: Sequence[Field]) -> list[Piece]:
    """Cuts a heading such as `Qty Unit price` that stands over several columns: where both parts are known
    headings, and where no value of the body is cut."""
    if len(piece.words) < 2 or not (below := _under(piece, body.values)):
        return [piece]
    words = piece.page.words
    inside = [b for b in _under(piece, body.pieces) if b.width < piece.box.width]
    narrow = sorted((b for b in below if b.width < piece.box.width), key=lambda b: b.x0)
    several = len(narrow) >= 2 and _stacks(narrow) >= 2
    best, most = 0, 0.0
    for k in range(1, len(piece.words)):
        left, right = Piece(piece.page, piece.words[:k]), Piece(piece.page, piece.words[k:])
        x = (words[piece.words[k - 1]].box.x1 + words[piece.words[k]].box.x0) / 2
        before, after = sum(1 for b in inside if b.x1 <= x + 2), sum(1 for b in inside if b.x0 >= x - 2)
        cut = sum(1 for b in below if b.x0 < x < b.x1) / len(below)
        between = min(before, after) >= 2 and cut < 0.5
        if not (between or several):
            continue
        known = _known(left.text, fields), _known(right.text, fields)
        if (between or min(known) >= 0.9) and sum(known) - 0.2 * cut > most:
            best, most = k, sum(known) - 0.2 * cut
    if not best:
        return [piece]
    parts = [Piece(piece.page, piece.words[:best]), Piece(piece.page, piece.words[best:])]
    whole = _known(piece.text, fields)
    return [q for p in parts for q in _split(p, body, fields)] if most >= 1.2 or not whole else [piece]


def _known(text: str, fields: Sequence[Field]) -> float:
    """How surely a text heads a column: known headings, or just what a property is called."""
    called = naming_of([f for f in fields if f.kind != "array"]).best(text)
    return max(*roles_of_label(text).values(), called if called >= SAID else 0.0, 0.0)


def _shares(a: Box, b: Box) -> bool:
    return a.overlap_x(b) > 0.3 * min(a.width, b.width)


@dataclass(frozen=True)
class Kinds:
    """The shares of the cells of a column that hold words, that hold digits, and that hold a `%`."""

    words: float
    digits: float
    percents: float = 0.0


Option = tuple[float, int, Field, Place]  # how well a column names a property, and where


def _options(fields: Sequence[Field], columns: Sequence[Column]) -> list[Option]:
    """Those that are likely enough."""
    options: list[Option] = []
    for field in fields:
        name = called(field)
        later = 0.01 if "line_total" in roles_of_field(field) else 0.0  # the last of several amounts
        place = field.kind == "integer" and not _PLACES.isdisjoint(words_of(field.name).split())
        for c, column in enumerate(columns):
            whole = RATED if place and column.text == NUMBERED else name.likeness(column.text) + later * c
            if whole >= LEAST_MATCH:
                options.append((whole, c, field, Place(c, None, whole)))
            for label in column.labels if len(column.labels) > 1 else ():
                part = name.likeness(label.text)
                if part - 0.01 >= LEAST_MATCH:
                    lines = sorted({lab.line for lab in column.labels})
                    apart = len(lines) > 1 and part > whole + 0.15 and field.kind not in ("number", "integer")
                    line = lines.index(label.line) if apart else None
                    options.append((part - 0.01, c, field, Place(c, line, part)))
    years = sorted({y for c in columns if (y := year_in(c.text)) is not None}, reverse=True)
    for field in fields if len(years) > 1 and _is_dated(fields) else ():
        if (back := when(field.name)) in (0, 1):
            at = next(c for c, column in enumerate(columns) if year_in(column.text) == years[back])
            options.append((DATED, at, field, Place(at, None, DATED)))
    return options


def may_name(fields: Sequence[Field], columns: Sequence[Column]) -> int:
    """The most properties that columns can be given by what they are called, and by the `%` in their cells."""
    named = {f.path for _, _, f, _ in _options(fields, columns)}
    return len(named | {f.path for f in fields if _is_rate(f)})


def _is_rate(field: Field) -> bool:
    return bool(_RATES & set(words_of(field.name).split()))


def assign(
    fields: Sequence[Field], columns: Sequence[Column], kinds: Mapping[int, Kinds] | None = None
) -> dict[Path, Place]:
    """Gives each property the column that names it best; a column serves one property (per line)."""
    options = _options(fields, columns)
    if kinds:
        options = [(m - _misfit(f, kinds.get(c)), c, f, p) for m, c, f, p in options]
        said = {c for match, c, _, _ in options if match >= LEAST_MATCH}
        options += [
            (RATED, c, f, Place(c, None, RATED))
            for f in fields
            for c, k in kinds.items()
            if k.percents > MOSTLY and c not in said and _is_rate(f)
        ]
    options.sort(key=lambda o: (-o[0], o[1]))
    places: dict[Path, Place] = {}
    taken: dict[tuple[int, int | None], tuple[Path, str]] = {}
    for match, _, field, place in options:
        named = field.path[:-1], field.name  # twins share it, and then their column
        if (
            match < LEAST_MATCH
            or field.path in places
            or taken.setdefault((place.column, place.line), named) != named
        ):
            continue
        places[field.path] = place
    return places | _left_over(fields, columns, places, kinds) if kinds else places


def _left_over(
    fields: Sequence[Field],
    columns: Sequence[Column],
    places: Mapping[Path, Place],
    kinds: Mapping[int, Kinds],
) -> dict[Path, Place]:
    """Columns that no name told, by order: schemas list properties as tables list columns, so as many properties as
    columns between two that are known belong to each other, and so do the last one of each."""
    taken = {p.column for p in places.values()}
    said = {role for f in fields if f.path in places for role, v in roles_of_field(f).items() if v >= 0.9}
    free = [c for c in range(len(columns)) if c not in taken and c in kinds]
    found: dict[Path, Place] = {}
    stretch: list[Field] = []
    before = -1
    for field in [*fields, None]:
        if field is not None and field.path not in places:
            stretch.append(field)
            continue
        after = places[field.path].column if field is not None else len(columns)
        between = [c for c in free if before < c < after]
        if len(stretch) == len(between) and all(
            _may_hold(f, columns[c], kinds[c], said) for f, c in zip(stretch, between, strict=True)
        ):
            found |= {f.path: Place(c, None, ORDERED) for f, c in zip(stretch, between, strict=True)}
        stretch, before = [], after
    rest = [f for f in fields if f.path not in places and f.path not in found]
    open_ = [c for c in free if all(p.column != c for p in found.values())]
    if len(rest) == 1:
        open_ = [c for c in open_ if _may_hold(rest[0], columns[c], kinds[c], said)]
    if len(rest) == len(open_) == 1:
        found[rest[0].path] = Place(open_[0], None, ORDERED)
    return found


def _may_hold(field: Field, column: Column, kinds: Kinds, said: Set[str]) -> bool:
    """Whether a column of this kind may be a property's although its heading does not say so: what the heading says
    is nothing else that no other column has."""
    own = roles_of_field(field)
    other = {r for r, v in roles_of_label(column.text).items() if v >= 0.9} - said
    if not own and field.kind == "string" and kinds.words >= 0.5:
        other -= {
            "description"
        }  # what is described is what the property calls by its kind: a merchant, a program
    if other and not any(own.get(r, 0.0) >= 0.5 for r in other):
        return False
    if field.kind in ("number", "integer"):
        return kinds.digits >= 0.7 and kinds.words < 0.5
    if field.format in ("date", "date-time", "time"):
        return kinds.digits >= 0.7
    if field.kind == "boolean":
        return kinds.digits < 0.3
    return kinds.words >= 0.5 or own.get("description", 0.0) < 0.9


def _misfit(field: Field, kinds: Kinds | None) -> float:
    """How much the cells of a column speak against a property: numbers for a name, words for a number."""
    if kinds is None:
        return 0.0
    if field.kind in ("number", "integer"):
        sum_of_tax = roles_of_field(field).get("tax_amount", 0.0) > 0.6 or words_of(field.name) in _TAXES
        return 0.5 if kinds.digits < 0.3 or (kinds.percents > MOSTLY and sum_of_tax) else 0.0
    named = roles_of_field(field).get("description", 0.0) > 0.6
    return 0.45 if named and kinds.words < 0.3 else 0.0


_RATES = frozenset(words("rate percent percentage satz steuersatz taux tipo aliquota tarief taxa"))
_TAXES = phrases("column")["tax_amount"] | phrases("words")["tax"]


def with_borders(columns: Sequence[Column], body: Sequence[Strip]) -> tuple[Column, ...]:
    """Sets the borders between columns where the fewest words of the body are cut."""
    boxes = [p.box for s in body if len(s.pieces) > 1 for p in s.pieces]
    borders = [float("-inf")]
    for left, right in itertools.pairwise(columns):
        borders.append(_border(left.box, right.box, boxes))
    borders.append(float("inf"))
    return tuple(Column(c.labels, c.box, borders[i], borders[i + 1]) for i, c in enumerate(columns))


def _border(left: Box, right: Box, boxes: Sequence[Box]) -> float:
    """The middle of the widest stretch between two headings that the fewest pieces cross."""
    lo, hi = left.cx, right.cx
    if hi - lo < 1:
        return (lo + hi) / 2
    near = [b for b in boxes if lo < b.x1 > b.x0 < hi]
    starts, ends = sorted(b.x0 for b in near), sorted(b.x1 for b in near)
    steps = 64
    counts = []
    for k in range(steps + 1):
        x = lo + (hi - lo) * k / steps
        crossing = bisect_left(starts, x) - bisect_right(ends, x)
        heads = 3 * ((left.x0 < x < left.x1) + (right.x0 < x < right.x1))
        counts.append(crossing + heads)
    least = min(counts)
    best_at, best_size, start = 0, -1, None
    for k in range(steps + 2):
        if k <= steps and counts[k] == least:
            start = k if start is None else start
        elif start is not None:
            if k - start > best_size:
                best_at, best_size = start, k - start
            start = None
    return lo + (hi - lo) * (best_at + (best_size - 1) / 2) / steps
