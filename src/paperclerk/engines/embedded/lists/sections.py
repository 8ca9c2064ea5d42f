"""Headed sections of running documents, column by column: what `lists` and `entries` look into.

A *flow* is one text column of a page from top to bottom. A *section* is a heading (short, and in capitals,
bold, larger, or ending in a colon) with the strips under it, over as many flows as it runs.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from paperclerk.engines.embedded.tables.cells import has_letters
from paperclerk.engines.embedded.tables.roles import fold, stems, words_of
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import phrases
from paperclerk.schemas.compiled import Field


@dataclass(frozen=True)
class Section:
    """A heading and the strips under it, in reading order."""

    heading: Strip
    lines: tuple[Strip, ...]


def flows(strips: Sequence[Strip]) -> list[tuple[Strip, ...]]:
    """The text columns of a page, left to right; one where no gutter runs down the page."""
    pieces = [p for s in strips for p in s.pieces]
    gutter = _gutter(pieces)
    if gutter is None:
        below = _below_wide(strips)
        if 0 < below < len(strips) and _gutter([p for s in strips[below:] for p in s.pieces]) is not None:
            return [tuple(strips[:below]), *flows(strips[below:])]  # columns under a head, as of a paper
        return [tuple(strips)] if strips else []
    left = [_part(s, [p for p in s.pieces if p.box.cx < gutter]) for s in strips]
    right = [_part(s, [p for p in s.pieces if p.box.cx >= gutter]) for s in strips]
    return [*flows([s for s in left if s.pieces]), *flows([s for s in right if s.pieces])]


def _below_wide(strips: Sequence[Strip]) -> int:
    """Where what stands below the last line over most of the page begins."""
    width = max((s.box.x1 for s in strips), default=0.0) - min((s.box.x0 for s in strips), default=0.0)
    return max(
        (i + 1 for i, s in enumerate(strips) if any(p.box.width > WIDE * width for p in s.pieces)), default=0
    )


WIDE = 0.6


def _part(strip: Strip, pieces: Sequence[Piece]) -> Strip:
    return Strip(strip.page, strip.index, tuple(pieces))


def _gutter(pieces: Sequence[Piece]) -> float | None:
    """Where (nearly) no piece crosses and many stand on both sides, most of them prose, or under headings of their
    own as in a side column."""
    if len(pieces) < 24:
        return None
    starts, ends = sorted(p.box.x0 for p in pieces), sorted(p.box.x1 for p in pieces)
    wide = [p.box for p in pieces if p.box.x1 > p.box.x0]
    begun, ended = sorted(b.x0 for b in wide), sorted(b.x1 for b in wide)
    lo, hi = starts[0], ends[-1]
    best: tuple[float, float] | None = None
    failed = (0, 0, 0)  # what crosses and stands on either side of the last place that was none
    for k in range(12, 53):
        x = lo + (hi - lo) * k / 64
        crossing = bisect_left(begun, x) - bisect_right(ended, x)
        before, behind = bisect_right(ends, x), len(pieces) - bisect_left(starts, x)
        few = min(before, behind)
        if (crossing, before, behind) == failed:
            continue
        if crossing > 0.05 * len(pieces) or few < 0.2 * len(pieces) or (best and crossing >= best[0]):
            continue
        left = [p for p in pieces if p.box.x1 <= x]
        right = [p for p in pieces if p.box.x0 >= x]
        prose = all(statistics.median(len(p.words) for p in side) >= 2 for side in (left, right))
        if not prose and not (
            not crossing and all(any(_known(p.text) for p in side) for side in (left, right))
        ):
            failed = (crossing, before, behind)
            continue
        best = (crossing, x)
    return best[1] if best else None


def sections_of(pages: Sequence[Sequence[Strip]]) -> list[Section]:
    """All headed sections of a document, in reading order."""
    columns = [flow for strips in pages for flow in flows(strips)]
    lines = [s for flow in columns for s in flow]
    if not lines:
        return []
    size = statistics.median(s.size for s in lines)
    bold = statistics.fmean(_bold(s) for s in lines)
    heads = {id(s): _style(s, size) for s in lines if _is_heading(s, size, bold)}
    main = {heads[id(s)] for s in lines if id(s) in heads and _known(s.text)}
    found: list[Section] = []
    heading: Strip | None = None
    under: list[Strip] = []
    for before, flow in zip((None, *columns), columns, strict=False):
        if before is not None and before[0].page is flow[0].page and not _alike(before, flow):
            found += [Section(heading, tuple(under))] if heading is not None else []
            heading, under = None, []  # a side column does not go on with what ended beside it
        for strip in flow:
            if id(strip) in heads and (not main or heads[id(strip)] in main):
                found += [Section(heading, tuple(under))] if heading is not None else []
                heading, under = strip, []
            else:
                under.append(strip)
    if heading is not None:
        found.append(Section(heading, tuple(under)))
    return found


def _alike(left: Sequence[Strip], right: Sequence[Strip]) -> bool:
    """Whether two columns are about equally wide, as those of running text are."""
    a, b = (max(s.box.x1 for s in f) - min(s.box.x0 for s in f) for f in (left, right))
    return max(a, b) < 1.25 * min(a, b)


def _style(strip: Strip, size: float) -> tuple[bool, bool, int]:
    """What headings of one rank share: capitals, boldness, size."""
    letters = [c for c in strip.text if c.isalpha()]
    return all(c.isupper() for c in letters), _bold(strip), round(3 * strip.size / size)


def _bold(strip: Strip) -> bool:
    return all(strip.page.words[w].bold for w in strip.words)


def _is_heading(strip: Strip, size: float, bold_share: float) -> bool:
    text = strip.text.strip()
    if (
        len(strip.words) > 6
        or len(strip.pieces) > 2
        or not has_letters(text, 3)
        or text.endswith((".", ",", ";"))
    ):
        return False
    if sum(c.isdigit() for c in text) > 2 or "@" in text:
        return False
    letters = [c for c in text if c.isalpha()]
    capitals = sum(c.isupper() for c in letters) > 0.9 * len(letters) and len(letters) > 3
    large = strip.size > 1.35 * size
    return capitals or large or (_bold(strip) and bold_share < 0.25) or _known(text)


def _known(text: str) -> bool:
    folded = fold(text)
    plain = all(c.isalnum() or c in " :&/'’-" for c in text.strip())
    return plain and any(folded in known for known in phrases("heading").values())


def match(field: Field, heading: str) -> float:
    """How well a heading announces what an array holds, 0..1."""
    return _match(field.name, field.title, heading)


@lru_cache(maxsize=4096)
def _match(name: str, title: str, heading: str) -> float:
    names = [words_of(name), fold(title)]
    if not (wanted := [stems(n) for n in names if stems(n)]):
        return 0.0  # in a script that is not read, or `#`
    for key, known in (*phrases("heading").items(), *phrases("listed").items()):
        if _same_subject(key, known, names[0], wanted[0]):
            if fold(heading) in known:
                return 1.0
            wanted += [stems(p) for p in known]
    have = stems(fold(heading))
    if not have:
        return 0.0
    return max(2 * len(w & have) / (len(w) + len(have)) for w in wanted)


def _same_subject(key: str, known: Collection[str], name: str, wanted: frozenset[str]) -> bool:
    """Whether a property is about what the headings of `key` announce: `work_history` is, `volunteer_work` is not."""
    said = stems(key)
    return name in known or (
        bool(said & wanted)
        and (said <= wanted or wanted <= said or bool(stems(key.rsplit(maxsplit=1)[-1]) & wanted))
    )


def sections_for(field: Field, sections: Sequence[Section], least: float = 0.6) -> list[Section]:
    """The sections that an array is about, in reading order: all that match nearly as well as the best."""
    scored = [(match(field, s.heading.text), s) for s in sections if s.lines]
    best = max((m for m, _ in scored), default=0.0)
    return [s for m, s in scored if m >= max(least, best - 0.05)] if best >= least else []
