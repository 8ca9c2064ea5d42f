"""A page's words as one folded string that knows its way back to words and characters. Used by `align`.

Folded: case, accents, ligatures, blanks, hyphens and punctuation are gone, so that a word broken across lines
and a blank too many or too few read the same. A mark between two digits stays, as `.`: 1.5 is not 15.
"""

from __future__ import annotations

import functools
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Sequence

from paperclerk.domain.document import Page
from paperclerk.domain.result import Span, WordPart

# Characters that recognisers confuse, each named by one of them.
_CONFUSED = str.maketrans("oli|sbzq", "01115829")


@functools.lru_cache(maxsize=65536)
def fold_word(text: str) -> tuple[str, tuple[int, ...], tuple[bool, ...]]:
    """The folded characters of `text`, the offset of each, and whether a token can start there."""
    folded: list[str] = []
    offsets: list[int] = []
    starts: list[bool] = []
    last = ""
    for i, char in enumerate(text):
        if char in ".," and 0 < i < len(text) - 1 and text[i - 1].isdigit() and text[i + 1].isdigit():
            kept = "."
        else:
            kept = "".join(c for c in unicodedata.normalize("NFKD", char.casefold()) if c.isalnum())
        fresh = not last or _turns(last, char)
        for c in kept:
            folded.append(c)
            offsets.append(i)
            starts.append(fresh)
            fresh = False
        last = char if kept else ""
    return "".join(folded), tuple(offsets), tuple(starts)


def _turns(last: str, char: str) -> bool:
    """Whether letters turn to digits, or small letters to capitals, as where a blank was lost."""
    return last.isdigit() != char.isdigit() or (last.islower() and char.isupper())


def fold(text: str) -> str:
    """A quote folded as pages are."""
    return "".join(fold_word(word)[0] for word in text.split())


def unconfused(folded: str) -> str:
    """The same text with look-alikes (O and 0, l and 1) made equal; as long as `folded`."""
    return folded.translate(_CONFUSED)


class FoldedPage:
    """The folded text of some of a page's words, in order; `word` and `char` tell where each character is."""

    def __init__(self, page: Page, words: Sequence[int] | None = None) -> None:
        self.page = page
        self.word = array("I")
        self.char = array("I")
        self.starts: list[bool] = []
        pieces = []
        for index in range(len(page.words)) if words is None else words:
            folded, offsets, starts = fold_word(page.words[index].text)
            pieces.append(folded)
            self.word.extend([index] * len(folded))
            self.char.extend(offsets)
            self.starts.extend(starts)
        self.text = "".join(pieces)

    @functools.cached_property
    def unconfused(self) -> str:
        return unconfused(self.text)

    @functools.cached_property
    def lines(self) -> tuple[LineText, ...]:
        return tuple(LineText(self.page, line.words) for line in self.page.lines)

    def is_start(self, i: int) -> bool:
        return i >= len(self.text) or self.starts[i]

    def span(self, start: int, end: int) -> Span:
        """The words, and parts of words, behind `text[start:end]`."""
        words = list(dict.fromkeys(self.word[start:end]))
        last = len(words) - 1
        parts = [
            part(
                self.page,
                index,
                self.char[start] if i == 0 else 0,
                self.char[end - 1] + 1 if i == last else len(self.page.words[index].text),
            )
            for i, index in enumerate(words)
        ]
        return Span(self.page.index, tuple(parts))


class LineText:
    """Words of a page joined by single blanks, for readers of typed values."""

    def __init__(self, page: Page, words: Sequence[int]) -> None:
        self.page = page
        self.words = tuple(words)
        self.text = " ".join(page.words[i].text for i in words)
        self._starts: list[int] = []
        at = 0
        for i in words:
            self._starts.append(at)
            at += len(page.words[i].text) + 1

    @functools.cached_property
    def digits(self) -> str:
        return "".join(c for c in self.text if c.isdigit())

    def span(self, start: int, end: int) -> Span:
        """The words, and parts of words, behind `text[start:end]`."""
        parts = []
        for i in range(bisect_right(self._starts, start) - 1, len(self.words)):
            at, index = self._starts[i], self.words[i]
            if at >= end:
                break
            first, last = max(0, start - at), min(len(self.page.words[index].text), end - at)
            if first < last:
                parts.append(part(self.page, index, first, last))
        return Span(self.page.index, tuple(parts))


def part(page: Page, index: int, start: int, end: int) -> WordPart:
    """Characters `start:end` of a word; an end at the word's end is said as None."""
    return WordPart(index, start, None if end >= len(page.words[index].text) else end)
