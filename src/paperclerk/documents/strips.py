"""A recognised line as words, each with a box around its ink. Called by `ocr`.

A *strip* is the cut-out of one line, upright. White between letters tells where a word ends, also where the
recogniser lost the space.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from paperclerk.documents.letters import normalise
from paperclerk.documents.pages import Pixels
from paperclerk.domain.document import Word
from paperclerk.domain.geometry import Box

Quads = npt.NDArray[np.float32]
"""Four corners (4, 2) in pixels, clockwise from the top left as read; or many (n, 4, 2)."""

_LEAST_SURE, _LEAST_KNOWN = 0.8, 0.5  # of a line that is read: its score, characters for each mark of ink
_LEAST_SPACE = 0.2  # of the strip's height: no narrower gap is a space


@dataclass(frozen=True)
class Text:
    """What the recogniser says of one strip: characters, their centres as fractions of the strip, their scores."""

    characters: str
    centres: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]

    @property
    def score(self) -> float:
        return float(self.scores.mean()) if len(self.scores) else 0.0

    @property
    def least(self) -> float:
        """The score of the least sure character."""
        return float(self.scores.min()) if len(self.scores) else 0.0


def cut_out(picture: Pixels, quad: Quads) -> Pixels:
    """The area of `quad` as an upright strip."""
    import cv2

    width = max(1, int(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))))
    height = max(1, int(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.ascontiguousarray(quad, np.float32), target)
    strip = cv2.warpPerspective(
        picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.asarray(strip, np.uint8)


def is_read(text: Text, strip: Pixels) -> bool:
    """Whether the characters account for the ink: letters that a network does not know come out as nothing, or
    as others that it is not sure of."""
    marks = np.count_nonzero(np.diff(_ink(strip).astype(np.int8), prepend=0) == 1)
    known = sum(not character.isspace() for character in text.characters)
    return text.score >= _LEAST_SURE and known >= _LEAST_KNOWN * float(marks)


def words_of(text: Text, quad: Quads, strip: Pixels) -> tuple[Word, ...]:
    """The words of a recognised line with boxes around their ink."""
    spans = _word_spans(text.characters)
    if not spans:
        return ()
    ink = _ink(strip)
    spans = _split_at_gaps(text, spans, ink, strip.shape[0])
    edges = _edges(text, spans, ink)
    words = []
    for (start, end), (left, right) in zip(spans, edges, strict=True):
        score = float(text.scores[start:end].mean())
        words.append(_word(text.characters[start:end], _part(quad, left, right), score))
    return tuple(words)


def _word(text: str, quad: Quads, score: float) -> Word:
    (x0, y0), (x1, y1) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
    return Word(
        normalise(text), Box(x0, y0, x1, y1), round(score, 4), float(np.linalg.norm(quad[3] - quad[0]))
    )


def _word_spans(characters: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for i, character in enumerate(characters + " "):
        if character.isspace():
            if i > start:
                spans.append((start, i))
            start = i + 1
    return spans


def _ink(strip: Pixels) -> npt.NDArray[np.bool_]:
    """Which columns of the strip hold ink."""
    import cv2

    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
    _level, black = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if black.mean() > 0.5:
        black = 1 - black
    margin = strip.shape[0] // 8
    return np.asarray(black[margin : strip.shape[0] - margin or None].sum(axis=0) > 0)


def _split_at_gaps(
    text: Text, spans: list[tuple[int, int]], ink: npt.NDArray[np.bool_], height: int
) -> list[tuple[int, int]]:
    """Words split where the white between two letters is as wide as a space: the recogniser loses some."""
    inside = {i: _gap(text, i, i + 1, ink)[1] for start, end in spans for i in range(start, end - 1)}
    if not inside:
        return spans
    between = [_gap(text, left[1] - 1, right[0], ink)[1] for left, right in pairwise(spans)]
    letter = float(np.median(list(inside.values())))
    if between:
        least = max(_LEAST_SPACE * height, letter + 0.6 * (float(np.median(between)) - letter))
    else:
        least = max(1.5 * _LEAST_SPACE * height, 2.5 * letter)
    out = []
    for start, end in spans:
        cuts = [i + 1 for i in range(start, end - 1) if inside[i] >= least * _reluctance(text.characters, i)]
        out += list(pairwise([start, *cuts, end]))
    return out


def _reluctance(characters: str, i: int) -> float:
    """How much wider than a space the white after character `i` must be. Numbers and codes are never split."""
    this, following = characters[i], characters[i + 1]
    if this in ":;" and not (i and characters[i - 1].isdigit()):
        return 1.0
    if this == ")" or (following == "(" and this.isalpha()):
        return 1.0
    return 1.25 if this.isalpha() and following.isalpha() else float("inf")


def _edges(text: Text, spans: list[tuple[int, int]], ink: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Left and right of each word as fractions of the strip: cut in the widest white between two words."""
    width = len(ink)
    cuts = [0, *(_gap(text, left[1] - 1, right[0], ink)[0] for left, right in pairwise(spans)), width]
    edges = []
    for left, right in pairwise(cuts):
        inked = np.flatnonzero(ink[left:right])
        if len(inked):
            left, right = left + int(inked[0]), left + int(inked[-1]) + 1
        edges.append((left / width, max(right, left + 1) / width))
    return edges


def _gap(text: Text, before: int, after: int, ink: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Middle and width, in pixels, of the widest white between the centres of two characters."""
    low = int(text.centres[before] * len(ink))
    high = max(low + 1, int(text.centres[after] * len(ink)))
    edges = np.flatnonzero(np.diff(ink[low:high].astype(np.int8), prepend=1, append=1))
    if not len(edges):
        return (low + high) // 2, 0
    starts, ends = edges[::2], edges[1::2]
    widest = int(np.argmax(ends - starts))
    return low + int(starts[widest] + ends[widest]) // 2, int(ends[widest] - starts[widest])


def _part(quad: Quads, left: float, right: float) -> Quads:
    """The piece of `quad` between two fractions of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.stack(
        [quad[0] + left * top, quad[0] + right * top, quad[3] + right * bottom, quad[3] + left * bottom]
    )
