"""Whose a field is: the party it is about, by its name, title, description and the objects around it. Called by
`profile`."""

from __future__ import annotations

import re
from functools import lru_cache

from paperclerk.engines.embedded.words import lexicon, phrases, vocabulary
from paperclerk.engines.embedded.words.phrases import word_set
from paperclerk.schemas.compiled import Field

ROLES = word_set(
    "seller buyer ship_to ship_from payee advertiser agency agent contact_person employer employee patient doctor "
    "insured insurer bank borrower lender carrier tax_representative cashier"
)
PARTS = word_set(
    "address street city postcode state country phone fax email website vat_id tax_number registration_number iban "
    "bic bank_code account_number contact_person"
)
PARTY_WORDS = frozenset[str]().union(*vocabulary.phrases("role").values())
_WORDS = vocabulary.phrases("field")


def role_of(field: Field, name: str) -> str | None:
    """The party: from the name, then the enclosing objects (innermost first), then the description."""
    own = set(phrases.tokens(phrases.name_words(field.name)))
    for text in (*(() if own & _WORDS["firm"] else (name, field.title)), *reversed(field.ancestors), name):
        role = role_in(phrases.name_words(text), strict=False) if text else None
        role = role or (printed_role(phrases.name_words(text)) if text else None)
        if role:
            return role
    return role_in(field.description, strict=True)


def role_in(text: str, *, strict: bool) -> str | None:
    """The party that words mention."""
    words = list(phrases.tokens(text))
    joined = " ".join(words)
    for role, known in vocabulary.phrases("role").items():
        for phrase in known:
            if strict:  # a description mentions parties in passing: only "of the seller", or at its head
                if re.search(rf"\b(?:of|by|the|from|to) (?:the )?{phrase}s?\b", joined) and len(phrase) > 4:
                    return role
            elif re.search(rf"\b{phrase}\b", joined) and (len(phrase) > 4 or len(words) > 1):
                return role
    return None


@lru_cache(maxsize=65536)
def speaker_of(text: str) -> str | None:
    """Whether words say that something is the writer's or the reader's: `Our ref`, `Ihr Zeichen`."""
    said = set(phrases.tokens(text))
    found = [who for who, words in vocabulary.phrases("whose").items() if said & words]
    return found[0] if len(found) == 1 else None


def printed_role(text: str) -> str | None:
    """The party that documents call just so: `mieter`, `empfaenger`."""
    plain = phrases.key(phrases.without_e(text))  # `empfaenger` is an Empfänger
    known = (*lexicon.labels().get(phrases.key(text), ()), *lexicon.labels().get(plain, ()))
    return next((e.concept for e in known if e.concept in ROLES and e.strength == 1.0), None)


def full_name(field: Field) -> str:
    """The name in words; one that says little by itself (`amount`, `name`) takes the enclosing object's before it."""
    name = phrases.name_words(field.name)
    if not all(phrases.is_common(s) or s in _WORDS["vague"] for s in phrases.stems(name)):
        return name
    for ancestor in reversed(_enclosing(field)):
        if role_in(phrases.name_words(ancestor), strict=False):
            return name
        kept = [s for s in phrases.stems(phrases.name_words(ancestor)) if s not in _WORDS["container"]]
        if kept:
            return f"{phrases.name_words(ancestor)} {name}"
    return name


def owner_of(field: Field) -> set[str]:
    """Whose name, address or number is asked for, in stems, as far as name and enclosing objects say."""
    said: set[str] = set()
    for text in (field.name, *_enclosing(field)):
        said |= {s for s in phrases.stems(phrases.name_words(text)) if s not in _WORDS["container"]}
    return {s for s in said - _WORDS["part"] if not phrases.is_common(s)}


def _enclosing(field: Field) -> tuple[str, ...]:
    """Names of the enclosing objects, outermost first; the document's own title says nothing of its parts."""
    return tuple(step for step in field.path[:-1] if step != "[]")
