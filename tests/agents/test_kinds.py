"""Of which kind a document is, by what it prints."""

from __future__ import annotations

import pytest

from paperclerk.domain.document import Line, Page, PageStatus, Word
from paperclerk.domain.geometry import Box
from paperclerk.extraction.packets.kinds import kind_of

KINDS = dict.fromkeys(("invoice", "receipt", "order", "contract", "statement", "payslip", "utility bill"), ())


def page(title: str, *rows: str, width: float = 595, height: float = 842) -> Page:
    """A title in large type over rows of text."""
    words: list[Word] = []
    lines = []
    for number, row in enumerate((title, *rows)):
        size, top = (18.0, 40.0) if number == 0 else (10.0, 70.0 + 14 * number)
        first = len(words)
        for place, text in enumerate(row.split()):
            words.append(Word(text, Box(40 + 60 * place, top, 90 + 60 * place, top + size), 1.0, size))
        lines.append(Line(Box(40, top, 90 + 60 * place, top + size), tuple(range(first, len(words)))))
    return Page(0, width, height, PageStatus.OK, tuple(words), tuple(lines))


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (page("TAX INVOICE", "Date 2030-01-31 14:05:12", "Rounding 0.02", "Cash 20.00", "Change 1.10"), "receipt"),
        (page("TAX INVOICE", "CASHIER01", "Total 9.00", "VISA 9.00", width=300, height=900), "receipt"),
        (page("Tax Invoice", "Bill to: Hollow Oak Ltd", "Due date 2030-03-01", "Bank details"), "invoice"),
        (page("CASH BILL", "Total 9.00", "Thank you"), "receipt"),
        (page("INVOICE", "Bill to: Hollow Oak Ltd", "Payment terms 30 days"), "invoice"),
        (page("Beitragsrechnung", "Sehr geehrter Herr Ulmenhain", "Ihr Vertrag 12"), "invoice"),
        (page("Dienstwagenüberlassungsvertrag", "zwischen den Parteien"), "contract"),
        (page("Gehaltsabrechnung", "Bruttolohn 3000", "Nettolohn 2000"), "payslip"),
        (page("Pay statement", "Pay period 01", "Gross pay 3000", "Net pay 2000"), "payslip"),
        (page("Hollow Oak Bank", "Opening balance 12", "Standing order 4", "Closing balance 8"), "statement"),
        (page("Hollow Oak Power", "Amount due 20", "Due date 1 May", "Meter number 5", "7 kWh"), "utility bill"),
        (page("Nebenkostenabrechnung", "Sehr geehrte Damen"), "other"),
    ],
)  # fmt: skip
def test_the_kind_of_a_document(document: Page, kind: str) -> None:
    assert kind_of([document], KINDS).value == kind


def test_the_words_that_say_so_are_its_place() -> None:
    said = kind_of([page("Beitragsrechnung", "am 1. Mai")], KINDS)
    assert [part.index for part in said.spans[0].parts] == [0] and said.inferred
