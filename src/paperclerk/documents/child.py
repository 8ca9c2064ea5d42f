"""What a forked child does: take one job, read one document, say what it found, end. Called by `zygote`."""

from __future__ import annotations

import mmap
import os
import socket
import traceback
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from paperclerk.documents import messages, rehearsal, sandbox
from paperclerk.documents.covering import covered_copy
from paperclerk.documents.image_document import ImageDocument
from paperclerk.documents.media import HEAD_BYTES, Media, detect
from paperclerk.documents.messages import (
    CopyPiece,
    Done,
    Job,
    Opened,
    PageRead,
    Refused,
    Rendered,
    Reply,
    Trouble,
)
from paperclerk.documents.office.opening import open_office
from paperclerk.documents.pages import EFFORTS, Effort, NeedsOcr, OpenDocument, PictureReader, as_png
from paperclerk.documents.pdf_document import PdfDocument
from paperclerk.domain.document import Cover, Page, PageStatus
from paperclerk.domain.errors import (
    DocumentError,
    DocumentTooLarge,
    InvalidRequest,
    PaperclerkError,
    PasswordRequired,
    ReadingFailed,
    UnsupportedDocument,
)
from paperclerk.grounding.drawing import draw_boxes
from paperclerk.grounding.places import Place

_FAULT = "The reader failed on this page. Save the document anew, or send it as images."
_MAX_TRACE = 4000
MAX_DEPTH = 3
"""How deep an attachment may lie in messages within messages."""
_PIECE_BYTES = 16_000_000


class Flavour:
    """What a zygote has loaded, ready in each of its children. The plain one has no OCR."""

    obeys_orders = False
    draws = True  # pages and copies are drawn in children without OCR: they are the small ones

    def picture_reader(self, threads: int) -> PictureReader | None:
        return None

    def loosen(self) -> None:
        """Read a page in a child that has no job yet.

        A child shares its memory with the zygote until it writes to it; copying what reading a page writes to
        (reference counts, mostly) takes longer than reading it. A spare does that while nobody waits.
        """
        media, data = rehearsal.text_page()
        _open(self, media, np.frombuffer(data, np.uint8), EFFORTS["auto"], None, 0, 0).read(0)


class OcrFlavour(Flavour):
    """Reads pictures too."""

    draws = False

    def __init__(self) -> None:
        from paperclerk.documents.ocr import Networks

        self._networks = Networks()

    def loosen(self) -> None:
        """Nothing: recognising takes so much longer."""

    def picture_reader(self, threads: int) -> PictureReader:
        from paperclerk.documents.ocr import OcrReader

        return OcrReader(self._networks, threads)


class OrdersFlavour(Flavour):
    """Reads documents of orders (`orders`) beside real ones."""

    obeys_orders = True

    def __init__(self) -> None:
        from paperclerk.documents import orders  # noqa: F401


FLAVOURS = {"plain": Flavour, "orders": OrdersFlavour, "ocr": OcrFlavour}


def rehearse(flavour: Flavour) -> None:
    """Read small documents of our own making, so that all that loads lazily is loaded.

    A child cannot open a file any more. Called once, before the first fork.
    """
    import encodings.utf_16_le
    import encodings.utf_32_le  # noqa: F401

    reader = flavour.picture_reader(1)
    for media, data in rehearsal.documents():
        has_pictures = media.kind in ("pdf", "image")  # what is not typeset here: read by effort, and copied
        efforts = EFFORTS.values() if reader is not None and has_pictures else (EFFORTS["auto"],)
        for effort in efforts:
            document = _open(flavour, media, np.frombuffer(data, np.uint8), effort, reader, 10**6, 10)
            try:
                document.read(0)
            except NeedsOcr:
                pass
        picture = document.draw(0, 200)
        if flavour.draws:
            draw_boxes(as_png(picture), [("word", Place(0, "", (0.1, 0.1, 0.2, 0.2), 1.0))])
            for _piece in covered_copy(document, {0: Cover()}) if has_pictures else ():
                pass


def serve(channel: socket.socket, flavour: Flavour) -> None:
    """Wait for one job on `channel` and do it. Returns when it is done or the other side is gone."""
    sandbox.drop_powers()
    flavour.loosen()
    received = messages.receive_job(channel)
    if received is None:
        return
    job, descriptor = received
    sandbox.limit_memory(job.memory_bytes)
    sandbox.limit_cpu(job.cpu_seconds_per_page, job.cpu_seconds)
    for reply in _replies(job, descriptor, flavour):
        try:
            messages.send(channel, reply)
        except OSError:
            return  # nobody listens any more


def _replies(job: Job, descriptor: int, flavour: Flavour) -> Iterator[Reply]:
    try:
        reader = flavour.picture_reader(job.threads)
        document = _open(
            flavour,
            Media(job.kind, job.media_type, job.pillow),
            _mapped(descriptor, job.size),
            EFFORTS[job.detail],
            reader,
            job.image_pixels,
            job.image_frames,
        )
        wanted = _wanted(job, document.info.page_count)
        yield Opened(document.info)
        if job.render_side:
            png = as_png(document.draw(job.first, job.render_side))
            yield Rendered(draw_boxes(png, job.marks) if job.marks else png)
        elif job.covers is not None:
            yield from _copied(job, document, job.covers)
        else:
            yield from _read(job, document, wanted)
    except PaperclerkError as error:
        yield _refusal(error)
    except MemoryError:
        yield _refusal(_out_of_memory())
    except Exception:  # the border of the process: what is not ours to foresee is reported, not lost
        yield _trouble(-1)
        yield _refusal(ReadingFailed(_FAULT, code="reading_crashed"))
    else:
        yield Done()


def _open(
    flavour: Flavour,
    media: Media,
    data: npt.NDArray[np.uint8],
    effort: Effort,
    reader: PictureReader | None,
    image_pixels: int,
    image_frames: int,
    depth: int = 0,
) -> OpenDocument:
    if media.kind == "pdf":
        return PdfDocument(data, effort, reader)
    if media.kind == "orders" and flavour.obeys_orders:
        from paperclerk.documents.orders import OrdersDocument

        return OrdersDocument(data)
    if media.kind != "image":

        def open_part(part: bytes) -> OpenDocument:
            if depth >= MAX_DEPTH:
                raise UnsupportedDocument("It lies too deep in messages within messages.")
            found = detect(part[:HEAD_BYTES], part[-HEAD_BYTES:])
            inner = np.frombuffer(part, np.uint8)
            return _open(flavour, found, inner, effort, reader, image_pixels, image_frames, depth + 1)

        return open_office(media, data.tobytes(), effort, reader, image_pixels, open_part)
    return ImageDocument(media, data, effort, reader, image_pixels, image_frames)


def _read(job: Job, document: OpenDocument, wanted: frozenset[int]) -> Iterator[Reply]:
    for index in range(job.first, document.info.page_count):
        if index not in wanted:
            yield PageRead(Page(index, 0.0, 0.0, PageStatus.SKIPPED, reason="not asked for"))
            continue
        sandbox.limit_cpu(job.cpu_seconds_per_page, job.cpu_seconds)
        try:
            yield PageRead(document.read(index))
        except NeedsOcr:
            yield messages.NeedsOcr(index)
            return
        except DocumentError as error:
            yield PageRead(Page(index, 0.0, 0.0, PageStatus.FAILED, reason=error.message))
        except MemoryError:
            yield PageRead(Page(index, 0.0, 0.0, PageStatus.FAILED, reason=_out_of_memory().message))
        except Exception:
            yield _trouble(index)
            yield PageRead(Page(index, 0.0, 0.0, PageStatus.FAILED, reason=_FAULT))


def _copied(job: Job, document: OpenDocument, covers: Mapping[int, Cover]) -> Iterator[Reply]:
    for data in covered_copy(document, covers):
        for start in range(0, len(data), _PIECE_BYTES):
            yield CopyPiece(data[start : start + _PIECE_BYTES])
        sandbox.limit_cpu(job.cpu_seconds_per_page, job.cpu_seconds)


def _wanted(job: Job, page_count: int) -> frozenset[int]:
    asked = range(page_count) if job.pages is None else job.pages
    if job.render_side:
        asked = (job.first,)
    outside = sorted(page for page in asked if not 0 <= page < page_count)
    if outside:
        raise InvalidRequest(
            f"Page index {outside[0]} is outside the document, which has {page_count} "
            f"{'page' if page_count == 1 else 'pages'} (indices 0 to {page_count - 1}).",
            code="page_out_of_range",
        )
    if len(asked) > job.max_pages or page_count > messages.MAX_PAGES_FACTOR * job.max_pages:
        raise DocumentTooLarge(
            f"The document has {page_count} pages; at most {job.max_pages} are read at a time. "
            "Ask for some of them, or split the document.",
            code="too_many_pages",
        )
    return frozenset(asked)


def _mapped(descriptor: int, size: int) -> npt.NDArray[np.uint8]:
    view = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    os.close(descriptor)
    return np.frombuffer(view, np.uint8)  # keeps the mapping


def _trouble(index: int) -> Trouble:
    return Trouble(index, traceback.format_exc()[-_MAX_TRACE:])


def _out_of_memory() -> ReadingFailed:
    return ReadingFailed(
        "Reading the document took more memory than it may. Send a simpler or smaller document.",
        code="reading_out_of_memory",
    )


def _refusal(error: PaperclerkError) -> Refused:
    kinds = (
        (PasswordRequired, "password"),
        (DocumentTooLarge, "too_large"),
        (UnsupportedDocument, "unsupported"),
        (ReadingFailed, "failed"),
        (InvalidRequest, "request"),
    )
    kind = next((name for cls, name in kinds if isinstance(error, cls)), "document")
    return Refused(kind, error.code, error.message)  # type: ignore[arg-type]
