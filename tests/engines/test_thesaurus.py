"""Labels in other words, or another language, than the schema's."""

from __future__ import annotations

import pytest
from tests.engines.pages_made import fields, values

from paperclerk.engines.embedded.words.thesaurus import says

REPORT = """
SERVICE REPORT

Make: Thermax
Place of work: Bristol
Data pag.: 27/02/2026
Betriebskosten: 185,00
Reg. no.: 4418
"""


def test_a_label_in_other_words_is_found():
    schema = fields(manufacturer="", work_location="", nebenkosten="number:")
    assert values(REPORT, schema) == {
        "manufacturer": "Thermax",
        "work_location": "Bristol",
        "nebenkosten": 185.0,
    }


def test_a_shortened_label_is_found():
    assert values(REPORT, fields(data_pagamento="")) == {"data_pagamento": "27/02/2026"}


def test_half_of_a_name_in_other_words_is_no_answer():
    assert values(REPORT, fields(vehicle_manufacturing_country="", huurprijs="number:")) == {
        "vehicle_manufacturing_country": None,
        "huurprijs": None,
    }


@pytest.mark.parametrize(
    ("printed", "asked", "same"),
    [
        ("hersteller", "manufacturer", True),
        ("betriebskostenvorauszahlung", "nebenkosten", True),  # a kind of it
        ("zahler", "zaehlernummer", True),  # a number is no thing of its own
        ("prijs", "huurprijs", False),  # a part of it
        ("arrival", "departure", False),
        ("landlord", "tenant", False),
        ("xyzzy", "xyzzy", False),
    ],
)
def test_words_that_mean_the_same(printed, asked, same):
    assert says(printed, asked) is same
