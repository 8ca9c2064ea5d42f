"""Looking for lines of text on pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from paperclerk.documents.ocr import Networks


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks()


@pytest.mark.parametrize("count", [1, 4, 20])
def test_a_page_that_is_mostly_blank_has_its_lines(networks: Networks, count: int) -> None:
    """A blank part by itself is noise to the network, which weighs the whole picture into every pixel."""
    picture = Image.new("RGB", (900, 1280), "white")
    pen = ImageDraw.Draw(picture)
    for number in range(count):
        text = f"Line {number} of the page, 1,{number:02} EUR"
        pen.text((60, 40 + 60 * number), text, "black", ImageFont.load_default(28))
    found = networks.detect(np.asarray(picture), 1280)
    assert len(found) == count
    assert np.abs(np.sort(found.mean(axis=1)[:, 1]) - (55 + 60 * np.arange(count))).max() < 8
