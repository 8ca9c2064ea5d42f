"""Dates, times and date ranges in running text, in several languages. Called through `values`."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import dataclass

from paperclerk.printed.locale import Locale, Order


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar day at `start:end` of a text. `sure` is False where day and month could be exchanged."""

    value: dt.date
    start: int
    end: int
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day at `start:end` of a text."""

    value: dt.time
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DateRange:
    """Two days joined by a dash or a word."""

    first: Date
    last: Date


_MONTH_WORDS = (
    "january januar janvier enero gennaio januari janeiro jan janv ene gen jänner",
    "february februar février fevrier febrero febbraio februari fevereiro feb févr fév fev febr",
    "march märz maerz mars marzo maart março marco mac mar mär mrz mrt",
    "april avril abril aprile apr avr abr",
    "may mai mayo maggio mei maio mag",
    "june juni juin junio giugno junho jun giu",
    "july juli juillet julio luglio julho julai jul juil lug",
    "august août aout agosto augustus ogos aug ago agu",
    "september septembre septiembre settembre setembro sept sep set",
    "october oktober octobre octubre ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember décembre decembre diciembre dicembre dezembro disember dec dez déc dic dis",
)
MONTHS = {name: i for i, names in enumerate(_MONTH_WORDS, 1) for name in names.split()}
_NAME = "(?P<m>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])\.?"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_CLOCK = r"(?=(?:[01]?\d|2[0-3]):[0-5]\d)"  # a time of day may follow without a blank
_YEAR = rf"(?P<y>(?:\d{{4}}|\d{{2}}){_CLOCK}|\d{{4}}(?![\d/:]|[.,]\d)|['’]?\d{{2}}(?![\d/:,]|\.\d))"
_LINK = r"(?:\s|-|/|,|of|del|de|di|do)*"
_AGAIN = r"(?:\s?/\s?[^\W\d_]{3,9}\.?)?"  # AUG/AOÛT, on passports
_HEAD, _TAIL = r"(?<![\d./-])", rf"(?:{_CLOCK}|(?!\d|[./-]\d))"

_PATTERNS = [
    ("iso", rf"{_HEAD}(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}}){_TAIL}"),
    (
        "num",
        r"(?<![\d./])(?P<a>\d{1,2})(?: ?(?P<s>[./-]) ?)(?P<b>\d{1,2}) ?(?P=s) ?"
        rf"(?P<y>(?:\d{{4}}|\d{{2}}){_CLOCK}|(?:\d{{4}}|\d{{2}})(?!\d|(?P=s)\d))",
    ),
    # 18 02 1995, on cards
    ("num", r"(?<![\d./-])(?<!\d )(?P<a>\d\d)(?P<s> )(?P<b>\d\d) (?P<y>(?:19|20)\d\d)(?! ?[\d./-])"),
    ("dmy", rf"(?<!\d){_DAY}{_LINK}{_NAME}{_AGAIN}{_LINK}{_YEAR}"),
    ("mdy", rf"\b{_NAME}(?:\s|-|/)*{_DAY}(?:\s|-|/|,|\.)+{_YEAR}"),
    ("ymd", rf"(?<!\d)(?P<y>\d{{4}})[\s,-]+{_NAME}[\s,-]+(?P<d>\d{{1,2}})(?!\d)"),
    ("day of", rf"(?<!\d){_DAY}\s+day\s+of\s+{_NAME}[\s,]+{_YEAR}"),
    ("packed", r"(?<![\d./-])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?![\d./-])"),
]
_COMPILED = [(kind, re.compile(pattern, re.I)) for kind, pattern in _PATTERNS]
_IN_DIGITS = [(kind, pattern) for kind, pattern in _COMPILED if kind in ("iso", "num", "packed")]
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_MONTH_NAMES = tuple(MONTHS)
_MONTH_ENDS = frozenset(name[-3:] for name in MONTHS)
_TIME = re.compile(
    r"(?<![\d:.,$€£])(?P<h>[01]?\d|2[0-4])(?:[:h](?P<m>[0-5]\d)(?:[:.](?P<s>[0-5]\d))?(?:\s?(?P<half>[ap])\.?\s?m\b\.?)?"
    r"(?:\s?Uhr)?(?![\d:])|(?:\.(?P<min>[0-5]\d))?\s?(?:(?P<noon>[ap])\.?m\b\.?|Uhr\b))",
    re.I,
)
_HEAD_OF_RANGE = re.compile(
    r"(?<![\d./,-])(?P<last>(?P<a>\d{1,2})(?:[./](?P<b>\d{1,2}))?(?:\.|er|st|nd|rd|th|º)?)\s*(?:[-–]|to|bis|au|al|t/m|a)\s*$",
    re.I,
)
_JOIN = re.compile(
    r"\s*(?:[-–—−~]|to|until|till|through|thru|bis(?:\s+zum)?|au|jusqu'au|al|hasta(?:\s+el)?|a|tot(?:\s+en\s+met)?|t/m|"
    r"até|à|hingga|sampai|and|und|et|y|e)\s*",
    re.I,
)


def find_dates(text: str, locale: Locale) -> list[Date]:
    """All dates with a year, left to right, without overlaps."""
    if len(_DIGIT.findall(text)) < 3:
        return []
    found: list[Date] = []
    letters = _LETTERS.findall(text.lower())
    named = any(word[-3:] in _MONTH_ENDS and word.endswith(_MONTH_NAMES) for word in letters)
    for kind, pattern in _COMPILED if named else _IN_DIGITS:
        for match in pattern.finditer(text):
            date = _read(kind, match, locale.order)
            if date is None or text[date.end : date.end + 1] == "%":
                continue  # "APR 21.49%"
            if not any(d.start < date.end and date.start < d.end for d in found):
                found.append(date)
    found += [h for d in found if (h := _short_head(text, d, locale.order)) is not None]
    return sorted(found, key=lambda d: d.start)


def _short_head(text: str, last: Date, order: Order) -> Date | None:
    """The first day of a range that leaves out what it shares with the last: 3. - 9. Mai 2020, 10/20 - 11/5/2020."""
    head = _HEAD_OF_RANGE.search(text, 0, last.start)
    if head is None:
        return None
    first, second = int(head["a"]), int(head["b"]) if head["b"] else None
    if second is None:
        day, month = first, last.value.month
    else:
        day, month = (second, first) if order == "mdy" and first <= 12 else (first, second)
    year = last.value.year - (1 if (month, day) > (last.value.month, last.value.day) else 0)
    return _date(head, year, month, day, True, head.end("last"))


def _read(kind: str, match: re.Match[str], order: Order) -> Date | None:
    year = full_year(match["y"])
    if kind == "num":
        if match["s"] == "." and len(match["y"]) == 2 and " " in match.group():
            return None  # "12. 34. 56" is a list of numbers
        first, second = int(match["a"]), int(match["b"])
        sure = first > 12 or second > 12 or first == second
        day_first = second <= 12 and (order != "mdy" or first > 12)
        day, month = (first, second) if day_first else (second, first)
        return _date(match, year, month, day, sure)
    month = int(match["m"]) if match["m"].isdigit() else MONTHS[match["m"].lower()]
    return _date(match, year, month, int(match["d"]), True)


def _date(match: re.Match[str], year: int, month: int, day: int, sure: bool, end: int = 0) -> Date | None:
    if not 1800 <= year <= 2200:
        return None
    try:
        return Date(dt.date(year, month, day), match.start(), end or match.end(), sure)
    except ValueError:
        return None


def full_year(text: str) -> int:
    """A printed year; two digits stand for 1970..2069."""
    year = int(text.strip("'’"))
    if year >= 100:
        return year
    return year + (2000 if year < 70 else 1900)


_NO_YEAR = re.compile(
    rf"{_DAY}{_LINK}{_NAME}|{_NAME.replace('<m>', '<m2>')}\s*(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?|"
    r"(?P<a>\d{1,2})(?P<s>[./-])(?P<b>\d{1,2})\.?",
    re.I,
)


def day_without_year(text: str, locale: Locale) -> dt.date | None:
    """A day and month that are all of a text, in the year of the document's latest day or the one before."""
    match = _NO_YEAR.fullmatch(text.strip())
    if match is None or locale.latest is None:
        return None
    if match["a"]:
        day, month = int(match["a"]), int(match["b"])
        if month > 12 or (locale.order == "mdy" and day <= 12):
            day, month = month, day
    else:
        day, month = int(match["d"] or match["d2"]), MONTHS[(match["m"] or match["m2"]).lower()]
    for year in (locale.latest.year, locale.latest.year - 1):
        try:
            found = dt.date(year, month, day)
        except ValueError:
            return None
        if found <= locale.latest:
            return found
    return None


def find_times(text: str) -> list[Time]:
    """All times of day, left to right."""
    found = []
    for match in _TIME.finditer(text):
        hour = int(match["h"]) % 24
        half, minute = match["half"] or match["noon"], match["m"] or match["min"] or 0
        if half:
            hour = hour % 12 + (12 if half.lower() == "p" else 0)
        found.append(Time(dt.time(hour, int(minute), int(match["s"] or 0)), match.start(), match.end()))
    return found


def find_ranges(text: str, dates: list[Date]) -> list[DateRange]:
    """Neighbouring dates that a dash or a joining word ties together, the first not after the last."""
    return [
        DateRange(a, b)
        for a, b in itertools.pairwise(dates)
        if a.value <= b.value and _JOIN.fullmatch(text, a.end, b.start)
    ]


_MONTH_OF_YEAR = re.compile(
    rf"{_NAME},?\s+(?P<y>(?:19|20)\d\d)|(?P<n>0?[1-9]|1[0-2])[./](?P<ny>(?:19|20)\d\d)|(?P<iy>(?:19|20)\d\d)-(?P<i>\d\d)",
    re.I,
)


def first_day(text: str) -> dt.date | None:
    """The first day of a month that is printed without a day: `March 2020`, `03/2020`, `2020-03`."""
    match = _MONTH_OF_YEAR.fullmatch(text.strip())
    if match is None:
        return None
    year = int(match["y"] or match["ny"] or match["iy"])
    month = MONTHS[match["m"].lower()] if match["m"] else int(match["n"] or match["i"])
    return dt.date(year, month, 1) if 1 <= month <= 12 else None
