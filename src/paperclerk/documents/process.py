"""The reader that other parts call: documents read in children of zygotes. Called by `extraction` and `cli`.

A reading starts in a *plain* child (text layers only: small, forked in a millisecond). When it meets a page
that needs OCR it stops there, and a child of a zygote that has the OCR networks loaded goes on from that page.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from paperclerk.documents import messages
from paperclerk.documents.children import Child, Spent, ZygoteProcess, crashed, not_started, timed_out
from paperclerk.documents.covering import copy_type
from paperclerk.documents.messages import (
    MAX_PAGES_FACTOR,
    CopyPiece,
    Done,
    Job,
    NeedsOcr,
    Opened,
    PageRead,
    Rendered,
)
from paperclerk.documents.reader import ReadOptions
from paperclerk.documents.source import Source
from paperclerk.domain.document import Cover, DocumentInfo, Page, PageStatus
from paperclerk.domain.errors import (
    Cancelled,
    DocumentError,
    DocumentTooLarge,
    InvalidRequest,
    ReadingFailed,
)
from paperclerk.grounding.places import Place

_TRIES = 3
_MAX_DEATHS = 3
"""So many pages of one document may kill their child before the reading is given up."""

_MAX_SIDE = 5000
_MAX_COPY_BYTES = 500_000_000
_OCR_FLAVOUR = "ocr"
_PLAIN_SHARE = 1 / 3  # of the CPU time of a page: reading a text layer takes milliseconds


class ProcessReader:
    """Implements `reader.Reader`. Processes start on first use, or with `warm`."""

    def __init__(self, *, threads: int | None = None, orders: bool = False) -> None:
        """`threads`: how many lines of one page are recognised at a time (default: up to 2 of the cores).

        `orders` makes it obey documents of orders (module `orders`), for tests and the sandbox report.
        """
        self.threads = threads or min(2, os.cpu_count() or 1)
        self.orders = orders
        self._zygotes: dict[str, _Slot] = {}
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def open(self, source: Path | bytes, options: ReadOptions) -> ProcessReading:
        """Raises DocumentError and its kinds, and InvalidRequest for pages outside the document."""
        return ProcessReading(self, Source(source, options.limits.max_bytes, orders=self.orders), options)

    def render(
        self,
        source: Path | bytes,
        page: int,
        *,
        max_side: int = 1600,
        marks: Sequence[tuple[str, Place]] = (),
    ) -> bytes:
        """The page as a viewer shows it (before `Page.turn`), as PNG, with a box and a name for each of `marks`.

        Raises DocumentError, InvalidRequest.
        """
        if not 1 <= max_side <= _MAX_SIDE:
            raise InvalidRequest(f"max_side is {max_side}; give 1 to {_MAX_SIDE} pixels.")
        options = ReadOptions()
        document = Source(source, options.limits.max_bytes, orders=self.orders)
        try:
            child = self.child(self.plain_flavour, options, Spent())
            try:
                job = job_for(document, options, page, self, render_side=max_side, marks=marks)
                child.start(job, document.descriptor)
                while True:
                    match child.receive(options.limits.wall_seconds_per_page):
                        case Rendered(png=png):
                            return png
                        case Opened():
                            continue
                        case _:
                            raise crashed()
            finally:
                child.end()
        finally:
            document.close()

    def copy_covered(self, source: Path | bytes, covers: Mapping[int, Cover], into: BinaryIO) -> str:
        """Writes a covered copy to `into`; see `reader.Reader`. Raises DocumentError and its kinds."""
        options = ReadOptions(pages=tuple(covers))
        document = Source(source, options.limits.max_bytes, orders=self.orders)
        try:
            child = self.child(self.plain_flavour, options, Spent())
            try:
                child.start(job_for(document, options, 0, self, covers=covers), document.descriptor)
                return _received_copy(child, options, len(covers), into)
            finally:
                child.end()
        finally:
            document.close()

    def warm(self, *, ocr: bool = True) -> None:
        """Start the processes that later readings fork from, so that the first one is not slower."""
        for flavour in (self.plain_flavour, _OCR_FLAVOUR) if ocr else (self.plain_flavour,):
            self._slot(flavour).zygote()

    def close(self) -> None:
        """End every process that was started; readings that are open fail."""
        with self._lock:
            slots, self._zygotes = list(self._zygotes.values()), {}
        for slot in slots:
            slot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def plain_flavour(self) -> str:
        return "orders" if self.orders else "plain"

    def child(self, flavour: str, options: ReadOptions, spent: Spent) -> Child:
        """A fresh child of this flavour. A zygote that died, or does not start, is replaced: three are tried.

        Raises ReadingFailed.
        """
        slot = self._slot(flavour)
        for _ in range(_TRIES):
            try:
                zygote = slot.zygote()
            except ReadingFailed:
                continue
            try:
                return zygote.child(options.limits.memory_bytes, spent)
            except OSError:
                slot.discard(zygote)
        raise not_started()

    def _slot(self, flavour: str) -> _Slot:
        with self._lock:
            if self._owner != os.getpid():  # after a fork these belong to the other process
                self._zygotes, self._owner = {}, os.getpid()
            return self._zygotes.setdefault(flavour, _Slot(flavour))


class _Slot:
    """The place of one flavour's zygote; the first to ask starts it, while others of that flavour wait."""

    def __init__(self, flavour: str) -> None:
        self._flavour = flavour
        self._lock = threading.Lock()
        self._zygote: ZygoteProcess | None = None

    def zygote(self) -> ZygoteProcess:
        with self._lock:
            if self._zygote is None:
                self._zygote = ZygoteProcess(self._flavour)
            return self._zygote

    def discard(self, zygote: ZygoteProcess) -> None:
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
                zygote.close()

    def close(self) -> None:
        with self._lock:
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None


class ProcessReading:
    """Implements `reader.Reading`. `spent` is complete once the reading is closed."""

    def __init__(self, reader: ProcessReader, source: Source, options: ReadOptions) -> None:
        self._reader, self._source, self._options = reader, source, options
        self._flavour = _OCR_FLAVOUR if source.media.kind == "image" else reader.plain_flavour
        self._closed = False
        self._waited = 0.0
        self._most_seconds = options.limits.min_wall_seconds
        self._child: Child | None = None
        self.spent = Spent()
        try:
            self.info = self._begin(0)
        except BaseException:
            self.close()
            raise
        asked = self.info.page_count if options.pages is None else len(options.pages)
        self._most_seconds = max(self._most_seconds, asked * options.limits.seconds_per_page)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, read or not. May be called from another thread; the reading then raises Cancelled."""
        self._closed = True
        if self._child is not None:
            self._child.end()
        self._source.close()

    def __iter__(self) -> Iterator[Page]:
        """Pages in file order. A page that kills its child is `failed`, and another child goes on after it.

        Raises ReadingFailed when too many pages do that, and after the last page DocumentError when none of
        the pages asked for could be read.
        """
        index, deaths = 0, 0
        outcomes: set[PageStatus] = set()
        failure: DocumentError | None = None
        while index < self.info.page_count:
            try:
                page = self._next_page(index)
            except ReadingFailed as error:
                failure = error
                deaths += 1
                if deaths >= _MAX_DEATHS:
                    raise
                page = Page(index, 0.0, 0.0, PageStatus.FAILED, reason=error.message)
                if index + 1 < self.info.page_count:
                    self._begin(index + 1)
            index += 1
            outcomes.add(page.status)
            if page.status is PageStatus.FAILED and failure is None:
                failure = DocumentError(page.reason or "The page cannot be read.")
            if index == self.info.page_count and self._child is not None:
                self._child.let_go()  # it dies while the last page is looked at
            yield page
        if failure is not None and not outcomes & {PageStatus.OK, PageStatus.EMPTY}:
            raise failure

    def _next_page(self, index: int) -> Page:
        reply = self._receive()
        if isinstance(reply, NeedsOcr) and reply.index == index and self._flavour != _OCR_FLAVOUR:
            self._flavour = _OCR_FLAVOUR
            self._begin(index)
            reply = self._receive()
        if not isinstance(reply, PageRead) or not _is_sound(reply.page, index):
            raise crashed()
        return reply.page

    def _begin(self, first: int) -> DocumentInfo:
        """Put a new child on the document, from page `first` on."""
        if self._child is not None:
            self._child.end()
        self._child = self._reader.child(self._flavour, self._options, self.spent)
        if self._closed:
            self._child.end()
            raise Cancelled("The reading was closed.")
        share = 1.0 if self._flavour == _OCR_FLAVOUR else _PLAIN_SHARE
        job = job_for(self._source, self._options, first, self._reader, cpu_share=share)
        self._child.start(job, self._source.descriptor)
        reply = self._receive()
        most = MAX_PAGES_FACTOR * self._options.limits.max_pages
        if not isinstance(reply, Opened) or not 0 < reply.info.page_count <= most:
            raise crashed()
        return reply.info

    def _receive(self) -> messages.Reply:
        """The child's next reply; only the time spent waiting for it counts."""
        assert self._child is not None
        left = self._most_seconds - self._waited
        started = time.monotonic()
        try:
            if left <= 0:
                raise timed_out()
            return self._child.receive(min(left, self._options.limits.wall_seconds_per_page))
        except ReadingFailed:
            if self._closed:
                raise Cancelled("The reading was closed.") from None
            raise
        finally:
            self._waited += time.monotonic() - started


def job_for(
    source: Source,
    options: ReadOptions,
    first: int,
    reader: ProcessReader,
    *,
    cpu_share: float = 1.0,
    render_side: int = 0,
    covers: Mapping[int, Cover] | None = None,
    marks: Sequence[tuple[str, Place]] = (),
) -> Job:
    """The order to read `source` from page `first` on, or to draw that page."""
    limits = options.limits
    count = limits.max_pages if options.pages is None else len(options.pages)
    return Job(
        source.media.media_type,
        source.media.kind,
        source.media.pillow,
        source.size,
        options.pages,
        first,
        options.detail,
        limits.max_pages,
        limits.image_pixels,
        limits.image_frames,
        limits.memory_bytes,
        limits.seconds_per_page * cpu_share,
        limits.seconds_per_page * max(1, count),
        reader.threads,
        render_side,
        None if covers is None else dict(covers),
        tuple(marks),
    )


def _received_copy(child: Child, options: ReadOptions, pages: int, into: BinaryIO) -> str:
    """Writes what the child copies; returns its media type."""
    media_type, size = "", 0
    until = time.monotonic() + max(options.limits.min_wall_seconds, pages * options.limits.seconds_per_page)
    while True:
        left = until - time.monotonic()
        if left <= 0:
            raise timed_out()
        match child.receive(min(left, options.limits.wall_seconds_per_page)):
            case Opened(info=info):
                media_type = copy_type(info.kind, info.media_type, info.page_count)
            case CopyPiece(data=data):
                size += len(data)
                if size > _MAX_COPY_BYTES:
                    raise DocumentTooLarge(
                        f"The redacted copy would be larger than {_MAX_COPY_BYTES:,} bytes. Split the document."
                    )
                into.write(data)
            case Done() if media_type and size:
                return media_type
            case _:
                raise crashed()


def _is_sound(page: Page, index: int) -> bool:
    """Whether a page from the child keeps the promises that its types do not express."""
    count = len(page.words)
    return page.index == index and all(0 <= i < count for line in page.lines for i in line.words)
