"""What documents print without a label: party names and addresses, contact marks, the date, the currency.

Called by `ranking`. Scores stay below those of a good label, so that a label decides where there is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from paperclerk.domain.result import Span
from paperclerk.engines.embedded.asked.profile import Profile, specific
from paperclerk.engines.embedded.asked.whose import ROLES
from paperclerk.engines.embedded.fields import forms, titles
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.contracts import Named, Stretch, named_parties, nth, signature
from paperclerk.engines.embedded.fields.cues import cued
from paperclerk.engines.embedded.fields.readings import mark_value, readings
from paperclerk.engines.embedded.fields.sentences import is_running
from paperclerk.engines.embedded.fields.slots import Slot
from paperclerk.engines.embedded.page.addresses import (
    address_within,
    city_alone,
    country_in,
    names_street,
    part_of_address,
    street_in,
)
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import Row, Segment
from paperclerk.engines.embedded.page.names import begins_with_form, has_legal_form, name_end, name_likeness
from paperclerk.engines.embedded.page.parties import OWNED, Party, Region, role_at
from paperclerk.engines.embedded.page.values import MarkKind, find_currency
from paperclerk.engines.embedded.words import phrases
from paperclerk.printed.locale import SYMBOLS

_ADDRESSED = {"bank": "payee", "employer": "employee", "insurer": "insured"}  # whom these write to
_SIGNING = phrases.word_set(
    "signatory signer signature signed signing unterzeichner signataire firmante firmatario"
)
_GREETING = re.compile(
    r"(?:Dear|Gentile|Egregio|Sehr geehrter?|Liebe[r]?|Estimad[oa]|Car[oa]|Ch(?:er|ère)|Geachte|Beste) "
    r"(?P<name>[^\W\d_]+\.?(?: [^\W\d_]+\.?){2,3}),?$"
)
_GREETS = re.compile(
    r"(?:Dear|Gentile|Egregi[oa]|Sehr geehrte[r]?|Liebe[r]?|Estimad[oa]|Car[oa]|Ch(?:er|ère)|Geachte|Beste) "
    r"(?P<whom>[^,:]{3,40})[,:]?"
)
LARGE = 1.3  # times the text: a title
HEAD_ROWS = 14  # how far down the first page an unlabelled letterhead reaches
FOOT_ROWS, FOOT_SHARE = 8, 0.8  # the lines at the foot where a company may name itself instead


def _continues(upper: Segment, lower: Segment) -> bool:
    """Whether two lines may be one name: close, of like size, the upper one reading like a name itself."""
    close = lower.box.y0 - upper.box.y1 < 0.9 * upper.size and 0.6 < lower.size / upper.size < 1.6
    return close and name_likeness(upper.text) >= 0.4 and not has_legal_form(upper.text)


_BANKS = re.compile(r"\b(?:BIC|SWIFT|IBAN)\b", re.I)


def _whole_line(profile: Profile) -> bool:
    """Whether postcode and city are asked for together: `plz_ort`."""
    return profile.part == "city" and "postcode" in profile.concepts


class Finder:
    """Unlabelled candidates of one document."""

    def __init__(
        self,
        facts: Facts,
        regions: Sequence[Region],
        parties: Sequence[Party],
        issuer: str = "seller",
        addressee: str = "buyer",
    ) -> None:
        self.facts = facts
        self.regions = regions
        self.parties = parties
        self.issuer = issuer
        self.addressees = {addressee, _ADDRESSED.get(issuer, addressee)}
        self.named = named_parties(facts)
        self._roles = {id(p): role_at(regions, p.page, p.lines[0].box) for p in parties}
        self.letterhead = self._largest_name()
        self.seller = self._seller_party()
        self.sellers = [p for p in parties if self._is_sellers(p)]
        self._parts: dict[str, list[tuple[Party, Segment, int, int]]] = {}  # by what part of an address it is

    def find(self, profile: Profile) -> list[Candidate]:
        """Candidates that need no label of their own, captions of a form not among them."""
        return [c for c in self._found(profile) if not self._on_a_caption(c)]

    def _on_a_caption(self, candidate: Candidate) -> bool:
        page, row, start, _ = candidate.place
        segment = self.facts.layout.pages[page].rows[row].segment_at(start)
        return self.facts.caption(segment) is not None

    def _found(self, profile: Profile) -> list[Candidate]:
        if any(w in _SIGNING for w, _ in profile.words):
            if (part := self._signature(profile)) is not None:
                return [self._stretch(profile, part, 1.1)]
        elif (
            self.named
            and not titles.asks_kind(profile)
            and (terms := [*self._clauses(profile), *self._defined_terms(profile)])
        ):
            return terms
        told = [*cued(self.facts, profile)]
        if told or profile.owner:
            return told
        if profile.want == "name" and (profile.role in ROLES or str(profile.role).startswith(OWNED)):
            return [*self._names(profile)]
        if profile.want == "address":
            return [*self._addresses(profile)]
        if profile.concepts.get("title", 0.0) >= 0.9 or (profile.concepts.get("person_name", 0.0) >= 0.9):
            greeted = [*self._addressed(profile)] if profile.concepts.get("person_name", 0.0) >= 0.9 else []
            return greeted or [*self._headline(profile)]
        if profile.part in ("city", "postcode", "state", "street", "country"):
            return [*self._address_parts(profile)]
        if profile.want == "currency":
            return [*self._currencies(profile)]
        if profile.want in ("email", "uri", "phone", "iban", "bic", "vat_id"):
            return [*self._marks(profile)]
        if profile.want in ("date", "datetime") and profile.concepts.get("issue_date", 0) >= 0.8:
            return [*self._dates(profile)]
        if profile.side and not profile.topic:
            return [*self._ranges(profile)]
        return []

    def _signature(self, profile: Profile) -> Stretch | None:
        """Who signs for a party, or what they are."""
        own = profile.called
        called = (i for i, p in enumerate(self.named) if p.called(own))
        place = nth(profile.field)
        place = next(called, None) if place is None else place
        if place is None or profile.want not in ("name", "text"):
            return None
        return signature(self.facts, place, own)

    def _role(self, page: int, segment: Segment) -> str | None:
        return role_at(self.regions, page, segment.box)

    def _row(self, segment: Segment) -> Row:
        return self.facts.layout.row_of(segment)

    def _largest_name(self) -> Segment | None:
        """A name that stands larger than the text in the first rows: a letterhead."""
        page = self.facts.layout.pages[0] if self.facts.layout.pages else None
        rows = [r for r in page.rows[:HEAD_ROWS] if not self.facts.scanned(r)] if page else []
        large = [s for r in rows for s in r.segments if page and s.size > 1.25 * page.size]
        named = [s for s in large if name_likeness(s.text[: name_end(s.text)]) >= 0.4 and not self._titles(s)]
        return max(named, key=lambda s: s.size, default=None)

    def _titles(self, segment: Segment) -> bool:
        """Whether a line says what the document is, or is a label."""
        head = self.facts.label_of(segment)
        return head is not None and head.likeness >= 0.6

    def _seller_party(self) -> Party | None:
        """The address nearest the head of the first page that no heading gives to somebody else."""
        free = [
            p for p in self.parties
            if p.page == 0 and self._roles[id(p)] in (None, self.issuer)
        ]  # fmt: skip
        said = [p for p in free if self._roles[id(p)] == self.issuer]
        return min(said or [p for p in free if self._may_send(p)], key=lambda p: p.box.y0, default=None)

    def _may_send(self, party: Party) -> bool:
        """Whether an address may be the sender's: no other name stands larger over it, as that of a letterhead."""
        if not party.name or not self.letterhead:
            return True
        name, head = party.name[0], self.letterhead
        same = set(phrases.tokens(head.text)) <= set(phrases.tokens(name.text))
        return (
            same
            or name.size > 0.8 * head.size
            or head.box.y0 >= name.box.y0
            or party.box.y0 - head.box.y1 < 0.5 * head.size
        )

    def _is_sellers(self, party: Party) -> bool:
        """Whether an address is the sender's, or repeats it, as the small line over an addressee does."""
        if self.seller is None or party is self.seller:
            return party is self.seller
        own, other = (
            set(phrases.tokens(" ".join(s.text for s in (*p.name, *p.lines)))) for p in (self.seller, party)
        )
        return len(own & other) >= 0.65 * min(len(own), len(other))

    def _names(self, profile: Profile) -> Iterator[Candidate]:
        if not specific(profile):
            for region in self.regions:
                if region.role == profile.role:
                    yield from self._region_names(profile, region)
        if profile.role == self.issuer:
            yield from self._letterhead(profile)
        if profile.role in self.addressees:
            yield from self._greeted(profile)
            for party in self.parties:
                if party not in self.sellers and party.name and self._roles[id(party)] is None:
                    yield self._named(profile, party.name[0], 0.42 - 0.05 * party.page)

    def _greeted(self, profile: Profile) -> Iterator[Candidate]:
        """Whom a letter greets by first and last name."""
        for row in self.facts.rows:
            if match := _GREETING.match(row.text):
                yield self._text(profile, row, *match.span("name"), 0.36)

    def _addressed(self, profile: Profile) -> Iterator[Candidate]:
        """Whom a letter is sent to, by the name over the address, that it greets by the last name."""
        greeted = {
            phrases.tokens(m["whom"])[-1:] for r in self.facts.rows if (m := _GREETS.fullmatch(r.text))
        }
        for party in self.parties if greeted else ():
            if party.name and phrases.tokens(party.name[0].text)[-1:] in greeted:
                yield self._named(profile, party.name[0], 0.6)

    def _region_names(self, profile: Profile, region: Region) -> Iterator[Candidate]:
        """The first line under a heading that reads like a name; a line labelled `Name` before all."""
        page = self.facts.layout.pages[region.page]
        base = max(region.label.concepts.get(region.role, 0.0), 0.75)
        rank = 0
        for row in page.rows[region.label.row.index :]:
            if row.box.cy > region.box.y1:
                return
            for segment in row.segments:
                if segment.box.x0 < region.box.x0 or (segment.box.cx > region.box.x1):
                    continue
                if segment is region.label.segment:
                    continue
                head = self.facts.label_of(segment)
                if head is not None and head.sure and head.segment is segment and (head.colon or head.whole):
                    if "person_name" in head.concepts and head.concepts["person_name"] >= 0.95:
                        yield from self._behind(profile, row, head.end, segment, 0.97 * base)
                        yield from self._under(profile, segment, 0.95 * base)
                    continue
                upper = page.above(segment)
                headed = bool(upper) and upper[0] is region.label.segment
                if self._captions(segment) or (upper and not headed and self._captions(upper[0])):
                    continue
                likeness = name_likeness(segment.text)
                if likeness >= 0.3 and rank < 3:
                    yield self._named(profile, segment, base * (0.9 - 0.2 * rank) * (0.7 + 0.3 * likeness))
                    rank += 1

    def _behind(
        self, profile: Profile, row: Row, end: int, segment: Segment, score: float
    ) -> Iterator[Candidate]:
        start = end
        while start < segment.end and row.text[start] in " :\t.":
            start += 1
        if start < segment.end:
            yield self._text(profile, row, start, segment.end, score)
            return
        at = row.segments.index(segment)
        if at + 1 < len(row.segments):
            right = row.segments[at + 1]
            head = self.facts.label_of(right)
            if head is not None and head.sure:
                return
            yield self._text(profile, row, right.start, right.end, score)

    def _under(self, profile: Profile, caption: Segment, score: float) -> Iterator[Candidate]:
        """The line right under a caption that is smaller."""
        if self._captions(caption):
            below = self.facts.layout.pages[caption.page].below(caption)[0]
            yield self._named(profile, below, score)

    def _captions(self, segment: Segment) -> bool:
        """Whether a line is a small caption over what is filled in, as on a form."""
        below = self.facts.layout.pages[segment.page].below(segment)
        return (
            bool(below)
            and segment.size < 0.85 * below[0].size
            and below[0].box.y0 - segment.box.y1 < segment.size
            and abs(below[0].box.x0 - segment.box.x0) < segment.size
        )

    def _letterhead(self, profile: Profile) -> Iterator[Candidate]:
        if not self.facts.layout.pages:
            return
        yield from self._foot(profile)
        page = self.facts.layout.pages[0]
        rank = 0
        for row in page.rows[:HEAD_ROWS]:
            if len(row.segments) >= 4:  # a table's heading, not a letter's
                continue
            for segment in row.segments:
                role = self._role(0, segment)
                likeness = name_likeness(segment.text[: name_end(segment.text)])
                if likeness < 0.4 or role not in (None, self.issuer):
                    continue
                head = self.facts.label_of(segment)
                captioned = ":" in segment.text.strip(" :")  # `Age group: 60-64`
                if captioned or (head is not None and (head.colon or head.likeness >= 0.6)):
                    continue
                score = 0.3 + 0.25 * likeness - 0.04 * rank
                score += 0.06 * min(2.0, max(0.0, segment.size / page.size - 1.0))
                if self.seller and segment in self.seller.name:
                    score += 0.12
                elif segment is self.letterhead and not (self.seller and self.seller.name):
                    score += 0.1
                if row.box.y0 > 0.5 * page.page.height:
                    score -= 0.2
                if self.letterhead and segment is not self.letterhead and self._spells_out(segment):
                    score = 0.62  # the company whose short name or logo the letterhead is
                yield self._named(profile, segment, score)
                rank += 1

    def _spells_out(self, segment: Segment) -> bool:
        """Whether a line begins with the words of the letterhead and ends in a legal form."""
        short = phrases.tokens(self.letterhead.text) if self.letterhead else ()
        name = segment.text[: name_end(segment.text)]
        return bool(short) and phrases.tokens(name)[: len(short)] == short and has_legal_form(name)

    def _foot(self, profile: Profile) -> Iterator[Candidate]:
        """A company that names itself, legal form and all, only in the last lines of the first page."""
        page = self.facts.layout.pages[0]
        for row in page.rows[-FOOT_ROWS:]:
            if row.box.y0 < FOOT_SHARE * page.page.height:
                continue
            for segment in row.segments:
                if has_legal_form(segment.text) and self._role(0, segment) in (None, self.issuer):
                    yield self._named(profile, segment, 0.62 if self._spells_out(segment) else 0.4)

    def _named(self, profile: Profile, segment: Segment, score: float) -> Candidate:
        """The name in a segment, joined with its neighbour line where the legal form stands alone there."""
        row = self._row(segment)
        end = segment.start + name_end(segment.text)
        candidate = self._text(profile, row, segment.start, end, score)
        page = self.facts.layout.pages[segment.page]
        if has_legal_form(segment.text):
            upper = page.above(segment)
            plain = not any(c.isdigit() for c in segment.text)  # "SARL au capital de 8 000" is no name
            if plain and begins_with_form(segment.text) and upper and _continues(upper[0], segment):
                return self._joined(profile, upper[0], segment, score + 0.02)
            return candidate
        lower = page.below(segment)
        bare = lower and not any(c.isdigit() for c in lower[0].text)
        if end == segment.end and bare and _continues(segment, lower[0]) and begins_with_form(lower[0].text):
            return self._joined(profile, segment, lower[0], score + 0.02)
        return candidate

    def _joined(self, profile: Profile, upper: Segment, lower: Segment, score: float) -> Candidate:
        first, second = self._row(upper), self._row(lower)
        end = lower.start + name_end(lower.text)
        value = forms.text_value(f"{upper.text} {second.text[lower.start : end]}", profile)
        parts = (*first.span(upper.start, upper.end).parts, *second.span(lower.start, end).parts)
        ocr = min(first.score_of(upper.start, upper.end), second.score_of(lower.start, end))
        place = (upper.page, upper.row, upper.start, upper.end)
        return Candidate(value, (Span(first.number, parts),), place, score if value else 0.0, ocr=ocr)

    def _text(self, profile: Profile, row: Row, start: int, end: int, score: float) -> Candidate:
        text = row.text[start:end].replace("\t", " ")
        value = forms.text_value(text, profile)
        return Candidate(
            value, (row.span(start, end),), (row.page, row.index, start, end),
            score if value is not None else 0.0, ocr=row.score_of(start, end),
        )  # fmt: skip

    def _defined_terms(self, profile: Profile) -> Iterator[Candidate]:
        """Parties of a contract by the word that stands for them, or by their order (`party_b`)."""
        named = self.named
        if profile.want not in ("name", "address", "text"):
            return
        place = nth(profile.field)
        asked = {w for w, v in profile.words if v > 0.5} | self._enclosed(profile)
        for i, party in enumerate(named):
            if place != i and not (place is None and party.called(asked)):
                continue
            part = (
                party.name if profile.want == "name" or self._just_term(profile, party)
                else party.address if profile.want == "address"
                else party.term if profile.field.name == "role"
                else None
            )  # fmt: skip
            if part is not None:
                yield self._stretch(profile, part, 1.1 - 0.02 * part.row.page)

    def _clauses(self, profile: Profile) -> Iterator[Candidate]:
        """What the clause about a party says of it: its register number, who acts for it."""
        own = profile.called
        about = self._enclosed(profile) | own
        place = nth(profile.field)
        for i, party in enumerate(self.named):
            if place == i or (place is None and party.called(about)):
                part = party.told({phrases.stem(w) for w in own})
                if part is not None and profile.want in ("name", "address", "text", "id"):
                    yield self._stretch(profile, part, 1.15)
                elif part is not None and not part.more:
                    slot = Slot(part.row, part.start, part.end, "same", 0, 0.0)
                    for value, spans, at, factor, amount in readings(self.facts, profile, slot):
                        yield Candidate(value, spans, at, 1.1 * factor, amount=amount)

    def _stretch(self, profile: Profile, part: Stretch, score: float) -> Candidate:
        value = forms.text_value(part.text, profile)
        ocr = min(p.row.score_of(p.start, p.end) for p in (part, *part.more))
        place = (part.row.page, part.row.index, part.start, part.end)
        return Candidate(value, (part.span,), place, score if value is not None else 0.0, ocr=ocr)

    @staticmethod
    def _just_term(profile: Profile, party: Named) -> bool:
        """Whether a field is called just as the party is: `subtenant`."""
        own = phrases.stems(phrases.name_words(profile.field.name))
        return profile.want == "text" and (
            (len(own) == 1 and party.called(set(own))) or own == phrases.stems(party.term.text)
        )

    @staticmethod
    def _enclosed(profile: Profile) -> set[str]:
        """The words of the objects around the field."""
        return {s for step in profile.field.path[:-1] for s in phrases.stems(phrases.name_words(step))}

    def _headline(self, profile: Profile) -> Iterator[Candidate]:
        """What stands largest on the first page: a title; a person's name, when it reads like one."""
        if not self.facts.layout.pages:
            return
        page = self.facts.layout.pages[0]
        upper = [
            s
            for s in page.segments
            if s.box.y0 < 0.5 * page.page.height and len(s.text) > 3 and s.box.height < s.box.width
        ]
        if not upper:
            return
        size = max(s.size for s in upper)
        first = page.rows[0].segments
        capitals = len(first) == 1 and first[0].text.isupper() and first[0].size == size
        if size < LARGE * page.size and not (capitals and profile.want == "text"):
            return
        lines = [s for s in upper if s.size > 0.92 * size]
        if profile.want == "name":
            stacked = len(lines) == 2 and lines[1] in page.below(lines[0])
            if stacked and all(
                len(s.text.split()) <= 2 and s.text.replace("-", "").replace(" ", "").isalpha() for s in lines
            ):
                yield self._joined(profile, lines[0], lines[1], 0.5)
                return
            for line in lines[:1]:
                if len(lines) <= 2 and 2 <= len(line.text.split()) <= 6 and name_likeness(line.text) >= 0.4:
                    yield self._text(profile, self._row(line), line.start, line.end, 0.5)
            return
        block = [s for s in page.block_of(lines[0]).segments if s in lines]
        yield self._address(profile, Party(0, (), tuple(block), 0.0, block[0].box), 0.5)

    def _address_parts(self, profile: Profile) -> Iterator[Candidate]:
        part = "line" if _whole_line(profile) else str(profile.part)
        if part not in self._parts:
            self._parts[part] = [
                (party, *found) for party in self.parties if (found := _part_in(party, part)) is not None
            ]
        for party, segment, start, end in self._parts[part]:
            score = self._party_score(profile, party)
            if part == "street":
                start += self._named_before(segment.text[start:end])
            yield self._text(profile, self._row(segment), segment.start + start, segment.start + end, score)

    def _named_before(self, text: str) -> int:
        """How many characters before a street name the sender, as in the small line over an addressee."""
        name, comma, street = text.partition(", ")
        head = self.letterhead.text if self.letterhead else ""
        return len(name + comma) if street and phrases.tokens(name) == phrases.tokens(head) else 0

    def part_at(self, profile: Profile, slot: Slot, score: float) -> Iterator[Candidate]:
        """The part of an address that begins in a slot, or stands in the lines right under it."""
        page = self.facts.layout.pages[slot.row.page]
        block = page.block_of(slot.row.segment_at(slot.start)).segments
        at = block.index(slot.row.segment_at(slot.start))
        lines = block[at : at + 3]
        for i, segment in enumerate(lines):
            row = self._row(segment)
            start = slot.start if i == 0 else segment.start
            text = row.text[start : segment.end]
            place: tuple[int, int] | None
            if profile.part == "street":
                place = street_in(text, alone=False) if i == 0 else None
            elif profile.part == "country":
                place = country_in(text)
            else:
                place = part_of_address(text, str(profile.part))
            if place is not None:
                yield self._text(profile, row, start + place[0], start + place[1], score)
                return

    def _party_score(self, profile: Profile, party: Party) -> float:
        """How likely an address is that of the party the field is about."""
        role = self._roles[id(party)]
        wanted = profile.role or self.issuer
        if profile.role is None and self.seller is None and role is None:
            return 0.75 if party is self.parties[0] else 0.5  # nobody is named: the paper has one subject
        if party in self.sellers and (role is None or party is self.seller):
            return 0.2 if wanted != self.issuer else 0.75 if party is self.seller else 0.7
        if role == wanted:
            return 0.85
        if role is None and wanted in self.addressees:
            return 0.5
        return 0.2

    def _addresses(self, profile: Profile) -> Iterator[Candidate]:
        for rank, party in enumerate(self.parties):
            score = self._party_score(profile, party) - 0.02 * rank * (party is not self.seller)
            running = any(
                is_running(s.text) for s in party.lines
            )  # an address inside a sentence, not it alone
            yield self._address(
                profile, party, score * (0.7 + 0.3 * party.strength) * (0.4 if running else 1.0)
            )

    def _address(self, profile: Profile, party: Party, score: float) -> Candidate:
        rows = [self._row(s) for s in party.lines]
        within = [address_within(s.text) for s in party.lines]
        parts = tuple(
            p
            for s, r, (first, last) in zip(party.lines, rows, within, strict=True)
            for p in r.span(s.start + first, s.start + last).parts
        )
        span = Span(rows[0].number, parts)
        text = " ".join(
            s.text[first:last].strip() for s, (first, last) in zip(party.lines, within, strict=True)
        )
        first = party.lines[0]
        value = forms.text_value(text, profile)
        place = (party.page, first.row, first.start, first.end)
        ocr = min(r.score_of(s.start, s.end) for s, r in zip(party.lines, rows, strict=True))
        return Candidate(value, (span,), place, score if value is not None else 0.0, ocr=ocr)

    def _currencies(self, profile: Profile) -> Iterator[Candidate]:
        counts: Counter[str] = Counter()
        first: dict[str, Candidate] = {}
        for row in self.facts.rows:
            for code, start, end in find_currency(row.text):
                counts[code] += 1
                if code not in first or (row.text[start:end] == code and str(first[code].place) > ""):
                    printed = row.text[start:end]
                    symbols = profile.field.examples and str(profile.field.examples[0]) in SYMBOLS
                    value = printed if symbols else code
                    kept = first.get(code)
                    if kept is None or (printed == code and kept.support == 0):
                        first[code] = Candidate(
                            value, (row.span(start, end),), (row.page, row.index, start, end), 0.0,
                            support=float(printed == code),
                        )  # fmt: skip
        total = sum(counts.values())
        for code, candidate in first.items():
            yield candidate.with_score(0.45 + 0.45 * counts[code] / total)

    def _marks(self, profile: Profile) -> Iterator[Candidate]:
        kind: MarkKind = profile.want  # type: ignore[assignment]
        rank = 0
        for row in self.facts.rows:
            for mark in self.facts.values(row).marks_of(kind):
                if mark.kind == "bic" and mark.value.isalpha() and not _BANKS.search(row.text):
                    continue  # a word of eight capitals
                box = row.box_of(mark.start, mark.end)
                role = role_at(self.regions, row.page, box)
                wanted = profile.role or self.issuer
                score = {"phone": 0.3, "uri": 0.45}.get(kind, 0.5) - 0.03 * rank
                if role is not None and (role != "contact_person" or profile.role):
                    score += 0.15 if role == wanted else -0.25
                elif wanted != "seller":
                    score -= 0.2
                value = forms.text_value(mark_value(row, mark, profile), profile)
                rank += 1
                if value is not None and rank < 30:
                    yield Candidate(
                        value,
                        (row.span(mark.start, mark.end),),
                        (row.page, row.index, mark.start, mark.end),
                        score,
                    )

    def _dates(self, profile: Profile) -> Iterator[Candidate]:
        """The first dates of the document; one with a time beside it rather."""
        rank = 0
        for row in self.facts.rows:
            values = self.facts.values(row)
            for date in values.dates:
                score = 0.5 - 0.05 * rank + (0.08 if values.times else 0.0) - 0.1 * row.page
                printed = row.text[date.start : date.end].replace("\t", " ")
                value = forms.date_value(date, profile, printed, values.times[0] if values.times else None)
                yield Candidate(
                    value, (row.span(date.start, date.end),), (row.page, row.index, date.start, date.end),
                    score, ocr=row.score_of(date.start, date.end),
                )  # fmt: skip
                rank += 1
                if rank >= 6:
                    return

    def _ranges(self, profile: Profile) -> Iterator[Candidate]:
        """The first ranges of days, for a period that no label names."""
        rank = 0
        for row in self.facts.rows:
            for span in self.facts.values(row).ranges:
                date = span.first if profile.side == "start" else span.last
                printed = row.text[date.start : date.end].replace("\t", " ")
                place = (row.page, row.index, date.start, date.end)
                found = (row.span(date.start, date.end),)
                yield Candidate(forms.date_value(date, profile, printed), found, place, 0.42 - 0.06 * rank)
                rank += 1
                if rank >= 3:
                    return


def _part_in(party: Party, part: str) -> tuple[Segment, int, int] | None:
    """The line of a party's block that has `part` of its address, and where in its text; None where no line has.

    `line` is the whole line with the postcode.
    """
    if part == "street":
        street = next((s for s in party.lines if names_street(s.text)), party.lines[0])
        place = street_in(street.text, alone=len(party.lines) == 1)
        return (street, *place) if place is not None else None
    alone = city_alone(party.lines)
    for segment in reversed(party.lines):
        text = segment.text
        if part == "line":
            place = (0, len(text)) if part_of_address(text, "postcode") else None
        elif part == "city" and segment is alone:
            place = (0, len(text))
        elif part == "country":
            place = country_in(text)
        else:
            place = part_of_address(text, part)
        if place is not None:
            return (segment, *place)
    return None
