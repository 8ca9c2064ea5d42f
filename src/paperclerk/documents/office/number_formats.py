"""A number of a spreadsheet as its format shows it: dates, money, shares, plain. Called by `xlsx`.

The formats' own small language is followed as far as documents use it; anything else shows the number itself.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
_BRACKET = re.compile(r"\[(?!\$|h|m|s)[^\]]*\]", re.IGNORECASE)
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_DATE_PARTS = re.compile(
    r"\[h+\]|\[m+\]|\[s+\]|yyyy|yy|y|mmmmm|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm|a/p", re.I
)
_NUMBER = re.compile(r"[#0?][#0?,. ]*(?:[eE][+-]?[0#]+)?")
_MONTHS = [calendar.month_name[month] for month in range(1, 13)]
_DAYS = list(calendar.day_name)
_LAST_DAY = 2_958_465  # 9999-12-31


def shown(raw: str, code: str, *, from_1904: bool = False) -> str:
    """`raw` (a number as the file holds it) as `code` shows it."""
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return raw
    if not value.is_finite() or abs(value.adjusted()) > 30:
        return raw
    sections = _sections(code)
    section = sections[0]
    if value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    literals: list[str] = []
    plain = _QUOTED.sub(
        lambda match: _held(match, literals), _CURRENCY.sub(r'"\1"', _BRACKET.sub("", section))
    )
    if plain.strip().lower() in ("general", "", "@") and not literals:
        return _general(value)
    if _is_date(plain) and 0 <= value <= _LAST_DAY:
        text = _date(value, plain, from_1904)
    else:
        text = _number(value, plain)
    for position, literal in enumerate(literals):
        text = text.replace(chr(0xE000 + position), literal)
    return text.strip()


def is_date(code: str) -> bool:
    """Whether a format shows numbers as days or times."""
    return _is_date(_QUOTED.sub("", _CURRENCY.sub("", _BRACKET.sub("", _sections(code)[0]))))


def _sections(code: str) -> list[str]:
    """The parts of a format, divided at semicolons outside quotes: positive, negative, zero, text."""
    parts, quoted = [""], False
    for character in code:
        quoted ^= character == '"'
        if character == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _held(match: re.Match[str], literals: list[str]) -> str:
    """Keep literal text out of the way behind a private character."""
    text = match[1] if match[1] is not None else match[2] or ""
    if not text or len(literals) > 100:
        return " " if match[0].startswith("_") else ""
    literals.append(text)
    return chr(0xE000 + len(literals) - 1)


def _general(value: Decimal) -> str:
    rounded = Decimal(f"{value:.11g}")
    if abs(rounded) >= Decimal("1e11") and rounded != rounded.to_integral_value():
        return f"{rounded:E}"
    text = f"{rounded:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _is_date(plain: str) -> bool:
    return bool(re.search(r"[ymdhs]", plain, re.I)) and not re.search(r"[#?]|0\.0|General", plain)


def _date(value: Decimal, plain: str, from_1904: bool) -> str:
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if value < 60 else 30)
    try:
        moment = start + timedelta(seconds=round(float(value) * 86_400))
    except OverflowError:
        return _general(value)
    twelve = bool(re.search(r"am/pm|a/p", plain, re.I))
    out, previous, at = "", "", 0
    for match in _DATE_PARTS.finditer(plain):
        out += plain[at : match.start()]
        part = match[0].lower()
        minutes = part in ("m", "mm") and (
            previous[:1] == "h" or previous[:2] == "[h" or _before_seconds(plain, match)
        )
        out += _date_part(part, moment, value, minutes, twelve)
        previous, at = part, match.end()
    return re.sub(r"\.0+$", "", out + plain[at:])


def _before_seconds(plain: str, match: re.Match[str]) -> bool:
    return bool(re.match(r"[^ymdh]{0,3}s", plain[match.end() :], re.I))


def _date_part(part: str, moment: datetime, value: Decimal, minutes: bool, twelve: bool) -> str:
    if part.startswith("["):
        unit = {"h": 24, "m": 1440, "s": 86_400}[part[1]]
        return str(int(value * unit))
    if part in ("am/pm", "a/p"):
        return "AM" if moment.hour < 12 else "PM"
    if minutes:
        return f"{moment.minute:0{len(part)}d}"
    hour = (moment.hour - 1) % 12 + 1 if twelve else moment.hour
    names = {
        "yyyy": f"{moment.year:04d}", "yy": f"{moment.year % 100:02d}", "y": f"{moment.year % 100:02d}",
        "mmmmm": _MONTHS[moment.month - 1][:1], "mmmm": _MONTHS[moment.month - 1],
        "mmm": _MONTHS[moment.month - 1][:3], "mm": f"{moment.month:02d}", "m": str(moment.month),
        "dddd": _DAYS[moment.weekday()], "ddd": _DAYS[moment.weekday()][:3],
        "dd": f"{moment.day:02d}", "d": str(moment.day), "hh": f"{hour:02d}", "h": str(hour),
        "ss": f"{moment.second:02d}", "s": str(moment.second),
    }  # fmt: skip
    return names[part]


def _number(value: Decimal, plain: str) -> str:
    match = _NUMBER.search(plain)
    if match is None:
        return plain if plain.strip() else _general(value)
    pattern = match[0].rstrip(" ")
    if "%" in plain:
        value *= 100
    if "e" in pattern.lower():
        return f"{value:.{_places(re.split('[eE]', pattern)[0])}E}"
    if "/" in plain:
        return _general(value)
    trailing = len(pattern) - len(pattern.rstrip(","))
    value /= Decimal(1000) ** trailing
    pattern = pattern.rstrip(",")
    places = _places(pattern)
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    digits = f"{abs(rounded):,f}" if "," in pattern.split(".")[0] else f"{abs(rounded):f}"
    optional = len(pattern) - len(pattern.rstrip("#")) if "." in pattern else 0
    while optional and digits.endswith("0") and "." in digits:
        digits, optional = digits[:-1].rstrip(".") if digits[-2] == "." else digits[:-1], optional - 1
    least = len(re.sub(r"[^0]", "", pattern.split(".")[0]))
    head, dot, tail = digits.partition(".")
    if "," not in head and len(head) < least:
        head = head.zfill(least)
    sign = "-" if rounded < 0 else ""
    return (
        plain[: match.start()] + sign + head + dot + tail + plain[match.start() + len(match[0].rstrip(" ")) :]
    )


def _places(pattern: str) -> int:
    return len(re.sub(r"[^0#?]", "", pattern.partition(".")[2]))
