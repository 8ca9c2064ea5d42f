"""Forms and check digits of identifiers."""

from __future__ import annotations

import pytest

from paperclerk.printed.identifiers import VAT_ID, is_iban, is_luhn, is_vat_id


# Published examples of the identifiers, not those of any document.
@pytest.mark.parametrize(
    "good", ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606"]
)
def test_iban(good: str) -> None:
    assert is_iban(good) and not is_iban(good[:-1] + ("1" if good[-1] != "1" else "2"))
    assert not is_iban("") and not is_iban("DE00")


@pytest.mark.parametrize(
    "good",
    [
        "DE136695976",
        "ATU13585627",
        "BE0428759497",
        "FR40303265045",
        "GB980780684",
        "IT00743110157",
        "NL004495445B01",
        "LU15027442",
        "PL8567346215",
        "PT501964843",
        "DK13585628",
        "FI20774740",
    ],
)
def test_vat_ids(good: str) -> None:
    assert is_vat_id(good) and is_vat_id(f"{good[:2]} {good[2:]}")
    at = 7 if good.startswith("AT") else 6
    changed = good[:at] + str((int(good[at]) + 1) % 10) + good[at + 1 :]
    assert not is_vat_id(changed)
    assert is_vat_id("ZZ123") is None and is_vat_id("") is False and is_vat_id("136695976") is False


@pytest.mark.parametrize(
    ("good", "changed"),
    [
        ("CHE-116.281.710 MWST", "CHE-116.281.711 MWST"),
        ("CHE-107.787.577 IVA", "CHE-107.778.577 IVA"),
        ("NO 923 609 016 MVA", "NO 923 609 061 MVA"),
        ("NO923609016", "NO923609017"),
        ("XI 110 305 878", "XI 110 305 879"),
    ],
)
def test_vat_ids_outside_of_the_eu(good: str, changed: str) -> None:
    assert is_vat_id(good) and not is_vat_id(changed)


def test_a_number_is_no_vat_id_of_norway() -> None:
    assert VAT_ID.findall("Invoice NO 923609016") == []
    assert VAT_ID.findall("NO 923 609 016 MVA") == ["NO 923 609 016 MVA"]


def test_luhn() -> None:
    assert is_luhn("4111 1111 1111 1111") and is_luhn("79927398713") and not is_luhn("79927398710")
    assert not is_luhn("") and not is_luhn("4111x")
