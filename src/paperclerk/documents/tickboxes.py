"""Boxes to tick, as the characters ☐ and ☒. Called by `ocr`, whose networks read them as letters or not at all, and
by `pdf_document`, where they are drawn beside the text.

A box is a hollow square about as tall as the text, its four sides inked or ruled, that is no part of a row of boxes
for single letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from paperclerk.documents.drawings import Drawings, Floats
from paperclerk.documents.marks import Marks, Plane
from paperclerk.domain.document import Word
from paperclerk.domain.geometry import Box

EMPTY, TICKED, TICK = "☐", "☒", "✗"
_SMALLEST, _LARGEST = 0.6, 2.0  # of the height of a line of text
_ROOM = 3.0  # times the size of a tick: the largest square it stands in
_INKED = 0.85  # of each side
_MARKED = 0.06  # of the inside: so much ink is a tick
_MOST = 400  # squares of a page, outlines inside and outside counted: more are no boxes to tick
_TOUCHING = 0.35  # of the side: nearer boxes are a comb for letters
_BEYOND = 0.2  # of the side: what reaches farther is a word behind the box
_FIGURES = frozenset("23456789")  # stand in a box of their own: how many
_DRAWN = frozenset("□☐☑☒✓✔×√口日目[|")  # at the head of a word: no letter
_PRINTED = frozenset("xXvV✓✔✗✘×■●•")  # in a drawn box: it is ticked
_SLACK = 1.5  # points by which the sides of a drawn box may miss each other
_SCORE = 0.9


def with_boxes(words: Sequence[Word], marks: Marks) -> tuple[Word, ...]:
    """`words` with the boxes of the picture among them, in place of what was read of a box; in pixels."""
    if not words:
        return ()
    boxes = _boxes(marks, median(word.box.height for word in words))
    kept, found = list(words), []
    for box, ticked in boxes:
        inside = [w for w in kept if _middle_in(w.box, box) and w.box.x1 < box.x1 + _BEYOND * box.width]
        if any(len(word.text) > 2 or _FIGURES & set(word.text) for word in inside):
            continue
        if any(_middle_in_word(box, word) for word in kept):
            continue  # a square O
        kept = [word for word in kept if word not in inside]
        found.append(Word(TICKED if ticked else EMPTY, box, _SCORE, box.height))
    return (*(_uncovered(word, [mark.box for mark in found]) for word in kept), *found)


def with_drawn_boxes(words: Sequence[Word], drawings: Drawings) -> list[Word]:
    """`words` with the boxes among them that ruling lines make, in place of a tick that is printed in one, and with
    the ticks that are drawn in other cells; in points."""
    if not words:
        return []
    kept, boxes = list(words), []
    for square in _squares(drawings.rules, median(word.size for word in words)):
        inside = [word for word in kept if _middle_in(word.box, square)]
        if all(word.text in _PRINTED for word in inside):
            ticked = bool(inside) or any(_middle_in(Box(*mark), square) for mark in drawings.marks.tolist())
            kept = [word for word in kept if word not in inside]
            boxes.append(Word(TICKED if ticked else EMPTY, square, 1.0, square.height))
    ticks = [tick for tick in _ticks(drawings) if not any(_middle_in(tick.box, box.box) for box in boxes)]
    return [*kept, *boxes, *ticks]


def _squares(rules: Floats, height: float) -> list[Box]:
    """Squares that four rules make, each by itself."""
    low, high = _SMALLEST * height, _LARGEST * height
    widths, heights = rules[:, 2] - rules[:, 0], rules[:, 3] - rules[:, 1]
    flat = rules[(low <= widths) & (widths <= high) & (heights < low)]
    tall = rules[(low <= heights) & (heights <= high) & (widths < low)]
    ys = (flat[:, 1] + flat[:, 3]) / 2
    found = []
    for (x0, _, x1, _), y0 in zip(flat, ys, strict=True):
        side = x1 - x0
        below = (abs(flat[:, 0] - x0) < _SLACK) & (ys > y0 + 0.7 * side) & (ys < y0 + 1.4 * side)
        for y1 in sorted(ys[below])[:1]:
            along = (abs(tall[:, 1] - y0) < _SLACK) & (abs(tall[:, 3] - y1) < _SLACK)
            xs = (tall[along, 0] + tall[along, 2]) / 2
            if all((abs(xs - x) < _SLACK).any() for x in (x0, x1)):
                found.append((float(x0), float(y0), float(side), float(y1 - y0)))
    found = [s for n, s in enumerate(found) if not any(_same(s, other) for other in found[:n])]
    if len(found) > _MOST:
        return []
    return [
        Box(x, y, x + w, y + h)
        for x, y, w, h in found
        if not any(_adjoins((x, y, w, h), other) for other in found if other != (x, y, w, h))
    ]


def _same(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two squares are one, its rim drawn twice."""
    return abs(one[0] - other[0]) < 2 * _SLACK and abs(one[1] - other[1]) < 2 * _SLACK


def _adjoins(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two squares are cells of a comb or a table."""
    stacked = abs(one[0] - other[0]) < _SLACK and abs(one[1] + one[3] - other[1]) < _SLACK
    above = abs(one[0] - other[0]) < _SLACK and abs(other[1] + other[3] - one[1]) < _SLACK
    return stacked or above or _touches(one, other)


def _ticks(drawings: Drawings) -> list[Word]:
    """A word for each stroke or shape that is drawn inside a small cell of ruling lines."""
    rules = drawings.rules
    if not len(drawings.marks) or len(rules) < 4:
        return []
    x0, y0, x1, y1 = rules.T
    flat, tall = rules[x1 - x0 > y1 - y0], rules[x1 - x0 <= y1 - y0]
    found = {}
    for mark in drawings.marks:
        a, b, c, d = mark
        size = max(c - a, d - b)
        over = flat[(flat[:, 0] <= a + 1) & (flat[:, 2] >= c - 1) & (flat[:, 2] - flat[:, 0] < _ROOM * size)]
        along = tall[(tall[:, 1] <= b + 1) & (tall[:, 3] >= d - 1) & (tall[:, 3] - tall[:, 1] < _ROOM * size)]
        sides = (b - over[:, 3], over[:, 1] - d, a - along[:, 2], along[:, 0] - c)
        if all(((side > -1.5) & (side < 0.5 * _ROOM * size)).any() for side in sides):
            box = Box(*map(float, mark))
            found[round(box.cx), round(box.cy)] = Word(TICK, box, 1.0, float(size))
    return list(found.values())


def _boxes(marks: Marks, height: float) -> list[tuple[Box, bool]]:
    """Hollow squares and whether something is marked in each."""
    grey, ink = marks.grey, marks.ink
    paper = 0.75 * float(np.percentile(grey[::8, ::8], 80))
    low, high = _SMALLEST * height, _LARGEST * height
    squares: list[tuple[int, int, int, int]] = []
    for x, y, w, h in marks.rects:
        square = low <= w <= high and low <= h <= high and 0.8 < w / h < 1.25
        if square and _is_framed(ink[y : y + h, x : x + w]) and _around(grey, x, y, w, h) > paper:
            squares.append((x, y, w, h))
    if len(squares) > _MOST:
        return []  # squared paper, a pattern
    outer = [s for s in squares if not any(_holds(other, s) for other in squares if other != s)]
    alone = [s for s in outer if not any(_touches(s, other) for other in outer if other != s)]
    return [
        (Box(float(x), float(y), float(x + w), float(y + h)), _is_marked(ink[y : y + h, x : x + w]))
        for x, y, w, h in dict.fromkeys(alone)
    ]


def _around(grey: Plane, x: int, y: int, w: int, h: int) -> float:
    """How light it is around a box: white letters on black are none."""
    rim = max(2, round(0.2 * h))
    area = grey[max(0, y - rim) : y + h + rim, max(0, x - rim) : x + w + rim]
    inner = grey[y : y + h, x : x + w]
    return (float(area.sum()) - float(inner.sum())) / max(1, area.size - inner.size)


def _is_framed(ink: Plane) -> bool:
    """Whether ink runs along all four sides, and the rest is not full of it."""
    rim = max(2, round(0.18 * len(ink)))
    sides = (
        ink[:rim].any(axis=0),
        ink[-rim:].any(axis=0),
        ink[:, :rim].any(axis=1),
        ink[:, -rim:].any(axis=1),
    )
    tip = max(2, round(0.1 * len(ink)))  # a D is round there
    corners = (ink[:tip, :tip], ink[:tip, -tip:], ink[-tip:, :tip], ink[-tip:, -tip:])
    return (
        all(float(side.mean()) >= _INKED for side in sides)
        and sum(bool(corner.any()) for corner in corners) >= 3
        and float(_inner(ink).mean()) < 0.6
    )


def _inner(ink: Plane) -> Plane:
    rim = max(2, round(0.25 * len(ink)))
    return ink[rim:-rim, rim:-rim] if len(ink) > 2 * rim and ink.shape[1] > 2 * rim else ink


def _is_marked(ink: Plane) -> bool:
    return float(_inner(ink).mean()) > _MARKED


def _holds(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    (x, y, w, h), (a, b, c, d) = outer, inner
    return x <= a and y <= b and x + w >= a + c and y + h >= b + d and w * h > c * d


def _touches(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes stand side by side as those of a comb do."""
    (x, y, w, h), (a, b, c, _) = one, other
    return abs(y - b) < 0.3 * h and max(a - (x + w), x - (a + c)) < _TOUCHING * w


def _middle_in(inner: Box, outer: Box) -> bool:
    return outer.x0 <= inner.cx <= outer.x1 and outer.y0 <= inner.cy <= outer.y1


def _middle_in_word(box: Box, word: Word) -> bool:
    """Whether a box stands inside a word or at its end: then it is a letter of it."""
    return _middle_in(box, word.box) and word.box.x0 < box.x0 - 0.5 * box.width


def _uncovered(word: Word, boxes: Sequence[Box]) -> Word:
    """A word behind a box that was taken for its beginning, without the box."""
    for box in boxes:
        beside = (
            box.y0 < word.box.cy < box.y1 and word.box.x0 < box.x1 - 0.3 * box.width and word.box.x1 > box.x1
        )
        if beside:
            text = word.text[1:] if len(word.text) > 1 and word.text[0] in _DRAWN else word.text
            return Word(text, Box(box.x1, word.box.y0, word.box.x1, word.box.y1), word.score, word.size)
    return word
