"""What a page tells of the document that it belongs to: its number, labelled values, the lines at its edges.

Called by `boundaries` and `kinds`. Nothing here knows a kind of document or a company; labels come from the embedded
engine's vocabulary, so all of its languages are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby

from rapidfuzz import fuzz, process

from paperclerk.domain.document import Page, TextOrigin
from paperclerk.domain.result import Leaf
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.engines.embedded.words import phrases
from paperclerk.engines.engine import Context
from paperclerk.extraction.packets.kinds import title_of
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field

# Labelled values that are one document's own, and those that several documents of one firm or person share.
NUMBERS = (
    "invoice_number", "receipt_number", "order_number", "contract_number", "delivery_note_number", "quote_number",
    "policy_number", "claim_number", "reference_number",
)  # fmt: skip
DAYS = ("issue_date", "statement_date", "period")
PARTIES = (
    "seller",
    "buyer",
    "employee_name",
    "patient_name",
    "registration_number",
    "customer_number",
    "account_number",
)
SURE = 0.75  # score of a labelled value that is believed
HEAD, FOOT = 0.3, 0.85  # shares of the page's height above and below which page numbers stand

_PAGE = r"(?:page|pages|seite|pagina|página|pág|pag|blatt|sheet|folio|hoja|feuille|strana|sida|side)"
_OF = r"(?:of|von|de|di|van|sur|da|av|/|aus|-)"
_NUMBERED = (
    re.compile(rf"\b{_PAGE}\b[\s.:#]*(\d{{1,3}})\s*{_OF}\s*(\d{{1,3}})\b", re.I),
    re.compile(rf"\b{_PAGE}\b[\s.:#]*(\d{{1,3}})(?!\S*[\d])()\b", re.I),
    re.compile(r"^\W*(\d{1,3})\s*(?:of|von|sur|/)\s*(\d{1,3})\W*$", re.I),
)
_BARE = re.compile(r"^(\D{0,12}?)(\d{1,4})(\D{0,8})$")
_CONTINUED = re.compile(
    r"\b(continued from|cont'?d\b|carried forward|brought forward|übertrag|fortsetzung|report à nouveau|suite de"
    r"|continuación|continua da|vervolg)",
    re.I,
)


@dataclass(frozen=True)
class Placed:
    """A line as it is compared between pages: its text and where it starts, in shares of the page."""

    text: str
    x: float
    y: float


@dataclass(frozen=True)
class Marks:
    """A page's marks. `number` is its printed one with the count of pages, if told; `bare` are whole numbers that
    stand nearly alone at its edges, with what is around them. `labelled` are sure values by their field's name."""

    page: Page
    number: tuple[int, int | None] | None
    bare: frozenset[tuple[str, int]]
    lines: tuple[Placed, ...]
    labelled: Mapping[str, str]
    words: Counter[str]
    sizes: Counter[float]  # characters by the size they are printed in; nothing for a scan
    continued: bool
    title: str | None = None  # that names a kind of document

    @property
    def is_blank(self) -> bool:
        return not self.page.words

    @cached_property
    def printed(self) -> tuple[str, ...]:
        """The letters of the lines that have some."""
        return tuple(t for line in self.lines if len(t := _letters(line.text)) >= 8)

    def likeness(self, other: Marks) -> float:
        """The share of lines that two pages have in common, wherever they stand; of the page that shares less."""
        if min(len(self.printed), len(other.printed)) < 4:
            return 0.0
        return min(_shared(self.printed, other.printed), _shared(other.printed, self.printed))


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


def _shared(some: tuple[str, ...], others: tuple[str, ...]) -> float:
    met = sum(process.extractOne(t, others, scorer=fuzz.ratio, score_cutoff=85) is not None for t in some)
    return met / len(some)


def marks_of(page: Page) -> Marks:
    lines = _placed(page)
    rows = _rows(lines)
    edge = [text for y, text in rows if y < HEAD or y > FOOT]
    return Marks(
        page=page,
        number=_number(edge),
        bare=frozenset(
            (f"{found[1]}#{found[3]}".strip(), int(found[2]))
            for line in lines
            if (line.y < 0.1 or line.y > 0.88) and (found := _BARE.match(line.text))
        ),
        lines=lines,
        labelled=_labelled(page),
        words=Counter(
            t for w in page.words for t in phrases.tokens(w.text) if len(t) > 3 and not t.isdigit()
        ),
        sizes=_sizes(page),
        title=title_of(page),
        continued=any(_CONTINUED.search(line.text) for line in lines if line.y < HEAD),
    )


def _sizes(page: Page) -> Counter[float]:
    found: Counter[float] = Counter()
    if page.origin is TextOrigin.TEXT_LAYER:
        for word in page.words:
            found[round(2 * word.size) / 2] += len(word.text)
    return found


def _placed(page: Page) -> tuple[Placed, ...]:
    return tuple(
        Placed(
            " ".join(page.words[i].text for i in line.words),
            line.box.x0 / page.width,
            line.box.cy / page.height,
        )
        for line in page.lines
    )


def _rows(lines: tuple[Placed, ...]) -> list[tuple[float, str]]:
    """Lines that stand side by side as one text each, since a number may stand apart from its word."""
    ordered = sorted(lines, key=lambda line: (round(line.y * 100), line.x))
    return [
        (y / 100, " ".join(line.text for line in row))
        for y, row in groupby(ordered, key=lambda line: round(line.y * 100))
    ]


def _number(rows: list[str]) -> tuple[int, int | None] | None:
    for pattern in _NUMBERED:
        for text in rows:
            for found in pattern.finditer(text):
                number, count = int(found[1]), int(found[2]) if found[2] else None
                if number >= 1 and (count is None or number <= count):
                    return number, count
    return None


def _labelled(page: Page) -> dict[str, str]:
    if not page.words:
        return {}
    tree = EmbeddedEngine().extract([page], _fields(), Context())
    assert isinstance(tree, dict)
    return {
        name: phrases.key(str(leaf.value))
        for name, leaf in tree.items()
        if isinstance(leaf, Leaf)
        and leaf.value is not None
        and leaf.score >= SURE
        and _tells(name, leaf.value)
    }


def _tells(name: str, value: object) -> bool:
    """Whether a value can tell documents apart: numbers of a document have some length, and digits."""
    text = str(value)
    return name not in NUMBERS or (len(text) >= 4 and any(c.isdigit() for c in text))


@cache
def _fields() -> Field:
    names = (*NUMBERS, *DAYS, *PARTIES)
    return compile_schema({"type": "object", "properties": {name: {"type": "string"} for name in names}})
