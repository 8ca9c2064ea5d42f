"""What kind of value a field asks for, by type, format, words and concepts. Called by `profile`."""

from __future__ import annotations

import re
from typing import Literal

from paperclerk.engines.embedded.asked.whose import printed_role, role_in
from paperclerk.engines.embedded.words import lexicon, phrases, vocabulary
from paperclerk.schemas.compiled import Field

Want = Literal[
    "money", "number", "percent", "integer", "date", "datetime", "time", "email", "uri", "phone", "iban", "bic",
    "vat_id", "id", "name", "address", "text", "currency", "country", "choice", "boolean",
]  # fmt: skip
Side = Literal["start", "end"]

_WORDS = vocabulary.phrases("field")
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
NAMED_KINDS = {
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


def fits(concept: str, want: Want) -> bool:
    """Whether values of a concept are of the wanted kind."""
    return lexicon.kind_of(concept) in _KINDS_OF.get(want, _ANY_KIND)


_PERCENT = phrases.word_set(
    "apr apy pct percent percentage rate prozent prozentsatz porcentaje pourcentage percentuale percentagem procent"
)


_NUMBERS_IN_SHORT = phrases.word_set("ein fein tin itin ssn sin npi vin siret siren")


def want_of(
    field: Field,
    name_stems: tuple[str, ...],
    concepts: dict[str, float],
    role: str | None,
    side: Side | None,
) -> Want:
    """The kind of value, from the field's type and format first, then from what its name and concepts say."""
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
    if text & _PERCENT and not text & {"unit", "hourly"}:
        return "percent"
    if top == "tax_rate" and concepts[top] >= 0.9:
        return "percent"
    if field.kind == "integer":
        return "integer"
    counted = set(stems) & _WORDS["counted"] or (
        top and lexicon.kind_of(top) == "number" and concepts[top] >= 0.9
    )
    return "money" if set(stems) & _WORDS["money"] and not counted else "number"


def _want_string(
    field: Field, stems: tuple[str, ...], concepts: dict[str, float], role: str | None, side: Side | None
) -> Want:
    top = next(iter(concepts), None)
    words = set(stems)
    said_role = (
        role is not None
        and len(stems) == 1
        and (role_in(stems[0] + " x", strict=False) or printed_role(stems[0])) is not None
    )
    called = phrases.tokens(phrases.name_words(field.name))
    if len(called) == 2 and called[0].endswith("ed") and called[1] == "by":
        return "name"  # signed by, issued by
    if len(called) > 1 and called[-1] in _NUMBERS_IN_SHORT:
        return "id"  # `employer_ein`: no German article
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
    if words & _WORDS["link"]:
        return "uri"
    if side or words & _WORDS["date"] or (top and lexicon.kind_of(top) == "date" and concepts[top] >= 0.7):
        return "date"
    if words & _WORDS["time"] and not words & _WORDS["id"]:
        return "time"
    if words & _WORDS["id"] or (top and lexicon.kind_of(top) == "id" and concepts[top] >= 0.7):
        return "id"
    if top and lexicon.kind_of(top) == "address":
        return "address"
    if top and lexicon.kind_of(top) == "money" and concepts[top] >= 0.9 and not said_role:
        return "money"
    if top and lexicon.kind_of(top) == "text" and concepts[top] >= 0.7:
        return "text"
    if (
        words & _WORDS["name"]
        or said_role
        or (top and lexicon.kind_of(top) == "name" and concepts[top] >= 0.7)
    ):
        return "name"
    return "text"


def side_of(field: Field, name: str) -> Side | None:
    """Which end of a period a date is."""
    words = set(phrases.tokens(name)) | set(phrases.tokens(field.title))
    dated = _mentions_date(field, phrases.stems(name)) or field.format in ("date", "date-time")
    if not dated:
        return None
    if words & _WORDS["start"] or {"check", "in"} <= words:
        return "start"
    if {"check", "out"} <= words:
        return "end"
    return "end" if words & _WORDS["end"] else None


def _mentions_date(field: Field, name_stems: tuple[str, ...]) -> bool:
    head = set(phrases.tokens(field.description)[:14])
    return bool(_WORDS["date"] & (set(name_stems) | head) or {"period", "flight"} & head)


def wants_iso(field: Field) -> bool:
    """Whether a date is wanted as YYYY-MM-DD."""
    if field.format in ("date", "date-time"):
        return True
    if re.search(r"YYYY-MM-DD|ISO ?-?8601|ISO date|ISO format", field.description, re.I):
        return True
    if field.pattern and re.search(r"\\d\{4\}\)?-|\[0-9\]\{4\}\)?-", field.pattern):
        return True
    return any(isinstance(e, str) and re.match(r"\d{4}-\d\d-\d\d", e) for e in field.examples)
