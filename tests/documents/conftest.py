"""One reader for all tests of documents: its processes take a second to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from paperclerk.documents.process import ProcessReader
from paperclerk.documents.reader import ReadOptions
from paperclerk.domain.document import Document, Page


@pytest.fixture(scope="session")
def reader() -> Iterator[ProcessReader]:
    with ProcessReader(threads=1, orders=True) as reader:
        yield reader


Read = Callable[..., Document]


@pytest.fixture(scope="session")
def read(reader: ProcessReader) -> Read:
    """Reads bytes to the end."""

    def read(data: bytes, **options: object) -> Document:
        with reader.open(data, ReadOptions(**options)) as reading:
            return Document(reading.info, tuple(reading))

    return read


def text_of(page: Page) -> str:
    """The lines of a page, joined."""
    return "\n".join(line_texts(page))


def line_texts(page: Page) -> list[str]:
    return [" ".join(page.words[i].text for i in line.words) for line in page.lines]
