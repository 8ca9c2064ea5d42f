"""IBANs (ISO 13616), VAT ids, card numbers: their forms and check digits. Called by the engine and by `extraction`.

A VAT id of a country whose sum is not computed here is checked by its form only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # twice the digit, its digits added up


def is_iban(text: str) -> bool:
    """Whether letters and digits give a rest of 1 modulo 97. Blanks are ignored."""
    iban = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban):
        return False
    return int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def is_luhn(text: str) -> bool:
    """Whether the digits, every second one doubled from the right, add up to a multiple of ten."""
    digits = re.sub(r"[\s-]", "", text)
    if len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
        return False
    turned = digits[::-1].encode()
    return (sum(turned[::2]) + sum(turned[1::2].translate(_DOUBLED)) - len(turned) * ord("0")) % 10 == 0


def is_vat_id(text: str) -> bool | None:
    """Whether a VAT id, country code first, has its country's form and check digits. None: its form is not known."""
    tidy = re.sub(r"[\s.\-]", "", text).upper()
    code = re.match(r"CHE|[A-Z]{2}|", tidy)[0]  # type: ignore[index]
    if code and code not in _FORMS:
        return None
    number = tidy[len(code) :]
    if not code or not re.fullmatch(_FORMS[code], number):
        return False
    judge = _SUMS.get(code)
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


def _switzerland(number: str) -> bool:
    """The enterprise number, eCH-0097 (Federal Statistical Office, "UID"): weights 5 4 3 2 7 6 5 4 modulo 11."""
    return (11 - _weighted(number, "54327654") % 11) % 11 == int(number[8])


def _norway(number: str) -> bool:
    """The organisation number (Brønnøysund Register Centre, "Organisasjonsnummeret"): modulo 11."""
    return _weighted(number, "327654321") % 11 == 0


def _netherlands(number: str) -> bool:
    digits = number[:9]
    by_eleven = sum(int(d) * w for d, w in zip(digits[:8], range(9, 1, -1), strict=True)) % 11 == int(
        digits[8]
    )
    whole = int("".join(str(int(c, 36)) if c.isalpha() else c for c in f"NL{number}"))
    return by_eleven or whole % 97 == 1


IBAN_LENGTHS: Mapping[str, int] = {
    "AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "IE": 22,
    "IT": 27, "LU": 20, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "SE": 24,
}  # fmt: skip

# The number after the country code, with the blanks and dots that it may be printed with.
_FORMS: Mapping[str, str] = {
    "AT": r"U\d{8}",
    "BE": r"[01]?\d{3}[. ]?\d{3}[. ]?\d{3}",
    "BG": r"\d{9,10}",
    "CHE": r"[- ]?\d{3}\.?\d{3}\.?\d{3}(?: ?(?:MWST|TVA|IVA))?",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{3} ?\d{3} ?\d{3}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-Z0-9]{2} ?\d{3} ?\d{3} ?\d{3}",
    "GB": r"\d{3} ?(?:\d{4} ?\d{2}|\d{3} ?\d{3})(?:\d{3})?",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"\d{9}(?:\d{3})?",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9} ?B\d{2}",
    "NO": r"\d{3} ?\d{3} ?\d{3}(?: ?MVA)?",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"\d{3} ?(?:\d{4} ?\d{2}|\d{3} ?\d{3})(?:\d{3})?",
}
# In running text "NO" before a number is mostly "No.": there only the end tells.
_PRINTED = {**_FORMS, "NO": _FORMS["NO"].removesuffix("?")}
VAT_ID = re.compile(rf"\b(?:{'|'.join(f'{code} ?{form}' for code, form in _PRINTED.items())})\b")
_SUMS: Mapping[str, Callable[[str], bool]] = {
    "AT": _austria,
    "BE": _belgium,
    "CHE": _switzerland,
    "DE": _germany,
    "FR": _france,
    "GB": _britain,
    "IT": is_luhn,
    "LU": lambda n: int(n[:6]) % 89 == int(n[6:]),
    "NL": _netherlands,
    "NO": _norway,
    "PL": lambda n: _weighted(n, "657234567") % 11 == int(n[9]),
    "PT": lambda n: (11 - _weighted(n, "98765432") % 11) % 11 % 10 == int(n[8]),
    "DK": lambda n: _weighted(n, "27654321") % 11 == 0,
    "FI": lambda n: (
        (11 - sum(int(d) * w for d, w in zip(n, (7, 9, 10, 5, 8, 4, 2), strict=False)) % 11) % 11 == int(n[7])
    ),
    "XI": _britain,
}
CHECKSUMS: Mapping[str, Callable[[str], bool | None]] = {
    "iban": is_iban,
    "vat_id": is_vat_id,
    "luhn": is_luhn,
}
