"""Typed values: numbers, dates, marks, with the exact characters they stand in."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperclerk.engines.embedded.page.values import find_currency, read
from paperclerk.printed.dates import find_dates, find_ranges, find_times
from paperclerk.printed.locale import Locale, infer
from paperclerk.printed.numbers import find_numbers

POINT = Locale()
COMMA = Locale(decimal=",", language="de")
SPACED = Locale(decimal=",", space_groups=True, language="fr")
AMERICAN = Locale(order="mdy")


@pytest.mark.parametrize(
    ("text", "locale", "value", "printed"),
    [
        ("Total 1,234.56", POINT, 1234.56, "1,234.56"),
        ("1.234,56 €", COMMA, 1234.56, "1.234,56"),
        ("1 234,56 EUR", SPACED, 1234.56, "1 234,56"),
        ("CHF 1'234.50", POINT, 1234.5, "1'234.50"),
        ("12,34,567.00", POINT, 1234567.0, "12,34,567.00"),
        ("(1,234.00)", POINT, -1234.0, "(1,234.00)"),
        ("12.50-", POINT, -12.5, "12.50-"),
        ("-$5.00", POINT, -5.0, "-$5.00"),
        ("€ -218,48", COMMA, -218.48, "-218,48"),
        ("3.000", POINT, 3.0, "3.000"),
        ("3.000", COMMA, 3000.0, "3.000"),
        ("RM24.40", POINT, 24.4, "24.40"),
        ("45.00 CR", POINT, -45.0, "45.00"),
        ("0,00", COMMA, 0.0, "0,00"),
    ],
)
def test_number(text: str, locale: Locale, value: float, printed: str) -> None:
    (number,) = find_numbers(text, locale)
    assert number.value == pytest.approx(value)
    assert text[number.start : number.end] == printed


def test_percent_and_currency_belong_to_the_number_but_not_to_its_span() -> None:
    text = "19 % of GBP 40.00"
    rate, amount = find_numbers(text, POINT)
    assert (rate.value, rate.percent, text[rate.start : rate.end]) == (19.0, True, "19")
    assert (amount.currency, text[amount.full_start : amount.full_end]) == ("GBP", "GBP 40.00")


@pytest.mark.parametrize("text", ["1.2.3", "A4711", "x12y", "4-seater"])
def test_what_is_no_number(text: str) -> None:
    assert [n for n in find_numbers(text, POINT) if text[n.start : n.end] == text] == []


def test_a_stray_blank_beside_the_decimal_mark_is_forgiven_only_when_asked() -> None:
    assert [n.value for n in find_numbers("24 .40", POINT, loose=True)] == [24.4]
    assert [n.value for n in find_numbers("24 .40", POINT)] != [24.4]


@pytest.mark.parametrize(
    ("text", "locale", "day"),
    [
        ("2018-03-05", POINT, (2018, 3, 5)),
        ("05/03/2018", POINT, (2018, 3, 5)),
        ("05/03/2018", AMERICAN, (2018, 5, 3)),
        ("25/03/2018", AMERICAN, (2018, 3, 25)),
        ("05.03.18", COMMA, (2018, 3, 5)),
        ("3. März 2018", COMMA, (2018, 3, 3)),
        ("March 5th, 2018", AMERICAN, (2018, 3, 5)),
        ("15-MAR-18", POINT, (2018, 3, 15)),
        ("15MAR2018", POINT, (2018, 3, 15)),
        ("1er janvier 2020", SPACED, (2020, 1, 1)),
        ("12 de marzo de 2019", COMMA, (2019, 3, 12)),
        ("8 febbraio 2021", COMMA, (2021, 2, 8)),
        ("5 maart 2024", COMMA, (2024, 3, 5)),
        ("7 de março de 2022", COMMA, (2022, 3, 7)),
        ("4 Ogos 2018", POINT, (2018, 8, 4)),
        ("5th day of May, 1999", AMERICAN, (1999, 5, 5)),
        ("20180305", POINT, (2018, 3, 5)),
    ],
)
def test_date(text: str, locale: Locale, day: tuple[int, int, int]) -> None:
    padded = f"on {text} we"
    (date,) = find_dates(padded, locale)
    assert date.value == dt.date(*day)
    assert padded[date.start : date.end] == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("at:18-03-201811:23", "18-03-2018"),
        ("18/03/1811:23:09", "18/03/18"),
        ("2018-03-1811:23", "2018-03-18"),
        ("18 Mar 201811:23", "18 Mar 2018"),
    ],
)
def test_a_date_that_a_time_of_day_is_glued_to(text: str, printed: str) -> None:
    (date,) = find_dates(text, POINT)
    assert date.value == dt.date(2018, 3, 18)
    assert text[date.start : date.end] == printed


@pytest.mark.parametrize(
    "text",
    ["18-03-201899:23", "18-03-2018112:30", "31/02/2019", "12-10/1000", "1.2.3", "99/99/2020", "555-1234"],
)
def test_what_is_no_date(text: str) -> None:
    assert find_dates(text, POINT) == []


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("05/20/20 - 06/04/20", dt.date(2020, 5, 20), dt.date(2020, 6, 4)),
        ("05/20/20-06/04/20", dt.date(2020, 5, 20), dt.date(2020, 6, 4)),
        ("3. - 9. Mai 2020", dt.date(2020, 5, 3), dt.date(2020, 5, 9)),
        ("12/30 - 1/5/2020", dt.date(2019, 12, 30), dt.date(2020, 1, 5)),
        ("12/01/2023 au 12/31/2023", dt.date(2023, 12, 1), dt.date(2023, 12, 31)),
        ("1 January 2024 to 31 January 2024", dt.date(2024, 1, 1), dt.date(2024, 1, 31)),
    ],
)
def test_range(text: str, first: dt.date, last: dt.date) -> None:
    dates = find_dates(text, AMERICAN)
    (span,) = find_ranges(text, dates)
    assert (span.first.value, span.last.value) == (first, last)


def test_times() -> None:
    assert [t.value for t in find_times("at 5:42:46 PM or 18:05")] == [dt.time(17, 42, 46), dt.time(18, 5)]


def test_numbers_leave_out_what_dates_times_and_marks_take() -> None:
    values = read("14/05/2023 18:22 a.b@example.org DE89370400440532013000 7.50", POINT)
    assert [n.value for n in values.numbers] == [7.5]
    assert [m.kind for m in values.marks] == ["email", "iban"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mail to jo.doe@example.org.", "email", "jo.doe@example.org"),
        ("see www.example.com/a for", "uri", "www.example.com/a"),
        ("Tel: +49 (0)89 1234-567", "phone", "+49 (0)89 1234-567"),
        ("IBAN DE89 3704 0044 0532 0130 00", "iban", "DE89370400440532013000"),
        ("VAT FR 40 303 265 045", "vat_id", "FR40303265045"),
    ],
)
def test_mark(text: str, kind: str, value: str) -> None:
    assert [(m.kind, m.value) for m in read(text, POINT).marks if m.kind == kind] == [(kind, value)]


def test_iban_check_digits() -> None:
    assert read("GB33 BUKB 2020 1555 5555 55", POINT).marks_of("iban")
    assert read("GB34 BUKB 2020 1555 5555", POINT).marks_of("iban") == ()


def test_an_account_of_its_countrys_length_is_read_though_its_check_digits_fail() -> None:
    (mark,) = read("auf GB34 BUKB 2020 1555 5555 55 zu zahlen", POINT).marks_of("iban")
    assert mark.value == "GB34BUKB20201555555555"  # what is printed; the rule `iban` tells that it is wrong


def test_capitals_that_are_a_word_are_no_currency() -> None:
    assert (
        find_currency("Mustard Seeds Sdn BHD 12") == [("BHD", 18, 21)] or find_currency("TRY OUR TEA") == []
    )
    assert find_currency("TRY OUR TEA") == []
    assert [c for c, _, _ in find_currency("Total (EUR) 12.00 or £3")] == ["EUR", "GBP"]


def test_the_locale_comes_from_the_whole_document() -> None:
    german = infer(["Rechnung vom 05.03.2018", "Summe 1.234,50 €", "zzgl. 19 % MwSt für die Lieferung"])
    assert (german.decimal, german.order, german.currency, german.language) == (",", "dmy", "EUR", "de")
    american = infer(["Due 12/31/2020", "Springfield, IL 62701", "Total $1,200.00"])
    assert (american.decimal, american.order, american.currency) == (".", "mdy", "USD")
    british = infer(["Printed 31/12/2020 and 03/04/2020", "Total £1,200.00"])
    assert british.order == "dmy"


LOCALES = st.sampled_from([POINT, COMMA, SPACED, AMERICAN])


@given(st.text(max_size=120), LOCALES, st.booleans())
def test_any_text_is_read_and_every_span_lies_in_it(text: str, locale: Locale, loose: bool) -> None:
    values = read(text, locale, loose=loose)
    for found in (*values.numbers, *values.dates, *values.times, *values.marks):
        assert 0 <= found.start < found.end <= len(text)
        assert text[found.start : found.end].strip()


@given(st.decimals(min_value=0, max_value=10**9, places=2), LOCALES)
def test_a_printed_amount_is_read_back(amount: object, locale: Locale) -> None:
    printed = f"{amount:,.2f}"
    if locale.decimal == ",":
        printed = printed.translate(str.maketrans(",.", ".,"))
    (number,) = find_numbers(printed, locale)
    assert number.value == pytest.approx(float(str(amount)))
    assert (number.start, number.end) == (0, len(printed))


@given(st.dates(min_value=dt.date(1970, 1, 1), max_value=dt.date(2069, 12, 31)))
def test_a_printed_date_is_read_back(day: dt.date) -> None:
    for printed, locale in [
        (day.isoformat(), POINT),
        (day.strftime("%d/%m/%Y"), POINT),
        (day.strftime("%m/%d/%y"), AMERICAN),
        (f"{day.day}. {day.strftime('%B')} {day.year}", POINT),
    ]:
        (date,) = find_dates(printed, locale)
        assert date.value == day
