"""A page that is printed on and remembers where each value stands. Used by the generated documents."""

from __future__ import annotations

import io
import itertools
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas


class Sheet:
    """A4 by default; `truth` and `boxes` (leaf path -> [page from 1, x, y, w, h]) grow as values are printed."""

    def __init__(self, width: float = 595, height: float = 842) -> None:
        self.width, self.height, self.page = width, height, 1
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=(width, height), invariant=1)
        self.truth: dict[str, Any] = {}
        self.boxes: dict[str, list[float]] = {}

    def text(
        self, x: float, y: float, text: str, *, size: float = 10, bold: bool = False, font: str = "Helvetica",
        align: str = "left", path: str = "", value: Any = None,
    ) -> float:  # fmt: skip
        """Prints with the baseline `y` below the top edge; gives the right end. `path` enters it into the truth."""
        face = f"{font}-Bold" if bold else font
        length = stringWidth(text, face, size)
        left = x - length if align == "right" else x - length / 2 if align == "centre" else x
        self.canvas.setFont(face, size)
        self.canvas.drawString(left, self.height - y, text)
        if path:
            self.enter(path, text if value is None else value)
            self.boxes[path] = [
                self.page,
                left / self.width,
                (y - 0.75 * size) / self.height,
                length / self.width,
                0.95 * size / self.height,
            ]
        return left + length

    def enter(self, path: str, value: Any) -> None:
        parts = path.replace("]", "").replace("[", ".").split(".")
        last = parts[-1]
        node: Any = self.truth
        for step, following in itertools.pairwise(parts):
            empty: Any = [] if following.isdecimal() else {}
            if isinstance(node, list):
                if int(step) == len(node):
                    node.append(empty)
                node = node[int(step)]
            else:
                node = node.setdefault(step, empty)
        if isinstance(node, list):
            node.append(value)
        else:
            node[last] = value

    def rule(self, x0: float, y: float, x1: float) -> None:
        self.canvas.line(x0, self.height - y, x1, self.height - y)

    def frame(self, x: float, y: float, w: float, h: float) -> None:
        self.canvas.rect(x, self.height - y - h, w, h)

    def next_page(self) -> None:
        self.canvas.showPage()
        self.page += 1

    def pdf(self) -> bytes:
        self.canvas.save()
        return self.file.getvalue()
