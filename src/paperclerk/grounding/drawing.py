"""Boxes drawn over a page image, for people to look at. Called by the command line and the demo."""

from __future__ import annotations

import io
from collections.abc import Iterable

from paperclerk.grounding.places import Place

# Colours that stay apart for most kinds of colour blindness (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LABEL_SIZE = 14


def draw_boxes(page_png: bytes, labelled: Iterable[tuple[str, Place]]) -> bytes:
    """`page_png` (a page as a viewer shows it) with a box and a name for each place, as PNG.

    Fields of one array share a colour.
    """
    from PIL import Image, ImageDraw, ImageFont

    with Image.open(io.BytesIO(page_png), formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    pen = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(LABEL_SIZE)
    colours: dict[str, str] = {}
    for name, place in labelled:
        root = name.split("[")[0]
        colour = colours.setdefault(root, COLOURS[len(colours) % len(COLOURS)])
        x, y, w, h = place.fraction
        corners = (x * image.width, y * image.height, (x + w) * image.width, (y + h) * image.height)
        pen.rectangle(corners, outline=colour, width=2, fill=colour + "28")
        left, top = corners[0], max(0.0, corners[1] - LABEL_SIZE - 4)
        right = left + pen.textlength(name, font=font) + 6
        pen.rectangle((left, top, right, top + LABEL_SIZE + 3), fill=colour)
        pen.text((left + 3, top), name, fill="white", font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
