"""Where a text holds e-mail addresses, telephone numbers, accounts, social security numbers. Called by `redacting`.

They are found by their form, line by line, and rather too often than too seldom: what is found gets covered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from paperclerk.printed.identifiers import is_iban, is_luhn

Stretch = tuple[int, int]  # characters start:end

_EMAIL = re.compile(r"[\w.+%'-]{1,64} ?@ ?(?:[\w-]{1,63}\.){1,5}[^\W\d][\w-]{1,62}")

_PHONE = (
    re.compile(r"(?<![\w+])(?:\+|(?<!\d )00)[ ]?\d{1,3}(?:[ ./()-]{0,3}\d){6,13}(?!\w)"),
    re.compile(r"(?<![\w.])\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?!\w)"),
    re.compile(r"(?<![\w.,])(?<!\d )\(?0\d{2,5}\)?(?:[ /-]{1,3}\d{2,8}){1,4}(?![\w.,]\d)"),
    re.compile(r"(?<![\w.,])0\d(?:[ .]\d{2}){4}(?!\w)"),
)
_PHONE_LABELLED = re.compile(
    r"\b(?:tele?(?:phone|fon|fono|f)?|t[ée]l(?:[ée]phone|[ée]fono)?|phone|fax|mobile?|mobil|m[óo]vil|cell(?:ulare?)?"
    r"|handy|gsm|portable)\b[^\d\n+(]{0,25}(?P<value>[+(]?\d(?:[ ./()+-]{0,3}\d){4,15})",
    re.IGNORECASE,
)

_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ ]?[A-Za-z0-9]){11,34}(?!\w)")
_CARD = re.compile(r"(?<!\w)\d(?:[ -]?\d){12,18}(?!\w)")
_ACCOUNT_LABELLED = re.compile(
    r"\b(?:account|acct|a/c|kontonummer|konto|compte|cuenta|conto|iban|rekeningnummer|rekening|routing|sort code"
    r"|bsb|aba|card(?: number| no)?|kartennummer|carte|tarjeta|carta)\b[^\d\n*]{0,25}"
    r"(?P<value>(?:[A-Z]{2})?[\dXx*](?:[ -]{0,2}[\dXx*]){3,25})",
    re.IGNORECASE,
)

_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")


def emails(text: str) -> Iterator[Stretch]:
    yield from (match.span() for match in _EMAIL.finditer(text))


def phones(text: str) -> Iterator[Stretch]:
    for form in _PHONE:
        for match in form.finditer(text):
            if 7 <= sum(c.isdigit() for c in match[0]) <= 16:
                yield match.span()
    yield from (match.span("value") for match in _PHONE_LABELLED.finditer(text))


def accounts(text: str) -> Iterator[Stretch]:
    for match in _IBAN.finditer(text):
        yield from _valid_ibans(match)
    yield from (match.span() for match in _CARD.finditer(text) if is_luhn(match[0]))
    yield from (match.span("value") for match in _ACCOUNT_LABELLED.finditer(text))


def social_security_numbers(text: str) -> Iterator[Stretch]:
    yield from (match.span() for match in _SSN.finditer(text))


def found(kind: str, text: str) -> list[Stretch]:
    """Where `text` holds what is of this kind: stretches that do not overlap, in order. No other kind, none."""
    stretches: list[Stretch] = []
    for start, end in sorted(DETECTORS[kind](text)) if kind in DETECTORS else ():
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


DETECTORS: Mapping[str, Callable[[str], Iterator[Stretch]]] = {
    "email": emails,
    "phone": phones,
    "account": accounts,
    "ssn": social_security_numbers,
}


def _valid_ibans(match: re.Match[str]) -> Iterator[Stretch]:
    """The stretch that is an IBAN: what follows it on the line may look like more of it."""
    ends = [len(match[0]), *(m.start() for m in re.finditer(" ", match[0]))]
    for end in sorted(ends, reverse=True):
        if is_iban(match[0][:end]):
            yield match.start(), match.start() + end
            return
