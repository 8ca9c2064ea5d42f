"""Looking for lines of text on pictures.

The networks change how their thread counts, so they have a thread of their own here.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from paperclerk.documents.ocr import Networks


@dataclass(frozen=True)
class Ocr:
    thread: ThreadPoolExecutor
    networks: Networks


@pytest.fixture(scope="module")
def ocr() -> Iterator[Ocr]:
    with ThreadPoolExecutor(1) as thread:
        yield Ocr(thread, thread.submit(Networks).result())


@pytest.mark.parametrize("count", [1, 4, 20])
def test_a_page_that_is_mostly_blank_has_its_lines(ocr: Ocr, count: int) -> None:
    """A blank part by itself is noise to the network, which weighs the whole picture into every pixel."""
    picture = Image.new("RGB", (900, 1280), "white")
    pen = ImageDraw.Draw(picture)
    for number in range(count):
        text = f"Line {number} of the page, 1,{number:02} EUR"
        pen.text((60, 40 + 60 * number), text, "black", ImageFont.load_default(28))
    found = ocr.thread.submit(ocr.networks.detect, np.asarray(picture), 1280).result()
    assert len(found) == count
    assert np.abs(np.sort(found.mean(axis=1)[:, 1]) - (55 + 60 * np.arange(count))).max() < 8


def test_numbers_too_small_to_count_are_zero(ocr: Ocr) -> None:
    """Else the processor takes a hundred times as long for them, half of all the time of a page."""
    assert ocr.thread.submit(lambda: np.float32(1e-40) * np.float32(1)).result() == 0
    assert np.float32(1e-40) * np.float32(1) > 0
