"""How well headings name properties: asked of all properties at once, most text is passed over."""

from __future__ import annotations

import pytest

from paperclerk.engines.embedded.tables.naming import likeness, naming_of
from paperclerk.schemas.compiled import Field

PROPERTIES = [
    Field(("items", "[]", name), name, kind, title=title, description=description)
    for name, kind, title, description in (
        ("description", "string", "", "What was delivered"),
        ("unit_price", "number", "", "Net price of one"),
        ("qty", "number", "Packages", ""),
        ("name", "string", "", ""),
        ("collected_on", "string", "", ""),
        ("jméno", "string", "", ""),
    )
]
HEADINGS = (
    "Einzelpreis", "Unit price (EUR)", "Pkgs", "Item", "What was delivered", "Collected", "On", "#", "12", "12,50 m",
    "Menge", "Prix unitaire HT", "Opening hours", "of", "T.V.A.", "Désignation des marchandises", "", "...",
)  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_best_of_all_properties_is_the_best_of_each(heading: str) -> None:
    assert naming_of(PROPERTIES).best(heading) == max(likeness(f, heading) for f in PROPERTIES)


@pytest.mark.parametrize("heading", ["12,50", "Opening hours", ""])
def test_a_name_in_no_latin_letter_is_compared_with_every_heading(heading: str) -> None:
    field = Field(("名称",), "名称", "string")
    assert naming_of([field]).best(heading) == likeness(field, heading)


def test_headings_that_name_something_are_found() -> None:
    best = naming_of(PROPERTIES).best
    assert min(map(best, ("Einzelpreis", "Unit price", "Menge", "Désignation"))) >= 0.5
    assert max(map(best, ("Opening hours", "12", "Fax"))) < 0.5
