"""What stands in a slot, read as a field's type: numbers, dates, identifiers, names, text over several lines.

Called by `candidates` behind labels, and by whoever has found a place in another way.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from msgspec import structs

from paperclerk.domain.result import Scalar, Span
from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields import forms
from paperclerk.engines.embedded.fields.captions import (
    PHRASE,
)
from paperclerk.engines.embedded.fields.slots import Slot
from paperclerk.engines.embedded.page.addresses import address_likeness
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import COLUMN_MARK, PageLayout, Row, Segment
from paperclerk.engines.embedded.page.names import has_legal_form, name_end
from paperclerk.engines.embedded.page.values import Mark, MarkKind, read
from paperclerk.engines.embedded.words.lexicon import kind_of, labels
from paperclerk.engines.embedded.words.phrases import key, word_set
from paperclerk.printed.dates import MONTHS, Date
from paperclerk.printed.identifiers import is_iban
from paperclerk.printed.locale import CODES, NAMES, SYMBOLS
from paperclerk.printed.numbers import Number, currency_code

_MARKS: dict[str, MarkKind] = {
    "email": "email",
    "uri": "uri",
    "phone": "phone",
    "iban": "iban",
    "bic": "bic",
    "vat_id": "vat_id",
}
_ID = re.compile(r"[^\W_][\w./\\#&-]*[^\W_]|\d")
_SIGN = re.compile(r"(?:no|nr|n°|nº)[.:/]*(?=\d)", re.I)  # No.1032
_ID_MORE = re.compile(r" \d[\d-]+(?![\w,.]*[.,/]\d|\w)")
_SECTION = re.compile(
    r"(?:§|section|article)? ?\d+(?:\.\d+)+\.?\s|\d{1,2}\.\s+[A-Z]|"
    r"(?:article|artikel|art[íi]culo|articolo|artigo|section|clause|cl[áa]usula) \d{1,2}\W",
    re.I,
)  # the next heading
_STRAY = re.compile(r"[^\W\d_A-Z]\W?\s+(?=\w)")  # a stroke read as a letter
_PREFIX = re.compile(r"[A-ZÄÖÜ]{1,4}(?:-[A-Z]{1,2})? (?=[A-Z]?/?\d)")  # FS 3/8812
_LABEL_TAIL = re.compile(r"[.:#°º] (?P<prefix>[A-Z]{1,4} )$")  # Lic. No. NY 224918
_GROUPS = re.compile(r"(?: (?:\d{1,6}|[A-Z]{1,3})){1,4}\s*$")  # 53 140688 K 019
_IN_GROUPS = re.compile(  # G4K 01882714, YK23 LNB
    r"(?!\d{1,2} \d)[A-Z0-9]*\d[A-Z0-9]*(?: [A-Z0-9]*\d[A-Z0-9]*){1,3}|[A-Z]{2}\d{2} [A-Z]{3}"
)
_LETTER = r"[^\W\d_]"
LETTER_BEHIND = 3  # groups that a last one of letters belongs to: QQ 12 34 56 C
_CURRENCY = re.compile(
    rf"(?<!{_LETTER})(?:"
    + "|".join(re.escape(s) for s in sorted([*SYMBOLS, *CODES], key=len, reverse=True))
    + "|(?i:"
    + "|".join(re.escape(s) for s in sorted(NAMES, key=len, reverse=True))
    + rf")s?)(?!{_LETTER})"
)
_TRIM = " \t,;:|*_-–—.'\"’“”»«>"
_DATED = re.compile(r"(?<=[^\W\d]{3}), (?=\d{1,2}\W|[^\W\d]{3,9}\.? \d)[^,]*(?:, \d{4})?$")
_PARTICLES = word_set(
    "of and the for in at de la le les du des d l von van der den zu zur zum und y e et di da do dos das del dal of "
    "bin binti ten ter op en for"
)
_BOXES = "□☐☑☒■口○●◯冈"  # a box to tick stands before it

Place = tuple[int, int, int, int]  # page position, row, start, end
Reading = tuple[Scalar, tuple[Span, ...], Place, float, float | None]


def readings(facts: Facts, profile: Profile, slot: Slot) -> Iterator[Reading]:
    """Values of the field's type in a slot: (value, spans, place, how well the type fits, amount)."""
    row, want = slot.row, profile.want
    if want in ("money", "number", "percent", "integer"):
        yield from _numbers(facts, profile, slot)
    elif want in ("date", "datetime"):
        yield from _dates(facts, profile, slot)
    elif want == "time":
        for time in facts.values(row).times:
            if slot.start <= time.start < slot.end:
                yield _reading(row, time.start, time.end, _printed(row, time.start, time.end), 1.0)
    elif want in _MARKS:
        yield from _marks(facts, profile, slot)
    elif want == "currency":
        for match in _CURRENCY.finditer(row.text, slot.start, slot.end):
            yield _reading(row, *match.span(), currency_code(match.group()), 1.0)
    elif want == "id":
        yield from _ids(facts, profile, slot)
    elif want in ("name", "text", "address", "country"):
        yield from _texts(facts, profile, slot)


def _printed(row: Row, start: int, end: int) -> str:
    return row.text[start:end].replace("\t", " ")


def _reading(
    row: Row, start: int, end: int, value: Scalar, factor: float, amount: float | None = None
) -> Reading:
    return value, (row.span(start, end),), (row.page, row.index, start, end), factor, amount


def _numbers(facts: Facts, profile: Profile, slot: Slot) -> Iterator[Reading]:
    row = slot.row
    numbers = facts.values(row).numbers
    inside = [n for n in numbers if slot.start <= n.start and n.end <= slot.end]
    if not inside:
        return
    codes = [m.span() for m in _CODE.finditer(row.text)]
    plain = profile.want in ("money", "number")
    inside = [
        n for n in inside
        if not _numbers_caption(row, n) and not any(a <= n.start < b for a, b in codes)
        and not _MASKED.search(row.text, max(0, n.start - 3), n.start) and not _line_again(row, n)
        and not (plain and not n.is_money_like and _STREET_BEHIND.match(row.text, n.end))
    ]  # fmt: skip
    amounts = sum(n.decimals == 2 for n in numbers)
    crowd = 0.94 if profile.want == "money" and amounts > 1 else 1.0  # a row of a table, no sum of its own
    marked = any(n.currency for n in inside)
    told = _before_words(row, inside)
    if slot.direction != "same" and _NUMBERED_LINE.fullmatch(
        row.text, slot.start, row.segment_at(slot.start).end
    ):
        return  # the next caption of a numbered list
    remarks = [m.span() for m in _REMARK.finditer(row.text)]
    measured = [n for n in inside if _measured(row, n, profile)]
    if (end := _end_of_range(row, inside, profile)) is not None:
        inside = [end]
    for i, number in enumerate(_said_in_brackets(row, n) for n in inside):
        factor = crowd * _number_factor(row, number, profile, i, told if i < told else len(inside))
        if marked and not number.currency:
            factor *= 0.85
        if any(a < number.start and number.end < b for a, b in remarks) or _BASE.search(
            row.text, max(0, number.start - _LONGEST_BASE), number.start
        ):
            factor *= 0.5  # "VAT (20 % on 412.50)"
        if measured:
            factor *= 1.0 if number in measured else 0.7
        if amounts > 1 and slot.direction == "right":
            factor *= _column_fit(facts, profile, row, number)
        value = forms.number_value(number, profile, _printed(row, number.start, number.end))
        if factor > 0 and value is not None:
            yield _reading(row, number.start, number.end, value, factor, number.value)


def _before_words(row: Row, numbers: Sequence[Number]) -> int:
    """How many numbers stand before a sentence goes on with some words: those behind them are of something else."""
    for i, (a, b) in enumerate(itertools.pairwise(numbers), 1):
        between = row.text[a.end : b.start]
        if COLUMN_MARK not in between and sum(w[:1].islower() for w in between.split()) >= WORDS_BETWEEN:
            return i
    return len(numbers)


def _end_of_range(row: Row, numbers: Sequence[Number], profile: Profile) -> Number | None:
    """The first or the last number of `-15 to +120`, for a minimum or a maximum."""
    least, most = profile.called & _LEAST, profile.called & _MOST
    if bool(least) == bool(most) or len(numbers) < 2:
        return None
    first, last = numbers[0], numbers[1]
    ranged = _BETWEEN.fullmatch(row.text, first.end, last.full_start) is not None
    return (first if least else last) if ranged else None


_LEAST, _MOST = word_set("min minimum lowest lower"), word_set("max maximum highest upper")
_BETWEEN = re.compile(r"[^\w\d]{0,3}(?:°C|\w{1,3})? ?(?:to|bis|à|a|al|tot|–|-|…|\.\.\.?|and) ?[+]?")
WORDS_BETWEEN = 3
_BASE = re.compile(r"% ?(?:aus|von|over|sur|auf|on|su|sobre|of|de) ?[€£$]?$")  # VAT 7 % on 42.50
_LONGEST_BASE = 10
_REMARK = re.compile(r"\([^()]*[^\W\d][^()]*\)")
_UNIT = re.compile(r" ?(?P<unit>[^\W\d]{1,4}[²³]?)(?![^\W\d])")


def _measured(row: Row, number: Number, profile: Profile) -> bool:
    """Whether a number has the unit behind it that the field's own name ends in: `price_ct`, `usage_gb`."""
    unit = _UNIT.match(row.text, number.end)
    return unit is not None and len(profile.words) > 1 and unit["unit"].lower() == profile.words[-1][0]


_MASKED = re.compile(r"[*•xX]{2,}[ -]?$")  # **** 2094
# 987-65-4329, 44-B-20817 and 318 2257 40 are no amounts.
_CODE = re.compile(
    r"\d+-\d+-\d+|\w*\d-[A-Z]+-?\d+|[A-Z]+\d+-\d+|"
    r"(?<![\d.,])(?!\d{1,3}(?: \d{3})+(?! ?\d))\d{2,}(?: \d{2,}){2,}(?![.,]?\d)"
)
_ZERO = re.compile(r"[.)]? +[^\W\d]{3,}.*")  # 024 Annuities
_CAPTION = re.compile(r"[a-z]?[.)]? +[A-Z][a-z]+(?:[ ,'’-]+[A-Za-z'’]+)+")


def _numbers_caption(row: Row, number: Number) -> bool:
    """Whether a number only numbers the caption behind it, as on a form: `8 Allocated tips`."""
    segment = row.segment_at(number.start)
    if number.start != segment.start or number.decimals:
        return False
    zero = row.text[number.start] == "0"
    caption = (_ZERO if zero else _CAPTION).fullmatch(row.text, number.end, segment.end)
    return number.end - number.start <= 2 + zero and caption is not None


_STREET_BEHIND = re.compile(r" [A-Z][a-z]+ [A-Z][a-z]+")  # 310 Wharf Road is no amount
_NUMBERED_LINE = re.compile(r"\d{1,2}[a-z]?[.)] +[A-Z][A-Za-z]+(?: .*)? [^\W\d]{2,}.*")
_LINE_NO = re.compile(r"(?P<no>\d{1,2}[a-z]?)(?:[.)]\s|\s+[^\W\d])")


def _said_in_brackets(row: Row, number: Number) -> Number:
    """The number, no negative one where a sentence has an amount in brackets: `... Dollars ($9,000)`."""
    segment = row.segment_at(number.start)
    if number.value >= 0 or row.text[number.start] != "(":
        return number
    before, after = row.text[segment.start : number.start], row.text[number.end : segment.end]
    small = sum(w[:1].islower() for w in before.split()) + sum(w.isalpha() for w in before.split())
    told = any(c.isalpha() for c in after) or small >= WORDS_BETWEEN
    return structs.replace(number, value=-number.value) if told else number


def _line_again(row: Row, number: Number) -> bool:
    """Whether a number alone repeats the one that its line begins with, before the amount box of a tax form."""
    begun = _LINE_NO.match(row.text)
    segment = row.segment_at(number.start)
    alone = row.text[segment.start : segment.end].strip(" .")
    return begun is not None and len(row.segments) > 1 and alone == begun["no"]


def _column_fit(facts: Facts, profile: Profile, row: Row, number: Number) -> float:
    """What the head of a number's column says to the field: in a row of totals it tells net from gross."""
    page = facts.layout.pages[row.page]
    at = row.segment_at(number.start)
    for _ in range(60):
        above = page.above(at)
        if not above:
            return 1.0
        at = above[0]
        if any(c.isdigit() for c in at.text):
            continue
        head = facts.label_of(at)
        said = {c for c, v in head.concepts.items() if v >= 0.9 and kind_of(c) == "money"} if head else set()
        if not said:
            counted = head is not None and max(head.concepts.get(c, 0.0) for c in _COUNTS) >= 0.9
            return 0.75 if counted and profile.want == "money" else 1.0
        return 1.05 if said & profile.concepts.keys() else 0.75
    return 1.0


_COUNTS = ("hours", "quantity")
_DAYS = re.compile(r" ?(?:days?|tagen?|jours|dias|giorni|dagen)\b", re.I)


def _number_factor(row: Row, number: Number, profile: Profile, at: int, count: int) -> float:
    want = profile.want
    if want == "percent":
        return 1.0 if number.percent else 0.0 if _DAYS.match(row.text, number.end) else 0.6
    if number.percent:
        return 0.0 if want == "money" else 0.3
    if want == "money":
        if _DAYS.match(row.text, number.end):
            return 0.0  # "net 30 days"
        shape = 1.0 if number.is_money_like else 0.85 if number.decimals else 0.6
        return shape * (1.0 if at == count - 1 else 0.9)
    if want == "integer":
        return (1.0 if number.decimals == 0 else 0.4) * (1.0 if at == 0 else 0.8)
    return (0.85 if number.currency else 1.0) * (1.0 if at == 0 else 0.85)


_MONTH = re.compile(r"(?P<name>[^\W\d_]{3,10})\.? \d{4}\b")


def _dates(facts: Facts, profile: Profile, slot: Slot) -> Iterator[Reading]:
    row = slot.row
    values = facts.values(row)
    ranged: set[int] = set()
    written = profile.field.kind == "string" and not profile.field.format and not profile.side
    period = written and profile.concepts.get("period", 0.0) >= 0.9  # `billing_period` in words
    if period and (month := _MONTH.match(row.text, slot.start, slot.end)) and month["name"].lower() in MONTHS:
        yield _reading(row, *month.span(), _printed(row, *month.span()), 1.0)
    for span in values.ranges:
        if slot.start <= span.first.start and span.last.end <= slot.end:
            ranged |= {span.first.start, span.last.start}
            if profile.side:
                date = span.first if profile.side == "start" else span.last
                yield _date_reading(facts, row, date, profile, 1.0)
            else:
                yield _date_reading(facts, row, span.first, profile, 0.5)
    for i, date in enumerate(d for d in values.dates if slot.start <= d.start and d.end <= slot.end):
        if date.start not in ranged:
            alone = 0.8 if profile.side else 1.0
            yield _date_reading(facts, row, date, profile, alone * (1.0 if i == 0 else 0.8))


def _date_reading(facts: Facts, row: Row, date: Date, profile: Profile, factor: float) -> Reading:
    printed = _printed(row, date.start, date.end)
    times = [t for t in facts.values(row).times if t.start >= date.end]
    value = forms.date_value(date, profile, printed, times[0] if times else None)
    return _reading(row, date.start, date.end, value, factor)


def _marks(facts: Facts, profile: Profile, slot: Slot) -> Iterator[Reading]:
    row, kind = slot.row, _MARKS[profile.want]
    hits = [m for m in facts.values(row).marks_of(kind) if slot.start <= m.start < slot.end]
    for mark in hits:
        yield _reading(row, mark.start, mark.end, mark_value(row, mark, profile), 1.0)
    if not hits and kind == "iban":
        yield from _over_line_end(facts, slot)
        return  # any other number is none
    if not hits and kind in ("phone", "vat_id", "bic"):
        for reading in _ids(facts, profile, slot):
            if sum(c.isdigit() for c in str(reading[0])) >= 5:
                yield (*reading[:3], 0.8 * reading[3], None)


def _over_line_end(facts: Facts, slot: Slot) -> Iterator[Reading]:
    """An IBAN that goes on in the next line; only its check digits tell that the two belong together."""
    row, segment = slot.row, slot.row.segment_at(slot.start)
    lines = facts.layout.pages[row.page].block_of(segment).segments
    after = lines[lines.index(segment) + 1 :][:1]
    if slot.end < segment.end or not after:
        return
    head = row.text[slot.start : segment.end].rstrip()
    for mark in read(f"{head} {after[0].text}", facts.locale).marks_of("iban"):
        if mark.start < len(head) < mark.end and is_iban(mark.value):
            start, end = slot.start + mark.start, after[0].start + mark.end - len(head) - 1
            parts = (
                *row.span(start, segment.end).parts,
                *facts.layout.row_of(after[0]).span(after[0].start, end).parts,
            )
            yield mark.value, (Span(row.number, parts),), (row.page, row.index, start, segment.end), 1.0, None


def mark_value(row: Row, mark: Mark, profile: Profile) -> str:
    printed = _printed(row, mark.start, mark.end)
    if mark.kind == "uri" and profile.field.format in ("uri", "url", "iri") and "://" not in mark.value:
        return f"https://{mark.value}"  # without a scheme it would be no URI
    return mark.value if mark.kind in ("iban", "email", "uri") else printed


def _ids(facts: Facts, profile: Profile, slot: Slot) -> Iterator[Reading]:
    """The first run that looks like a number or code; groups of digits behind it belong to it."""
    row = slot.row
    values = facts.values(row)
    count = 0
    for match in _ID.finditer(row.text, slot.start, slot.end):
        start, end = match.span()
        if sign := _SIGN.match(row.text, start, end):
            start = sign.end()
        if not any(c.isdigit() for c in match.group()):
            if (
                count == 0
                and match.group().isupper()
                and 3 <= len(match.group()) <= 20
                and profile.field.pattern
            ):
                pass
            else:
                continue
        dated = any(d.start < end and start < d.end for d in values.dates)
        if dated and not match.group().isdigit():
            continue  # 20240115 may be a number as well
        if count == 0 and (prefix := _PREFIX.match(row.text, slot.start, end)) and prefix.end() == start:
            start = prefix.start()
        elif count == 0 and start == slot.start and (tail := _label_tail(row.text, start)):
            start = tail.start("prefix")
        if (
            count == 0
            and (groups := _GROUPS.match(row.text, end, slot.end))
            and (groups.group().strip()[-1].isdigit() or groups.group().count(" ") >= LETTER_BEHIND)
        ):
            end = groups.end() - (len(groups.group()) - len(groups.group().rstrip()))
        wide = profile.want in ("iban", "vat_id", "phone", "bic") or _grouped(profile)
        wide = wide or re.fullmatch(r"\d{1,4}", row.text[start:end]) is not None
        wide = wide or re.fullmatch(r"[A-Z]{2,4} \d{2,4}", row.text[start:end]) is not None  # EVG 880 127 433
        while wide and (more := _ID_MORE.match(row.text, end, slot.end)):
            end = more.end()
        if count == 0 and start == slot.start and (whole := _IN_GROUPS.fullmatch(row.text, start, slot.end)):
            end = whole.end()
        value = forms.text_value(_printed(row, start, end), profile)
        if value is None or _is_amount(row.text[start:end], facts, row, start):
            continue
        lead = start - slot.start
        digits = sum(c.isdigit() for c in value)
        shape = 1.0 if digits >= 3 else 0.9 if len(value) >= 3 else 0.75 if digits == 2 else 0.5
        shape *= 0.8 if dated else 1.0
        yield _reading(
            row, start, end, value, shape * (1.0 if count == 0 else 0.7) * (1.0 if lead < 25 else 0.85)
        )
        count += 1
        if count >= 3:
            return


def _label_tail(text: str, start: int) -> re.Match[str] | None:
    """Capitals before a number that a label took for its own, unless they are one: `P. IVA 0288...`"""
    tail = _LABEL_TAIL.search(text, 0, start)
    return tail if tail and key(tail["prefix"]) not in labels() else None


def _grouped(profile: Profile) -> bool:
    return bool({"account_number", "vat_id", "tax_number", "national_id", "iban"} & profile.concepts.keys())


def _is_amount(text: str, facts: Facts, row: Row, start: int) -> bool:
    return any(n.start == start and n.is_money_like and n.decimals == 2 for n in facts.values(row).numbers)


def _name_factor(text: str, letters: int) -> float:
    """How much a text may be a name: few words, capitals, no sentence."""
    words = text.split()
    if sum(c.isdigit() for c in text) > letters:
        return 0.4
    factor = 0.25 if text[0] in _BOXES else 1.0
    if len(words) > 8:
        factor *= 0.6
    small = sum(w[0].islower() and w.lower() not in _PARTICLES for w in words)
    if small >= 2 or text[0] in "$€£":
        factor *= 0.4  # a sentence
    if address_likeness(text) >= 0.5 and not has_legal_form(text):
        factor *= 0.6
    if text[0].islower() or text.rstrip().endswith(("?", ":", ";")):
        factor *= 0.6
    return factor


_FULL_STOP = re.compile(r"(?:^|\s)(?:[^\W\d_][^\W_A-Z]{4,}(?<!str)|\d{2,})\.$")


def _texts(facts: Facts, profile: Profile, slot: Slot) -> Iterator[Reading]:
    row = slot.row
    start, end = slot.start, slot.end
    boxes = [m for m in facts.values(row).marks if m.kind in ("checked", "unchecked")]
    if any(m.start == start for m in boxes):  # boxes to tick and their words
        if boxes[0].start == start:
            yield from _words_of_box(row, boxes, profile)
        return
    while start < end and row.text[start] in _TRIM:
        start += 1
    while end > start and row.text[end - 1] in " \t,;:|*_-–—":
        end -= 1
    if _FULL_STOP.search(row.text[start:end]) and len(row.text[start:end].split()) <= PHRASE:
        end -= 1
    head = facts.label_of(row.segment_at(start))
    weak = 1.0
    if profile.want == "name":
        if head is not None and head.cut is not None and head.start <= start < head.end:
            if "person_name" not in head.cut_concepts:
                worded = any(kind_of(c) in ("text", "name", "address") for c in head.cut_concepts)
                firm = has_legal_form(row.text[start:end])
                weak = 0.5 if worded and not firm else 1.0  # "Occupation Manager" is no name
            else:
                start = head.start + head.cut
                while start < end and not row.text[start].isalnum():
                    start += 1
                if stray := _STRAY.match(row.text, start, end):
                    start = stray.end()
        mark = next((m for m in facts.values(row).marks if m.kind == "email" and start < m.start < end), None)
        end = start + name_end(row.text[start : mark.start if mark else end])
    text = row.text[start:end]
    letters = sum(c.isalpha() for c in text)
    if not text or (profile.want in ("name", "address") and letters < 2):
        return
    factor = weak * _name_factor(text, letters) if profile.want == "name" else 1.0
    if head is not None and head.start <= start < head.end:
        factor *= 0.35 if head.sure else 1.0 - 0.6 * head.likeness  # this may be a label itself
    if profile.want == "name" and any(d.start < end and start < d.end for d in facts.values(row).dates):
        factor *= 0.3
    if _SECTION.match(text):
        factor *= 0.4
    if profile.want == "address" and address_likeness(text) < 0.25:
        told = slot.direction == "same" and ":" not in row.text[:start]  # inside a sentence
        factor *= 0.5 if told else 1.0 if any(c.isdigit() for c in text) else 0.6
    if profile.want == "text":
        if any(d.start == start and d.end == end for d in facts.values(row).dates):
            factor *= 0.35  # nor does a bare date
        dated = _DATED.search(text)
        if dated is not None and any(start + dated.end() == d.end for d in facts.values(row).dates):
            end, text = start + dated.start(), text[: dated.start()]  # Valencia, 22 March 2026
        if profile.concepts.keys() & {"payment_terms", "payment_method"} and (stop := text.find(". ")) > 0:
            end = start + stop
    paragraph = _paragraph(facts, slot, start, end) if profile.want == "text" else []
    if len(paragraph) > 1:
        yield from _joined(profile, paragraph, factor)
        return
    value = forms.text_value(_printed(row, start, end), profile)
    if value is not None:
        yield _reading(row, start, end, value, factor)


_KIND = word_set("type kind category class status reason art typ grund tipo categorie soort motif motivo")


def _words_of_box(row: Row, boxes: Sequence[Mark], profile: Profile) -> Iterator[Reading]:
    """The words behind the one box of several that is ticked, where one of several kinds is asked for."""
    ticked = [i for i, m in enumerate(boxes) if m.kind == "checked"]
    if profile.want != "text" or not profile.called & _KIND or len(boxes) < 2 or len(ticked) != 1:
        return
    start = boxes[ticked[0]].end
    behind = [m.start for m in boxes[ticked[0] + 1 :]]
    end = (
        min([*behind, row.segment_at(start).end]) if COLUMN_MARK not in row.text[start : start + 1] else start
    )
    said = row.text[start:end]
    start, end = start + len(said) - len(said.lstrip()), start + len(said.rstrip())
    if start < end and (value := forms.text_value(_printed(row, start, end), profile)) is not None:
        yield _reading(row, start, end, value, 1.0)


Stretch = tuple[Row, int, int]  # characters of a row


def _paragraph(facts: Facts, slot: Slot, start: int, end: int) -> list[Stretch]:
    """The lines of running text that begin in a slot: a long line, and those stacked below it."""
    first = slot.row.segment_at(start)
    if len(first.words) < 7:
        return []
    page = facts.layout.pages[slot.row.page]
    if slot.direction == "below":
        lines = page.block_of(first).segments
        after = lines[lines.index(first) + 1 :]
        ends = (i for i, s in enumerate(after) if _SECTION.match(s.text) and len(s.words) <= PHRASE)
        return [(page.row_of(s), s.start, s.end) for s in (first, *after[: next(ends, len(after))])]
    if slot.direction not in ("same", "right") or end < first.end:
        return []
    return [
        (slot.row, start, end),
        *((page.row_of(s), s.start, s.end) for s in _run_on(facts, page, slot, start)),
    ]


def _run_on(facts: Facts, page: PageLayout, slot: Slot, start: int) -> Iterator[Segment]:
    """The lines below a full one that text behind a label goes on in: each begins under the text or its label, with a
    word that would not have fitted in above."""
    last = slot.row.segment_at(start)
    lefts = (last.box.x0, slot.row.box_of(start, start + 1).x0)
    margin = max(s.box.x1 for s in page.block_of(last).segments)
    while below := page.below(last):
        following = below[0]
        first_word = page.page.words[following.words[0]].box.width
        label = facts.label_of(following)
        if (
            not 0 < following.box.y0 - last.box.y1 + 0.3 * last.size < 1.1 * last.size
            or min(abs(following.box.x0 - left) for left in lefts) > last.size
            or last.box.x1 + 0.3 * last.size + first_word <= margin
            or (label is not None and (label.colon or label.sure))
        ):
            return
        yield following
        last = following


def _joined(profile: Profile, lines: list[Stretch], factor: float) -> Iterator[Reading]:
    """Several lines as one value, a hyphen at a line's end undone."""
    text = ""
    for row, start, end in lines:
        joint = "" if text.endswith("-") and text[-2:-1].islower() else " "
        text = (text[:-1] if not joint else text) + joint + row.text[start:end]
    value = forms.text_value(text.strip(), profile)
    if value is not None:
        parts = tuple(p for row, start, end in lines for p in row.span(start, end).parts)
        row, start, end = lines[0]
        yield value, (Span(row.number, parts),), (row.page, row.index, start, end), factor, None
