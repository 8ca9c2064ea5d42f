"""The fast reader for `lo`: PP-OCRv6 tiny in one library, a fifth of the time and memory. Used in the child.

It gives lines without character positions, so word boxes come from letter widths and the white between words.
Its threads do not survive a fork: the engine is made in the child, which takes 0.1 s.
"""

from __future__ import annotations

import importlib
from functools import cached_property
from typing import Any

import numpy as np

from paperclerk.documents.pages import Effort, PictureText, Pixels, fitting_scale, scaled
from paperclerk.documents.strips import Text, words_of
from paperclerk.domain.document import Word

_MIN_SCORE = 0.5
_SURE = 0.85  # a page that reads worse is tried upside down
_NARROW, _WIDE = frozenset("iljtfrI1.,:;!|'()[]-/\\ "), frozenset("mwMWQG@%&")


class TinyReader:
    """Implements `pages.PictureReader`."""

    def __init__(self, detect_side: int) -> None:
        self._detect_side = detect_side

    def read(self, picture: Pixels, effort: Effort) -> PictureText:
        picture, scale = _shrunk(picture, effort.draw_side)
        best, best_turn = self._lines(picture), 0
        if _stands(best):
            best_turn, best = max(
                ((turn, self._lines(_turned(picture, turn))) for turn in (90, 270)), key=_merit
            )
        elif best and sum(score for *_, score in best) / len(best) < _SURE:
            flipped = self._lines(_turned(picture, 180))
            best_turn, best = max(((0, best), (180, flipped)), key=_merit)
        upright = _turned(picture, best_turn)
        words: list[Word] = []
        for text, (x0, y0, x1, y1), score in best:
            if score >= _MIN_SCORE:
                quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
                words += words_of(_text(text, score), quad, upright[y0:y1, x0:x1])
        return PictureText(tuple(scaled(word, 1 / scale) for word in words), best_turn)

    @cached_property
    def _engine(self) -> Any:
        faster_paddle: Any = importlib.import_module("faster_paddle")
        return faster_paddle.OcrEngine(model_size="tiny", threads=1, det_max_side=self._detect_side)

    def _lines(self, picture: Pixels) -> list[tuple[str, tuple[int, int, int, int], float]]:
        """Text, box (x0, y0, x1, y1 in pixels) and score of each line."""
        import cv2

        height, width = picture.shape[:2]
        _ok, encoded = cv2.imencode(".bmp", picture)
        lines = []
        for line in self._engine.ocr(encoded.tobytes())["bounds"].values():
            (x0, y0), (x1, y1) = line["topLeftCoord"], line["bottomRightCoord"]
            box = (max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1)))
            if box[0] < box[2] and box[1] < box[3] and line["text"].strip():
                lines.append((line["text"], box, float(line["confidence"])))
        return lines


_Lines = list[tuple[str, tuple[int, int, int, int], float]]


def _shrunk(picture: Pixels, max_side: int) -> tuple[Pixels, float]:
    """A large picture smaller, which saves memory, and by which factor."""
    import cv2

    height, width = picture.shape[:2]
    scale = fitting_scale(width, height, max_side)
    if scale >= 1:
        return picture, 1.0
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _turned(picture: Pixels, turn: int) -> Pixels:
    return np.ascontiguousarray(np.rot90(picture, -turn // 90)) if turn else picture


def _merit(candidate: tuple[int, _Lines]) -> float:
    return sum(score * len(text) for text, _box, score in candidate[1])


def _stands(lines: _Lines) -> bool:
    """Whether most of the length of the lines runs up or down the picture."""
    along = up = 0
    for _, (x0, y0, x1, y1), _ in lines:
        width, height = x1 - x0, y1 - y0
        if max(width, height) > 2 * min(width, height):
            along += width if width > height else 0
            up += height if height > width else 0
    return up > 1.5 * along


def _text(characters: str, score: float) -> Text:
    """`characters` with centres guessed from usual letter widths."""
    widths = np.array([0.5 if c in _NARROW else 1.5 if c in _WIDE else 1.0 for c in characters])
    ends = np.cumsum(widths)
    return Text(characters, (ends - widths / 2) / ends[-1], np.full(len(characters), score))
