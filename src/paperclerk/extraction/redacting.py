"""What to cover on the pages of a document: chosen values, and what looks like a kind of them. Called by `jobs`.

A value is covered wherever it stands in the words of the pages, not only where it was read from. Whole words are
covered, with a margin: too much rather than too little. What was not read cannot be covered, so a page that was
not read, or whose fields no agent has looked for, is covered whole.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from paperclerk.domain.agent import Redaction
from paperclerk.domain.document import Cover, Page, PageStatus
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import FieldError, Leaf, Step
from paperclerk.extraction import sensitive
from paperclerk.extraction.packets.packet import BundleResult
from paperclerk.extraction.result import Result
from paperclerk.grounding.places import displayed_fraction
from paperclerk.schemas.chosen import is_chosen

MARGIN = 0.15  # of a word's height, on every side
SHORTEST = 3  # characters of a value that is looked for elsewhere
WHOLE_WORD_BELOW = 6  # a shorter value is not looked for inside of words

_OF_A_BUNDLE = re.compile(r"^documents\[\d+\]\.response\.?")

WordAt = tuple[int, int]  # page index, word index


@dataclass
class Covering:
    """What is covered: `covers` by page index, as `Reader.copy_covered` takes them; how much of what."""

    covers: dict[int, Cover] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[FieldError] = field(default_factory=list)

    def step(self, seconds: float) -> Step:
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        return Step("redact", seconds, told or "nothing found to cover")


def cover(result: Result, redaction: Redaction) -> Covering:
    """What `redaction` covers of the pages that `result` was read from."""
    made = Covering()
    words: set[WordAt] = set()
    texts = {index: _Text(page) for index, page in result.pages.items() if page.status is PageStatus.OK}
    for path, leaf in result.leaves():
        if leaf.value is None or not is_chosen(_in_its_schema(path, result), redaction):
            continue
        found = set(_own_words(leaf)) | set(_elsewhere(leaf, result.pages, texts))
        if not found and isinstance(leaf.value, bool):
            continue
        made.counts["values of chosen fields"] += 1
        if not found:
            made.errors.append(
                FieldError(
                    path, "not_covered", f"{path} has no place on the pages, so nothing is covered for it."
                )
            )
        words |= found
    for kind in redaction.kinds:
        for index, text in texts.items():
            for start, end in sensitive.found(kind, text.lines):
                made.counts[kind] += 1
                words.update((index, word) for word in text.line_words(start, end))
    boxes: dict[int, list[Box]] = {}
    for index, word in sorted(words):
        boxes.setdefault(index, []).append(result.pages[index].words[word].box)
    unsearched = _unsearched(result) if redaction.fields or "name" in redaction.kinds else set()
    made.covers = {
        index: _cover_of(page, boxes.get(index, []), whole=index in unsearched)
        for index, page in result.pages.items()
    }
    unread = sum(each.whole for each in made.covers.values())
    if unread:
        made.counts["pages that were not read"] = unread
    return made


class _Text:
    """The words of a page as two texts: tidied and all in one row, and as printed, line by line."""

    def __init__(self, page: Page) -> None:
        row, self._row_starts, self._row_words = [], [0], []
        for index, word in enumerate(page.words):
            if key := tidy(word.text):
                row.append(key)
                self._row_words.append(index)
                self._row_starts.append(self._row_starts[-1] + len(key) + 1)
        self.row = " ".join(row)
        self._line_words = [index for line in page.lines for index in line.words]
        self._line_starts = list(
            accumulate((len(page.words[index].text) + 1 for index in self._line_words), initial=0)
        )
        self.lines = "".join(
            " ".join(page.words[index].text for index in line.words) + "\n"
            for line in page.lines
            if line.words
        )

    def find(self, needle: str) -> Iterator[int]:
        """The words that `needle`, a tidied text, stands in."""
        at = self.row.find(needle)
        while at >= 0:
            end = at + len(needle)
            whole = (at == 0 or self.row[at - 1] == " ") and (end == len(self.row) or self.row[end] == " ")
            if whole or len(needle) >= WHOLE_WORD_BELOW:
                first = bisect.bisect_right(self._row_starts, at) - 1
                last = bisect.bisect_left(self._row_starts, end)
                yield from self._row_words[first:last]
            at = self.row.find(needle, at + 1)

    def line_words(self, start: int, end: int) -> Sequence[int]:
        """The words that characters `start:end` of `lines` stand in."""
        first = bisect.bisect_right(self._line_starts, start) - 1
        return self._line_words[max(0, first) : bisect.bisect_left(self._line_starts, end)]


def tidy(text: str) -> str:
    """A word without case, and without what is neither letter nor digit at its ends."""
    text = text.casefold()
    start, end = 0, len(text)
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return text[start:end]


def _own_words(leaf: Leaf) -> Iterator[WordAt]:
    for span in leaf.spans:
        for part in span.parts:
            yield span.page, part.index


def _elsewhere(leaf: Leaf, pages: Mapping[int, Page], texts: Mapping[int, _Text]) -> Iterator[WordAt]:
    """Where the value is printed: in the words that it was read from, or as it was given."""
    if isinstance(leaf.value, bool):
        return
    printed = [[pages[span.page].words[part.index].text for part in span.parts] for span in leaf.spans]
    for words in (*printed, str(leaf.value).split()):
        needle = " ".join(key for key in map(tidy, words) if key)
        if len(needle) >= SHORTEST:
            for index, text in texts.items():
                yield from ((index, word) for word in text.find(needle))


def _unsearched(result: Result) -> set[int]:
    """Pages of documents of a bundle that no agent has read: their fields are not known, so all may be."""
    if not isinstance(result, BundleResult):
        return set()
    return {page.index for entry in result.entries if entry.result is None for page in entry.pages}


def _cover_of(page: Page, boxes: Iterable[Box], *, whole: bool) -> Cover:
    width, height = (page.height, page.width) if page.turn % 180 else (page.width, page.height)
    if whole or page.status not in (PageStatus.OK, PageStatus.EMPTY):
        return Cover(width, height, whole=True)
    shares = tuple(_share(box, page) for box in boxes)
    return Cover(width, height, shares)


def _share(box: Box, page: Page) -> Box:
    margin = MARGIN * box.height + 0.5
    wide = Box(box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin)
    x, y, w, h = displayed_fraction(wide, page)
    return Box(x, y, x + w, y + h)


def _in_its_schema(path: str, result: Result) -> str:
    """The path as the schema that its document was read by has it."""
    return _OF_A_BUNDLE.sub("", path) if isinstance(result, BundleResult) else path
