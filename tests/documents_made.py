"""Small documents that tests make for themselves."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

LINES = (
    ("ACME Tools Ltd", ""),
    ("Invoice number", "R-2041"),
    ("Total", "118.50"),
)


def make_pdf(pages: int) -> bytes:
    """A digital PDF whose pages all hold `LINES`."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    for _ in range(pages):
        for n, (label, value) in enumerate(LINES):
            canvas.drawString(72, 760 - 40 * n, label)
            canvas.drawString(300, 760 - 40 * n, value)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def make_png(kind: str = "PNG") -> bytes:
    """A picture of `LINES`."""
    image = Image.new("RGB", (1000, 500), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(44)
    for n, (label, value) in enumerate(LINES):
        draw.text((60, 60 + 120 * n), label, fill="black", font=font)
        draw.text((560, 60 + 120 * n), value, fill="black", font=font)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()
