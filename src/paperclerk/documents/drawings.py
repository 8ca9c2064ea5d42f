"""What a PDF page paints besides text: pictures, and the ruling lines of tables and forms. Called by `pdf`.

Only bounds and line ends are read, never pixels; counts are capped, since a page may hold millions of objects.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

pdfium: Any = importlib.import_module("pypdfium2.raw")  # ctypes bindings, which carry no types

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]  # (3, 3), for row vectors

MAX_OBJECTS = 20_000
MAX_RULES = 2_000
_MAX_SEGMENTS = 5_000
_MAX_NESTING = 6

_THIN = 2.5  # points: no ruling line is thicker
_SHORTEST = 6.0  # points: anything shorter belongs to a picture or a letter

_PATH, _IMAGE, _SHADING, _FORM = 2, 3, 4, 5
_LINE_TO, _BEZIER_TO, _MOVE_TO = 0, 1, 2


@dataclass(frozen=True)
class Drawings:
    """Boxes (n, 4): x0 y0 x1 y1 of pictures and of thin ruling lines; how many paths and shadings there are."""

    pictures: Floats
    rules: Floats
    paths: int
    shadings: int


@dataclass
class _Found:
    pictures: list[Floats] = field(default_factory=list)
    rules: list[Floats] = field(default_factory=list)
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
    _look(objects, np.eye(3), found, 0)
    return Drawings(_stacked(found.pictures), _stacked(found.rules), found.paths, found.shadings)


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
            _look(inner, _matrix_of(each) @ matrix, found, depth + 1)


def _look_at_path(path: Any, matrix: Matrix, found: _Found) -> None:
    box = _bounds(path, matrix)
    if box is None:
        return
    width, height = box[2] - box[0], box[3] - box[1]
    if _is_rule(width, height):
        found.rules.append(box)
        return
    if max(width, height) < _SHORTEST or not _is_stroked(path):
        return
    count = pdfium.FPDFPath_CountSegments(path)
    if count <= 0 or found.segments + count > _MAX_SEGMENTS:
        return
    found.segments += count
    found.rules.extend(_straight_pieces(path, count, _matrix_of(path) @ matrix))


def _is_rule(width: float, height: float) -> bool:
    return min(width, height) <= _THIN and max(width, height) >= _SHORTEST


def _straight_pieces(path: Any, count: int, matrix: Matrix) -> Iterator[Floats]:
    """The horizontal and vertical straight pieces of a stroked path."""
    x, y = ctypes.c_float(), ctypes.c_float()
    first = last = np.zeros(2)
    for i in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, i)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = (np.array([x.value, y.value, 1.0]) @ matrix)[:2]
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == _MOVE_TO:
            first = point
        elif kind == _LINE_TO:
            yield from _piece(last, point)
            if pdfium.FPDFPathSegment_GetClose(segment):
                yield from _piece(point, first)
        last = point


def _piece(start: Floats, end: Floats) -> Iterator[Floats]:
    low, high = np.minimum(start, end), np.maximum(start, end)
    if _is_rule(*(high - low)) and min(high - low) <= 0.5:
        yield np.concatenate([low, high])


def _is_stroked(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroke) and stroke.value)


def _bounds(each: Any, matrix: Matrix) -> Floats | None:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(each, left, bottom, right, top):
        return None
    sides = (
        (left.value, bottom.value),
        (right.value, bottom.value),
        (left.value, top.value),
        (right.value, top.value),
    )
    corners = np.array([(x, y, 1.0) for x, y in sides])
    placed = (corners @ matrix)[:, :2]
    box = np.concatenate([placed.min(axis=0), placed.max(axis=0)])
    return box if np.isfinite(box).all() else None


def _matrix_of(each: Any) -> Matrix:
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(each, matrix):
        return np.eye(3)
    return np.array([[matrix.a, matrix.b, 0], [matrix.c, matrix.d, 0], [matrix.e, matrix.f, 1]])


def _stacked(boxes: list[Floats]) -> Floats:
    return np.array(boxes, np.float64).reshape(-1, 4)
