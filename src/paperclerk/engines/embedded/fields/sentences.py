"""Values in running text, named by the words of their sentence. Called by `ranking`.

A letter or a clause has no labels: `Your policy will renew on 23 March 2026`. How many of a field's words stand
near a value of its kind, none of the same kind between, tells whether the sentence speaks of the field.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache

from paperclerk.domain.result import Span, WordPart
from paperclerk.engines.embedded.asked.profile import KEPT_PROFILES, Profile
from paperclerk.engines.embedded.asked.wants import Want
from paperclerk.engines.embedded.fields import asides
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.readings import readings
from paperclerk.engines.embedded.fields.slots import Slot
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import PageLayout, Row, Segment
from paperclerk.engines.embedded.words import lexicon, phrases, thesaurus

PAGES = 12  # how far into a document its sentences are read: deeper the same words speak of many things
RUNNING = 5  # words that make a line one of running text, where some of them are no names
LEAST = 0.55  # the share of a field's words that its sentence says
NEAR_BEHIND = 4  # words behind a value that still speak of it: 24 hours before your appointment
HEADING = 6  # words of a sentence that heads the next one: `3. Fees.`
_AT = 5  # letters that two forms of a word share at least

_KINDS: Mapping[Want, str] = {
    "money": "number", "number": "number", "integer": "number", "percent": "number", "date": "date",
    "datetime": "date", "time": "time", "phone": "phone",
}  # fmt: skip
# What the kind of the value says already: no sentence need say it again.
_UNSAID = {
    "number": phrases.word_set(
        "amount number value price rate percent percentage sum betrag montant importe "
        "pourcent pourcentage prozent prozentsatz porcentaje percentuale procent"
    ),
    "date": phrases.word_set("date day datum fecha data"),
    "time": phrases.word_set("time uhrzeit hora ora heure tijd"),
    "phone": phrases.word_set("phone number no"),
}  # fmt: skip
_UNITS = phrases.word_set("kg km cm mm kwh mwh mb gb lb oz ml ha pcs")  # name a field where they end its name
_WORD = re.compile(r"\S+")
_ENDS = re.compile(r"(?:[^\W\d]{3,}|\d{2,}|[)\]%€$£\"'’”])[.!?;][\"'’”)]*$|[!?]$")


def ends_sentence(word: str) -> bool:
    """Whether a word is the last of its sentence, by what is printed behind it."""
    return word[-1] in _LAST and _ENDS.search(word) is not None


_LAST = frozenset(".!?;\"'’”)")


@dataclass(frozen=True, slots=True)
class _Value:
    """Something typed in a sentence. `at` and `to` are the positions of its first and last word; `numeral` is the
    number that a word says, `unit` what is counted, `turn` and `ends` what the words before it tell."""

    kind: str
    row: Row
    start: int
    end: int
    at: int
    to: int
    numeral: int | None = None
    unit: str | None = None
    turn: asides.Turn | None = None
    ends: frozenset[asides.End] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class _Sentence:
    """`words` are (position, stem); `heads` those of a short sentence before it; `names` concepts that its words
    name: (concept, strength, first position)."""

    words: tuple[tuple[int, str], ...]
    heads: frozenset[str]
    names: tuple[tuple[str, float, int], ...]
    values: tuple[_Value, ...]


class Sentences:
    """The sentences of one document that hold values."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.sentences = tuple(
            s for page in facts.layout.pages[:PAGES] for lines in passages(page) for s in _read(facts, lines)
        )
        self._headings = frozenset(
            phrases.stem(t)
            for page in facts.layout.pages[:1]
            for s in page.segments
            if len(s.words) <= HEADING
            for t in phrases.tokens(s.text)
        )
        self._kinds = {v.kind for s in self.sentences for v in s.values}
        self._alone = _alone(self.sentences)

    @cached_property
    def _vocabulary(self) -> _Vocabulary:
        said = {w for s in self.sentences for w in (*s.heads, *(w for _, w in s.words))}
        return _Vocabulary(self._headings | said)

    def find(self, profile: Profile) -> Iterator[Candidate]:
        """Values of the field's kind whose sentence says what the field is called."""
        kind = _KINDS.get(profile.want)
        if kind not in self._kinds:
            return
        asked = _asked(profile)
        wanted, concepts = asked.words, asked.concepts
        like = [(w, self._vocabulary.like(word)) for word, w in wanted]
        if asked.end is not None and (not wanted or asked.end == "birth"):
            yield from self._only_end(profile, asked.end)
        if not concepts and not any(found for _, found in like):
            return
        for sentence in self.sentences:
            for value in sentence.values:
                if value.kind == kind and asked.allows(value):
                    fit = max(_said(sentence, value, like), _named(sentence, value, concepts))
                    if asked.told(value) and fit >= PART_SAID:
                        fit = TOLD + (1 - TOLD) * fit
                    if fit < LEAST and self._alone.get(kind) == _printed(value):
                        fit = self._headed(like)
                    if fit >= LEAST:
                        yield from self._candidates(profile, value, fit)

    def _headed(self, like: Sequence[tuple[float, Mapping[str, float]]]) -> float:
        """Whether a heading says the field's telling words: then the only value of its kind is meant."""
        telling = [forms for weight, forms in like if weight > 0.5]
        return LEAST if telling and all(self._headings & forms.keys() for forms in telling) else 0.0

    def _only_end(self, profile: Profile, end: asides.End) -> Iterator[Candidate]:
        """The only date that sentences tell to be such an end, for a field that asks for just that."""
        found = [v for s in self.sentences for v in s.values if end in v.ends]
        if len({_printed(v) for v in found}) == 1:
            yield from self._candidates(profile, found[0], ONLY)

    def _candidates(self, profile: Profile, value: _Value, fit: float) -> Iterator[Candidate]:
        if value.numeral is not None:
            span = value.row.span(value.start, value.end)
            said_at = (value.row.page, value.row.index, value.start, value.end)
            yield Candidate(value.numeral, (span,), said_at, 0.3 + 0.35 * fit, fit, "said")
            return
        slot = Slot(value.row, value.start, value.end, "same", 0, 0.0)
        for printed, spans, place, factor, amount in readings(self.facts, profile, slot):
            score = (0.3 + 0.35 * fit) * factor
            ocr = value.row.score_of(place[2], place[3])
            yield Candidate(printed, spans, place, score, fit, "said", amount, ocr=ocr)


COUNTS = 3  # words behind a number and its unit that say of what: `27 jours de congés`
PART_SAID = 0.34  # of a field's other words, where unit, side or end fit as well
TOLD = 0.5
ONLY = 0.6


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a field says of its value: words and concepts of its sentence, and what the value is told by."""

    unit: str | None
    turn: asides.Turn | None
    end: asides.End | None
    words: tuple[tuple[str, float], ...]
    concepts: Mapping[str, float]

    def allows(self, value: _Value) -> bool:
        """Whether a value is not plainly another one: of another unit, the other side of a change."""
        if self.unit is not None and value.unit != self.unit:
            return False
        if self.unit is None and value.numeral is not None:
            return False
        if self.turn is not None and value.turn is not None and value.turn != self.turn:
            return False
        if "birth" in value.ends:
            return self.end == "birth"
        return self.end is None or not value.ends or self.end in value.ends

    def told(self, value: _Value) -> bool:
        """Whether a value is told to be the one."""
        return (
            (self.unit is not None and value.unit == self.unit)
            or (self.turn is not None and value.turn == self.turn)
            or (self.end is not None and self.end in value.ends)
        )


@lru_cache(maxsize=KEPT_PROFILES)
def _asked(profile: Profile) -> _Asked:
    dated = profile.want in ("date", "datetime")
    unit = asides.unit_asked(profile)
    turn = None if dated else asides.turn_asked(profile)
    end = asides.end_asked(profile) if dated else None
    said = {w for w, _ in profile.words if unit and asides.is_unit(w)}
    said |= asides.says_turn(turn) if turn else set()
    said |= asides.says_end(end) if end else set()
    words = tuple(
        (asides.without_unit(word, unit), w)
        for word, w in _wanted(profile, _KINDS[profile.want])
        if word not in said
    )
    return _Asked(unit, turn, end, words, {c: v for c, v in profile.concepts.items() if v >= 0.75})


def _alone(sentences: Sequence[_Sentence]) -> dict[str, str]:
    """The values that are the only ones of their kind in running text."""
    printed: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        for value in sentence.values:
            if value.kind != "number":  # a number may be of anything
                printed[value.kind].add(_printed(value))
    return {kind: next(iter(texts)) for kind, texts in printed.items() if len(texts) == 1}


def _printed(value: _Value) -> str:
    return value.row.text[value.start : value.end]


def _wanted(profile: Profile, kind: str) -> list[tuple[str, float]]:
    """The words that a sentence about the field says."""
    said = [(w, v) for w, v in profile.words if w not in _UNSAID[kind] and not phrases.is_particle(w)]
    return said if any(v > 0.5 for _, v in said) else []


def _said(sentence: _Sentence, value: _Value, like: Sequence[tuple[float, Mapping[str, float]]]) -> float:
    """The share of a field's words that stand near a value."""
    got = need = 0.0
    telling = False
    measured = any(
        at == value.to + 1 and word in _UNITS and word in forms
        for _, forms in like
        for at, word in sentence.words
    )
    for weight, forms in like:
        need += weight
        best = (0.55 if value.unit else 0.4) * max(
            (forms[w] for w in sentence.heads if w in forms), default=0.0
        )
        for at, word in sentence.words:
            if word in forms:
                best = max(best, forms[word] * _nearness(sentence, value, at))
        got += weight * best
        telling = telling or (weight > 0.5 and best >= 0.5)
    if measured:
        return 0.6 + 0.3 * got / need
    return got / need if telling else 0.0


def _named(sentence: _Sentence, value: _Value, concepts: Mapping[str, float]) -> float:
    """How surely a known label near a value names one of a field's concepts."""
    return max(
        (
            0.9 * concepts[concept] * strength * _nearness(sentence, value, at)
            for concept, strength, at in sentence.names
            if concept in concepts
        ),
        default=0.0,
    )


def _nearness(sentence: _Sentence, value: _Value, at: int) -> float:
    """How much a word may speak of a value: before it, or close behind it, no value of the kind between."""
    same = [v for v in sentence.values if v.kind == value.kind]
    between = sum(
        (at < v.at < value.at or value.at < v.at <= at) and not (value.turn == "new" and v.turn == "old")
        for v in same
    )
    if between:
        return 0.4 if between == 1 and at < value.at else 0.2
    if at < value.at:
        counted = any(
            v.kind == "number" and v.to < at <= v.to + (COUNTS if v.unit else 1) for v in sentence.values
        )
        return 0.6 if counted and value.kind == "number" else 1.0 if value.at - at <= 15 else 0.8
    if value.kind == "number" and at <= value.to + (COUNTS if value.unit else 1):
        return 1.0  # what it counts: `3 pallets`
    return 0.85 if at - value.to < NEAR_BEHIND else 0.6 if len(same) == 1 and value.unit else 0.3


MEANT = 0.85  # how surely a word says another that means the same


class Forms:
    """The stems of a document, found by the forms that a word takes."""

    def __init__(self, stems: Iterable[str]) -> None:
        self._stems = frozenset(stems)
        self._begin: dict[str, list[str]] = defaultdict(list)
        self._end: dict[str, list[str]] = defaultdict(list)
        for stem in self._stems:
            if len(stem) >= _AT:
                self._begin[stem[:_AT]].append(stem)
                self._end[stem[-_AT:]].append(stem)

    def like(self, word: str) -> dict[str, float]:
        """Stems that are a word, a form of it, a part of it or a compound with it, with how surely."""
        near = {word} & self._stems
        if len(word) >= _AT:
            near.update(self._end.get(word[-_AT:], ()))
            for i in range(len(word) - _AT + 1):
                near.update(self._begin.get(word[i : i + _AT], ()))
        return {stem: v for stem in near if (v := alike(word, stem)) >= 0.5}


class _Vocabulary:
    """The stems of a document's sentences, found by the words that they may say."""

    def __init__(self, stems: frozenset[str]) -> None:
        self._plain: dict[str, list[str]] = defaultdict(list)
        for stem in stems:
            self._plain[phrases.without_e(stem)].append(stem)
        self._forms = Forms(self._plain)
        self._meanings = thesaurus.Meanings(stems)

    def like(self, asked: str) -> dict[str, float]:
        """Stems that say a word, with how surely: a form of it, or what means the same."""
        found = self._forms.like(phrases.without_e(asked))
        forms = {stem: v for plain, v in found.items() for stem in self._plain[plain]}
        for stem in self._meanings.saying(asked):
            forms[stem] = max(forms.get(stem, 0.0), MEANT)
        return forms


@lru_cache(maxsize=65536)
def alike(word: str, other: str) -> float:
    """1 for the same word, less for another form (renewal, renew), a part of a compound, a compound with it."""
    if word == other:
        return 1.0
    shorter, longer = sorted((word, other), key=len)
    if len(shorter) < _AT:
        return 0.0
    if longer.endswith(shorter) or (other in word):
        return max(0.6, len(shorter) / len(longer)) if shorter is word else len(shorter) / len(longer)
    if longer.startswith(shorter) and len(shorter) > _AT and len(longer) - len(shorter) > 3:
        return 0.6  # Terminbestätigung
    shared = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(shorter))
    return 0.9 if shared >= _AT and shared >= 0.7 * len(shorter) and len(longer) - shared <= 5 else 0.0


def passages(page: PageLayout) -> Iterator[tuple[Segment, ...]]:
    """Stacked lines of running text."""
    for block in page.blocks:
        lines: list[Segment] = []
        for segment in block.segments:
            if is_running(segment.text) or lines:
                lines.append(segment)
            if not is_running(segment.text) and lines:
                yield tuple(lines)
                lines = []
        if lines:
            yield tuple(lines)


@lru_cache(maxsize=2048)
def is_running(text: str) -> bool:
    """Whether a line is one of running text."""
    words = text.split()
    return len(words) >= RUNNING and sum(w.isalpha() and w[0].islower() for w in words) >= 2


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of running text as printed."""

    text: str
    span: Span


def running_sentences(facts: Facts) -> Iterator[Said]:
    """The sentences of the first pages, whether they hold values or not."""
    for page in facts.layout.pages[:PAGES]:
        for lines in passages(page):
            text: list[str] = []
            parts: list[WordPart] = []
            for segment in lines:
                row = facts.layout.row_of(segment)
                for match in _WORD.finditer(row.text, segment.start, segment.end):
                    text.append(match.group())
                    parts += row.span(*match.span()).parts
                    if ends_sentence(match.group()):
                        yield Said(" ".join(text), Span(row.number, tuple(parts)))
                        text, parts = [], []
            if text:
                yield Said(" ".join(text), Span(row.number, tuple(parts)))


def _read(facts: Facts, lines: Sequence[Segment]) -> Iterator[_Sentence]:
    """The sentences of a passage that hold values."""
    at = 0
    heads: frozenset[str] = frozenset()
    words: list[tuple[int, str]] = []
    values: list[_Value] = []
    for segment in lines:
        row = facts.layout.row_of(segment)
        typed = list(_typed(facts, row, segment))
        for match in _WORD.finditer(row.text, segment.start, segment.end):
            at += 1
            begun = [v for v in typed if match.start() <= v.start < match.end()] if typed else ()
            values += [replace(v, at=at, to=at + row.text[v.start : v.end].count(" ")) for v in begun]
            if not typed or not any(
                v.start < match.end() and match.start() < v.end and v.kind != "number" for v in typed
            ):
                words += [(at, phrases.stem(t)) for t in phrases.tokens(match.group()) if not t.isdigit()]
            if ends_sentence(match.group()):
                if values:
                    yield _sentence(words, heads, values)
                heads = frozenset(w for _, w in words) if len(words) <= HEADING else frozenset()
                words, values = [], []
    if values:
        yield _sentence(words, heads, values)


def _sentence(words: Sequence[tuple[int, str]], heads: frozenset[str], values: Sequence[_Value]) -> _Sentence:
    said = dict(words)
    told = []
    for index, value in enumerate(values):
        before = next((v.to for v in reversed(values[:index]) if v.kind == value.kind), None)
        after = next((v.at for v in values[index + 1 :] if v.kind == value.kind), None)
        counts = value.kind == "number"
        told.append(
            replace(
                value,
                unit=asides.unit_behind(said, value.to) if counts else None,
                turn=asides.turn_of(said, value.at, value.to, before, after) if counts else None,
                ends=asides.ends_of(said, value.at, before or 0) if value.kind == "date" else frozenset(),
            )
        )
    return _Sentence(tuple(words), heads, _names(words), tuple(told))


def _typed(facts: Facts, row: Row, segment: Segment) -> Iterator[_Value]:
    found = facts.values(row)
    typed = [
        *(
            ("number", n.start, n.end)
            for n in found.numbers
            if not _in_a_code(row.text, n.start, n.end)
            and not (n.start == segment.start and _NUMBERED.match(row.text, n.start))
        ),
        *(("date", d.start, d.end) for d in found.dates),
        *(("time", t.start, t.end) for t in found.times),
        *(("phone", m.start, m.end) for m in found.marks_of("phone")),
    ]
    for kind, start, end in typed:
        if segment.start <= start and end <= segment.end:
            yield _Value(kind, row, start, end, 0, 0)
    for match in _NUMERAL.finditer(row.text, segment.start, segment.end):
        said = phrases.tokens(match["said"])
        if not said or said[0] not in asides.NUMERALS:
            continue
        if any(map(asides.unit_in, phrases.tokens(match["unit"])[:1])):
            yield _Value("number", row, *match.span("said"), 0, 0, asides.NUMERALS[said[0]])


_NUMERAL = re.compile(r"\b(?P<said>[^\W\d_]{3,17}) (?=(?P<unit>[^\W\d_]{3,12})\b)")


_NUMBERED = re.compile(r"\d{1,2}[.)]\s+[A-ZÀ-Ý]")  # 3. Repayment


def _in_a_code(text: str, start: int, end: int) -> bool:
    """Whether a number is but a part of something: MV/771-40928."""
    before = text[start - 1 : start]
    return before.isalnum() or before in ("_", "/", "-") or _GOES_ON.match(text, end) is not None


_GOES_ON = re.compile(r"[/-]\d")


def _names(words: Sequence[tuple[int, str]]) -> tuple[tuple[str, float, int], ...]:
    """The concepts that runs of words name, two words or more, or one long one."""
    known, begin = _stemmed(), _beginnings()
    found = []
    for i, (at, word) in enumerate(words):
        for size in range(1, 5) if word in begin else ():
            run = tuple(w for _, w in words[i : i + size])
            if len(run) == size and (size > 1 or len(run[0]) > _AT):
                found += [(e.concept, e.strength, at) for e in known.get(run, ())]
    return tuple(found)


@cache
def _beginnings() -> frozenset[str]:
    return frozenset(run[0] for run in _stemmed() if run)


@cache
def _stemmed() -> dict[tuple[str, ...], tuple[lexicon.Entry, ...]]:
    """Every sure label by its stems, none left out."""
    found: dict[tuple[str, ...], list[lexicon.Entry]] = defaultdict(list)
    for concept in lexicon.concepts():
        for phrase, strength in lexicon.phrases_of(concept):
            if strength == 1.0:
                found[tuple(phrases.stem(t) for t in phrases.tokens(phrase))].append(
                    lexicon.Entry(concept, strength)
                )
    return {k: tuple(v) for k, v in found.items()}
