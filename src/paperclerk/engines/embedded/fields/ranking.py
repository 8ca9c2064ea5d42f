"""Orders the candidates of every field by all that speaks for them. Called by the engine.

Labels give most candidates; what is printed without a label (`unlabelled`) is added, then party regions,
position, repetition and arithmetic shift the scores.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import fuzz

from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Leaf
from paperclerk.engines.embedded.asked.profile import KEPT_PROFILES, Profile
from paperclerk.engines.embedded.asked.whose import speaker_of
from paperclerk.engines.embedded.fields import amounts, choices, unlabelled
from paperclerk.engines.embedded.fields.candidates import Candidate, from_label
from paperclerk.engines.embedded.fields.matrix import column_of, told_apart
from paperclerk.engines.embedded.fields.predicates import Predicates
from paperclerk.engines.embedded.fields.readings import Place
from paperclerk.engines.embedded.fields.sentences import Sentences, is_running
from paperclerk.engines.embedded.fields.slots import Slot, slots
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.parties import (
    OWNED,
    Region,
    owned_regions,
    parties,
    regions,
    role_at,
    salutes,
)
from paperclerk.engines.embedded.words import phrases, vocabulary

KEPT = 8  # candidates a field keeps
ABOUT_EQUAL = 0.1
EXACT = 0.95
HEAD_ROWS = 14  # of the first page: where a document says what it is
FIRST = 3  # fields among which a schema names who issues its documents
NAMED = 0.6


# Parties that have an address and numbers of their own, so that theirs are not another's.
_RIVALS = frozenset({"seller", "buyer", "ship_to", "ship_from", "employer", "employee", "patient", "insured"})


_ADDRESSEES = frozenset(
    {"buyer", "ship_to", "ship_from", "payee"}
)  # whose numbers stand under a heading, or nowhere
_WRITING = frozenset(
    {None, "seller", "bank", "employer", "insurer", "carrier"}
)  # who writes, not who is written about
_OTHER_PAPERS = ("order_number", "quote_number", "delivery_note_number", "contract_number")
_ISSUERS = frozenset({"seller", "bank", "employer", "insurer", "carrier", "lender", "ship_from"})
_ALIKE = {"buyer": "ship_to", "ship_to": "buyer", "ship_from": "seller"}
_PLACES = frozenset({"street", "city", "state", "country", "postcode"})


BESIDE = 1.1
_NUMBERED = re.compile(r"\b(?:invoice|order|quote|offer|contract|policy)\b.{0,30}\d\S*\s*$", re.I)
_DATED = frozenset({"dated", "datée du", "fechada"})


class Ranking:
    """One document, the profiles of one schema."""

    def __init__(self, facts: Facts, profiles: Sequence[Profile]) -> None:
        self.facts = facts
        asked = {p.role for p in profiles if p.part}
        self._both = {"seller", "buyer"} <= asked  # then who is called `Firma` in an address is the second
        self.regions = [r for r in regions(facts) if not (self._both and salutes(facts, r.label))]
        profiles = _dated(facts, profiles)
        self.matcher = facts.matcher
        profiles = self._with_issuer(profiles)
        self._asked = {p.role for p in profiles if p.part}
        self.profiles = [self._placed(p) for p in profiles]
        self._places: dict[tuple[Label, bool], tuple[Slot, ...]] = {}
        self._kin: dict[tuple[str, ...], list[Profile]] = {}
        self._siblings: dict[tuple[str, ...], list[Profile]] = defaultdict(list)
        for p in self.profiles:
            self._siblings[p.field.path[:-1]].append(p)
        self.parties = parties(facts)
        self.sentences = Sentences(facts)
        self.predicates = Predicates(facts)
        self.finder = unlabelled.Finder(
            facts, self.regions, self.parties, *_parties_of(facts, self.profiles, self.regions)
        )

    def _with_issuer(self, profiles: Sequence[Profile]) -> Sequence[Profile]:
        """The profiles, where the first party asked for is the issuer if no known role is and no word of the page
        names it: `station`, `practice_name`, `artisan.nom`."""
        if any(p.role in _ISSUERS and p.want == "name" for p in profiles):
            return profiles
        first = next((p for i, p in enumerate(profiles[:FIRST]) if self._unnamed(p, i)), None)
        if first is None:
            return profiles
        group = first.field.path[:-1]
        return [
            replace(p, want="name", role="seller", part="name", owner=frozenset())
            if p is first
            else replace(p, role="seller", owner=frozenset())
            if group and p.owner and p.field.path[:-1] == group
            else p
            for p in profiles
        ]

    def _unnamed(self, profile: Profile, at: int) -> bool:
        """Whether a name is asked for that no label of the document speaks of."""
        person = vocabulary.phrases("field")["person"] & {w for w, _ in profile.words}
        asks = profile.want == "name" and profile.role is None and not profile.concepts and not person
        telling = [v > 0.5 and len(w) > 3 for w, v in profile.words]
        bare = at == 0 and profile.want == "text" and not profile.concepts and telling == [True]
        return (asks or bare) and not any(fit >= NAMED for _, fit, _ in self.matcher.matches(profile)[:1])

    def _placed(self, profile: Profile) -> Profile:
        """The profile with the stretch of the page that a heading opens for whom it is about, known party or not."""
        other = _ALIKE.get(str(profile.role))
        opened_for = {r.role for r in self.regions}
        if other in opened_for and profile.role not in opened_for and other not in self._asked:
            return replace(
                profile, role=other
            )  # who is delivered to is the recipient where there is no other
        if profile.role is not None:
            return profile
        if profile.owner or not (profile.part and profile.siblings):
            return self._opened(profile)
        opened = self._opened(replace(profile, owner=told_apart(profile)))
        return opened if opened.role else profile

    def _opened(self, profile: Profile) -> Profile:
        """The profile with the stretch that a heading opens for its owner, as its role."""
        if not profile.owner:
            return profile
        role = OWNED + " ".join(sorted(profile.owner))
        if all(r.role != role for r in self.regions):
            opened = owned_regions(self.facts, profile.owner, role)
            if not opened:
                return profile
            self.regions += opened
        return replace(profile, role=role, owner=frozenset())

    def _only_subject(self, profile: Profile) -> bool:
        """Whether nobody else is asked about: then a label that names nobody speaks of whom the field is about. For
        a part of an address, whether nobody else's is asked for."""
        rivals = _PLACES if profile.part in _PLACES else {p.part for p in self.profiles if p.part}
        return all(
            p.owner in (profile.owner, frozenset()) and p.role in _WRITING
            for p in self.profiles
            if p.part in rivals
        )

    def ranked(self) -> dict[int, list[Candidate]]:
        """Candidates of each profile by index, best first."""
        found: dict[int, list[Candidate]] = {}
        for i, profile in enumerate(self.profiles):
            if profile.want in ("choice", "boolean"):
                continue
            options = [*self._labelled(profile), *self.finder.find(profile), *self.sentences.find(profile)]
            options += self.predicates.find(profile)
            found[i] = _merged(options)
        amounts.weigh(self.facts, self.profiles, found)
        return {i: sorted(c, key=lambda x: (-x.score, x.place))[:KEPT] for i, c in found.items()}

    def inferred(self) -> dict[tuple[str, ...], Leaf]:
        """Enum members and booleans, concluded from what is printed."""
        return choices.conclude(self.facts, self.matcher, self.profiles)

    def shared(self) -> frozenset[tuple[int, int]]:
        """Pairs of fields that may stand in the same place: they mean the same, or are of different kinds."""
        pairs = set()
        groups: dict[str, list[int]] = defaultdict(list)
        for i, p in enumerate(self.profiles):
            for concept, surety in p.concepts.items():
                if surety >= 0.9:
                    whose = speaker_of(phrases.name_words(p.field.name))
                    groups[f"{concept}/{p.role if p.part else None}/{p.side}/{whose}"].append(i)
        for members in groups.values():
            pairs |= {(a, b) for a in members for b in members if a != b}
        return frozenset(pairs)

    def _labelled(self, profile: Profile) -> list[Candidate]:
        found: list[Candidate] = []
        named, answered = False, False  # by a label that says just what the field asks for
        for label, fit, cut in self.matcher.matches(profile):
            weight = fit * (1.0 if fit > 1.0 else self._party_fit(profile, label))
            if profile.concepts.get("title", 0.0) >= 0.9 and self._signs(label):
                weight *= 0.3  # "Title:" beneath "Name:" is somebody's, not the document's
            if profile.want == "date" and self._dates_another(label, profile):
                weight *= 0.45
            if self._both and profile.part == "name" and salutes(self.facts, label):
                continue
            if weight < 0.15 or self._names_another(profile, label):
                continue  # the "Order ID" is no PO number where both are asked for
            before = len(found)
            for slot in self._own_slots(profile, label, cut):
                found += from_label(self.facts, profile, label, weight, slot)
                if profile.part in _PLACES and self._heads_address(profile, label) and not slot.steps:
                    found += self.finder.part_at(profile, slot, 0.8)
            if fit >= EXACT and label.whole:
                named = True
                answered = answered or len(found) > before
        if named and not answered:  # an empty box: what less fitting labels name is something else
            return [c.with_score(0.6 * c.score) if c.label < EXACT else c for c in found]
        return found

    def _names_another(self, profile: Profile, label: Label) -> bool:
        """Whether a label is just the name of another field of the same object that means the same."""
        if not (label.whole or label.colon or label.sure):
            return False
        kin = self._kin.get(profile.field.path)
        if kin is None:
            kin = self._kin[profile.field.path] = [
                p
                for p in self._siblings[profile.field.path[:-1]]
                if p is not profile and not p.concepts.keys().isdisjoint(profile.concepts)
            ]
        return any(_names_rather(label, p, profile) for p in kin)

    def _dates_another(self, label: Label, profile: Profile) -> bool:
        """Whether a bare "of" follows the number of another paper, `according to quote no. 17 of 3 May`, or of a
        paper that a sentence speaks of where just the date is asked for."""
        dated = label.text.casefold() in _DATED
        if label.start == label.segment.start or not (
            dated or all(map(phrases.is_particle, phrases.tokens(label.text)))
        ):
            return False
        if dated:
            lead = label.row.text[label.segment.start : label.start]
            own = {w for w, _ in profile.words} & set(phrases.stems(lead))
            return not own and is_running(label.segment.text) and _NUMBERED.search(lead) is not None
        if all(phrases.is_common(w) for w, _ in profile.words) and is_running(label.segment.text):
            return True
        before = [
            x for x in self.facts.labels_in(label.row) if x.segment is label.segment and x.end <= label.start
        ]
        return any(x.concepts.get(c, 0.0) >= 0.4 for x in before for c in _OTHER_PAPERS)

    def _slots(self, label: Label, cut: bool) -> tuple[Slot, ...]:
        """The places that a label may speak of: the same ones for every field that it fits."""
        if (label, cut) not in self._places:
            self._places[label, cut] = tuple(slots(self.facts, label, cut))
        return self._places[label, cut]

    def _own_slots(self, profile: Profile, label: Label, cut: bool) -> Iterable[Slot]:
        """Those of the slots that are the field's, where a label serves several columns."""
        column = column_of(self.facts, label, profile) if profile.siblings else None
        if column is None:
            return self._slots(label, cut)
        beside = [s for s in self._slots(label, cut) if s.direction == "right"]
        return [
            replace(s, steps=0)
            for s in beside
            if s.row.segments.index(s.row.segment_at(s.start))
            == (s.row.segments.index(label.segment) + 1 + column)
        ]

    def _signs(self, label: Label) -> bool:
        """Whether a label stands right below one for a person's name, as under a signature."""
        rows = self.facts.layout.pages[label.row.page].rows[max(0, label.row.index - 2) : label.row.index]
        return any(x.concepts.get("person_name", 0.0) >= 0.95 for r in rows for x in self.facts.labels_in(r))

    def _heads_address(self, profile: Profile, label: Label) -> bool:
        """Whether a label heads the address that the field is a part of."""
        if label.concepts.get("address", 0.0) < 0.5:
            return False
        return _names_owner(profile, label) if profile.owner else label.role == profile.role is not None

    def _party_fit(self, profile: Profile, label: Label) -> float:
        """1 when the label speaks of the party the field is about, less when of another or of none."""
        if self._speaks_beside(profile, label):
            return BESIDE
        if profile.owner:
            return 1.0 if _names_owner(profile, label) else 0.7 if self._only_subject(profile) else 0.2
        if profile.part in _PLACES and label.concepts.get(profile.part, 0.0) < 0.95:
            return 0.3  # "Mill Street" is no label
        if profile.part is None or profile.role is None:
            return 1.0
        if profile.role == "contact_person" and label.concepts.get("contact_person", 0.0) >= EXACT:
            return 1.0  # whosever contact it is
        if profile.part == "name" or (
            profile.role in ("bank", "payee") and label.concepts.get(profile.part, 0.0) >= 0.95
        ):
            return 1.0  # an account is a bank's, whoever it belongs to
        spoken = label.role or self.role_of(label.row.page, label.row.box_of(label.start, label.end))
        if spoken == profile.role:
            return 1.0
        if spoken not in _RIVALS:
            return (
                0.85 if profile.role == self.finder.issuer else 0.28 if profile.role in _ADDRESSEES else 0.5
            )
        return 0.2

    def _speaks_beside(self, profile: Profile, label: Label) -> bool:
        """Whether another caption beside a caption says whom the field is about: `General contractor | Phone`."""
        if self.facts.caption(label.segment) is None:
            return False
        around = {s for step in profile.field.path[:-1] for s in phrases.stems(phrases.name_words(step))}
        own = ({w for w, v in profile.words if v > 0.5} | around) - set(label.stems)
        beside = (
            s for s in label.row.segments if s is not label.segment and self.facts.caption(s) is not None
        )
        return any(own & set(phrases.stems(s.text)) for s in beside)

    def role_of(self, page: int, box: Box) -> str | None:
        return role_at(self.regions, page, box)


def _names_rather(label: Label, other: Profile, profile: Profile) -> bool:
    """Whether a label is what another field is called and less than this one is: by its words, or by what it means
    ("P. IVA" is a VAT number, and no fiscal code where both are asked for)."""
    if profile.want == "id":
        if label.whole and other.phrases:
            key = phrases.key(label.text)
            if key in other.phrases and key not in profile.phrases:
                return True
        said, theirs, ours = _telling(label.stems), _telling_words(other), _telling_words(profile)
        if said and said == theirs < ours:
            return True
    has, asks = _sure_concepts(other), _sure_concepts(profile)
    if not has < asks:
        return False
    meant = {c for c, v in label.concepts.items() if v >= EXACT}
    return bool(meant) and meant <= has and _telling(label.stems).isdisjoint(_telling_words(profile))


def _telling(words: Iterable[str]) -> frozenset[str]:
    return frozenset(w for w in words if not phrases.is_common(w))


@lru_cache(maxsize=KEPT_PROFILES)
def _telling_words(profile: Profile) -> frozenset[str]:
    return _telling(w for w, _ in profile.words)


@lru_cache(maxsize=KEPT_PROFILES)
def _sure_concepts(profile: Profile) -> frozenset[str]:
    return frozenset(c for c, v in profile.concepts.items() if v >= EXACT)


def _parties_of(facts: Facts, profiles: Sequence[Profile], found: Sequence[Region]) -> tuple[str, str]:
    """Whose letterhead a document carries, and whom it is sent to: a purchase order is the buyer's."""
    asked = {p.role for p in profiles if p.part}
    if asked & {"buyer", "seller"} and _is_order(facts):
        return "buyer", "seller"
    return _issuer(profiles, {r.role for r in found}), _addressee(profiles)


def _dated(facts: Facts, profiles: Sequence[Profile]) -> Sequence[Profile]:
    """The profiles, where the date of the order is the document's own: on an order, if no other date of issue is
    asked for."""
    if any("issue_date" in p.concepts for p in profiles) or not _is_order(facts):
        return profiles
    return [
        replace(p, concepts={**p.concepts, "issue_date": 0.9}) if "order_date" in p.concepts else p
        for p in profiles
    ]


def _is_order(facts: Facts) -> bool:
    """Whether a heading of the first page says that the document is a purchase order."""
    head = facts.layout.pages[0].rows[:HEAD_ROWS] if facts.layout.pages else ()
    titles = vocabulary.phrases("words")["order"]
    return any(
        " ".join(w for w in phrases.tokens(s.text) if w.isalpha() and w != "no") in titles
        for r in head
        for s in r.segments
    )


def _issuer(profiles: Sequence[Profile], headed: Set[str]) -> str:
    """Whose letterhead a document carries: the seller's, unless the schema asks for none, or a heading names them,
    but for one of those that write documents of their own."""
    asked = {p.role for p in profiles if p.part}
    bills = any(_BILLS & {c for c, v in p.concepts.items() if v >= 0.9} for p in profiles)
    writers = [r for r in _WRITERS if r in asked and not (r == "bank" and bills)]  # it is who is paid into
    others = "seller" in asked and not ("seller" in headed and set(writers) & _WRITE_OF_SELLERS)
    return writers[0] if writers and not others else "seller"


_BILLS = frozenset({"invoice_number", "gross_total", "net_total", "tax_total", "amount_due", "due_date"})
_WRITE_OF_SELLERS = frozenset({"employer", "insurer", "lender"})
_WRITERS = ("bank", "employer", "insurer", "carrier", "lender", "ship_from")


def _addressee(profiles: Sequence[Profile]) -> str:
    """Whom a document is sent to: the buyer, or the one party asked for that such papers are about."""
    asked = [str(r) for r in {p.role for p in profiles if p.part} & _SENT_TO]
    return asked[0] if len(asked) == 1 else "buyer"


_SENT_TO = frozenset({"buyer", "payee", "employee", "insured", "patient", "borrower"})


def _names_owner(profile: Profile, label: Label) -> bool:
    """Whether a label speaks of whom the field is about, a misread letter forgiven."""
    return any(
        own == said or (len(own) >= 6 and fuzz.ratio(own, said) >= 84)
        for own in profile.owner
        for said in label.stems
    )


def _merged(options: Sequence[Candidate]) -> list[Candidate]:
    """One candidate a place, its best; the same value elsewhere on the document supports it a little."""
    best: dict[Place, Candidate] = {}
    for c in options:
        known = best.get(c.place)
        if known is None or known.score < c.score:
            best[c.place] = c
    places: dict[str, list[Candidate]] = defaultdict(list)
    for c in best.values():
        places[str(c.value)].append(c)
    merged = []
    for same in places.values():
        same.sort(key=lambda c: (-c.score, c.place))
        first = min((c for c in same if c.score > same[0].score - ABOUT_EQUAL), key=lambda c: c.place)
        if first is not same[0]:  # of two good places for one value the first is the one a reader would show
            best_score = same[0].score
            same.remove(first)
            same.insert(0, first.with_score(best_score))
        bonus = min(0.06, 0.02 * (len(same) - 1))
        merged.append(same[0].with_score(same[0].score + bonus))
        merged += [c.with_score(c.score - 0.001) for c in same[1:2]]
    return merged
