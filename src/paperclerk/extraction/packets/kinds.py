"""Of which of the declared kinds a document is. Called by `extraction.packets.packet`.

A kind is known by the words that its documents print: those the agent declares, the kind's own name, and for common
kinds the vocabulary in `kinds.txt`. Words count most where a title stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import accumulate
from statistics import median

from paperclerk.domain.agent import OTHER
from paperclerk.domain.document import Line, Page, PageStatus
from paperclerk.domain.result import Leaf, Span, WordPart
from paperclerk.engines.embedded.words import phrases

TOP = 0.35  # share of the height in which a title stands
TITLE, HIGH, ANYWHERE = 3.0, 1.2, 0.5  # what a phrase counts in a title, in the upper third, elsewhere
SHARED, CUE = 0.6, 0.6  # at most, for a title that other kinds bear too; for a cue
LATER_PAGES = 0.4  # of what the first page counts
ENOUGH = 1.0  # a document that scores less is of no declared kind
MOST_TITLE_WORDS = 7
MOST_WORDS = 6  # of a phrase
NARROW = 1.7  # height by width of a till roll

_TIME = re.compile(r"\(?\d{1,2}:\d\d(?::\d\d)?(?:[ap]m)?\)?", re.I)


@dataclass(frozen=True)
class Words:
    """What speaks for a kind: phrases that name it, as keys, those that it shares with other kinds, and `cues`.

    `narrow`: such documents come from a till, on a roll, with the time of day.
    """

    names: frozenset[str]
    cues: frozenset[str]
    shared: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()  # of compound words: a Beitragsrechnung is a Rechnung
    narrow: bool = False

    @property
    def titles(self) -> frozenset[str]:
        return self.names | self.shared


def kind_of(pages: Sequence[Page], kinds: Mapping[str, tuple[str, ...]]) -> Leaf:
    """The kind with the words that say so, and how likely it is; `other` when hardly anything speaks for any."""
    wanted = {kind: words_of(kind, declared) for kind, declared in kinds.items()}
    titles = _names().union(*(words.titles for words in wanted.values()))
    scores = dict.fromkeys(kinds, 0.0)
    best: dict[str, tuple[float, Span]] = {}
    for number, page in enumerate(p for p in pages if p.status is PageStatus.OK):
        share = 1.0 if number == 0 else LATER_PAGES / number
        phrases_of_page = tuple(_phrases(page, titles))
        for kind, words in wanted.items():
            scores[kind] += share * _shape(page, words)
            for weight, span in _found(page, phrases_of_page, words):
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
    return replace(known, names=frozenset(names) | known.names)


def _probability(scores: Mapping[str, float], kind: str) -> float:
    odds = [math.exp(min(s, 12.0)) for s in scores.values()]
    return min(0.97, math.exp(min(scores[kind], 12.0)) / (sum(odds) + math.e))


def _shape(page: Page, words: Words) -> float:
    if not words.narrow:
        return 0.0
    timed = any(_TIME.fullmatch(word.text) for word in page.words)
    return 1.5 * (page.height > NARROW * page.width) + CUE * timed


@dataclass(frozen=True)
class _Phrase:
    """Some words of one line as a key, and what a title counts there."""

    key: str
    words: tuple[int, ...]
    place: float


def _phrases(page: Page, titles: frozenset[str]) -> Iterator[_Phrase]:
    """All phrases of up to six words, but those inside of a longer title: a cash bill is no bill."""
    large = _large(page)
    for line in page.lines:
        tokens = [(i, _head(t, titles)) for i in line.words for t in phrases.tokens(page.words[i].text)]
        place = _place(page, line, large)
        covered = 0  # tokens before are in a title
        for start in range(len(tokens)):
            keys = list(accumulate(token for _, token in tokens[start : start + MOST_WORDS]))
            longest = max((n for n, key in enumerate(keys, 1) if key in titles), default=0)
            for count, key in enumerate(keys, 1):
                if count >= longest and start + count > covered:
                    words = tuple(sorted({i for i, _ in tokens[start : start + count]}))
                    yield _Phrase(key, words, place)
            covered = max(covered, start + longest)


def _head(token: str, titles: frozenset[str]) -> str:
    """What a word is in the end: without the number glued to it, and of a compound word its last part."""
    word = token.rstrip("0123456789") if len(token.rstrip("0123456789")) > 2 else token
    if word in titles:
        return word
    return next((head for head in _heads() if word.endswith(head) and not word.endswith(f"ab{head}")), word)


def _found(page: Page, said: Sequence[_Phrase], words: Words) -> Iterator[tuple[float, Span]]:
    """The phrases of a kind on a page, each once, where it counts most."""
    best: dict[str, tuple[float, Span]] = {}
    for phrase in said:
        weight = phrase.place if phrase.key in words.names else 0.0
        if phrase.key in words.shared:
            weight = min(phrase.place, SHARED)
        elif phrase.key in words.cues:
            weight = max(weight, CUE)
        if weight > best.get(phrase.key, (0.0, None))[0]:
            best[phrase.key] = (weight, Span(page.index, tuple(map(WordPart, phrase.words))))
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
    return frozenset().union(*(words.titles for words in _vocabulary().values()))


@cache
def _heads() -> tuple[str, ...]:
    return tuple(sorted(set().union(*(words.heads for words in _vocabulary().values()))))


@cache
def _vocabulary() -> Mapping[str, Words]:
    text = files(__package__).joinpath("kinds.txt").read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"^\[", text, flags=re.M)[1:]:
        head, body = block.split("]", 1)
        names, _, cues = body.partition("cues:")
        names, _, heads = names.partition("heads:")
        names, _, shared = names.partition("shared:")
        kinds = head.split(",")
        words = Words(_keys(names), _keys(cues), _keys(shared), _keys(heads), narrow="receipt" in kinds)
        found.update({kind.strip(): words for kind in kinds})
    return found


def _keys(text: str) -> frozenset[str]:
    return frozenset(key for part in text.split("|") if (key := phrases.key(part)))
