"""Properties that come in pairs, one for money in and one for money out, as schemas of bank statements have them:
`deposit`, `deposit_description`, `withdrawal`, `withdrawal_description`. Called by `arrays`.

On the page a pair shares its columns (date, description); which of the two a row belongs to is told by the column
that holds its amount, or by the sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from paperclerk.engines.embedded.tables.roles import words_of
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.schemas.compiled import Field

Side = Literal["credit", "debit"]
_WORDS: Mapping[Side, frozenset[str]] = {
    "credit": frozenset(words("credit credits deposit deposits inflow received incoming")),
    "debit": frozenset(words("debit debits withdrawal withdrawals outflow spent outgoing")),
}


def sides(fields: Sequence[Field]) -> dict[tuple[str, ...], Side]:
    """The side of every property that has a twin on the other one, by path; empty where the schema has no pairs."""
    said: dict[tuple[tuple[str, ...], str], dict[Side, Field]] = {}
    for field in fields:
        side = _side(field)
        if side is not None:
            said.setdefault((field.path[:-1], _without_side(field, side)), {})[side] = field
    return {f.path: side for pair in said.values() if len(pair) == 2 for side, f in pair.items()}


def as_columns(fields: Sequence[Field], sided: Mapping[tuple[str, ...], Side]) -> list[Field]:
    """The properties as a table would name them: amounts by their side, the rest without it, so that twins share a
    name."""
    found = []
    for field in fields:
        side = sided.get(field.path)
        if side is not None:
            amount = field.kind in ("number", "integer")
            name = side if amount else _without_side(field, side) or "description"
            field = replace(field, name=name, title="", description="")
        found.append(field)
    return found


def _side(field: Field) -> Side | None:
    said = set(words_of(field.name).split())
    return next((side for side, known in _WORDS.items() if said & known), None)


def _without_side(field: Field, side: Side) -> str:
    kept = [w for w in words_of(field.name).split() if w not in _WORDS[side]]
    return " ".join(w for w in kept if w != "transaction") or " ".join(kept)
