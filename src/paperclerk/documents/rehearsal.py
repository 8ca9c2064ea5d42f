"""Small documents of our own making, which a zygote reads before its first fork. Called by `child`.

Reading one of each type loads every codec, plug-in and network that a child, locked in, could not load.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageDraw

from paperclerk.documents.media import Media, detect
from paperclerk.documents.office import rehearsal as office

_CONTENT = b"BT /F1 12 Tf 20 60 Td (caf\xe9 1,00) Tj ET 10 10 100 0.5 re f"
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def text_page() -> tuple[Media, bytes]:
    """A page of a PDF with lines and columns of text, enough for reading to touch all that it needs."""
    lines = (
        b"1 0 0 1 %d %d Tm (row %d 1,00) Tj" % (x, y, y) for y in range(4, 96, 32) for x in (10, 80, 150)
    )
    data = _pdf(b"BT /F1 3 Tf " + b" ".join(lines) + b" ET 10 10 100 0.5 re f")
    return detect(data), data


def documents() -> Iterator[tuple[Media, bytes]]:
    """A page of each type, with a word on it."""
    for data in (_pdf(_CONTENT), _pdf(b"10 10 80 80 re f"), *_images(), *office.documents()):
        yield detect(data), data


def _images() -> Iterator[bytes]:
    picture = Image.new("RGB", (96, 64), "white")
    ImageDraw.Draw(picture).text((8, 20), "word 1.00", fill="black")
    for name in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"):
        yield _saved(picture, name)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield _saved(picture, "JPEG", exif=exif)
    yield _saved(picture.convert("CMYK"), "JPEG")
    yield _saved(picture.convert("RGBA"), "PNG")
    yield _saved(picture.convert("I;16"), "PNG")
    for compression in ("group4", "tiff_lzw", "jpeg", "packbits", "tiff_adobe_deflate"):
        mode = "1" if compression == "group4" else "RGB"
        yield _saved(picture.convert(mode), "TIFF", compression=compression)


def _saved(picture: Image.Image, name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def _pdf(content: bytes) -> bytes:
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        _FONT,
        b"<</Title(\xfe\xff\x00a)>>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)
