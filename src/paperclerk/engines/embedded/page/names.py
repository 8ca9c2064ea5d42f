"""Whether a line reads like the name of an organisation or a person, and where in it the name ends.

Called by `parties` and whoever looks for names.
"""

from __future__ import annotations

import re
from functools import lru_cache

from paperclerk.engines.embedded.page.addresses import LINES, address_likeness
from paperclerk.engines.embedded.words import phrases

_LEGAL = re.compile(
    r"(?<!\w)(?:gmbh(?: ?& ?co\.? ?kg)?|ag|kg|ohg|gbr|ug|e\.? ?k\.?|e\.? ?v\.?|se|kgaa|mbh|s\.?a\.?r\.?l\.?|sarl|sas|"
    r"sasu|eurl|s\.a\.s?\.?|s\.?n\.?c\.?|s\.?r\.?l\.?s?|s\.?p\.?a\.?|s\.?l\.?u?\.?|s\.?a\.? de c\.?v\.?|ltda?|"
    r"b\.?v\.?|limitada|n\.?v\.?|v\.?o\.?f\.?|inc|incorporated|corp|corporation|llc|l\.l\.c|llp|l\.p|lp|ltd|limited|plc|co|"
    r"company(?! ?(?:reg|no\b))|"
    r"sdn\.? ?bhd|s/b|berhad|bhd|pte\.? ?ltd|pty\.? ?ltd|pvt\.? ?ltd|lda|oy|ab|aps|a/s|as|kft|d\.o\.o|s\.r\.o|"
    r"sp\.? z ?o\.?o|enterprise|enterprises|trading|holdings?|group|associates|partners|foundation|university|"
    r"hospital|clinic|bank|church|school|institute|council|committee|ministry|restaurant|restoran|cafe|hotel|"
    r"store|stores|market|supermarket|mart|perniagaan|syarikat|kedai)(?!\w)\.?",
    re.I,
)
_NOT_NAME = re.compile(
    r"\b(?:invoice|receipt|bill|rechnung|facture|factura|fattura|factuur|welcome|thank|copy|original|page|date|time|"
    r"customer|cash|order|tax|statement|contract|capital|print|table|served|duplicate|gutschrift|quittung|beleg|bon)\b|@|www\.|"
    r"\bhttp|\b(?:tel|fax|phone)\b",
    re.I,
)
_PAPERS = (
    r"certificat[eos]?|certificado|attestation|bescheinigung|zeugnis|urkunde|vollmacht|declaration|d[ée]claration|report|"
    r"packing list|agreement|notice|form|application|request|confirmation|permit|licen[cs]e|summary|letter|policy|"
    r"record|card|claim|"
    r"antrag|formular|vertrag|ausweis|contrat|demande|solicitud|contrato|permiso|contratto|richiesta"
)
_PAPER = re.compile(rf"(?:{_PAPERS})\b(?! \w+ \w+ \w+)|.*\b(?:{_PAPERS})$", re.I)  # what a paper is, not who
_CARE_OF = re.compile(
    r"\s*(?:c/o|z\.? ?hd|attn|t\.?a\.?v|all'attenzione|à l'attention|dear|sehr geehrte\w*)\b", re.I
)
_SALUTATIONS = phrases.word_set(
    "herr herrn frau firma mr mrs ms miss dr prof monsieur madame mme m sr sra senor senora sig signor signora "
    "dhr mevr mevrouw heer gent mo ma de an to attn att z hd"
)
_REGISTRY = re.compile(
    r"\s*(?:\(\s*(?:co|company|reg|roc|gst|brn)?[^()]*\d{4,}[^()]*\)?|\b(?:co|company|reg|roc|gst)\b\.? ?"
    r"(?:reg\.? ?)?(?:no|id)\b.*|[-–]?\s*\b\d{5,}-?[A-Z]\b.*)$",
    re.I,
)


@lru_cache(LINES)
def has_legal_form(text: str) -> bool:
    return _LEGAL.search(text) is not None


def begins_with_form(text: str) -> bool:
    """Whether a line opens with a legal form or what else only follows a name: its head stands a line above."""
    return (
        _LEGAL.match(text) is not None
        or re.match(r"(?:international|industries|services|sales)\b", text, re.I) is not None
    )


_SENTENCE = re.compile(r"\. (?=[A-Z][a-z]+ )")
_CUT = re.compile(r"\s+[-–—·•●|*]\s+|\s*[;|•●·]\s*")


@lru_cache(LINES)
def name_end(text: str) -> int:
    """Where a name ends before its registration number or a dash and an address."""
    match = _REGISTRY.search(text)
    end = match.start() if match and match.start() >= 3 else len(text)
    form = _LEGAL.search(text, 0, end)
    stop = _SENTENCE.search(text, max(0, form.end() - 1), end) if form else None
    end = stop.start() if stop else end
    cut = _CUT.search(text, 0, end)
    if cut and address_likeness(text[cut.end() :]) >= 0.4:
        end = cut.start()
    return len(text[:end].rstrip(" ,;-–"))


@lru_cache(LINES)
def name_likeness(text: str) -> float:
    """How much a line looks like the name of an organisation or a person, 0..1."""
    letters = sum(c.isalpha() for c in text)
    if letters < 3 or letters < 0.55 * len(text.replace(" ", "")) or len(text) > 80:
        return 0.0
    if all(phrases.is_common(s) for s in phrases.stems(text)) or is_salutation(text):
        return 0.0
    score = 0.45
    if has_legal_form(text):
        score += 0.4
    if _NOT_NAME.search(text) or (_PAPER.match(text.strip()) and not has_legal_form(text)):
        score -= 0.4
    if address_likeness(text) >= 0.4 and not has_legal_form(text):
        score -= 0.35
    if _CARE_OF.match(text):
        score -= 0.3
    if len(text.split()) > 9 or text.rstrip().endswith((":", "?", "!")):
        score -= 0.3
    return max(0.0, min(1.0, score))


def is_care_of(text: str) -> bool:
    """Whether a line says for whose attention it is."""
    return _CARE_OF.match(text) is not None


def is_salutation(text: str) -> bool:
    """Whether a text is but how an addressee is called: `Firma`."""
    return set(phrases.tokens(text)) <= _SALUTATIONS
