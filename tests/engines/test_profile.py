"""What a field asks for, read off its name, description and surroundings alone."""

from __future__ import annotations

from typing import Any

import pytest

from paperclerk.engines.embedded.asked.profile import Profile, profile, prompted
from paperclerk.engines.embedded.words import lexicon
from paperclerk.schemas.compile import compile_schema


def asked(name: str, schema: dict[str, Any] | None = None, inside: str | None = None) -> Profile:
    properties: dict[str, Any] = {name: schema or {"type": "string"}}
    if inside:
        properties = {inside: {"type": "object", "properties": properties}}
    field = compile_schema({"type": "object", "properties": properties})
    while field.children:
        field = field.children[0]
    return profile(field)


@pytest.mark.parametrize(
    ("name", "schema", "want", "concept"),
    [
        ("invoiceNumber", None, "id", "invoice_number"),
        ("inv_no", None, "id", "invoice_number"),
        ("date_due", None, "date", "due_date"),
        ("billing_period_end", {"type": "string", "format": "date"}, "date", "period_end"),
        ("grand_total", {"type": "number"}, "money", "gross_total"),
        ("amount_untaxed", {"type": "number"}, "money", "net_total"),
        ("amount", {"type": "number", "description": "Total amount including tax"}, "money", "gross_total"),
        ("total_weight", {"type": "number"}, "number", "weight"),
        ("vat_rate", {"type": "number", "description": "VAT rate in percent"}, "percent", "tax_rate"),
        ("issuer_email", None, "email", "email"),
        ("partner_zip", {"type": "string", "description": "Postal code of the issuer"}, "id", "postcode"),
        ("kundennummer", None, "id", "customer_number"),
        ("currency", None, "currency", "currency"),
        ("invoice_due_date", None, "date", "due_date"),
        ("invoice_discount", {"type": "number"}, "money", "discount"),
        ("delivery_address", None, "address", "address"),
        ("adresse_livraison", None, "address", "address"),
    ],
)
def test_type_and_concept(name: str, schema: dict[str, Any] | None, want: str, concept: str) -> None:
    got = asked(name, schema)
    assert got.want == want
    assert next(iter(got.concepts)) == concept


@pytest.mark.parametrize(
    ("name", "inside", "role"),
    [
        ("city", "customer_shipping_address", "ship_to"),
        ("name", "buyer", "buyer"),
        ("merchant_name", None, "seller"),
        ("bill_to", None, "buyer"),
        ("rechnungsanschrift", None, "buyer"),
        ("phone", "insurance_company", "insurer"),
        ("passport_number", None, None),
    ],
)
def test_party(name: str, inside: str | None, role: str | None) -> None:
    assert asked(name, inside=inside).role == role


def test_a_vague_name_takes_its_object() -> None:
    deposit = asked("amount", {"type": "number"}, inside="security_deposit")
    assert {w for w, _ in deposit.words} >= {"security", "deposit"}
    assert "gross_total" not in deposit.concepts


def test_what_belongs_to_somebody_named_needs_a_label() -> None:
    assert asked("city", inside="warehouse_keeper").owner
    assert not asked("city", inside="address").owner


def test_ends_of_a_period() -> None:
    assert asked("flight_from", {"type": "string", "description": "First day of the flight"}).side == "start"
    assert asked("valid_to", {"type": "string", "format": "date"}).side == "end"
    assert asked("email_to", {"type": "string"}).side is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date"},
        {"type": "string", "description": "Invoice date, YYYY-MM-DD"},
        {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        {"type": "string", "examples": ["2024-01-31"]},
    ],
)
def test_iso_dates_are_asked_for_in_many_ways(schema: dict[str, Any]) -> None:
    assert asked("invoice_date", schema).iso
    assert not asked("invoice_date", {"type": "string", "description": "as printed"}).iso


def test_a_prompt_speaks_of_the_fields_it_names() -> None:
    lot = asked("lot")
    assert prompted(lot, 'The lot stands behind "Ch.-B.".').phrases == ("chb",)
    assert prompted(lot, 'The batch stands behind "Ch.-B.".').phrases == ()


def test_every_label_of_the_lexicon_is_reached_by_its_own_key() -> None:
    for concept in lexicon.concepts():
        assert lexicon.phrases_of(concept), concept
        for phrase, strength in lexicon.phrases_of(concept):
            entries = lexicon.labels()[lexicon.phrases.key(phrase)]
            assert any(e.concept == concept for e in entries), (concept, phrase)
            assert 0 < strength <= 1
