"""What a column of a list of goods, services or postings is called, in seven languages. Called by `columns`.

A *role* is the meaning of a column. `roles_of_label` reads a printed heading, `roles_of_field` a property of
a schema; where both speak of the same role they belong together, whatever the languages.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from paperclerk.engines.embedded.words.phrases import name_words, without_accents
from paperclerk.engines.embedded.words.vocabulary import phrases, words
from paperclerk.schemas.compiled import Field

_INITIALS = re.compile(r"\b(?:[^\W\d_]\.){2,}")  # T.V.A.
_SIGNS = re.compile(r"[^a-z0-9%#]+")


@lru_cache(4096)
def fold(text: str) -> str:
    """Lower case, without accents; every run of other signs than letters, digits, # and % becomes one blank."""
    if "." in text:
        text = _INITIALS.sub(lambda m: m.group().replace(".", ""), text)
    return _SIGNS.sub(" ", without_accents(text).lower().replace("%", " % ")).strip()


NUMERIC = frozenset(
    {
        "quantity",
        "unit_price",
        "line_total",
        "tax_rate",
        "tax_amount",
        "discount",
        "debit",
        "credit",
        "balance",
        "net_weight",
        "gross_weight",
    }
)
_NOISE = frozenset(
    words("in of the a an per eur usd gbp chf rm myr sgd euro pro je der die das de la le du el do da")
)
_WITH_TAX = re.compile(
    r"\b(?:ohne|exkl|excl|ex|excluding|without|inkl|incl|including|hors|zzgl|sans|sin|senza)\b(?: \w+)?"
)


@lru_cache(maxsize=16384)
def roles_of_label(text: str) -> Mapping[str, float]:
    """How strongly a printed heading speaks of each role, 0..1: by the share of it that a term covers, less where
    the term does not begin it. A compound word counts by its end (`Einzelpreis`)."""
    plain = fold(re.sub(r"\(.*?\)|\[.*?\]", " ", text)) or fold(text)
    words = [w for w in _WITH_TAX.sub(" ", plain).split() if w not in _NOISE]
    terms = _terms()
    if any(weight == 1 for _, weight in terms.get(plain, ())):
        words = plain.split()  # "Paid in"
    if _MONEY.fullmatch(text.strip()):
        return {"line_total": 0.6}  # what it is counted in, and nothing else: `£ million`
    if not words or len(words) > 8:
        return {}
    letters = sum(map(len, words))
    covered: dict[str, float] = {}
    for i in range(len(words)):
        for j in range(i + 1, len(words) + 1):
            if (run := " ".join(words[i:j])) in terms:
                covered.setdefault(run, (len(run) - (j - i - 1)) / letters * (1.0 if i == 0 else 0.9))
    for word in (*words, *(a + b for a, b in itertools.pairwise(words))):
        for cut in range(1, len(word) - LEAST_END + 1):
            if (end := word[cut:]) in terms:
                covered.setdefault(end, 0.75 * len(word) / letters)
    best: dict[str, float] = {}
    for term, share in covered.items():
        for role, weight in terms[term]:
            best[role] = max(best.get(role, 0.0), share * weight)
    return {role: best[role] for role in phrases("column") if best.get(role, 0.0) >= 0.3}


LEAST_END = 5  # letters of a term that may end a compound word


@cache
def _terms() -> Mapping[str, Sequence[tuple[str, float]]]:
    """The roles that each term speaks of, with its weight."""
    found: dict[str, list[tuple[str, float]]] = {}
    for role, terms in phrases("column").items():
        for term in terms:
            found.setdefault(term.lstrip("~"), []).append((role, 0.6 if term[0] == "~" else 1.0))
    return found


_MONEY = re.compile(
    r"(?i)\(?(?:in )?(?:[$€£¥]|eur|usd|gbp|chf|t€|teur|us\$)"
    r"\s?(?:m|k|bn|mn|mio\.?|tsd\.?|millions?|thousands?|millionen)?\)?"
)


def words_of(name: str) -> str:
    """`unitPrice`, `unit_price` -> `unit price`."""
    return fold(name_words(name))


def last_word(name: str) -> str:
    """What says what a property is: `balance` of `ending_daily_balance`. Empty where nothing of it can be read."""
    return words_of(name).rpartition(" ")[2]


def roles_of_field(field: Field) -> Mapping[str, float]:
    """How strongly a property speaks of each role, 0..1: by its name, its title, and less by its description."""
    return roles_of(field.name, field.title, field.description)


_BY_HEAD = 0.6


@lru_cache(maxsize=4096)
def roles_of(name: str, title: str, description: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    first_sentence = re.split(r"[.;(]", description, maxsplit=1)[0]
    for text, weight in ((words_of(name), 1.0), (title, 0.9), (first_sentence, 0.7)):
        for role, value in roles_of_label(text).items():
            found[role] = max(found.get(role, 0.0), weight * value)
    for role, value in roles_of_label(last_word(name)).items():
        found[role] = max(found.get(role, 0.0), _BY_HEAD * value)
    return found


def starts_with_total(text: str) -> bool:
    """Whether a line begins with a word for a sum, a tax or a payment; `TL-2012` is the number of an article."""
    if _CODE.match(text):
        return False
    return fold(text).startswith("gesamt") or _starts_with(text, phrases("words")["total"])


_CODE = re.compile(r"[A-Z]{1,5}[-/]\w*\d")


def says_more_than_a_total(text: str) -> bool:
    """Whether a word of its own follows the words for a sum: "Cash register", not "Total net" or "VAT 19 %"."""
    words = [w for w in fold(text).split() if not w.isdigit()]
    known = phrases("words")["total"]
    head = max((n for n in range(1, min(4, len(words)) + 1) if " ".join(words[:n]) in known), default=0)
    rest = [w for w in words[head:] if len(w) > 2 and w not in _SMALL]
    return head > 0 and bool(rest) and not any(" ".join(words[n:]) in known for n in range(len(words)))


def starts_with_balance(text: str) -> bool:
    """Whether a line says what an account holds: `Solde créditeur au 31/01`."""
    return bool(set(fold(text).split()[:1]) & phrases("column")["balance"])


CARRY_WORDS = 4


def starts_with_carry(text: str) -> bool:
    """Whether a line begins with words for a sum carried over a page: `Carried over`, `Balance carried over`."""
    words = [w for w in fold(text).split() if not w.isdigit()][:CARRY_WORDS]
    known = phrases("words")["carry"]
    runs = (
        words[i:j] for i in range(len(words)) for j in range(i + 1, len(words) + 1) if i == 0 or j > i + 1
    )
    return any(" ".join(run) in known for run in runs)


def _starts_with(text: str, known: frozenset[str]) -> bool:
    words = [w for w in fold(text).split() if not w.isdigit()][:4]
    return any(" ".join(words[:n]) in known for n in range(len(words), 0, -1))


_SMALL = frozenset(words("of the a an in per and or for to by de la le der die das und et del"))


def _stem(word: str) -> str:
    if word.endswith("ies"):
        word = word[:-3] + "y"  # policies
    return word[:6].rstrip("s") if len(word) > 3 else word


@lru_cache(maxsize=65536)
def stems(text: str) -> frozenset[str]:
    """The words of a folded text, cut to six letters and without a plural `s`; small words are left out."""
    every = text.split()
    return frozenset(_stem(w) for w in every if w not in _SMALL or len(every) == 1)
