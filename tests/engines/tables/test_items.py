"""Line items: headings in several languages, several pages, wrapped cells, carried sums, receipts."""

from __future__ import annotations

import pytest
from tests.engines.tables.pages import GOODS, array_of, down, page_of, plain, words_under

from paperclerk.domain.document import Page
from paperclerk.domain.result import Leaf
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.printed.locale import infer


def tables(*pages: Page) -> Tables:
    return Tables(pages, infer(" ".join(w.text for w in p.words) for p in pages))


HEADINGS = {
    "en": ("Description", "Qty", "Unit price", "Amount", "."),
    "de": ("Bezeichnung", "Menge", "Einzelpreis", "Gesamtpreis", ","),
    "fr": ("Désignation", "Quantité", "Prix unitaire", "Montant HT", ","),
    "es": ("Concepto", "Cantidad", "Precio unitario", "Importe", ","),
    "it": ("Descrizione", "Quantità", "Prezzo unitario", "Importo", ","),
    "nl": ("Omschrijving", "Aantal", "Stukprijs", "Bedrag", ","),
    "pt": ("Descrição", "Quantidade", "Preço unitário", "Valor total", ","),
}


def row(name: str, quantity: str, price: str, total: str) -> list[tuple[float, str]]:
    return [(50, name), (-330, quantity), (-430, price), (-540, total)]


@pytest.mark.parametrize("language", HEADINGS)
def test_headings_of_seven_languages(language: str) -> None:
    name, quantity, price, total, mark = HEADINGS[language]
    number = lambda text: text.replace(".", mark)  # noqa: E731
    page = page_of(
        [
            *down(100, [row(name, quantity, price, total)]),
            *down(124, [row("Anvil", "2", number("10.50"), number("21.00"))]),
            *down(140, [row("Steel rope", "3", number("4.00"), number("12.00"))]),
            *down(180, [[(300, "Total"), (-540, number("33.00"))]]),
        ]
    )
    assert plain(tables(page).rows(array_of(GOODS))) == [
        {"description": "Anvil", "quantity": 2, "unit_price": 10.5, "line_total": 21},
        {"description": "Steel rope", "quantity": 3, "unit_price": 4, "line_total": 12},
    ]


def test_a_table_goes_on_over_pages_without_its_carried_sums_and_repeated_headings() -> None:
    head = row("Description", "Qty", "Unit price", "Amount")
    first = page_of(
        [
            *down(100, [head]),
            *down(124, [row(f"Part {chr(65 + i)}", "1", f"{i + 1}.00", f"{i + 1}.00") for i in range(20)]),
            *down(480, [[(50, "Carried forward"), (-540, "210.00")]]),
        ]
    )
    second = page_of(
        [
            *down(60, [head]),
            *down(84, [[(50, "Brought forward"), (-540, "210.00")]]),
            *down(100, [row(f"Part {chr(85 + i)}", "2", "5.00", "10.00") for i in range(3)]),
            *down(200, [[(50, "Total"), (-540, "240.00")]]),
        ],
        index=1,
    )
    rows = tables(first, second).rows(array_of(GOODS))
    assert [r["description"].value for r in rows] == [f"Part {chr(65 + i)}" for i in range(23)]
    assert sum(r["line_total"].value for r in rows) == 240
    assert {r["line_total"].spans[0].page for r in rows[-3:]} == {1}


def test_a_wrapped_description_is_one_and_a_labelled_detail_is_none_of_it() -> None:
    page = page_of(
        [
            *down(100, [row("Description", "Qty", "Unit price", "Amount")]),
            (124, row("Office chair with", "1", "80.00", "80.00")),
            (135, [(50, "high back")]),
            (146, [(50, "Serial: 4711")]),
            (170, row("Desk lamp", "2", "15.00", "30.00")),
            (210, [(300, "Total"), (-540, "110.00")]),
        ]
    )
    rows = tables(page).rows(array_of(GOODS))
    assert [r["description"].value for r in rows] == ["Office chair with high back", "Desk lamp"]
    assert words_under([page], rows[0]["description"]) == "Office chair with high back"


def test_descriptions_above_their_amounts() -> None:
    page = page_of(
        [
            (100, [(50, "Description"), (-330, "Qty"), (-430, "Unit price"), (-540, "Amount")]),
            (130, [(50, "Garden hose")]),
            (141, [(-330, "2"), (-430, "20.00"), (-540, "40.00")]),
            (170, [(50, "Watering can")]),
            (181, [(-330, "1"), (-430, "12.50"), (-540, "12.50")]),
            (220, [(300, "Total"), (-540, "52.50")]),
        ]
    )
    rows = tables(page).rows(array_of(GOODS))
    assert [(r["description"].value, r["line_total"].value) for r in rows] == [
        ("Garden hose", 40),
        ("Watering can", 12.5),
    ]


def test_products_settle_what_headings_leave_open() -> None:
    """`Amount` names the quantity here; only quantity x price = total tells."""
    page = page_of(
        [
            (100, [(50, "Amount"), (120, "Product"), (-400, "Price"), (-540, "Total")]),
            (124, [(50, "4.00"), (120, "Balloons"), (-400, "0.50"), (-540, "2.00")]),
            (140, [(50, "3.00"), (120, "Cards"), (-400, "1.25"), (-540, "3.75")]),
        ]
    )
    assert plain(tables(page).rows(array_of(GOODS))) == [
        {"description": "Balloons", "quantity": 4, "unit_price": 0.5, "line_total": 2},
        {"description": "Cards", "quantity": 3, "unit_price": 1.25, "line_total": 3.75},
    ]


def receipt(*lines: list[tuple[float, str]], score: float = 0.98) -> Page:
    top = [[(200, "CORNER SHOP")], [(180, "12 MILL LANE")], [(180, "TEL 555 0100")]]
    return page_of(down(60, [*top, *lines]), score=score)


RECEIPT = {"description": {"type": "string"}, "amount": {"type": "number"}}


def test_a_receipt_without_a_heading_by_amounts_that_add_up() -> None:
    page = receipt(
        [(120, "MILK 2L"), (-460, "2.20")],
        [(120, "BROWN BREAD"), (-460, "3.15 T")],
        [(120, "9556001 - APPLES"), (-460, "4.00")],
        [(120, "SUBTOTAL"), (-460, "9.35")],
        [(120, "TOTAL"), (-460, "9.35")],
        [(120, "CASH"), (-460, "10.00")],
        [(120, "CHANGE"), (-460, "0.65")],
    )
    rows = tables(page).rows(array_of(RECEIPT))
    assert plain(rows) == [
        {"description": "MILK 2L", "amount": 2.2},
        {"description": "BROWN BREAD", "amount": 3.15},
        {"description": "APPLES", "amount": 4.0},
    ]
    assert all(r["amount"].score > 0.85 for r in rows)


def test_a_price_in_the_name_of_a_thing_is_no_amount() -> None:
    page = receipt(
        [(120, "CRATE RM0.35")],
        [(120, "9556001"), (-300, "2"), (-460, "0.40")],
        [(120, "ENVELOPES A4")],
        [(120, "9556002"), (-300, "1"), (-460, "5.20")],
        [(120, "TOTAL"), (-460, "5.60")],
    )
    rows = tables(page).rows(array_of(RECEIPT))
    assert [r["amount"] for r in plain(rows)] == [0.4, 5.2]
    assert all(r["amount"].score > 0.85 for r in rows)


def test_a_receipt_with_names_over_quantity_times_price() -> None:
    page = receipt(
        [(120, "KITCHEN KNIFE")],
        [(120, "8801234567890"), (240, "2 X 6.50"), (-460, "13.00")],
        [(120, "CUTTING BOARD")],
        [(120, "8801234567999"), (240, "1 X 9.90"), (-460, "9.90")],
        [(120, "TOTAL"), (-460, "22.90")],
    )
    assert plain(tables(page).rows(array_of(GOODS))) == [
        {"description": "KITCHEN KNIFE", "quantity": 2, "unit_price": 6.5, "line_total": 13},
        {"description": "CUTTING BOARD", "quantity": 1, "unit_price": 9.9, "line_total": 9.9},
    ]


def test_a_discount_line_counts_in_the_sum() -> None:
    page = receipt(
        [(120, "SHIRT"), (-460, "30.00")],
        [(120, "MEMBER DISCOUNT"), (-460, "-3.00")],
        [(120, "SOCKS"), (-460, "5.00")],
        [(120, "TOTAL"), (-460, "32.00")],
    )
    rows = tables(page).rows(array_of(RECEIPT))
    assert [r["amount"].value for r in rows] == [30, -3, 5]


def test_what_adds_up_is_surer_than_what_does_not() -> None:
    lines = [[(120, "MILK"), (-460, "2.20")], [(120, "BREAD"), (-460, "3.15")]]
    proved = receipt(*lines, [(120, "TOTAL"), (-460, "5.35")])
    unproved = receipt(*lines, [(120, "TOTAL"), (-460, "5.95")])
    sure = [r["amount"].score for r in tables(proved).rows(array_of(RECEIPT))]
    unsure = [r["amount"].score for r in tables(unproved).rows(array_of(RECEIPT))]
    assert len(sure) == len(unsure) == 2
    assert min(sure) > max(unsure)


def test_doubt_of_the_recogniser_lowers_the_score() -> None:
    lines = [
        [(120, "MILK"), (-460, "2.20")],
        [(120, "BREAD"), (-460, "3.15")],
        [(120, "TOTAL"), (-460, "5.35")],
    ]
    clear = tables(receipt(*lines, score=0.99)).rows(array_of(RECEIPT))
    blurred = tables(receipt(*lines, score=0.6)).rows(array_of(RECEIPT))
    assert blurred[0]["amount"].score < clear[0]["amount"].score


def test_objects_inside_rows() -> None:
    properties = {
        "athlete": {"type": "object", "properties": {"name": {"type": "string"}, "team": {"type": "string"}}},
        "rank": {"type": "integer"},
        "time": {"type": "string"},
    }
    page = page_of(
        down(
            100,
            [
                [(50, "Rank"), (100, "Name"), (300, "Team"), (-500, "Time")],
                [(50, "1"), (100, "Ann Lee"), (300, "North"), (-500, "45.42")],
                [(50, "2"), (100, "Joan Poe"), (300, "South"), (-500, "50.85")],
            ],
        )
    )
    assert plain(tables(page).rows(array_of(properties, "results"))) == [
        {"athlete": {"name": "Ann Lee", "team": "North"}, "rank": 1, "time": "45.42"},
        {"athlete": {"name": "Joan Poe", "team": "South"}, "rank": 2, "time": "50.85"},
    ]


PROSE = page_of(
    down(
        100,
        [
            [(50, "Dear Sir or Madam, thank you for your letter of the third of May about the")],
            [(50, "footpath behind the mill. The council met on Monday and decided to have it")],
            [(50, "repaired before the winter, at a cost of 1200.00 for the stone alone.")],
        ],
    )
)


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("items", GOODS),
        ("passengers", {"passport": {"type": "string"}, "seat": {"type": "string"}}),
        ("measurements", {"depth": {"type": "number"}, "temperature": {"type": "number"}}),
        ("education", {"school": {"type": "string"}, "start_date": {"type": "string"}}),
    ],
)
def test_nothing_is_invented(name: str, properties: dict[str, object]) -> None:
    assert tables(PROSE).rows(array_of(properties, name)) == []


def test_a_ledger_is_not_the_answer_to_every_list_of_amounts() -> None:
    page = receipt(
        [(120, "MILK"), (-460, "2.20")], [(120, "BREAD"), (-460, "3.15")], [(120, "TOTAL"), (-460, "5.35")]
    )
    vouchers = array_of({"name": {"type": "string"}, "amount": {"type": "number"}}, "vouchers")
    assert tables(page).rows(vouchers) == []


def test_every_leaf_points_at_its_own_words() -> None:
    page = page_of(
        [
            *down(100, [row("Description", "Qty", "Unit price", "Amount")]),
            *down(
                124, [row("Anvil", "2 pcs", "$ 10.50", "$ 21.00"), row("Rope", "3 pcs", "$ 4.00", "$ 12.00")]
            ),
        ]
    )
    (first, _) = tables(page).rows(array_of(GOODS))
    found = {name: words_under([page], leaf) for name, leaf in first.items() if isinstance(leaf, Leaf)}
    assert found == {"description": "Anvil", "quantity": "2", "unit_price": "10.50", "line_total": "21.00"}


TEXT: dict[str, object] = {"type": "string"}
NUMBER: dict[str, object] = {"type": "number"}


def test_postings_of_a_bank_statement() -> None:
    head = [(50, "Date"), (120, "Description"), (-380, "Debit"), (-460, "Credit"), (-540, "Balance")]
    page = page_of(
        down(
            80,
            [
                head,
                [(50, "02/03/2024"), (120, "Card payment grocery"), (-380, "45.10"), (-540, "954.90")],
                [(50, "05/03/2024"), (120, "Salary"), (-460, "2,000.00"), (-540, "2,954.90")],
                [(50, "09/03/2024"), (120, "Cash withdrawal"), (-380, "100.00"), (-540, "2,854.90")],
                [(120, "Closing balance"), (-540, "2,854.90")],
            ],
        )
    )
    posting = {"date": TEXT, "description": TEXT, "debit": NUMBER, "credit": NUMBER, "balance": NUMBER}
    rows = tables(page).rows(array_of(posting, "transactions"))
    assert [(r["description"].value, r["debit"].value, r["credit"].value) for r in rows] == [
        ("Card payment grocery", 45.1, None),
        ("Salary", None, 2000),
        ("Cash withdrawal", 100, None),
    ]


def test_a_table_of_words_alone() -> None:
    page = page_of(
        [
            (60, [(50, "Attendees")]),
            *down(80, [[(50, "Name"), (200, "Role"), (350, "Organisation")]]),
            *down(
                100,
                [[(50, "Ann Lee"), (200, "Chair"), (350, "City of York")], [(50, "Cy Dow"), (200, "Member")]],
            ),
        ]
    )
    people = array_of({"name": TEXT, "role": TEXT, "organisation": TEXT}, "attendees")
    assert plain(tables(page).rows(people)) == [
        {"name": "Ann Lee", "role": "Chair", "organisation": "City of York"},
        {"name": "Cy Dow", "role": "Member", "organisation": None},
    ]


def test_several_arrays_take_each_its_own_table() -> None:
    page = page_of(
        [
            *down(80, [row("Description", "Qty", "Unit price", "Amount")]),
            *down(100, [row("Paint", "2", "10.00", "20.00"), row("Brush", "1", "5.00", "5.00")]),
            (140, [(300, "Subtotal"), (-540, "25.00")]),
            (200, [(50, "VAT rate"), (-250, "Base"), (-350, "VAT amount")]),
            (216, [(50, "20 %"), (-250, "25.00"), (-350, "5.00")]),
            (260, [(50, "Payment date"), (200, "Method"), (-350, "Amount")]),
            (276, [(50, "2024-05-01"), (200, "Card"), (-350, "30.00")]),
        ]
    )
    found = tables(page)
    assert len(found.rows(array_of(GOODS))) == 2
    taxes = array_of({"rate": NUMBER, "base": NUMBER, "amount": NUMBER}, "taxes")
    assert plain(found.rows(taxes)) == [{"rate": 20, "base": 25, "amount": 5}]
    payments = array_of({"date": TEXT, "method": TEXT, "amount": NUMBER}, "payments")
    assert plain(found.rows(payments)) == [{"date": "2024-05-01", "method": "Card", "amount": 30}]


def test_two_arrays_of_one_shape_do_not_share_a_table() -> None:
    page = page_of(
        [
            *down(80, [row("Description", "Qty", "Unit price", "Amount")]),
            *down(100, [row("Paint", "2", "10.00", "20.00"), row("Brush", "1", "5.00", "5.00")]),
        ]
    )
    found = tables(page)
    assert len(found.rows(array_of(GOODS, "materials"))) == 2
    assert found.rows(array_of(GOODS, "labor_items")) == []


def test_a_price_list_has_prices_and_no_amounts() -> None:
    page = page_of(
        [
            (60, [(200, "MENU")]),
            *down(
                90,
                [
                    [(50, "Tomato soup"), (-300, "5.50")],
                    [(50, "Grilled trout"), (-300, "14.90")],
                    [(50, "Apple pie"), (-300, "6.20")],
                ],
            ),
        ]
    )
    found = tables(page)
    dishes = array_of({"name": TEXT, "price": NUMBER}, "menu_items")
    assert [(r["name"].value, r["price"].value) for r in found.rows(dishes)] == [
        ("Tomato soup", 5.5),
        ("Grilled trout", 14.9),
        ("Apple pie", 6.2),
    ]
    assert tables(page).rows(array_of(RECEIPT)) == []


def test_a_cell_that_holds_a_list() -> None:
    page = page_of(
        down(
            80,
            [
                [(50, "Course"), (250, "Tags"), (-540, "Credits")],
                [(50, "Botany"), (250, "plants, fields"), (-540, "5")],
                [(50, "Optics"), (250, "light"), (-540, "3")],
            ],
        )
    )
    course: dict[str, object] = {
        "course": TEXT,
        "tags": {"type": "array", "items": TEXT},
        "credits": NUMBER,
    }
    assert plain(tables(page).rows(array_of(course, "courses"))) == [
        {"course": "Botany", "tags": ["plants", "fields"], "credits": 5},
        {"course": "Optics", "tags": ["light"], "credits": 3},
    ]
