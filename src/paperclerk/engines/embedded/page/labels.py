"""Which words of a page label others, and how well a label fits a field. Called by `facts` and `candidates`.

A *label* is a run of words without digits: up to a colon, up to a value, or a whole segment. Known labels come
from the lexicon; any other run is compared with the field's own words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz, process

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.asked.whose import ROLES, speaker_of
from paperclerk.engines.embedded.page.layout import Row, Segment
from paperclerk.engines.embedded.page.values import Values
from paperclerk.engines.embedded.words import lexicon, phrases, thesaurus, vocabulary
from paperclerk.printed.locale import CODES

MAX_LABEL_WORDS = 14
NUMBERING = re.compile(
    r"\s*\(?(?:\d{1,2}\s?[.)]|[a-zA-I][.)](?!\s?[A-Z]\.)|[a-z](?= [A-Z])|[A-Z](?:\.\d){1,3} ?|[A-Z](?=  )|[•▪●*-])\s*"
    r"(?=[^\W\d])"
)
_TOKEN = re.compile(r"\S+")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_COMPOUND = re.compile(
    r"\w{3,}?(?P<head>rechnung|nummer|datum|betrag|adresse|anschrift|zeitraum|factuur|bedrag)"
)
_MISREAD = re.compile(r"[^\W\d_]{1,}[01][^\W\d_]{1,}[:.]?")  # Bi1l, T0TAL
_GLUED = re.compile(r"(?P<label>[^\W\d][^\d:]*?)(?::(?=[^/\s])|[.…]{3,})")
_JOINED_ON = re.compile(r"\s+(?:or|and|of|oder|und|ou|et|y|o|e|&|/)\s", re.I)
_SHORT = re.compile(r"(?<![^\W\d_])(?P<word>[^\W\d_]{3,})\.(?![\w.])")
_CALLS_BIC = re.compile(r"\b(?:BIC|SWIFT)\W*$", re.I)
_LEADER = re.compile(r"[.…·_]{3,}")  # Fare ........ 148.00


_TAX = phrases.word_set(
    "gst vat tax taxes mwst ust umsatzsteuer mehrwertsteuer steuer tva iva btw sst hst taxe impuestos imposta iva"
)
_MONEY_MARKS = frozenset({"in", "rm", *(c.lower() for c in CODES)})  # "Total in EUR"
_EXCLUDING = phrases.word_set(
    "excl excluding exclusive exc ex before without exkl exklusive ohne hors sin senza zonder sem exclusief"
)
_INCLUDING = phrases.word_set(
    "incl including inclusive inc inkl inklusive with mit con com inclusief einschl einschliesslich inclus"
)
_INCLUDED = phrases.word_set("included enthaltene enthalten dont inclusa incluido inbegrepen thereof")
_SUMS = phrases.word_set(
    "total amount sales sum summe betrag gesamtbetrag rechnungsbetrag rechnungssumme gesamt montant importe importo "
    "totale totaal bedrag valor amt subtotal price preis sub endbetrag due payable"
)


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """Words at `start:end` of a row that may name a value.

    `concepts` are lexicon concepts with 0..1, how fully the words say it. `colon` tells that a colon ends it,
    `whole` that nothing else stands in its segment. `cut` is where a known label ends inside the words, if the
    rest may already be the value. `numbered` captions ("2. Name") stand above their value. `aside` are stems
    in brackets.
    """

    row: Row
    segment: Segment
    start: int
    end: int
    text: str
    stems: tuple[str, ...]
    concepts: dict[str, float]
    colon: bool
    whole: bool
    cut: int | None = None
    cut_concepts: tuple[str, ...] = ()
    numbered: bool = False
    aside: tuple[str, ...] = ()
    known: float = field(init=False)  # how fully the words say the concept that they say best

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", max(self.concepts.values(), default=0.0))

    @property
    def likeness(self) -> float:
        """How much the words read like a label rather than like a value, 0..1."""
        if self.colon:
            return 1.0
        heads = phrases.ends_in_a_head(self.stems) and len(self.stems) <= 4
        return max(self.known, 0.6 if heads else 0.0)

    @property
    def sure(self) -> bool:
        """Whether the words surely are a label, and no value."""
        return self.colon or self.known >= 0.95

    @property
    def role(self) -> str | None:
        """The party that the label itself speaks of."""
        return next((c for c, v in self.concepts.items() if c in ROLES and v >= 0.4), None)


def find_labels(row: Row, values: Values, *, fuzzy: bool) -> list[Label]:
    """The labels of a row, left to right. `fuzzy` forgives a misread letter."""
    found: list[Label] = []
    for at, segment in enumerate(row.segments):
        if not any(map(str.isalpha, segment.text)):
            continue
        runs = list(_runs(segment, values, fuzzy))
        if runs and at + 1 < len(row.segments) and row.segments[at + 1].text.startswith(":"):
            runs[-1] = (runs[-1][0], runs[-1][1], True)  # the colon stands in a column of its own
        for start, end, colon in runs:
            if any(r.first.start <= start and end <= r.last.end for r in values.ranges):
                continue  # the "to" of a range
            text = row.text[start:end]
            label = _label(row, segment, start, end, text, colon, len(runs) == 1, fuzzy)
            if label is not None:
                found.append(label)
    return found


def _runs(segment: Segment, values: Values, fuzzy: bool) -> Iterable[tuple[int, int, bool]]:
    """(start, end, ends in a colon) of each run of words without values, as offsets into the row."""
    text, base = segment.text, segment.start
    numbering = NUMBERING.match(text)
    position = numbering.end() if numbering else 0
    hidden = [m.span() for m in _IN_BRACKETS.finditer(text)]
    taken = [(d.start - base, d.end - base) for d in values.dates]
    taken += [
        (m.start - base, m.end - base)
        for m in values.marks
        if m.kind in ("email", "uri")
        or (m.kind == "bic" and _CALLS_BIC.search(text[: max(0, m.start - base)]))
    ]
    start: int | None = None
    last = position
    answered = False  # whether a colon came before: then what stands before the next label is a value
    for token in _TOKEN.finditer(text, position):
        a, b = token.span()
        piece = token.group()
        if hidden and start is not None and piece[-1] != ":" and any(start < x <= a < y for x, y in hidden):
            if not any(c.isdigit() for c in piece):
                last = b
            continue
        plain = piece.isalpha()
        glued = None if plain else _GLUED.match(piece)
        digits = (
            not plain
            and any(c.isdigit() for c in piece)
            and not glued
            and not (fuzzy and _MISREAD.fullmatch(piece))
        )
        valued = digits or (bool(taken) and any(x < b and a < y for x, y in taken))
        if not plain and (piece == ":" or _LEADER.fullmatch(piece)):
            if start is not None:
                yield base + start, base + last, True
            start, answered = None, True
        elif glued:
            yield base + (a if start is None else start), base + a + glued.end("label"), True
            start, answered = None, True
        elif valued:
            if start is not None:
                yield base + start, base + last, False
            start = None
        else:
            start = a if start is None else start
            last = b
            if piece.endswith(":"):
                if answered:
                    start += _last_label(text[start : b - 1])
                yield base + start, base + b - 1, True
                start, answered = None, True
    if start is not None:
        yield base + start, base + last, False


def _last_label(text: str) -> int:
    """Where the label begins that ends a run behind an earlier colon: `Severn Mutual Bank IBAN`."""
    starts = [m.start() for m in _TOKEN.finditer(text)]
    known = (s for s in starts if phrases.key(text[s:]) in lexicon.labels())
    return next(known, starts[-1] if len(starts) > 2 else 0)


def _label(
    row: Row, segment: Segment, start: int, end: int, text: str, colon: bool, alone: bool, fuzzy: bool
) -> Label | None:
    bare = text
    if "(" in text or "[" in text:
        bare = _IN_BRACKETS.sub(_kept_remark, text)
        if not bare.strip() and text.count("(") == 1:
            bare = text[1:-1]  # a caption under its line: `(State of incorporation)`
        bare = _UNCLOSED.sub("", bare) or bare
    words = phrases.tokens(bare)
    if not words or len(words) > MAX_LABEL_WORDS or not any(c.isalpha() for c in bare):
        return None
    concepts = dict(concepts_of(bare, fuzzy))
    if "/" in bare and not concepts_known(concepts):
        for concept, value in concepts_of(bare.split("/")[0], fuzzy):
            if concept in ROLES:  # "Shipper/Exporter"
                concepts[concept] = max(concepts.get(concept, 0.0), 0.9 * value)
    known = concepts_known(concepts)
    cut, cut_concepts = (None, ()) if colon or known else _cut(text)
    whole = alone and (start - segment.start) <= 6 and segment.end - end <= 2
    stems = phrases.stems(bare)
    numbered = whole and start > segment.start and segment.text[0].isalnum()
    aside = phrases.stems(" ".join(_IN_BRACKETS.findall(text))) if "(" in text else ()
    return Label(
        row, segment, start, end, text, stems, concepts, colon, whole, cut, cut_concepts, numbered, aside
    )


_UNCLOSED = re.compile(r"\s\([^()]*$")  # Taxable amount (line 1 less line 2): a number ends the label


def concepts_known(concepts: Mapping[str, float]) -> bool:
    """Whether words surely name a concept."""
    return max(concepts.values(), default=0.0) >= 0.95


def _kept_remark(match: re.Match[str]) -> str:
    """What stands in brackets is a remark, unless it says whether tax is in an amount."""
    said = set(phrases.tokens(match.group()))
    return match.group() if said & (_EXCLUDING | _INCLUDING) and said & _TAX else " "


def _taxed(words: tuple[str, ...]) -> str | None:
    """What an amount is called that says how it stands to tax: "Total (excl. GST)", "GST included"."""
    said = set(words)
    if not said & _TAX or len(words) > 10:
        return None
    if said & _INCLUDED:
        return "tax_total"
    if said & _SUMS:
        first = next(i for i, w in enumerate(words) if w in _TAX)
        if said & _EXCLUDING:
            return "net_total"
        if any(w in _INCLUDING for w in words[:first]):
            return "gross_total"
    return None


def _head_of_compound(word: str) -> str:
    """German and Dutch labels glue words together: a Mietrechnung is a Rechnung."""
    match = _COMPOUND.fullmatch(word)
    return match["head"] if match and word not in lexicon.labels() else word


@lru_cache(maxsize=32768)
def concepts_of(text: str, fuzzy: bool) -> tuple[tuple[str, float], ...]:
    """Concepts a run of words names: as a whole 1.0, by its head or tail less, by its middle least."""
    words = phrases.tokens(text)
    known = lexicon.labels()
    if "".join(words) not in known:
        words = tuple(w for w in words if w not in _MONEY_MARKS) or words
    found: dict[str, float] = defaultdict(float)
    exact = known.get("".join(words))
    if exact is None and fuzzy and 4 <= sum(map(len, words)) <= 28:
        exact = _nearest("".join(words))
    for entry in exact or ():
        found[entry.concept] = entry.strength
    if exact:
        return tuple(found.items())
    plain = tuple(_head_of_compound(w) for w in words)
    if plain != words and (entries := known.get("".join(plain))):
        return tuple((e.concept, 0.95 * e.strength) for e in entries)
    if named := _whose_name(words):
        return named
    taxed = _taxed(words)
    if taxed is not None:
        return ((taxed, 1.0),)
    total = sum(phrases.weight(phrases.stem(w)) for w in words)
    most = lexicon.longest()
    for size in range(min(most, len(words) - 1), 0, -1):
        for i in range(len(words) - size + 1):
            entries = known.get("".join(words[i : i + size]))
            if not entries or (size == 1 and len(words[i]) < 3):
                continue
            share = sum(phrases.weight(phrases.stem(w)) for w in words[i : i + size]) / total
            edge = 1.0 if i == 0 or i + size == len(words) else 0.6
            least = 0.75 if size > 1 and i + size == len(words) else 0.0  # "This lease begins on"
            for entry in entries:
                score = entry.strength * max(least, edge * (0.25 + 0.65 * min(1.0, share)))
                found[entry.concept] = max(found[entry.concept], score)
    return tuple(sorted(found.items(), key=lambda kv: -kv[1])[:8])


_NAMING = phrases.word_set("full legal complete print printed first last of the de la le du des del der")
_NAME = phrases.word_set("name names nom nombre nome naam")


def _whose_name(words: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """The party whose name words ask for: `Full legal name of seller`."""
    bare = "".join(w for w in words if w not in _NAME | _NAMING)
    known = lexicon.labels().get(bare, ()) if set(words) & _NAME else ()
    return tuple((e.concept, 0.95 * e.strength) for e in known if e.concept in ROLES)


def _nearest(key: str) -> tuple[lexicon.Entry, ...] | None:
    hit = process.extractOne(key, _keys_of(len(key)), scorer=fuzz.ratio, score_cutoff=88)
    return lexicon.labels()[hit[0]] if hit else None


@lru_cache(maxsize=64)
def _keys_of(size: int) -> list[str]:
    return [k for k in lexicon.labels() if abs(len(k) - size) <= 2 and len(k) >= 5]


@lru_cache(maxsize=32768)
def _cut(text: str) -> tuple[int | None, tuple[str, ...]]:
    """Where the longest known label at the head of `text` ends, when words follow it."""
    ends = [m.end() for m in _TOKEN.finditer(text)]
    for end in reversed(ends[:-1][: lexicon.longest() + 1]):
        entries = lexicon.labels().get(phrases.key(text[:end]))
        if _JOINED_ON.match(text, end):
            continue  # "Surname or business name" goes on
        if entries and (
            len(phrases.key(text[:end])) >= 3 or "/" in text[:end] or _is_code(text[:end], entries)
        ):
            return end, tuple(e.concept for e in entries)
    return None, ()


def _is_code(text: str, entries: Sequence[lexicon.Entry]) -> bool:
    """Whether two capitals are a label of an identity card: `LN SMITH`."""
    return text.isupper() and any(e.concept in ("first_name", "last_name") for e in entries)


_SUBJECTS = frozenset({"employee", "patient", "insured", "borrower"})  # a bare "Name" on a document is theirs
_CODES = phrases.word_set(
    "no nr number nummer id code ref reference n numero num key account konto compte cuenta conto"
)
ALIKE = 0.85  # how much another word of the same meaning counts
_WORDY = frozenset({"name", "address", "text", "choice"})  # values that may be words, right after their label


LONG = 5  # letters of a word that may be misread: one that is like it has not fewer


class Matcher:
    """How well each label fits a field; built once per document, linear in labels."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._by_concept: dict[str, list[Label]] = defaultdict(list)
        self._by_stem: dict[str, list[Label]] = defaultdict(list)
        self._by_key: dict[str, list[Label]] = defaultdict(list)
        self._by_number: dict[str, list[Label]] = defaultdict(list)
        for label in labels:
            for concept in dict.fromkeys((*label.concepts, *label.cut_concepts)):
                self._by_concept[concept].append(label)
            for s in dict.fromkeys((*label.stems, *label.aside)):
                self._by_stem[s].append(label)
            self._by_key[phrases.key(label.text)].append(label)
            if number := _BOX.fullmatch(label.row.text, label.segment.start, label.start):
                self._by_number[number["no"].lstrip("0")].append(label)
        self._shortened = {phrases.stem(m) for x in labels for m in _shortened(x.text)}
        self._long = [s for s in self._by_stem if len(s) >= LONG]
        self._meanings = thesaurus.Meanings(self._by_stem)
        self._near: dict[str, dict[str, float]] = {}
        self._kin: dict[str, frozenset[str]] = {}
        self._rooted: dict[str, set[str]] = defaultdict(set)
        for s in self._by_stem:
            self._rooted[_root(s)].add(s)

    def _alike(self, stem: str) -> dict[str, float]:
        """Stems of labels that are a word of the schema, or like it but for a letter or two, with how much."""
        if stem not in self._near:
            found = {stem: 1.0} if stem in self._by_stem else {}
            if len(stem) > LONG:
                for other, score, _ in process.extract(
                    stem, self._long, scorer=fuzz.ratio, score_cutoff=84, limit=4
                ):
                    found.setdefault(other, 0.9 * score / 100)
            self._near[stem] = found
        return self._near[stem]

    def _akin(self, stem: str) -> frozenset[str]:
        """Stems of labels that mean the same in other words or another language, or are short for it; none for a
        word that tells little."""
        if stem not in self._kin:
            found: set[str] = set()
            if phrases.weight(stem) > 0.5:
                found |= self._meanings.saying(stem)
                found |= {s for s in self._shortened if _cut_short(s, stem)}
            self._kin[stem] = frozenset(found)
        return self._kin[stem]

    def _derived(self, stem: str) -> set[str]:
        """Stems of labels that make a verb of a noun: the date of a calibration stands at `Calibrated on`."""
        root = _root(stem)
        return self._rooted[root] if len(root) >= ROOT and root in self._rooted else set()

    def matches(self, profile: Profile) -> list[tuple[Label, float, bool]]:
        """Labels that may name the field: (label, fit 0..1, whether only its head before `cut` is meant)."""
        fits: dict[int, tuple[Label, float, bool]] = {}
        for said in profile.phrases:
            for label in self._by_key.get(said, ()):
                self._keep(fits, label, 1.15, False)
        number, named = _of_box(profile.words) if self._by_number else ("", profile.words)
        for label in self._by_number.get(number, ()):
            if any(w in label.stems for w, _ in named) or not named:
                self._keep(fits, label, 1.12, False)
        if profile.want == "name" and profile.role in _SUBJECTS:
            for label in self._by_concept.get("person_name", ()):
                if label.concepts.get("person_name", 0.0) >= 0.95:
                    self._keep(fits, label, 0.6, False)
        for concept, surety in profile.concepts.items():
            for label in self._by_concept.get(concept, ()):
                fit = surety * label.concepts.get(concept, 0.0)
                if concept in label.cut_concepts and fit < 0.75 * surety and profile.want in _WORDY:
                    self._keep(fits, label, 0.75 * surety, True)
                else:
                    self._keep(fits, label, fit * _rival(label, profile), False)
        dated = profile.want in ("date", "datetime")
        words = [
            (
                value,
                self._alike(word),
                self._akin(word) | (self._derived(word) if dated and value > 0.5 else set()),
            )
            for word, value in named
        ]
        sharing = self._sharing(words)
        hints = self._hinted(profile) if sharing else {}
        for label in sharing:
            fit = _own_fit(label, profile, words, hints)
            if fit >= 0.99 and len(label.stems) > 1:
                fit = 1.12  # word for word what the property is called
            if fit >= 0.3:
                self._keep(fits, label, fit * _rival(label, profile), False)
        if profile.topic:
            self._weigh_topic(fits, profile)
        self._weigh_speaker(fits, profile)
        if profile.concepts.get("paid", 0.0) >= 0.9:
            self._weigh_way(fits, profile)
        return sorted(fits.values(), key=lambda f: -f[1])[:60]

    @staticmethod
    def _weigh_speaker(fits: dict[int, tuple[Label, float, bool]], profile: Profile) -> None:
        """`our_ref` is not what stands at "Your ref"."""
        asked = speaker_of(phrases.name_words(profile.field.name))
        if asked is None:
            return
        for key, (label, fit, cut) in list(fits.items()):
            said = speaker_of(label.text)
            if said != asked:
                fits[key] = (label, fit * (0.8 if said is None else 0.0), cut)

    @staticmethod
    def _weigh_way(fits: dict[int, tuple[Label, float, bool]], profile: Profile) -> None:
        """What was paid in cash does not stand at "Visa"."""
        asked = _ways(phrases.name_words(profile.field.name))
        for key, (label, fit, cut) in list(fits.items()):
            said = _ways(label.text)
            if asked and not asked & said:
                fits[key] = (label, 0.0 if said else 0.8 * fit, cut)

    def _weigh_topic(self, fits: dict[int, tuple[Label, float, bool]], profile: Profile) -> None:
        """Of several periods the one whose label names what the field is about."""
        near = {other for word in profile.topic for other in self._alike(word)}
        for key, (label, fit, cut) in fits.items():
            fits[key] = (label, max(fit, 0.92) if near & set(label.stems) else 0.8 * fit, cut)

    @staticmethod
    def _keep(fits: dict[int, tuple[Label, float, bool]], label: Label, fit: float, cut: bool) -> None:
        known = fits.get(id(label))
        if fit > 0.1 and (known is None or known[1] < fit):
            fits[id(label)] = (label, fit, cut)

    def _hinted(self, profile: Profile) -> dict[str, float]:
        """Stems of labels that are like a word of the field's description, with how much."""
        found: dict[str, float] = {}
        for word, _ in profile.hints:
            for other, like in self._alike(word).items():
                found.setdefault(other, 0.7 * like)
        return found

    def _sharing(self, words: Sequence[_Word]) -> list[Label]:
        """Labels with a telling word of the field's name (any word, when none of them tells much)."""
        found: dict[int, Label] = {}
        for _, alike, akin in [w for w in words if w[0] > 0.5] or words:
            for other in (*alike, *akin):
                for label in self._by_stem[other]:
                    found[id(label)] = label
        return list(found.values())


_BOX = re.compile(r"\(?(?P<no>\d{1,3}[a-z]?)[.)]?\s*")
_BOXES = phrases.word_set("box line item feld zeile case ligne casella casilla vak")
_WITH_NUMBER = re.compile(r"\d{1,3}[a-z]?")


def _of_box(words: Sequence[tuple[str, float]]) -> tuple[str, Sequence[tuple[str, float]]]:
    """The number of the box of a form that a field is named after, and its other words: `wages_box_1`."""
    number = next((w for w, _ in words if _WITH_NUMBER.fullmatch(w)), "")
    if not number or not any(w in _BOXES for w, _ in words):
        return "", words
    return number.lstrip("0"), [(w, v) for w, v in words if w != number and w not in _BOXES]


# How much a word of a field's name tells, and the stems of labels that are like it, or mean the same.
_Word = tuple[float, dict[str, float], frozenset[str]]


def _own_fit(label: Label, profile: Profile, words: Sequence[_Word], hints: Mapping[str, float]) -> float:
    """Share of the field's words in the label times share of the label's words in the field."""
    stems = set(label.stems)
    hit: dict[str, float] = {}
    spoken = stems | set(label.aside)
    got = 0.0
    apart = label.colon or label.whole  # in a line of text other words say little
    for value, alike, akin in words:
        near = [(o, v) for o, v in alike.items() if o in spoken]
        if not near and apart:
            near = [(o, ALIKE) for o in akin if o in stems]
        if near:
            other, like = max(near, key=lambda n: n[1])
            hit[other] = like
            got += value * like
    for other in hints.keys() & stems:
        hit.setdefault(other, hints[other])
    need = sum(value for value, _, _ in words) or 1.0
    if hit and got < 0.5 * need and max(hit.values()) <= (ALIKE if apart else 0.9):
        return 0.0  # a part of the name, and that in other words
    if profile.want == "id" and not apart and not stems & _CODES and hit.keys() < stems and got < need:
        return 0.0  # "Student Enrollment Form 2026" numbers no student
    if profile.want in ("name", "text") and label.stems[-1] == "no" and "no" not in hit:
        return 0.0  # "Hospital no" asks for no hospital
    have = sum(phrases.weight(s) for s in stems) or 1.0
    if hit.keys() - stems:
        return float((got / need) ** 0.8)  # the brackets say it: (EIN)
    covered = sum(phrases.weight(s) * like for s, like in hit.items())
    return float((got / need) ** 0.8 * min(1.0, covered / have) ** 0.6)


@lru_cache(maxsize=65536)
def _cut_short(short: str, stem: str) -> bool:
    """Whether a word on the page may be short for one of the schema, or for what means the same."""
    longer = (stem, *(w for things in thesaurus.meant_by(stem)[:1] for w in thesaurus.words_for(things)))
    return any(len(w) > len(short) + 1 and w.startswith(short) for w in longer)


@lru_cache(maxsize=32768)
def _root(stem: str) -> str:
    """A stem without what makes a verb of it, or a noun of the verb: `calibration`, `calibrated`."""
    return _DERIVED.sub("", stem)


_DERIVED = re.compile(r"(?:ation|ated|ition|ited|ion|ment|al|ed|ing|y)$")
ROOT = 5  # letters of it at least


@lru_cache(maxsize=4096)
def _ways(text: str) -> frozenset[str]:
    """The ways to pay that words mention."""
    words = phrases.tokens(text)
    runs = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + 4, len(words) + 1))}
    return frozenset(way for way, names in vocabulary.phrases("pays").items() if names & runs)


@lru_cache(maxsize=32768)
def _shortened(text: str) -> tuple[str, ...]:
    """Words that end in a full stop: `Data pag.`"""
    return tuple(t for m in _SHORT.finditer(text) for t in phrases.tokens(m["word"]))


_NUMBERS = phrases.word_set("no nr number nummer code ref reference numero id")


def _rival(label: Label, profile: Profile) -> float:
    """Less than 1 when the label as a whole says something else than the field wants."""
    if profile.want == "name" and label.role and _NUMBERS & set(label.stems) and not label.colon:
        return 0.4  # `Réf. client` is no client
    if {profile.role, label.role} == {"employer", "employee"}:
        return 0.4
    if label.known < 0.95:
        return 1.0
    own = max((v for c, v in label.concepts.items() if c in profile.concepts), default=0.0)
    if own >= 0.95 or not profile.concepts:
        return 1.0
    return 0.85 if own >= 0.6 else 0.45
