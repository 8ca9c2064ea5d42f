"""Rows of a table under a heading, over as many pages as it runs. Called by `arrays`.

A *record* is what one element of the array is made of: for each column the pieces of text that stand in it,
over one or more strips.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paperclerk.domain.geometry import union
from paperclerk.engines.embedded.tables.arithmetic import close
from paperclerk.engines.embedded.tables.cells import has_letters, lines_of, numbers_of, text_of
from paperclerk.engines.embedded.tables.columns import (
    Heading,
    Kinds,
    Path,
    Place,
    assign,
    headings,
    with_borders,
)
from paperclerk.engines.embedded.tables.roles import (
    NUMERIC,
    roles_of_field,
    roles_of_label,
    says_more_than_a_total,
    starts_with_balance,
    starts_with_carry,
    starts_with_total,
    words_of,
)
from paperclerk.engines.embedded.tables.strips import AMOUNT, Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

RECENT = 30  # records that tell what a column usually holds
SMALL = 0.9
AHEAD = 3  # strips below a sum among which rows may go on
PROSE = 8  # words
MANY = 200  # strips that tell where the borders are
Cells = dict[int, list[Piece]]  # column -> pieces, top to bottom


@dataclass
class Record:
    """Cells of one element, and where it stands (`page` is the position in the sequence of pages); `under`: the line
    over it that heads a part of the table."""

    page: int
    under: Piece | None = None
    cells: Cells = field(default_factory=dict)
    filled: set[int] = field(default_factory=set)

    def add(self, cells: Mapping[int, Piece], numeric: set[int]) -> None:
        for column, piece in cells.items():
            self.cells.setdefault(column, []).append(piece)
        self.filled |= numeric


@dataclass(frozen=True)
class Listing:
    """A table that was read: its heading with the borders set, and its records from top to bottom. `part`: what
    stands over the records where they are a part of it."""

    heading: Heading
    records: tuple[Record, ...]
    part: str = ""


class Listings:
    """The tables whose `heads` name properties of an array, best heading first; each is read when it is asked for."""

    def __init__(self, pages: Sequence[Sequence[Strip]], fields: Sequence[Field], locale: Locale) -> None:
        self.pages, self.fields, self.locale = pages, fields, locale
        found = [h for n, strips in enumerate(pages) for h in headings(n, strips, fields)]
        self.heads = sorted(found, key=lambda h: (-h.score, h.page, h.first))
        self._read: dict[int, Listing | None] = {}

    def at(self, number: int) -> Listing | None:
        """The table of a heading; None where it has no rows, or where the table of a better one took its lines."""
        if number not in self._read:
            head = self.heads[number]
            taken = any(self._covers(better, head) for better in range(number))
            listing = None if taken else read_listing(self.pages, head, self.fields, self.locale)
            self._read[number] = listing if listing is not None and listing.records else None
        return self._read[number]

    def _covers(self, number: int, head: Heading) -> bool:
        """Whether a heading is one that a better table took: its own, or its repetition on a later page."""
        better = self.heads[number]
        if head.page == better.page and head.first <= better.last and head.last >= better.first:
            return self.at(number) is not None
        if head.signature != better.signature or (head.page, head.first) < (better.page, better.first):
            return False
        have = self.at(number)
        return have is not None and any(r.page == head.page for r in have.records)


def read_listing(
    pages: Sequence[Sequence[Strip]], head: Heading, fields: Sequence[Field], locale: Locale
) -> Listing:
    """Reads downwards from the heading until something ends the table."""
    first = pages[head.page][head.last + 1 :]
    used, usual = list(first[:40]), 1
    listing = Listing(head, ())
    for last in (
        False,
        True,
    ):  # the second time the borders come from the strips that turned out to be the table
        head = replace(head, columns=with_borders(head.columns, used))
        if last and listing.records:
            parted = part_field(fields, head) if any(r.under for r in listing.records) else None
            rest = [f for f in fields if f is not parted]  # what lines over the rows say stands in no column
            head = replace(head, places=assign(rest, head.columns, _kinds(listing)))
        state = _Reader(head, fields, locale, usual, used)
        for n in range(head.page, len(pages)):
            strips = first if n == head.page else state.continued(pages[n])
            if strips is None or not state.read(strips, n) or (len(state.used) > MANY and not last):
                break
        listing = Listing(head, tuple(state.records))
        if not state.records:
            break
        usual = max(len(r.filled) for r in state.records)
        used = state.used[:MANY]
    return listing


def _kinds(listing: Listing) -> dict[int, Kinds]:
    """What the cells of each column hold, as shares: words, and numbers."""
    found = {}
    for column in range(len(listing.heading.columns)):
        cells = [r.cells[column][0].text for r in listing.records[:MANY] if column in r.cells]
        if cells:
            words = sum(has_letters(c, 3) for c in cells) / len(cells)
            digits, percents = (sum(map(has, cells)) / len(cells) for has in (_has_digit, _has_percent))
            found[column] = Kinds(words, digits, percents)
    return found


class _Reader:
    """Collects records strip by strip."""

    def __init__(
        self, head: Heading, fields: Sequence[Field], locale: Locale, usual: int, seen: Sequence[Strip]
    ) -> None:
        self.head, self.locale, self.usual = head, locale, usual
        self.borders = [column.x1 for column in head.columns]
        self.edges = _left_edges(head, seen)
        self.used: list[Strip] = []
        kinds = {f.path: f for f in fields}
        self.anchors = {p.column for name, p in head.places.items() if _is_numeric(kinds[name])}
        self.texts = {p.column for name, p in head.places.items() if not _is_numeric(kinds[name])}
        self.main = max(
            (p.column for n, p in head.places.items() if "line_total" in roles_of_field(kinds[n])),
            default=None,
        )
        self.priced = {
            p.column
            for n, p in head.places.items()
            if roles_of_field(kinds[n]).keys() & {"quantity", "unit_price"} and p.column in self.anchors
        } - {self.main}
        self.either = _money_in_and_out(kinds, head)
        self.records: list[Record] = []
        self.pending: list[tuple[Strip, dict[int, Piece]]] = []
        self.parts = part_field(fields, head) is not None
        self.plain = _is_plain([s for s in seen if len(s.pieces) > 1])
        self.under: Piece | None = None
        self.above: bool | None = None  # whether descriptions stand above their amounts
        self.last: Strip | None = None
        self.pitch = 0.0

    def continued(self, strips: Sequence[Strip]) -> Sequence[Strip] | None:
        """The strips of a later page that go on with this table; None when it does not."""
        for i, strip in enumerate(strips[:25]):
            if self._repeats_heading(strip):
                end = i + (self.head.last - self.head.first) + 1
                return strips[end:]
        if not self.records or len(self.anchors) < 2:
            return None
        for i, strip in enumerate(strips[:6]):
            cells = self.cells(strip)
            if self._names_columns(cells):
                return None
            if len(self.numeric(cells)) >= 2 and len(self.numeric(cells)) >= 0.5 * len(self.anchors):
                return strips[i:]
        return None

    def _repeats_heading(self, strip: Strip) -> bool:
        wanted = {lab.text for c in self.head.columns for lab in c.labels}
        have = [p.text for p in strip.pieces]
        return (
            len(have) >= 1
            and sum(t in wanted for t in have) >= max(1, 0.6 * len(have))
            and len(have) >= min(2, len(self.head.columns))
        )

    def read(self, strips: Sequence[Strip], page: int) -> bool:
        """Takes the strips of a page. False when the table ended on it."""
        self.last = None
        for n, strip in enumerate(strips):
            following = strips[n + 1] if n + 1 < len(strips) else None
            if self._repeats_heading(strip):
                continue
            cells = self.cells(strip)
            numeric = self.numeric(cells)
            if self._far_below(strip) and strip.box.y0 > 0.85 * strip.page.height:
                break  # the foot of the page: the table may go on overleaf
            if self._far_below(strip) or (
                self._ends(strip, cells, numeric) and not self._is_amid(strip, cells, numeric, following)
            ):
                if self._sums_so_far(strip, cells, numeric) and self._goes_on(strips[n + 1 : n + 1 + AHEAD]):
                    self._flush(page)
                    continue
                self._flush(page)
                return False
            if not numeric and self._elsewhere(cells):
                continue
            if not self.records and min(cells) > 0 and starts_with_balance(strip.text):
                continue  # what the account held before the first entry
            if self.parts and self._is_part(strip):
                self._flush(page)
                self.under, self.last = strip.pieces[0], strip
                continue
            if len(numeric) != 1 or not any(starts_with_carry(p.text) for p in strip.pieces):
                self._take(strip, cells, numeric, page)
                self.last = strip
        ended = any(self._runs_through(strip) for strip, _ in self.pending)
        self._flush(page)
        return not ended

    def _runs_through(self, strip: Strip) -> bool:
        """Whether a strip is running text across columns of numbers: what follows a table, never its last line."""
        if len(strip.pieces) > 1 or len(strip.words) < PROSE:
            return False
        return sum(strip.box.x0 < self.head.columns[c].box.cx < strip.box.x1 for c in self.anchors) > 1

    def cells(self, strip: Strip) -> dict[int, Piece]:
        """The strip cut at the borders. Running text stays in the column in which it begins."""
        found: dict[int, list[int]] = {}
        for piece in strip.pieces:
            home = self._home(piece)
            if (number := self._before(piece, home)) is not None:
                found.setdefault(number, []).append(piece.words[0])
                piece = Piece(piece.page, piece.words[1:])
            for before, w in zip((None, *piece.words), piece.words, strict=False):
                word = piece.page.words[w]
                at = self._column(word.box.cx)
                if before is not None and at > home and len(strip.pieces) > 1:
                    gap = word.box.x0 - piece.page.words[before].box.x1
                    number = at in self.anchors and word.text[-1:].isdigit() and gap > 0.5 * word.box.height
                    before_box = piece.page.words[before].box
                    border = self.head.columns[at].x0
                    number = number or (
                        before_box.x1 <= border <= word.box.x0
                        and word.text[-1:].isdigit()
                        and at in self.anchors
                    )
                    flush = any(abs(word.box.x0 - x) < 0.2 * word.box.height for x in self.edges[at])
                    if number or (flush and gap > 0.4 * word.box.height):
                        home = at
                found.setdefault(home, []).append(w)
        return {c: Piece(strip.page, tuple(ws)) for c, ws in found.items()}

    def _before(self, piece: Piece, home: int) -> int | None:
        """The column of numbers that the first word of a piece stands in, where the rest stands in a later one."""
        if len(piece.words) < 2:
            return None
        first, second = (piece.page.words[w] for w in piece.words[:2])
        at = self._column(first.box.cx)
        apart = second.box.x0 - first.box.x1 > 0.4 * first.box.height
        return at if at < home and at in self.anchors and first.text.isdigit() and apart else None

    def _home(self, piece: Piece) -> int:
        """The column of a piece: by its middle where it fits into one, else where it begins."""
        middle = self._column(piece.box.cx)
        column = self.head.columns[middle]
        inside = min(piece.box.x1, column.x1) - max(piece.box.x0, column.x0)
        if inside >= 0.7 * piece.box.width:
            return middle
        return self._column(piece.page.words[piece.words[0]].box.cx)

    def _column(self, x: float) -> int:
        return min(bisect_right(self.borders, x), len(self.borders) - 1)

    def numeric(self, cells: Mapping[int, Piece]) -> set[int]:
        """The number columns that this strip fills with a number."""
        return {
            c
            for c in self.anchors & cells.keys()
            if numbers_of(text_of([cells[c]]), self.locale)
            and _mostly_number(cells[c].text)
            and not self._labelled(cells, c)
        }

    def _labelled(self, cells: Mapping[int, Piece], column: int) -> bool:
        """Whether the word before a cell ends in a colon: then the number is a detail, whatever stands above it."""
        x = cells[column].box.x0
        words = [(p.page.words[w].box.x1, p.page.words[w].text) for p in cells.values() for w in p.words]
        before = max((w for w in words if w[0] <= x + 1), default=None)
        return before is not None and before[1].endswith(":")

    def _elsewhere(self, cells: Mapping[int, Piece]) -> bool:
        """Whether a row has its amount in a column that nobody asked for: a payment among charges."""
        asked = {p.column for p in self.head.places.values()}
        return bool(self.records and self.anchors) and any(
            c not in asked
            and AMOUNT.search(piece.text) is not None
            and _mostly_number(piece.text)
            and all(c not in r.cells for r in self.records)
            for c, piece in cells.items()
        )

    def _far_below(self, strip: Strip) -> bool:
        """Whether a strip stands apart from the rows above it."""
        if self.last is None or not self.records:
            return False
        sizes, pitches = (7.0, 3.5) if self.anchors else (1.6, 2.5)  # nothing else tells where words end
        return strip.box.y0 - self.last.box.y1 > max(sizes * strip.size, pitches * self.pitch)

    def _ends(self, strip: Strip, cells: Mapping[int, Piece], numeric: set[int]) -> bool:
        whole = (
            (  # "Cash withdrawal"
                bool(self.records)
                and len(cells) >= max(3, statistics.median(len(r.cells) for r in self.records[-RECENT:]))
                and min(cells) <= min(self.records[-1].cells)
            )
            or (len(self.priced) > 1 and self.priced <= numeric)
        )  # no sum has a quantity and a price
        told = (
            bool(numeric) or _has_digit(strip.text) or len(strip.words) < 2
        )  # "inkl. Entsorgung" sums up nothing
        few = len(numeric) < max(2, len(self.anchors)) or self._begins_late(cells)
        if told and starts_with_total(strip.text) and few and not whole:
            return not starts_with_carry(strip.text)
        if self.records and self._begins_late(cells) and starts_with_balance(strip.text):
            return True
        if self._is_sum(cells, numeric):
            return not any(starts_with_carry(p.text) for p in strip.pieces)
        if self.records and not numeric and _heads_table(strip):
            return True
        if len(numeric) < len(self.anchors) and any(
            _is_total(p) for c, p in cells.items() if c not in self.texts
        ):
            return True
        return len(numeric) < 2 and self._names_columns(cells)

    def _begins_late(self, cells: Mapping[int, Piece]) -> bool:
        """Whether a strip leaves the first column of the rows so far empty."""
        return bool(self.records) and min(cells, default=0) > min(self.records[-1].cells)

    def _is_amid(
        self, strip: Strip, cells: Mapping[int, Piece], numeric: set[int], following: Strip | None
    ) -> bool:
        """Whether a row only begins like a total ("Cash register"): it says more, fills the columns of the row
        below it, which is none either, and is no sum of the rows above."""
        if following is None or len(numeric) != 1 or not says_more_than_a_total(strip.pieces[0].text):
            return False
        below = self.cells(following)
        if below.keys() != cells.keys() or self.numeric(below) != numeric or self._far_below(strip):
            return False
        if starts_with_total(following.text) and not says_more_than_a_total(following.pieces[0].text):
            return False
        amount = numbers_of(text_of([cells[next(iter(numeric))]]), self.locale)[-1].value
        return not close(amount, self._sum(next(iter(numeric))))

    def _sums_so_far(self, strip: Strip, cells: Mapping[int, Piece], numeric: set[int]) -> bool:
        """Whether a row sums up those above it, as the gross pay on a payslip above what is taken off."""
        return (
            not self._far_below(strip)
            and self.main in numeric
            and len(self.records) > 1
            and close(numbers_of(text_of([cells[self.main]]), self.locale)[-1].value, self._sum(self.main))
        )

    def _is_sum(self, cells: Mapping[int, Piece], numeric: set[int]) -> bool:
        """Whether a strip has the sum of the amounts above it, and no name where the rows have theirs."""
        if self.main not in numeric or len(self.records) < 2 or self.priced & numeric:
            return False
        named = min(self.texts, default=-1)
        if named in cells or not all(named in r.cells for r in self.records[-RECENT:]):
            return False
        return close(numbers_of(text_of([cells[self.main]]), self.locale)[-1].value, self._sum(self.main))

    def _goes_on(self, strips: Sequence[Strip]) -> bool:
        """Whether rows follow that fill as many columns as those so far, names where they have theirs."""
        first = min(self.records[-1].cells)
        x = self.records[-1].cells[first][0].box.x0
        for strip in strips:
            cells = self.cells(strip)
            if starts_with_total(strip.text):
                return False
            aligned = first in cells and abs(cells[first].box.x0 - x) < 0.2 * strip.size
            named = aligned and has_letters(cells[first].text, 3)
            if named and len(self.numeric(cells)) >= max(2, self.usual):
                return True
        return False

    def _sum(self, column: int) -> float:
        found = (numbers_of(text_of(r.cells[column]), self.locale) for r in self.records if column in r.cells)
        return sum(numbers[-1].value for numbers in found if numbers)

    def _names_columns(self, cells: Mapping[int, Piece]) -> bool:
        """Words where the rows so far have numbers: the heading of another table."""
        strange = 0
        for column, piece in cells.items():
            if _has_digit(piece.text) or not has_letters(piece.text, 3):
                continue
            above = [p.text for r in self.records[-RECENT:] for p in r.cells.get(column, ())]
            strange += bool(above) and sum(map(_has_digit, above)) > 0.8 * len(above)
        return strange >= 2

    def _take(self, strip: Strip, cells: dict[int, Piece], numeric: set[int], page: int) -> None:
        current = self.records[-1] if self.records else None
        self.used.append(strip)
        detail = current is not None and current.filled & numeric and 2 * len(numeric) < self.usual
        again = current is not None and bool(numeric) and self._is_whole(cells, current)
        again = again or (current is not None and self._moves_again(cells, numeric, current))
        if detail and not again and not self._named(strip, cells, numeric):
            numeric = set()  # one number among the columns of many: a detail of the row above
        starts = bool(numeric) if self.anchors else self._starts_text(cells, current)
        if starts and (
            current is None
            or current.filled & numeric
            or not self.anchors
            or current.page != page
            or again
            or _begins_again(current, cells)
        ):
            if current is not None and self.last is not None:
                self.pitch = max(self.pitch, strip.box.y0 - self.last.box.y1)
            current = Record(page, self.under)
            if self.above is None:
                self.above = self._named_above(strip)
                if not self.above:
                    self.pending = []
            if self.above:
                for _, before in self.pending:
                    current.add(before, set())
                self.pending = []
            else:
                self._flush(page)
            current.add(self._dated(cells), numeric)
            self.records.append(current)
        elif current is not None and numeric and current.page == page:
            self._flush(page)
            current.add(cells, numeric)
        else:
            self.pending.append((strip, cells))

    def _is_part(self, strip: Strip) -> bool:
        """Whether a line heads the rows below: one text, bold or in capitals, where rows are not."""
        text = strip.text
        if (
            len(strip.pieces) > 1
            or not has_letters(text, 2)
            or _has_digit(text)
            or len(strip.words) > MOST_PART
        ):
            return False
        return not _is_plain([strip]) and self.plain

    def _is_whole(self, cells: Mapping[int, Piece], current: Record) -> bool:
        """Whether a strip fills all columns of words that the row before it filled, two or more: a row of its own."""
        filled = self.texts & current.cells.keys()
        return len(filled) > 1 and filled <= cells.keys()

    def _moves_again(self, cells: Mapping[int, Piece], numeric: set[int], current: Record) -> bool:
        """Whether a strip names another movement of an account: one has money in or out, and not both."""
        return (
            bool(self.either & numeric)
            and bool(self.either & current.filled)
            and any(has_letters(cells[c].text, 3) for c in self.texts & cells.keys() & current.cells.keys())
        )

    def _dated(self, cells: dict[int, Piece]) -> dict[int, Piece]:
        """The cells of a new row; a movement without a date of its own is of the day printed above."""
        day = min(self.texts, default=-1)
        if not self.either or not self.records or day in cells:
            return cells
        above = self.records[-1].cells.get(day, ())
        return {day: above[0], **cells} if above and _has_digit(above[0].text) else cells

    def _named(self, strip: Strip, cells: Mapping[int, Piece], numeric: set[int]) -> bool:
        """Whether a strip has a name and an amount where the rows so far have theirs, on their own pitch."""
        name = min(self.texts, default=-1)
        over = self.records[-1].cells.get(name, [])
        return (
            (
                (self.main in numeric)
                if self.main is not None
                else not self.pending and max(self.anchors) in numeric
            )
            and name in cells
            and bool(over)
            and has_letters(cells[name].text, 3)
            and abs(cells[name].box.x0 - over[0].box.x0) < 0.2 * strip.size
            and self.last is not None
            and self.pitch > 0
            and strip.box.y0 - self.last.box.y1 > 0.9 * self.pitch
        )

    def _named_above(self, strip: Strip) -> bool:
        """Whether the text right over the first numbers is their description: near, and within its column."""
        if not self.pending:
            return False
        last, cells = self.pending[-1]
        if self._is_part(last) and (self.texts & self.cells(strip).keys()):
            return False  # it heads rows that have names of their own
        if strip.box.y0 - last.box.y1 > 0.8 * strip.size or last.size < SMALL * strip.size:
            return False
        for column in self.texts & cells.keys():
            limit = self.head.columns[column]
            if cells[column].box.x1 <= min(limit.x1, strip.page.width) + 2:
                return True
        return False

    def _starts_text(self, cells: Mapping[int, Piece], current: Record | None) -> bool:
        """In a table without numbers a row starts where its first named column is filled."""
        first = min(self.texts, default=None)
        return first in cells and (current is None or len(cells) >= 2 or len(self.head.columns) < 3)

    def _flush(self, page: int) -> None:
        """Text lines without numbers go to the record above them, if one stands on this page."""
        if not self.above and self.records and self.records[-1].page == page:
            for _, cells in self.pending:
                self.records[-1].add(cells, set())
        self.pending = []


def _money_in_and_out(kinds: Mapping[Path, Field], head: Heading) -> set[int]:
    """The columns of what an account received and of what it paid, where they are two; else empty."""
    sides = [
        {p.column for name, p in head.places.items() if side in roles_of_field(kinds[name])}
        for side in ("debit", "credit")
    ]
    return sides[0] | sides[1] if all(sides) and sides[0] != sides[1] else set()


def _begins_again(current: Record, cells: Mapping[int, Piece]) -> bool:
    """Whether a strip fills the columns with which a record began, such as its date, once more."""
    first = min(current.cells, default=None)
    return (
        first is not None
        and first in cells
        and len(cells.keys() & current.cells.keys()) >= 2
        and _has_digit(cells[first].text)
        and _has_digit(current.cells[first][0].text)
    )


def part_field(fields: Sequence[Field], head: Heading) -> Field | None:
    """The property without a column that asks for the part of the table a row stands in: `panel`, `category`."""
    free = (f for f in fields if f.kind == "string" and f.path not in head.places)
    return next((f for f in free if _PARTS & set(words_of(f.name).split())), None)


_PARTS = frozenset(
    words(
        "section category group panel department course division heading class type "
        "gruppe groupe grupo gruppo"
    )
)
MOST_PART = 6  # words


def _is_plain(strips: Sequence[Strip]) -> bool:
    """Whether most lines are neither bold nor in capitals."""
    loud = sum(s.text.isupper() or all(s.page.words[w].bold for w in s.words) for s in strips)
    return 2 * loud < len(strips)


def _left_edges(head: Heading, seen: Sequence[Strip]) -> list[list[float]]:
    """For each column where text begins in it: at its heading, and where several pieces begin."""
    edges = []
    for column in head.columns:
        starts = Counter(round(p.box.x0) for s in seen for p in s.pieces if column.x0 <= p.box.x0 < column.x1)
        edges.append([column.box.x0, *(float(x) for x, n in starts.items() if n >= 2)])
    return edges


def _is_numeric(f: Field) -> bool:
    if f.kind in ("number", "integer"):
        return True
    roles = roles_of_field(f)
    return (
        f.kind == "string"
        and f.format is None
        and bool(roles)
        and max(roles, key=lambda r: roles[r]) in NUMERIC
    )


def _heads_table(strip: Strip) -> bool:
    """Whether a strip names columns: three words or more without a digit, one of them known as a heading."""
    known = sum(max(roles_of_label(p.text).values(), default=0.0) >= 0.9 for p in strip.pieces)
    return len(strip.pieces) >= 3 and known >= 1 and not _has_digit(strip.text)


def _is_total(piece: Piece) -> bool:
    return not _has_digit(piece.text) and starts_with_total(piece.text)


def _has_percent(text: str) -> bool:
    return "%" in text


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _mostly_number(text: str) -> bool:
    """A number with at most a unit or a currency beside it; not a sentence that holds one."""
    letters = sum(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    return digits > 0 and letters <= digits + 7 and len(text.split()) <= 5 and ":" not in text


def cell_text(record: Record, place: Place, gap: float = 0.55) -> list[Piece]:
    """The pieces that make up a value: the first paragraph of its cell, or one line of it."""
    pieces = record.cells.get(place.column, [])
    lines = lines_of(pieces)
    if place.line is not None and place.line < len(lines):
        return lines[place.line]
    kept: list[Piece] = []
    for line in lines:
        if kept and line[0].box.y0 - union(p.box for p in kept).y1 > gap * line[0].box.height:
            break
        if kept and (_label_like(line) or _is_small(line, kept[0])):
            break
        kept += line
    return kept


def _is_small(line: Sequence[Piece], first: Piece) -> bool:
    """Whether a line is in smaller type than the value over it: a remark. What OCR measures tells that too badly."""
    return first.score == line[0].score == 1 and line[0].box.height < SMALL * first.box.height


def _label_like(line: Sequence[Piece]) -> bool:
    """`Lot: 4711`: a line that names what it says is a detail, not the rest of a description."""
    text = " ".join(p.text for p in line)
    head, colon, _ = text.partition(":")
    return bool(colon) and 0 < len(head) <= 40 and not any(c.isdigit() for c in head)
