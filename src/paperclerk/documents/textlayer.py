"""From the characters of a PDF page to words, and whether such a text layer can be trusted. Called by `pages`."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from paperclerk.documents.letters import normalise
from paperclerk.documents.pdf import Characters
from paperclerk.domain.document import Word
from paperclerk.domain.geometry import Box

_SPACES = np.array(
    [
        *range(0x09, 0x0E),
        0x20,
        0x85,
        0xA0,
        0x1680,
        *range(0x2000, 0x200B),
        0x2028,
        0x2029,
        0x202F,
        0x205F,
        0x3000,
    ],
    np.uint32,
)
# marks that are not seen: zero-width characters, direction marks, byte order mark, PDFium's line-end hyphen
_INVISIBLE = np.array(
    [0x00, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, 0xFEFF, 0xFFFF], np.uint32
)
_HYPHENS = np.array(
    [0x02, 0xAD, 0xFFFE], np.uint32
)  # soft hyphens, and what PDFium makes of a hyphen at a line end
_UNKNOWN = 0xFFFD

_GAP = 0.30  # of the font size: a wider gap ends a word even without a space character
_BACKWARD = 0.5  # of the font size: so far to the left means another run of text


def words_of(characters: Characters) -> list[Word]:
    """Words in PDFium's order, in the frame of `characters`. Hidden text is left out."""
    codes = characters.codes
    if not len(codes):
        return []
    boxes = characters.boxes
    drawn = ~np.isin(codes, _INVISIBLE) & ~characters.hidden
    blank = np.isin(codes, _SPACES) | (codes < 0x20) & ~np.isin(codes, _HYPHENS) | ~drawn
    blank |= ~np.isfinite(boxes).all(axis=1)
    solid = np.flatnonzero(~blank)
    if not len(solid):
        return []
    starts = _word_starts(solid, boxes, characters.angles)
    return _build(characters, solid, starts)


def main_direction(characters: Characters) -> int:
    """Degrees clockwise (0, 90, 180, 270) in which most of the painted text runs as displayed."""
    seen = characters.angles[~np.isin(characters.codes, _SPACES) & ~characters.hidden]
    counts = [int((seen == turn).sum()) for turn in (0, 90, 180, 270)]
    best = int(np.argmax(counts))
    return best * 90 if counts[best] > 0.6 * max(1, len(seen)) else 0


def is_garbage(characters: Characters) -> bool:
    """Whether the layer does not say what is painted: unmapped glyphs, replacement or private characters."""
    solid = ~np.isin(characters.codes, _SPACES)
    total = int(solid.sum())
    if total == 0:
        return False
    codes = characters.codes[solid]
    private = ((codes >= 0xE000) & (codes <= 0xF8FF)) | (codes >= 0xF0000)
    control = (codes < 0x20) & ~np.isin(codes, _HYPHENS) | (codes >= 0x7F) & (codes < 0xA0)
    bad = (codes == _UNKNOWN) | private | control | characters.bad[solid]
    return bool(bad.sum() > 0.25 * total) or _is_cid_text(codes)


def _is_cid_text(codes: npt.NDArray[np.uint32]) -> bool:
    """Text like `(cid:12)(cid:7)`, which some producers write for glyphs they could not name."""
    sample = "".join(map(chr, codes[:4000].tolist()))
    return sample.count("(cid:") * 8 > 0.25 * len(sample)


def _word_starts(
    solid: npt.NDArray[np.intp], boxes: npt.NDArray[np.float64], angles: npt.NDArray[np.int16]
) -> npt.NDArray[np.bool_]:
    """For each solid character whether a word begins with it."""
    starts = np.ones(len(solid), np.bool_)
    here, before = solid[1:], solid[:-1]
    now, prior = boxes[here], boxes[before]
    turned = (angles[here] % 180 == 90) & (angles[here] >= 0)
    along = np.where(turned, 1, 0)
    rows = np.arange(len(here))
    start, end = now[rows, along], now[rows, along + 2]
    prior_start, prior_end = prior[rows, along], prior[rows, along + 2]
    size = np.maximum(
        np.minimum(
            now[rows, 3 - along] - now[rows, 1 - along], prior[rows, 3 - along] - prior[rows, 1 - along]
        ),
        1.0,
    )
    backward = np.isin(angles[here], (180, 270))
    gap = np.where(backward, prior_start - end, start - prior_end)
    middle = (now[rows, 1 - along] + now[rows, 3 - along]) / 2
    prior_middle = (prior[rows, 1 - along] + prior[rows, 3 - along]) / 2
    odd = angles[here] < 0
    apart = (gap > _GAP * size) | (gap < -_BACKWARD * size - 0.5 * (end - start))
    apart |= np.abs(middle - prior_middle) > 0.6 * size
    starts[1:] = (here != before + 1) | (apart & ~odd) | (angles[here] != angles[before])
    return starts


def _build(characters: Characters, solid: npt.NDArray[np.intp], starts: npt.NDArray[np.bool_]) -> list[Word]:
    first = np.flatnonzero(starts)
    boxes = characters.boxes[solid]
    low = np.minimum.reduceat(boxes[:, :2], first, axis=0)
    high = np.maximum.reduceat(boxes[:, 2:], first, axis=0)
    sides = np.round(np.concatenate([low, high], axis=1), 2).tolist()
    vertical = (characters.angles[solid][first] % 180 == 90).tolist()
    bold = characters.bold[solid][first].tolist()
    codes = np.where(np.isin(characters.codes[solid], _HYPHENS), 0x2D, characters.codes[solid])
    text = codes.astype("<u4").tobytes().decode("utf-32-le", errors="replace")
    ends = [*first[1:].tolist(), len(solid)]
    words = []
    for start, end, (x0, y0, x1, y1), upright, heavy in zip(
        first.tolist(), ends, sides, vertical, bold, strict=True
    ):
        clean = normalise(text[start:end])
        if clean:
            size = x1 - x0 if upright else y1 - y0
            words.append(Word(clean, Box(x0, y0, x1, y1), 1.0, round(size, 2), heavy))
    return words


def field_words(text: str, box: tuple[float, float, float, float]) -> list[Word]:
    """A field's value as a viewer would set it: on one line from the left, as large as fits."""
    x0, y0, x1, y1 = box
    size = min(12.0, 0.8 * (y1 - y0))
    letter = min(0.5 * size, (x1 - x0) / max(len(text), 1))
    top = (y0 + y1 - size) / 2
    words = []
    for match in re.finditer(r"\S+", normalise(text)):
        left, right = x0 + 2 + match.start() * letter, x0 + 2 + match.end() * letter
        words.append(Word(match[0], Box(left, top, right, top + size), 1.0, size))
    return words
