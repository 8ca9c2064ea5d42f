"""Which fields a document has: labels with values beside or under them, and tables. Called by `extraction.inferring`.

    found = infer_fields(pages)      # a JSON Schema for documents of that kind, and the name of the kind

Nothing is looked up by value: a field is what a printed label names, a column what its heading names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paperclerk.domain.document import Page
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import Row
from paperclerk.engines.embedded.page.levelling import levelled
from paperclerk.engines.embedded.page.values import Values, read
from paperclerk.engines.embedded.tables.continued import joined
from paperclerk.engines.embedded.tables.grid import Cell, Table, tables_of
from paperclerk.engines.embedded.tables.regions import is_number
from paperclerk.engines.embedded.tables.roles import roles_of_label
from paperclerk.engines.embedded.words import lexicon
from paperclerk.engines.markdown.tables import columns_of, heading_rows, kind_of
from paperclerk.printed.locale import Locale

MOST_FIELDS = 120
MOST_TABLES = 12
MOST_LABEL_WORDS = 6

# What the title of a document says it is: words in the languages that the engine reads.
_KINDS: Mapping[str, str] = {
    "invoice": r"(?:e-?|tax |commercial |proforma )?invoice|rechnung|facture|factura|fattura|factuur|fatura",
    "receipt": r"receipt|quittung|kassenbon|reçu|ticket de caisse|recibo|ricevuta|scontrino|kassabon|resit",
    "bank-statement": r"(?:bank |account )statement|statement of account|kontoauszug|relevé de compte|estratto conto",
    "purchase-order": r"purchase order|bestellung|bon de commande|orden de compra|ordine d'acquisto|inkooporder",
    "delivery-note": r"delivery note|packing (?:list|slip)|lieferschein|bon de livraison|albarán|pakbon",
    "quote": r"quotation|quote|angebot|devis|presupuesto|preventivo|offerte",
    "payslip": r"pay ?slip|pay ?stub|earnings statement|gehaltsabrechnung|bulletin de paie|nómina|busta paga",
    "resume": r"r[ée]sum[ée]|curriculum vitae|lebenslauf",
    "contract": r"(?:agreement|contract|vertrag|contrat|contrato|contratto)",
    "bill-of-lading": r"bill of lading|waybill|frachtbrief",
    "insurance-claim": r"(?:insurance )?claim form|schadenmeldung",
    "utility-bill": r"(?:electricity|gas|water|utility) bill|stromrechnung",
}
_ITEMS = re.compile(
    r"(?i)qty|quantit|price|amount|preis|menge|betrag|prix|montant|precio|importe|prezzo|prijs|total"
)
_PLAIN_NUMBER = re.compile(r"[-+(]?\d{1,3}(?:[ ,.']\d{3})*\)?|[-+]?\d{1,4}")


@dataclass(frozen=True)
class Inferred:
    """`kind` is a slug such as `invoice`; `schema` a JSON Schema of an object."""

    kind: str
    title: str
    schema: Mapping[str, Any]


def infer_fields(pages: Sequence[Page]) -> Inferred:
    """The fields of a document, in the order in which they stand. Deterministic, linear in the words."""
    pages = [levelled(page) for page in pages]
    facts = Facts(pages)
    level = {page.index: page for page in pages}
    found = joined([table for p in pages if p.words for table in tables_of(p)], level)
    tables = [
        (t, columns) for t in found if not _is_pairs(t, facts) and (columns := _columns(t, facts.locale))
    ]
    properties: dict[str, Any] = {}
    for label, text in _labelled(facts, [t for t, _ in tables]):
        if len(properties) >= MOST_FIELDS:
            break
        name = slug(label.text)
        if _names(name, label):
            properties.setdefault(name, _scalar(label, text, facts))
    for name, element in _arrays(tables[:MOST_TABLES]):
        properties.setdefault(name, {"type": "array", "items": {"type": "object", "properties": element}})
    kind, title = _kind(facts)
    schema = {
        "title": "".join(w.capitalize() for w in re.findall(r"[A-Za-z0-9]+", kind)),
        "type": "object",
        "properties": properties,
    }
    return Inferred(kind, title, schema)


def slug(text: str) -> str:
    """A property name for a printed label: lower-case ASCII words joined by `_`; '' when it has no letters."""
    spelled = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("#", " number "))
    plain = "".join(c for c in spelled if not unicodedata.combining(c)).casefold()
    name = "_".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("_")
    return name if any(c.isalpha() for c in name) else ""


# -- labels ----------------------------------------------------------------------------------------------


def _labelled(facts: Facts, tables: Sequence[Table]) -> Iterator[tuple[Label, str]]:
    """Sure labels with the text that they name."""
    within = _table_words(tables)
    for label in facts.labels:
        if not label.sure or len(label.text.split()) > MOST_LABEL_WORDS or _is_title(label):
            continue
        inside = any((label.row.number, p.index) in within for p in label.row.parts(label.start, label.end))
        if inside and not _is_sum(label):
            continue
        text = _value_beside(label, facts) or ("" if inside else _value_under(label, facts))
        if text:
            yield label, text


def _names(name: str, label: Label) -> bool:
    """Whether a slug says something: a word of three letters, or a label that is known."""
    known = max(label.concepts.values(), default=0.0) >= 0.95
    return bool(name) and (known or any(len(word) >= 3 and word.isalpha() for word in name.split("_")))


def _table_words(tables: Sequence[Table]) -> set[tuple[int, int]]:
    return {
        (piece.page.index, w)
        for table in tables
        for row in table.rows
        for cell in row
        for piece in cell.pieces
        for w in piece.words
    }


def _is_title(label: Label) -> bool:
    """Whether the words only say what the document is."""
    return not label.colon and any(
        re.fullmatch(f"(?i){form}", label.text.strip()) for form in _KINDS.values()
    )


def _is_sum(label: Label) -> bool:
    """Whether the label of a table's last rows names a sum of the document (subtotal, tax, total)."""
    return any(v >= 0.95 and c.endswith("_total") for c, v in label.concepts.items()) and (
        label.segment is not label.row.segments[-1] and is_number(label.row.segments[-1].text)
    )


def _value_beside(label: Label, facts: Facts) -> str:
    """What stands between a label and the next one of its row."""
    row = label.row
    following = [o.start for o in facts.labels_in(row) if o.start >= label.end and o.likeness >= 0.6]
    if following and following[0] - label.end <= 2:
        return ""  # a row of headings
    text = row.text[label.end : following[0] if following else len(row.text)]
    return _tidy(text.lstrip(" :"))


def _value_under(label: Label, facts: Facts) -> str:
    """The segment right under a label that has its own to itself."""
    if not label.whole:
        return ""
    page = facts.layout.pages[label.segment.page]
    for segment in page.below(label.segment):
        near = segment.box.y0 - label.segment.box.y1 < 1.5 * label.segment.size
        aligned = abs(segment.box.x0 - label.segment.box.x0) < 1.5 * label.segment.size
        if near and aligned and facts.label_of(segment) is None:
            return _tidy(segment.text)
    return ""


def _tidy(text: str) -> str:
    parts = [part.strip(" :") for part in text.split("\t")]
    return next((part for part in parts if any(c.isalnum() for c in part)), "")


def _scalar(label: Label, text: str, facts: Facts) -> dict[str, Any]:
    printed = label.text.strip(" :")
    values = read(text, facts.locale)
    return {**_typed(label, text, values), "description": f"Printed as {printed!r}"}


def _typed(label: Label, text: str, values: Values) -> dict[str, Any]:
    kinds = {lexicon.kind_of(c) for c, v in label.concepts.items() if v >= 0.95}
    if values.dates and _covers(values.dates[0].start, values.dates[0].end, text):
        return {"type": "string", "format": "date"}
    for mark in values.marks:
        if mark.kind in ("email", "uri") and _covers(mark.start, mark.end, text):
            return {"type": "string", "format": mark.kind}
        if mark.kind in ("checked", "unchecked") and _covers(mark.start, mark.end, text):
            return {"type": "boolean"}
    if "id" not in kinds and "money" in kinds and values.numbers:
        return {"type": "number"}
    if "id" in kinds or len(values.numbers) != 1:
        return {"type": "string"}
    number = values.numbers[0]
    if not _covers(number.start, number.end, text):
        return {"type": "string"}
    if number.is_money_like or number.percent or number.value != int(number.value):
        return {"type": "number"}
    return {"type": "integer"} if _PLAIN_NUMBER.fullmatch(text) and text[:1] != "0" else {"type": "string"}


def _covers(start: int, end: int, text: str) -> bool:
    return end - start >= 0.8 * len(text)


# -- tables ----------------------------------------------------------------------------------------------

Columns = dict[str, dict[str, Any]]


def _columns(table: Table, locale: Locale) -> Columns:
    """The properties of a row; empty when nothing says what the columns are."""
    found: Columns = {}
    columns = columns_of(table)
    sums = next((n for n, cell in enumerate(columns[0].cells) if n > 0 and not cell.text), None)
    for column in columns:
        name = slug(column.name)
        if name and name not in found and len(column.name.split()) <= MOST_LABEL_WORDS:
            found[name] = _column(column.name, column.cells[:sums], locale)
    return found if heading_rows(table) and len(found) >= 2 else {}


def _is_pairs(table: Table, facts: Facts) -> bool:
    """Whether a table is labels beside their values: its first row is no other than those below."""
    if len(table.rows[0]) % 2:
        return False
    known = {
        (label.row.number, p.index)
        for label in facts.labels
        if label.sure and max(label.concepts.values(), default=0.0) >= 0.95
        for p in label.row.parts(label.start, label.end)
    }
    first = [{(piece.page.index, w) for piece in row[0].pieces for w in piece.words} for row in table.rows]
    return bool(first[0] & known) and sum(bool(words & known) for words in first) >= 0.5 * len(first)


def _column(printed: str, cells: Sequence[Cell], locale: Locale) -> dict[str, Any]:
    described = {"description": f"Printed as {printed!r}"}
    texts = [cell.text for cell in cells if cell.text]
    if texts and all(_is_date(text, locale) for text in texts):
        return {"type": "string", "format": "date", **described}
    kind = kind_of(cells)
    return {"type": "number" if kind in ("float", "currency", "percentage", "int") else "string", **described}


def _is_date(text: str, locale: Locale) -> bool:
    dates = read(text, locale).dates
    return bool(dates) and _covers(dates[0].start, dates[0].end, text)


def _arrays(tables: Sequence[tuple[Table, Columns]]) -> Iterator[tuple[str, Columns]]:
    """An array for each kind of table: those with the same headings are one (a table that goes on)."""
    seen: list[Columns] = []
    names: set[str] = set()
    for _, columns in tables:
        if any(set(columns) == set(other) for other in seen):
            continue
        seen.append(columns)
        priced = any(_ITEMS.search(name) for name in columns)
        booked = any("balance" in roles_of_label(name.replace("_", " ")) for name in columns)
        called = "transactions" if booked else "items" if priced else ""
        name = called if called and called not in names else f"table_{len(seen)}"
        names.add(name)
        yield name, columns


# -- what it is ------------------------------------------------------------------------------------------


def _kind(facts: Facts) -> tuple[str, str]:
    """The kind of document, and the words of its title: the largest words of the first page that say one."""
    first = facts.layout.pages[0].rows if facts.layout.pages else ()
    best: tuple[float, str, str] | None = None
    for row in first:
        for segment in row.segments:
            if len(segment.text.split()) > 6:
                continue
            for kind, pattern in _KINDS.items():
                if re.search(rf"(?i)(?<!\w)(?:{pattern})(?!\w)", segment.text):
                    score = segment.size * (1.3 if len(segment.text.split()) <= 3 else 1.0) * _height(row)
                    if best is None or score > best[0]:
                        best = (score, kind, segment.text)
    return (best[1], best[2]) if best else ("document", "")


def _height(row: Row) -> float:
    """A title stands at the head of a page."""
    return 1.2 if row.index < 8 else 1.0
