"""Arrays whose elements hold a table each: terms with their courses, projects with their hours. Called by `arrays`.

The same heading stands over every table; the line over it names the group, lines around the rows have its figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.tables.cells import has_letters, leaf_for, text_of
from paperclerk.engines.embedded.tables.columns import Heading, headings
from paperclerk.engines.embedded.tables.naming import likeness
from paperclerk.engines.embedded.tables.records import Listing, Record, read_listing
from paperclerk.engines.embedded.tables.roles import fold, stems, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

Rows = Callable[[Listing], list[Tree]]
SURE = 0.8


@dataclass(frozen=True)
class Group:
    """A table with the strips that belong to it: those over its heading, and all below up to the next group."""

    over: tuple[Strip, ...]
    below: tuple[Strip, ...]
    listing: Listing


def inner_array(element: Field) -> Field | None:
    """The one array of objects in an element."""
    found = [
        c for c in element.children if c.kind == "array" and c.items is not None and c.items.kind == "object"
    ]
    return found[0] if len(found) == 1 else None


def grouped(
    pages: Sequence[Sequence[Strip]], element: Field, fields: Sequence[Field], locale: Locale
) -> list[Group]:
    """The tables of a document that share one heading; empty unless there are several."""
    heads = [h for n, strips in enumerate(pages) for h in headings(n, strips, fields)]
    best = max(heads, key=lambda h: h.score, default=None)
    same = sorted(
        {(h.page, h.first): h for h in heads if best and h.signature == best.signature}.values(),
        key=lambda h: (h.page, h.first),
    )
    if len(same) < 2:
        return []
    own = [c for c in element.children if c.is_scalar]
    tops = [_top(pages[h.page], h) for h in same]
    found = []
    for head, top, following in zip(same, tops, [*zip(same[1:], tops[1:], strict=True), None], strict=True):
        cut = list(pages)
        last = len(pages) - 1
        if following is not None:
            last, end = following[0].page, following[1]
            cut[last] = pages[last][:end]
        listing = read_listing(cut[: last + 1], head, fields, locale)
        listing = replace(listing, records=tuple(r for r in listing.records if not _speaks_of(own, r)))
        if listing.records:
            below = [
                s
                for n in range(head.page, last + 1)
                for s in cut[n][head.last + 1 if n == head.page else 0 :]
            ]
            found.append(Group(tuple(pages[head.page][top : head.first]), tuple(below), listing))
    return found


def _speaks_of(own: Sequence[Field], record: Record) -> bool:
    """Whether a row is none, but names a figure of the group: its total."""
    texts = [p.text.strip(" \t0123456789.,:") for pieces in record.cells.values() for p in pieces]
    return any(likeness(f, t) >= 0.6 for f in own for t in texts if f.kind in ("number", "integer"))


def _top(strips: Sequence[Strip], head: Heading) -> int:
    """Where the lines over a heading begin that name its group: right over it, the next one no farther off."""
    first, reach = head.first, 1.2 * strips[head.first].size
    while first > 0 and head.first - first < 2:
        gap = strips[first].box.y0 - strips[first - 1].box.y1
        if gap > reach or gap < -reach:  # what stands in another column is over nothing
            break
        first, reach = first - 1, max(1.1 * gap, 1.0)
    return first


def element_of(
    element: Field, inner: Field, group: Group, rows: list[Tree], locale: Locale
) -> dict[str, Tree]:
    """The tree of one group."""
    made: dict[str, Tree] = {}
    for child in element.children:
        if child is inner:
            made[child.name] = rows
        elif child.is_scalar:
            made[child.name] = _named(child, (*group.over, *group.below), locale)
        else:
            made[child.name] = empty(child)
    firsts = [s.pieces[0] for s in reversed(group.over)]
    title = next((p for p in firsts if has_letters(p.text, 3) and ":" not in p.text), None)
    free = next((c for c in element.children if c.kind == "string" and made[c.name] is ABSENT), None)
    if title is not None and (numbered := _numbered(element, made, title)) is not None:
        number, title = numbered
        made[number.name] = leaf_for(number, text_of([Piece(title.page, title.words[:1])]), locale, SURE)
        title = Piece(title.page, title.words[1:])
        free = next((c for c in element.children if c.kind == "string" and made[c.name] is ABSENT), None)
    if title is not None and free is not None and title.words:
        made[free.name] = leaf_for(free, text_of([_called(free, title)]), locale, SURE)
    return made


def _numbered(element: Field, made: Mapping[str, Tree], title: Piece) -> tuple[Field, Piece] | None:
    """The property whose number a title begins with, and the title from there: `Event 101 Girls 100 m` for
    `event_number`, `3. Mains` for `number`."""
    words = [title.page.words[w].text for w in title.words]
    for child in element.children:
        said = words_of(child.name).split()
        if made[child.name] is not ABSENT or not {"number", "no", "id"} & set(said):
            continue
        called = stems(" ".join(words_of(step) for step in child.path))
        at = 1 if stems(fold(words[0])) & called else 0
        if at < len(words) and any(c.isdigit() for c in words[at]) and len(words[at]) <= MOST_NUMBER:
            return child, Piece(title.page, title.words[at:])
    return None


MOST_NUMBER = 6


def _called(field: Field, title: Piece) -> Piece:
    """A title without the word in front that the property says itself: `Sample W-1` for `sample_id`."""
    first, rest = Piece(title.page, title.words[:1]), Piece(title.page, title.words[1:])
    said = stems(fold(first.text)) & stems(words_of(field.name))
    return rest if said and any(c.isdigit() for c in rest.text) else title


def _named(field: Field, strips: Sequence[Strip], locale: Locale) -> Leaf:
    """The value beside words that name the field."""
    for strip in strips:
        for piece, right in zip(strip.pieces, (*strip.pieces[1:], None), strict=True):
            label, colon, _ = piece.text.partition(":")
            if not has_letters(label) or likeness(field, label) < 0.6:
                continue
            behind = _behind(piece) if colon else right
            if (
                behind is not None
                and (leaf := leaf_for(field, text_of([behind]), locale, SURE)).value is not None
            ):
                return leaf
    return ABSENT


def _behind(piece: Piece) -> Piece | None:
    """The words of a piece after the one that ends in a colon."""
    words = piece.page.words
    at = next((i for i, w in enumerate(piece.words) if words[w].text.endswith(":")), None)
    rest = piece.words[at + 1 :] if at is not None else ()
    return Piece(piece.page, rest) if rest else None
