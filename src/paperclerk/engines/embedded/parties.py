"""Names and addresses of parties, with and without headings, and whose part of the page is whose.

Called by `candidates`. A *region* is the stretch of a page that a heading such as "Bill to" opens. A *party* is
an address with the name above it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded import lexicon, phrases
from paperclerk.engines.embedded.facts import Facts
from paperclerk.engines.embedded.labels import Label
from paperclerk.engines.embedded.layout import PageLayout, Segment
from paperclerk.engines.embedded.whose import ROLES

_LEGAL = re.compile(
    r"(?<!\w)(?:gmbh(?: ?& ?co\.? ?kg)?|ag|kg|ohg|gbr|ug|e\.? ?k\.?|e\.? ?v\.?|se|kgaa|mbh|s\.?a\.?r\.?l\.?|sarl|sas|"
    r"sasu|eurl|s\.a\.s?\.?|s\.?n\.?c\.?|s\.?r\.?l\.?s?|s\.?p\.?a\.?|s\.?l\.?u?\.?|s\.?a\.? de c\.?v\.?|ltda?|"
    r"b\.?v\.?|limitada|n\.?v\.?|v\.?o\.?f\.?|inc|incorporated|corp|corporation|llc|l\.l\.c|llp|l\.p|lp|ltd|limited|plc|co|"
    r"company(?! ?(?:reg|no\b))|"
    r"sdn\.? ?bhd|s/b|berhad|bhd|pte\.? ?ltd|pty\.? ?ltd|pvt\.? ?ltd|lda|oy|ab|aps|a/s|as|kft|d\.o\.o|s\.r\.o|"
    r"sp\.? z ?o\.?o|enterprise|enterprises|trading|holdings?|group|associates|partners|foundation|university|"
    r"hospital|clinic|bank|church|school|institute|council|committee|ministry|restaurant|restoran|cafe|hotel|"
    r"store|stores|market|supermarket|mart|perniagaan|syarikat|kedai)(?!\w)\.?",
    re.I,
)
_STREET = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|highway|hwy|"
    r"parkway|pkwy|way|suite|ste|floor|flr|fl|building|bldg|unit(?= ?\d)|level(?= ?\d)|block|blok|"
    r"lot(?= ?\w{0,4} ?\d)|apt|apartment|p\.?o\.? ?box|"
    r"postfach|plaza|tower|center|centre|mall|park|jalan|jln|jl|lorong|lrg|taman|tmn|kampung|kg|persiaran|lebuh|lebuhraya|"
    r"seksyen|section|bandar|wisma|kompleks|menara|pusat|rue|avenue|chemin|allée|place|quai|impasse|cours|bis|"
    r"cedex|calle|c/|avenida|avda|paseo|plaza|carretera|via|viale|piazza|corso|vicolo|strada|rua|travessa|largo|praça|"
    r"no(?=[.:]? ?\d)|gate|house|estate|industrial|kawasan|perindustrian|perusahaan)\b\.?|"
    r"\w+(?:str\.|straße|strasse|straat|laan|gracht)(?= ?\d|$|,)|"
    r"\w+(?:str|weg|platz|gasse|allee|ring|damm|ufer|plein|kade|dijk|singel|hof)(?= \d)",
    re.I,
)
_POSTCODE = re.compile(
    r"(?<![\d.,/#-])(?:[A-Z]{1,3}[- ])?\d{5}(?:-\d{4})?(?![\d/]|[.,]\d)(?=[\s,.]*[^\W\d]|\s*$|,)|"
    r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b\d{4} ?[A-Z]{2}\b(?= )|(?<![+\d])\b\d{4}-\d{3}\b(?! ?\d)|"
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
_PLACES = re.compile(
    rf"\b(?:{_COUNTRIES}|selangor|johor|kuala lumpur|penang|pulau pinang|perak|kedah|kelantan|melaka|"
    r"malacca|negeri sembilan|pahang|perlis|sabah|sarawak|terengganu|putrajaya|labuan|wilayah persekutuan)\b|"
    r",\s*(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|"
    r"V[AT]|W[AIVY])\b",
    re.I,
)
_HOUSE_NUMBER = re.compile(
    r"^\W*(?:no\.?:? ?|lot ?|unit ?)?\d+[\w/-]*,? +[^\W\d]|[^\W\d]{3,}\.? \d+ ?[a-z]?$|,\s*$", re.I
)
_CITY_LINES = (
    re.compile(r"(?P<city>[^\W\d][^\d,]*?),? +(?P<state>[A-Z]{2})\.?,? +(?P<postcode>\d{5}(?:-\d{4})?)\b"),
    re.compile(r"(?P<city>[^\W\d][^\d,]*?),? +(?P<postcode>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b"),
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
_NOT_NAME = re.compile(
    r"\b(?:invoice|receipt|bill|rechnung|facture|factura|fattura|factuur|welcome|thank|copy|original|page|date|time|"
    r"customer|cash|order|tax|statement|contract|capital|print|table|served|duplicate|gutschrift|quittung|beleg|bon)\b|@|www\.|"
    r"\bhttp|\b(?:tel|fax|phone)\b",
    re.I,
)
_LABELLED = re.compile(r"[^\W\d][^\d:]{1,25}:\s+(?=\w)")
_DIVIDER = re.compile(r"\s*[|•●·]\s*")
_CARE_OF = re.compile(
    r"\s*(?:c/o|z\.? ?hd|attn|t\.?a\.?v|all'attenzione|à l'attention|dear|sehr geehrte\w*)\b", re.I
)
_SALUTATIONS = phrases.word_set(
    "herr herrn frau firma mr mrs ms miss dr prof monsieur madame mme m sr sra senor senora sig signor signora "
    "dhr mevr mevrouw heer de an to attn att z hd"
)
_REGISTRY = re.compile(
    r"\s*(?:\(\s*(?:co|company|reg|roc|gst|brn)?[^()]*\d{4,}[^()]*\)?|\b(?:co|company|reg|roc|gst)\b\.? ?"
    r"(?:reg\.? ?)?(?:no|id)\b.*|[-–]?\s*\b\d{5,}-?[A-Z]\b.*)$",
    re.I,
)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A stretch of a page that belongs to a party, and the label that says so."""

    role: str
    page: int
    box: Box
    label: Label


@dataclass(frozen=True, slots=True, eq=False)
class Party:
    """An address and the name above it. `lines` are those of the address, `name` may cover two segments."""

    page: int
    name: tuple[Segment, ...]
    lines: tuple[Segment, ...]
    strength: float
    box: Box


LINES = 2048  # the same lines are asked about for each field; a page has some hundred


@lru_cache(LINES)
def address_likeness(text: str) -> float:
    """How much a line looks like a part of a postal address, 0..1."""
    if _labels_a_number(text) or (_NOT_ADDRESS.search(text) and not _POSTCODE.search(text)):
        return 0.0
    score = 0.0
    if _POSTCODE.search(text):
        score += 0.5
    if any(
        m.start() or m.group().lower().rstrip(".") not in ("ln", "dr", "ct") for m in _STREET.finditer(text)
    ):
        score += 0.4
    if _PLACES.search(text):
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
    match = _NUMBERED.fullmatch(text.strip())
    said = lexicon.labels().get(phrases.key(match["said"]), ()) if match else ()
    return any(e.strength == 1.0 and lexicon.kind_of(e.concept) in ("id", "number") for e in said)


_NUMBERED = re.compile(r"(?P<said>[^\W\d][^\d,]*?)[ .:#]*\d+")
_STREET_CITY = re.compile(r"(?P<street>[^,]*\d[^,]*),\s+(?P<city>[^\W\d_][^\d,]{2,30})")


def _city_behind_street(text: str) -> tuple[int, int] | None:
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
    return _city_behind_street(text) if part == "city" else None


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
        at = text.index(part, start)
        end = at + street_end(part)
        if label := _LABELLED.match(part):
            at += label.end()  # Property: Flat 3, 27 Cathedral Road
        city = alone and not _STREET.search(part) and any(p.fullmatch(part) for p in _CITY_LINES)
        if address_likeness(part) >= 0.25 and end - at > 2 and not city:
            return at, end
        start = at + len(part)
    return None


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
    behind = _city_behind_street(text)
    end = min([c for c in (*cuts, *commas, behind[0] if behind else 0) if c > 0], default=len(text))
    return len(text[:end].rstrip(" ,-–"))


@lru_cache(LINES)
def country_in(text: str) -> tuple[int, int] | None:
    """A country that stands alone in a line or ends it."""
    found = [m for m in _COUNTRY.finditer(text) if not text[m.end() :].strip(" .")]
    return found[-1].span("name") if found else None


def has_legal_form(text: str) -> bool:
    return _LEGAL.search(text) is not None


def begins_with_form(text: str) -> bool:
    """Whether a line opens with a legal form or what else only follows a name: its head stands a line above."""
    return (
        _LEGAL.match(text) is not None
        or re.match(r"(?:international|industries|services|sales)\b", text, re.I) is not None
    )


def name_end(text: str) -> int:
    """Where a name ends before its registration number or a dash and an address."""
    match = _REGISTRY.search(text)
    end = match.start() if match and match.start() >= 3 else len(text)
    form = _LEGAL.search(text, 0, end)
    stop = re.compile(r"\. (?=[A-Z][a-z]+ )").search(text, max(0, form.end() - 1), end) if form else None
    end = stop.start() if stop else end
    cut = re.search(r"\s+[-–—·•●|*]\s+|\s*[;|•●·]\s*", text[:end])
    if cut and address_likeness(text[cut.end() :]) >= 0.4:
        end = cut.start()
    return len(text[:end].rstrip(" ,;-–"))


def salutes(facts: Facts, label: Label) -> bool:
    """Whether a word is but how an addressee is called, over name and address: `Firma`."""
    if label.colon or not label.whole or not set(phrases.tokens(label.text)) <= _SALUTATIONS:
        return False
    lines = facts.layout.pages[label.row.page].block_of(label.segment).segments
    return lines[0] is label.segment and any(_POSTCODE.search(s.text) for s in lines[2:5])


@lru_cache(LINES)
def name_likeness(text: str) -> float:
    """How much a line looks like the name of an organisation or a person, 0..1."""
    letters = sum(c.isalpha() for c in text)
    if letters < 3 or letters < 0.55 * len(text.replace(" ", "")) or len(text) > 80:
        return 0.0
    if all(phrases.is_common(s) for s in phrases.stems(text)) or set(phrases.tokens(text)) <= _SALUTATIONS:
        return 0.0
    score = 0.45
    if has_legal_form(text):
        score += 0.4
    if _NOT_NAME.search(text):
        score -= 0.4
    if address_likeness(text) >= 0.4 and not has_legal_form(text):
        score -= 0.35
    if _CARE_OF.match(text):
        score -= 0.3
    if len(text.split()) > 9 or text.rstrip().endswith((":", "?", "!")):
        score -= 0.3
    return max(0.0, min(1.0, score))


def regions(facts: Facts) -> list[Region]:
    """What headings open: below a heading that stands alone, or right of one that a value follows."""
    found: list[Region] = []
    for label in facts.labels:
        role = _heading(label)
        if role is None:
            continue
        page = facts.layout.pages[label.row.page]
        found.append(Region(role, label.row.page, _extent(facts, page, label), label))
    return found


OWNED = "of "  # begins the roles of those whom only the schema names


def owned_regions(facts: Facts, owner: Set[str], role: str) -> list[Region]:
    """What headings open that name somebody no known role stands for: "Emergency contact"."""
    return [
        Region(role, label.row.page, _extent(facts, facts.layout.pages[label.row.page], label), label)
        for label in facts.labels
        if label.whole
        and not label.colon
        and owner <= set(label.stems)
        and len(label.stems) <= len(owner) + 2
    ]


def _heading(label: Label) -> str | None:
    if not (label.whole or label.colon):
        return None
    best = max(((v, c) for c, v in label.concepts.items() if c in ROLES), default=(0.0, ""))
    top = max(label.concepts.values(), default=0.0)
    named = label.concepts.keys() & {"person_name", "first_name", "last_name", "address"}
    if label.numbered and named and best[0] >= 0.3:  # "e Employee's first name and initial" on a form
        return best[1]
    return best[1] if best[0] >= 0.75 and best[0] >= top else None


def _extent(facts: Facts, page: PageLayout, label: Label) -> Box:
    """From the heading down to the next heading or a wide gap; to the right up to the next column."""
    box = label.row.box_of(label.start, label.end)
    size = max(1.0, label.segment.size)
    right = page.page.width
    for segment in label.row.segments:
        if segment.box.x0 > box.x1 + size:
            head = facts.label_of(segment)
            part = head is not None and head.concepts.keys() & {"person_name", "address", "contact_person"}
            if head is not None and (head.sure or head.whole) and not part:
                right = segment.box.x0 - 1
                break
    right = min(right, _next_column(facts, page, label, box, size))
    bottom, last = box.y1, box.y1
    caption = False  # whether the heading is a small one in a box, as on a form
    for row in page.rows[label.row.index + 1 : label.row.index + 16]:
        inside = [s for s in row.segments if s.box.x1 > box.x0 - size and s.box.x0 < right]
        if not inside:
            continue
        if row.box.y0 - last > 3.0 * size or (
            caption
            and last > box.y1
            and inside[0].size <= 1.05 * size
            and _ruled(page, box, last, inside[0].box.y0)
        ):
            break
        head = facts.label_of(inside[0])
        if (
            head is not None
            and head is not label
            and _heading(head)
            and head.segment.box.x0 < box.x0 + 3 * size
        ):
            break
        if last > box.y1 and _alike(label.segment, inside[0]) and len(row.segments) == 1:
            break
        bottom = last = max(s.box.y1 for s in inside)
        caption = caption or size < 0.9 * inside[0].size
    return Box(box.x0 - size, box.y0 - 1, right, bottom + 1)


def _alike(heading: Segment, line: Segment) -> bool:
    """Whether a line is set as a heading is, in a way that other text is not: in capitals throughout."""
    return (
        heading.text.isupper()
        and line.text.isupper()
        and heading.bold == line.bold
        and abs(heading.size - line.size) < 0.1 * heading.size
        and abs(heading.box.x0 - line.box.x0) < heading.size
        and not any(c.isdigit() for c in line.text)
    )


def _ruled(page: PageLayout, heading: Box, top: float, bottom: float) -> bool:
    """Whether a line is drawn between two lines of a region: the end of a form's box."""
    return any(
        r.height < 3
        and r.width > heading.width
        and r.overlap_x(heading) > 0
        and top - 1 <= r.cy <= bottom + 2
        for r in page.page.rules
    )


def _next_column(facts: Facts, page: PageLayout, label: Label, box: Box, size: float) -> float:
    """Where a second column of lines begins beside the lines under a heading; labels and their values are one."""
    starts: list[float] = []
    for row in page.rows[label.row.index + 1 : label.row.index + 9]:
        own = [s for s in row.segments if s.box.x0 < box.x0 + 4 * size and s.box.x1 > box.x0]
        other = (
            [s for s in row.segments if s.box.x0 > max(box.x0 + 8 * size, own[0].box.x1 + 2 * size)]
            if own
            else []
        )
        if not own or not other:
            continue
        head = facts.label_of(own[0])
        if head is not None and (head.colon or head.likeness >= 0.9):
            break
        starts.append(other[0].box.x0)
    return min(starts) - 1 if len(starts) >= 2 else page.page.width


def role_at(found: Sequence[Region], page: int, box: Box) -> str | None:
    """The party whose region a box lies in: the smallest that holds its centre."""
    holding = [
        r for r in found
        if r.page == page and r.box.x0 <= box.cx <= r.box.x1 and r.box.y0 <= box.cy <= r.box.y1
    ]  # fmt: skip
    return min(holding, key=lambda r: r.box.area).role if holding else None


def parties(facts: Facts, *, pages: int = 3) -> list[Party]:
    """Addresses of the first pages with the name above each, best first."""
    found: list[Party] = []
    for page in facts.layout.pages[:pages]:
        for lines in _stacks(page):
            found += _parties_of(facts, page, lines)
    return sorted(found, key=lambda p: -p.strength)


def _stacks(page: PageLayout) -> list[list[Segment]]:
    """Blocks, joined where the next one goes on at the same left edge after little more than a blank line."""
    stacks: dict[int, list[Segment]] = {}
    inner: set[int] = set()
    for block in page.blocks:
        stacks[block.segments[0].index] = list(block.segments)
    for first in list(stacks):
        lines = stacks[first]
        while True:
            last = lines[-1]
            below = page.below(last)
            if (
                not below
                or below[0].index not in stacks
                or below[0].index in inner
                or below[0].index == first
            ):
                break
            lower, size = below[0], max(1.0, last.size)
            gap = lower.box.y0 - last.box.y1
            if (
                gap > 2.2 * size
                or abs(lower.box.x0 - last.box.x0) > 0.6 * size
                or not 0.7 < lower.size / size < 1.4
            ):
                break
            inner.add(lower.index)
            lines += stacks[lower.index]
    return [lines for first, lines in stacks.items() if first not in inner]


def _parties_of(facts: Facts, page: PageLayout, lines: Sequence[Segment]) -> list[Party]:
    likeness = [address_likeness(s.text) for s in lines]
    found: list[Party] = []
    i = 0
    while i < len(lines):
        if (likeness[i] < 0.4 and not _opens(lines, likeness, i)) or (
            has_legal_form(lines[i].text) and likeness[i] < 0.6 and not lines[i].text[:1].isdigit()
        ):
            i += 1
            continue
        first = i
        last = i
        while i + 1 < len(lines) and _goes_on(lines, likeness, first, i + 1):
            i += 1
            if likeness[i] > 0:
                last = i
        last = _with_city(lines, last)
        if first < last and _is_no_street(lines[first].text) and _is_street(lines[first + 1].text):
            first += 1  # "Plant 2" over "220 Rail Road" is a name
        run = tuple(lines[first : last + 1])
        total = sum(likeness[first : last + 1])
        if (
            total >= 0.8
            or _POSTCODE.search(" ".join(s.text for s in run))
            or any(_city_behind_street(s.text) for s in run)
        ):
            name = _name_above(facts, page, lines, first)
            box = Box(
                min(s.box.x0 for s in (*name, *run)), min(s.box.y0 for s in (*name, *run)),
                max(s.box.x1 for s in (*name, *run)), max(s.box.y1 for s in (*name, *run)),
            )  # fmt: skip
            found.append(Party(page.position, name, run, min(1.0, total / 2), box))
        i += 1
    return found


def _is_no_street(text: str) -> bool:
    return not names_street(text) and not text[:1].isdigit() and _POSTCODE.search(text) is None


def _is_street(text: str) -> bool:
    return names_street(text) and text[:1].isdigit()


def _opens(lines: Sequence[Segment], likeness: Sequence[float], at: int) -> bool:
    """Whether a line with a house number opens an address: a postcode stands in one of the next two lines."""
    return likeness[at] >= 0.25 and any(_POSTCODE.search(s.text) for s in lines[at + 1 : at + 3])


def _goes_on(lines: Sequence[Segment], likeness: list[float], first: int, at: int) -> bool:
    text = lines[at].text
    if any(_POSTCODE.search(s.text) for s in lines[first:at]) and likeness[at] < 0.25:
        return False  # what follows the city is the next address
    if likeness[at] >= 0.25:
        return True
    if _NOT_ADDRESS.search(text) or has_legal_form(text):
        return False
    ahead = at + 1 < len(lines) and likeness[at + 1] >= 0.35
    return ahead and len(text) < 45


def _with_city(lines: Sequence[Segment], last: int) -> int:
    """A last line of bare words after a comma, or a country, still belongs to the address."""
    if last + 1 < len(lines):
        text = lines[last + 1].text.strip(" .,")
        plain = text.replace(" ", "").isalpha() and len(text.split()) <= 3
        if plain and (lines[last].text.rstrip().endswith(",") or _PLACES.fullmatch(text)):
            return last + 1
    return last


def _is_heading(facts: Facts, segment: Segment) -> bool:
    head = facts.label_of(segment)
    return head is not None and head.whole and max(head.concepts.values(), default=0.0) >= 0.75


def _name_above(facts: Facts, page: PageLayout, lines: Sequence[Segment], first: int) -> tuple[Segment, ...]:
    above = [*lines[:first]]
    if not above:
        upper = page.above(lines[first])
        size = lines[first].size
        above = [s for s in upper[:1] if lines[first].box.y0 - s.box.y1 < 3 * size]
        if above:
            above = list(page.block_of(above[0]).segments)
            above = [s for s in above if s.box.y1 <= lines[first].box.y0 + 0.5 * size]
    full = max((i for i, s in enumerate(above) if _POSTCODE.search(s.text)), default=-1)
    above = above[full + 1 :]  # a line with a postcode ends another address
    above = [s for s in above if not _CARE_OF.match(s.text)]
    named = [s for s in above if name_likeness(s.text) >= 0.4 and not _is_heading(facts, s)]
    if not named:
        return ()
    legal = [s for s in named if has_legal_form(s.text)]
    return (legal[0] if legal else named[0],)
