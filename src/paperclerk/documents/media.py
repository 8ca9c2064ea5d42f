"""What a file is, told from its bytes alone. Called by the process that opens documents, before a child exists.

Names and declared types are hints that lie; the bytes at both ends decide. Nothing here parses the file: which
office file an archive or an old binary file is, the reading child finds out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from paperclerk.domain.errors import DocumentError, UnsupportedDocument

HEAD_BYTES = 65536
"""How much of each end of a file `detect` wants to see."""

Kind = Literal["pdf", "image", "package", "ole", "mail", "html", "text", "orders"]
_WHAT_TO_SEND = (
    "Send a PDF, PNG, JPEG, WebP, BMP, GIF, TIFF, HEIC, AVIF, DOCX, XLSX, PPTX, HTML, EML, MSG or text file."
)
_PDF_SEARCH_BYTES = 1024  # the header may stand anywhere in here (PDF 1.7, appendix H.3.4.1)


@dataclass(frozen=True)
class Media:
    """A type that is read. `pillow` is Pillow's name of the format, None for what is no image."""

    kind: Kind
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
_HEIC = Media("image", "image/heic", "HEIF")
_AVIF = Media("image", "image/avif", "AVIF")
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}

_OTHERS: tuple[tuple[bytes, str], ...] = (
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
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OUTLOOK = "__properties_version1.0".encode("utf-16-le")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PACKAGES: tuple[tuple[bytes, str], ...] = (
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
)
_ZIP_PARTS: tuple[tuple[bytes, str], ...] = (
    (
        b"mimetypeapplication/vnd.oasis.opendocument",
        "an OpenDocument file (save it as DOCX, XLSX, PPTX or PDF)",
    ),
    (b"mimetypeapplication/epub", "an e-book (EPUB)"),
)
_BRANDS: dict[bytes, Media] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1"), _HEIC),
    **dict.fromkeys((b"avif", b"avis"), _AVIF),
}
_MAIL_SURE = re.compile(
    rb"^(received|return-path|delivered-to|mime-version|message-id|date|x-[a-z-]+):", re.I | re.M
)
_MAIL_ALSO = re.compile(rb"^(from|to|subject|sender):", re.I | re.M)
_HEADER_LINE = re.compile(rb"(From [^\n]*\n)?[A-Za-z][A-Za-z0-9-]{0,60}:[ \t\r\n]")
_HTML_START = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<div", b"<p>")
_NETPBM = re.compile(rb"P[1-7]\s")
_JSON = re.compile(rb"[{\[]\s*([\"{\[\]}0-9-]|true|false|null)")


def detect(head: bytes, tail: bytes = b"") -> Media:
    """The type of a file that begins with `head` and ends with `tail` (`HEAD_BYTES` of it, or all).

    Raises DocumentError (`empty_document`) for no bytes at all and UnsupportedDocument, with what was found
    where that is recognisable, for everything that is not read.
    """
    if not head:
        raise DocumentError("The file is empty (0 bytes). Send it again.", code="empty_document")
    if head.startswith(b"%PDF-"):
        return PDF
    media = _image(head) or _office(head, tail)
    if media is not None:
        return media
    found = _binary_name(head)
    if found is None and b"%PDF-" in head[:_PDF_SEARCH_BYTES]:
        return PDF
    found = found or _text_name(head)
    media = _text(head) if found is None else None
    if media is not None:
        return media
    what = f"This is {found}, which is not read." if found else "The type of this file is not known."
    raise UnsupportedDocument(f"{what} {_WHAT_TO_SEND}")


def _image(head: bytes) -> Media | None:
    for magic, media in _IMAGES:
        if head.startswith(magic):
            return media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return _BMP
    if head[4:8] == b"ftyp":
        found = _BRANDS.get(head[8:12])
        others = head[16 : min(int.from_bytes(head[:4], "big"), 256)]
        return _AVIF if found is _HEIC and b"avif" in others else found  # mif1 is the family of both
    return None


def _office(head: bytes, tail: bytes) -> Media | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        kind = next((kind for part, kind in _PACKAGES if part in head or part in tail), None)
        return Media("package", kind) if kind and b"[Content_Types].xml" in head + tail else None
    if head.startswith(_OLE):
        is_mail = _OUTLOOK in head or _OUTLOOK in tail
        return Media("ole", "application/vnd.ms-outlook" if is_mail else "application/x-ole-storage")
    return None


def _binary_name(head: bytes) -> str | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return next((name for part, name in _ZIP_PARTS if part in head), "a ZIP archive")
    if head[4:8] == b"ftyp" or head[:4] == b"RIFF":
        return "an audio or video file"
    if head[257:262] == b"ustar":
        return "a tar archive"
    if _NETPBM.match(head):
        return "a Netpbm image (PBM, PGM, PPM)"
    return next((name for magic, name in _OTHERS if head.startswith(magic)), None)


def _text_name(head: bytes) -> str | None:
    """What is written in characters and not read all the same."""
    start = _beginning(head)
    if b"<svg" in start[:1024] and b"<html" not in start[:1024]:
        return "an SVG drawing"
    if start.startswith(b"<?xml") and b"<html" not in start[:1024]:
        return "an XML file"
    return "a JSON file" if _JSON.match(start) else None


def _text(head: bytes) -> Media | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and not head.startswith(b"\xff\xfe\0\0"):
        return Media("text", "text/plain")
    if b"\0" in head or not _is_written(head):
        return None
    start = _beginning(head)
    fields = head.lstrip(b"\xef\xbb\xbf\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if _HEADER_LINE.match(fields) and _MAIL_SURE.search(fields) and _MAIL_ALSO.search(fields):
        return Media("mail", "message/rfc822")
    if start.startswith(_HTML_START) or b"<html" in start[:1024]:
        return Media("html", "text/html")
    return Media("text", "text/plain")


def _beginning(head: bytes) -> bytes:
    return head[:4096].lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n").lower()


def _is_written(head: bytes) -> bool:
    """Whether bytes are characters: UTF-8, or an older encoding of mostly plain letters."""
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in set(head)):
        return False
    try:
        head.decode("utf-8")
        return True
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4 and len(head) >= HEAD_BYTES:
            return True  # a character that the end of the head cuts in two
    return sum(byte < 128 for byte in head) > 0.8 * len(head)
