"""Boxes, in the one frame that is used inside the code. Called by every layer above.

Frame: *page units* of the upright page, origin top left, x to the right, y down. For a PDF page one unit is
one point (1/72 inch). For an image page the units are scaled so that the longer side is 842 (an A4 page in
points), whatever the pixel count. Only `wire` and drawing convert, to page fractions or to pixels.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Box(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An axis-aligned rectangle, `x0 <= x1`, `y0 <= y1`."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def cx(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def cy(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def area(self) -> float:
        return self.width * self.height

    def overlap_x(self, other: Box) -> float:
        """Length of the shared horizontal stretch, 0 when there is none."""
        return max(0.0, min(self.x1, other.x1) - max(self.x0, other.x0))

    def overlap_y(self, other: Box) -> float:
        """Length of the shared vertical stretch, 0 when there is none."""
        return max(0.0, min(self.y1, other.y1) - max(self.y0, other.y0))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        joint = self.overlap_x(other) * self.overlap_y(other)
        total = self.area + other.area - joint
        return joint / total if total > 0 else 0.0


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of `boxes`. Raises ValueError when there is none."""
    first, *others = boxes
    x0, y0, x1, y1 = first.x0, first.y0, first.x1, first.y1
    for box in others:  # called for every row and cell: a plain loop is three times as fast
        x0 = box.x0 if box.x0 < x0 else x0
        y0 = box.y0 if box.y0 < y0 else y0
        x1 = box.x1 if box.x1 > x1 else x1
        y1 = box.y1 if box.y1 > y1 else y1
    return Box(x0, y0, x1, y1) if others else first
