"""Check digits of identifiers: IBAN (ISO 13616), VAT ids, the Luhn sum of card numbers. Called by `validators`.

A VAT id of a country whose sum is not computed here is checked by its form only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


def is_iban(text: str) -> bool:
    """Whether letters and digits give a rest of 1 modulo 97. Blanks are ignored."""
    iban = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban):
        return False
    return int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def is_luhn(text: str) -> bool:
    """Whether the digits, every second one doubled from the right, add up to a multiple of ten."""
    digits = [int(c) for c in re.sub(r"[\s-]", "", text) if c.isascii() and c.isdigit()]
    if len(digits) < 2 or len(digits) != len(re.sub(r"[\s-]", "", text)):
        return False
    doubled = [d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_vat_id(text: str) -> bool:
    """Whether a VAT id, country code first, has its country's form and check digits."""
    tidy = re.sub(r"[\s.\-]", "", text).upper()
    country, number = tidy[:2], tidy[2:]
    form = _FORMS.get(country)
    if form is None or not re.fullmatch(form, number):
        return False
    judge = _SUMS.get(country)
    return judge is None or judge(number)


def _weighted(digits: str, weights: str) -> int:
    return sum(int(d) * int(w) for d, w in zip(digits, weights, strict=False))


def _germany(number: str) -> bool:
    rest = 10
    for digit in number[:8]:
        rest = 2 * ((int(digit) + rest) % 10 or 10) % 11
    return (11 - rest) % 10 == int(number[8])


def _austria(number: str) -> bool:
    digits = [int(d) for d in number[1:]]
    total = sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits[:7]))
    return (10 - (total + 4) % 10) % 10 == digits[7]


def _belgium(number: str) -> bool:
    return 97 - int(number[:-2]) % 97 == int(number[-2:])


def _france(number: str) -> bool:
    if not number[:2].isdigit():
        return True  # the newer keys hold letters; only the company's own number is checked then
    return int(number[:2]) == (12 + 3 * (int(number[2:]) % 97)) % 97


def _britain(number: str) -> bool:
    total = _weighted(number[:7], "8765432") + int(number[7:9])
    return total % 97 == 0 or (total + 55) % 97 == 0


def _netherlands(number: str) -> bool:
    digits = number[:9]
    by_eleven = sum(int(d) * w for d, w in zip(digits[:8], range(9, 1, -1), strict=True)) % 11 == int(
        digits[8]
    )
    whole = int("".join(str(int(c, 36)) if c.isalpha() else c for c in f"NL{number}"))
    return by_eleven or whole % 97 == 1


_FORMS: Mapping[str, str] = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-Z0-9]{2}\d{9}",
    "GB": r"\d{9}(?:\d{3})?",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"\d{9}(?:\d{3})?",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
}
_SUMS: Mapping[str, Callable[[str], bool]] = {
    "AT": _austria,
    "BE": _belgium,
    "DE": _germany,
    "FR": _france,
    "GB": _britain,
    "IT": is_luhn,
    "LU": lambda n: int(n[:6]) % 89 == int(n[6:]),
    "NL": _netherlands,
    "PL": lambda n: _weighted(n, "657234567") % 11 == int(n[9]),
    "PT": lambda n: (11 - _weighted(n, "98765432") % 11) % 11 % 10 == int(n[8]),
    "DK": lambda n: _weighted(n, "27654321") % 11 == 0,
    "FI": lambda n: (
        (11 - sum(int(d) * w for d, w in zip(n, (7, 9, 10, 5, 8, 4, 2), strict=False)) % 11) % 11 == int(n[7])
    ),
}
CHECKSUMS: Mapping[str, Callable[[str], bool]] = {"iban": is_iban, "vat_id": is_vat_id, "luhn": is_luhn}
