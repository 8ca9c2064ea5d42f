"""Line items of many generated layouts: nearly every value is right, and no row is invented."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.engines.tables.invoices import Made, invoice, receipt
from tests.engines.tables.pages import GOODS, array_of, plain

from paperclerk.engines.embedded.arrays import Tables
from paperclerk.printed.locale import infer
from paperclerk.schemas.compiled import Field

RECEIPT = array_of({"description": {"type": "string"}, "amount": {"type": "number"}})


@pytest.mark.parametrize(("make", "array"), [(invoice, array_of(GOODS)), (receipt, RECEIPT)])
def test_generated_documents(make: Callable[[int], Made], array: Field) -> None:
    right = wrong = 0
    for seed in range(80):
        made = make(seed)
        locale = infer(" ".join(w.text for w in p.words) for p in made.pages)
        rows = plain(Tables(made.pages, locale).rows(array))
        assert isinstance(rows, list)
        assert len(rows) <= len(made.items), f"seed {seed} invents rows"
        for k, item in enumerate(made.items):
            found = rows[k] if k < len(rows) else {}
            good = sum(found.get(name) == value for name, value in item.items())
            right, wrong = right + good, wrong + len(item) - good
    assert wrong <= 0.02 * right
