"""Tables in parts, under one heading of columns: earnings, then `Deductions`. Which part an array asks for. Called by
`arrays`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from paperclerk.domain.geometry import union
from paperclerk.engines.embedded.tables.columns import Heading
from paperclerk.engines.embedded.tables.records import Listing, Record
from paperclerk.engines.embedded.tables.roles import fold, stems, words_of
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.schemas.compiled import Field

MOST_WORDS = 6
LEAST_SAID = 0.5
LEAST_STEM = 3
_TAKEN_OFF = stems(
    "deduction withheld withholding discount abzug abzuge rabatt retenue remise deduccion deducciones descuento "
    "trattenuta trattenute sconto inhouding inhoudingen korting desconto"
)


def may_have_part(array: Field, head: Heading, strips: Sequence[Strip], printed: frozenset[str]) -> bool:
    """What can be said of `part_for` before the table of a heading is read: whether a word of the page (`printed`:
    their stems) may say what the array is called, and a line below be over a part."""
    said = stems(words_of(array.name))
    return bool(said & printed or _akin(said, printed)) and any(map(_heads, strips[head.last + 1 :]))


def part_for(array: Field, listing: Listing, strips: Sequence[Strip]) -> Listing | None:
    """The part of a table on one page that says what an array is called, by the line over it or by most of its
    rows; None where no part says so, or where there are no parts."""
    records = [r for r in listing.records if r.page == listing.heading.page]
    if not records or len(records) < len(listing.records):
        return None
    parts = list(_parts(listing, records, strips))
    if len(parts) < 2:
        return None
    said = stems(words_of(array.name))
    shares = [_share(said, over, rows) for over, rows in parts]
    best = max(range(len(parts)), key=lambda i: shares[i])
    if shares[best] < LEAST_SAID:
        return None
    over, rows = parts[best]
    return replace(listing, records=tuple(rows), part=over)


def is_taken_off(element: Field, listing: Listing) -> bool:
    """Whether what an array or its part of a table is called says that its amounts are taken off."""
    return bool(_TAKEN_OFF & (stems(words_of(" ".join(element.path))) | stems(fold(listing.part))))


def _parts(
    listing: Listing, records: Sequence[Record], strips: Sequence[Strip]
) -> Iterator[tuple[str, list[Record]]]:
    """Each line in bold or capitals below the heading, and the rows that follow it; before the first the heading."""
    first = listing.heading.columns[0].text
    box = union(p.box for r in records for pieces in r.cells.values() for p in pieces)
    below = [s for s in strips[listing.heading.last + 1 :] if box.x0 - 3 * s.size <= s.box.x0 < box.cx]
    heads = [s for s in below if _heads(s)]
    tops = [next(iter(r.cells.values()))[0].box.y0 for r in records]
    edges = [s.box.y0 for s in heads]
    for over, y0, y1 in zip(
        [first, *(s.text for s in heads)], [float("-inf"), *edges], [*edges, float("inf")], strict=True
    ):
        rows = [r for r, y in zip(records, tops, strict=True) if y0 <= y < y1]
        if rows:
            yield over, [_without_lines(r, edges) for r in rows]


def _without_lines(record: Record, edges: Sequence[float]) -> Record:
    """A row without the line over the next part, which was taken for the rest of its text."""
    cells = {
        column: kept
        for column, pieces in record.cells.items()
        if (kept := [p for p in pieces if all(abs(p.box.y0 - y) > 0.2 * p.box.height for y in edges)])
    }
    return replace(record, cells=cells)


def _heads(strip: Strip) -> bool:
    loud = all(strip.page.words[w].bold for w in strip.words) or (
        strip.text.isupper() and strip.text.replace(" ", "").isalpha()
    )
    return loud and len(strip.words) <= MOST_WORDS and not any(c.isdigit() for c in strip.text)


def _share(said: frozenset[str], over: str, rows: Sequence[Record]) -> float:
    """How much of the line over a part an array's name says, or how many of its rows."""
    title = stems(fold(over))
    named = sum(_akin(said, stems(fold(r.cells[min(r.cells)][0].text))) for r in rows if r.cells)
    return max(len(said & title) / max(len(title), 1), named / len(rows))


def _akin(said: frozenset[str], named: frozenset[str]) -> bool:
    """Whether two texts share a word, or its beginning: `taxes` and `Income Tax`."""
    words = " " + " ".join(named)
    return any(
        f" {a}" in words or any(a[:k] in named for k in range(LEAST_STEM, len(a)))
        for a in said
        if len(a) >= LEAST_STEM
    )
