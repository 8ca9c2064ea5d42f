"""What a schema field asks for, in terms of documents: its type, concepts, party, words. Called by the engine.

A `Profile` is read off name, title, description, examples and ancestors of a `Field` alone, before any page is
looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

from paperclerk.engines.embedded import lexicon, phrases
from paperclerk.engines.embedded.phrases import word_set
from paperclerk.schemas.compiled import Field

Want = Literal[
    "money", "number", "percent", "integer", "date", "datetime", "time", "email", "uri", "phone", "iban", "bic",
    "vat_id", "id", "name", "address", "text", "currency", "country", "choice", "boolean",
]  # fmt: skip
Side = Literal["start", "end"]

ROLES = word_set(
    "seller buyer ship_to ship_from payee advertiser agency agent contact_person employer employee patient doctor "
    "insured insurer bank borrower lender carrier tax_representative cashier"
)
_PARTS = word_set(
    "address street city postcode state country phone fax email website vat_id tax_number registration_number iban "
    "bic bank_code account_number contact_person"
)
# What schemas call parties and their parts, besides what documents print.
_ROLE_WORDS = {
    "ship_to": "ship_to shipping delivery consignee ship deliver",
    "ship_from": "shipper consignor ship_from pickup",
    "payee": "payee beneficiary remit remittance account_holder",
    "advertiser": "advertiser",
    "agency": "agency",
    "employer": "employer arbeitgeber employeur empleador werkgever",
    "employee": "employee worker staff arbeitnehmer mitarbeiter empleado dipendente werknemer trabalhador "
    "trabajador lavoratore",
    "patient": "patient paciente paziente",
    "doctor": "doctor physician prescriber",
    "insured": "insured policyholder subscriber",
    "insurer": "insurer insurance",
    "bank": "bank banque banco banca",
    "borrower": "borrower",
    "lender": "lender",
    "carrier": "carrier",
    "cashier": "cashier",
    "seller": "hospital esercente comercializadora suministradora empresa "
    "seller vendor supplier issuer merchant provider store shop company business sender biller creditor "
    "partner restaurant hotel retailer laboratory pharmacy clinic airline emisor proveedor fornitore cedente "
    "magasin negozio tienda winkel loja tankstelle institution university college school "
    "leverancier verkoper fournisseur vendeur emetteur emitente fornecedor lieferant rechnungssteller aussteller",
    "buyer": "cardholder candidate gast "
    "buyer customer client recipient purchaser billing bill_to billed invoicee consumer payer guest "
    "debtor debitor debiteur receiver cliente comprador acquirente cessionario klant koper afnemer acheteur "
    "destinataire kunde rechnungsempfaenger adquirente besteller",
}
_KINDS = word_set(
    "hospital hotel restaurant airline pharmacy laboratory clinic institution university school college magasin"
)
_FIRMS = word_set(
    "company firma firm business organization organisation societe empresa ditta azienda bedrijf"
)
_PARTY_WORDS = word_set(" ".join(_ROLE_WORDS.values()))
# Objects that only group fields, and words that say which part of a party is meant.
_CONTAINERS = word_set(
    "detail info information data header summary section main general document other result item metadata contact "
    "address location party person total amount personal basic common field meta invoice receipt bill order"
)
_PART_WORDS = word_set(
    "name nombre nome naam nom address street city town postcode zip code state province region country phone fax "
    "email website url line "
    "full location vat tax id no registration iban bic swift account contact mail building house suite"
)
_MORE_ALIASES = {
    "gross_total": "total amount including tax | amount including tax | total with tax | final amount | "
    "amount total | total inclusive | invoice amount including vat | invoice total including vat | "
    "total amount due including tax | total charged | amount charged | receipt total | "
    "final total | overall total | bill amount",
    "net_total": "amount without tax | total without tax | total amount without tax | amount excluding tax | "
    "total amount excluding tax | total before taxes | pre tax total | pretax amount | total excluding taxes | "
    "invoice total without vat | net sum",
    "tax_total": "total tax amount | tax sum | vat sum | total vat | sales tax amount | total amount of tax",
    "issue_date": "quote date | quotation date | letter date | report date | certificate date | offer date | "
    "estimate date | note date | document date | form date | date of quote | invoice issue date | "
    "receipt date | purchase date | transaction date | date issued | bill date",
    "invoice_number": "invoice identifier | invoice code | numero | nummer | number | document number",
    "due_date": "date prelevement | direct debit date | abbuchungsdatum",
    "postcode": "zip | zipcode | postal | postal code | zip code | pin code",
    "website": "web site | website url | homepage url | url",
    "amount_due": "amount owed | balance owed",
    "paid": "amount paid | paid amount | cash amount",
    "period_start": "period start date | billing start | start of period | first day of billing period | "
    "valid from date",
    "period_end": "period end date | billing end | end of period | last day of billing period | "
    "valid until date",
    "phone": "phone number | telephone number | contact number | mobile number",
    "address": "full address | complete address | location address | full postal address",
    "payment_terms": "payment terms | terms",
    "tax_rate": "tax percentage | vat percentage | gst percentage | sales tax percentage | tax rate percentage",
    "tip": "tip amount",
    "currency": "currency code | iso currency | iso currency code",
}
_START = word_set(
    "from start begin beginning since first opening commencement debut von ab beginn inicio desde inizio dal da "
    "van"
)
_END = word_set(
    "to end until till thru through last closing ending fin bis ende fine eind tot fim ate hasta a al"
)
_SIDE_WORDS = word_set(
    "debut von ab beginn inicio desde inizio dal van fin bis ende fine eind tot fim ate hasta periode periodo "
    "from start to end until through thru valid period date day begin last first check in out of"
)
_DATE_WORDS = word_set("date day datum fecha data periode periodo tarikh birthday dob deadline yyyy")
_MONEY_WORDS = word_set(
    "amount total subtotal price cost fee balance salary wage payment premium rent tax discount charge deposit "
    "income revenue profit budget value usd eur dollar dollars euro euros money sum gross net earning deduction"
)
_COUNTED_WORDS = word_set(
    "weight distance quantity hour day count mileage kilometer km length width height volume area consumption usage "
    "age page item unit score point temperature dose duration minute year"
)
_ID_WORDS = word_set(
    "no id code reference sku serial barcode eori gstin tin ssn vin mrn ean isbn upc nif cif"
)
_POSTCODES, _CITIES = word_set("postcode plz cp cap"), word_set("city town ort ville stadt citta plaat")
_WITH = word_set("con com sem")
_TIME_WORDS = word_set("time uhrzeit heure hora ora tijd tijdstip orario")
_LINK_WORDS = word_set("url uri link website homepage")
_NAME_WORDS = word_set(
    "name nombre nome naam nom company organization person author owner holder signatory denominazione firma razon "
    "raison ragione"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """`concepts` maps lexicon concepts to how surely the field means them (0..1). `role` is the party a field
    is about, `part` which part of it. `side` is the end of a period. `words` are (stem, weight) of name and
    title, `hints` those of the description. `iso` asks for YYYY-MM-DD. `topic` are the stems
    that tell one period from another. `owner` are stems that name somebody or something no known role stands for:
    nothing unlabelled will do then. `phrases` are keys of labels that description or prompt quote."""

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


_ANY_KIND = frozenset({"text", "name", "id", "code", "address"})
_KINDS_OF: dict[str, frozenset[str]] = {
    "money": frozenset({"money"}),
    "number": frozenset({"number", "money"}),
    "integer": frozenset({"number", "money"}),
    "percent": frozenset({"number"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "time": frozenset({"date"}),
    "email": frozenset({"email"}),
    "uri": frozenset({"uri"}),
    "phone": frozenset({"phone"}),
    "currency": frozenset({"code"}),
    "iban": frozenset({"id"}),
    "bic": frozenset({"id"}),
    "vat_id": frozenset({"id"}),
    "id": frozenset({"id"}),
    "name": frozenset({"name"}),
    "address": frozenset({"address"}),
}


def profile(field: Field) -> Profile:
    """Reads a scalar field. What a field asks for is worked out once, not for every document."""
    try:
        return _cached(field)
    except TypeError:  # an example or default that is an object has no hash
        return _read(field)


@lru_cache(maxsize=8192)
def _cached(field: Field) -> Profile:
    return _read(field)


def _read(field: Field) -> Profile:
    name = _full_name(field)
    name_stems = phrases.stems(name)
    role = _role(field, name)
    concepts = _concepts(field, name)
    side = _side(field, name)
    want = _want(field, name_stems, concepts, role, side)
    if want in ("date", "datetime") and not concepts and not side and _ends_in_date(name):
        concepts = {"issue_date": 0.55}  # the date of a visit or a report is what its paper is dated
    if want == "money" and not concepts and "total" in name_stems:
        concepts = {"gross_total": 0.75}  # a sum of whatever else its name says
    concepts = {c: v for c, v in concepts.items() if lexicon.kind_of(c) in _KINDS_OF.get(want, _ANY_KIND)}
    if set(name_stems) & _POSTCODES and set(name_stems) & _CITIES:
        concepts = {"city": 1.0, "postcode": 0.9}  # one line holds both
    top = next(iter(concepts), None)
    part = top if top in _PARTS else ("name" if role and want == "name" else None)
    if want == "name" and role in ROLES:
        concepts = {role: 0.5 if role == "seller" and set(name_stems) & _KINDS else 1.0}
    if want in _NAMED_KINDS and not concepts:
        concepts = {_NAMED_KINDS[want]: 0.9}
    if want in ("date", "datetime"):
        other = {k: v for k, v in concepts.items() if not k.startswith("period")}
        concepts = other if other and not side else {k: v for k, v in concepts.items() if k not in other}
        if side:
            concepts |= {f"period_{side}": 1.0, "period": 0.8}
    words = _weighted([name, field.title])
    known = {w for w, _ in words}
    hints = tuple((w, v) for w, v in _weighted([field.description]) if w not in known)
    topic = {w for w, v in words if v > 0.5} - _SIDE_WORDS if side else set()
    private = part is not None or want in (
        "name",
        "address",
        "phone",
        "email",
        "uri",
        "iban",
        "bic",
        "vat_id",
    )
    said = {w for w in _owner(field) if all(c != top for c, _ in _aliases().get(frozenset({w}), ()))}
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
        _iso(field),
        frozenset(topic),
        owner,
        (*_quoted_labels(field.description), *_own_label(name_stems, name)),
    )


def _ends_in_date(name: str) -> bool:
    words = phrases.tokens(name)
    return bool(words) and words[-1].endswith(("date", "datum", "fecha", "data"))


def _own_label(stems: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The field's own name as a label, blanks aside: `rx_bin` is what `RxBIN` says."""
    telling = any(phrases.weight(s) > 0.5 for s in stems)
    return (phrases.key(name),) if telling and (len(stems) > 1 or len(stems[0]) > 5) else ()


def specific(profile: Profile) -> bool:
    """Whether a company of one kind is asked for, which no heading such as "Company" means."""
    return profile.role == "seller" and any(w in _KINDS for w, _ in profile.words)


def streets_apart(profiles: Sequence[Profile]) -> list[Profile]:
    """The profiles, where an address beside the postcode or city of the same party is only its street."""
    split = {(p.field.path[:-1], p.role) for p in profiles if p.part in ("postcode", "city")}
    return [
        replace(p, want="text", concepts={"street": 1.0, **p.concepts}, part="street")
        if p.want == "address" and p.part == "address" and (p.field.path[:-1], p.role) in split
        else p
        for p in profiles
    ]


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


def _full_name(field: Field) -> str:
    """The name in words; one that says little by itself (`amount`, `name`) takes the enclosing object's before it."""
    name = phrases.name_words(field.name)
    if not all(phrases.is_common(s) or s in _VAGUE for s in phrases.stems(name)):
        return name
    for ancestor in reversed(_enclosing(field)):
        if _role_in(phrases.name_words(ancestor), strict=False):
            return name
        kept = [s for s in phrases.stems(phrases.name_words(ancestor)) if s not in _CONTAINERS]
        if kept:
            return f"{phrases.name_words(ancestor)} {name}"
    return name


def _enclosing(field: Field) -> tuple[str, ...]:
    """Names of the enclosing objects, outermost first; the document's own title says nothing of its parts."""
    return tuple(step for step in field.path[:-1] if step != "[]")


_VAGUE = word_set(
    "unit status additional currency percent percentage balance period time count note notes comment text"
)


def _owner(field: Field) -> set[str]:
    """Whose name, address or number is asked for, in stems, as far as name and enclosing objects say."""
    said: set[str] = set()
    for text in (field.name, *_enclosing(field)):
        said |= {s for s in phrases.stems(phrases.name_words(text)) if s not in _CONTAINERS}
    return {s for s in said - _PART_WORDS if not phrases.is_common(s)}


def _weighted(texts: list[str]) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for text in texts:
        for s in phrases.stems(text) if text else ():
            found[s] = phrases.weight(s)
    return tuple(found.items())


@cache
def _aliases() -> dict[frozenset[str], tuple[tuple[str, float], ...]]:
    """Sets of stems a schema may name a concept by."""
    found: dict[frozenset[str], list[tuple[str, float]]] = {}

    def add(phrase: str, concept: str, strength: float) -> None:
        if set(phrases.tokens(phrase)) & _WITH:
            return  # "total con iva" is no total of iva
        known = found.setdefault(frozenset(phrases.stems(phrase)), [])
        if all(c != concept for c, _ in known):
            known.append((concept, strength))

    for concept, text in _MORE_ALIASES.items():
        for phrase in text.split("|"):
            add(phrase, concept, 1.0)
    for concept in lexicon.concepts():
        add(concept.replace("_", " "), concept, 1.0)
        for phrase, strength in lexicon.phrases_of(concept):
            add(phrase, concept, strength)
    return {k: tuple(v) for k, v in found.items()}


def _concepts(field: Field, name: str) -> dict[str, float]:
    """By the whole name, else the title, else the longest run of words of name or description."""
    scored: dict[str, float] = {}
    title = field.title if any(phrases.weight(s) > 0.5 for s in phrases.stems(field.title)) else ""
    for text, top in ((name, 1.0), (title, 1.0)):
        for concept, strength in _aliases().get(frozenset(phrases.stems(text)), ()) if text else ():
            scored[concept] = max(scored.get(concept, 0.0), top * strength)
    if "by" in phrases.tokens(name) and phrases.key(name) not in lexicon.labels():
        scored = {c: v for c, v in scored.items() if c not in ROLES}  # who prepared it is not for whom
    named = "_".join(phrases.tokens(name))
    if scored.get(named) == 1.0:  # it is called just what the concept is called
        scored = {c: v if c == named else min(v, 0.85) for c, v in scored.items()}
    for concept, strength in _runs(" ".join(w for w in name.split() if w.lower() not in _PARTY_WORDS), 0.75):
        scored.setdefault(
            concept, strength if strength >= 0.6 else 0.5 * strength
        )  # a small part says little
    for concept, strength in _runs(field.description, 0.8):
        if scored and max(phrases.weight(s) for s in phrases.stems(name)) > 0.5:
            strength = min(strength, 0.65)
        if concept in scored or _agrees(field.description, concept, name):
            scored[concept] = max(scored.get(concept, 0.0), strength)
    return dict(sorted(scored.items(), key=lambda kv: -kv[1])[:6])


def _agrees(description: str, concept: str, name: str) -> bool:
    """Whether a concept that a description mentions may be what the name means: the name says nothing else, or
    the description gives the two as alternatives."""
    telling = {s for s in phrases.stems(name) if phrases.weight(s) > 0.5 and s not in _SIDE_WORDS}
    if not telling:
        return True
    if any(telling <= set(phrases.stems(p)) for p, _ in lexicon.phrases_of(concept)):
        return True
    listed = re.findall(r"([^\W\d_]+)(?=,| ?/| or )", description[:80])
    return any(phrases.stem(word) in telling for text in listed for word in phrases.tokens(text))


def _runs(text: str, top: float) -> list[tuple[str, float]]:
    """Concepts whose label stands in `text`, longer labels counting more; parts of a longer one do not count."""
    stems = phrases.stems(text) if text else ()
    found: dict[str, float] = {}
    taken: list[tuple[int, int]] = []
    for size in range(min(5, len(stems)), 0, -1):
        for i in range(len(stems) - size + 1):
            if any(a < i + size and i < b for a, b in taken):
                continue
            run = stems[i : i + size]
            if size == 1 and (phrases.is_common(run[0]) or len(run[0]) < 4) and len(stems) > 1:
                continue
            for concept, strength in _aliases().get(frozenset(run), ()):
                taken.append((i, i + size))
                share = sum(phrases.weight(s) for s in run) / max(
                    0.1, sum(phrases.weight(s) for s in stems[:10])
                )
                found[concept] = max(found.get(concept, 0.0), top * strength * (0.5 + 0.5 * min(1.0, share)))
    return sorted(found.items(), key=lambda kv: -kv[1])[:4]


def _role(field: Field, name: str) -> str | None:
    """The party: from the name, then the enclosing objects (innermost first), then the description."""
    own = set(phrases.tokens(phrases.name_words(field.name)))
    for text in (*(() if own & _FIRMS else (name, field.title)), *reversed(field.ancestors), name):
        role = _role_in(phrases.name_words(text), strict=False) if text else None
        role = role or (_printed_role(phrases.name_words(text)) if text else None)
        if role:
            return role
    return _role_in(field.description, strict=True)


def _printed_role(text: str) -> str | None:
    """The party that documents call just so: `mieter`, `empfaenger`."""
    plain = phrases.key(re.sub("([aou])e", r"\1", text))  # `empfaenger` is an Empfänger
    known = (*lexicon.labels().get(phrases.key(text), ()), *lexicon.labels().get(plain, ()))
    return next((e.concept for e in known if e.concept in ROLES and e.strength == 1.0), None)


def _role_in(text: str, *, strict: bool) -> str | None:
    words = list(phrases.tokens(text))
    joined = " ".join(words)
    for role, known in _ROLE_WORDS.items():
        for word in known.split():
            phrase = word.replace("_", " ")
            if strict:  # a description mentions parties in passing: only "of the seller", or at its head
                if re.search(rf"\b(?:of|by|the|from|to) (?:the )?{phrase}s?\b", joined) and len(phrase) > 4:
                    return role
            elif re.search(rf"\b{phrase}\b", joined) and (len(phrase) > 4 or len(words) > 1):
                return role
    return None


def _side(field: Field, name: str) -> Side | None:
    words = set(phrases.tokens(name)) | set(phrases.tokens(field.title))
    dated = _mentions_date(field, phrases.stems(name)) or field.format in ("date", "date-time")
    if not dated:
        return None
    if words & _START:
        return "start"
    return "end" if words & _END else None


def _mentions_date(field: Field, name_stems: tuple[str, ...]) -> bool:
    head = set(phrases.tokens(field.description)[:14])
    return bool(_DATE_WORDS & (set(name_stems) | head) or {"period", "flight"} & head)


def _iso(field: Field) -> bool:
    """Whether a date is wanted as YYYY-MM-DD."""
    if field.format in ("date", "date-time"):
        return True
    if re.search(r"YYYY-MM-DD|ISO ?-?8601|ISO date|ISO format", field.description, re.I):
        return True
    if field.pattern and re.search(r"\\d\{4\}\)?-|\[0-9\]\{4\}\)?-", field.pattern):
        return True
    return any(isinstance(e, str) and re.match(r"\d{4}-\d\d-\d\d", e) for e in field.examples)


def _want(
    field: Field,
    name_stems: tuple[str, ...],
    concepts: dict[str, float],
    role: str | None,
    side: Side | None,
) -> Want:
    if field.kind == "boolean":
        return "boolean"
    if field.kind == "enum":
        return "choice"
    if field.kind in ("number", "integer"):
        return _want_number(field, name_stems, concepts)
    by_format: dict[str, Want] = {
        "date": "date", "date-time": "datetime", "time": "time", "email": "email", "idn-email": "email",
        "uri": "uri", "url": "uri", "iri": "uri", "phone": "phone",
    }  # fmt: skip
    if field.format in by_format:
        return by_format[field.format]
    return _want_string(field, name_stems, concepts, role, side)


def _want_number(field: Field, stems: tuple[str, ...], concepts: dict[str, float]) -> Want:
    top = next(iter(concepts), None)
    if top and lexicon.kind_of(top) == "money" and field.kind == "number":
        return "money"
    text = set(stems) | set(phrases.stems(field.description)[:8])
    if text & {"percent", "percentage", "rate"} and not text & {"unit", "hourly"}:
        return "percent"
    if top == "tax_rate" and concepts[top] >= 0.9:
        return "percent"
    if field.kind == "integer":
        return "integer"
    counted = set(stems) & _COUNTED_WORDS or (
        top and lexicon.kind_of(top) == "number" and concepts[top] >= 0.9
    )
    return "money" if set(stems) & _MONEY_WORDS and not counted else "number"


_NAMED_KINDS = {
    "currency": "currency",
    "email": "email",
    "phone": "phone",
    "uri": "website",
    "iban": "iban",
    "bic": "bic",
}
_SAYS_KIND: dict[str, Want] = {
    "email": "email", "mail": "email", "phone": "phone", "fax": "phone", "url": "uri", "uri": "uri",
    "website": "uri", "homepage": "uri", "link": "uri", "iban": "iban", "bic": "bic", "swift": "bic",
    "currency": "currency",
}  # fmt: skip


def _want_string(
    field: Field, stems: tuple[str, ...], concepts: dict[str, float], role: str | None, side: Side | None
) -> Want:
    top = next(iter(concepts), None)
    words = set(stems)
    said_role = (
        role is not None
        and len(stems) == 1
        and (_role_in(stems[0] + " x", strict=False) or _printed_role(stems[0])) is not None
    )
    for said, kind in _SAYS_KIND.items():
        if said in words:
            return kind
    special: dict[str, Want] = {"iban": "iban", "bic": "bic", "vat_id": "vat_id", "currency": "currency",
                                "country": "country", "email": "email", "website": "uri", "phone": "phone",
                                "fax": "phone"}  # fmt: skip
    named = next(
        (c for c, v in concepts.items() if c in special and v >= max(0.5, concepts[str(top)] - 0.01)), None
    )
    if named is not None:
        return special[named]
    if words & _LINK_WORDS:
        return "uri"
    if side or words & _DATE_WORDS or (top and lexicon.kind_of(top) == "date" and concepts[top] >= 0.7):
        return "date"
    if words & _TIME_WORDS and not words & _ID_WORDS:
        return "time"
    if words & _ID_WORDS or (top and lexicon.kind_of(top) == "id" and concepts[top] >= 0.7):
        return "id"
    if top and lexicon.kind_of(top) == "address":
        return "address"
    if top and lexicon.kind_of(top) == "money" and concepts[top] >= 0.9 and not said_role:
        return "money"
    if top and lexicon.kind_of(top) == "text" and concepts[top] >= 0.7:
        return "text"
    if words & _NAME_WORDS or said_role or (top and lexicon.kind_of(top) == "name" and concepts[top] >= 0.7):
        return "name"
    return "text"
