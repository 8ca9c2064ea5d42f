"""What a paper says of itself by its place: the subject of a letter, the kind of an agreement. Called by `cues`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.layout import PageLayout, Segment
from paperclerk.engines.embedded.words import phrases

_SALUTES = re.compile(
    r"(?:Dear|To whom|Sehr geehrte|Liebe|Guten Tag|Madame|Monsieur|Chère?|Estimad|Muy |Gentile|Egregi|Spett|Geachte|"
    r"Beste|Prezad|Exm)[^.:]{0,50}[,:!]?$"
)
_KINDS = re.compile(
    r"(?:agreement|contract|contrat|contrato|contratto|vertrag|lease|bail|overeenkomst|deed|addendum|amendment|"
    r"convention|permit|licen[cs]e|certificate|certificat|certificado|certificato|attestation|zeugnis|"
    r"bescheinigung|urkunde|passport)s?",
    re.I,
)
_ASKS = phrases.word_set("type kind title art tipo soort titre titel")
_OF = phrases.word_set("agreement contract contrat contrato contratto vertrag document certificate permit")
_CALLED = phrases.word_set("vertragsart dokumentart vertragstyp urkundenart")
UPPER_ROWS = 8
MOST = 18  # words of a subject
TITLE = 10


def asks_subject(profile: Profile) -> bool:
    return profile.want == "text" and profile.concepts.get("subject", 0.0) >= 0.9


def asks_kind(profile: Profile) -> bool:
    """Whether a field asks what kind of paper this is: `agreement_type`."""
    words = profile.called
    return profile.want == "text" and bool(
        words & _CALLED or (words & _ASKS and words & _OF and len(words) == 2)
    )


def subject(facts: Facts, _: Profile) -> Iterator[Candidate]:
    """The line that stands apart over the words that greet, or in bold right under them."""
    for page in facts.layout.pages[:1]:
        greeting = next((s for s in page.segments if _SALUTES.match(s.text)), None)
        if greeting is None:
            continue
        above, below = (_alone(page, greeting.row + step) for step in (-1, 1))
        if below is not None and (below.bold or below.text.isupper()) and not greeting.bold:
            yield _line(facts, below)
        elif (
            above is not None
            and _is_apart(page, above, greeting)
            and not facts.values(page.row_of(above)).dates
        ):
            yield _line(facts, above)


def _alone(page: PageLayout, row: int) -> Segment | None:
    """The text of a row that holds nothing else."""
    found = page.rows[row].segments if 0 <= row < len(page.rows) else ()
    return found[0] if len(found) == 1 and 1 < len(found[0].words) <= MOST else None


def _is_apart(page: PageLayout, line: Segment, greeting: Segment) -> bool:
    flush = abs(line.box.x0 - greeting.box.x0) < line.size
    over = page.rows[line.row - 1].box if line.row else None
    gap = line.box.y0 - over.y1 if over is not None else 0.0
    near = greeting.box.y0 - line.box.y1
    return flush and near < 4 * line.size and (line.bold or (gap > line.size and near > 0.5 * line.size))


def kind(facts: Facts, _: Profile) -> Iterator[Candidate]:
    """The title that says what kind of agreement or certificate a paper is."""
    for page in facts.layout.pages[:1]:
        for row in page.rows[:UPPER_ROWS]:
            for line in row.segments:
                loud = line.bold or line.text.isupper() or line.size > 1.15 * page.size
                if (
                    loud
                    and len(line.words) <= TITLE
                    and any(map(_KINDS.fullmatch, re.findall(r"\w+", line.text)))
                ):
                    yield _line(facts, line)
                    return


def _line(facts: Facts, line: Segment) -> Candidate:
    row = facts.layout.row_of(line)
    place = (row.page, row.index, line.start, line.end)
    span = row.span(line.start, line.end)
    return Candidate(line.text, (span,), place, 0.7, ocr=row.score_of(line.start, line.end))
