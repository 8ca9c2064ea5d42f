"""Binary files of the OLE kind: Outlook messages (MSG) are read, old Office formats refused. Called by `opening`."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import olefile

from paperclerk.documents.office.html import decoded
from paperclerk.documents.office.mail import Attachment, Message
from paperclerk.domain.errors import DocumentError, DocumentTooLarge, PasswordRequired, UnsupportedDocument

_BROKEN = (OSError, ValueError, struct.error, IndexError, KeyError, TypeError, AttributeError, RecursionError)
_MAX_STREAM_BYTES = 200_000_000
_MAX_ENTRIES = 5_000
_PROPERTIES = "__properties_version1.0"
_UNICODE, _ANSI, _BINARY = "001F", "001E", "0102"
_SUBJECT, _SENDER, _ADDRESS, _SMTP, _TO, _CC = "0037", "0C1A", "0C1F", "5D01", "0E04", "0E03"
_BODY, _HTML, _NAME, _LONG_NAME, _DATA, _CONTENT_ID = "1000", "1013", "3704", "3707", "3701", "3712"
_SENT, _RECEIVED = 0x0039, 0x0E06
_OLD = {
    "WordDocument": "an old Word document (DOC), which is not read. Save it as DOCX or PDF and send that.",
    "Workbook": "an old Excel workbook (XLS), which is not read. Save it as XLSX or PDF and send that.",
    "Book": "an old Excel workbook (XLS), which is not read. Save it as XLSX or PDF and send that.",
    "PowerPoint Document": "an old presentation (PPT), which is not read. Save it as PPTX or PDF and send that.",
    "VisioDocument": "a Visio drawing (VSD), which is not read. Save it as PDF and send that.",
}


def parsed(data: bytes) -> Message:
    """An Outlook message.

    Raises UnsupportedDocument, with what to save it as, for the old Office formats, PasswordRequired for an
    encrypted office file, and DocumentError.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_FATAL) as file:
            return _message(file)
    except _BROKEN as error:
        raise DocumentError("The file is damaged. Save it anew and send it again.") from error


def _message(file: Any) -> Message:
    entries = file.listdir(streams=True, storages=True)
    if len(entries) > _MAX_ENTRIES:
        raise DocumentTooLarge("The file has too many parts.")
    names = {entry[0] for entry in entries}
    if "EncryptedPackage" in names:
        raise PasswordRequired("The file is encrypted. Save it without a password and send it again.")
    for stream, what in _OLD.items():
        if stream in names:
            raise UnsupportedDocument(f"This is {what}")
    if _PROPERTIES not in names:
        raise UnsupportedDocument(
            "This is an old binary file of an unknown kind. Save it as PDF and send that."
        )
    root = _Storage(file, ())
    sender = " ".join(
        part for part in (root.text(_SENDER), _angled(root.text(_SMTP) or root.text(_ADDRESS))) if part
    )
    head = (
        ("From", sender),
        ("To", root.text(_TO)),
        ("Cc", root.text(_CC)),
        ("Date", root.moment(_SENT) or root.moment(_RECEIVED)),
        ("Subject", root.text(_SUBJECT)),
    )
    html = decoded(root.binary(_HTML)) if root.binary(_HTML) else root.text(_HTML, whole=True)
    pictures: dict[str, bytes] = {}
    attachments: list[Attachment] = []
    for name in sorted(name for name in names if name.startswith("__attach_version1.0_")):
        part = _Storage(file, (name,))
        content, identity = part.binary(_DATA), part.text(_CONTENT_ID)
        shown = part.text(_LONG_NAME) or part.text(_NAME) or "(without a name)"
        if content and identity and f"cid:{identity}" in html:
            pictures[identity] = content
        else:
            attachments.append(Attachment(shown, content))
    shown_head = tuple((name, text) for name, text in head if text)
    return Message(shown_head, html, root.text(_BODY, whole=True), pictures, tuple(attachments))


class _Storage:
    """A folder of a message: its properties by their hexadecimal ids."""

    def __init__(self, file: Any, path: tuple[str, ...]) -> None:
        self._file, self._path = file, path

    def binary(self, identity: str, kind: str = _BINARY) -> bytes:
        path = [*self._path, f"__substg1.0_{identity}{kind}"]
        if not self._file.exists(path) or self._file.get_type(path) != olefile.STGTY_STREAM:
            return b""
        if self._file.get_size(path) > _MAX_STREAM_BYTES:
            raise DocumentTooLarge("A part of the message is too large.")
        data: bytes = self._file.openstream(path).read()
        return data

    def text(self, identity: str, *, whole: bool = False) -> str:
        """A text, on one line unless `whole`."""
        wide = self.binary(identity, _UNICODE)
        found = wide.decode("utf-16-le", "replace") if wide else decoded(self.binary(identity, _ANSI))
        found = found.rstrip("\0")
        return found if whole else " ".join(found.split())[:2000]

    def moment(self, identity: int) -> str:
        """A point in time, in words; empty when it is missing."""
        path = [*self._path, _PROPERTIES]
        data = self._file.openstream(path).read() if self._file.exists(path) else b""
        for at in range(32, len(data) - 15, 16):
            kind, tag, _, ticks = struct.unpack_from("<HHIQ", data, at)
            if (tag, kind) == (identity, 0x40) and 0 < ticks < 2**61:
                try:
                    when = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
                except OverflowError:
                    return ""
                return when.strftime("%a, %d %b %Y %H:%M UTC")
        return ""


def _angled(address: str) -> str:
    return f"<{address}>" if "@" in address else ""
