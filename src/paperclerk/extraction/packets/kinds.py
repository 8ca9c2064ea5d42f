"""Of which of the declared kinds a document is. Called by `extraction.packets.packet`.

A kind is known by the words that its documents print: those the agent declares, the kind's own name, and for common
kinds the vocabulary in `kinds.txt`. Words count most where a title stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import median

from paperclerk.domain.agent import OTHER
from paperclerk.domain.document import Line, Page, PageStatus
from paperclerk.domain.result import Leaf, Span, WordPart
from paperclerk.engines.embedded import phrases

TOP = 0.35  # share of the height in which a title stands
TITLE, HIGH, ANYWHERE = 3.0, 1.2, 0.5  # what a phrase counts in a title, in the upper third, elsewhere
LATER_PAGES = 0.4  # of what the first page counts
ENOUGH = 1.0  # a document that scores less is of no declared kind
MOST_TITLE_WORDS = 7
NARROW = 1.7  # height by width of a till roll


@dataclass(frozen=True)
class Words:
    """What speaks for a kind: phrases that name it, as keys, and `cues` that go with it."""

    names: frozenset[str]
    cues: frozenset[str]
    narrow: bool = False


def kind_of(pages: Sequence[Page], kinds: Mapping[str, tuple[str, ...]]) -> Leaf:
    """The kind with the words that say so, and how likely it is; `other` when hardly anything speaks for any."""
    wanted = {kind: words_of(kind, declared) for kind, declared in kinds.items()}
    scores = dict.fromkeys(kinds, 0.0)
    best: dict[str, tuple[float, Span]] = {}
    for number, page in enumerate(p for p in pages if p.status is PageStatus.OK):
        share = 1.0 if number == 0 else LATER_PAGES / number
        for kind, words in wanted.items():
            scores[kind] += share * _shape(page, words)
            for weight, span in _found(page, words):
                scores[kind] += share * weight
                if weight > best.get(kind, (0.0, None))[0]:
                    best[kind] = (weight, span)
    kind = max(scores, key=lambda k: scores[k])
    if scores[kind] < ENOUGH:
        return Leaf(OTHER, (), 0.5, inferred=True)
    spans = (best[kind][1],) if kind in best else ()
    return Leaf(kind, spans, _probability(scores, kind), inferred=True)


def title_of(page: Page) -> str | None:
    """The title of the page, when it names a common kind of document."""
    if not page.words:
        return None
    large = _large(page)
    for line in page.lines:
        if _place(page, line, large) == TITLE:
            text = " ".join(page.words[i].text for i in line.words)
            tokens = phrases.tokens(text)
            if any(
                phrases.key(" ".join(tokens[a:b])) in _names()
                for a in range(len(tokens))
                for b in (a + 1, a + 2)
            ):
                return phrases.key(text)
    return None


def words_of(kind: str, declared: Sequence[str] = ()) -> Words:
    """What documents of a kind print. A kind is a common one when its name, or a part of it, is in `kinds.txt`."""
    tokens = phrases.tokens(phrases.name_words(kind))
    name = " ".join(tokens)
    known = _vocabulary().get(name) or _vocabulary().get(tokens[-1] if tokens else "")
    names = {phrases.key(name), *(phrases.key(text) for text in declared)}
    if known is None:
        return Words(frozenset(names), frozenset())
    return Words(frozenset(names) | known.names, known.cues, known.narrow)


def _probability(scores: Mapping[str, float], kind: str) -> float:
    odds = [math.exp(min(s, 12.0)) for s in scores.values()]
    return min(0.97, math.exp(min(scores[kind], 12.0)) / (sum(odds) + math.e))


def _shape(page: Page, words: Words) -> float:
    return 1.5 if words.narrow and page.height > NARROW * page.width else 0.0


def _found(page: Page, words: Words) -> Iterator[tuple[float, Span]]:
    """The phrases of a kind on a page, each once, where it counts most."""
    large = _large(page)
    best: dict[str, tuple[float, Span]] = {}
    for line in page.lines:
        tokens = [(i, t) for i in line.words for t in phrases.tokens(page.words[i].text)]
        place = _place(page, line, large)
        for start in range(len(tokens)):
            joined = ""
            for end in range(start, min(start + 6, len(tokens))):
                joined += tokens[end][1]
                weight = place if joined in words.names else 0.6 if joined in words.cues else 0.0
                if weight > best.get(joined, (0.0, None))[0]:
                    indices = sorted({i for i, _ in tokens[start : end + 1]})
                    best[joined] = (weight, Span(page.index, tuple(WordPart(i) for i in indices)))
    ranked = sorted(best.values(), key=lambda found: -found[0])
    yield from ranked[:8]


def _place(page: Page, line: Line, large: float) -> float:
    if line.box.y0 > TOP * page.height:
        return ANYWHERE
    tall = max(page.words[i].size for i in line.words) >= large or page.words[line.words[0]].bold
    return TITLE if tall and len(line.words) <= MOST_TITLE_WORDS else HIGH


def _large(page: Page) -> float:
    return 1.25 * median(w.size for w in page.words)


@cache
def _names() -> frozenset[str]:
    return frozenset().union(*(words.names for words in _vocabulary().values()))


@cache
def _vocabulary() -> Mapping[str, Words]:
    text = files(__package__).joinpath("kinds.txt").read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"^\[", text, flags=re.M)[1:]:
        head, body = block.split("]", 1)
        names, _, cues = body.partition("cues:")
        kinds = head.split(",")
        words = Words(_keys(names), _keys(cues), narrow="receipt" in kinds)
        found.update({kind.strip(): words for kind in kinds})
    return found


def _keys(text: str) -> frozenset[str]:
    return frozenset(key for part in text.split("|") if (key := phrases.key(part)))
