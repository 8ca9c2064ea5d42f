"""Values told by what stands around them, without a label of their own: a day to pay by inside a sentence, the
rate in the name of a tax, the last digits and the brand of a card, a profile on a known site. Called by
`unlabelled`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Set
from functools import lru_cache, partial

from paperclerk.domain.result import Scalar
from paperclerk.engines.embedded.asked.profile import KEPT_PROFILES, Profile
from paperclerk.engines.embedded.fields import forms, titles
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.micr import asks_ink, inked
from paperclerk.engines.embedded.fields.mrz import asks_zone, zoned
from paperclerk.engines.embedded.fields.payments import paid
from paperclerk.engines.embedded.fields.readings import mark_value
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import PageLayout, Row, Segment
from paperclerk.engines.embedded.words import phrases
from paperclerk.printed.dates import Date
from paperclerk.printed.numbers import Number

_PAY = re.compile(
    r"\b(?:pay\w*|remit|settle\w*|due|zahl\w*|überweis\w*|begleich\w*|régl\w*|pag\w*|abon\w+|versamento|betal\w*|"
    r"overmak\w*|liquid\w+)\b",
    re.I,
)
_BY = re.compile(
    r"(?:\b(?:by|before|until|no later than|on or before|bis|bis zum|spätestens(?: am| zum)?|avant le|"
    r"jusqu'au|au plus tard le|antes del?|hasta el|entro il|entro e non oltre il|voor|vóór|uiterlijk(?: op)?|tot|"
    r"até|até ao)\s+)$",
    re.I,
)
_TAKEN = re.compile(
    r"\b(?:debited|collected|abgebucht|eingezogen|prélev\w*|cargar\w*|addebit\w*|afgeschreven|debitad\w*)\b",
    re.I,
)
_ON = re.compile(r"\b(?:on|am|zum|le|el|il|op|em)\s+$", re.I)
_BRANDS = (
    r"visa(?: debit| electron)?|master ?card|maestro|american express|amex|discover|diners club|jcb|unionpay|"
    r"girocard|v ?pay|carte bleue|bancontact|multibanco"
)
_CARD_DIGITS = re.compile(
    r"(?:[*xX•●·#.]{2,}[\s-]?)+(?P<digits>\d{4})(?!\d)|\bending (?:in|with)\s+(?P<end>\d{4})\b|"
    rf"\b(?i:{_BRANDS}) ?[-–·] ?(?P<behind>\d{{4}})(?![\d\W]*\d)"
)
_BRAND = re.compile(rf"\b(?:{_BRANDS})\b", re.I)


_SEEN = phrases.word_set(
    "doctor physician practitioner consultant dentist therapist technician engineer advisor contact techniker arzt "
    "ansprechpartner berater agent representative medecin medico tecnico technicien monteur specialist"
)
_TITLED = re.compile(
    r"(?<!\w)(?:with|by|von|bei|avec|con|met|com|Ihnen|Mitarbeiter(?:in)?|to|contact) "
    r"(?P<name>(?:Mrs?|Ms|Dr|Prof|Herrn?|Frau|Monsieur|Madame|Sig|Sra?|Dhr|Mevr)\.? (?:Dr\. )?[A-ZÀ-Ý][^\W\d_]+ "
    r"[A-ZÀ-Ý][^\W\d_]+)"
)
_ASKED_FOR = re.compile(
    r"\b(?i:call|ask for|contact|speak (?:to|with)|wenden Sie sich (?:bitte )?an|contacter|contacte con) "
    r"(?P<name>(?!\S* ?(?:[A-Z]\S* )*(?:Services?|Department|Office|Team|Support|Cent(?:er|re)|Line|Desk|Us)\b)"
    r"[A-ZÀ-Ý][^\W\d_]+ [A-ZÀ-Ý][^\W\d_]+)"
)
_TIME_ALONE = phrases.word_set("time uhrzeit heure hora ora tijd of day transaction purchase receipt printed")


Cue = Callable[[Facts, Profile], Iterator[Candidate]]


def cued(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """What the surroundings tell of the field; nothing for most fields."""
    for cue in _cues(profile):
        yield from cue(facts, profile)


@lru_cache(maxsize=KEPT_PROFILES)
def _cues(profile: Profile) -> tuple[Cue, ...]:
    """What to look for: it follows from the field alone."""
    words, want = profile.called, profile.want
    cues: list[Cue | None] = [
        zoned if asks_zone(profile) else None,
        inked if asks_ink(profile) else None,
        titles.subject if titles.asks_subject(profile) else None,
        titles.kind if titles.asks_kind(profile) else None,
    ]
    if (cited := next((p for said, p in _CITED.items() if words <= said), None)) is not None:
        cues.append(partial(_in_citation, part=cited))
    if "doi" in words or "arxiv" in words:
        cues.append(partial(_found, pattern=_DOI if "doi" in words else _ARXIV, score=0.9))
    if want in ("name", "text") and len(profile.field.path) <= 2 and any(len(w) >= ALIKE for w in words):
        cues.append(_done_by)
    if want in ("name", "text") and words & _IN_WORDS:
        cues.append(partial(_found, pattern=_SPELT, score=0.8))
    return (*filter(None, cues), *_by_kind(profile))


def _by_kind(profile: Profile) -> tuple[Cue, ...]:
    words, want, concepts = profile.called, profile.want, profile.concepts
    if want in ("date", "datetime") and concepts.get("due_date", 0.0) >= 0.55:
        return (_days_to_pay_by,)
    if want == "date" and words & _MADE:
        return (_days_of_signing,)
    if want == "percent" and concepts.get("tax_rate", 0.0) >= 0.8:
        return (_tax_rates,)
    if want == "time" and not words - _TIME_ALONE:
        return (_times,)
    if max(concepts.get(c, 0.0) for c in _BALANCES) >= 0.9:
        return (_dated_balances,)
    around = {phrases.stem(w) for w in _around(profile)}
    if want in ("money", "number", "integer") and "total" in {w for w, _ in profile.words} | around:
        return (_column_totals,) if want == "money" else (_column_totals, _counted)
    if want in ("integer", "number") and (unit := _UNIT_ASKED.search(profile.field.name)):
        return (partial(_in_unit, unit=unit["unit"] or unit["small"]), _counted)
    if want in ("integer", "number"):
        return (_days_of_month, _counted) if "day" in words and "days" not in words else (_counted,)
    if ("last" in words and words & {"4", "four", "digits"}) or words & {"last4", "lastfour"}:
        return (partial(_found, pattern=_CARD_DIGITS),)
    if "card" in words | _around(profile) and words & {"type", "brand", "network", "scheme"}:
        return (partial(_found, pattern=_BRAND),)
    if concepts.get("payment_method", 0.0) >= 0.9:
        return (_how_paid, partial(_found, pattern=_BRAND, score=0.4))
    if words & _SEEN and want in ("name", "text"):
        return partial(_found, pattern=_TITLED, score=0.45), partial(_found, pattern=_ASKED_FOR, score=0.5)
    if want == "uri" and profile.owner:
        return (_profiles,)
    return _by_name(profile)


def _by_name(profile: Profile) -> tuple[Cue, ...]:
    words, named = profile.called, profile.want in ("name", "text")
    if (words & _SIGNERS and words <= _SIGNERS | _TITLES | {"name", "full", "by"}) or (
        _around(profile) & _SIGNERS and words <= _TITLES | {"name", "full"}
    ):
        return (_who_writes,)
    if words & _POSTS and words <= _POSTS | _POSTS_TOO:
        return (partial(_found, pattern=_POST, score=0.6),)
    if words & _CHIEFS and words <= _CHIEFS | {"name"}:
        return (partial(_found, pattern=_CHIEF, score=0.6),)
    if words & _HOLDERS:
        return (_certified,)
    if words & _AT and words - _AT and words - _AT <= _MADE:
        return (partial(_found, pattern=_MADE_IN),)  # `fait_a`
    if any(map(_is_place, words)) and all(
        _is_place(w) or w in _MADE | {"signature", "of", "de"} for w in words
    ):
        return (partial(_found, pattern=_MADE_IN),)
    if named and len(words) == 1 and all(len(w) > LONG for w in words):
        word = re.escape(next(iter(words)))
        named_so = re.compile(rf"{word} (?:of|for|für|de|der|di|du|des|van) (?:[A-ZÀ-Ý]|l')", re.I)
        return (partial(_begins_with, pattern=named_so),)
    return ()


_DOI = re.compile(r"(?P<it>10\.\d{4,9}/[^\s\"<>;,]+[\w/])")
_ARXIV = re.compile(r"(?i:arxiv):\s?(?P<it>\d{4}\.\d{4,5}(?:v\d+)?)")
# What journals print over a paper: `Journal, Vol. 27, No. 3, pp. 211-213, 2021`, `Journal 27 (2021) 211-213`.
_CITATION = re.compile(
    r"(?P<journal>[A-ZÀ-Ý][^\d\t]{3,80}?),?\s+(?:Vol(?:ume|\.)?\s*)?(?P<volume>\d{1,4})"
    r"(?:,?\s*(?:No\.|Nr\.|Issue|Iss\.)\s*(?P<issue>\d{1,3})|\s?\((?P<number>\d{1,2})\)|\s?\((?P<of>(?:19|20)\d\d)\))"
    r"(?:[,:]?\s*(?:pp?\.\s*)?(?P<pages>\d{1,5}\s?[-–]\s?\d{1,5}))?(?:,?\s*\(?(?P<year>(?:19|20)\d\d)\)?)?"
)
_CITED = {
    phrases.word_set("journal name"): "journal",
    phrases.word_set("volume number no"): "volume",
    phrases.word_set("issue number no"): "issue",
    phrases.word_set("pages page range"): "pages",
    phrases.word_set("publication year"): "year",
}
CITED_IN = 12  # rows of the first page


def _in_citation(facts: Facts, profile: Profile, part: str) -> Iterator[Candidate]:
    """A part of what a journal prints over a paper."""
    for row in [r for r in facts.rows if r.page == 0][:CITED_IN]:
        match = _CITATION.search(row.text)
        if match is None or not (match["issue"] or match["pages"]):
            continue
        names = {"issue": ("issue", "number"), "year": ("year", "of")}.get(part, (part,))
        for group in names:
            if match[group]:
                value: Scalar | None = match[group]
                if profile.want in ("integer", "number"):
                    value = int(match[group]) if match[group].isdigit() else None
                if value is not None:
                    yield _candidate(row, *match.span(group), value, 0.9)


_IN_WORDS = phrases.word_set("words written lettres letras worten lettere letters wording legal")
_SPELT = re.compile(r"(?P<it>[A-Z][a-zA-Z-]+(?:[ -][a-zA-Z-]+){0,14} (?:and|&) (?:no|\d{1,2})/100)", re.I)
_BY_WHOM = re.compile(
    r"\b(?P<verb>[A-Za-z]{4,})ed by:?\s(?P<it>[A-ZÀ-Ý][\w&.'-]*(?: (?:(?:of|and|&|the) )?[A-ZÀ-Ý&][\w&.'-]*){0,6})"
)
_AS_WHOM = re.compile(r"(?P<it>[A-ZÀ-Ý][\w.'-]+(?: [A-ZÀ-Ý][\w.'-]+){1,3}) \((?P<role>[A-Za-z]{4,12})\)")
ALIKE = 5  # letters that a verb and who does it share


def _done_by(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """`Operated by Vale Buses` for the operator, `Joyce Abbot (Chair)` for the chair."""
    long = {w[:ALIKE] for w in profile.called if len(w) >= ALIKE}
    for row in facts.rows:
        for does, (start, end), score in _doers(row.text):
            if does in long:
                yield _candidate(row, start, end, row.text[start:end], score)


@lru_cache(maxsize=4096)  # asked for every name and text of a schema
def _doers(text: str) -> tuple[tuple[str, tuple[int, int], float], ...]:
    """Who is said to do something: the beginning of what, where they stand, how sure that is."""
    by = _BY_WHOM.finditer(text) if "ed by" in text else ()
    beside = _AS_WHOM.finditer(text) if " (" in text else ()
    return (
        *((m["verb"].lower()[:ALIKE], m.span("it"), 0.8) for m in by),
        *((m["role"].lower()[:ALIKE], m.span("it"), 1.0) for m in beside),
    )


_SIGNERS = phrases.word_set(
    "signatory signer signed signataire firmante firmatario unterzeichner sender author"
)
_CLOSES = re.compile(
    r"(?:yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|(?:kind|best|warm) regards|regards|"
    r"mit (?:freundlichen|besten) grüßen|(?:bien )?cordialement|(?:un )?cordial saludo|atentamente|"
    r"cordiali saluti|distinti saluti|met vriendelijke groet(?:en)?|atenciosamente),?",
    re.I,
)
_PERSON = re.compile(
    r"(?:(?:Dr|Mrs?|Ms|Prof)\.? )?[A-ZÀ-Ý][^\W\d_]*(?:[ -](?:[A-ZÀ-Ý]\.|[A-ZÀ-Ý][^\W\d_]+)){1,3}"
)
_SIGNER = re.compile(rf"(?:(?:i\. ?[AV]\.|ppa\.|p\. ?p\.|gez\.) )?(?P<it>{_PERSON.pattern})")
_POSTS = phrases.word_set("position job role post poste puesto stelle")
_POSTS_TOO = phrases.word_set("title name titel")
_CAPITALS = r"[A-ZÀ-Ý][\w&-]*(?: (?:of |and |& |for )?[A-ZÀ-Ý][\w&-]*){0,5}"
_POST = re.compile(
    rf"\b(?:position|role|job|post|Stelle|poste|puesto) (?:of|as|als|de|di)(?: an?| the| our)? (?P<it>{_CAPITALS})"
)
_CHIEFS = phrases.word_set("manager supervisor boss vorgesetzter superieur")
_CHIEF = re.compile(
    rf"\breport(?:s|ing)?(?: directly)? to (?:(?:Mr|Mrs|Ms|Dr)\.? )?(?P<it>{_PERSON.pattern})"
)
_PLACES = phrases.word_set("place lieu ort lugar luogo plaats local")
_MADE_IN = re.compile(
    r"\b(?:Fait à|Done at|Signed (?:at|in)|Firmado en|Fatto a|Feito em|Gedaan te) (?P<it>[A-ZÀ-Ý][^,\d]{2,30}?),|"
    r"^(?:En )?(?P<place>[A-ZÀ-Ý][^,\d]{2,30}?), (?:den|le|a|li|il|em|the) \d"
)


_AT = phrases.word_set("at in a en te")


def _is_place(word: str) -> bool:
    return word in _PLACES or word.endswith("sort")  # Vertragsort


_HOLDERS = phrases.word_set(
    "holder recipient awardee graduate trainee participant titular inhaber titulaire titolare"
)
_CERTIFIES = re.compile(
    r"(?:\bcertif(?:y|ies|ie|ica) that|\b(?:awarded|presented|granted|conferred) (?:up)?on?(?: to)?|\bpresented to|"
    r"\bhiermit bescheinigt|\bcertifie que|\bcertifica que|\bse otorga a)\W*$",
    re.I,
)


def _certified(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """Who a certificate is for: the line below `This is to certify that`."""
    for row, below in itertools.pairwise(facts.rows):
        if _CERTIFIES.search(row.text) and below.page == row.page and _PERSON.fullmatch(below.text):
            yield _candidate(below, 0, len(below.text), below.text, 0.75)


_TITLES = phrases.word_set("title position role titel capacity function fonction cargo funktion")


def _who_writes(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """The name under the words that close a letter, and the title under the name."""
    titled = bool(profile.called & _TITLES)
    if not titled and profile.want not in ("name", "text"):
        return
    for page in facts.layout.pages:
        for closing in page.segments:
            if not _CLOSES.fullmatch(closing.text.strip()):
                continue
            lines = [
                s for r in page.rows[closing.row + 1 : closing.row + 5] for s in r.segments
                if abs(s.box.x0 - closing.box.x0) < closing.size
            ]  # fmt: skip
            at = next((i for i, s in enumerate(lines) if _SIGNER.fullmatch(s.text)), None)
            if at is None or (titled and at + 1 >= len(lines)):
                continue
            line = lines[at + titled]
            if 2 < len(line.text) < 60 and not line.text.endswith((":", ".")):
                row = facts.layout.row_of(line)
                signer = None if titled else _SIGNER.fullmatch(line.text)
                start = signer.start("it") if signer else 0
                yield _candidate(row, line.start + start, line.end, line.text[start:], 0.75)


LONG = 4  # letters: a shorter name begins too many lines


def _begins_with(facts: Facts, profile: Profile, pattern: re.Pattern[str]) -> Iterator[Candidate]:
    """`Department of Cardiology` for a department: a line of its own that begins with the field's name."""
    for row in facts.rows:
        for segment in row.segments:
            if pattern.match(segment.text) and len(segment.words) <= 6 and segment.text[0].isupper():
                yield _candidate(row, segment.start, segment.end, segment.text, 0.5)


def _around(profile: Profile) -> set[str]:
    """The words of the object that the field is a part of."""
    return set(phrases.tokens(phrases.name_words(" ".join(profile.field.path[-2:-1]))))


def _how_paid(facts: Facts, _: Profile) -> Iterator[Candidate]:
    """The words for it, where one way is spoken of."""
    found = list(paid(facts))
    if found and len({one.ways for one in found}) == 1:
        row, start, end = found[0].row, found[0].start, found[0].end
        yield _candidate(row, start, end, row.text[start:end], 0.5)


def _days_to_pay_by(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """`Please pay the amount by 3 May`: the sentence may begin on the line above."""
    before = ""
    for row in facts.rows:
        for date in facts.values(row).dates:
            lead = row.text[: date.start].replace("\t", " ")
            said = f"{before} {lead}"
            if (_BY.search(lead) and _PAY.search(said)) or (_ON.search(lead) and _TAKEN.search(said)):
                value = forms.date_value(date, profile, row.text[date.start : date.end].replace("\t", " "))
                yield _candidate(row, date.start, date.end, value, 0.62)
        before = row.text


_MADE = phrases.word_set(
    "agreement effective contract signing signature signed execution executed vertragsdatum unterschrift "
    "unterzeichnet declaration firma firmado assinatura handtekening delivre delivree etabli etablie fait"
)
_SIGNED = re.compile(r"\b(?:signature|signed|unterschrift|firma|assinatura|handtekening)\b", re.I)
_DATE_CAPTION = re.compile(r"\b(?:date|datum|fecha|data)\W*$", re.I)
_MADE_ON = re.compile(
    r"\b(?:made|make|entered into|dated|executed|signed|geschlossen|unterzeichnet)\b[^.]{0,40}$|"
    r"^\W*(?:Fait|Done|Firmado|Fatto|Feito|Gedaan) (?:à|at|in|en|a|em|te) [^.]{2,40}$",
    re.I,
)


def _days_of_signing(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """`This agreement is made on 3 May`; `Fait à Lille, le 3 mai`."""
    for row in facts.rows:
        for date in facts.values(row).dates:
            if _MADE_ON.search(row.text[: date.start].replace("\t", " ")):
                value = forms.date_value(date, profile, row.text[date.start : date.end].replace("\t", " "))
                yield _candidate(row, date.start, date.end, value, 0.6)
    for row in facts.rows:
        if _SIGNED.search(row.text):
            yield from _beside_a_signature(facts, profile, row)


def _beside_a_signature(facts: Facts, profile: Profile, row: Row) -> Iterator[Candidate]:
    """The date over or under a caption for one that stands in a row with one for a signature."""
    page = facts.layout.pages[row.page]
    for caption in row.segments:
        if not _DATE_CAPTION.search(caption.text):
            continue
        for near in (*page.above(caption)[:1], *page.below(caption)[:1]):
            line = facts.layout.row_of(near)
            dates = [d for d in facts.values(line).dates if near.start <= d.start < near.end]
            apart = max(near.box.y0 - caption.box.y1, caption.box.y0 - near.box.y1)
            if dates and apart < 2 * caption.size:
                date = dates[0]
                value = forms.date_value(date, profile, line.text[date.start : date.end].replace("\t", " "))
                yield _candidate(line, date.start, date.end, value, 0.7)
                break


_NTH_DAY = re.compile(
    r"\b(?:(?P<day>\d{1,2})(?:st|nd|rd|th)|(?P<first>first)|(?P<last>last)) (?:\(\d+\w*\) )?"
    r"(?:calendar )?day of (?:each|every)",
    re.I,
)


def _days_of_month(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """`on the 15th day of each month`, where the document names but one."""
    found = []
    for row, following in itertools.zip_longest(facts.rows, facts.rows[1:]):
        text = f"{row.text} {following.text}" if following is not None else row.text
        for match in _NTH_DAY.finditer(text):
            if match.start() < len(row.text) and not match["last"]:
                start, end = match.span("day") if match["day"] else match.span("first")
                line, shift = (row, 0) if start < len(row.text) else (following, len(row.text) + 1)
                value = int(match["day"] or 1)
                found.append(_candidate(line, start - shift, end - shift, value, 0.9))
    if len({c.value for c in found}) == 1:
        yield from found


TAXES = 0.55  # a tax told apart by a word of its own: "VAT - Poland (23%)"


def _tax_rates(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """`VAT 20 %`; with several rates on the document none of them is sure."""
    found: list[Candidate] = []
    for row in facts.rows:
        labels = [
            x
            for x in facts.labels_in(row)
            if max(x.concepts.get("tax_total", 0.0), x.concepts.get("tax_rate", 0.0)) >= TAXES
        ]
        for number in facts.values(row).numbers:
            if number.percent and any(x.segment is row.segment_at(number.start) for x in labels):
                printed = row.text[number.start : number.end]
                value = forms.number_value(number, profile, printed)
                if value is not None:
                    found.append(_candidate(row, number.start, number.end, value, 0.62))
    rates = {str(c.value) for c in found}
    for candidate in found:
        yield candidate if len(rates) == 1 else candidate.with_score(0.32)


def _column_totals(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """A number in the last row of a table, under the heading that says of what it is the total."""
    about = {w for w, v in profile.words if v > 0.5 and w != "total"}
    for row in facts.rows:
        numbers = facts.values(row).numbers
        if not about or len(numbers) < 2 or len(row.segments) < 3:
            continue
        if not any(
            x.concepts.get("gross_total", 0.0) >= 0.9
            or x.text.lower().startswith("total ")
            or (x.start == 0 and x.whole and x.stems[-1] == "total")
            for x in facts.labels_in(row)
        ):
            continue
        for number in numbers:
            said = set(phrases.stems(_column_head(facts, row, number.start)))
            value = forms.number_value(number, profile, row.text[number.start : number.end])
            if value is not None and all(
                any(s == w or phrases.abbreviates(s, w) for s in said) for w in about
            ):
                yield _candidate(row, number.start, number.end, value, 0.85)
    yield from _list_totals(facts, profile, about)


def _list_totals(facts: Facts, profile: Profile, about: set[str]) -> Iterator[Candidate]:
    """The amount beside a bare `Total` under a list that is headed by what it is the total of."""
    bare = (x for row in facts.rows for x in facts.labels_in(row) if x.whole and x.stems == ("total",))
    for label in bare:
        page = facts.layout.pages[label.row.page]
        right = page.right_of(label.segment)
        numbers = [n for n in facts.values(label.row).numbers if right and right.start <= n.start < right.end]
        if not about or len(numbers) != 1 or not about <= _heads_list(page, label.segment):
            continue
        number = numbers[0]
        value = forms.number_value(number, profile, label.row.text[number.start : number.end])
        if value is not None:
            yield _candidate(label.row, number.start, number.end, value, 0.85)


def _heads_list(page: PageLayout, last: Segment) -> set[str]:
    """The words of the first line over a list whose lines begin where `last` does, that is beside another heading."""
    segment = last
    for _ in range(LISTED):
        over = [s for s in page.above(segment) if abs(s.box.x0 - last.box.x0) < 0.5 * last.size]
        if not over:
            return set()
        segment = over[0]
        beside = page.right_of(segment)
        if beside is not None and not any(c.isdigit() for c in page.row_of(segment).text):
            return set(phrases.stems(segment.text))
    return set()


_BALANCES = ("opening_balance", "closing_balance")
_BALANCE = re.compile(r"\W*(?:solde|saldo|balance|kontostand)\b", re.I)


def _dated_balances(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """Of balances on several days the first is the opening one, the last the closing one."""
    found: list[tuple[Date, Row, Number]] = []
    for row in facts.rows:
        values = facts.values(row)
        behind = [
            n for n in values.numbers if n.decimals == 2 and values.dates and n.start > values.dates[0].end
        ]
        if behind and len(values.dates) == 1 and _BALANCE.match(row.text):
            found.append((values.dates[0], row, behind[-1]))
    days = sorted({date.value for date, _, _ in found})
    if len(days) < 2:
        return
    wanted = days[0] if profile.concepts.get("opening_balance", 0.0) >= 0.9 else days[-1]
    for date, row, number in found:
        value = forms.number_value(number, profile, row.text[number.start : number.end])
        if date.value == wanted and value is not None:
            yield _candidate(row, number.start, number.end, value, 0.9)


LISTED = 40  # lines of a list at most
_FIGURE = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*(?:[A-Za-z%€²³]{1,3})?|[A-Z]{3} [\d.,]+")


def _column_head(facts: Facts, row: Row, at: int) -> str:
    """The first words over a place in a row that are no figure, over two lines where they stand so."""
    page = facts.layout.pages[row.page]
    segment = row.segment_at(at)
    for _ in range(60):
        above = page.above(segment)
        if not above:
            return ""
        segment = above[0]
        if not _FIGURE.fullmatch(segment.text):
            over = page.above(segment)[:1]
            stacked = (
                over
                and segment.box.y0 - over[0].box.y1 < 0.5 * segment.size
                and _FIGURE.match(over[0].text) is None
            )
            return f"{over[0].text} {segment.text}" if stacked else segment.text
    return ""


_NOUN = re.compile(r" ?(?P<noun>(?:[^\W\d_]|[²³])+)")
_NOUN_FARTHER = re.compile(r"(?: [a-z]{4,}){1,2} (?P<noun>[a-z]{4,})")  # 48 equal monthly installments
_BEGINS = re.compile(
    r"(?:^|\t)(?:§ *|section |article |clause |[a-z]\.(?:\d\.)*)?$", re.I
)  # § 4 Kaution, F.1 Mass
_EACH = re.compile(r" (?:of|à|zu je|von|de|da|van|x) ?[€£$]")
_SPANS = phrases.word_set("day week month year tag tage monat monate jour moi dia mese giorni dagen")
_UNITS = {
    "l": "liter litre litro litri", "ltr": "liter litre", "gal": "gallon", "kg": "kilogram kg weight gewicht poid",
    "kwh": "kwh", "km": "kilometer mileage", "m²": "sqm qm area wohnflache flache surface superficie", "mi": "mile",
}  # fmt: skip


_UNIT_ASKED = re.compile(
    r"(?:_|(?<=[a-z]))(?P<unit>kW|W|kVA|VA|V|A|mA|Hz|MHz|GHz|bar|psi|kPa|MPa|dB|dBA|rpm|Nm|kN|mAh|Ah|lm|°C|mm|cm|GB|MB|ms)$"
    r"|_(?P<small>kw|hz|bar|psi|rpm|mah|mm|cm|db)$"
)


def _in_unit(facts: Facts, profile: Profile, unit: str) -> Iterator[Candidate]:
    """The one number of a paper that has the unit behind it that the field's name ends in: `voltage_V`."""
    behind = re.compile(rf" ?{re.escape(unit)}(?!\w)", re.I)
    found = [(r, n) for r in facts.rows for n in facts.values(r).numbers if behind.match(r.text, n.end)]
    if len({n.value for _, n in found}) == 1:
        row, number = found[0]
        value = forms.number_value(number, profile, row.text[number.start : number.end])
        if value is not None:
            yield _candidate(row, number.start, number.end, value, 0.5)


def _counted(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """`35 cartons` for a number of cartons: the noun behind a number says what it counts."""
    wanted = {w for w, v in profile.words if v > 0.5}
    found: list[Candidate] = []
    for row in facts.rows:
        for number in facts.values(row).numbers:
            noun = _NOUN.match(row.text, number.end)
            farther = _NOUN_FARTHER.match(row.text, number.end)
            if farther and number.decimals == 0 and phrases.stem(phrases.key(farther["noun"])) in wanted:
                noun = farther
            value = forms.number_value(number, profile, row.text[number.start : number.end])
            if noun and noun is not farther and _EACH.match(row.text, noun.end()):
                continue  # "12 instalments of £36.80"
            segment = row.segment_at(number.start)
            beside = (
                segment is not row.segments[0] and noun and noun.end() == segment.end
            )  # a value: `3 Personen`
            captioned = (
                noun and not beside and noun["noun"].istitle() and _BEGINS.search(row.text, 0, number.start)
            )
            if (
                noun
                and not captioned
                and value is not None
                and (
                    phrases.stem(phrases.key(noun["noun"])) in wanted
                    or _measures(noun["noun"], wanted)
                    or _lasts(noun["noun"], row.text, profile)
                )
            ):
                found.append(_candidate(row, number.start, number.end, value, 0.78))
    if len({str(c.value) for c in found}) == 1:
        yield from found


def _lasts(noun: str, text: str, profile: Profile) -> bool:
    """Whether days, months or years are asked for, and the sentence says of what: 30 days' notice."""
    unit = phrases.stem(phrases.key(noun))
    said = {w for w, _ in profile.words}
    return unit in said & _SPANS and bool((said - _SPANS - {"period", "term"}) & set(phrases.stems(text)))


def _measures(unit: str, wanted: Set[str]) -> bool:
    """Whether a unit is that of a quantity the field names: 38.4 l for `litres`."""
    plain = {w.replace("ae", "a") for w in wanted} | wanted
    return any(phrases.stem(w) in plain for w in _UNITS.get(unit.lower(), "").split())


def _times(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """The time of day that stands beside a date, or is the only one."""
    found = [(row, time) for row in facts.rows for time in facts.values(row).times]
    for row, time in found[:6]:
        beside = bool(facts.values(row).dates)
        if beside or len(found) == 1:
            value = forms.text_value(row.text[time.start : time.end], profile)
            yield _candidate(row, time.start, time.end, value, 0.5 if beside else 0.42)


def _found(
    facts: Facts, profile: Profile, pattern: re.Pattern[str], score: float = 0.62
) -> Iterator[Candidate]:
    for row in facts.rows:
        for match in pattern.finditer(row.text):
            start, end = next((match.span(g) for g in match.re.groupindex if match[g]), match.span())
            value = forms.text_value(row.text[start:end].replace("\t", " "), profile)
            if value is not None:
                yield _candidate(row, start, end, value, score)


def _profiles(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """Links whose address names whom the field is about: linkedin.com/in/..."""
    for row in facts.rows:
        for mark in facts.values(row).marks_of("uri"):
            said = set(re.findall(r"[a-z]+", mark.value.lower()))
            if any(phrases.stem(s) in profile.owner for s in said):
                yield _candidate(row, mark.start, mark.end, mark_value(row, mark, profile), 0.75)


def _candidate(row: Row, start: int, end: int, value: Scalar, score: float) -> Candidate:
    place = (row.page, row.index, start, end)
    return Candidate(value, (row.span(start, end),), place, score, ocr=row.score_of(start, end))
