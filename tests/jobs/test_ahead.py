"""Readings begun before their job is claimed: taken once, thrown away when nobody takes them or they fail."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.documents_made import make_pdf

from paperclerk.documents import open_reader
from paperclerk.documents.reader import Reader, Reading, ReadOptions
from paperclerk.jobs.ahead import Ahead
from paperclerk.jobs.channel import ReadAhead
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with open_reader() as reader:
        yield reader


@asynccontextmanager
async def contents(folder: Path) -> AsyncIterator[Contents]:
    database = Database(f"sqlite:///{folder / 'a.sqlite'}")
    yield Contents(database, Blobs(f"file://{folder}", staging=folder))
    await database.close()


async def stored(contents: Contents, data: bytes) -> str:
    async with contents.scratch() as path:
        path.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        await contents._blobs.keep(path, sha256)
    return sha256


async def test_is_taken_once_and_gives_every_page(reader: Reader, tmp_path: Path) -> None:
    async with contents(tmp_path) as kept:
        data = make_pdf(3)
        ahead = Ahead(kept, reader, most=1)
        order = ReadAhead("t", "e", await stored(kept, data), ReadOptions())
        ahead.begin(order)
        ahead.begin(ReadAhead("t", "f", order.sha256, ReadOptions()))
        assert ahead.take("t", "f") is None, "only one at a time"
        assert ahead.take("u", "e") is None
        begun = ahead.take("t", "e")
        assert begun is not None and ahead.take("t", "e") is None
        assert await asyncio.to_thread(begun.reading, ReadOptions(pages=(0,))) is None
        reading = await asyncio.to_thread(begun.reading, ReadOptions())
        assert reading is not None
        with reader.open(data, ReadOptions()) as direct:
            pairs = list(zip(reading, direct, strict=True))
            assert len(pairs) == 3 and reading.info == direct.info
            assert all(ours.words and ours.words == theirs.words for ours, theirs in pairs)
        begun.close()


async def test_the_loop_goes_on_while_a_document_is_opened(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    open_it = reader.open

    def noted(source: Path | bytes, options: ReadOptions) -> Reading:
        threads.append(threading.current_thread())
        return open_it(source, options)

    monkeypatch.setattr(reader, "open", noted)
    async with contents(tmp_path) as kept:
        ahead = Ahead(kept, reader, most=1)
        ahead.begin(ReadAhead("t", "e", await stored(kept, make_pdf(1)), ReadOptions()))
        begun = ahead.take("t", "e")
        assert begun is not None and await begun.task is not None
        begun.close()
    assert len(threads) == 1 and threads[0] is not threading.current_thread()


@pytest.mark.parametrize("data", [b"%PDF-1.7 broken", None], ids=["broken", "gone"])
async def test_what_cannot_be_read_is_left_to_the_job(
    data: bytes | None, reader: Reader, tmp_path: Path
) -> None:
    async with contents(tmp_path) as kept:
        ahead = Ahead(kept, reader, most=1)
        ahead.begin(ReadAhead("t", "e", await stored(kept, data) if data else "0" * 64, ReadOptions()))
        begun = ahead.take("t", "e")
        assert begun is not None
        assert await asyncio.to_thread(begun.reading, ReadOptions()) is None


async def test_what_nobody_takes_is_closed(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paperclerk.jobs.ahead.KEPT_S", 0.05)
    async with contents(tmp_path) as kept:
        ahead = Ahead(kept, reader, most=1)
        ahead.begin(ReadAhead("t", "e", await stored(kept, make_pdf(2)), ReadOptions()))
        task = ahead._begun["t", "e"].task
        opened = await task
        assert opened is not None
        closed = asyncio.Event()
        loop = asyncio.get_running_loop()
        end = opened._reading.__exit__  # type: ignore[attr-defined]

        def leave(*error: object) -> None:
            end(*error)
            loop.call_soon_threadsafe(closed.set)

        opened._reading.__exit__ = leave  # type: ignore[attr-defined]
        await asyncio.wait_for(closed.wait(), 20)
        assert ahead.take("t", "e") is None
