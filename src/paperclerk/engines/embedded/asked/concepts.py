"""Which concepts of the lexicon a field may mean. Called by `profile`."""

from __future__ import annotations

import re
from functools import cache

from paperclerk.engines.embedded.asked.whose import PARTY_WORDS, ROLES
from paperclerk.engines.embedded.words import lexicon, phrases, vocabulary
from paperclerk.engines.embedded.words.phrases import word_set
from paperclerk.schemas.compiled import Field

_WITH = word_set("con com sem")


_PAPERS = word_set(
    "invoice bill receipt document rechnung beleg dokument facture factura fattura factuur fatura"
)
_BOTH_WAYS = frozenset({"deposits_total", "withdrawals_total"})
_TAXES = vocabulary.phrases("words")["tax"]
_HOWS = frozenset({"type", "kind", "name"})
_PERSONS = frozenset({"first_name", "last_name"})  # whoever it is that has them


def concepts_of(field: Field, name: str) -> dict[str, float]:
    """By the whole name, else the title, else the longest run of words of name or description."""
    scored: dict[str, float] = {}
    if not aliases().get(frozenset(phrases.stems(name))):
        # `waehrung` is what `Währung` says, but `due` is no `du`
        plain = " ".join(phrases.without_e(word) if len(word) > 5 else word for word in name.split())
        name = plain if aliases().get(frozenset(phrases.stems(plain))) else name
    asked = _of_the_paper(name)
    title = field.title if any(phrases.weight(s) > 0.5 for s in phrases.stems(field.title)) else ""
    for text, top in ((asked, 1.0 if asked == name else 0.95), (title, 1.0)):
        for concept, strength in aliases().get(frozenset(phrases.stems(text)), ()) if text else ():
            scored[concept] = max(scored.get(concept, 0.0), top * strength)
    if "by" in phrases.tokens(name) and phrases.key(name) not in lexicon.labels():
        scored = {c: v for c, v in scored.items() if c not in ROLES}  # who prepared it is not for whom
    if field.kind == "string" and len(field.path) > 1 and "[]" not in field.path and name.lower() in _TAXES:
        scored = {"vat_id": 1.0}  # `client: {name, tva}`
    if len(field.path) > 1 and "[]" not in field.path and phrases.stems(name) == ("no",):
        whose = aliases().get(frozenset((*phrases.stems(phrases.name_words(field.path[-2])), "no")), ())
        scored = dict(whose) or scored  # `employee: {number}`
    of, _, last = name.lower().rpartition(" ")
    if last in _HOWS and ("payment_method", 1.0) in aliases().get(frozenset(phrases.stems(of)), ()):
        scored = {"payment_method": 1.0}  # `payment_method: {type}`
    named = "_".join(phrases.tokens(name))
    if scored.get(named) == 1.0:  # it is called just what the concept is called
        scored = {c: v if c == named else min(v, 0.85) for c, v in scored.items()}
    for concept, strength in _runs(" ".join(w for w in name.split() if w.lower() not in PARTY_WORDS), 0.75):
        if strength < 0.6 and concept not in _PERSONS:
            strength *= 0.5  # a small part says little
        scored.setdefault(concept, strength)
    for concept, strength in _runs(field.description, 0.8):
        if scored and any(phrases.weight(s) > 0.5 for s in phrases.stems(name)):
            strength = min(strength, 0.65)
        if concept in scored or _agrees(field.description, concept, name):
            scored[concept] = max(scored.get(concept, 0.0), strength)
    return dict(sorted(scored.items(), key=lambda kv: -kv[1])[:6])


def _of_the_paper(name: str) -> str:
    """A name without the word for the paper that it begins with, where that says nothing: `invoice due date`."""
    first, _, rest = name.partition(" ")
    known = aliases()
    if phrases.key(first) not in _PAPERS or frozenset(phrases.stems(name)) in known:
        return name
    telling = any(phrases.weight(s) > 0.5 for s in phrases.stems(rest))  # `bill to` is no `to`
    return rest if telling and frozenset(phrases.stems(rest)) in known else name


def _agrees(description: str, concept: str, name: str) -> bool:
    """Whether a concept that a description mentions may be what the name means: the name says nothing else, or
    the description gives the two as alternatives."""
    telling = {
        s
        for s in phrases.stems(name)
        if phrases.weight(s) > 0.5 and s not in vocabulary.phrases("field")["side"]
    }
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
            for concept, strength in aliases().get(frozenset(run), ()):
                taken.append((i, i + size))
                share = sum(phrases.weight(s) for s in run) / max(
                    0.1, sum(phrases.weight(s) for s in stems[:10])
                )
                found[concept] = max(found.get(concept, 0.0), top * strength * (0.5 + 0.5 * min(1.0, share)))
    return sorted(found.items(), key=lambda kv: -kv[1])[:4]


@cache
def aliases() -> dict[frozenset[str], tuple[tuple[str, float], ...]]:
    """Sets of stems a schema may name a concept by."""
    found: dict[frozenset[str], list[tuple[str, float]]] = {}

    def add(phrase: str, concept: str, strength: float) -> None:
        said = set(phrases.tokens(phrase))
        if said & _WITH:
            return  # "total con iva" is no total of iva
        if concept.startswith("period_") and len(said) == 2 and any(map(phrases.is_particle, said)):
            return  # "service from" is no other word for services
        key = frozenset(phrases.stems(phrase))
        particles = any(map(phrases.is_particle, said))
        if particles and any(c != concept for c, _ in found.get(key, ())) and concept in _BOTH_WAYS:
            return  # "total paid in" is no other word for what is paid in total
        known = found.setdefault(key, [])
        if all(c != concept for c, _ in known):
            known.append((concept, strength))

    for concept, known_as in vocabulary.phrases("alias").items():
        for phrase in known_as:
            add(phrase, concept, 1.0)
    for concept in lexicon.concepts():
        add(concept.replace("_", " "), concept, 1.0)
        for phrase, strength in lexicon.phrases_of(concept):
            add(phrase, concept, strength)
    return {k: tuple(v) for k, v in found.items()}
