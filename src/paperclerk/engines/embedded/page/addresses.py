"""Whether a line reads like a part of a postal address, and where in it street, postcode, city and country stand.

Called by `names`, `parties` and whoever looks for addresses. Lines only; where they stand on a page is `parties`'.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache

from paperclerk.engines.embedded.page.layout import Segment
from paperclerk.engines.embedded.words import lexicon, phrases

_WAYS = (
    "street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|highway|hwy|"
    "parkway|pkwy|way|suite|ste|floor|flr|fl|building|bldg|block|blok|apt|apartment|"
    "postfach|plaza|tower|center|centre|mall|park|jalan|jln|jl|lorong|lrg|taman|tmn|kampung|kg|persiaran|lebuh|lebuhraya|"
    "seksyen|section|bandar|wisma|kompleks|menara|pusat|rue|avenue|chemin|allée|place|quai|impasse|cours|bis|"
    "cedex|calle|avenida|avda|paseo|plaza|carretera|via|viale|piazza|corso|vicolo|strada|rua|travessa|largo|praça|"
    "gate|house|estate|industrial|kawasan|perindustrian|perusahaan"
)
_GLUED_WAYS = "straße|strasse|straat|laan|gracht"
_GLUED_BEFORE_NUMBER = "str|weg|platz|gasse|allee|ring|damm|ufer|plein|kade|dijk|singel|hof"
_STREET = re.compile(
    rf"\b(?:{_WAYS}|unit(?= ?\d)|level(?= ?\d)|lot(?= ?\w{{0,4}} ?\d)|p\.?o\.? ?box|no(?=[.:]? ?\d))\b\.?|"
    rf"\bstr\.(?= \d)|\b\w+(?:str\.|{_GLUED_WAYS})(?= ?\d|$|,)|"
    rf"\b\w+(?:{_GLUED_BEFORE_NUMBER})(?= \d)|"
    r"(?<!\S)c/ ?(?=[^\W\d])",
    re.I,
)
# What one word of a line must be, or end in, for any of it to hold: a cheaper question.
_STREET_WORDS = frozenset((*_WAYS.split("|"), "unit", "level", "lot", "p", "po", "pobox", "no", "c"))
_STREET_ENDS = (*_GLUED_WAYS.split("|"), *_GLUED_BEFORE_NUMBER.split("|"))
_POSTCODE = re.compile(
    r"(?<![\d.,/#-])(?:[A-Z]{1,3}[- ])?\d{5}(?:-\d{4})?(?![\d/]|[.,]\d)(?=[\s,.]*[^\W\d]|\s*$|,)|"
    r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b[A-Z]\d[\dW] [A-Z\d]{4}\b|\b\d{4} ?[A-Z]{2}\b(?= )|"
    r"(?<![+\d])\b\d{4}-\d{3}\b(?! ?\d)|"
    r"(?:^|, ?|\b[A-Z]{1,2}[- ])\d{4} (?=[A-Z][a-zà-ü])"
)
_COUNTRIES = (
    "germany|deutschland|france|frankreich|spain|españa|italy|italia|netherlands|the netherlands|nederland|portugal|"
    "belgium|belgique|belgië|austria|österreich|switzerland|schweiz|suisse|united kingdom|great britain|england|"
    "scotland|wales|ireland|usa|united states|united states of america|canada|malaysia|singapore|singapura|indonesia|"
    "thailand|philippines|vietnam|india|china|hong kong|taiwan|japan|south korea|australia|new zealand|brazil|brasil|"
    "mexico|méxico|argentina|chile|colombia|peru|luxembourg|poland|polska|czech republic|denmark|sweden|norway|"
    "finland|greece|turkey|hungary|romania|south africa|israel|united arab emirates|saudi arabia|egypt|nigeria|kenya"
)
_COUNTRY = re.compile(rf"(?:^|,\s*|\s[-–]\s*)(?P<name>{_COUNTRIES})\b", re.I)
_REGIONS = (
    "selangor|johor|kuala lumpur|penang|pulau pinang|perak|kedah|kelantan|melaka|"
    "malacca|negeri sembilan|pahang|perlis|sabah|sarawak|terengganu|putrajaya|labuan|wilayah persekutuan"
)
_PLACES = re.compile(
    rf"\b(?:{_COUNTRIES}|{_REGIONS})\b|"
    r",\s*(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|"
    r"V[AT]|W[AIVY])\b",
    re.I,
)
_PLACE_WORDS = frozenset(name.split()[0] for name in (*_COUNTRIES.split("|"), *_REGIONS.split("|")))
_WORD = re.compile(r"\w+")
_HOUSE_NUMBER = re.compile(
    r"^\W*(?:no\.?:? ?|lot ?|unit ?)?\d+[\w/-]*,? +[^\W\d]|[^\W\d]{3,}\.? \d+ ?[a-z]?$|,\s*$", re.I
)
_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|"
    "Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|"
    "Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|"
    "Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|"
    "West Virginia|Wisconsin|Wyoming"
)
_CITY_LINES = (
    re.compile(
        r"(?P<city>[^\W\d][^\d,]*?),? +(?P<state>[A-Z]{2}|" + _STATES + r")\.?,? +"
        r"(?P<postcode>\d{5}(?:-\d{4})?)\b"
    ),
    re.compile(
        r"(?P<city>[^\W\d][^\d,]*?),? +(?P<postcode>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[\dW] [A-Z\d]{4})\b"
    ),
    re.compile(
        r"(?<![\w-])(?:[A-Z]{1,2}[- ])?(?P<postcode>\d{5}|\d{4} ?[A-Z]{2}|\d{4}-\d{3}|\d{4})(?!\d),? +"
        r"(?P<city>[^\W\d][^\d,|•·(]*)(?:\((?P<state>[A-Z]{2})\))?"
    ),
    re.compile(r"(?P<city>[^\W\d][^\d,]*?),? +(?P<postcode>\d{5,6})$"),
)
_NOT_ADDRESS = re.compile(
    r"\b(?:tel|phone|fax|telefon|hotline|e-?mail|www|http|gst|vat|reg|iban|bic|siret|ust|tva|iva|btw|kvk|nif|cif|contribuinte|invoice|receipt|date|"
    r"st\.?-?nr|steuer\w*|siren|datum|cashier|total|amount|qty|page|roc|co\.? no|company no|contact|mobile|"
    r"whatsapps?|call|zip|office hours?|h/p|hp|rcpt|bill|table|till|time)\b|@|"
    r"\d[.,]\d\d\b|"
    r"\bour ref\b|\bdear\b|"
    r"\d{1,2}(?:st|nd|rd|th|\.)? (?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
    r"[a-zä]*\.? \d{4}|"
    r"\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d",
    re.I,
)
_LABELLED = re.compile(r"[^\W\d][^\d:]{1,25}:\s+(?=\w)")
_DIVIDER = re.compile(r"\s*[|•●·]\s*")


LINES = 2048  # the same lines are asked about for each field; a page has some hundred


@lru_cache(LINES)
def address_likeness(text: str) -> float:
    """How much a line looks like a part of a postal address, 0..1."""
    numbered = any(c.isdigit() for c in text)  # "Praxis Dr. Weber" is nobody's drive
    coded = numbered and _POSTCODE.search(text) is not None
    if _labels_a_number(text) or (not coded and _NOT_ADDRESS.search(text)):
        return 0.0
    score = 0.5 if coded else 0.0
    words = _WORD.findall(text.lower())
    if any(w in _STREET_WORDS or w.endswith(_STREET_ENDS) for w in words) and any(
        m.group().lower().rstrip(".") not in ("ln", "dr", "ct") or (m.start() and numbered)
        for m in _STREET.finditer(text)
    ):
        score += 0.4
    if ("," in text or not _PLACE_WORDS.isdisjoint(words)) and _PLACES.search(text):
        score += 0.35
    if _HOUSE_NUMBER.search(text):
        score += 0.25
    if text.count(",") >= 2:
        score += 0.2
    if sum(c.isdigit() for c in text) > 0.6 * max(1, len(text.replace(" ", ""))):
        score -= 0.5
    return max(0.0, min(1.0, score))


def _labels_a_number(text: str) -> bool:
    """Whether a line is but a label and its number: `Chk 40817`, `Ref 88213`."""
    text = text.strip()
    match = _NUMBERED.fullmatch(text) if text[-1:].isdigit() else None
    said = lexicon.labels().get(phrases.key(match["said"]), ()) if match else ()
    return any(e.strength == 1.0 and lexicon.kind_of(e.concept) in ("id", "number") for e in said)


_NUMBERED = re.compile(r"(?P<said>[^\W\d][^\d,]*?)[ .:#]*\d+")
_STREET_CITY = re.compile(r"(?P<street>[^,]*\d[^,]*),\s+(?P<city>[^\W\d_][^\d,]{2,30})")


def city_behind_street(text: str) -> tuple[int, int] | None:
    """Where the city stands in a line without a postcode: `12 Bridge Street, Totnes`."""
    match = _STREET_CITY.fullmatch(text.strip(" .,"))
    if match is None or not _STREET.search(match["street"]) or not _HOUSE_NUMBER.search(match["street"]):
        return None
    other = _STREET.search(match["city"]) or _PLACES.search(match["city"]) or not match["city"][0].isupper()
    at = text.index(match["city"], len(match["street"]))
    return None if other else (at, at + len(match["city"].rstrip()))


@lru_cache(LINES)
def part_of_address(text: str, part: str) -> tuple[int, int] | None:
    """Where postcode, city or state stands in a line of an address."""
    if _labels_a_number(text):
        return None
    for pattern in _CITY_LINES:
        match = pattern.search(text)
        if match and match.groupdict().get(part):
            return match.start(part), match.start(part) + len(match[part].rstrip())
    if part == "postcode" and (alone := _POSTCODE.fullmatch(text.strip())):
        return alone.span()
    return city_behind_street(text) if part == "city" else None


def city_alone(lines: Sequence[Segment]) -> Segment | None:
    """The line above one that holds nothing but a postcode."""
    return next(
        (
            upper
            for upper, lower in itertools.pairwise(lines)
            if _POSTCODE.fullmatch(lower.text.strip()) and not any(c.isdigit() for c in upper.text)
        ),
        None,
    )


@lru_cache(LINES)
def street_in(text: str, *, alone: bool) -> tuple[int, int] | None:
    """Where the street stands in a line that may hold a name before it and the city behind it. `alone` tells that
    the address has no other line: then the line may be the city's."""
    start = 0
    for part in _DIVIDER.split(text):
        at = begin = text.index(part, start)
        end = at + street_end(part)
        if label := _LABELLED.match(part):
            at += label.end()  # Property: Flat 3, 27 Cathedral Road
        city = alone and not _STREET.search(part) and any(p.fullmatch(part) for p in _CITY_LINES)
        if address_likeness(part) >= 0.25 and end - at > 2 and not city:
            return at, end
        start = begin + len(part)
    return None


def address_within(text: str) -> tuple[int, int]:
    """Where the address stands in a line whose bars or dots part it from a name or a telephone number."""
    parts: list[tuple[int, int, float]] = []
    at = 0
    for divider in [*_DIVIDER.finditer(text), None]:
        end = divider.start() if divider else len(text)
        parts.append((at, end, address_likeness(text[at:end])))
        at = divider.end() if divider else end
    kept = [p for p in parts if p[2] >= 0.25]
    return (kept[0][0], kept[-1][1]) if kept else (0, len(text))


def names_street(text: str) -> bool:
    """Whether a line holds a word for a street, or one that ends as such words do."""
    return _STREET.search(text) is not None


_DIVIDED = re.compile(
    r",\s*$|^(?:(?! [-–]).)+ [-–]\s*$"
)  # a dash behind the street alone, not behind a name too


def street_end(text: str) -> int:
    """Where the street ends and the city begins, in a line that may hold both."""
    cuts = [
        m.start()
        for p in _CITY_LINES
        if (m := p.search(text))
        and _DIVIDED.search(text[: m.start()])
        and (text[: m.start()].rstrip().endswith(",") or not names_street(m.group()))
    ]
    commas = [text.rfind(",", 0, m.end("city")) for p in _CITY_LINES[:2] if (m := p.search(text))]
    behind = city_behind_street(text)
    end = min([c for c in (*cuts, *commas, behind[0] if behind else 0) if c > 0], default=len(text))
    return len(text[:end].rstrip(" ,-–"))


@lru_cache(LINES)
def country_in(text: str) -> tuple[int, int] | None:
    """A country that stands alone in a line or ends it."""
    found = [m for m in _COUNTRY.finditer(text) if not text[m.end() :].strip(" .")]
    return found[-1].span("name") if found else None


def has_postcode(text: str) -> bool:
    return _POSTCODE.search(text) is not None


def is_place(text: str) -> bool:
    """Whether a text is but a country or a state."""
    return _PLACES.fullmatch(text) is not None


def is_contact(text: str) -> bool:
    """Whether a line holds what no address does: a telephone number, a date, an amount, the label of one."""
    return _NOT_ADDRESS.search(text) is not None
