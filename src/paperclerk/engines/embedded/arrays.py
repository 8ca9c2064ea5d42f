"""Fills arrays from the pages of a document: tables, receipts, statements, entries, lists. Called by the engine.

    tables = Tables(pages, locale)            # once a document, in one thread
    rows = tables.rows(field)                 # for every Field of kind array; a list of trees, [] when nothing fits

`field.items` of kind object gives dicts of the schema's shape (absent properties `ABSENT`), of kind array
lists of cells, of scalar kind leaves. A table goes to the first array that asks for it. Nothing is invented: an
array that no table, list or ledger of the pages fits is empty. Raises nothing. See docs/tables.md.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from paperclerk.domain.document import Page
from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.fields.confidence import CellFacts, cell_probability, listed_probability
from paperclerk.engines.embedded.lists.citations import cited_rows
from paperclerk.engines.embedded.lists.entries import entry_rows
from paperclerk.engines.embedded.lists.enumerations import divided, named_things, scalars
from paperclerk.engines.embedded.lists.numbered import numbered_rows
from paperclerk.engines.embedded.lists.pairs import pair_rows
from paperclerk.engines.embedded.lists.papers import author_rows
from paperclerk.engines.embedded.lists.priced import is_offer, offer_rows, part_rows, parts_of
from paperclerk.engines.embedded.lists.sections import Section, sections_of
from paperclerk.engines.embedded.lists.series import series_rows
from paperclerk.engines.embedded.lists.taxes import tax_rows
from paperclerk.engines.embedded.statements.figures import Statements, is_figure, is_whole
from paperclerk.engines.embedded.tables.abreast import one_after_another
from paperclerk.engines.embedded.tables.arithmetic import agreement, close, rearranged
from paperclerk.engines.embedded.tables.cells import (
    Text,
    has_letters,
    leaf_for,
    lines_of,
    number_leaf,
    numbers_of,
    text_of,
)
from paperclerk.engines.embedded.tables.columns import ORDERED, SAID, Heading, Path, Place, may_name
from paperclerk.engines.embedded.tables.continued import joined
from paperclerk.engines.embedded.tables.details import detail
from paperclerk.engines.embedded.tables.grid import Table, tables_of
from paperclerk.engines.embedded.tables.groups import element_of, grouped, inner_array
from paperclerk.engines.embedded.tables.ledger import (
    GLUED,
    MONEY,
    Entry,
    Ledger,
    mark_behind,
    quantity_and_price,
    read_ledger,
    split_words,
    without_code,
)
from paperclerk.engines.embedded.tables.parts import is_taken_off, may_have_part, part_for
from paperclerk.engines.embedded.tables.records import Listing, Listings, Record, cell_text, part_field
from paperclerk.engines.embedded.tables.roles import NUMERIC, fold, roles_of, roles_of_field, stems, words_of
from paperclerk.engines.embedded.tables.shapes import cell_rows, empty, is_cell_rows, table_object
from paperclerk.engines.embedded.tables.shared import Share, shares
from paperclerk.engines.embedded.tables.strips import Strip, strips_of, without_furniture
from paperclerk.engines.embedded.tables.twins import Side, as_columns, sides
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number
from paperclerk.schemas.compiled import Field, Kind

DETAILED = 0.8  # how sure a value is that stands labelled beneath its row
PART = 0.8  # how surely a line over rows says which part of the table they are
Numbers = dict[int, list[float | None]]  # column -> its number in each row


@dataclass(frozen=True)
class Tables:
    """What a document's arrays are read from, built on first use. `_owners`: which array took which table."""

    pages: Sequence[Page]
    locale: Locale = field(default_factory=Locale)
    _owners: dict[object, Path] = field(default_factory=dict)

    @cached_property
    def strips(self) -> list[tuple[Strip, ...]]:
        return [one_after_another(s) for s in without_furniture([strips_of(p) for p in self.pages])]

    def rows(self, array: Field) -> list[Tree]:
        """The elements of an array, in printed order."""
        element = array.items
        if element is None:
            return []
        if element.kind == "object":
            drawn = next((c for c in element.children if is_cell_rows(c)), None)
            if drawn is not None:
                strips = [s for page in self.strips for s in page]
                return [table_object(element, drawn, t, strips) for t in self.grids]
            if not is_figure(element):
                return self._objects(array, element) or list(self._statements.compared_rows(array, element))
            return list(self._statements.elements(array, element)) or [
                row for row in self._objects(array, element) if is_whole(element, row)
            ]
        if is_cell_rows(array):
            largest = max(self.grids, key=lambda t: len(t.rows) * len(t.rows[0]), default=None)
            return cell_rows(largest) if largest is not None else []
        if element.is_scalar:
            return (
                author_rows(array, self.strips, self.locale)
                or cited_rows(array, self._sections)
                or numbered_rows(array, self.strips, self.locale)
                or [*scalars(array, self.strips, self._sections, self.locale)]
            )
        return []

    def compared(self, thing: Field) -> dict[str, Leaf]:
        """The figures of an object that asks for one in several years, from the row of a statement."""
        return self._statements.compared(thing)

    def figure(self, number: Field) -> Leaf:
        """A number of an object that is called like a statement, from the row of that statement."""
        return self._statements.single(number)

    @cached_property
    def _sections(self) -> list[Section]:
        return sections_of(self.strips)

    @cached_property
    def _statements(self) -> Statements:
        return Statements(self.strips, self.locale)

    @cached_property
    def grids(self) -> list[Table]:
        """Every table of the document, in reading order; one that goes on after a page's end is whole."""
        return joined(
            [t for page in self.pages for t in tables_of(page)], {page.index: page for page in self.pages}
        )

    def _groups(self, element: Field) -> list[Tree]:
        """Elements that hold a table each."""
        inner = inner_array(element)
        if inner is None or inner.items is None:
            return []
        fields = list(_scalars(inner.items))
        found: list[Tree] = []
        for group in grouped(self.strips, element, fields, self.locale):
            rows = self._from_listing(inner.items, fields, group.listing, self._numbers(group.listing), {})
            found.append(element_of(element, inner, group, rows, self.locale))
        return found

    def _offered(self, element: Field) -> list[Tree]:
        """The parts of a price list, or all that it offers, where nothing is summed."""
        inner = inner_array(element)
        asked = inner.items if inner is not None else element
        if asked is None or not is_offer(asked) or (self._ledger is not None and self._ledger.proved):
            return []
        parts = parts_of(self.strips, self.locale)
        if inner is not None:
            return list(part_rows(element, inner, parts, self.locale))
        return list(offer_rows(element, parts, self.locale)) if len(parts) > 1 else []

    def _objects(self, array: Field, element: Field) -> list[Tree]:
        if special := (
            author_rows(array, self.strips, self.locale)
            or cited_rows(array, self._sections)
            or numbered_rows(array, self.strips, self.locale)
            or self._groups(element)
            or self._offered(element)
            or series_rows(element, self.strips, self.locale)
        ):
            return list(special)
        sided = sides(list(_scalars(element)))
        fields = as_columns(list(_scalars(element)), sided)
        listing = self._listing(array, fields)
        ledger = self._ledger if _is_ledger(array, fields) else None
        if ledger is not None and ledger.open and "line_total" in _by_role(fields):
            ledger = None  # a price list has prices, and no amounts
        if listing is not None:
            grid = self._numbers(listing)
            listing = self._with_amounts(listing, fields, grid)
            if ledger is None or self._better(listing, ledger, fields, grid):
                self._owners.setdefault(_place(listing.heading), array.path)
                self._owners.setdefault("ledger", array.path)  # the same amounts, read without the heading
                return self._from_listing(element, fields, listing, grid, sided)
        if ledger is not None and self._owners.setdefault("ledger", array.path) == array.path:
            counts = _leading_counts(ledger)
            return [
                self._from_entry(element, e, ledger.proved, count)
                for e, count in zip(ledger.entries, counts, strict=True)
            ]
        return list(
            tax_rows(array, element, self.strips, self.locale)
            or pair_rows(array, element, self._sections, self.locale)
            or entry_rows(array, element, self._sections)
            or named_things(array, element, self.strips, self._sections)
        )

    def _listing(self, array: Field, fields: Sequence[Field]) -> Listing | None:
        """The table, or the part of one, that an array asks for: one that says so itself, or else the one with the
        best heading."""
        found = Listings(self.strips, fields, self.locale)
        for number, head in enumerate(found.heads):
            says, strips = self._says(array, head), self.strips[head.page]
            parted = says or may_have_part(array, head, strips, self._stems[head.page])
            if parted and (listing := found.at(number)) is not None:
                part = part_for(array, listing, strips)
                if part is not None or says:
                    return part or listing
        for number, head in enumerate(found.heads):
            told = self._told_above(array, head)
            listing = found.at(number) if told or self._may_be_meant(array, head, fields) else None
            if listing is not None and (told or self._meant(array, listing, fields)):
                return listing
        return None

    @cached_property
    def _stems(self) -> list[frozenset[str]]:
        """The stems of each page's words, each for itself."""
        words = ({w for s in strips for w in fold(s.text).split()} for strips in self.strips)
        return [frozenset().union(*map(stems, page)) for page in words]

    def _told_above(self, array: Field, head: Heading) -> bool:
        """Whether what stands over a table says what an array is called."""
        strips = self.strips[head.page]
        over = [s.text for s in strips[max(0, head.first - 4) : head.first] if len(s.words) <= 8]
        return bool(stems(words_of(array.name)) & stems(fold(" ".join(over))))

    def _may_be_meant(self, array: Field, head: Heading, fields: Sequence[Field]) -> bool:
        """What can be said of `_meant` before a table is read."""
        if self._owners.get(_place(head), array.path) != array.path:
            return False
        return _is_goods(array) or may_name(fields, head.columns) >= min(3, len(fields)) > 1

    def _meant(self, array: Field, listing: Listing, fields: Sequence[Field]) -> bool:
        """Whether the columns alone say enough, of a table that no other array took."""
        named = [p for p in listing.heading.places.values() if p.match != ORDERED]
        return _is_goods(array) or len(named) >= min(3, len(fields)) > 1

    @staticmethod
    def _says(array: Field, head: Heading) -> bool:
        """Whether the heading of a table itself says what an array is called."""
        return bool(stems(words_of(array.name)) & stems(fold(" ".join(c.text for c in head.columns))))

    @cached_property
    def _ledger(self) -> Ledger | None:
        return read_ledger([s for page in self.strips for s in page], self.locale)

    def _numbers(self, listing: Listing) -> Numbers:
        """The numbers of every column of a table, row by row."""
        grid: Numbers = {}
        for c in range(len(listing.heading.columns)):
            column: list[float | None] = []
            for rec in listing.records:
                pieces = cell_text(rec, Place(c, None, 1.0))
                found = numbers_of(text_of(pieces), self.locale) if pieces else ()
                column.append(found[0].value if found else None)
            if sum(v is not None for v in column) * 2 > len(column):
                grid[c] = column
        return grid

    def _with_amounts(self, listing: Listing, fields: Sequence[Field], grid: Numbers) -> Listing:
        """The table with its column of amounts, where no heading named one but quantity x price tells which it is."""
        wanted = _named(fields, "line_total")
        places = listing.heading.places
        quantity, price, amount = self._columns_of(places, fields)
        if wanted is None or amount is not None or quantity is None or price is None:
            return listing
        found = rearranged(grid, quantity, price, None)
        if found is None or found[:2] != (quantity, price):
            return listing
        placed = {**places, wanted: Place(found[2], None, 0.9)}
        return replace(listing, heading=replace(listing.heading, places=placed))

    def _better(self, listing: Listing, ledger: Ledger, fields: Sequence[Field], grid: Numbers) -> bool:
        """Whether a table says more than a list of amounts: its products hold, or it has more columns."""
        if not ledger.proved:
            return self._clean(listing, fields) or len(ledger.entries) < len(listing.records)
        known = {_role(f) for f in fields if f.path in listing.heading.places}
        if known - {"description", "quantity", "unit_price", "line_total"} and (
            2 * len(listing.records) >= len(ledger.entries)
        ):
            return True
        if not self._clean(listing, fields):
            return False
        columns = self._columns_of(listing.heading.places, fields)
        found = rearranged(grid, *columns) or columns
        sums = columns[2] is not None and self._summed(grid, columns[2])
        return sums or len(listing.records) > 2 * len(ledger.entries) or (agreement(grid, *found) or 0) >= 0.7

    def _summed(self, grid: Numbers, column: int) -> bool:
        """Whether the numbers of a column add up to one that is printed."""
        whole = round(sum(v or 0.0 for v in grid.get(column, ())), 2)
        return whole != 0 and whole in self._printed

    def _clean(self, listing: Listing, fields: Sequence[Field]) -> bool:
        """Whether nearly every row of a table has a name that holds no amount, and an amount."""
        places = listing.heading.places
        name = places.get(_named(fields, "description") or ())
        amount = places.get(_named(fields, "line_total") or _named(fields, "unit_price") or ())
        if name is None or amount is None:
            return False
        good = 0
        for record in listing.records:
            text = " ".join(p.text for p in cell_text(record, name))
            good += has_letters(text) and not MONEY.search(text) and bool(cell_text(record, amount))
        return good >= 0.8 * len(listing.records)

    @cached_property
    def _printed(self) -> frozenset[float]:
        """Every number of the document, to the cent."""
        return frozenset(
            round(n.value, 2)
            for page in self.strips
            for s in page
            for n in numbers_of(text_of(s.pieces), self.locale)
        )

    def _columns_of(
        self, places: Mapping[Path, Place], fields: Sequence[Field]
    ) -> tuple[int | None, int | None, int | None]:
        """The columns of quantity, unit price and amount."""
        names = [_named(fields, role) for role in ("quantity", "unit_price", "line_total")]
        quantity, price, amount = (places[n].column if n is not None and n in places else None for n in names)
        return quantity, price, amount

    def _from_listing(
        self,
        element: Field,
        fields: Sequence[Field],
        listing: Listing,
        grid: Numbers,
        sided: Mapping[Path, Side],
    ) -> list[Tree]:
        places = dict(listing.heading.places)
        better = rearranged(grid, *self._columns_of(places, fields))
        if better is not None:
            for role, column in zip(("quantity", "unit_price", "line_total"), better, strict=True):
                name = _named(fields, role)
                if name is not None and not _said_of_another(places, name, column):
                    places[name] = Place(column, None, 0.9)
        columns = self._columns_of(places, fields)
        proved = {c for c in columns if c is not None} if (agreement(grid, *columns) or 0) >= 0.7 else set()
        if columns[2] is not None and self._summed(grid, columns[2]):
            proved.add(columns[2])
        records = listing.records
        if _sums_up(grid, len(records)):
            records = records[:-1]
        amounts = [f for f in _scalars(element) if f.path in sided and f.kind in ("number", "integer")]
        part = part_field(fields, listing.heading)
        shared = shares(_by_role(fields), places, records)
        rows = []
        for record in records:
            row = places
            if amounts:
                side = self._side_of(record, amounts, places, sided)
                row = {path: place for path, place in places.items() if sided.get(path, side) == side}
            rows.append(self._from_record(element, record, row, proved, shared, part))
        return [_without_minus(row) for row in rows] if is_taken_off(element, listing) else rows

    def _side_of(
        self,
        record: Record,
        amounts: Sequence[Field],
        places: Mapping[Path, Place],
        sided: Mapping[Path, Side],
    ) -> Side | None:
        """Whether a row is money in or money out: by the column that is filled, in one column by the sign."""
        filled = [f for f in amounts if f.path in places and cell_text(record, places[f.path])]
        if len({sided[f.path] for f in filled}) == 1:
            return sided[filled[0].path]
        if filled and len({places[f.path].column for f in filled}) == 1:
            found = numbers_of(text_of(cell_text(record, places[filled[0].path])), self.locale)
            return "debit" if found and found[0].value < 0 else "credit"
        return None

    def _from_record(
        self,
        element: Field,
        record: Record,
        places: Mapping[Path, Place],
        proved: Set[int],
        shared: Mapping[Path, Share],
        part: Field | None = None,
    ) -> Tree:
        def give(child: Field) -> Tree:
            if child is part and record.under is not None:
                return leaf_for(child, text_of([record.under]), self.locale, PART)
            place = places.get(child.path)
            pieces = cell_text(record, place) if place is not None else []
            if child.is_scalar and (place is None or place.match == ORDERED):
                beneath = detail(child, record.cells.values())
                if beneath is not None:
                    return leaf_for(child, beneath, self.locale, DETAILED)
            part_of = shared.get(child.path)
            if part_of is not None and (leaf := part_of.leaf(child, record)) is not ABSENT:
                return leaf
            if place is None or not pieces:
                return empty(child)
            number = child.kind in ("number", "integer")
            sure = cell_probability(
                CellFacts(place.column in proved, bool(proved), number, len(lines_of(pieces)))
            )
            if child.kind == "array" and child.items is not None:
                found = [leaf_for(child.items, part, self.locale, sure) for part in divided(pieces)]
                return [leaf for leaf in found if leaf.value is not None]
            if _CODELESS.search(child.description) and _role(child) == "description":
                pieces = split_words(pieces)
                return _name_leaf(without_code(pieces) or text_of(pieces), sure)
            return leaf_for(child, text_of(pieces), self.locale, sure)

        return _filled(element, give)

    def _from_entry(self, element: Field, entry: Entry, proved: bool, count: Number | None) -> Tree:
        quantity, price = quantity_and_price(entry, self.locale)
        roles = _by_role(list(_scalars(element)))
        meant = {f.path: role for role, f in roles.items()}
        priced = "line_total" in roles

        def give(child: Field) -> Tree:
            role = meant.get(child.path)
            if role is None:
                return empty(child)
            sure = listed_probability(proved=proved, name=role == "description")
            if role == "line_total" or (role == "unit_price" and not priced):
                return number_leaf(child, entry.amount.text, entry.amount.number, sure)
            if role == "description" and entry.name is not None:
                counted = count is not None or _begins_with(entry.name, quantity)
                return _name_leaf(_uncounted(entry.name) if counted else entry.name, sure)
            if role == "quantity" and quantity is not None:
                return number_leaf(child, *quantity, sure)
            if role == "quantity" and count is not None:
                return number_leaf(child, entry.amount.text, count, 0.8 * sure)
            if role == "unit_price" and price is not None:
                return number_leaf(child, *price, sure)
            if role == "tax_rate" and child.kind == "string" and (mark := mark_behind(entry)) is not None:
                return leaf_for(child, mark, self.locale, sure)
            return ABSENT

        return _filled(element, give)


def _leading_counts(ledger: Ledger) -> list[Number | None]:
    """The number that each line begins with, where most do and they do not just number the lines. Those of names
    ("7 Up", "50 nails") have no `x` behind them and do not repeat."""
    found = [_LEADING.match(e.amount.text.text) for e in ledger.entries]
    counts = [Number(float(m[1]), m.start(1), m.end(1)) if m else None for m in found]
    given = [c.value for c in counts if c is not None]
    numbering = len(given) > 2 and all(b == a + 1 for a, b in itertools.pairwise(given))
    named = not any(m[2] for m in found if m) and len(set(given)) == len(given) > 1
    return [None] * len(counts) if 2 * len(given) <= len(counts) or numbering or named else counts


def _begins_with(name: Text, quantity: tuple[Text, Number] | None) -> bool:
    """Whether a name begins with the quantity of its line: `2 Bakso @22.000`."""
    if quantity is None:
        return False
    text, number = quantity
    return name.text.split()[0] == text.text[number.start : number.end] and number.start == 0


def _uncounted(name: Text) -> Text:
    """A name without the count in front of it."""
    pieces = split_words(name.pieces)
    for n in range(1, min(3, len(pieces))):
        if _COUNT.fullmatch(" ".join(p.text for p in pieces[:n])):
            name = text_of(pieces[n:])
    return name


_CODELESS = re.compile(r"\b(?:without|excluding|not|no)\b[^.;]{0,30}\bcodes?\b", re.I)
_LEADING = re.compile(r"(\d{1,2})\s*([x×X])?\s+(?=[^\W\d])")
_COUNT = re.compile(r"\d{1,2}\s*[x×X]?")


def _sums_up(grid: Numbers, count: int) -> bool:
    """Whether the last row of a table holds the sums of the rows above, in two columns or more."""
    summed = 0
    for column in grid.values():
        above, last = column[: count - 1], column[count - 1]
        counts = column == [k + (column[0] or 0) for k in range(count)]  # 1, 2, 3
        if last and count > 2 and not counts and all(v is not None for v in above):
            summed += close(sum(v or 0.0 for v in above), last)
    return summed >= 2


def _scalars(field: Field) -> Iterator[Field]:
    """The fields of an element that a cell can hold: scalars and lists of them, those of objects inside it too."""
    for child in field.children:
        if child.is_scalar or (child.items is not None and child.items.is_scalar):
            yield child
        elif child.kind == "object":
            yield from _scalars(child)


def _filled(field: Field, give: Callable[[Field], Tree]) -> Tree:
    """The tree of an element: what `give` finds for its scalars and arrays."""
    if field.kind == "object":
        return {c.name: _filled(c, give) for c in field.children}
    return give(field)


def _name_leaf(text: Text, sure: float) -> Leaf:
    """A name without a code that is printed against its front."""
    code = GLUED.match(text.text)
    start = code.end() if code else 0
    value = text.text[start:].strip(" :|*")
    at = text.text.find(value, start)
    return text.leaf(value, at, at + len(value), sure) if value else ABSENT


def _role(field: Field) -> str | None:
    """What a property means, where that is clear; a number is never a description, a text never an amount."""
    return _clearest(field.kind, field.name, field.title, field.description) if field.is_scalar else None


@lru_cache(maxsize=4096)
def _clearest(kind: Kind, name: str, title: str, description: str) -> str | None:
    roles = roles_of(name, title, description)
    if kind in ("number", "integer"):
        roles = {r: w for r, w in roles.items() if r in NUMERIC}
    elif kind == "string":
        roles = {r: w + (0.01 if r == "line_total" else 0) for r, w in roles.items()}
    return max(roles, key=lambda r: roles[r]) if roles else None


def _by_role(fields: Sequence[Field]) -> dict[str, Field]:
    """The field that speaks most clearly of each role."""
    found: dict[str, Field] = {}
    for f in fields:
        role = _role(f)
        if role is None:
            continue
        if role not in found or _speaks(f, role) > _speaks(found[role], role):
            found[role] = f
    priced = [f for f in fields if _role(f) == "unit_price"]
    price = next((f for f in priced if words_of(f.name) in _PRICE), None)
    if len(priced) > 1 and price is not None and "line_total" not in found:
        found["line_total"] = price  # beside a `unit_price`, the price is that of all
        found["unit_price"] = next(f for f in priced if f is not price)
    return found


_PRICE = frozenset(words("price preis prix precio prezzo prijs preco harga"))


def _speaks(field: Field, role: str) -> tuple[float, int]:
    """How clearly a property speaks of a role: the longer of two names that mean it says more."""
    return roles_of_field(field)[role], len(words_of(field.name).split())


def _named(fields: Sequence[Field], role: str) -> Path | None:
    found = _by_role(fields).get(role)
    return found.path if found is not None else None


def _without_minus(tree: Tree) -> Tree:
    """An element whose amounts are taken off by what they are called."""
    if isinstance(tree, dict):
        return {name: _without_minus(child) for name, child in tree.items()}
    if isinstance(tree, Leaf) and isinstance(tree.value, float) and tree.value < 0:
        return Leaf(-tree.value, tree.spans, tree.score)
    return tree


def _said_of_another(places: Mapping[Path, Place], name: Path, column: int) -> bool:
    """Whether headings name a property and, for this column, another one: then products move nothing."""
    own = places.get(name)
    said = own is not None and own.match >= SAID
    return said and any(p.column == column and p.match >= SAID for n, p in places.items() if n != name)


def _place(head: Heading) -> object:
    return head.page, head.first


def _is_ledger(array: Field, fields: Sequence[Field]) -> bool:
    """Whether an array asks for things with a price: only then a list of amounts can be what is meant."""
    roles = {_role(f) for f in fields}
    priced = "description" in roles and bool(roles & {"line_total", "unit_price"})
    return priced and (_is_goods(array) or ("quantity" in roles and roles <= _OF_GOODS))


_OF_GOODS = {"description", "quantity", "unit", "unit_price", "line_total", "sku", "tax_rate", "discount"}


def _is_goods(array: Field) -> bool:
    about = stems(words_of(array.name)) | stems(fold(array.title)) | stems(fold(array.description))
    return bool(about & _GOODS)


_GOODS = stems(
    "item items line lines product goods article position purchase purchased charge service menu order food dish "
    "posten positionen artikel lignes articles lineas articulos conceptos righe articoli regels artikelen itens "
    "linhas produtos expense entries desglose breakdown detalle fee"
)
