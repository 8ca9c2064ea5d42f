"""What a schema field asks for, in terms of documents: its type, concepts, party, words. Called by the engine.

A `Profile` is read off name, title, description, examples and ancestors of a `Field` alone, before any page is
looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from paperclerk.engines.embedded.asked.concepts import aliases, concepts_of
from paperclerk.engines.embedded.asked.wants import NAMED_KINDS, Side, Want, fits, side_of, want_of, wants_iso
from paperclerk.engines.embedded.asked.whose import PARTS, ROLES, full_name, owner_of, role_in, role_of
from paperclerk.engines.embedded.words import phrases, vocabulary
from paperclerk.printed.locale import CODES
from paperclerk.schemas.compiled import Field

_WORDS = vocabulary.phrases("field")
_PRIVATE: tuple[Want, ...] = ("name", "address", "phone", "email", "uri", "iban", "bic", "vat_id")

KEPT_PROFILES = 8192  # for which what follows from them is kept


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """`concepts` maps lexicon concepts to how surely the field means them (0..1). `role` is the party a field
    is about, `part` which part of it. `side` is the end of a period. `words` are (stem, weight) of name and
    title, `hints` those of the description. `iso` asks for YYYY-MM-DD. `topic` are the stems
    that tell one period from another. `owner` are stems that name somebody or something no known role stands for:
    nothing unlabelled will do then. `phrases` are keys of labels that description or prompt quote. `called` are the
    tokens of the property's own name, `siblings` the names of all objects beside each other that have such a field,
    where several do. A schema's profiles are the same objects for every document, so that what follows from one is
    kept by its identity."""

    field: Field
    want: Want
    concepts: dict[str, float]
    role: str | None
    part: str | None
    side: Side | None
    words: tuple[tuple[str, float], ...]
    hints: tuple[tuple[str, float], ...]
    iso: bool
    topic: frozenset[str] = frozenset()
    owner: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()
    called: frozenset[str] = frozenset()
    siblings: tuple[str, ...] = ()


def profile(field: Field) -> Profile:
    """Reads a scalar field. What a field asks for is worked out once, not for every document."""
    try:
        return _cached(field)
    except TypeError:  # an example or default that is an object has no hash
        return _read(field)


@lru_cache(maxsize=KEPT_PROFILES)
def _cached(field: Field) -> Profile:
    return _read(field)


def _read(field: Field) -> Profile:
    name = full_name(field)
    name_stems = phrases.stems(name)
    role = role_of(field, name)
    concepts = concepts_of(field, name)
    side = side_of(field, name)
    want = want_of(field, name_stems, concepts, role, side)
    if want in ("date", "datetime") and not concepts and not side and _ends_in_date(name):
        concepts = {"issue_date": 0.55}  # the date of a visit or a report is what its paper is dated
    if want == "money" and not concepts and "total" in name_stems:
        concepts = {"gross_total": 0.75}  # a sum of whatever else its name says
    concepts = {c: v for c, v in concepts.items() if fits(c, want)}
    if want in ("name", "text") and _says_address(field.name):
        role = role or next((c for c in concepts if c in ROLES), None)
        if role in ROLES:
            want, concepts = "address", {"address": 1.0, role: 0.8}  # of whom its label gives the name too
    if set(name_stems) & _WORDS["postcode"] and set(name_stems) & _WORDS["city"]:
        concepts = {"city": 1.0, "postcode": 0.9}  # one line holds both
    top = next(iter(concepts), None)
    part = top if top in PARTS else ("name" if role and want == "name" else None)
    if want == "name" and role in ROLES:
        concepts = {role: 0.5 if role == "seller" and set(name_stems) & _WORDS["establishment"] else 1.0}
        if (told := _NAME_OF.match(field.description)) and (called := role_in(told["whom"], strict=False)):
            concepts.setdefault(called, 0.9)  # `client_name`: "Name of the account holder"
    if want in NAMED_KINDS and not concepts:
        concepts = {NAMED_KINDS[want]: 0.9}
    if want in ("date", "datetime"):
        other = {k: v for k, v in concepts.items() if not k.startswith("period")}
        concepts = other if other and not side else {k: v for k, v in concepts.items() if k not in other}
        if side:
            concepts |= {f"period_{side}": 1.0, "period": 0.8}
    words = _weighted([name, field.title])
    if want in ("number", "integer", "percent") and len(words) > 1 and words[-1][0] in _UNITS:
        words = (*words[:-1], (words[-1][0], 0.2))  # `humidity_pct` is printed as `Humidity`
    if want == "money" and len(words) > 1 and words[-1][0] in _CODES:
        words = words[:-1]  # `total_gbp` stands at `Total`
    known = {w for w, _ in words}
    hints = tuple((w, v) for w, v in _weighted([field.description]) if w not in known)
    topic = {w for w, v in words if v > 0.5 and not w.endswith(_PERIODS)} - _WORDS["side"] if side else set()
    private = part is not None or want in _PRIVATE
    said = {
        w for w in owner_of(field) if not {c for c, _ in aliases().get(frozenset({w}), ())} & {top, "address"}
    }
    owner = frozenset(said) if private and role is None else frozenset()
    return Profile(
        field,
        want,
        concepts,
        role,
        part,
        side,
        words,
        hints,
        wants_iso(field),
        frozenset(topic),
        owner,
        (*_quoted_labels(field.description), *_own_label(name_stems, name)),
        frozenset(phrases.tokens(phrases.name_words(field.name))),
    )


def _says_address(name: str) -> bool:
    return any(
        word.endswith(
            ("address", "adresse", "anschrift", "adres", "direccion", "indirizzo", "endereco", "morada")
        )
        for word in phrases.tokens(phrases.name_words(name))
    )


_NAME_OF = re.compile(r"(?:full |legal )?names? of (?:the |an? )?(?P<whom>[^.,;()]{3,30})", re.I)


def _ends_in_date(name: str) -> bool:
    words = phrases.tokens(name)
    return bool(words) and words[-1].endswith(("date", "datum", "fecha", "data"))


def _own_label(stems: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The field's own name as a label, blanks aside: `rx_bin` is what `RxBIN` says."""
    telling = any(phrases.weight(s) > 0.5 for s in stems)
    if not telling or (len(stems) == 1 and len(stems[0]) <= 5):
        return ()
    key = phrases.key(name)
    initials = "".join(t[0] for t in phrases.tokens(name))
    short = (initials,) if len(initials) > 2 else ()
    plain = re.sub("([aou])e", r"\1", key)  # `zaehlernummer`
    return tuple(
        dict.fromkeys((key, _NUMMER.sub("no", key), plain, _NUMMER.sub("no", plain), *short))
    )  # `chipnummer` is what `Chip-Nr.` says


_UNITS = phrases.word_set(
    "pct percent c celsius kg g lb lbs m2 sqm sqft m3 cm mm m km mi kwh eur usd gbp chf"
)
_CODES = frozenset(c.lower() for c in CODES)
_PERIODS = ("zeitraum", "period", "periode", "laufzeit")  # what has two ends, not which
_NUMMER = re.compile(r"(?:nummer|number|numero|nr)$")


def specific(profile: Profile) -> bool:
    """Whether a company of one kind is asked for, which no heading such as "Company" means."""
    return profile.role == "seller" and any(w in _WORDS["establishment"] for w, _ in profile.words)


def streets_apart(profiles: Sequence[Profile]) -> list[Profile]:
    """The profiles, where an address beside the postcode or city of the same party is only its street."""
    split = {(p.field.path[:-1], p.role) for p in profiles if p.part in ("postcode", "city")}
    return [
        replace(p, want="text", concepts={"street": 1.0, **p.concepts}, part="street")
        if p.want == "address" and p.part == "address" and (p.field.path[:-1], p.role) in split
        else p
        for p in profiles
    ]


def with_siblings(profiles: Sequence[Profile]) -> list[Profile]:
    """The profiles, each with the names of the objects of one make that its own is one of."""
    beside: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for p in profiles:
        if len(p.field.path) > 1:
            beside.setdefault((p.field.path[:-2], p.field.name), []).append(p.field.path[-2])
    names = (
        beside.get((p.field.path[:-2], p.field.name), []) if len(p.field.path) > 1 else [] for p in profiles
    )
    return [_beside(p, tuple(n)) if len(n) > 1 else p for p, n in zip(profiles, names, strict=True)]


@lru_cache(maxsize=KEPT_PROFILES)
def _beside(asked: Profile, siblings: tuple[str, ...]) -> Profile:
    return replace(asked, siblings=siblings)


def prompted(asked: Profile, prompt: str) -> Profile:
    """The profile with the labels that a prompt quotes in a sentence about the field."""
    if not _QUOTED.search(prompt):
        return asked
    found = list(asked.phrases)
    names = {asked.field.name.casefold(), phrases.name_words(asked.field.name).casefold()}
    for sentence in re.split(r"(?<=[.!?;])\s+|\n+", prompt):
        if any(re.search(rf"(?<!\w){re.escape(n)}(?!\w)", sentence.casefold()) for n in names if n):
            found += [phrases.key(m["said"]) for m in _QUOTED.finditer(sentence)]
    return replace(asked, phrases=tuple(dict.fromkeys(found)))


_QUOTED = re.compile(r"(?<!\w)[\"“‘'`](?P<said>[^\"“”‘’'`\n]{2,40})[\"”’'`](?!\w)")
_LABELLED = re.compile(
    r"(?:label|labell?ed|called|printed as|named|marked|heading|headed|under|next to|beside|behind|after)\b"
    r"[^\"“‘']{0,20}$",
    re.I,
)


def _quoted_labels(description: str) -> tuple[str, ...]:
    """Labels that a description quotes: printed as "Ref. No."; other quotations are examples of values."""
    return tuple(
        phrases.key(m["said"])
        for m in _QUOTED.finditer(description)
        if _LABELLED.search(description[max(0, m.start() - 40) : m.start()])
    )


def _weighted(texts: list[str]) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for text in texts:
        for s in phrases.stems(text) if text else ():
            found[s] = phrases.weight(s)
    return tuple(found.items())
