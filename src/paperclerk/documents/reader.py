"""Reading a document in a killable child process. The one door to hostile bytes; called by `extraction`.

(Interface; the documents package implements it.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from paperclerk.domain.agent import Detail
from paperclerk.domain.document import Cover, DocumentInfo, Page
from paperclerk.grounding.places import Place


@dataclass(frozen=True)
class ReadingLimits:
    """What one document may cost (reliability.md section 4). Wall and CPU time grow with the pages."""

    max_bytes: int = 512_000_000
    max_pages: int = 500
    memory_bytes: int = 1_200_000_000
    seconds_per_page: float = 30.0
    wall_seconds_per_page: float = 60.0
    min_wall_seconds: float = 60.0
    image_pixels: int = 100_000_000
    image_frames: int = 100


@dataclass(frozen=True)
class ReadOptions:
    """`pages` are 0-based, None means all; `detail` chooses OCR resolution and passes."""

    pages: tuple[int, ...] | None = None
    detail: Detail = "auto"
    limits: ReadingLimits = field(default_factory=ReadingLimits)


class Reading(Protocol):
    """One document being read. Iterating yields its pages in file order as they are ready, every page of the
    file exactly once (those not asked for as `skipped`). Leaving the context ends the child, read or not."""

    info: DocumentInfo

    def __iter__(self) -> Iterator[Page]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Reader(Protocol):
    """Opens documents. Safe to call from several threads; `close` ends every process it started."""

    def open(self, source: Path | bytes, options: ReadOptions) -> Reading:
        """Raises DocumentError and its kinds."""
        ...

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
        ...

    def copy_covered(self, source: Path | bytes, covers: Mapping[int, Cover], into: BinaryIO) -> str:
        """Writes a copy of the document, made of pictures of its pages, with places painted over.

        `covers` is keyed by page index; a page that it does not name is covered whole. Returns the media type
        of the copy: a PDF, or for an image file of one page a JPEG or PNG. Raises DocumentError and its kinds.
        """
        ...

    def warm(self, *, ocr: bool = True) -> None:
        """Starts the processes that later readings fork from, so that the first one is not slower."""
        ...

    def close(self) -> None: ...
