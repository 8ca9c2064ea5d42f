"""Everything typed that stands in a row of text, with exact places. Called by the engine and the tables.

`read(text, locale)` finds numbers, dates, times, ranges, and *marks*: e-mail addresses, web addresses, phone
numbers, IBANs, BICs, VAT ids, postal codes, check boxes. Every value knows its own `start:end`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from paperclerk.printed.dates import Date, DateRange, Time, find_dates, find_ranges, find_times
from paperclerk.printed.identifiers import IBAN_LENGTHS, VAT_ID, is_iban
from paperclerk.printed.locale import CODES, MARK_BEGINS, NAMES, SYMBOLS, Locale
from paperclerk.printed.numbers import Number, find_numbers

MarkKind = Literal["email", "uri", "phone", "iban", "bic", "vat_id", "checked", "unchecked"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A recognisable token. `value` is its tidy form (an IBAN without blanks); else as printed."""

    kind: MarkKind
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Values:
    """What one row of text holds, left to right. Numbers exclude parts of dates, times and marks."""

    numbers: tuple[Number, ...] = ()
    dates: tuple[Date, ...] = ()
    times: tuple[Time, ...] = ()
    ranges: tuple[DateRange, ...] = ()
    marks: tuple[Mark, ...] = ()

    def marks_of(self, kind: MarkKind) -> tuple[Mark, ...]:
        return tuple(m for m in self.marks if m.kind == kind)


Placed = Number | Date | Time | Mark

_NOTHING = Values()

_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(r"[\w.+%-]+ ?@ ?(?![\d.,]+(?:\s|/|$))[\w-]+(?:\.[\w-]+)+")
_URI = re.compile(
    r"(?:https?://|www\.)[^\s,;<>\"')]+|(?<![@\w.])[a-z0-9-]+(?:\.[a-z0-9-]+)*"
    r"\.(?:com|org|net|eu|de|fr|es|it|nl|pt|co\.uk|uk|io|info|gov|edu|biz|at|ch|be|my|sg|com\.my|com\.br|us|ca)"
    r"(?:/[^\s,;]*)?(?![\w@])",
    re.I,
)
_MAY_BE_URI = re.compile(r"://|\.[A-Za-z]{2}")
_PHONE = re.compile(
    r"(?<![\w./-])(?:\+|00)?\(?\d{1,4}\)?(?:[ ./-]{0,3}\(?\d{1,5}\)?){1,6}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,5})?(?![\w/])"
)
_HALF_BRACKET = re.compile(r"\s*\([^()]*$")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){2,8}\b")
_BIC = re.compile(
    r"\b[A-Z]{4}(?:A[DELTU]|B[EGR]|C[AHNYZ]|D[EK]|E[ES]|F[IR]|G[BR]|H[KRU]|I[ELNST]|JP|L[ITUV]|M[CTXY]|"
    r"N[LOZ]|P[LT]|RO|S[AEGIK]|T[HRW]|U[AS]|ZA)[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b"
)
_CHECKED = re.compile(r"[☑☒✓✔✗✘☓]|\[ ?[xX✓] ?\]|\( ?[xX] ?\)")
_UNCHECKED = re.compile(r"[☐□❏❑]|\[ {0,3}_?\]|\( {1,3}\)")
_CODE = "|".join(sorted(CODES))
_SYMBOL = "|".join(re.escape(s) for s in sorted(SYMBOLS, key=len, reverse=True))
# Three capitals may be a word (Sdn Bhd): a code counts beside a number, in brackets, or after "currency" or "in".
_CURRENCY = re.compile(
    rf"{MARK_BEGINS}(?:(?<![\w$])(?:{_SYMBOL})(?=[.:]?\s?[-(]?\d)|(?<=\d)\s?(?:€|£|zł|Kč|Ft)(?!\w)|€|(?<![A-Za-z])(?:{_CODE})(?="
    rf"[.:]?\s?-?\d)|(?:(?<=\d)|(?<=\d\s)|(?<=[(\[]))(?:{_CODE})(?![A-Za-z])|(?<=\bin )(?:{_CODE}|RM)\b"
    rf"|(?:(?<=rency:\s)|(?<=rency\s)|(?<=hrung:\s)|(?<=hrung\s)|(?<=evise: )|(?<=oneda: )|(?<=aluta: ))"
    rf"(?:{_CODE})\b)"
)


def read(text: str, locale: Locale, *, loose: bool = False) -> Values:
    """All typed values of one row. `loose` forgives what OCR does to numbers."""
    digits = _DIGIT.search(text) is not None
    marks = _marks(text, digits)
    if not digits:
        return Values(marks=tuple(marks)) if marks else _NOTHING
    dates = find_dates(text, locale)
    times = [t for t in find_times(text) if not _hits(t, dates)]
    taken: list[Placed] = [*dates, *times]
    marks = [m for m in marks if m.kind != "phone" or not _hits(m, dates)]
    solid = [m for m in marks if m.kind != "phone"]
    numbers = [
        n for n in find_numbers(text, locale, loose=loose) if not _hits(n, taken) and not _hits(n, solid)
    ]
    return Values(
        tuple(numbers), tuple(dates), tuple(times), tuple(find_ranges(text, dates)), tuple(marks)
    )  # fmt: skip


def _hits(value: Placed, taken: Sequence[Placed]) -> bool:
    return bool(taken) and any(t.start < value.end and value.start < t.end for t in taken)


def _marks(text: str, digits: bool) -> list[Mark]:
    found: list[Mark] = []

    def add(kind: MarkKind, value: str, start: int, end: int) -> None:
        if not any(m.start < end and start < m.end for m in found):
            found.append(Mark(kind, value, start, end))

    if "@" in text:
        for m in _EMAIL.finditer(text):
            add(
                "email",
                m.group().replace(" ", "").rstrip(".-"),
                m.start(),
                m.start() + len(m.group().rstrip(".-")),
            )
    if "." in text and (_MAY_BE_URI.search(text) or "www." in text.lower()):
        for m in _URI.finditer(text):
            tidy = m.group().rstrip(".:-")
            add("uri", tidy, m.start(), m.start() + len(tidy))
    if digits:
        for m in _IBAN.finditer(text):
            end = _iban_end(text, m.start(), m.end())
            tidy = text[m.start() : end].replace(" ", "")
            if 15 <= len(tidy) <= 34 and (is_iban(tidy) or IBAN_LENGTHS.get(tidy[:2]) == len(tidy)):
                add("iban", tidy, m.start(), end)
        for m in VAT_ID.finditer(text):
            add("vat_id", re.sub(r"[ .]", "", m.group()), m.start(), m.end())
        for m in _PHONE.finditer(text):
            count = sum(c.isdigit() for c in m.group())
            if 7 <= count <= 15 and phone_like(m.group()):
                whole = _HALF_BRACKET.sub("", m.group().rstrip())  # "0800 555 0144 (24 hours)"
                add("phone", whole.strip(), m.start(), m.start() + len(whole))
    for m in _BIC.finditer(text):
        if any(c.isdigit() for c in m.group()) or len(m.group()) in (8, 11):
            add("bic", m.group(), m.start(), m.end())
    for m in _CHECKED.finditer(text):
        add("checked", m.group(), m.start(), m.end())
    for m in _UNCHECKED.finditer(text):
        add("unchecked", m.group(), m.start(), m.end())
    return sorted(found, key=lambda m: m.start)


def _iban_end(text: str, start: int, end: int) -> int:
    """Where an IBAN ends by the length that its country gives it: a word in capitals may follow."""
    seen = 0
    for at in range(start, end):
        seen += text[at] != " "
        if seen == IBAN_LENGTHS.get(text[start : start + 2]) and not text[at + 1 : at + 2].isalnum():
            return at + 1
    return end


def phone_like(text: str) -> bool:
    """Digits written the way phone numbers are: a plus, parentheses, or groups; not an amount."""
    if re.fullmatch(r"\d{1,3}(?:[.,' ]\d{3})*[.,]\d{1,2}|\d{1,3}(?:[., ]\d{3})+", text.strip()):
        return False
    if "." in text and " " in text.strip() and not text.startswith(("+", "00")):
        return False
    return text.startswith(("+", "00", "(", "0")) or len(re.findall(r"\d+", text)) >= 2


def find_currency(text: str) -> list[tuple[str, int, int]]:
    """Printed currency codes and symbols as (ISO code, start, end), left to right."""
    found = []
    for m in _CURRENCY.finditer(text):
        mark = m.group().strip()
        found.append((mark if mark in CODES else SYMBOLS[mark], m.end() - len(mark), m.end()))
    if _DIGIT.search(text):
        found += [(NAMES[m["name"].casefold()], *m.span()) for m in _CURRENCY_NAME.finditer(text)]
    return sorted(found, key=lambda mark: mark[1])


_CURRENCY_NAME = re.compile(
    rf"(?<=\d )(?P<name>{'|'.join(sorted(map(re.escape, NAMES), key=len, reverse=True))})s?\b", re.I
)
