"""How a document writes numbers and dates, inferred from all of its text together. Called by the engine once.

Nothing is assumed from the machine's locale. Evidence that settles a question (a day above 12, an amount
such as 1.234,56) outweighs what language and currency only suggest.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Order = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True)
class Locale:
    """`decimal` is the decimal mark, `space_groups` whether blanks group thousands, `order` that of numeric
    dates with a two-digit head, `language` the likeliest ISO 639-1 code, `currency` the likeliest ISO 4217
    code or None, `account` whether CR and DR (German H and S) say what one has and what one owes, as on statements
    of account, `latest` the last day that the document names, for days printed without a year, `whole` whether
    amounts are thousands without a fraction, as of rupiah or yen."""

    decimal: Literal[".", ","] = "."
    space_groups: bool = False
    order: Order = "dmy"
    language: str = "en"
    currency: str | None = None
    account: bool = False
    latest: dt.date | None = None
    whole: bool = False


_STOP_WORDS = {
    "en": "the of and to for from your you with this that is are by on in please date thank not be or",
    "de": "der die das und von zu mit für bei nach ist sind wir sie ihre ihr den dem ein eine nicht auf im",
    "fr": "le la les des du et de en pour par sur votre vous avec est sont une un au aux nous dans ce cette",
    "es": "el los las del y de en para por su con es son una un al que se usted nuestra este fecha",
    "it": "il lo gli le del della di e in per con su è sono una un al alla che si dei delle data",
    "nl": "de het een en van voor met op uw is zijn bij naar u wij dit deze niet aan te door datum",
    "pt": "o os as do da dos das e em para por com sua seu é são uma um ao que se não pelo data",
    "ms": "dan di untuk dari yang ini itu kepada dengan tidak jalan taman tarikh sila terima kasih anda",
}
_LANGUAGE_OF: dict[str, list[str]] = {}
for _code, _words in _STOP_WORDS.items():
    for _word in _words.split():
        _LANGUAGE_OF.setdefault(_word, []).append(_code)

_COMMA_LANGUAGES = frozenset({"de", "fr", "es", "it", "nl", "pt"})

# A symbol alone says less than a code: "$" is left to whoever knows the country.
SYMBOLS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₪": "ILS",
    "₫": "VND", "₱": "PHP", "฿": "THB", "zł": "PLN", "Kč": "CZK", "R$": "BRL", "RM": "MYR", "US$": "USD",
    "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "NT$": "TWD", "MX$": "MXN", "Rs": "INR", "Rs.": "INR", "Rp": "IDR", "Ft": "HUF", "Fr.": "CHF",
    "SFr": "CHF", "$": "USD",
}  # fmt: skip
NAMES = {
    "us dollar": "USD", "u.s. dollar": "USD", "united states dollar": "USD", "euro": "EUR", "pound sterling": "GBP",
    "british pound": "GBP", "swiss franc": "CHF", "schweizer franken": "CHF", "franc suisse": "CHF",
    "canadian dollar": "CAD", "australian dollar": "AUD", "new zealand dollar": "NZD", "singapore dollar": "SGD",
    "hong kong dollar": "HKD", "malaysian ringgit": "MYR", "japanese yen": "JPY", "indian rupee": "INR",
    "mexican peso": "MXN", "brazilian real": "BRL", "danish krone": "DKK", "norwegian krone": "NOK",
    "swedish krona": "SEK", "polish zloty": "PLN", "czech koruna": "CZK",
}  # fmt: skip
_CODES = (
    "USD EUR GBP CHF JPY CNY CAD AUD NZD MYR SGD HKD TWD INR IDR THB PHP VND KRW PLN CZK HUF SEK NOK DKK ISK "
    "RON BGN HRK RSD RUB UAH TRY ILS AED SAR QAR KWD BHD OMR EGP ZAR NGN KES GHS MAD TND BRL MXN ARS CLP COP "
    "PEN UYU PKR BDT LKR NPR"
)
CODES = frozenset(_CODES.split())

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]+")
_DECIMAL = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:[.,' \u00a0]\d{3})*|\d+)([.,])\d{2}(?![\d.,/-]|\.\d)")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:([.,])\d{3})+([.,])\d{1,4}(?!\d)")
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:([.,])\d{3})+$")
_LEAST_WHOLE = 3  # amounts that tell
_SPACED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+,\d{2}(?!\d)")
_NUMERIC_DATE = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/]|[.-]\d)")
# What a form prints beside the boxes of a date, in English, German (TT) and French (JJ).
_DAY_FIRST = re.compile(r"\b(?:DD|TT|JJ)\s?[/.-]\s?MM\b", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"\bMM\s?[/.-]\s?DD\b", re.IGNORECASE)
_ANY_CODE = "|".join(sorted(CODES))
# Where a mark may begin, or the blank between a number and one: nothing else of the patterns is tried elsewhere.
MARK_BEGINS = rf"(?=[{''.join(sorted({re.escape(m[0]) for m in (*SYMBOLS, *CODES)}))}]|(?<=\d)\s)"
_MONEY_MARK = re.compile(
    MARK_BEGINS
    + r"(?:(?<![\w$])(?P<a>"
    + "|".join(re.escape(s) for s in sorted(SYMBOLS, key=len, reverse=True))
    + r")[.:]?\s?"
    r"(?=[-(]?\d)|(?<=\d)\s?(?P<b>€|£|zł|Kč|Ft)"
    rf"|(?<![A-Z])(?P<c>{_ANY_CODE})(?=[.:]?\s?-?\d)|(?:(?<=\d)|(?<=\d\s)|(?<=\())(?P<d>{_ANY_CODE})(?![A-Z]))"
)
_UNITED_STATES = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|"
    r"V[AT]|W[AIVY])\.?,? {1,2}\d{5}(?:-\d{4})?\b|\bU\.?S\.?A?\b|\bUnited States\b"
)


_SIDED = re.compile(r"\d\s?(?:CR|Cr|H|S|(?P<owed>DR|Dr))(?!\w)")
_BALANCE = re.compile(r"(?:balance|saldo|solde|kontostand)\b", re.I)


def infer(texts: Iterable[str]) -> Locale:
    """The locale that the rows of a document speak for."""
    words: list[str] = []
    languages: Counter[str] = Counter()
    currencies: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    spaced = american = owed = 0
    for text in texts:
        low = text.lower()
        words += _WORD.findall(low)
        digits = _DIGIT.search(text) is not None
        if digits:
            if side := _SIDED.search(text):
                owed += side["owed"] is not None or _BALANCE.search(text) is not None
            for m in _DECIMAL.finditer(text):
                marks[m[1]] += 1
            for m in _GROUPED.finditer(text):
                if m[1] != m[2]:
                    marks[m[2]] += 3
            if last := _THOUSANDS.search(text.rstrip()):
                groups[last[1]] += 1
            spaced += len(_SPACED.findall(text))
            for m in _NUMERIC_DATE.finditer(text):
                _vote_order(orders, int(m[1]), m[2], int(m[3]))
        if "mm" in low:
            orders["dmy"] += 4 * len(_DAY_FIRST.findall(text))
            orders["mdy"] += 4 * len(_MONTH_FIRST.findall(text))
        for m in _MONEY_MARK.finditer(text) if digits or "(" in text else ():
            currencies[_code_of(m)] += 1
        if digits or "U" in text:
            american += len(_UNITED_STATES.findall(text))
    for word, count in Counter(words).items():
        for code in _LANGUAGE_OF.get(word, ()):
            languages[code] += count
    language = languages.most_common(1)[0][0] if languages else "en"
    whole = not marks and len(groups) == 1 and groups.total() >= _LEAST_WHOLE
    return Locale(
        decimal="." if whole and groups["."] == 0 else "," if whole else _decimal(marks, language),
        space_groups=spaced > 0,
        order=_order(orders, language, currencies, american),
        language=language,
        currency=currencies.most_common(1)[0][0] if currencies else None,
        account=owed > 0,
        whole=whole,
    )


def _code_of(match: re.Match[str]) -> str:
    mark = match["a"] or match["b"]
    return SYMBOLS[mark] if mark else str(match["c"] or match["d"])


def _decimal(marks: Counter[str], language: str) -> Literal[".", ","]:
    if marks["."] != marks[","]:
        return "." if marks["."] > marks[","] else ","
    return "," if language in _COMMA_LANGUAGES else "."


def _vote_order(orders: Counter[str], first: int, mark: str, second: int) -> None:
    if first > 12 >= second:
        orders["dmy"] += 2
    elif second > 12 >= first:
        orders["mdy"] += 2
    elif mark == ".":
        orders["dmy"] += 1


def _order(orders: Counter[str], language: str, currencies: Counter[str], american: int) -> Order:
    if orders["dmy"] != orders["mdy"]:
        return "dmy" if orders["dmy"] > orders["mdy"] else "mdy"
    dollars = currencies["USD"] > 0 and currencies["USD"] >= max(currencies.values())
    return "mdy" if language == "en" and (american or dollars) else "dmy"
