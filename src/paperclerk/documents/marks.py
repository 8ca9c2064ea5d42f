"""What is darker than its surroundings on a picture, letters mostly: where it stands, how tall it is.

Called by `ocr`, and by `tickboxes`, whose boxes are among it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paperclerk.documents.pages import Pixels

Plane = npt.NDArray[np.uint8]
"""(height, width): greys of a picture, 0..255, or 1 where there is ink."""

_DARKER = 25  # than its surroundings
_SURROUNDINGS = 51  # pixels square
_SPECK = 1 / 250  # of the longer side of a picture: no letter is smaller
_CAPITALS = 75  # percentile of what is no speck: small letters and the insides of letters are below
_FEW = 20  # tell nothing of the letters


@dataclass(frozen=True)
class Marks:
    """The ink of a picture and the boxes (x, y, width, height) around its outlines, inner and outer ones."""

    grey: Plane
    ink: Plane
    rects: list[tuple[int, int, int, int]]

    @classmethod
    def of(cls, picture: Pixels) -> Marks:
        import cv2

        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        darker = cv2.subtract(cv2.blur(grey, (_SURROUNDINGS, _SURROUNDINGS)), grey)
        ink = np.asarray(cv2.threshold(darker, _DARKER, 1, cv2.THRESH_BINARY)[1], np.uint8)
        outlines, _ = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        return cls(grey, ink, [(x, y, w, h) for x, y, w, h in map(cv2.boundingRect, outlines)])

    @property
    def letter_height(self) -> float:
        """Of capitals and digits, in pixels, whichever way up they are; 0 when there is too little to tell."""
        speck = _SPECK * max(self.grey.shape)
        sizes = [size for _, _, w, h in self.rects if (size := max(w, h)) >= speck]
        return float(np.percentile(sizes, _CAPITALS)) if len(sizes) >= _FEW else 0.0
