"""What a PDF page paints besides text: pictures, and the ruling lines of tables and forms. Called by `pdf`.

Only bounds and line ends are read, never pixels; counts are capped, since a page may hold millions of objects.
"""

from __future__ import annotations

import ctypes
import importlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

pdfium: Any = importlib.import_module("pypdfium2.raw")  # ctypes bindings, which carry no types

Floats = npt.NDArray[np.float64]
Matrix = tuple[float, float, float, float, float, float]  # a b c d e f, as PDF writes them
Sides = tuple[float, float, float, float]  # left, bottom, right, top

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

MAX_OBJECTS = 20_000
MAX_RULES = 2_000
_MAX_SEGMENTS = 5_000
_MAX_NESTING = 6

_THIN = 2.5  # points: no ruling line is thicker
_SHORTEST = 6.0  # points: anything shorter belongs to a picture or a letter

_SMALLEST_MARK, _LARGEST_MARK = 3.0, 24.0  # points
_MAX_MARKS = 500

_PATH, _IMAGE, _SHADING, _FORM = 2, 3, 4, 5
_LINE_TO, _BEZIER_TO, _MOVE_TO = 0, 1, 2


@dataclass(frozen=True)
class Drawings:
    """Boxes (n, 4): x0 y0 x1 y1 of pictures, of thin ruling lines, and of small strokes and shapes that are neither
    (`marks`, a tick among them); how many paths and shadings there are."""

    pictures: Floats
    rules: Floats
    marks: Floats
    paths: int
    shadings: int


@dataclass
class _Found:
    pictures: list[Sides] = field(default_factory=list)
    rules: list[Sides] = field(default_factory=list)
    marks: list[Sides] = field(default_factory=list)
    paths: int = 0
    shadings: int = 0
    objects: int = 0
    segments: int = 0

    @property
    def full(self) -> bool:
        return self.objects >= MAX_OBJECTS


def collect(page: Any) -> Drawings:
    """Everything painted on the loaded page `page`, in page space (left, bottom, right, top)."""
    found = _Found()
    count = pdfium.FPDFPage_CountObjects(page)
    objects = (pdfium.FPDFPage_GetObject(page, i) for i in range(min(count, MAX_OBJECTS)))
    _look(objects, _IDENTITY, found, 0)
    return Drawings(
        _stacked(found.pictures), _stacked(found.rules), _stacked(found.marks), found.paths, found.shadings
    )


def _look(objects: Iterator[Any], matrix: Matrix, found: _Found, depth: int) -> None:
    for each in objects:
        found.objects += 1
        if found.full:
            return
        kind = pdfium.FPDFPageObj_GetType(each)
        if kind == _IMAGE:
            box = _bounds(each, matrix)
            if box is not None:
                found.pictures.append(box)
        elif kind == _PATH:
            found.paths += 1
            if len(found.rules) < MAX_RULES:
                _look_at_path(each, matrix, found)
        elif kind == _SHADING:
            found.shadings += 1
        elif kind == _FORM and depth < _MAX_NESTING:
            count = min(pdfium.FPDFFormObj_CountObjects(each), MAX_OBJECTS)
            inner = (pdfium.FPDFFormObj_GetObject(each, i) for i in range(count))
            _look(inner, _joined(_matrix_of(each), matrix), found, depth + 1)


def _look_at_path(path: Any, matrix: Matrix, found: _Found) -> None:
    box = _bounds(path, matrix)
    if box is None:
        return
    width, height = box[2] - box[0], box[3] - box[1]
    if _is_rule(width, height):
        found.rules.append(box)
        return
    small = max(width, height) <= _LARGEST_MARK and len(found.marks) < _MAX_MARKS
    straight = _sides_of(path, matrix, found) if max(width, height) >= _SHORTEST and _is_stroked(path) else []
    found.rules.extend(straight)
    if small and not straight and min(width, height) >= _SMALLEST_MARK:
        found.marks.append(box)


def _sides_of(path: Any, matrix: Matrix, found: _Found) -> list[Sides]:
    count = pdfium.FPDFPath_CountSegments(path)
    if count <= 0 or found.segments + count > _MAX_SEGMENTS:
        return []
    found.segments += count
    return list(_straight_pieces(path, count, _joined(_matrix_of(path), matrix)))


def _is_rule(width: float, height: float) -> bool:
    return min(width, height) <= _THIN and max(width, height) >= _SHORTEST


def _straight_pieces(path: Any, count: int, matrix: Matrix) -> Iterator[Sides]:
    """The horizontal and vertical straight pieces of a stroked path."""
    x, y = ctypes.c_float(), ctypes.c_float()
    first = last = (0.0, 0.0)
    for i in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, i)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = _placed(x.value, y.value, matrix)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == _MOVE_TO:
            first = point
        elif kind == _LINE_TO:
            yield from _piece(last, point)
            if pdfium.FPDFPathSegment_GetClose(segment):
                yield from _piece(point, first)
        last = point


def _piece(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Sides]:
    width, height = abs(end[0] - start[0]), abs(end[1] - start[1])
    if min(width, height) <= 0.5 and max(width, height) >= _SHORTEST:
        yield min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1])


def _is_stroked(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroke) and stroke.value)


_left, _bottom, _right, _top = (ctypes.c_float() for _ in range(4))


def _bounds(each: Any, matrix: Matrix) -> Sides | None:
    if not pdfium.FPDFPageObj_GetBounds(each, _left, _bottom, _right, _top):
        return None
    sides = (_left.value, _bottom.value, _right.value, _top.value)
    if not all(map(math.isfinite, sides)):
        return None
    if matrix is _IDENTITY:
        return sides
    corners = [_placed(x, y, matrix) for x in (sides[0], sides[2]) for y in (sides[1], sides[3])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _placed(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _joined(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does `first` and `then` in turn."""
    if then is _IDENTITY or first is _IDENTITY:
        return first if then is _IDENTITY else then
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (
        a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m
    )  # fmt: skip


def _matrix_of(each: Any) -> Matrix:
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(each, matrix):
        return _IDENTITY
    found = (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)
    return _IDENTITY if found == _IDENTITY else found


def _stacked(boxes: list[Sides]) -> Floats:
    return np.array(boxes, np.float64).reshape(-1, 4)
