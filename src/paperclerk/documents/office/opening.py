"""Which reader opens a file that is neither PDF nor image, and the pages that come of it. Called by `child`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from paperclerk.documents.media import Media
from paperclerk.documents.office import docx, html, mail, outlook, pptx, text, xlsx
from paperclerk.documents.office.archive import Package
from paperclerk.documents.office.flow import Flow
from paperclerk.documents.office.laid import LaidDocument
from paperclerk.documents.office.markup import local_name
from paperclerk.documents.office.typeset import LaidPage, Typesetter
from paperclerk.documents.pages import Effort, OpenDocument, PictureReader, Pixels
from paperclerk.domain.document import DocumentInfo, Page
from paperclerk.domain.errors import UnsupportedDocument

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
MSG = "application/vnd.ms-outlook"
EML = "message/rfc822"


def open_office(
    media: Media,
    data: bytes,
    effort: Effort,
    ocr: PictureReader | None,
    max_pixels: int,
    open_part: Callable[[bytes], OpenDocument],
) -> OpenDocument:
    """The document as virtual pages; `open_part` opens what an e-mail brings along. Raises DocumentError."""

    def laid(media_type: str, pages: Sequence[LaidPage], title: str | None = None) -> LaidDocument:
        info = DocumentInfo("office", media_type, len(pages), title)
        return LaidDocument(info, pages, effort, ocr, max_pixels)

    def typeset(media_type: str, flow: Flow) -> LaidDocument:
        return laid(media_type, Typesetter(flow).run(), flow.title)

    if media.kind == "package":
        media_type, pages = _package(data)
        return laid(media_type, pages)
    if media.kind == "html":
        return typeset("text/html", html.flow_of(data))
    if media.kind == "text":
        return laid(*text.pages_of(data))
    message = mail.parsed(data) if media.kind == "mail" else outlook.parsed(data)
    flow, parts = mail.flow_and_parts(message, open_part)
    own = typeset(EML if media.kind == "mail" else MSG, flow)
    return Bundle(own, parts) if parts else own


def _package(data: bytes) -> tuple[str, list[LaidPage]]:
    """The type, told by the root of the main part, and the pages."""
    package = Package(data)
    root = local_name(package.xml(package.main_part()))
    if root == "document":
        return DOCX, Typesetter(docx.flow_of(package)).run()
    if root == "workbook":
        return XLSX, xlsx.pages_of(package)
    if root == "presentation":
        return PPTX, pptx.pages_of(data)
    raise UnsupportedDocument(
        "This is an office file of an unknown kind. Save it as DOCX, XLSX, PPTX or PDF."
    )


class Bundle:
    """A document with others after it. Implements `pages.OpenDocument`."""

    def __init__(self, first: OpenDocument, others: Sequence[OpenDocument]) -> None:
        self._places = [(part, n) for part in (first, *others) for n in range(part.info.page_count)]
        info = first.info
        self.info = DocumentInfo(info.kind, info.media_type, len(self._places), info.title)

    def read(self, index: int) -> Page:
        part, place = self._places[index]
        return msgspec.structs.replace(part.read(place), index=index)

    def draw(self, index: int, max_side: int) -> Pixels:
        part, place = self._places[index]
        return part.draw(place, max_side)
