"""Texts that a sentence says of what a field is called: `Arbeitsort ist Meschede`, `marca Seara, modelo Brisa`, `your
GP, Dr Rao`, `recognised by the Board`. Called by `ranking`.

`sentences` finds what has a type of its own; a text has none, so here the grammar next to the field's words tells
where it begins and ends. Without such a form nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from paperclerk.engines.embedded.asked.profile import KEPT_PROFILES, Profile
from paperclerk.engines.embedded.asked.whose import ROLES
from paperclerk.engines.embedded.fields import forms
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.contracts import Stretch
from paperclerk.engines.embedded.fields.sentences import PAGES, Forms, ends_sentence, passages
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import Segment
from paperclerk.engines.embedded.words import phrases, thesaurus

LONGEST = 14  # words of a text that a sentence says
AS_GOOD = 0.85  # how alike a word must be to say the field's
APART = 2  # other words at most between those of one name
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_STOP = r"(?=\s*(?:[.;,(]|$|\s(?:and for no|und zu keinem|et pour aucun)))"
_UPPER = r"[A-ZÀ-Ý][\w&.'’-]*"
_PERSON = (
    r"(?:(?:Dr|Prof|Dipl\.-Ing|Mrs?|Ms|Herrn?|Frau|Ing|Sra?|D\.ª|D)\.?\s)*"
    r"[A-ZÀ-Ý][^\W\d_]+(?:[ -](?:[A-ZÀ-Ý]\.|[A-ZÀ-Ý][^\W\d_]+)){1,3}"
)
_UNITS = r"(?:years?|months?|weeks?|days?|Jahren?|Monaten?|ans|mois|años|meses|anni|mesi)"
_CAPITALS = r"[A-ZÀ-Ý][^\W\d_]+(?: [A-ZÀ-Ý][^\W\d_]+)*"
_TEXT = r"(?P<it>[^.;,()]{2,120}?)" + _STOP
# Behind the field's words.
_CODE = re.compile(
    r"\s(?:(?:no|nr|n)[.º°]+\s?|n[uú]m[eé]ro\s|number\s)?(?:(?:is|ist|lautet|est|es|è)\s)?(?P<it>(?=[\w./-]*\d)[A-Z0-9][\w./-]*[\w](?:\s[A-Z]{2,3}\b)?)"
)
_MODEL = re.compile(_CODE.pattern.replace("[A-Z]{2,3}", r"[A-Z][\w-]*"))  # A4 Classic
_NAMED = re.compile(
    rf"\s(?P<it>{_UPPER}(?:\s(?:{_UPPER}|\d[\w.]*\b))*)(?=[,;]|\s(?:y|e|et|and|und|con|with|mit|avec)\s|\.?$)"
)
_IS = re.compile(
    r"\s(?:(?:shall|will) be borne by|ser[áa]n? por cuenta de|corren a cargo de|sont [àa] la charge de|"
    r"(?:is|shall be|will be|ist|lautet|est|es|ser[áa]|è|bedraagt)(?=\s(?:[A-ZÀ-Ý\d]|the [A-Z])))\s" + _TEXT
)
_APPOSED = re.compile(rf",\s(?P<it>{_PERSON})(?=[,.;]|$)")
_BY = re.compile(
    rf"\s(?:by|von|durch|par|por|da|door)\s(?:the\s|der\s|dem\s|la\s|le\s|el\s)?"
    rf"(?P<it>{_UPPER}(?:\s(?:for\s|of\s|at\s|de\s|für\s)?{_UPPER})*)"
)
_DOERS = phrases.word_set("body organisation organization agency authority institution company entity person")
_INVERTED = re.compile(r"\b(?:beträgt|ist|lautet) (?:die|der|das) $")
_REST = re.compile(r"\s" + _TEXT)
# What is said of a few things in words of their own.
_USE, _FORUM, _LAW, _LASTS, _WAY, _POST = (
    phrases.word_set("purpose use zweck objet objeto scopo oggetto verwendungszweck"),
    phrases.word_set("venue jurisdiction forum tribunal court juzgado gerichtsstand foro"),
    phrases.word_set("law jurisdiction recht droit derecho ley legge legislacion"),
    phrases.word_set("term duration laufzeit vertragsdauer duree plazo vigencia durata looptijd"),
    phrases.word_set("forma method modalite mode zahlungsart zahlungsweise modalita"),
    phrases.word_set(
        "position role job post taetigkeit tatigkeit beruf poste puesto funktion occupation cargo"
    ),
)
_SAID = (
    (_USE, re.compile(
        r"(?:\bused (?:only |solely |exclusively )?(?:for|as)|\bin order to|\ba pour objet|\bpor objeto|"
        r"\bper oggetto|\bausschließlich (?:zum|als)) (?P<it>[^.;()]{4,120}?)(?=\s(?:and for no|\()|[.;(]|$)", re.I)),
    (_FORUM, re.compile(
        r"(?:\bjurisdiction of|\bsoumis (?:au|à la)|\bsometen a|\bGerichtsstand ist|\bcompetente (?:il|è il)) "
        r"(?P<it>[^.;,()]{4,80}?)(?=\s?[.;,(]|$)", re.I)),
    (_LAW, re.compile(
        r"\blaws? (?:in force )?(?:of|in) (?:the )?(?:(?:State|Commonwealth|Province) of )?"
        rf"(?P<it>{_CAPITALS}(?: (?:and|of) {_CAPITALS})*)|"
        rf"\b(?:governed by|under) (?P<by>{_CAPITALS}) law\b|"
        r"\b(?P<adj>(?:[a-zäöüß]+isch|deutsch)es Recht|Schweizer Recht|droit (?:français|belge|suisse)|"
        r"derecho (?:español|mexicano|argentino|chileno)|(?:diritto|legge) italian[ao])\b")),
    (_LASTS, re.compile(
        r"\b(?:agreement|contract|lease|term|duration|Vertrag|Laufzeit|contrat|contrato|contratto)\b[^.;]{0,120}? "
        r"(?:period of|term of|for|is|be|Dauer von|Laufzeit von|(?:durée|duración|plazo|durata) (?:de|di)) "
        rf"(?P<it>(?:[^\W\d_]+(?:-[^\W\d_]+)? )?\(?\d+\)? {_UNITS}|[^\W\d_]+ {_UNITS})\b", re.I)),
    (_WAY, re.compile(
        r"\b(?:mediante|by way of|par voie de|im Wege der) (?P<it>[^.;,()]{4,40}?)"
        r"(?=\s?[.;,(]|$|\s(?:en|al?|dentro|in|within|zum|binnen|dans|sous)\s)", re.I)),
    (_POST, re.compile(
        r"\b(?:als|as an?|as|como|en tant que|en qualité de|come) "
        rf"(?P<it>{_CAPITALS})(?= (?:eingestellt|beschäftigt|tätig|employed))|"
        rf"\b(?:employed|hired|engaged) as (?:an? )?(?P<or>{_CAPITALS})")),
)  # fmt: skip


class Predicates:
    """The sentences of one document."""

    def __init__(self, facts: Facts) -> None:
        self.sentences = tuple(
            (s, [(stem, m) for m in _WORD.finditer(s.text) for stem in _first_stem(m.group())])
            for page in facts.layout.pages[:PAGES]
            for lines in passages(page)
            for s in _split(_stretch(facts, lines))
        )
        self._stems = [frozenset(stem for stem, _ in words) for _, words in self.sentences]
        every = frozenset[str]().union(*self._stems)
        self._forms = Forms(every)
        self._meanings = thesaurus.Meanings(every)
        self._sayings: dict[str, set[str]] = {}

    def _saying(self, word: str) -> set[str]:
        """The stems of the document that say a word of the schema."""
        if word not in self._sayings:
            forms = {stem for stem, v in self._forms.like(word).items() if v >= AS_GOOD}
            self._sayings[word] = forms | self._meanings.saying(word)
        return self._sayings[word]

    def find(self, profile: Profile) -> Iterator[Candidate]:
        """Texts that sentences say of the field."""
        if profile.want not in ("text", "name", "id") or not self.sentences:
            return
        party = profile.role in ROLES
        own = profile.called
        for asked, pattern in _SAID if profile.want == "text" else ():
            if own & asked:
                for sentence, _ in self.sentences:
                    for match in pattern.finditer(sentence.text):
                        law = asked is _LAW and not own & _FORUM  # which may mean whose courts
                        yield from _candidate(profile, sentence, match, 1.0 if law else 0.6)
        telling = _telling(profile)
        sayings = [self._saying(word) for word in telling]
        if not telling or not all(sayings):
            return
        owned = [self._saying(o) for o in profile.owner]
        for at, (sentence, words) in enumerate(self.sentences):
            said = self._stems[at]
            if owned and all(map(said.isdisjoint, owned)):
                continue
            for first, last in () if any(map(said.isdisjoint, sayings)) else _places(words, sayings):
                if not party:
                    yield from _behind(profile, sentence, words[first][1], words[last][1])
                elif by := _BY.match(sentence.text, words[last][1].end()):
                    yield from _candidate(profile, sentence, by, 0.65)
            if len(telling) > 1 and not party:
                yield from self._about(profile, sayings, at)

    def _about(self, profile: Profile, sayings: Sequence[Set[str]], at: int) -> Iterator[Candidate]:
        """What stands behind one of a name's words, where this sentence or the one before says the others:
        `Equipment. ... one milking robot, make Vantor`."""
        sentence, words = self.sentences[at]
        near = self._stems[max(0, at - 1)] | self._stems[at]
        if any(map(near.isdisjoint, sayings)):
            return
        for said, match in words:
            if any(said in saying for saying in sayings):
                yield from (c.with_score(0.45) for c in _behind(profile, sentence, match, match))


@lru_cache(maxsize=KEPT_PROFILES)
def _telling(profile: Profile) -> tuple[str, ...]:
    """The words of a field's name that its sentence says."""
    telling = tuple(w for w, v in profile.words if v > 0.5 and not phrases.is_particle(w))
    return tuple(w for w in telling if w not in _DOERS) or telling


@lru_cache(maxsize=65536)
def _first_stem(word: str) -> tuple[str, ...]:
    return tuple(phrases.stem(t) for t in phrases.tokens(word)[:1])


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence of a passage, whose text it begins in at `start`."""

    passage: Stretch
    start: int
    text: str

    def cut(self, start: int, end: int) -> Stretch:
        return self.passage.cut(self.start + start, self.start + end)


def _stretch(facts: Facts, lines: Sequence[Segment]) -> Stretch:
    """Stacked lines as one text."""
    pieces = [Stretch(facts.layout.row_of(s), s.start, s.end) for s in lines]
    return replace(pieces[0], more=tuple(pieces[1:]))


def _split(passage: Stretch) -> Iterator[_Said]:
    """The sentences of a passage."""
    text, start = passage.text, 0
    for match in _TOKEN.finditer(text):
        if ends_sentence(match.group()):
            yield _Said(passage, start, text[start : match.end()])
            start = match.end() + 1
    if start < len(text):
        yield _Said(passage, start, text[start:])


Words = Sequence[tuple[str, re.Match[str]]]


def _places(words: Words, sayings: Sequence[Set[str]]) -> Iterator[tuple[int, int]]:
    """Where all of a name's telling words are said together: the first and the last of them."""
    for i, (stem, _) in enumerate(words):
        if not any(stem in saying for saying in sayings):
            continue
        near = range(i, min(len(words), i + len(sayings) + APART))
        hits = [next((j for j in near if words[j][0] in saying), None) for saying in sayings]
        found = [j for j in hits if j is not None]
        if len(found) == len(sayings) and min(found) == i and len(set(found)) == len(found):
            yield i, max(found)


def _behind(
    profile: Profile, sentence: _Said, first: re.Match[str], last: re.Match[str]
) -> Iterator[Candidate]:
    """What the grammar behind a field's words says of it."""
    text, end = sentence.text, last.end()
    code = (_MODEL if profile.want == "text" else _CODE).match(text, end)
    if code and (profile.want == "id" or (profile.want == "text" and any(map(str.isalpha, code["it"])))):
        yield from _candidate(profile, sentence, code, 0.88)
        return
    if profile.want == "id":
        return
    if first.group()[0].islower() and (match := _NAMED.match(text, end)):
        yield from _candidate(profile, sentence, match, 0.5)
    elif match := _IS.match(text, end) or _APPOSED.match(text, end):
        yield from _candidate(profile, sentence, match, 0.55)
    elif last.group()[0].islower() and (match := _BY.match(text, end)):
        yield from _candidate(profile, sentence, match, 0.5)
    elif _INVERTED.search(text, 0, first.start()) and (match := _REST.match(text, end)):
        yield from _candidate(profile, sentence, match, 0.55)


def _candidate(profile: Profile, sentence: _Said, match: re.Match[str], score: float) -> Iterator[Candidate]:
    start, end = match.span(match.lastgroup or "it")
    part = sentence.cut(start, end - sentence.text[start:end].endswith("."))
    value = forms.text_value(part.text, profile)
    if value is None or len(part.text.split()) > LONGEST or not any(c.isalnum() for c in part.text):
        return
    place = (part.row.page, part.row.index, part.start, part.end)
    ocr = min(p.row.score_of(p.start, p.end) for p in (part, *part.more))
    yield Candidate(value, (part.span,), place, score, score, "said", ocr=ocr)
