"""Looking for lines in two halves of a picture at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from paperclerk.documents.ocr import Networks

LINES = [(60, y) for y in range(40, 1240, 60)]  # one of them lies on the cut


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks()


@pytest.mark.parametrize("quarter_turns", [0, 1], ids=["portrait", "landscape"])
def test_halves_hold_the_lines_of_the_whole(networks: Networks, quarter_turns: int) -> None:
    picture = Image.new("RGB", (900, 1280), "white")
    pen = ImageDraw.Draw(picture)
    for number, (x, y) in enumerate(LINES):
        pen.text((x, y), f"Line {number} of the page, 1,{number:02} EUR", "black", ImageFont.load_default(28))
    pixels = np.ascontiguousarray(np.rot90(np.asarray(picture), quarter_turns))
    whole = networks.detect(pixels, 1280)
    with ThreadPoolExecutor(2) as pool:
        halves = networks.detect(pixels, 1280, pool.map)
    assert len(whole) == len(halves) == len(LINES)
    apart = np.abs(whole.mean(axis=1)[:, None] - halves.mean(axis=1)[None]).max(axis=2)
    assert sorted(apart.argmin(axis=1)) == list(range(len(LINES)))
    assert apart.min(axis=1).max() <= 3  # pixels between the centres of a line and the same line
