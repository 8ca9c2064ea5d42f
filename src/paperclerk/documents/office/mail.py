"""An e-mail message (EML): its head and body as pages, its attachments as the pages after. Called by `opening`.

An attachment of a kind that is read becomes further pages, the others are listed with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from typing import Any

from paperclerk.documents.office.flow import Block, Flow, Paragraph, Run, paragraph
from paperclerk.documents.office.html import blocks_of, decoded
from paperclerk.documents.pages import OpenDocument
from paperclerk.domain.errors import DocumentError, DocumentTooLarge, PaperclerkError

MAX_ATTACHMENTS = 100
MAX_PARTS = 1_000
_HEAD = ("From", "To", "Cc", "Date", "Subject")
_BROKEN = (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError, UnicodeError)

Open = Callable[[bytes], OpenDocument]
"""Opens an attachment as a document. Raises DocumentError."""


@dataclass(frozen=True)
class Attachment:
    """A file that came with a message; `name` is only shown."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Message:
    """A message, from whatever format. `head` are its lines, such as ("From", "ann@example.org")."""

    head: tuple[tuple[str, str], ...]
    html: str
    text: str
    pictures: dict[str, bytes]
    attachments: tuple[Attachment, ...]


def parsed(data: bytes) -> Message:
    """A message of RFC 5322. Raises DocumentError."""
    try:
        mail: Any = message_from_bytes(data, policy=policy.default)
        head = tuple((name, _line(mail[name])) for name in _HEAD if mail[name])
        return _sorted(mail, head)
    except _BROKEN as error:
        raise DocumentError("The e-mail is damaged. Save it anew, or send its parts.") from error


def flow_and_parts(message: Message, open_part: Open) -> tuple[Flow, list[OpenDocument]]:
    """The message's own pages, and its attachments that are read, in their order."""
    if len(message.attachments) > MAX_ATTACHMENTS:
        raise DocumentTooLarge(
            f"The e-mail has more than {MAX_ATTACHMENTS} attachments. Send them by themselves."
        )
    notes: list[str] = []
    documents: list[OpenDocument] = []
    for attachment in message.attachments:
        try:
            document = open_part(attachment.data)
        except PaperclerkError as error:
            notes.append(f"{attachment.name} (not read: {error.message})")
            continue
        documents.append(document)
        count = document.info.page_count
        notes.append(f"{attachment.name} ({count} {'page' if count == 1 else 'pages'})")
    subject = next((text for name, text in message.head if name == "Subject"), None)
    return Flow(tuple(_blocks(message, notes)), title=subject), documents


def _blocks(message: Message, notes: Sequence[str]) -> Iterator[Block]:
    for name, text in message.head:
        yield Paragraph((Run(f"{name}: ", True), Run(text)), after=1.0)
    for note in notes:
        yield Paragraph((Run("Attachment: ", True), Run(note)), after=1.0)
    yield paragraph("")
    body = list(blocks_of(message.html, message.pictures)) if message.html.strip() else []
    if body:
        yield from body
    else:
        for line in message.text.replace("\r\n", "\n").split("\n"):
            yield Paragraph((Run(line.expandtabs(8).rstrip()),), after=0.0)


def _sorted(mail: Any, head: tuple[tuple[str, str], ...]) -> Message:
    """The parts of a message by what they are for."""
    html = text = ""
    pictures: dict[str, bytes] = {}
    attachments: list[Attachment] = []
    for number, part in enumerate(_leaves(mail)):
        if number > MAX_PARTS:
            raise DocumentTooLarge("The e-mail has too many parts. Send its attachments by themselves.")
        kind = part.get_content_type()
        name = part.get_filename() or ""
        attached = part.get_content_disposition() == "attachment" or bool(name)
        if kind == "text/html" and not attached:
            html = html or decoded(_bytes(part), part.get_content_charset() or "")
        elif kind == "text/plain" and not attached:
            text = text or decoded(_bytes(part), part.get_content_charset() or "")
        else:
            identity = str(part["Content-ID"] or "").strip().strip("<>")
            data = _bytes(part)
            if identity and kind.startswith("image/") and f"cid:{identity}" in html:
                pictures[identity] = data
            elif data:
                attachments.append(Attachment(_line(name) or f"({kind})", data))
    return Message(head, html, text, pictures, tuple(attachments))


def _leaves(mail: Any) -> Iterator[Any]:
    """Parts that hold something themselves; a message that was forwarded whole is one of them."""
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.iter_parts():
            yield from _leaves(part)
    else:
        yield mail


def _bytes(part: Any) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner else b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _line(value: object) -> str:
    return " ".join(str(value or "").split())[:2000]
