"""Names of persons on a page, by the labels that name them and by their titles. Called by `redacting`.

They are found rather too often than too seldom: what is found gets covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paperclerk.domain.document import Line
from paperclerk.engines.embedded.words import lexicon, phrases
from paperclerk.extraction.cells import BETWEEN, Cells, Text

MOST_TOKENS = 6
SHORTEST_PART = 3  # letters of a part that is looked for in any case of its letters

# Labels that nothing but a name follows, however it is set apart, and roles, which need a colon or a gap.
_NAMED = (
    r"(?:sur|fore|full|last|first|middle|given|family|maiden|patient|customer|client)?[ -]?names?|account holder"
    r"|card ?holder|policy ?holder|attn|dear|name|namen|nachname|vornamen?|familienname|zuname|kontoinhaber(?:in)?"
    r"|versicherungsnehmer(?:in)?|z\.? ?hd\.?|sehr geehrte[rs]?|nom|noms|pr[ée]noms?|titulaire|nombres?"
    r"|apellidos?|titular|estimad[oa]|nome|cognome|intestatario|naam|voornaam|voornamen|achternaam|rekeninghouder|geachte"
)
_ROLES = (
    r"patient(?:in)?|applicant|claimant|insured|tenant|lessee|lessor|landlord|guest|passenger|employee|candidate"
    r"|student|pupil|member|beneficiary|next of kin|guardian|spouse|witness(?:ed by)?|customer|client|debtor|nominee"
    r"|sign(?:ed|ature|atory)(?: by)?|contact(?: person)?|attention|(?:attending |referring )?physician|doctor|nurse"
    r"|(?:prepared|approved|authori[sz]ed|issued|requested|received) by|cashier|holder"
    r"|antragsteller(?:in)?|mieter(?:in)?|vermieter(?:in)?|arbeitnehmer(?:in)?|mitarbeiter(?:in)?|versicherte[rn]?"
    r"|kunde|kundin|unterschrift|ansprechpartner(?:in)?|bearbeiter(?:in)?|locataire|salari[ée]e?|assur[ée]e?"
    r"|paciente|paziente|inquilino|empleado|dipendente|firmado por|pati[ëe]nt|huurder|werknemer|contactpersoon"
)
_MORE = r"(?: ?(?:and|&|/|,|of|und|et|y|e|en|or) ?[\w ,/-]{1,30}(?=\s*[:\t]|$))?"
_SUFFIX = (
    r"(?:\(s\)|['’]s name| ?\([^()\t]{1,24}\)| in (?:full|block (?:letters|capitals))"
    rf"| of (?:the )?(?:{_ROLES}|account holder)){{0,2}}"
)
_LABEL = re.compile(
    rf"(?<![\w-])(?:(?P<named>{_NAMED})|(?P<role>{_ROLES})){_SUFFIX}{_MORE}"
    r"(?P<apart>\s*[:：]\s*|[ .,_–-]*\t|[ .,_–-]*$| )",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"(?<![\w-])(?:MR|MRS|Mrs?|MISS|Miss|M[sx]|DR|Dr|PROF|Prof|HERRN?|Herrn?|FRAU|Frau|Monsieur|Madame|Mme|Mlle"
    r"|Sra?|Se[ñn]ora?|Sig|Signora?|Dhr|Mevr|Mevrouw|Meneer)\.?[ \t]"
)
_TITLES = phrases.word_set(
    "mr mrs ms mx miss dr prof sir madam herr herrn frau monsieur madame mme mlle sr sra señor señora sig signor "
    "signora dhr mevr mevrouw meneer"
)
_PARTICLES = phrases.word_set(
    "von van der den de del della di da dos du la le el al bin binti ibn zu zum ter y e and und et"
)
_NOBODY = phrases.word_set(
    "customer client sir madam all team colleagues resident member friends kunde kundin"
)
# Names of these are no persons'.
_THINGS = re.compile(
    r"(?:\b|_)(?:company|bank|product|item|file|business|trade|brand|firm|school|user|domain|project|hotel|club|drug|test"
    r"|agreement|organi[sz]ation|vendor|supplier|merchant|store|seller|insurer|employer|issuer|firmen|produkt|datei"
    r"|marken)(?:\b|_)",
    re.IGNORECASE,
)
_TELL_NOTHING = _TITLES | _PARTICLES | _NOBODY
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Name:
    """Words of a page that are a person's name, as indices into `Page.words`, and what they say."""

    words: tuple[int, ...]
    text: str


def names_on(cells: Cells) -> Iterator[Name]:
    """The names that a label stands before or above, and those behind a title. Some may come twice."""
    for row in cells.rows:
        text = cells.text(row)
        for match in _TITLED.finditer(text.text):
            if end := _end(text.text, match.end()):
                yield _name(text, match.end(), end)
        for match in _LABEL.finditer(text.text):
            before = text.text[: match.start()].rpartition(BETWEEN)[2].split()[-1:]
            if _THINGS.search(" ".join([*before, match[0]])) or (match["role"] and match["apart"] == " "):
                continue
            start = match.end()
            end = _end(text.text, start, any_case=bool(match["named"]) and match["apart"] != " ")
            under: list[Name] = []
            if match["apart"].endswith(BETWEEN) or start == len(text.text):
                first = text.words_in(match.start(), match.start() + 1)[0]
                under = list(_column(cells, next(cell for cell in row if first in cell.words)))
            if end and not (under and is_label(text.text[start:end])):
                yield _name(text, start, end)
            else:
                yield from under


def is_label(text: str) -> bool:
    """Whether a cell is one that documents print as a label."""
    return phrases.key(text) in lexicon.labels() or bool(_LABEL.fullmatch(text.strip()))


def is_person(path: str, value: str) -> bool:
    """Whether the value of the field `path`, which is called a name, may be a person's."""
    tokens = value.split()
    return (
        len(tokens) <= MOST_TOKENS
        and all(_may_be_of_a_name(token) and phrases.key(token) not in lexicon.labels() for token in tokens)
        and not _THINGS.search(path)
    )


class Known:
    """Whether a word holds a part of one of the names."""

    def __init__(self, names: Iterable[str]) -> None:
        parts = {part for name in names for part in _LETTERS.findall(name)}
        self._any_case = {part.casefold() for part in parts if len(part) >= SHORTEST_PART} - _TELL_NOTHING
        self._as_is = {part for part in parts if len(part) == 2 and part.casefold() not in _TELL_NOTHING}

    def __contains__(self, word: str) -> bool:
        return any(
            letters.casefold() in self._any_case or letters in self._as_is
            for letters in _LETTERS.findall(word)
        )


def is_initial(word: str) -> bool:
    """Whether a word beside a name is the rest of it."""
    letters = word.rstrip(".,")
    return len(letters) == 1 and letters.isupper()


def _column(cells: Cells, label: Line) -> Iterator[Name]:
    """The names below a label, down to what is none."""
    for cell in cells.beneath(label):
        text = cells.text([cell])
        if is_label(text.text) or _end(text.text, 0) != len(text.text):
            return
        yield _name(text, 0, len(text.text))


def _name(text: Text, start: int, end: int) -> Name:
    return Name(tuple(text.words_in(start, end)), text.text[start:end])


def _end(text: str, start: int, *, any_case: bool = False) -> int:
    """Where the name that begins at `start` ends, 0 when there is none. It does not cross a column gap.

    In `any_case`, a few words of small letters are one too, when nothing else stands there.
    """
    stretch = text[start:].partition(BETWEEN)[0]
    if any_case and len(stretch.split()) <= 3 and all(_LETTERS.fullmatch(word) for word in stretch.split()):
        return start + len(stretch) if stretch.strip() else 0
    end = 0
    for seen, match in enumerate(re.finditer(r"\S+", stretch)):
        token = match[0]
        if token.endswith(":") or not _may_be_of_a_name(token) or seen == MOST_TOKENS:
            break
        if token.casefold().strip(".,;") not in _TELL_NOTHING:
            end = start + match.end()
        if token.endswith((",", ";")) and seen:
            break
    return end


def _may_be_of_a_name(token: str) -> bool:
    plain = token.strip(".,;'’()")
    if plain.casefold() in _TITLES | _PARTICLES:
        return True
    return plain[:1].isalpha() and not plain[0].islower() and all(c.isalpha() or c in "-'’." for c in plain)
