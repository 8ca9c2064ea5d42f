"""Enum members and booleans, concluded from what is printed. Called by `ranking`.

A member counts when its words stand where the field's label points, or, failing a label, when it is the only
member whose words stand on the document at all.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from paperclerk.domain.result import Leaf, Scalar, Span
from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.confidence import concluded_probability
from paperclerk.engines.embedded.fields.payments import paid, ways_of
from paperclerk.engines.embedded.fields.sentences import alike, running_sentences
from paperclerk.engines.embedded.fields.slots import slots
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Matcher
from paperclerk.engines.embedded.page.layout import Row, Segment
from paperclerk.engines.embedded.page.values import Mark
from paperclerk.engines.embedded.words import phrases
from paperclerk.engines.embedded.words.phrases import word_set
from paperclerk.schemas.compiled import Field

_YES = word_set("yes y true ja oui si sim ya x checked included enthalten")
_NO = word_set("no n false nein non nao nee tidak none")
_WORD = re.compile(r"[^\W_]+")
HEADINGS_ABOVE = 0.45  # of the first page's height
HEADING_WORDS = 5


@dataclass(frozen=True, slots=True)
class _Option:
    """A box to tick at `start:end` of a row, and the words `said:told` beside it."""

    row: Row
    start: int
    end: int
    said: int
    told: int
    ticked: bool

    @property
    def span(self) -> Span:
        return self.row.span(self.start, self.end)


def _options(facts: Facts) -> Iterator[_Option]:
    """Every box of the document. It stands before its words, unless the words before the first one begin the line."""
    for row in facts.rows:
        marks = [m for m in facts.values(row).marks if m.kind in ("checked", "unchecked")]
        for i, mark in enumerate(marks):
            segment = row.segment_at(mark.start)
            limit = marks[i + 1].start if i + 1 < len(marks) else len(row.text)
            beyond = row.segments[row.segments.index(segment) + 1 :][:1]
            told = min(limit, segment.end)
            if not _WORD.search(row.text, mark.end, told) and beyond and beyond[0].start < limit:
                told = min(limit, beyond[0].end)
            said = mark.end
            inside = [m for m in marks if segment.start <= m.start < segment.end]
            if len(inside) > 1 and _behind_words(row, segment, inside):
                before = inside[inside.index(mark) - 1].end if mark is not inside[0] else segment.start
                said, told = max(before, _last_word(row, mark)) if mark is inside[0] else before, mark.start
            elif not _WORD.search(row.text, said, told):
                said = marks[i - 1].end if i else segment.start
                told = mark.start
            yield _Option(row, mark.start, mark.end, said, told, mark.kind == "checked")


def _last_word(row: Row, mark: Mark) -> int:
    """Where the word before a box begins."""
    return max((m.start() for m in _WORD.finditer(row.text, 0, mark.start)), default=0)


def _behind_words(row: Row, segment: Segment, marks: Sequence[Mark]) -> bool:
    """Whether the boxes of a segment stand behind their words: `Yes [ ] No [X]`."""
    first = phrases.tokens(row.text[segment.start : marks[0].start])
    answers = len(first) == 1 or (bool(first) and first[-1] in _YES | _NO)
    return answers and not _WORD.search(row.text, marks[-1].end, segment.end)


def conclude(facts: Facts, matcher: Matcher, profiles: Sequence[Profile]) -> dict[tuple[str, ...], Leaf]:
    """A leaf for every enum or boolean that the document answers."""
    found: dict[tuple[str, ...], Leaf] = {}
    options = tuple(_options(facts))
    for profile in profiles:
        leaf: Leaf | None = None
        if profile.want == "boolean":
            leaf = (
                _answered(facts, options, profile)
                or _own_box(options, profile)
                or _boolean(facts, options, matcher, profile)
                or _ticked_sentence(options, profile)
                or _spoken(facts, profile)
                or _titled(facts, profile)
            )
        elif profile.want == "choice":
            leaf = _ticked(options, profile) or _choice(facts, matcher, profile) or _payment(facts, profile)
        if leaf is not None:
            found[profile.field.path] = msgspec.structs.replace(leaf, score=concluded_probability(leaf.score))
    return found


def _boolean(facts: Facts, options: Sequence[_Option], matcher: Matcher, profile: Profile) -> Leaf | None:
    for label, fit, cut in matcher.matches(profile):
        if fit < (0.3 if "?" in label.text else 0.5):
            break
        for option in options:
            if option.row is label.row and option.said <= label.start < option.told:  # a box has these words
                return Leaf(option.ticked, (option.span,), 0.8 * fit, inferred=True)
        for slot in slots(facts, label, cut):
            if slot.steps or slot.direction not in ("same", "right"):
                continue
            for mark in facts.values(slot.row).marks:
                if slot.start <= mark.start < slot.end and mark.kind in ("checked", "unchecked"):
                    span = slot.row.span(mark.start, mark.end)
                    return Leaf(mark.kind == "checked", (span,), 0.8 * fit, inferred=True)
            first = _WORD.search(slot.row.text, slot.start, slot.end)
            said = phrases.tokens(first.group())[0] if first and phrases.tokens(first.group()) else ""
            if first and said in _YES | _NO:
                return Leaf(said in _YES, (slot.row.span(*first.span()),), 0.85 * fit, inferred=True)
    return None


def _own_box(options: Sequence[_Option], profile: Profile) -> Leaf | None:
    """The box whose words are just what the field is called."""
    called = phrases.tokens(phrases.name_words(profile.field.name))
    for option in options:
        if phrases.tokens(option.row.text[option.said : option.told]) == called:
            return Leaf(option.ticked, (option.span,), 0.85, inferred=True)
    return None


def _spoken(facts: Facts, profile: Profile) -> Leaf | None:
    """What a sentence says that has all the field's telling words: no, where it denies them (`without penalty`)."""
    name = phrases.name_words(profile.field.name)
    telling = [w for w, v in profile.words if v > 0.5]
    patterns = [_adjoined(name)] if len(phrases.tokens(name)) > 1 else [_predicate(name)]
    found: dict[bool, Span] = {}
    for sentence in running_sentences(facts):
        text = sentence.text
        ends = [m.end() for p in patterns if (m := p.search(text))]
        if not ends and len(telling) > 1:
            ends = _ends_of(text, telling)
        if ends and not _SUPPOSED.search(text, 0, max(ends)):
            found.setdefault(not _DENIED.search(text, 0, max(ends)), sentence.span)
    if len(found) != 1:
        return None
    ((said, span),) = found.items()
    return Leaf(said, (span,), SPOKEN, inferred=True)


def _titled(facts: Facts, profile: Profile) -> Leaf | None:
    """What the title of the document says of it: a `Mutual Agreement` is mutual."""
    words = phrases.tokens(phrases.name_words(profile.field.name))
    first = facts.layout.pages[0].segments[:3] if facts.layout.pages else ()
    for segment in first:
        title = segment.text.isupper() or segment.bold
        if title and len(words) == 1 and len(words[0]) > 4 and words[0] in phrases.tokens(segment.text):
            row = facts.layout.row_of(segment)
            return Leaf(True, (row.span(segment.start, segment.end),), SPOKEN, inferred=True)
    return None


def _adjoined(name: str) -> re.Pattern[str]:
    return re.compile(r"\b" + r"[\s-]+".join(map(re.escape, name.split())) + r"\b", re.I)


def _predicate(name: str) -> re.Pattern[str]:
    """A word alone says it of something: `is secured`."""
    return re.compile(
        rf"\b(?:is|are|be|est|sont|ist|sind|wird|es|è|wordt)(?: \w+)? {re.escape(name)}\b", re.I
    )


def _ends_of(text: str, telling: Sequence[str]) -> list[int]:
    """Where the words of a sentence end that say each of these; empty when one is not said."""
    words = [(phrases.stem(t), m.end()) for m in _WORD.finditer(text) for t in phrases.tokens(m.group())]
    plain = map(phrases.without_e, telling)
    ends = [next((end for said, end in words if alike(w, said) >= AS_GOOD), 0) for w in plain]
    return ends if all(ends) else []


SPOKEN = 0.55
AS_GOOD = 0.6
_DENIED = re.compile(
    r"\b(?:no|not|without|never|neither|nor|ne|pas|sans|aucune?|nicht|keine?[nrms]?|ohne|senza|nessun[oa]?|sin|"
    r"ning[uú]n[oa]?|niet|geen|zonder|não|sem|free (?:of|from)|libres? de|frei von|libero da|vrij van)\b|\bn['’]",
    re.I,
)
_SUPPOSED = re.compile(r"\b(?:if|whether|unless|si|falls|wenn|sofern|indien|se)\b|\?", re.I)


def _answered(facts: Facts, options: Sequence[_Option], profile: Profile) -> Leaf | None:
    """The ticked one of `Yes` and `No` behind a question, or under a caption, that speaks of the field."""
    for asked, yes, no in _questions(facts, options):
        if yes.ticked != no.ticked and _share(profile, asked) > HALF:
            said = yes if yes.ticked else no
            return Leaf(yes.ticked, (said.span,), 0.85, inferred=True)
    return None


def _questions(facts: Facts, options: Sequence[_Option]) -> Iterator[tuple[str, _Option, _Option]]:
    """Each question that boxes for yes and no stand behind, and the two."""
    for first, second in itertools.pairwise(options):
        said = [phrases.tokens(o.row.text[o.said : o.told]) for o in (first, second)]
        if first.row is not second.row or [len(words) for words in said] != [1, 1]:
            continue
        answers = {
            words[0] in _YES: o
            for words, o in zip(said, (first, second), strict=True)
            if words[0] in _YES | _NO
        }
        if len(answers) == 2:
            before = [
                o.told for o in options if o.row is first.row and o is not first and o.told <= first.start
            ]
            begin = max(before, default=0)
            yield first.row.text[begin : first.start], answers[True], answers[False]
            segment = first.row.segment_at(min(first.said, first.start))
            if min(first.said, first.start) - segment.start <= 1:
                for caption in facts.layout.pages[first.row.page].above(segment)[:1]:
                    yield caption.text, answers[True], answers[False]


def _share(profile: Profile, text: str) -> float:
    """The share of a field's telling words that a text says."""
    telling = [w for w, v in profile.words if v > 0.5]
    said = phrases.stems(text)
    hits = sum(any(s == w or (len(w) > 4 and s.startswith(w)) for s in said) for w in telling)
    return hits / len(telling) if telling else 0.0


HALF = 0.49


def _ticked_sentence(options: Sequence[_Option], profile: Profile) -> Leaf | None:
    """The box before a sentence that speaks of the field: `[x] Send me the newsletter`."""
    best, most = None, HALF
    for option in options:
        share = _share(profile, option.row.text[option.said : option.told])
        if share > most:
            best, most = option, share
    return Leaf(best.ticked, (best.span,), 0.4 + 0.3 * most, inferred=True) if best else None


def _ticked(options: Sequence[_Option], profile: Profile) -> Leaf | None:
    """The member beside the one ticked box, where several members stand beside boxes."""
    beside = _beside(options, _members(profile.field))
    ticked = [(o, m) for o, m in beside if o.ticked]
    if len({m for _, m in beside}) < 2 or len({m for _, m in ticked}) != 1:
        return None
    option, member = ticked[0]
    return Leaf(member, (option.row.span(option.start, option.told),), 0.85, inferred=True)


def _beside(options: Sequence[_Option], members: Sequence[str | int | float]) -> list[tuple[_Option, Scalar]]:
    """The boxes that a member stands beside."""
    return [
        (option, member)
        for option in options
        for member, _, _ in [*_members_in(option.row, option.said, option.told, members)][:1]
    ]


def ticked_members(facts: Facts, array: Field) -> list[Leaf]:
    """The members beside ticked boxes, for an array of choices; none where no box stands beside two of them."""
    if array.items is None or array.items.kind != "enum":
        return []
    beside = _beside([*_options(facts)], _members(array.items))
    if len({member for _, member in beside}) < 2:
        return []
    ticked = {member: option for option, member in reversed(beside) if option.ticked}
    return [
        Leaf(member, (option.row.span(option.start, option.told),), 0.85, inferred=True)
        for member, option in reversed(ticked.items())
    ]


def _members(field: Field) -> list[str | int | float]:
    return [v for v in field.values if isinstance(v, str | int | float) and not isinstance(v, bool)]


def _choice(facts: Facts, matcher: Matcher, profile: Profile) -> Leaf | None:
    members = _members(profile.field)
    for label, fit, cut in matcher.matches(profile):
        if fit < 0.5:
            break
        for slot in slots(facts, label, cut):
            said = [*_members_in(slot.row, slot.start, slot.end, members)] if slot.steps == 0 else []
            if said and not any(
                _apart(said[0][1], span) for _, span, _ in said
            ):  # else all choices are printed
                member, span, exact = said[0]
                return Leaf(member, (span,), (0.95 if exact else 0.8) * fit, inferred=True)
    return _only_one(facts, profile, members)


def _payment(facts: Facts, profile: Profile) -> Leaf | None:
    """How it was paid, where one way is spoken of."""
    if profile.concepts.get("payment_method", 0.0) < PAYMENT:
        return None
    members = {m: phrases.tokens(phrases.name_words(str(m))) for m in _members(profile.field)}
    seen: dict[Scalar, Span] = {}
    for one in paid(facts):
        same = [m for m, words in members.items() if tuple(words) == one.words] or [
            m for m, words in members.items() if one.ways & ways_of(words)
        ]
        seen.setdefault(same[0] if len(same) == 1 else None, one.row.span(one.start, one.end))
    if len(seen) != 1:
        return None
    ((member, span),) = seen.items()
    return Leaf(member, (span,), 0.6, inferred=True) if member is not None else None


PAYMENT = 0.7


def _apart(one: Span, other: Span) -> bool:
    return not {p.index for p in one.parts} & {p.index for p in other.parts}


def _only_one(facts: Facts, profile: Profile, members: Sequence[Scalar]) -> Leaf | None:
    """A member that stands in a heading of the first page, when no other member does."""
    seen: dict[Scalar, Span] = {}
    for page in facts.layout.pages[:1]:
        for segment in page.segments:
            if segment.box.y0 > HEADINGS_ABOVE * page.page.height or len(segment.words) > HEADING_WORDS:
                continue
            row = page.row_of(segment)
            for member, span, _ in _members_in(row, segment.start, segment.end, members):
                seen.setdefault(member, span)
    if len(seen) != 1:
        return None
    ((member, span),) = seen.items()
    if len(phrases.key(str(member))) < 3:
        return None
    return Leaf(member, (span,), 0.5, inferred=True)


def _members_in(
    row: Row, start: int, end: int, members: Sequence[Scalar]
) -> Iterator[tuple[Scalar, Span, bool]]:
    """Members whose words stand in a stretch of a row, the longest first."""
    words = [(m.start(), m.end(), _plain(m.group())) for m in _WORD.finditer(row.text, start, end)]
    for member in sorted(members, key=lambda v: -len(str(v))):
        want = [_plain(w) for w in _WORD.findall(phrases.name_words(str(member)))]
        for i in range(len(words) - len(want) + 1):
            if want and [w[2] for w in words[i : i + len(want)]] == want:
                span = row.span(words[i][0], words[i + len(want) - 1][1])
                yield member, span, len(words) == len(want)
                break


def _plain(word: str) -> str:
    return "".join(phrases.tokens(word))
