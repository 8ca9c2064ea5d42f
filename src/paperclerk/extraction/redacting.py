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

from paperclerk.domain.agent import Redaction
from paperclerk.domain.document import Cover, Line, Page, PageStatus
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import FieldError, Leaf, Step
from paperclerk.extraction import persons, sensitive
from paperclerk.extraction.cells import Cells, Text
from paperclerk.extraction.packets.packet import BundleResult
from paperclerk.extraction.result import Result
from paperclerk.grounding.places import displayed_fraction
from paperclerk.schemas.chosen import is_chosen, is_name

MARGIN = 0.15  # of a word's height, on every side
SHORTEST = 3  # characters of a value that is looked for elsewhere
WHOLE_WORD_BELOW = 6  # a shorter value is not looked for inside of words
MOST_TOLD = 20  # names of what was not found, in one message

_PRINTED_IN_BOXES = ("account", "ssn")  # a box for each digit or group of them
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
    names: list[str] = []
    absent: list[str] = []
    for path, leaf in result.leaves():
        name = _in_its_schema(path, result)
        if not is_chosen(name, redaction):
            continue
        if leaf.value is None:
            absent.append(path)
            continue
        if "name" in redaction.kinds and is_name(name) and persons.is_person(name, str(leaf.value)):
            names.append(str(leaf.value))
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
        stretches = _apart(_names(texts, names) if kind == "name" else _of_kind(kind, texts))
        made.counts[kind] += len(stretches)
        words.update(*stretches)
        if not stretches:
            absent.append(f"kind {kind}")
    if absent:
        made.errors.append(_not_found(absent))
    made.counts += Counter()  # drops the kinds that were not found
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
    """The words of a page as texts: tidied and all in one row, and as printed, line by line."""

    def __init__(self, page: Page) -> None:
        row, self._row_starts, self._row_words = [], [0], []
        for index, word in enumerate(page.words):
            if key := tidy(word.text):
                row.append(key)
                self._row_words.append(index)
                self._row_starts.append(self._row_starts[-1] + len(key) + 1)
        self.row = " ".join(row)
        self.page = page
        self.cells = Cells(page)

    def printed(self, kind: str) -> Iterator[Text]:
        """Each printed line, and each label together with what stands below it."""
        for row in self.cells.rows:
            yield self.cells.text(row, boxed=kind in _PRINTED_IN_BOXES)
            for cell in row:
                if sensitive.is_label(kind, self.cells.text([cell]).text):
                    yield from self._below(cell)

    def _below(self, label: Line) -> Iterator[Text]:
        for cell in self.cells.beneath(label):
            if not any(character.isdigit() for character in self.cells.text([cell]).text):
                return
            yield self.cells.text([label, cell])

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


def _of_kind(kind: str, texts: Mapping[int, _Text]) -> Iterator[set[WordAt]]:
    for index, text in texts.items():
        for printed in text.printed(kind):
            for start, end in sensitive.found(kind, printed.text):
                yield {(index, word) for word in printed.words_in(start, end)}


def _names(texts: Mapping[int, _Text], names: Iterable[str]) -> Iterator[set[WordAt]]:
    """Names that the pages label, and the parts of these and of `names` wherever they are printed."""
    labelled = [(index, name) for index, text in texts.items() for name in persons.names_on(text.cells)]
    yield from ({(index, word) for word in name.words} for index, name in labelled)
    known = persons.Known([*names, *(name.text for _, name in labelled)])
    for index, text in texts.items():
        for line in text.page.lines:
            said = [text.page.words[word].text for word in line.words]
            held = [word in known for word in said]
            for n, word in enumerate(line.words):
                beside = any(held[max(0, n - 2) : n + 3]) and persons.is_initial(said[n])
                if held[n] or beside:
                    yield {(index, word)}


def _apart(stretches: Iterable[set[WordAt]]) -> list[set[WordAt]]:
    """The stretches without those that others hold."""
    kept: list[set[WordAt]] = []
    covered: set[WordAt] = set()
    for stretch in stretches:
        if not stretch <= covered:
            kept.append(stretch)
            covered |= stretch
    return kept


def _not_found(absent: Sequence[str]) -> FieldError:
    told = ", ".join(absent[:MOST_TOLD]) + (
        f" and {len(absent) - MOST_TOLD} more" if len(absent) > MOST_TOLD else ""
    )
    return FieldError(
        "",
        "not_found",
        f"Nothing was found to cover for {told}. If the pages hold any of it, it stays readable: look at the copy.",
    )


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
