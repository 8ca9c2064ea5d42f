"""Where on a page tables stand, and the borders of their columns. Called by `grid`."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box, union
from paperclerk.engines.embedded.page.rulings import Frame, frames, positions, rules_of
from paperclerk.engines.embedded.tables.roles import roles_of_label
from paperclerk.engines.embedded.tables.strips import Piece, Strip

CAPTION = re.compile(
    r"(?i)(?:table|tab|figure|fig|exhibit|chart|tabelle|tableau|tabla|tabella|tabela)[.:]?\s*[\dA-Z]{1,3}\b"
)
MARKER = re.compile(r"[•·▪■●○◦–—*§]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)]|\([a-zA-Z0-9]{1,3}\)")
NUMBER = re.compile(
    r"^[-–—(+*<>≤~$€£¥RM%\s]*[\d.,'/:%()–-]*\d[\d.,'/:%()\s*a-z–-]{0,8}$|^[-–—*.]+$|^\(?(?:n/?a|N/?A|X|x|NA)\)?$"
)

MANY_COLUMNS = 4  # so many tell a table from the labels and values around it


@dataclass(frozen=True)
class Region:
    """The strips of one table, clipped to it, and the rules drawn in it."""

    box: Box
    strips: tuple[Strip, ...]
    across: tuple[Box, ...] = ()
    down: tuple[Box, ...] = ()

    @property
    def drawn(self) -> bool:
        return bool(self.down)

    def rules_at(self, x: float) -> list[Box]:
        """The upright rules at `x`."""
        return [r for r in self.down if abs(r.cx - x) <= 4]

    def rules_between(self, top: float, bottom: float) -> list[Box]:
        """The flat rules between two heights."""
        return [r for r in self.across if top < r.cy < bottom]

    @cached_property
    def ruled_width(self) -> tuple[float, float]:
        """From where to where flat rules are drawn; a column outside has none."""
        return min((r.x0 for r in self.across), default=0.0), max((r.x1 for r in self.across), default=0.0)


def is_number(text: str) -> bool:
    return bool(NUMBER.match(text.strip()))


def regions_of(page: Page, strips: Sequence[Strip]) -> list[Region]:
    """All tables of a page: those drawn with upright rules first, then those between flat rules, then the rest."""
    across, down = rules_of(page)
    found: list[Region] = []
    bare = _without(strips, running_text(strips))
    for frame in sorted(frames(across, down), key=lambda f: -f.box.area):
        if (
            len(frame.down) >= 2
            and len(frame.across) >= 2
            and not any(_inside(frame.box, r.box) for r in found)
        ):
            region = _framed(frame, strips, bare, page)
            if region is not None:
                found.append(region)
    rest = _outside(bare, found)
    for run in (part for whole in _runs(rest) for part in _divided(whole)):
        region = _loose(_up_to_rule(run, _outside(rest, found), across), across)
        if region is not None:
            found.append(region)
    return found


def running_text(strips: Sequence[Strip]) -> set[int]:
    """Words of paragraphs: five lines or more with one left edge, most of them equally long."""
    chains: list[list[Piece]] = []
    finished: list[list[Piece]] = []
    for strip in strips:
        for piece in strip.pieces:
            for chain in chains:
                last = chain[-1].box
                if (
                    abs(chain[0].box.x0 - piece.box.x0) < 3
                    and -2 < piece.box.y0 - last.y1 < 1.2 * last.height
                ):
                    chain.append(piece)
                    break
            else:
                chains.append([piece])
        floor = strip.box.y0 - 4 * strip.size
        done, chains = (
            [c for c in chains if c[-1].box.y1 < floor],
            [c for c in chains if c[-1].box.y1 >= floor],
        )
        finished.extend(done)
    return {w for c in [*finished, *chains] if _paragraph(c) for p in c for w in p.words}


def _paragraph(chain: Sequence[Piece]) -> bool:
    longest = max(p.box.width for p in chain)
    full = sum(1 for p in chain if p.box.width > 0.8 * longest)
    words = statistics.median(len(p.words) for p in chain)
    return len(chain) >= 5 and words >= 4 and full >= 0.6 * len(chain) and longest > 12 * chain[0].box.height


def _without(strips: Sequence[Strip], words: set[int]) -> list[Strip]:
    kept = []
    for strip in strips:
        pieces = tuple(p for p in strip.pieces if p.words[0] not in words)
        if pieces:
            kept.append(Strip(strip.page, strip.index, pieces))
    return kept


def _inside(a: Box, b: Box) -> bool:
    return a.overlap_x(b) * a.overlap_y(b) > 0.5 * a.area


def _clip(strips: Sequence[Strip], box: Box) -> tuple[Strip, ...]:
    """The parts of strips whose words have their middle in a box."""
    kept = []
    for strip in strips:
        if strip.box.y1 < box.y0 or strip.box.y0 > box.y1:
            continue
        pieces = []
        for p in strip.pieces:
            words = tuple(w for w in p.words if _holds(box, p.page.words[w].box))
            if words:
                pieces.append(Piece(p.page, words))
        if pieces:
            kept.append(Strip(strip.page, strip.index, tuple(pieces)))
    return tuple(kept)


def _holds(box: Box, inner: Box) -> bool:
    return box.x0 <= inner.cx <= box.x1 and box.y0 <= inner.cy <= box.y1


def _outside(strips: Sequence[Strip], regions: Sequence[Region]) -> list[Strip]:
    kept = []
    for strip in strips:
        pieces = tuple(p for p in strip.pieces if not any(_holds(r.box, p.box) for r in regions))
        if pieces:
            kept.append(Strip(strip.page, strip.index, pieces))
    return kept


def _framed(frame: Frame, strips: Sequence[Strip], bare: Sequence[Strip], page: Page) -> Region | None:
    """A frame whose rules divide text into columns; not a box around a paragraph or a drawing."""
    box = Box(frame.box.x0 - 2, frame.box.y0 - 2, frame.box.x1 + 2, frame.box.y1 + 2)
    inner = _clip(strips, box)
    if sum(len(s.pieces) for s in inner) < 4 or len(inner) < 2:
        return None
    if box.width > 0.93 * page.width and box.height > 0.93 * page.height:
        return None
    wide = _with_outer_columns(box, inner, bare)
    if wide is not box:
        box, inner = wide, _clip(bare, wide)
    region = Region(box, inner, frame.across, frame.down)
    xs = column_borders(region)
    filled = {k for s in inner for p in s.pieces for k in range(len(xs) - 1) if xs[k] <= p.box.cx < xs[k + 1]}
    return region if len(filled) >= 2 else None


def _with_outer_columns(box: Box, inner: Sequence[Strip], strips: Sequence[Strip]) -> Box:
    """Takes in a first column that stands left of the drawn frame, row beside row."""
    beside = []
    for strip in strips:
        if not box.y0 <= strip.box.cy <= box.y1:
            continue
        left = [p for p in strip.pieces if p.box.x1 <= box.x0 + 2]
        if left and box.x0 - left[-1].box.x1 < 0.5 * box.width:
            beside.append(left[-1].box)
    if len(beside) >= 3 and len(beside) >= 0.6 * len(inner):
        return Box(min(b.x0 for b in beside) - 2, box.y0, box.x1, box.y1)
    return box


def _runs(strips: Sequence[Strip]) -> list[list[Strip]]:
    """Consecutive strips that fall into pieces, with sub-headings and wrapped words but no running text between."""
    runs: list[list[Strip]] = []
    current: list[Strip] = []
    singles = 0
    for strip in strips:
        if current and strip.box.y0 - current[-1].box.y1 > 2.2 * max(strip.size, current[-1].size):
            runs.append(current)
            current, singles = [], 0
        if _cells_in(strip) >= 2:
            if current and _prose(strip) != _prose(current[-1]):
                runs.append(current)
                current = []
            current.append(strip)
            singles = 0
        elif current:
            singles += 1
            if singles > 3 or not _fits(strip, current):
                runs.append(current)
                current, singles = [], 0
            else:
                current.append(strip)
    runs.append(current)
    trimmed = []
    for run in _rejoined(runs):
        while run and _cells_in(run[-1]) < 2 and not (len(run) > 4 and _below_first(run[-1], run[:-1])):
            run.pop()
        if len(run) >= 2:
            trimmed.append(run)
    return trimmed


def _rejoined(runs: Sequence[list[Strip]]) -> list[list[Strip]]:
    """Puts runs together that only a blank stretch divides and that have the same columns."""
    joined: list[list[Strip]] = []
    for run in runs:
        if joined and run and joined[-1] and _same_columns(joined[-1], run):
            joined[-1] = [*joined[-1], *run]
        else:
            joined.append(run)
    return joined


def _divided(run: Sequence[Strip]) -> list[Sequence[Strip]]:
    """What stands right above a heading, or as label and amount right below a table, apart from it.

    It is not of the table when it stands across its columns, so that borders of these would be lost.
    """
    foot = next((k for k in range(len(run), 0, -1) if not _is_labelled_amount(run[k - 1])), 0)
    head = next((k for k in range(1, foot) if _heads(run[k], run[k + 1 : k + 4])), 0)
    columns = _columns(run[head:foot])
    if columns < MANY_COLUMNS:
        return [run]
    if head and columns <= _columns(run[:foot]) + 1 and not _names_columns(run[head]):
        head = 0
    if foot < len(run) and columns <= _columns(run[head:]):
        foot = len(run)
    return [part for part in (run[:head], run[head:foot], run[foot:]) if part]


def _is_labelled_amount(strip: Strip) -> bool:
    return len(strip.pieces) == 2 and is_number(strip.pieces[1].text)


def _heads(strip: Strip, below: Sequence[Strip]) -> bool:
    """Whether a strip is words over columns: strips below have a piece under (nearly) each of its own."""
    if len(strip.pieces) < MANY_COLUMNS - 1 or any(is_number(p.text) for p in strip.pieces[1:]):
        return False
    filled = {
        k
        for other in below
        if any(is_number(p.text) for p in other.pieces[1:])
        for k, piece in enumerate(strip.pieces)
        if sum(1 for p in other.pieces if p.box.overlap_x(piece.box) > 0) == 1
    }
    return len(filled) >= 0.7 * len(strip.pieces)


def _names_columns(strip: Strip) -> bool:
    """Whether nearly all of a strip is what columns are called: `Date | Details | Paid out | Paid in | Balance`."""
    roles = [max(said, key=lambda role: said[role]) for p in strip.pieces if (said := _surely(p.text))]
    return len(set(roles)) >= MANY_COLUMNS - 1 and len(roles) >= 0.7 * len(strip.pieces)


def _surely(text: str) -> dict[str, float]:
    return {role: share for role, share in roles_of_label(text).items() if share >= 0.9}


def _columns(strips: Sequence[Strip]) -> int:
    if len(strips) < 2:
        return 0
    return len(column_borders(Region(union(s.box for s in strips), tuple(strips)))) - 1


def _same_columns(upper: Sequence[Strip], lower: Sequence[Strip]) -> bool:
    gap = lower[0].box.y0 - upper[-1].box.y1
    if (
        lower[0].index != upper[-1].index + 1
        or gap > 5 * upper[-1].size
        or any(_prose(s) for s in (upper[-1], lower[-1]))
    ):
        return False
    above = [p.box for s in upper[-6:] for p in s.pieces[1:]]
    below = [p.box for s in lower[:6] for p in s.pieces[1:]]
    fitting = sum(
        1 for b in below if any(min(abs(a.x1 - b.x1), abs(a.x0 - b.x0), abs(a.cx - b.cx)) < 3 for a in above)
    )
    return len(below) >= 2 and fitting >= 0.8 * len(below)


def _prose(strip: Strip) -> bool:
    """Whether a strip is lines of text columns side by side, not cells."""
    return all(len(p.words) >= 4 and sum(is_number(w) for w in p.text.split()) < 2 for p in strip.pieces)


def _fits(strip: Strip, run: Sequence[Strip]) -> bool:
    """Whether a strip of one piece can belong to a table: a label, not a sentence across it."""
    piece = strip.pieces[-1]
    whole = union(s.box for s in run)
    return len(piece.words) <= 4 or piece.box.width < 0.4 * whole.width or _below_first(strip, run)


def _below_first(strip: Strip, run: Sequence[Strip]) -> bool:
    """Whether a strip stays within the first column of the strips before it: a wrapped or an outer label."""
    seconds = [s.pieces[1].box.x0 for s in run if len(s.pieces) > 1]
    firsts = [s.pieces[0] for s in run if len(s.pieces) > 1]
    if not seconds:
        return False
    return strip.box.x1 < statistics.median(seconds) and strip.box.x0 >= min(p.box.x0 for p in firsts) - 2


def _cells_in(strip: Strip) -> int:
    """The pieces of a strip, a list marker at its front aside."""
    return len(strip.pieces) - bool(MARKER.fullmatch(strip.pieces[0].text))


def _up_to_rule(run: Sequence[Strip], strips: Sequence[Strip], across: Sequence[Box]) -> Sequence[Strip]:
    """Adds the strips between a run and the flat rule above it: the top of a heading."""
    box = union(s.box for s in run)
    size = run[0].size
    above = [r for r in across if r.overlap_x(box) > 0.7 * box.width and box.y0 - 5 * size < r.cy < box.y0]
    if not above:
        return run
    top = min(r.cy for r in above)
    extra = [s for s in strips if top < s.box.cy < box.y0 and s.box.overlap_x(box) > 0 and s not in run]
    return [*extra, *run] if all(len(p.words) <= 8 for s in extra for p in s.pieces) else run


def _loose(run: Sequence[Strip], across: Sequence[Box]) -> Region | None:
    for i in range(min(6, len(run)) - 1, -1, -1):
        if CAPTION.match(run[i].text):
            run = run[i + 1 :]
            break
    if len(run) < 2:
        return None
    box = union(s.box for s in run)
    box = Box(box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
    rules = tuple(r for r in across if box.y0 - 6 <= r.cy <= box.y1 + 6 and r.overlap_x(box) > 0.5 * r.width)
    region = Region(box, tuple(run), rules)
    xs = column_borders(region)
    if len(xs) < 3:
        return None
    pieces = [p for s in run for p in s.pieces]
    later = [p for s in run for p in s.pieces[1:]]
    numeric = sum(is_number(p.text) for p in later) / max(1, len(later))
    words = statistics.fmean(len(p.words) for p in pieces)
    full = sum(1 for s in run if len(s.pieces) >= max(2, 0.6 * (len(xs) - 1)))
    ruled = len({round(r.cy) for r in rules if r.width > 0.6 * box.width}) >= 2
    if ruled and numeric > 0.2 and full >= 2:
        return region
    if numeric >= 0.5 and full >= 3 and full >= 0.4 * len(run):
        return region
    if numeric >= 0.25 and full >= 4 and words <= 3 and len(xs) > 3:
        return region
    return None


def column_borders(region: Region) -> list[float]:
    """Borders of the columns, left edge and right edge included: drawn ones, and gutters that words leave free."""
    height = region.box.height
    drawn = [
        x
        for x in positions([r.cx for r in region.down])
        if sum(r.height for r in region.down if abs(r.cx - x) <= 3) >= 0.2 * height
    ]
    inner = [x for x in drawn if region.box.x0 + 4 < x < region.box.x1 - 4]
    inner = [x for k, x in enumerate(inner) if k == 0 or x - inner[k - 1] > 6]  # a double rule is one border
    edges = [region.box.x0, *inner, region.box.x1]
    found = [edges[0]]
    for left, right in itertools.pairwise(edges):
        found += _gutters(region, left, right, strict=bool(inner))
        found.append(right)
    return found


def _gutters(region: Region, left: float, right: float, *, strict: bool) -> list[float]:
    """Upright stretches between `left` and `right` that (nearly) no piece of the body crosses."""
    rows = []
    for strip in _body(region.strips):
        pieces = [p for p in strip.pieces if left <= p.box.cx <= right and not MARKER.fullmatch(p.text)]
        if pieces:
            rows.append(pieces)
    several = [r for r in rows if len(r) >= 2]
    if len(several) < (max(3, 0.6 * len(rows)) if strict else 2):
        return []
    size = statistics.median(p.box.height for r in rows for p in r)
    allowed = len(rows) // 16
    events = sorted([(p.box.x0, 1) for r in rows for p in r] + [(p.box.x1, -1) for r in rows for p in r])
    borders: list[float] = []
    depth, open_at = 0, None
    for x, step in events:
        depth += step
        if depth <= allowed and open_at is None:
            open_at = x
        elif depth > allowed and open_at is not None:
            if x - open_at >= 0.4 * size and open_at > left:
                borders.append((open_at + x) / 2)
            open_at = None
    return _supported(borders, rows, left, right)


def _body(strips: Sequence[Strip]) -> Sequence[Strip]:
    """Strips from the first with a number behind its first piece; headings span columns and hide borders."""
    for i, strip in enumerate(strips):
        if any(is_number(p.text) for p in strip.pieces[1:]) and i < 0.6 * len(strips):
            return strips[i:]
    return strips


def _supported(
    borders: Sequence[float], rows: Sequence[Sequence[Piece]], left: float, right: float
) -> list[float]:
    """Keeps borders so that every column between them is filled in at least two rows (or a tenth)."""
    kept: list[float] = []
    least = max(2, 0.08 * len(rows))
    edges = [*borders, right]
    start = left
    for k, border in enumerate(borders):
        filled = sum(1 for r in rows if any(start <= p.box.cx < border for p in r))
        beyond = sum(1 for r in rows if any(border <= p.box.cx < edges[k + 1] for p in r))
        if filled >= least and beyond >= least:
            kept.append(border)
            start = border
    return kept
