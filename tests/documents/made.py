"""Documents that these tests make for themselves."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib import pdfencrypt
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

A4 = (595.0, 842.0)

LETTER = (
    "Northfield Supplies Ltd",
    "14 Harbour Road, Leeds",
    "Invoice number: NS-20418",
    "Date: 14 March 2024",
    "Garden table oak 2 149.00 298.00",
    "Folding chair set 6 24.50 147.00",
    "Delivery to address 1 35.00 35.00",
    "Total amount due: 480.00",
)


def pdf(
    *pages: Callable[[Canvas], None], size: tuple[float, float] = A4, password: str | None = None
) -> bytes:
    """A PDF whose pages are drawn by `pages`; with `password` only that opens it ('' opens without asking)."""
    out = io.BytesIO()
    lock = pdfencrypt.StandardEncryption(password, ownerPassword="owner") if password is not None else None
    canvas = Canvas(out, pagesize=size, invariant=1, encrypt=lock)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def lines(texts: Sequence[str] = LETTER, x: float = 72, top: float = 770, step: float = 24, font: float = 12):
    """Draws `texts` one below another."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", font)
        for n, text in enumerate(texts):
            canvas.drawString(x, top - n * step, text)

    return draw


def scan(
    texts: Sequence[str] = LETTER,
    *,
    width: int = 1240,
    height: int = 1754,
    font: int = 34,
    turn: int = 0,
    skew: float = 0.0,
) -> Image.Image:
    """A picture of a page with `texts`, turned clockwise by `turn`, and askew by `skew` degrees."""
    image = Image.new("RGB", (width, height), "white")
    draw, face = ImageDraw.Draw(image), ImageFont.load_default(font)
    for n, text in enumerate(texts):
        draw.text((120, 140 + 3 * font * n), text, fill=(20, 20, 20), font=face)
    if skew:
        image = image.rotate(skew, fillcolor="white", resample=Image.Resampling.BICUBIC)
    return image.rotate(-turn, expand=True) if turn else image


def picture_page(image: Image.Image, box: tuple[float, float, float, float] | None = None):
    """Draws `image` on the page, in `box` (x, y from below, width, height) or all over it."""

    def draw(canvas: Canvas) -> None:
        x, y, w, h = box or (0, 0, *canvas._pagesize)
        canvas.drawImage(ImageReader(image), x, y, w, h)

    return draw


def both(*draws: Callable[[Canvas], None]):
    def draw(canvas: Canvas) -> None:
        for each in draws:
            each(canvas)

    return draw


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def raw_pdf(objects: dict[int, bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A PDF of hand-written objects."""
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, last = len(out), max(objects)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (last + 1)
    for number in range(1, last + 1):
        out += b"%010d 00000 %c \n" % (offsets.get(number, 0), b"n" if number in offsets else b"f")
    out += b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (last + 1, trailer, start)
    return bytes(out)


def one_page(content: bytes, page: bytes = b"/MediaBox[0 0 595 842]", **extra: bytes) -> bytes:
    """A PDF of one page with this content stream; `page` holds further entries of the page."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % extra.get("catalog", b""),
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>%s>>" % page,
        4: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    }
    objects.update({int(k[1:]): v for k, v in extra.items() if k != "catalog"})
    return raw_pdf(objects)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims this size and holds almost nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
