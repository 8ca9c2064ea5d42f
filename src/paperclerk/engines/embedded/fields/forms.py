"""From what is printed to what the schema asks for: numbers, dates, strings. Called by `candidates`."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from paperclerk.domain.result import Scalar
from paperclerk.engines.embedded.asked.profile import KEPT_PROFILES, Profile
from paperclerk.printed.dates import Date, Time
from paperclerk.printed.numbers import Number
from paperclerk.schemas.judge import matches

_TAKEN_OFF = frozenset(
    (
        "commission",
        "discount",
        "paid",
        "payment",
        "credit",
        "nachlass",
        "rabatt",
        "remise",
        "ritenuta",
        "irpf",
        "retencion",
    )
)
_FLOWS = frozenset(("cash", "flow"))  # what is left of many amounts has a sign of its own


def number_value(number: Number, profile: Profile, printed: str) -> Scalar:
    """A number in the field's type; None where it does not fit."""
    field = profile.field
    amount = abs(number.value) if number.value < 0 and _taken_off(profile) else number.value
    if field.kind == "integer" or (field.kind == "any" and number.decimals == 0):
        if amount != int(amount):
            return None
        value: Scalar = int(amount)
    elif field.kind in ("number", "any"):
        value = amount
    else:
        return printed
    if field.minimum is not None and float(value or 0) < field.minimum:
        return None
    if field.maximum is not None and float(value or 0) > field.maximum:
        return None
    return value


@lru_cache(maxsize=KEPT_PROFILES)
def _taken_off(profile: Profile) -> bool:
    """Whether the name itself says that the amount is taken off: a discount of 5.00 is printed as -5.00."""
    said = {w for w, _ in profile.words}
    top = next(iter(profile.concepts), "")
    return (
        (top in _TAKEN_OFF and not said & _FLOWS)
        or any(profile.concepts.get(c, 0.0) >= 0.55 for c in _TAKEN_OFF)
        or bool(said & _TAKEN_OFF)
    )


def date_value(date: Date, profile: Profile, printed: str, time: Time | None = None) -> Scalar:
    """ISO where the schema asks for it, else as printed. No time zone is added: the page names none."""
    if profile.want == "datetime" or profile.field.format == "date-time":
        at = time.value if time else dt.time(0, 0)
        return f"{date.value.isoformat()}T{at.isoformat()}" if profile.field.format else f"{date.value} {at}"
    return date.value.isoformat() if profile.iso else printed


def text_value(printed: str, profile: Profile) -> str | None:
    """A string that keeps the schema's pattern and length, or None."""
    field = profile.field
    if field.max_length is not None and len(printed) > field.max_length:
        return None
    return printed if field.pattern is None or matches(field.pattern, printed) else None
