"""Numbers in running text: money, quantities, percentages, in any locale. Called through `values`."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from paperclerk.printed.locale import CODES, NAMES, SYMBOLS, Locale


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number at `start:end` of a text; sign and parentheses belong to the span, currency and `%` do not.

    `decimals` counts printed digits after the decimal mark. `currency` is the ISO code printed beside it.
    `full_start:full_end` takes in the currency and the percent sign. `whole`: thousands in groups, in a document
    whose amounts have no fractions.
    """

    value: float
    start: int
    end: int
    decimals: int = 0
    currency: str | None = None
    percent: bool = False
    full_start: int = 0
    full_end: int = 0
    whole: bool = False

    @property
    def is_money_like(self) -> bool:
        return (self.decimals == 2 or self.currency is not None or self.whole) and not self.percent


_THOUSAND = 1000
_MARKS_OF_MONEY = [*SYMBOLS, *CODES, "EURO", "Euro"]
_MARKS = "|".join(re.escape(s) for s in sorted(_MARKS_OF_MONEY, key=len, reverse=True))
_BEFORE = re.compile(rf"(?:(?<![\w$])(?P<mark>{_MARKS})[.:]?\s?)?(?P<sign>[-−–+(]\s?)?(?P<late>[$€£¥₹]\s?)?$")
_AFTER = re.compile(
    rf"(?P<close>\))?(?P<minus>-(?!\d|\w))?(?:\s?(?P<side>CR|Cr|DR|Dr|H|S)(?!\w))?"
    rf"(?:\s?(?P<percent>%))?(?:\s?(?P<mark>{_MARKS})(?!\w))?"
)
_CREDITED, _OWED = ("CR", "Cr"), ("DR", "Dr", "S")
_MAY_LEAD = frozenset("-−–+($€£¥₹.:") | {mark[-1] for mark in _MARKS_OF_MONEY}
_MAY_FOLLOW = frozenset(")-%CDHS") | {mark[0] for mark in _MARKS_OF_MONEY}
_SPELT = re.compile(r"[^\W\d_]{3,} $")  # twelve (12) months
_GLUED = "|".join(f"(?<={mark})" for mark in ["RM", "Rp", "Rs", *sorted(CODES)])  # RM24.40
_CORE = re.compile(rf"(?=\d|[.,]\d)(?:(?<!\w)|{_GLUED})(?:\d[\d.,'’\u00a0\u202f]*\d|[.,]\d+|\d)(?!\d)")
_GROUP_BY_SPACE = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+(?:,\d+)?(?![\d.,]*\d)")
_GROUPED_UNIT = re.compile(
    r"(?<![\d.,] )(?<![\d.,])[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+(?=\s?(?:kWh|MWh|m³|m3|kg|km|l|t|g|pcs)\b)"
)
_LOOSE = re.compile(r"(?<![\d.,/:-])(\d{1,3}(?:[,.]\d{3})*|\d+)(?: ?([.,]) |( )[.,])(\d\d)(?![\d/:-]|[.,]\d)")


def find_numbers(text: str, locale: Locale, *, loose: bool = False) -> list[Number]:
    """All numbers of `text`, left to right. Dates and dotted section numbers are not numbers.

    `loose` also takes a decimal mark with a stray blank beside it (`24 .40`), as OCR yields.
    """
    found: list[Number] = []
    last = 0
    for start, end in _cores(text, locale, loose):
        if start < last:
            continue
        read = _read_core(text[start:end], locale.decimal)
        if read is None:
            continue
        number = _dressed(text, start, end, *read, locale)
        if number is not None:
            found.append(number)
            last = number.end
    return found


def _cores(text: str, locale: Locale, loose: bool) -> list[tuple[int, int]]:
    spans = [m.span() for m in _CORE.finditer(text)]
    if (locale.space_groups or locale.language == "fr") and locale.decimal == ",":
        spans += [m.span() for m in _GROUP_BY_SPACE.finditer(text)]
    elif locale.decimal == ",":
        spans += [m.span() for m in _GROUPED_UNIT.finditer(text)]
    if loose:
        spans += [m.span() for m in _LOOSE.finditer(text)]
    return sorted(spans, key=lambda s: (s[0], -s[1]))


_BLANKS = re.compile(r"[ '’\u00a0\u202f]")


@lru_cache(maxsize=16384)  # amounts are printed more than once, and read as rows and as cells
def _read_core(core: str, decimal_mark: str) -> tuple[float, int] | None:
    """The value of bare digits and separators, and its count of decimals; None when it is no number."""
    digits = _BLANKS.sub("", core)
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return (float(digits), 0) if len(digits) <= 15 else None
    kinds = set(marks)
    if len(kinds) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            return None
        group = "," if decimal == "." else "."
        whole, fraction = digits.split(decimal)
        return _joined(whole.split(group), fraction)
    mark = marks[0]
    groups = digits.split(mark)
    if len(marks) > 1:
        return _joined(groups, "")
    if len(groups[1]) == 3 and 0 < len(groups[0]) <= 3 and mark != decimal_mark and groups[0] != "0":
        return _joined(groups, "")
    return _joined([groups[0] or "0"], groups[1])


def _joined(groups: list[str], fraction: str) -> tuple[float, int] | None:
    grouped = len(groups) > 1
    if grouped and (not 1 <= len(groups[0]) <= 3 or any(len(g) != 3 for g in groups[1:])):
        indian = len(groups[-1]) == 3 and all(len(g) == 2 for g in groups[1:-1]) and 1 <= len(groups[0]) <= 2
        if not indian:
            return None
    whole = "".join(groups)
    if len(whole) > 15:
        return None
    return float(f"{whole}.{fraction or 0}"), len(fraction)


def _dressed(text: str, start: int, end: int, value: float, decimals: int, locale: Locale) -> Number | None:
    """Adds what stands around the digits: sign, parentheses, currency, percent.

    An amount marked CR is taken off an invoice; on a statement of account it is money one has, and DR money one owes.
    """
    if _bare(text, start, end):
        whole = not decimals and _whole(text[start:end], value, locale)
        return Number(value, start, end, decimals, None, False, start, end, whole)
    before = _BEFORE.search(text, max(0, start - 8), start)
    after = _AFTER.match(text, end)
    if before is None or after is None:
        return None
    sign = (before["sign"] or "").strip()
    lead = start - len(before["late"] or "") - len(before["sign"] or "")
    if sign and lead > 0 and not text[lead - 1].isspace() and before["mark"] is None and sign != "(":
        sign, lead = "", start  # a hyphen that joins two things, as in 10-20
    closed = sign == "(" and after["close"] is not None
    spelt = closed and not decimals and _SPELT.search(text, max(0, lead - 24), lead) is not None
    negative = (
        sign in ("-", "−", "–")
        or (closed and not spelt)
        or after["minus"] is not None
        or after["side"] in (_OWED if locale.account else _CREDITED)
    )
    mark = before["mark"] or (before["late"] or "").strip() or after["mark"]
    tail = end
    if closed:
        tail = after.end("close")
    if after["minus"]:
        tail = after.end("minus")
    own_start = lead if negative and sign else start
    return Number(
        value=-value if negative and value else value,
        start=own_start,
        end=tail,
        decimals=decimals,
        currency=currency_code(mark),
        percent=after["percent"] is not None,
        full_start=min(own_start, before.start() if mark else own_start),
        full_end=max(tail, after.end() if after["percent"] or after["mark"] else tail),
        whole=not decimals and _whole(text[start:end], value, locale),
    )


def _bare(text: str, start: int, end: int) -> bool:
    """Whether nothing stands around the digits that could belong to them, a blank between or not."""
    if text[:start].rstrip()[-1:] in _MAY_LEAD:
        return False
    return text[end : end + 1] not in _MAY_FOLLOW and text[end : end + 2].lstrip()[:1] not in _MAY_FOLLOW


def _whole(printed: str, value: float, locale: Locale) -> bool:
    return locale.whole and value >= _THOUSAND and not printed.isdigit()


def currency_code(mark: str | None) -> str | None:
    """The ISO code a printed symbol or code stands for."""
    if not mark:
        return None
    if mark in CODES:
        return mark
    named = mark.casefold()
    return SYMBOLS.get(mark) or NAMES.get(named) or NAMES.get(named.removesuffix("s"))
