"""Everyday documents with their truth, one JSON file each, for ready-made agents and for schemas of one's own.

Written from a fresh mind to try the engine on what it had not seen, invented throughout; what it got wrong then is
told in docs/accuracy.md. A file holds `agent` or `schema`, the `truth` and its `boxes` as in `paperclerk eval`, and
what to print: `print` has [left, baseline from the top, size, font, text] in points, `lines` [x, y, width, height];
an empty entry in each begins the next page.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from paperclerk.agents.builtin import lookup

FOLDER = Path(__file__).parent / "everyday"


def everyday() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each document as a case, and as PDF."""
    for path in sorted(FOLDER.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        case = {
            "id": path.stem,
            "source": told["source"],
            "agent": told.get("agent"),
            "schema": told.get("schema") or lookup(told["agent"]).json_schema,
            "truth": told["truth"],
            "match": told["match"],
            "truth_boxes": told["boxes"],
        }
        yield case, printed(told)


def printed(told: dict[str, Any]) -> bytes:
    width, height = told["size"]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(width, height), invariant=1)
    for lines, texts in itertools.zip_longest(_pages(told["lines"]), _pages(told["print"]), fillvalue=[]):
        for x, y, w, h in lines:
            if h:
                canvas.rect(x, height - y - h, w, h)
            else:
                canvas.line(x, height - y, x + w, height - y)
        for left, baseline, size, font, text in texts:
            canvas.setFont(font, size)
            canvas.drawString(left, height - baseline, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _pages(entries: list[list[Any]]) -> list[list[list[Any]]]:
    pages: list[list[list[Any]]] = [[]]
    for entry in entries:
        if entry:
            pages[-1].append(entry)
        else:
            pages.append([])
    return pages
