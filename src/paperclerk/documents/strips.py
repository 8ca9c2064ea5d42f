"""A recognised line as words, each with a box around its ink. Called by `ocr`.

A *strip* is the cut-out of one line, upright. White between letters tells where a word ends, also where the
recogniser lost the space.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
import numpy.typing as npt

from paperclerk.documents.letters import normalise
from paperclerk.documents.pages import Pixels
from paperclerk.domain.document import Word
from paperclerk.domain.geometry import Box

Quads = npt.NDArray[np.float32]
"""Four corners (4, 2) in pixels, clockwise from the top left as read; or many (n, 4, 2)."""

_LEAST_SURE, _LEAST_KNOWN = 0.8, 0.5  # of a line that is read: its score, characters for each mark of ink
_LEAST_PIECE = 160 / 48  # of the strip's height: the least width that the recogniser takes
_WORTH_CUTTING = 0.8  # of a line's width: more of it is read as a whole
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
    """The area of `quad`, which lies on the picture, as an upright strip."""
    import cv2

    width = max(1, int(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))))
    height = max(1, int(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    left, top = (int(c) for c in quad[0])
    if np.array_equal(quad, target + quad[0]) and np.array_equal(quad[0], (left, top)):
        return picture[top : top + height, left : left + width]  # most are straight: no pixel changes
    matrix = cv2.getPerspectiveTransform(np.ascontiguousarray(quad, np.float32), target)
    strip = cv2.warpPerspective(
        picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.asarray(strip, np.uint8)


@dataclass(frozen=True)
class Ink:
    """Which columns of a strip hold ink."""

    columns: bytes
    """One for each pixel of the width: 1 where there is some."""
    starts: list[int]
    """Where each run of white begins; they end before `ends`."""
    ends: list[int]

    @classmethod
    def of(cls, strip: Pixels) -> Ink:
        import cv2

        grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
        _level, black = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
        height = strip.shape[0]
        margin = height // 8
        inner = black[margin : height - margin or None]
        inverse = 2 * cv2.countNonZero(black) > black.size
        columns = 1 - inner.min(axis=0) if inverse else inner.max(axis=0)
        edges = np.flatnonzero(np.diff(columns.astype(np.int8), prepend=1, append=1)).tolist()
        return cls(columns.tobytes(), edges[::2], edges[1::2])

    @property
    def marks(self) -> int:
        """Runs of ink."""
        inside = sum(start > 0 for start in self.starts)
        return inside + (not self.ends or self.ends[-1] < len(self.columns))

    def widest_white(self, low: int, high: int) -> tuple[int, int]:
        """Middle and width of the widest white between two columns."""
        widest, middle = 0, (low + high) // 2
        for i in range(bisect_right(self.ends, low), len(self.starts)):
            start, end = max(self.starts[i], low), min(self.ends[i], high)
            if start >= high:
                break
            if end - start > widest:
                widest, middle = end - start, (start + end) // 2
        return middle, widest


def is_read(text: Text, ink: Ink) -> bool:
    """Whether the characters account for the ink: letters that a network does not know come out as nothing, or
    as others that it is not sure of."""
    known = sum(not character.isspace() for character in text.characters)
    return text.score >= _LEAST_SURE and known >= _LEAST_KNOWN * ink.marks


def words_of(text: Text, quad: Quads, ink: Ink, height: int) -> tuple[Word, ...]:
    """The words of a recognised line with boxes around their ink; `height` is its strip's."""
    spans = _word_spans(text.characters)
    if not spans:
        return ()
    spans = _split_at_gaps(text, spans, ink, height)
    edges = _edges(text, spans, ink)
    words = []
    for (start, end), (left, right) in zip(spans, edges, strict=True):
        score = float(text.scores[start:end].mean())
        words.append(_word(text.characters[start:end], _part(quad, left, right), score))
    return tuple(words)


@dataclass(frozen=True)
class Piece:
    """Words of a line: which characters of its text, which columns of its strip."""

    start: int
    end: int
    left: int
    right: int


def doubtful_pieces(text: Text, ink: Ink, height: int, sure: float) -> list[Piece]:
    """The words with a character below `sure`, with their neighbours where they are short: no less can be read.

    The whole line, where the words leave little of it out.
    """
    spans, width = _word_spans(text.characters), len(ink.columns)
    least = _LEAST_PIECE * height
    cuts = [0, *(_gap(text, left[1] - 1, right[0], ink)[0] for left, right in pairwise(spans)), width]
    runs: list[tuple[int, int]] = []
    for k in _doubtful(text, spans, sure):
        first = last = k
        while cuts[last + 1] - cuts[first] < least and (first > 0 or last + 1 < len(spans)):
            before = cuts[first] - cuts[first - 1] if first > 0 else width
            after = cuts[last + 2] - cuts[last + 1] if last + 1 < len(spans) else width
            first, last = (first, last + 1) if after <= before else (first - 1, last)
        while runs and first <= runs[-1][1] + 1:
            before, _ = runs.pop()
            first = min(first, before)
        runs.append((first, last))
    read = sum(max(least, cuts[last + 1] - cuts[first]) for first, last in runs)
    if not runs or read >= _WORTH_CUTTING * max(least, width):
        return [Piece(0, len(text.characters), 0, width)]
    return [Piece(spans[a][0], spans[b][1], cuts[a], cuts[b + 1]) for a, b in runs]


def _doubtful(text: Text, spans: list[tuple[int, int]], sure: float) -> list[int]:
    """Numbers of the words with a doubtful character, or beside a doubtful space."""
    bounds = [(max(0, start - 1), end + 1) for start, end in spans]
    return [k for k, (start, end) in enumerate(bounds) if text.scores[start:end].min() < sure]


def rejoined(text: Text, pieces: Sequence[Piece], again: Sequence[Text], width: int) -> Text:
    """`text` with the pieces of its strip, which is `width` wide, as they were read again."""
    characters, centres, scores, done = "", [], [], 0
    for piece, new in zip(pieces, again, strict=True):
        characters += text.characters[done : piece.start] + new.characters
        share = (piece.right - piece.left) / width
        centres += [text.centres[done : piece.start], piece.left / width + share * new.centres]
        scores += [text.scores[done : piece.start], new.scores]
        done = piece.end
    rest = text.characters[done:]
    return Text(
        characters + rest,
        np.concatenate([*centres, text.centres[done:]]),
        np.concatenate([*scores, text.scores[done:]]),
    )


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


def _split_at_gaps(text: Text, spans: list[tuple[int, int]], ink: Ink, height: int) -> list[tuple[int, int]]:
    """Words split where the white between two letters is as wide as a space: the recogniser loses some."""
    inside = {i: _gap(text, i, i + 1, ink)[1] for start, end in spans for i in range(start, end - 1)}
    if not inside:
        return spans
    between = [_gap(text, left[1] - 1, right[0], ink)[1] for left, right in pairwise(spans)]
    letter = float(median(inside.values()))
    if between:
        least = max(_LEAST_SPACE * height, letter + 0.6 * (median(between) - letter))
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


def _edges(text: Text, spans: list[tuple[int, int]], ink: Ink) -> list[tuple[float, float]]:
    """Left and right of each word as fractions of the strip: cut in the widest white between two words."""
    width = len(ink.columns)
    cuts = [0, *(_gap(text, left[1] - 1, right[0], ink)[0] for left, right in pairwise(spans)), width]
    edges = []
    for left, right in pairwise(cuts):
        if (first := ink.columns.find(1, left, right)) >= 0:
            left, right = first, ink.columns.rfind(1, left, right) + 1
        edges.append((left / width, max(right, left + 1) / width))
    return edges


def _gap(text: Text, before: int, after: int, ink: Ink) -> tuple[int, int]:
    """Middle and width, in pixels, of the widest white between the centres of two characters."""
    width = len(ink.columns)
    low = int(text.centres[before] * width)
    return ink.widest_white(low, max(low + 1, int(text.centres[after] * width)))


def _part(quad: Quads, left: float, right: float) -> Quads:
    """The piece of `quad` between two fractions of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.stack(
        [quad[0] + left * top, quad[0] + right * top, quad[3] + right * bottom, quad[3] + left * bottom]
    )
