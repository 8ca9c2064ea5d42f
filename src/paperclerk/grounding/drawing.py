"""Boxes drawn over a page image, for people to look at. Called by the command line and the demo."""

from __future__ import annotations

import io
from collections.abc import Iterable

from paperclerk.grounding.places import Place

# Colours that stay apart for most kinds of colour blindness (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LABEL_SIZE = 12

Corners = tuple[float, float, float, float]


def draw_boxes(page_png: bytes, labelled: Iterable[tuple[str, Place]]) -> bytes:
    """`page_png` (a page as a viewer shows it) with a box and a name for each place, as PNG.

    Fields of one array share a colour.
    """
    from PIL import Image, ImageDraw, ImageFont

    with Image.open(io.BytesIO(page_png), formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    pen = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(LABEL_SIZE)
    fields = [(name, _corners(place, image.width, image.height)) for name, place in labelled]
    taken = [corners for _, corners in fields]
    colours: dict[str, str] = {}
    for name, corners in fields:
        root = name.split("[")[0]
        colour = colours.setdefault(root, COLOURS[len(colours) % len(COLOURS)])
        pen.rectangle(corners, outline=colour, width=2, fill=colour + "20")
        label = _free_place(corners, pen.textlength(name, font=font) + 6, image.width, taken)
        taken.append(label)
        pen.rectangle(label, fill=colour + "D8")
        pen.text((label[0] + 3, label[1]), name, fill="white", font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _corners(place: Place, width: int, height: int) -> Corners:
    x, y, w, h = place.fraction
    return (x * width, y * height, (x + w) * width, (y + h) * height)


def _free_place(box: Corners, length: float, width: int, taken: Iterable[Corners]) -> Corners:
    """Where a label covers no box and no other label: right of its box, left, above or below; else above."""
    x0, y0, x1, y1 = box
    high = LABEL_SIZE + 4
    middle = (y0 + y1 - high) / 2
    spots = [(x1 + 3, middle), (x0 - 3 - length, middle), (x0, y0 - high - 1), (x0, y1 + 1)]
    places = [(x, max(0.0, y), x + length, max(0.0, y) + high) for x, y in spots]
    fitting = [p for p in places if p[0] >= 0 and p[2] <= width]
    return next((p for p in fitting if not any(_overlap(p, t) for t in taken)), places[2])


def _overlap(a: Corners, b: Corners) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
