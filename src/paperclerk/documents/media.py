"""What a file is, told from its bytes alone. Called by the process that opens documents, before a child exists.

Names and declared types are hints that lie; the first bytes decide. Nothing here parses the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paperclerk.domain.errors import DocumentError, UnsupportedDocument

HEAD_BYTES = 65536
"""How much of a file `detect` wants to see."""

_WHAT_TO_SEND = "Send a PDF, PNG, JPEG, WebP, BMP, GIF or TIFF file."
_PDF_SEARCH_BYTES = 1024  # the header may stand anywhere in here (PDF 1.7, appendix H.3.4.1)


@dataclass(frozen=True)
class Media:
    """A type that is read. `pillow` is Pillow's name of the format, None for a PDF."""

    kind: Literal["pdf", "image", "orders"]
    media_type: str
    pillow: str | None = None


PDF = Media("pdf", "application/pdf")
ORDERS = Media("orders", "application/x-paperclerk-orders")
"""Never detected: only a reader that was asked to obeys such a document, which begins with `ORDERS_MAGIC`."""
ORDERS_MAGIC = b"%PAPERCLERK-ORDERS\n"
_IMAGES: tuple[tuple[bytes, Media], ...] = (
    (b"\x89PNG\r\n\x1a\n", Media("image", "image/png", "PNG")),
    (b"\xff\xd8\xff", Media("image", "image/jpeg", "JPEG")),
    (b"GIF87a", Media("image", "image/gif", "GIF")),
    (b"GIF89a", Media("image", "image/gif", "GIF")),
    (b"II*\x00", Media("image", "image/tiff", "TIFF")),
    (b"MM\x00*", Media("image", "image/tiff", "TIFF")),
    (b"II+\x00", Media("image", "image/tiff", "TIFF")),
    (b"MM\x00+", Media("image", "image/tiff", "TIFF")),
)
_WEBP = Media("image", "image/webp", "WEBP")
_BMP = Media("image", "image/bmp", "BMP")
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (DOC, XLS, PPT or MSG)"),
    (b"{\\rtf", "a rich text document (RTF)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"8BPS", "a Photoshop image (PSD)"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "an EPS image"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (b"\x01\x00\x00\x00", "a Windows metafile (EMF)"),
    (b"\x00\x00\x01\x00", "an icon (ICO)"),
    (b"BLP", "a BLP texture"),
    (b"SIMPLE  =", "a FITS image"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio or video file"),
    (b"fLaC", "an audio file"),
    (b"\x1aE\xdf\xa3", "a video file"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a SQLite database"),
)
_ZIP_PARTS: tuple[tuple[bytes, str], ...] = (
    (b"word/", "a Word document (DOCX)"),
    (b"xl/", "an Excel workbook (XLSX)"),
    (b"ppt/", "a PowerPoint presentation (PPTX)"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
    (b"mimetypeapplication/epub", "an e-book (EPUB)"),
)
_BRANDS: dict[bytes, str] = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1"), "a HEIC photo"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF image"),
}


def detect(head: bytes) -> Media:
    """The type of a file that begins with `head` (its first `HEAD_BYTES` bytes, or all of it).

    Raises DocumentError (`empty_document`) for no bytes at all and UnsupportedDocument, with what was found
    where that is recognisable, for everything that is not read.
    """
    if not head:
        raise DocumentError("The file is empty (0 bytes). Send it again.", code="empty_document")
    if head.startswith(b"%PDF-"):
        return PDF
    for magic, media in _IMAGES:
        if head.startswith(magic):
            return media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return _BMP
    found = _binary_name(head)
    if found is None and b"%PDF-" in head[:_PDF_SEARCH_BYTES]:
        return PDF
    found = found or _text_name(head)
    what = f"This is {found}, which is not read." if found else "The type of this file is not known."
    raise UnsupportedDocument(f"{what} {_WHAT_TO_SEND}")


def _binary_name(head: bytes) -> str | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return next((name for part, name in _ZIP_PARTS if part in head), "a ZIP archive")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video or audio file")
    if head[:4] == b"RIFF":
        return "an audio or video file"
    if head[257:262] == b"ustar":
        return "a tar archive"
    return next((name for magic, name in _OTHERS if head.startswith(magic)), None)


def _text_name(head: bytes) -> str | None:
    start = head[:4096].lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start[:1024]:
        return "a web page (HTML)"
    if b"<svg" in start[:1024]:
        return "an SVG drawing"
    if start.startswith(b"<?xml"):
        return "an XML file"
    if start.startswith((b"{", b"[")):
        return "a JSON file"
    if start.startswith((b"received:", b"return-path:", b"delivered-to:", b"mime-version:")):
        return "an e-mail message"
    return None if b"\x00" in head[:4096] else "a text file"
