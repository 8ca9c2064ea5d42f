"""Types are told from bytes, and what is not read is named."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image
from tests.documents import made

from paperclerk.documents.media import detect
from paperclerk.domain.errors import DocumentError, UnsupportedDocument

SMALL = Image.new("RGB", (8, 8), "white")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_images(kind: str) -> None:
    media = detect(made.encoded(SMALL, kind))
    assert (media.kind, media.pillow, media.media_type) == ("image", kind, f"image/{kind.lower()}")


def test_pdf_with_junk_before_its_header() -> None:
    assert detect(b"\n\n junk " * 20 + made.pdf(made.lines())).kind == "pdf"


def _zip(name: str, body: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (_zip("word/document.xml"), "DOCX"),
        (_zip("xl/workbook.xml"), "XLSX"),
        (_zip("notes.txt"), "ZIP"),
        (_zip("inner.pdf", b"%PDF-1.4 stored in an archive"), "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "DOC"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "HTML"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "SVG"),
        (b'{"a": 1}', "JSON"),
        (b"%!PS-Adobe-3.0\n", "PostScript"),
        (b"just words\n", "text file"),
        (b"8BPS" + bytes(30), "PSD"),
        (b"SIMPLE  =                    T" + bytes(30), "FITS"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, found: str) -> None:
    with pytest.raises(UnsupportedDocument) as caught:
        detect(data)
    assert caught.value.code == "unsupported_media_type"
    assert found in caught.value.message and "Send a PDF, PNG" in caught.value.message


def test_unknown_bytes() -> None:
    with pytest.raises(UnsupportedDocument, match="not known"):
        detect(bytes(range(1, 200)) + bytes(50))


def test_nothing_at_all() -> None:
    with pytest.raises(DocumentError) as caught:
        detect(b"")
    assert caught.value.code == "empty_document"
