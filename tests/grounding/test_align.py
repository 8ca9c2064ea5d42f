"""Planted quotes and values with their exact places: words, offsets, nothing more and nothing less."""

from __future__ import annotations

import time

import pytest

from paperclerk.domain.document import Line, Page, PageStatus, Word
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Span, WordPart
from paperclerk.grounding.align import Aligner, Claim

ADVANCE = 6.0


def page_of(*rows: str | list[tuple[float, str]], index: int = 0) -> Page:
    """A page of printed rows, 12 units apart; a row is a text, or texts with the x that each begins at."""
    words: list[Word] = []
    lines: list[Line] = []
    for i, row in enumerate(rows):
        for x, text in [(20.0, row)] if isinstance(row, str) else row:
            first = len(words)
            for token in text.split():
                words.append(Word(token, Box(x, 12.0 * i, x + ADVANCE * len(token), 12.0 * i + 10)))
                x += ADVANCE * (len(token) + 1)
            box = Box(words[first].box.x0, 12.0 * i, words[-1].box.x1, 12.0 * i + 10)
            lines.append(Line(box, tuple(range(first, len(words)))))
    return Page(index, 595, 842, PageStatus.OK, tuple(words), tuple(lines))


def parts(*pieces: int | tuple[int, int] | tuple[int, int, int | None], page: int = 0) -> Span:
    return Span(page, tuple(WordPart(*p) if isinstance(p, tuple) else WordPart(p) for p in pieces))


def place(claim: Claim, *pages: Page) -> Span | None:
    found = Aligner(pages).place(claim)
    return found.span if found else None


RECEIPT = page_of(
    "Paper Mill Trading Sdn. Bhd.",  # 0-4
    "Invoice No: PM-2024/0017",  # 5-7
    "Datum 05.06.2018",  # 8-9
    "Netto 1.234,50 EUR",  # 10-12
    "Total RM24.40",  # 13-14
    "Gutschrift -12,00",  # 15-16
    "Printed:07-06-201811:23",  # 17
    "ROUNDED24.35 Q9",  # 18-19
)


@pytest.mark.parametrize(
    ("claim", "span"),
    [
        (Claim("Paper Mill Trading", "Paper Mill Trading"), parts(0, 1, 2)),
        (Claim("PAPER MILL TRADING SDN BHD", "paper mill trading sdn bhd"), parts(0, 1, 2, 3, (4, 0, 3))),
        (Claim("Paper Mill Trading Sdn. Bhd.", "Paper Mill Trading Sdn. Bhd."), parts(0, 1, 2, 3, 4)),
        (Claim("PM-2024/0017", "Invoice No: PM-2024/0017"), parts(7)),
        (Claim("2018-06-05", "05.06.2018"), parts(9)),
        (Claim("2018-06-05", "Datum 05.06.2018"), parts(9)),
        (Claim("2018-06-05"), parts(9)),
        (Claim("05/06/2018", "05.06.2018"), parts(9)),
        (Claim(1234.5, "1.234,50", kind="number"), parts(11)),
        (Claim(1234.5, "Netto 1.234,50 EUR", kind="number"), parts(11)),
        (Claim(1234.5, kind="number"), parts(11)),
        (Claim("1234.50", "1.234,50"), parts(11)),
        (Claim(24.4, "RM24.40", kind="number"), parts((14, 2))),
        (Claim(24.4, "Total RM24.40", kind="number"), parts((14, 2))),
        (Claim(-12, "-12,00", kind="number"), parts(16)),
        (Claim(2018, "05.06.2018", kind="number"), parts((9, 6))),
        (Claim("EUR", "EUR", kind="choice"), parts(12)),
        (Claim("07-06-2018", "07-06-2018"), parts((17, 8, 18))),
        (Claim("2018-06-07", "Printed:07-06-201811:23"), parts((17, 8, 18))),
        (Claim(24.35, kind="number"), parts((18, 7))),
    ],
)
def test_the_span_holds_the_value_and_nothing_else(claim: Claim, span: Span) -> None:
    assert place(claim, RECEIPT) == span


@pytest.mark.parametrize(
    "claim",
    [
        Claim(999.0, "Total RM24.40", kind="number"),  # a true quote beside an invented value
        Claim(1234.51, "1.234,51", kind="number"),
        Claim(24.41, kind="number"),
        Claim(9, kind="number"),  # part of a name
        Claim("2018-06-06", "05.06.2018"),
        Claim("2018-06-05-0042", "05.06.2018"),  # an id that begins like a date is none
        Claim("Rubber Tree Plantation", "Rubber Tree Plantation"),
        Claim("Rubber Tree Plantation", "Paper Mill Trading"),
        Claim("PM-2024/0018", "PM-2024/0018"),  # digits are never matched by likeness
        Claim("aper", "aper Mill"),  # letters inside a word are no place of a short quote
        Claim("", ""),
        Claim(None, "Total"),
        Claim(True, "not on the page", kind="choice"),
        Claim("USD", "not on the page", kind="choice"),
    ],
)
def test_what_is_not_on_the_page_has_no_place(claim: Claim) -> None:
    assert place(claim, RECEIPT) is None


@pytest.mark.parametrize("value", ["2018-06-05", "2018-06-05T00:00:00Z", "2018-06-05 12:30"])
def test_a_date_is_placed_by_what_it_says(value: str) -> None:
    assert place(Claim(value, "05.06.2018"), RECEIPT) is not None


def test_a_choice_may_be_concluded_from_a_quote_and_says_so() -> None:
    found = Aligner([RECEIPT]).place(Claim(True, "Gutschrift", kind="choice"))
    assert found is not None and found.inferred and found.span == parts(15)


@pytest.mark.parametrize(
    ("rows", "value", "span"),
    [
        (["an inter-", "national body"], "international body", parts(1, 2, 3)),
        (["the of\ufb01ce \ufb02oor"], "office floor", parts(1, 2)),
        (["INVOICE  TOTAL DUE"], "InvoiceTotalDue", parts(0, 1, 2)),
        (["GRANDTOTAL amount"], "GRAND TOTAL", parts(0)),
        (["Caf\u00e9 M\u00fcller"], "Cafe Muller", parts(0, 1)),
        (["No. 29O, JALAN"], "290, JALAN", parts(1, 2)),  # O for 0
        (["SYARIKAT PERNIAGAAN GIN KEE"], "SYARIKAT PERNIAGAN GIN KEE", parts(0, 1, 2, 3)),
        (["( ACME )", "x"], "ACME", parts(1)),
        (["(ACME) x"], "(ACME)", parts(0)),
        (["(ACME) x"], "ACME", parts((0, 1, 5))),
        (["\u65e5\u672c\u8a9e \u6771\u4eac\u90fd"], "\u6771\u4eac\u90fd", parts(1)),
        (["\u2611 yes"], "\u2611", parts(0)),
        (["Rate 5.4 % p.a."], 0.054, parts((1, 0, None))),
        (["1 234,50 kr"], 1234.5, parts(0, 1)),
    ],
)
def test_print_and_quote_may_differ_in_form(rows: list[str], value: str | float, span: Span) -> None:
    kind = "text" if isinstance(value, str) else "number"
    quote = value if isinstance(value, str) else ""
    assert place(Claim(value, quote, kind=kind), page_of(*rows)) == span  # type: ignore[arg-type]


def test_a_large_amount_with_cents_is_found_though_its_binary_form_has_more_digits() -> None:
    page = page_of("Total $ 91,532,846.72")
    assert place(Claim(91532846.72, "91,532,846.72", kind="number"), page) == parts(2)
    assert place(Claim(91532846.72, kind="number"), page) == parts(2)


def test_lines_of_a_column_with_another_column_between_them() -> None:
    page = page_of(
        [(20, "12 Harbour Street"), (300, "Invoice 77")],  # 0-2, 3-4
        [(20, "Old Town"), (300, "Date 1 May 2020")],  # 5-6, 7-10
        [(20, "90210 Springfield"), (300, "Page 1")],  # 11-12, 13-14
    )
    value = "12 Harbour Street Old Town 90210 Springfield"
    assert place(Claim(value, value), page) == parts(0, 1, 2, 5, 6, 11, 12)


def test_a_number_behind_a_letter_that_a_recogniser_made_of_its_currency_is_found() -> None:
    page = page_of("Each S7.10", "Paid -7.10", "Code 17.10")
    assert place(Claim(7.1, "7.10", kind="number"), page) == parts((1, 1, None))


def test_a_short_number_inside_a_word_is_meant_where_it_stands_nowhere_else_only() -> None:
    assert place(Claim(0, "0", kind="number"), page_of("Format 2p0", "Tax 0")) == parts(3)
    assert place(Claim(4, "4", kind="number"), page_of("Quarter Q4")) == parts((1, 1, None))


def test_the_hinted_page_wins_and_a_wrong_hint_is_only_a_hint() -> None:
    pages = [page_of("Total 24.40", index=3), page_of("Total 24.40", index=4), page_of("Tax 1.10", index=7)]
    assert place(Claim(24.4, "24.40", page=4, kind="number"), *pages) == parts(1, page=4)
    assert place(Claim(1.1, "1.10", page=3, kind="number"), *pages) == parts(1, page=7)
    assert place(Claim(1.1, "1.10", page=99, kind="number"), *pages) == parts(1, page=7)


def test_of_several_places_the_one_beside_the_label_is_meant() -> None:
    page = page_of("Subtotal 24.40", "Paid 24.40", "Amount due 24.40", "Change 24.40")
    assert place(Claim(24.4, "24.40", kind="number", label="amount due"), page) == parts(6)
    assert place(Claim(24.4, "24.40", kind="number", label="paid"), page) == parts(3)


def test_neighbours_of_a_row_outweigh_the_label() -> None:
    page = page_of("Nails 2.00", "Screws 2.00", "Bolts 2.00")
    aligner = Aligner([page])
    name = aligner.place(Claim("Bolts", "Bolts"))
    assert name is not None
    found = aligner.place(Claim(2.0, "2.00", kind="number", label="Nails"), near=[name.box])
    assert found is not None and found.span == parts(5)


def test_two_hundred_pages_in_seconds_of_processor_time() -> None:
    pages = [
        page_of(
            *(f"Line {i} of page {n} holds item {n * 100 + i} at {n}.{i:02d} EUR" for i in range(45)), index=n
        )
        for n in range(200)
    ]
    started = time.process_time()
    aligner = Aligner(pages)
    for n in range(200):
        found = aligner.place(Claim(f"item {n * 100 + 7}", f"holds item {n * 100 + 7}", page=n))
        assert found is not None and found.span.page == n
    for n in range(20):
        assert aligner.place(Claim(f"nowhere to be seen {n}", f"nowhere to be seen {n}")) is None
    assert time.process_time() - started < 8
