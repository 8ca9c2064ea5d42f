"""From what is printed to what the schema asks for: numbers, dates, strings. Called by `candidates`."""

from __future__ import annotations

import datetime as dt

from paperclerk.domain.result import Scalar
from paperclerk.engines.embedded.profile import Profile
from paperclerk.printed.dates import Date, Time
from paperclerk.printed.numbers import Number
from paperclerk.schemas.judge import matches


def number_value(number: Number, profile: Profile, printed: str) -> Scalar:
    """A number in the field's type; None where it does not fit."""
    field = profile.field
    if field.kind == "integer" or (field.kind == "any" and number.decimals == 0):
        if number.value != int(number.value):
            return None
        value: Scalar = int(number.value)
    elif field.kind in ("number", "any"):
        value = number.value
    else:
        return printed
    if field.minimum is not None and float(value or 0) < field.minimum:
        return None
    if field.maximum is not None and float(value or 0) > field.maximum:
        return None
    return value


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
