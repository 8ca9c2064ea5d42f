"""The bytes of a document as an open descriptor, and their type. Called by `process`."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from paperclerk.documents.media import HEAD_BYTES, ORDERS, ORDERS_MAGIC, Media, detect
from paperclerk.domain.errors import DocumentError, DocumentTooLarge


class Source:
    """An opened document. `descriptor` is what the child gets; a name never travels."""

    def __init__(self, source: Path | bytes, max_bytes: int, *, orders: bool = False) -> None:
        """Raises DocumentError and its kinds, and OSError for a path that cannot be opened."""
        self.descriptor = -1
        try:
            if isinstance(source, bytes):
                self.size = len(source)
                _check_size(self.size, max_bytes)
                self.descriptor = _in_memory(source)
            else:
                self.descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
                status = os.fstat(self.descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise DocumentError("The document is not a regular file.")
                self.size = status.st_size
                _check_size(self.size, max_bytes)
            head = os.pread(self.descriptor, HEAD_BYTES, 0)
            tail = os.pread(self.descriptor, HEAD_BYTES, max(0, self.size - HEAD_BYTES))
            self.media: Media = ORDERS if orders and head.startswith(ORDERS_MAGIC) else detect(head, tail)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1  # first: two threads may close a reading
        if descriptor >= 0:
            os.close(descriptor)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DocumentTooLarge(
            f"The file has {size:,} bytes; at most {max_bytes:,} are read. Split it and send the parts."
        )


def _in_memory(data: bytes) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("document", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    return descriptor
