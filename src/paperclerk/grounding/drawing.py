"""Boxes drawn over a page image, for people to look at. Called by the command line and the demo."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from paperclerk.grounding.places import Place

if TYPE_CHECKING:
    from PIL import Image

# Colours that stay apart for most kinds of colour blindness (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LABEL_SIZE = 12
RULE_FROM = 60  # pixels: a straight stretch of ink that is longer is a ruling line
PAPER_VARIES = 40  # grey levels: what differs more from most of the page is printed on it

Corners = tuple[float, float, float, float]


def draw_boxes(page_png: bytes, labelled: Iterable[tuple[str, Place]]) -> bytes:
    """`page_png` (a page as a viewer shows it) with a box and a name for each place, as PNG.

    Fields of one array share a colour. Names stand on blank paper where there is some beside their box.
    """
    from PIL import Image, ImageDraw, ImageFont

    with Image.open(io.BytesIO(page_png), formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    pen = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(LABEL_SIZE)
    fields = [(name, _corners(place, image.width, image.height)) for name, place in labelled]
    ink = _Ink(image)
    taken = [corners for _, corners in fields]
    colours: dict[str, str] = {}
    for name, corners in fields:
        root = name.split("[")[0]
        colour = colours.setdefault(root, COLOURS[len(colours) % len(COLOURS)])
        pen.rectangle(corners, outline=colour, width=2, fill=colour + "20")
        names = (name, name.rpartition(".")[2])  # the last step alone where the whole path finds no room
        lengths = [pen.textlength(said, font=font) + 6 for said in names]
        found = (_free_place(corners, length, ink, taken) for length in lengths)
        said, label = next(
            ((said, place) for said, place in zip(names, found, strict=True) if place is not None),
            (names[1], _above(corners, lengths[1])),
        )
        taken.append(label)
        pen.rectangle(label, fill=colour + "D8")
        pen.text((label[0] + 3, label[1]), said, fill="white", font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _corners(place: Place, width: int, height: int) -> Corners:
    x, y, w, h = place.fraction
    return (x * width, y * height, (x + w) * width, (y + h) * height)


class _Ink:
    """How much of a place is printed on: a page's pixels that differ from its paper, summed up once."""

    def __init__(self, image: Image.Image) -> None:
        grey = np.asarray(image.convert("L"), np.int16)
        paper = int(np.median(grey[::4, ::4]))
        inked = _without_rules(np.abs(grey - paper) > PAPER_VARIES)
        self.width, self.height = image.width, image.height
        self._sums = np.zeros((self.height + 1, self.width + 1), np.int32)
        self._sums[1:, 1:] = inked.cumsum(0, np.int32).cumsum(1, np.int32)

    def under(self, place: Corners) -> int:
        """Printed pixels in `place`."""
        x0, x1 = (min(max(0, round(x)), self.width) for x in (place[0], place[2]))
        y0, y1 = (min(max(0, round(y)), self.height) for y in (place[1], place[3]))
        sums = self._sums
        return int(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])


def _without_rules(inked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Without what runs straight across for longer than letters do: a label may cover that."""
    if inked.shape[1] <= RULE_FROM:
        return inked
    so_far = np.pad(inked.cumsum(1, np.int32), ((0, 0), (1, 0)))
    full = so_far[:, RULE_FROM:] - so_far[:, :-RULE_FROM] == RULE_FROM
    begun = np.pad(full.cumsum(1, np.int32), ((0, 0), (RULE_FROM, RULE_FROM - 1)), mode="edge")
    begun[:, :RULE_FROM] = 0
    in_a_rule = begun[:, RULE_FROM:] - begun[:, :-RULE_FROM] > 0
    kept: npt.NDArray[np.bool_] = inked & ~in_a_rule
    return kept


def _free_place(box: Corners, length: float, ink: _Ink, taken: Sequence[Corners]) -> Corners | None:
    """Where a label covers no box, no other label and the least of what is printed: beside its box, above or below
    it, or some steps further along these sides; the nearest where several are blank. None where all are taken."""
    x0, y0, x1, y1 = box
    high = LABEL_SIZE + 4
    middle = (y0 + y1 - high) / 2
    rows = [y0 - high - 1, y1 + 1, y0 - 1.5 * high, y1 + 0.5 * high, y0 - 2 * high - 2, y1 + high + 2]
    spots = [(x1 + 3, middle), (x0 - 3 - length, middle)]
    spots += [(x, y) for y in rows for x in (x0, x1 - length, x0 - length / 2, x1 - length / 2)]
    places = [
        (x, y, x + length, y + high)
        for x, y in spots
        if 0 <= x <= ink.width - length and 0 <= y <= ink.height - high
    ]
    free = [p for p in places if not any(_overlap(p, t) for t in taken)]
    return min(free, key=ink.under, default=None)


def _above(box: Corners, length: float) -> Corners:
    top = max(0.0, box[1] - LABEL_SIZE - 5)
    return (box[0], top, box[0] + length, top + LABEL_SIZE + 4)


def _overlap(a: Corners, b: Corners) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
