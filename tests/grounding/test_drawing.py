"""Names beside the boxes of a page cover nothing that is printed there, as long as there is room."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from paperclerk.grounding.drawing import draw_boxes
from paperclerk.grounding.places import Place

SIZE = (600, 300)


def page(*printed: tuple[int, int, int, int], rules: tuple[int, ...] = ()) -> bytes:
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    for x0, y0, x1, y1 in printed:
        for x in range(x0, x1, 6):  # upright strokes, like those of letters
            pen.rectangle((x, y0, x + 2, y1), fill="black")
    for y in rules:
        pen.line((0, y, SIZE[0], y), fill="grey")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def place(x0: int, y0: int, x1: int, y1: int) -> Place:
    w, h = SIZE
    return Place(0, "", (x0 / w, y0 / h, (x1 - x0) / w, (y1 - y0) / h), 1.0)


def test_a_name_covers_nothing_that_is_printed() -> None:
    """The row is full on both sides; there is room above, but for a ruling line."""
    neighbours = [(20, 100, 190, 115), (255, 100, 400, 115)]
    made = draw_boxes(page(*neighbours, rules=(90, 125)), [("payment_method", place(200, 98, 250, 117))])
    pixels = np.asarray(Image.open(io.BytesIO(made)))
    for x0, y0, x1, y1 in neighbours:
        assert all(pixels[y0 : y1 + 1, x : x + 3].max() == 0 for x in range(x0, x1, 6))
    coloured = np.ptp(pixels.astype(int), axis=2) > 60
    assert coloured[:97].any() or coloured[120:].any(), "the name stands above or below"


def test_a_name_stands_right_of_its_box_where_the_paper_is_blank() -> None:
    made = draw_boxes(page(), [("total", place(200, 98, 250, 117))])
    pixels = np.asarray(Image.open(io.BytesIO(made))).astype(int)
    assert (np.ptp(pixels[100:115, 254:270], axis=2) > 60).any()
    assert not (np.ptp(pixels[:95], axis=2) > 60).any()


def test_a_path_that_finds_no_room_gives_its_last_step() -> None:
    """Boxes stand all around but for a gap of 70 pixels; the whole path is longer, its last step is not."""
    others = [(0, 60, 600, 95), (0, 120, 600, 155), (0, 98, 195, 117), (325, 98, 600, 117)]
    boxes = [(f"other_{i}", place(*box)) for i, box in enumerate(others)]
    made = draw_boxes(page(), [("merchant_address.postal", place(200, 98, 250, 117)), *boxes])
    pixels = np.asarray(Image.open(io.BytesIO(made))).astype(int)
    coloured = np.ptp(pixels[100:115], axis=2) > 60
    assert coloured[:, 256:300].mean() > 0.5, "the name stands in the gap"
    assert not coloured[:, 330:590].any(), "and on no other box"
