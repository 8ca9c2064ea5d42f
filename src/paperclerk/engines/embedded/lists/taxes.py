"""Arrays of a rate and its tax where no table lists them: `VAT 20 % on 452.10  90.42` among the sums. Called by
`arrays`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from paperclerk.domain.result import Tree
from paperclerk.engines.embedded.tables.arithmetic import close
from paperclerk.engines.embedded.tables.cells import Text, number_leaf, numbers_of, text_of
from paperclerk.engines.embedded.tables.roles import fold, roles_of_field, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.engines.embedded.words.vocabulary import phrases, words
from paperclerk.printed.locale import Locale
from paperclerk.printed.numbers import Number
from paperclerk.schemas.compiled import Field

SURE, PROVED = 0.85, 0.95
MOST_RATE = 30.0  # percent
ROUNDED = 0.011
_RATES = frozenset(
    words("rate percent percentage pct satz steuersatz prozent taux tipo aliquota tarief taxa porcentaje")
)
_BASES = frozenset(
    words("base basis net netto taxable goods imponible imponibile incidencia grundlage bemessung ht")
)
_NAMED = re.compile(rf"\b\w*(?:{'|'.join(sorted(phrases('words')['tax']))}|belasting)(?:e?s|n|os)?\b")


def tax_rows(array: Field, element: Field, pages: Sequence[Sequence[Strip]], locale: Locale) -> list[Tree]:
    """One object for each line that names a tax, its rate and its amount, each rate once; empty for other arrays."""
    numbers = [c for c in element.children if c.kind in ("number", "integer")]
    rate = next((c for c in numbers if _is_rate(c)), None)
    base = next((c for c in numbers if _BASES & set(words_of(c.name).split())), None)
    rest = [c for c in numbers if c is not rate and c is not base]
    if rate is None or len(rest) != 1 or not _NAMED.search(words_of(" ".join(array.path))):
        return []
    rows: dict[float, Tree] = {}
    for strips in pages:
        for strip in strips:
            text = text_of(strip.pieces)
            found = _taxed(text, locale)
            if found is None or found[0].value in rows:
                continue
            percent, of, tax = found
            sure = SURE if of is None else PROVED
            row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
            row[rate.name] = number_leaf(rate, text, percent, sure)
            row[rest[0].name] = number_leaf(rest[0], text, tax, sure)
            if base is not None and of is not None:
                row[base.name] = number_leaf(base, text, of, sure)
            rows[percent.value] = row
    return list(rows.values())


def _is_rate(field: Field) -> bool:
    return (
        bool(_RATES & set(words_of(field.name).split())) or roles_of_field(field).get("tax_rate", 0.0) >= 0.9
    )


def _taxed(text: Text, locale: Locale) -> tuple[Number, Number | None, Number] | None:
    """The rate, the amount it is taken of where it is printed, and the tax, of a line that names a tax."""
    if not _NAMED.search(fold(text.text)):
        return None
    found = numbers_of(text, locale)
    rates = [n for n in found if n.percent and 0 <= n.value <= MOST_RATE]
    money = [n for n in found if n.is_money_like]
    if len(rates) != 1 or not money or text.text[money[-1].full_end :].strip():
        return None
    tax = money[-1]
    of = next((n for n in money[:-1] if close(n.value * rates[0].value / 100, tax.value, ROUNDED)), None)
    return None if len(money) > 1 and of is None else (rates[0], of, tax)
