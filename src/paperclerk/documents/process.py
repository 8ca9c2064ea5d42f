"""The reader that other parts call: documents read in children of zygotes. Called by `extraction` and `cli`.

A reading starts in a *plain* child (text layers only: small, forked in a millisecond). When it meets a page
that needs OCR it stops there, and a child of a zygote that has the OCR networks loaded goes on from that page.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from paperclerk.documents import messages
from paperclerk.documents.media import HEAD_BYTES, Media, detect
from paperclerk.documents.messages import (
    FrameError,
    Job,
    NeedsOcr,
    Opened,
    PageRead,
    Refused,
    Rendered,
    Trouble,
)
from paperclerk.documents.reader import ReadOptions
from paperclerk.documents.zygote import CAUSE_LEASH, CAUSE_MEMORY, HELLO, REQUEST, STATUS
from paperclerk.domain.document import DocumentInfo, Page, PageStatus
from paperclerk.domain.errors import (
    Cancelled,
    DocumentError,
    DocumentTooLarge,
    InvalidRequest,
    PaperclerkError,
    PasswordRequired,
    ReadingFailed,
    UnsupportedDocument,
)

_log = logging.getLogger(__name__)

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_MAX_DEATHS = 3
"""So many pages of one document may kill their child before the reading is given up."""

_OCR_FLAVOUR = {"lo": "tiny", "auto": "small", "hi": "small"}
_KINDS: dict[str, type[PaperclerkError]] = {
    "document": DocumentError,
    "password": PasswordRequired,
    "too_large": DocumentTooLarge,
    "unsupported": UnsupportedDocument,
    "request": InvalidRequest,
    "failed": ReadingFailed,
}


@dataclass
class Spent:
    """What the children of a reading used, once they have ended: CPU time of all, peak memory of the largest."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0


class ProcessReader:
    """Implements `reader.Reader`. Processes start on first use, or with `warm`."""

    def __init__(self, *, threads: int | None = None) -> None:
        """`threads`: how many lines of one page are recognised at a time (default: up to 2 of the cores)."""
        self.threads = threads or min(2, os.cpu_count() or 1)
        self._zygotes: dict[str, _ZygoteProcess] = {}
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def open(self, source: Path | bytes, options: ReadOptions) -> ProcessReading:
        """Raises DocumentError and its kinds, and InvalidRequest for pages outside the document."""
        return ProcessReading(self, _Source(source, options.limits.max_bytes), options)

    def render(self, source: Path | bytes, page: int, *, max_side: int = 1600) -> bytes:
        """The page as a viewer shows it (before `Page.turn`), as PNG. Raises DocumentError, InvalidRequest."""
        if not 1 <= max_side <= 5000:
            raise InvalidRequest(f"max_side is {max_side}; give 1 to 5000 pixels.")
        options = ReadOptions()
        document = _Source(source, options.limits.max_bytes)
        try:
            child = self._child("plain", options, Spent())
            try:
                child.start(_job(document, options, page, self.threads, render_side=max_side), document)
                deadline = time.monotonic() + options.limits.min_wall_seconds
                while True:
                    match child.receive(deadline):
                        case Rendered(png=png):
                            return png
                        case Opened():
                            continue
                        case _:
                            raise _crashed()
            finally:
                child.end()
        finally:
            document.close()

    def warm(self, *, ocr: bool = True) -> None:
        """Start the processes that later readings fork from, so that the first one is not slower."""
        for flavour in ("plain", "small") if ocr else ("plain",):
            self._zygote(flavour)

    def close(self) -> None:
        """End every process that was started; readings that are open fail."""
        with self._lock:
            zygotes, self._zygotes = list(self._zygotes.values()), {}
        for zygote in zygotes:
            zygote.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _zygote(self, flavour: str) -> _ZygoteProcess:
        with self._lock:
            if self._owner != os.getpid():  # after a fork these are the other process's
                self._zygotes, self._owner = {}, os.getpid()
            if flavour not in self._zygotes:
                self._zygotes[flavour] = _ZygoteProcess(flavour)
            return self._zygotes[flavour]

    def _child(self, flavour: str, options: ReadOptions, spent: Spent) -> _Child:
        zygote = self._zygote(flavour)
        try:
            return zygote.child(options.limits.memory_bytes, spent)
        except OSError:  # it died; another one is started, once
            with self._lock:
                if self._zygotes.get(flavour) is zygote:
                    del self._zygotes[flavour]
            zygote.close()
            return self._zygote(flavour).child(options.limits.memory_bytes, spent)


class ProcessReading:
    """Implements `reader.Reading`."""

    def __init__(self, reader: ProcessReader, source: _Source, options: ReadOptions) -> None:
        self._reader, self._source, self._options = reader, source, options
        self._closed = False
        self._deadline = 0.0
        self._child: _Child | None = None
        self.spent = Spent()
        try:
            self.info = self._begin("plain" if source.media.kind == "pdf" else self._ocr_flavour, 0)
        except BaseException:
            self.close()
            raise

    @property
    def _ocr_flavour(self) -> str:
        return _OCR_FLAVOUR[self._options.detail]

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
        """Raises, after the last page, DocumentError when none of the pages asked for could be read."""
        flavour = "plain" if self._source.media.kind == "pdf" else self._ocr_flavour
        index, deaths = 0, 0
        outcomes: set[PageStatus] = set()
        failure: DocumentError | None = None
        while index < self.info.page_count:
            try:
                reply = self._receive()
                if isinstance(reply, NeedsOcr) and reply.index == index and flavour == "plain":
                    flavour = self._ocr_flavour
                    self._begin(flavour, index)
                    continue
                if not isinstance(reply, PageRead) or not _is_sound(reply.page, index):
                    raise _crashed()
                page = reply.page
            except ReadingFailed as error:
                failure = error
                deaths += 1
                if deaths >= _MAX_DEATHS:
                    raise
                page = Page(index, 0.0, 0.0, PageStatus.FAILED, reason=error.message)
                if index + 1 < self.info.page_count:
                    self._begin(flavour, index + 1)
            index += 1
            outcomes.add(page.status)
            yield page
            if page.status is PageStatus.FAILED and failure is None:
                failure = DocumentError(page.reason or "The page cannot be read.")
        self.close()
        if failure is not None and not outcomes & {PageStatus.OK, PageStatus.EMPTY}:
            raise failure

    def _begin(self, flavour: str, first: int) -> DocumentInfo:
        """Put a new child on the document, from page `first` on."""
        if self._child is not None:
            self._child.end()
        if self._closed:
            raise Cancelled("The reading was closed.")
        options, limits = self._options, self._options.limits
        self._child = self._reader._child(flavour, options, self.spent)
        self._child.start(_job(self._source, options, first, self._reader.threads), self._source)
        self._page_seconds = limits.wall_seconds_per_page
        reply = self._receive()
        if not isinstance(reply, Opened):
            raise _crashed()
        return reply.info

    def _receive(self) -> messages.Reply:
        assert self._child is not None
        try:
            return self._child.receive(time.monotonic() + self._page_seconds)
        except ReadingFailed:
            if self._closed:
                raise Cancelled("The reading was closed.") from None
            raise


class _Source:
    """The document's bytes as an open descriptor, and their type."""

    def __init__(self, source: Path | bytes, max_bytes: int) -> None:
        """Raises DocumentError and its kinds, and OSError for a path that cannot be opened."""
        size = len(source) if isinstance(source, bytes) else None
        if size is None:
            self.descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        else:
            assert isinstance(source, bytes)
            self.descriptor = _in_memory(source) if 0 < size <= max_bytes else -1
        try:
            if size is None:
                status = os.fstat(self.descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise DocumentError("The document is not a regular file.")
                size = status.st_size
            if size > max_bytes:
                raise DocumentTooLarge(
                    f"The file has {size:,} bytes; at most {max_bytes:,} are read. Split it and send the parts."
                )
            self.size = size
            self.media: Media = detect(os.pread(self.descriptor, HEAD_BYTES, 0) if size else b"")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _in_memory(data: bytes) -> int:
    descriptor = os.memfd_create("document", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    return descriptor


class _ZygoteProcess:
    """A running zygote as the reader sees it."""

    def __init__(self, flavour: str) -> None:
        self._lock = threading.Lock()
        self._control, other = socket.socketpair()
        environment = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG") if key in os.environ}
        for library in ("OMP", "OPENBLAS", "MKL"):
            environment[f"{library}_NUM_THREADS"] = "1"
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "paperclerk.documents.zygote", flavour],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._control.settimeout(_START_SECONDS)
        if self._control.recv(1) != HELLO:
            self.close()
            raise RuntimeError("the reading process did not start; its standard error says why")

    def child(self, memory_bytes: int, spent: Spent) -> _Child:
        """A child that waits for its job. Raises OSError when the zygote is gone."""
        with self._lock:
            self._control.sendall(REQUEST.pack(b"n", memory_bytes))
            mark, descriptors, _flags, _address = socket.recv_fds(self._control, 1, 2)
        if not mark or len(descriptors) != 2:
            raise ConnectionError("the reading process ended")
        channel, leash = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        return _Child(channel, leash, spent)

    def close(self) -> None:
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Child:
    """One child: a channel for the job and its replies, a leash to end it."""

    def __init__(self, channel: socket.socket, leash: socket.socket, spent: Spent) -> None:
        self._channel, self._leash, self._spent = channel, leash, spent
        self._lock = threading.Lock()
        self._ended = False

    def start(self, job: Job, source: _Source) -> None:
        try:
            messages.send_job(self._channel, job, source.descriptor)
        except OSError as error:
            raise self._death() from error

    def receive(self, deadline: float) -> messages.Reply:
        """The next reply. Raises what the child refuses with, and ReadingFailed when it is gone or silent."""
        self._channel.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            reply = messages.receive_reply(self._channel)
            while isinstance(reply, Trouble):
                _log.warning("reading failed on page %d:\n%s", reply.index, reply.trace)
                reply = messages.receive_reply(self._channel)
        except TimeoutError:
            raise _timed_out() from None
        except (FrameError, OSError):
            raise _crashed() from None
        if reply is None:
            raise self._death()
        if isinstance(reply, Refused):
            raise _KINDS[reply.kind](reply.message, code=reply.code)
        return reply

    def end(self) -> None:
        """Kill the child unless it is gone, and wait until it is."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        try:
            self._leash.shutdown(socket.SHUT_WR)
            self._channel.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._status()
        self._channel.close()
        self._leash.close()

    def _death(self) -> ReadingFailed:
        """Why the child is gone."""
        report = self._status()
        if report is None:
            return _crashed()
        status, cause = report
        if cause == CAUSE_MEMORY:
            return _out_of_memory()
        if cause != CAUSE_LEASH and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
            return _timed_out()
        return _crashed()

    def _status(self) -> tuple[int, int] | None:
        """Wait status and cause, once the child has ended."""
        self._leash.settimeout(_END_SECONDS)
        try:
            report = self._leash.recv(STATUS.size, socket.MSG_WAITALL)
        except OSError:
            return None
        if len(report) != STATUS.size:
            return None
        status, cause, peak_bytes, cpu_seconds = STATUS.unpack(report)
        self._spent.cpu_seconds += cpu_seconds
        self._spent.peak_bytes = max(self._spent.peak_bytes, peak_bytes)
        return status, cause


def _job(source: _Source, options: ReadOptions, first: int, threads: int, *, render_side: int = 0) -> Job:
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
        limits.seconds_per_page,
        limits.seconds_per_page * max(1, count),
        threads,
        render_side,
    )


def _is_sound(page: Page, index: int) -> bool:
    """Whether a page from the child keeps the promises that its types do not express."""
    count = len(page.words)
    return page.index == index and all(0 <= i < count for line in page.lines for i in line.words)


def _crashed() -> ReadingFailed:
    return ReadingFailed(
        "The document made its reader crash. Save it anew, or send it as images.", code="reading_crashed"
    )


def _timed_out() -> ReadingFailed:
    return ReadingFailed(
        "Reading the document took longer than it may. Send a simpler document, or fewer pages.",
        code="reading_timeout",
    )


def _out_of_memory() -> ReadingFailed:
    return ReadingFailed(
        "Reading the document took more memory than it may. Send a simpler or smaller document.",
        code="reading_out_of_memory",
    )
