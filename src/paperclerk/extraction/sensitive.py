"""Where a text holds e-mail addresses, telephone numbers, accounts, social security numbers. Called by `redacting`.

They are found by their form, line by line, and rather too often than too seldom: what is found gets covered. What
stands beside them must not hide them: a form ends where digits end, and where one could go on, each end is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from paperclerk.printed.identifiers import IBAN_LENGTHS, is_iban, is_luhn

Stretch = tuple[int, int]  # characters start:end

LONGEST_LABEL = 40  # characters
_ANY_NUMBER = "283746501"

_EMAIL = re.compile(r"[\w.+%'-]{1,64} ?@ ?(?:[\w-]{1,63}\.){1,5}[^\W\d][\w-]{1,62}")

_PHONE = (
    re.compile(r"(?<![\d+])\+[ ]?\d{1,3}(?:[ ./()-]{0,3}\d){6,13}(?!\d)"),
    # 1 001 234 567 is a number, 0044 may be a group of an IBAN: then only where no digits stand before it
    re.compile(
        r"(?<![\w+])(?:(?<!\d )00|00(?=[1-9]\d)(?!\d\d \d{4} \d))[ ]?[1-9]\d{0,2}(?:[ ./()-]{0,3}\d){6,13}(?!\d)"
    ),
    re.compile(r"(?<!\d)\(?\d{3}(?:\)|[ ./-]|\) | - )[ ./-]{0,1}\d{3}(?:[ ./-]| - )\d{4}(?!\d)"),
    re.compile(
        r"(?<![\w.,])(?:(?<!\d )|(?!0\d\d(?: \d{3})+(?!\d)|0\d{3} \d{4} \d))"
        r"(?:\(0\d{1,5}\)[ /-]{0,3}|0\d{2,5}[ /-]{1,3})\d{2,8}(?:[ /-]{1,3}\d{2,8}){0,5}(?![\w.,]\d)"
    ),
    re.compile(r"(?<![\w.,])0\d(?:[ .-]\d{2}){4}(?!\d)"),
    re.compile(r"(?<![\w.,-])0[1-9]\d{8,9}(?![\w.,-]\d)(?!\d)"),
)
_PHONE_LABELLED = re.compile(
    r"\b(?:tele?(?:phone|fon|fono|f)?|t[ée]l(?:[ée]phone|[ée]fono)?|phone|fax|mobile?|mobil|m[óo]vil|cell(?:ulare?)?"
    r"|handy|gsm|portable)(?:\b|(?=[+\d]))[^\n]{0,25}?(?P<value>[+(]{0,2}\d(?:[ ./()+-]{0,3}\d){4,15})",
    re.IGNORECASE,
)

_IBAN = re.compile(r"(?=(?P<value>[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]){11,34}))", re.IGNORECASE)
_DIGITS = re.compile(r"\d(?:(?:[ -]|(?<=\d{4})\.(?=\d{4}))?\d){12,}")
_ACCOUNT_LABELLED = re.compile(
    r"\b(?:account|acct|acc|a/c|(?:bank)?konto(?:nummer|nr)?|kto|compte|cuenta|conto|iban|rekeningnummer|rekening"
    r"|routing|sort code|bsb|aba|card(?: number| no)?|kartennummer|carte|tarjeta|carta)(?:\b|(?=\d))[^\n]{0,25}?"
    r"(?P<value>(?:[A-Z]{2})?[\dXx*](?:[ -]{0,2}[\dXx*]){3,25}"
    r"|[A-Z]{2}\d{2}(?: ?[A-Z]{4})?(?: ?\d[A-Z\d]{0,3}){2,8})",
    re.IGNORECASE,
)

_SSN = re.compile(r"(?<!\d)(?<!\d-)\d{3} ?- ?\d{2} ?- ?\d{4}(?!-?\d)")
_SSN_LABELLED = re.compile(
    r"\b(?:ssn|social security)(?:\b|(?=\d))[^\n]{0,25}?(?P<value>(?<!\d)\d{3}[ -]{0,3}\d{2}[ -]{0,3}\d{4}(?!\d))",
    re.IGNORECASE,
)

MOST_PHONE_DIGITS = 16
MOST_CARD_DIGITS = 19
_ONE_DASH = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-") | dict.fromkeys([0xA0, 0x2007, 0x202F], " ")


def emails(text: str) -> Iterator[Stretch]:
    yield from (match.span() for match in _EMAIL.finditer(text))


def phones(text: str) -> Iterator[Stretch]:
    for form in _PHONE:
        for match in form.finditer(text):
            yield from _of_a_phones_length(match)
    yield from (match.span("value") for match in _PHONE_LABELLED.finditer(text))


def accounts(text: str) -> Iterator[Stretch]:
    for match in _IBAN.finditer(text):
        yield from _valid_ibans(match)
    for match in _DIGITS.finditer(text):
        yield from _valid_cards(match)
    yield from (match.span("value") for match in _ACCOUNT_LABELLED.finditer(text))


def social_security_numbers(text: str) -> Iterator[Stretch]:
    yield from (match.span() for match in _SSN.finditer(text))
    yield from (match.span("value") for match in _SSN_LABELLED.finditer(text))


def found(kind: str, text: str) -> list[Stretch]:
    """Where `text` holds what is of this kind: stretches that do not overlap, in order. No other kind, none."""
    stretches: list[Stretch] = []
    text = text.translate(_ONE_DASH)  # a character for a character
    for start, end in sorted(DETECTORS[kind](text)) if kind in DETECTORS else ():
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def is_label(kind: str, text: str) -> bool:
    """Whether a number behind `text`, which is no more than a label, would be taken for one of the kind."""
    return len(text) <= LONGEST_LABEL and bool(
        found(kind, f"{text}\t{_ANY_NUMBER}") and not found(kind, _ANY_NUMBER)
    )


DETECTORS: Mapping[str, Callable[[str], Iterator[Stretch]]] = {
    "email": emails,
    "phone": phones,
    "account": accounts,
    "ssn": social_security_numbers,
}


def _of_a_phones_length(match: re.Match[str]) -> Iterator[Stretch]:
    """The stretch up to the last group with which it is no longer than a telephone number can be."""
    end, digits = match.start(), 0
    for group in re.finditer(r"\d+", match[0]):
        digits += len(group[0])
        if digits > MOST_PHONE_DIGITS:
            break
        if digits >= 7:
            end = match.start() + group.end()
    if end > match.start():
        yield match.start(), end


def _valid_ibans(match: re.Match[str]) -> Iterator[Stretch]:
    """The stretch that is an IBAN: what follows it on the line may look like more of it."""
    text, start = match["value"], match.start()
    if length := IBAN_LENGTHS.get(text[:2].upper()):  # nothing need divide it from what stands beside it
        ends = [m.end() for m in re.finditer("[^ .-]", text)][length - 1 : length]
    elif match.string[:start][-1:].isalnum():
        ends = []
    else:
        ends = [len(text), *(m.start() for m in re.finditer("[ .-]", text))]
    for end in sorted(ends, reverse=True):
        if is_iban(re.sub("[ .-]", "", text[:end])):
            yield start, start + end
            return


def _valid_cards(match: re.Match[str]) -> Iterator[Stretch]:
    """Every stretch of whole groups of digits that may be a card number, whatever digits stand beside it.

    Groups of one or two digits among others are dates, counts and cents: they count only if the whole line has it so.
    """
    text = match[0]
    groups = [m.span() for m in re.finditer(r"\d+", text)]
    digits = re.sub(r"\D", "", text)
    before = 0  # digits that stand before the group that a stretch begins with
    for first, (start, its_end) in enumerate(groups):
        count, lengths = 0, set[int]()
        for low, end in groups[first : first + MOST_CARD_DIGITS]:
            count += end - low
            lengths.add(end - low)
            if count > MOST_CARD_DIGITS:
                break
            whole = (start, end) == (0, len(text))
            alike = min(lengths) >= 3 or lengths == {1}
            if count >= 13 and (whole or alike) and is_luhn(digits[before : before + count]):
                yield match.start() + start, match.start() + end
        before += its_end - start
