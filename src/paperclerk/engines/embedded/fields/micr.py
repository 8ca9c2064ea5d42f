"""The line of magnetic ink at the foot of a cheque: bank, account and number of the cheque. Called by `cues`.

Which group is which is told by the check digit of a routing number (the sum of its digits times 3, 7 and 1 is a
multiple of ten), and by a group that is printed at the top of the cheque as well: its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import Row
from paperclerk.engines.embedded.words import phrases

_LINE = re.compile(r"[\W_]*(?:[A-D]?\d[\d\- ]*[A-D]?[\W_]*){2,4}")
_GROUP = re.compile(r"\d(?:[\d-]| (?=\d)(?!\d{9}\b))*")
_ROUTING = re.compile(r"(?<!\d)\d{9}(?!\d)")
_ASKS = {
    "routing": phrases.word_set("routing aba transit rtn"),
    "account": phrases.word_set("account acct konto compte cuenta"),
    "number": phrases.word_set("check cheque scheck"),
}
SURE = 0.9


def asks_ink(profile: Profile) -> bool:
    """Whether a field asks for what such a line says."""
    return _part(profile) is not None and profile.want in ("id", "text", "integer", "number")


def _part(profile: Profile) -> str | None:
    return next((p for p, asked in _ASKS.items() if profile.called & asked), None)


def inked(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """What the line says that the field asks for; nothing on a page without such a line."""
    part = _part(profile)
    for row in facts.rows[::-1]:
        found = _parts(facts, row)
        if part is not None and part in found:
            start, end = found[part]
            text = row.text[start:end].replace("\t", " ")
            value = int(text) if profile.want in ("integer", "number") and text.isdigit() else text
            place = (row.page, row.index, start, end)
            yield Candidate(value, (row.span(start, end),), place, SURE, ocr=row.score_of(start, end))
            return


def _parts(facts: Facts, row: Row) -> dict[str, tuple[int, int]]:
    """Where in a row the routing number, the account and the number of the cheque stand; empty for any other row."""
    routing = next((m for m in _ROUTING.finditer(row.text) if _checks(m.group())), None)
    if routing is None or not _LINE.fullmatch(row.text):
        return {}
    found = {"routing": routing.span()}
    groups = [m.span() for m in _GROUP.finditer(row.text) if not routing.start() <= m.start() < routing.end()]
    printed = {t for r in facts.rows if r.page == row.page and r.index < row.index for t in r.text.split()}
    number = next((g for g in groups if row.text[slice(*g)].lstrip("0") in printed), None)
    if number is not None:
        found["number"] = number
    account = [g for g in groups if g != number]
    if account:
        found["account"] = max(account, key=lambda g: g[1] - g[0])
    return found


def _checks(digits: str) -> bool:
    return digits != "0" * 9 and sum(int(d) * (3, 7, 1)[i % 3] for i, d in enumerate(digits)) % 10 == 0
