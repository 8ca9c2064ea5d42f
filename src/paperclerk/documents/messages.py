"""What a reader and its child say to each other, and how it is framed. Used by `process` and `child`.

A frame is a four-byte length and a MessagePack body. The child touched hostile bytes, so everything it says
is decoded with full validation and a cap on size; nothing is ever unpickled.
"""

from __future__ import annotations

import socket
from typing import Literal

import msgspec

from paperclerk.documents.media import Kind
from paperclerk.domain.document import Cover, DocumentInfo, Page
from paperclerk.grounding.places import Place

MAX_FRAME_BYTES = 64_000_000
MAX_PAGES_FACTOR = 20
"""A file may have so many times the pages that may be read at a time, when only some are asked for."""


class Job(msgspec.Struct, frozen=True, tag=True):
    """An order to a child; the document's descriptor travels beside it.

    With `render_side` 0 the pages from `first` on are read, else page `first` alone is drawn, with the named
    places of `marks` on it. With `covers` the whole document is copied, covered, and nothing is read.
    """

    media_type: str
    kind: Kind
    pillow: str | None
    size: int
    pages: tuple[int, ...] | None
    first: int
    detail: Literal["lo", "auto", "hi"]
    max_pages: int
    image_pixels: int
    image_frames: int
    memory_bytes: int
    cpu_seconds_per_page: float
    cpu_seconds: float
    threads: int
    render_side: int = 0
    covers: dict[int, Cover] | None = None
    marks: tuple[tuple[str, Place], ...] = ()


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The document opens, and this is what it is."""

    info: DocumentInfo


class PageRead(msgspec.Struct, frozen=True, tag=True):
    """One page, ended well or not."""

    page: Page


class NeedsOcr(msgspec.Struct, frozen=True, tag=True):
    """This page, and perhaps later ones, cannot be read without OCR; the child stops before it."""

    index: int


class Rendered(msgspec.Struct, frozen=True, tag=True):
    """A drawn page."""

    png: bytes


class CopyPiece(msgspec.Struct, frozen=True, tag=True):
    """The next bytes of a covered copy."""

    data: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The document cannot be read. `kind` names the class of error."""

    kind: Literal["document", "password", "too_large", "unsupported", "request", "failed"]
    code: str
    message: str


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """A fault of ours on page `index` (-1: in opening), for the log; another message says how it ends."""

    index: int
    trace: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """All that was asked for has been said."""


Reply = Opened | PageRead | NeedsOcr | Rendered | CopyPiece | Refused | Trouble | Done

_encoder = msgspec.msgpack.Encoder()
_job_decoder = msgspec.msgpack.Decoder(Job)
_reply_decoder = msgspec.msgpack.Decoder(Reply)


class FrameError(Exception):
    """The other side sent something that is not a frame of ours."""


def send(channel: socket.socket, message: Job | Reply) -> None:
    """Send one message. Raises OSError when the other side is gone."""
    body = _encoder.encode(message)
    channel.sendall(len(body).to_bytes(4, "big") + body)


def receive_reply(channel: socket.socket) -> Reply | None:
    """The next message of a child, None when it said its last. Raises FrameError, TimeoutError."""
    body = _receive_body(channel)
    if body is None:
        return None
    try:
        reply: Reply = _reply_decoder.decode(body)
        return reply
    except msgspec.MsgspecError as error:
        raise FrameError(f"the child sent a malformed message: {error}") from error


def send_job(channel: socket.socket, job: Job, document: int) -> None:
    """Send an order and the descriptor of the document to read."""
    socket.send_fds(channel, [b"J"], [document])
    send(channel, job)


def receive_job(channel: socket.socket) -> tuple[Job, int] | None:
    """The order of this child and its document's descriptor; None when the other side is gone."""
    mark, descriptors, _flags, _address = socket.recv_fds(channel, 1, 1)
    body = _receive_body(channel) if mark else None
    if body is None or not descriptors:
        return None
    return _job_decoder.decode(body), descriptors[0]


def _receive_body(channel: socket.socket) -> bytearray | None:
    header = _receive_exactly(channel, 4)
    if header is None:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME_BYTES:
        raise FrameError(f"the child sent a message of {length} bytes")
    return _receive_exactly(channel, length)


def _receive_exactly(channel: socket.socket, length: int) -> bytearray | None:
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = channel.recv_into(view)
        if count == 0:
            return None
        view = view[count:]
    return buffer
