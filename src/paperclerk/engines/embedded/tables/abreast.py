"""Two tables side by side under one line of headings, as payslips print earnings beside deductions, and a table
beside sums, as invoices print rates of tax: read one after the other. Called by `arrays`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.tables.cells import has_letters
from paperclerk.engines.embedded.tables.columns import LEAST_MATCH
from paperclerk.engines.embedded.tables.roles import fold, roles_of_label, starts_with_total
from paperclerk.engines.embedded.tables.strips import AMOUNT, Piece, Strip

MOST_ROWS = 40
_FAR = 6.0  # line heights: a wider gap ends both tables


def one_after_another(strips: Sequence[Strip]) -> tuple[Strip, ...]:
    """The strips of a page, with tables that stand side by side put one under the other."""
    found: list[Strip] = []
    i = 0
    while i < len(strips):
        twins = _twins(strips[i : i + MOST_ROWS + MOST_TITLES])
        near = strips[i : i + 4]
        cut = twins or next((x for how in (_divide, _two_lists, _beside_sums) if (x := how(near))), None)
        if cut is None:
            found.append(strips[i])
            i += 1
            continue
        rows = _uncrossed(strips[i:], cut) if twins else _without_title([*_rows(strips[i:], cut)])
        for left in (True, False):
            halves = (_half(s, cut, left=left) for s in rows)
            found += [s for s in halves if s.pieces]
        i += len(rows)
    return tuple(found)


def _twins(strips: Sequence[Strip]) -> float | None:
    """Where the right of two columns of tables begins, under one heading printed twice, with a title over each: lists
    of results by event."""
    for k in range(MOST_TITLES, -1, -1):
        head = strips[k].pieces if k < len(strips) else ()
        half = len(head) // 2
        if half < LEAST_TWINS or fold(head[0].text) != fold(head[half].text):
            continue
        texts = [fold(p.text) for p in head]
        if texts[:half] != texts[half:] or not all(has_letters(t, 2) for t in texts):
            continue
        cut = _gap(strips[: MOST_ROWS + k], head[half - 1].box.x1, head[half].box.x0)
        if cut is not None and all(
            _half(s, cut, left=left).pieces for s in strips[:k] for left in (True, False)
        ):
            return cut
    return None


MOST_TITLES = 2
LEAST_TWINS = 3  # columns that two tables share


def _gap(strips: Sequence[Strip], lo: float, hi: float) -> float | None:
    """The middle of the widest stretch between two places that nothing crosses, down to a line over both."""
    reach, begins = lo, hi
    for strip in strips:
        if any(p.box.x0 < lo and p.box.x1 > hi for p in strip.pieces):
            break
        for piece in strip.pieces:
            left = piece.box.x0 < lo
            reach = max(reach, piece.box.x1) if left else reach
            begins = min(begins, piece.box.x0) if not left else begins
    return (reach + begins) / 2 if begins - reach > 2 else None


def _uncrossed(strips: Sequence[Strip], cut: float) -> list[Strip]:
    """The strips down to one that stands on both sides of the border."""
    return [*itertools.takewhile(lambda s: not any(p.box.x0 < cut < p.box.x1 for p in s.pieces), strips)]


def _divide(strips: Sequence[Strip]) -> float | None:
    """Where the second table begins: its headings end like the first (`Earnings Amount Deductions Amount`)."""
    strip, rows = strips[0], strips[1:]
    if len(strip.pieces) < 4 or any(c.isdigit() for c in strip.text):
        return None
    texts = [fold(p.text) for p in strip.pieces]
    if not all(has_letters(t, 2) for t in texts):
        return None
    if texts.count(texts[-1]) != 2:
        return None
    begins = texts.index(texts[-1]) + 1
    x = strip.pieces[begins].box.x0 if 1 < begins < len(texts) - 1 else 0.0
    if not x or (2 * begins != len(texts) and not _named_at(rows, strip.pieces[0].box.x0, x)):
        return None
    return x - 2


def _named_at(rows: Sequence[Strip], left: float, right: float) -> bool:
    """Whether a word begins at both places in most rows: each table has names of its own."""
    both = [
        all(
            any(abs(p.box.x0 - x) < r.size and has_letters(p.text, 3) for p in r.pieces)
            for x in (left, right)
        )
        for r in rows
    ]
    return sum(both) >= 2


def _two_lists(strips: Sequence[Strip]) -> float | None:
    """Where the second of two headings stands, each over lines of a name and an amount."""
    head, rows = strips[0], strips[1:]
    if len(head.pieces) != 2 or any(c.isdigit() for c in head.text) or len(rows) < 2:
        return None
    x = head.pieces[1].box.x0
    paired = [
        r for r in rows
        if len(r.pieces) == 4 and abs(r.pieces[2].box.x0 - x) < r.size
        and all(_ends_in_amount(r.pieces[k].text) for k in (1, 3)) and has_letters(r.pieces[2].text, 3)
    ]  # fmt: skip
    return x - 2 if len(paired) >= 2 else None


def _beside_sums(strips: Sequence[Strip]) -> float | None:
    """Where sums begin that stand beside a table: a name and an amount behind the headings, over numbers."""
    head, *rows = strips
    if len(head.pieces) < 4 or not rows:
        return None
    *names, name, amount = head.pieces
    cut = names[-1].box.x1 + head.size
    if (
        not _ends_in_amount(amount.text)
        or any(c.isdigit() for p in (*names, name) for c in p.text)
        or max(v for p in names for v in (0.0, *roles_of_label(p.text).values())) < LEAST_MATCH
        or not any(starts_with_total(p.text) for s in strips for p in s.pieces if p.box.x0 > cut)
        or name.box.x0 < cut + head.size
    ):
        return None
    below = [p for p in rows[0].pieces if p.box.x1 <= cut]
    numbers = [p for p in below if p.text[:1].isdigit() and any(_shares(p.box, n.box) for n in names)]
    return cut if len(below) > 2 and len(numbers) >= len(below) - 1 else None


def _shares(a: Box, b: Box) -> bool:
    return a.overlap_x(b) > 0


def _ends_in_amount(text: str) -> bool:
    return AMOUNT.search(text) is not None and not has_letters(text, 4)


def _rows(strips: Sequence[Strip], cut: float) -> Iterator[Strip]:
    """The heading and what goes on below it without crossing the border."""
    last = strips[0]
    most = max(2, len(last.pieces) // 2 + 1)
    for strip in strips[: MOST_ROWS + 1]:
        if strip.box.y0 - last.box.y1 > _FAR * strip.size:
            return
        if any(p.box.x0 < cut < p.box.x1 - 1 for p in strip.pieces):
            return
        if any(len(_half(strip, cut, left=left).pieces) > most for left in (True, False)):
            return  # a table of more columns begins
        yield strip
        last = strip


def _without_title(rows: list[Strip]) -> list[Strip]:
    """The rows without a last one that only heads what comes next."""
    while len(rows) > 1 and len(rows[-1].pieces) == 1 and not any(c.isdigit() for c in rows[-1].text):
        rows.pop()
    return rows


def _half(strip: Strip, cut: float, *, left: bool) -> Strip:
    pieces: tuple[Piece, ...] = tuple(p for p in strip.pieces if (p.box.x0 < cut) is left)
    return Strip(strip.page, strip.index, pieces)
