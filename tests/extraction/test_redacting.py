"""What a copy covers: labels and values apart on a line or one above the other, and names wherever they stand."""

from __future__ import annotations

import pytest

from paperclerk.documents.layout import arrange
from paperclerk.domain.agent import Redaction
from paperclerk.domain.document import DocumentInfo, Page, PageStatus, Word
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import ABSENT, Leaf, Usage
from paperclerk.extraction.redacting import Covering, cover
from paperclerk.extraction.result import Result

WIDTH, HEIGHT = 600.0, 800.0


def result_of(*printed: tuple[float, float, str], values: dict[str, str | None] | None = None) -> Result:
    """A page that prints texts at (x, y), in letters 5 wide and 10 high, and values that were read nowhere on it."""
    words = []
    for x, y, text in printed:
        for word in text.split(" "):
            words.append(Word(word, Box(x, y, x + 5 * len(word), y + 10), size=10))
            x += 5 * len(word) + 3
    arranged = arrange(words)
    page = Page(0, WIDTH, HEIGHT, PageStatus.OK, words=arranged.words, lines=arranged.lines)
    tree = {name: ABSENT if value is None else Leaf(value) for name, value in (values or {}).items()}
    return Result({}, tree, DocumentInfo("pdf", "application/pdf", 1), (), Usage(), (), (), {0: page})


def covered(result: Result, *kinds: str) -> str:
    made = cover(result, Redaction(kinds=kinds))  # type: ignore[arg-type]
    return " ".join(word.text for word in result.pages[0].words if _is_below(word, made))


def _is_below(word: Word, made: Covering) -> bool:
    x, y = word.box.cx / WIDTH, word.box.cy / HEIGHT
    return any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for box in made.covers[0].boxes)


def test_a_number_is_covered_though_its_label_stands_apart() -> None:
    made = result_of(
        (40, 100, "Account number"), (200, 100, "20417765"), (350, 100, "Sort code"), (480, 100, "40-12-09")
    )
    assert covered(made, "account") == "20417765 40-12-09"
    assert covered(result_of((40, 100, "Mobile"), (200, 100, "555 0100")), "phone") == "555 0100"


def test_numbers_are_covered_below_their_label() -> None:
    made = result_of(
        *((40, 100, "Date"), (200, 100, "Account"), (350, 100, "Amount")),
        *((40, 120, "3 May"), (200, 120, "20417765"), (350, 120, "1200")),
        *((40, 140, "4 May"), (200, 140, "77182930"), (350, 140, "1350")),
    )
    assert covered(made, "account") == "20417765 77182930"
    assert covered(result_of((40, 100, "SSN"), (40, 114, "078051120")), "ssn") == "078051120"


def test_a_number_in_boxes_is_one_number() -> None:
    groups = ["DE89", "3704", "0044", "0532", "0130", "00"]
    assert covered(
        result_of(*((40 + 60 * n, 100, each) for n, each in enumerate(groups))), "account"
    ) == " ".join(groups)


def test_numbers_of_other_columns_stay() -> None:
    assert (
        covered(result_of((40, 100, "0115"), (200, 100, "20 34"), (350, 100, "812")), "phone", "account")
        == ""
    )


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ([(40, 100, "Surname"), (200, 100, "Okonkwo-Reilly")], "Okonkwo-Reilly"),
        ([(40, 100, "First name(s):"), (200, 100, "Siobhan Ada")], "Siobhan Ada"),
        ([(40, 100, "Account holder Miss H J Farrow")], "Miss H J Farrow"),
        (
            [(40, 100, "Account holder"), (200, 100, "H J Farrow"), (400, 100, "Statement period")],
            "H J Farrow",
        ),
        ([(40, 100, "Patient's name: Jane Doe Ward: B2")], "Jane Doe"),
        ([(40, 100, "Name and address:"), (200, 100, "Jan Kowalski")], "Jan Kowalski"),
        ([(40, 100, "Signed"), (200, 100, "S. Okonkwo")], "S. Okonkwo"),
        ([(40, 100, "Kontoinhaber"), (200, 100, "Jürgen von der Heide")], "Jürgen von der Heide"),
        ([(40, 100, "Full name"), (40, 114, "Amara Nwosu"), (40, 150, "Other Text")], "Amara Nwosu"),
        ([(40, 100, "Name: amara nwosu")], "amara nwosu"),
        ([(40, 100, "paid to Mrs Amara Nwosu on Friday")], "Amara Nwosu"),
        ([(40, 100, "Dear Amara,")], "Amara,"),
        ([(40, 100, "Company name"), (200, 100, "Northwind Traders")], ""),
        ([(40, 100, "the name of the club is Riverside")], ""),
        ([(40, 100, "The customer Agreement of May")], ""),
        ([(40, 100, "Dear Customer,")], ""),
    ],
)
def test_names_are_found_by_what_labels_them(printed: list[tuple[float, float, str]], expected: str) -> None:
    assert covered(result_of(*printed), "name") == expected


def test_names_below_their_heading() -> None:
    made = result_of(
        *((40, 100, "Name"), (200, 100, "Department"), (350, 100, "Hours")),
        *((40, 120, "Amara Nwosu"), (200, 120, "Stores"), (350, 120, "38")),
        *((40, 140, "Jan Kowalski"), (200, 140, "Stores"), (350, 140, "20")),
    )
    assert covered(made, "name") == "Amara Nwosu Jan Kowalski"


def test_each_part_of_a_name_is_covered_wherever_it_is_printed() -> None:
    """Those of the labels, and those that were read into a field that is called a name."""
    made = result_of(
        *((40, 100, "Surname"), (200, 100, "Okonkwo-Reilly")),
        (40, 140, "The OKONKWO account, opened by H. Farrow for Ms. Reilly's firm"),
        values={"customer_name": "Henrietta Farrow", "bank_name": "Account Firm"},
    )
    assert covered(made, "name") == "Okonkwo-Reilly OKONKWO H. Farrow Reilly's"


def test_what_was_not_found_is_told() -> None:
    made = cover(
        result_of((40, 100, "Total 12.00"), values={"customer_name": None}),
        Redaction(kinds=("name", "email")),
    )
    (error,) = made.errors
    assert error.code == "not_found"
    assert all(each in error.message for each in ("customer_name", "kind name", "kind email"))
    assert "nothing found to cover" in made.step(0).detail
