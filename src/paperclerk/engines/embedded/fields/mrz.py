"""The machine-readable zone of passports and identity cards (ICAO 9303), with its check digits. Called by `cues`.

Two lines of 44 or 36 characters, or three of 30.
Only what its check digits confirm is given. Letters and digits that recognisers take for one another are put right
where the format says which of the two a place holds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import Row

# Scores of the lines, of what a check digit covers, of the rest: what is printed for people goes first.
LINE, CHECKED, PLAIN = 0.85, 0.55, 0.35
_CLEAN = str.maketrans({"«": "<", "‹": "<", "＜": "<", " ": "", "\t": ""})
_TO_DIGIT = str.maketrans("OQDIZSBG", "00012586")
_TO_LETTER = str.maketrans("01258", "OIZSB")
_N, _D, _L = "[A-Z0-9<]", "[0-9OQDIZSBG]", "[A-Z0-9<]"
_NAMES = re.compile(rf"(?P<type>[PIACV]{_L})(?P<state>{_L}{{3}})(?P<names>[A-Z0-9]+<[A-Z0-9<]+)")
_SECOND = re.compile(
    rf"(?P<number>{_N}{{9}})(?P<c1>{_D})(?P<nation>{_L}{{3}})(?P<birth>{_D}{{6}})(?P<c2>{_D})(?P<sex>[MFX<])"
    rf"(?P<expiry>{_D}{{6}})(?P<c3>{_D}){_N}*"
)
_CARD = re.compile(rf"(?P<type>[IAC]{_L})(?P<state>{_L}{{3}})(?P<number>{_N}{{9}})(?P<c1>{_D}){_N}*")
_CARD_SECOND = re.compile(
    rf"(?P<birth>{_D}{{6}})(?P<c2>{_D})(?P<sex>[MFX<])(?P<expiry>{_D}{{6}})(?P<c3>{_D})(?P<nation>{_L}{{3}}){_N}*"
)
_CARD_NAMES = re.compile(r"(?P<names>[A-Z]+(?:<[A-Z]+)*<<[A-Z<]+)")


@dataclass(frozen=True)
class Part:
    """A value, and the characters of a row that it was read from."""

    row: Row
    start: int
    end: int
    value: str


@dataclass(frozen=True)
class Zone:
    """The rows of a zone, their text put right, and the value of each part with its row."""

    rows: tuple[Row, ...]
    lines: tuple[str, ...]
    parts: dict[str, Part]


def zoned(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """What the zone says of a field, where the document has one."""
    zone, part = _zone(facts), _part_asked(profile)
    if zone is None:
        return
    if profile.called & _ZONE:
        yield from _lines(zone, profile.called)
    elif part in zone.parts:
        sure = CHECKED if part in ("number", "birth", "expiry", "state") else PLAIN
        yield _candidate(zone.parts[part], sure)


def asks_zone(profile: Profile) -> bool:
    """Whether a field asks for what a zone says."""
    return not profile.called.isdisjoint(_ZONE) or bool(_part_asked(profile))


_ZONE = frozenset({"mrz", "mrz1", "mrz2", "mrz3"})
_PARTS = {
    "last_name": "last", "first_name": "first", "person_name": "full", "passport_number": "number",
    "nationality": "nation", "birth_date": "birth", "gender": "sex", "expiry_date": "expiry",
}  # fmt: skip


def _part_asked(profile: Profile) -> str:
    part = next((p for c, p in _PARTS.items() if profile.concepts.get(c, 0.0) >= 0.8), "")
    words = profile.called
    if not part and words & {"issuing", "issuer"} and words & {"country", "state"}:
        return "state"
    return part


def _lines(zone: Zone, words: Set[str]) -> Iterator[Candidate]:
    """The lines themselves: the one whose number the field says, or all of them."""
    asked = next((int(d) for w in words for d in re.findall(r"\d", w)), None)
    if asked is not None:
        if asked <= len(zone.rows):
            row = zone.rows[asked - 1]
            yield _candidate(Part(row, 0, len(row.text), zone.lines[asked - 1]), LINE)
        return
    first = zone.rows[0]
    spans = tuple(r.span(0, len(r.text)) for r in zone.rows)
    place = (first.page, first.index, 0, len(first.text))
    yield Candidate("\n".join(zone.lines), spans, place, LINE)


def _candidate(part: Part, score: float) -> Candidate:
    row, start, end = part.row, part.start, part.end
    place = (row.page, row.index, start, end)
    return Candidate(part.value, (row.span(start, end),), place, score, ocr=row.score_of(start, end))


def _zone(facts: Facts) -> Zone | None:
    rows = [r for r in facts.rows if "<" in r.text or "«" in r.text]
    for i in range(len(rows)):
        for first, second, names in ((_NAMES, _SECOND, None), (_CARD, _CARD_SECOND, _CARD_NAMES)):
            lines = rows[i : i + (2 if names is None else 3)]
            found = [
                p.fullmatch(_cleaned(r)) for p, r in zip((first, second, names), lines, strict=False) if p
            ]
            if len(found) < len(lines) or len(lines) < 2 or not all(found):
                continue
            parts = {k: v for m, r in zip(found, lines, strict=True) if m for k, v in _groups(r, m).items()}
            if (read := _read(parts)) is not None:
                return Zone(tuple(lines), tuple(_repaired(m) for m in found if m), read)
    return None


def _groups(row: Row, match: re.Match[str]) -> dict[str, Part]:
    """The groups of a match; a row with blanks inside is one place for all, told apart by their beginnings."""
    whole = len(match.string) != len(row.text)
    return {
        g: Part(row, match.start(g), len(row.text) if whole else match.end(g), match[g])
        for g in match.re.groupindex
    }


def _repaired(match: re.Match[str]) -> str:
    """A line with letters where only letters may stand, and digits where only digits may."""
    text = match.string
    for group, (start, end) in {g: match.span(g) for g in match.re.groupindex}.items():
        table = _TO_LETTER if group in ("nation", "state", "names") else None
        table = _TO_DIGIT if group in ("birth", "expiry", "c1", "c2", "c3") else table
        text = text[:start] + text[start:end].translate(table) + text[end:] if table else text
    return text


def _cleaned(row: Row) -> str:
    return row.text.translate(_CLEAN)


def _read(parts: dict[str, Part]) -> dict[str, Part] | None:
    """The values of a zone; None where a check digit says otherwise."""
    birth, expiry = (parts[k].value.translate(_TO_DIGIT) for k in ("birth", "expiry"))
    checks = [parts[k].value.translate(_TO_DIGIT) for k in ("c1", "c2", "c3")]
    if [_check(t) for t in (parts["number"].value, birth, expiry)] != checks:
        return None
    ends, born = _day(expiry, 2000), _day(birth, 2000)
    if ends is None or born is None:
        return None
    if born > ends:
        born = _day(birth, 1900)
    last, _, first = parts["names"].value.partition("<<")
    names = [" ".join(n.translate(_TO_LETTER).split("<")).strip() for n in (last, first)]
    values = {
        "number": parts["number"].value.rstrip("<"),
        "state": parts["state"].value.translate(_TO_LETTER).rstrip("<"),
        "nation": parts["nation"].value.translate(_TO_LETTER).rstrip("<"),
        "birth": born.isoformat() if born else "",
        "expiry": ends.isoformat(),
        "sex": parts["sex"].value.strip("<"),
        "last": names[0],
        "first": names[1],
        "full": f"{names[1]} {names[0]}".strip(),
    }
    stands = {k: parts[k] for k in values if k in parts}
    whole, cut = parts["names"], parts["names"].start + len(last)
    stands |= {"full": whole, "last": replace(whole, end=cut), "first": replace(whole, start=cut + 2)}
    return {k: replace(stands[k], value=v) for k, v in values.items() if v}


def _check(text: str) -> str:
    """The check digit: the sum of all characters weighted 7, 3, 1, modulo 10."""
    values = (0 if c == "<" else int(c) if c.isdigit() else ord(c) - 55 for c in text)
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def _day(text: str, century: int) -> dt.date | None:
    try:
        return dt.date(century + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
