"""Types are told from bytes, and what is not read is named."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image
from tests.documents import made

from paperclerk.documents.media import detect
from paperclerk.domain.errors import DocumentError, UnsupportedDocument

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
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


def _office(folder: str, first: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("media.bin", bytes(first))
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/document.xml", "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (_zip("notes.txt"), "ZIP"),
        (_zip("word/document.xml"), "ZIP"),  # without a list of content types it is no office file
        (_zip("inner.pdf", b"%PDF-1.4 stored in an archive"), "ZIP"),
        (_zip("mimetype", b"application/vnd.oasis.opendocument.text"), "save it as DOCX"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "SVG"),
        (b"<?xml version='1.0'?><other/>", "XML"),
        (b'{"a": 1}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"P5\n# a comment\n8 8 255\n", "Netpbm"),
        (b"{\\rtf1 words}", "RTF"),
        (b"%!PS-Adobe-3.0\n", "PostScript"),
        (b"8BPS" + bytes(30), "PSD"),
        (b"SIMPLE  =                    T" + bytes(30), "FITS"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "video"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, found: str) -> None:
    with pytest.raises(UnsupportedDocument) as caught:
        detect(data)
    assert caught.value.code == "unsupported_media_type"
    assert found in caught.value.message and "Send a PDF, PNG" in caught.value.message


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (_office("word"), "package", DOCX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "ole", "application/x-ole-storage"),
        (b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00", "image", "image/heic"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif", "image", "image/avif"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "html", "text/html"),
        (b"From: a@b.c\r\nDate: Fri, 14 Mar 2025 09:00:00 +0000\r\n\r\nx", "mail", "message/rfc822"),
        (b"From: a@b.c\n\nDate: none of a header", "text", "text/plain"),
        (b"just words\n", "text", "text/plain"),
        ("größer".encode("cp1252") + b" than before\n", "text", "text/plain"),
        ("größer".encode() * 20_000, "text", "text/plain"),
        (b"[a link](https://example.org) in Markdown", "text", "text/plain"),
    ],
)
def test_office_files_mail_and_text(data: bytes, kind: str, media_type: str) -> None:
    media = detect(data[:65536], data[-65536:])
    assert (media.kind, media.media_type) == (kind, media_type)


def test_an_office_file_may_begin_with_something_large() -> None:
    data = _office("ppt", first=70_000)
    with pytest.raises(UnsupportedDocument):
        detect(data[:65536])
    assert detect(data[:65536], data[-65536:]).kind == "package"


def test_unknown_bytes() -> None:
    with pytest.raises(UnsupportedDocument, match="not known"):
        detect(bytes(range(1, 200)) + bytes(50))


def test_nothing_at_all() -> None:
    with pytest.raises(DocumentError) as caught:
        detect(b"")
    assert caught.value.code == "empty_document"
