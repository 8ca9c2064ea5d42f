"""What makes a value sure, and what makes it doubtful."""

from __future__ import annotations

import random
from importlib.resources import files

import pytest
from scripts.calibrate import LOWERS, RAISES, written
from tests.engines.pages_made import extract, page
from tests.engines.tables.pages import down, page_of

from paperclerk.domain.result import HI_FROM
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.engines.embedded.asked.profile import profile
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.confidence import (
    Around,
    CellFacts,
    cell_probability,
    features,
    probability,
)
from paperclerk.engines.embedded.fields.forest import forest
from paperclerk.schemas.compile import compile_schema

NAME, DATE = {"type": "string"}, {"type": "string", "format": "date"}
TABLE = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}


def among(taken=frozenset(), others: int = 4, answered: int = 3, line: int = 20) -> Around:
    return Around(taken, others, answered, line)


def test_what_another_field_took_and_another_reading_of_the_place_are_no_rivals() -> None:
    schema = compile_schema({"type": "object", "properties": {"name": NAME}})
    asked = profile(schema.children[0])
    choice = Candidate("Ilse Brandt", (), (0, 2, 0, 11), 0.9, label=1.0)
    rival = Candidate("Kornfeld Mills", (), (0, 8, 0, 14), 0.9, label=1.0)
    longer = Candidate("Ilse Brandt, owner", (), (0, 2, 0, 18), 0.9, label=1.0)
    doubtful = features(choice, [choice, rival], asked, among())
    taken = features(choice, [choice, rival], asked, among({rival.place}))
    same_place = features(choice, [choice, longer], asked, among())
    assert doubtful["clear"] == 0
    assert taken["clear"] == same_place["clear"] == 1


def test_a_rival_as_good_as_the_choice_makes_it_less_sure() -> None:
    properties = {"delivery_date": DATE}
    (alone,) = extract("Delivery date: 2024-03-05", properties).values()
    (less,) = extract("Delivery date: 2024-03-05\n\nDelivery date: 2024-04-09", properties).values()
    assert alone.score > less.score


def test_a_place_deep_in_a_long_document_is_less_sure() -> None:
    blank = "Nothing of this kind stands on this page"
    near = [page("Delivery date: 2024-03-05")]
    far = [page(blank, index=i) for i in range(12)] + [page("Delivery date: 2024-03-05", index=12)]
    properties = {"delivery_date": DATE}
    assert extract(near, properties)["delivery_date"].score > extract(far, properties)["delivery_date"].score


def test_the_fewer_fields_of_a_schema_have_an_answer_the_less_sure_is_each() -> None:
    asked = profile(compile_schema({"type": "object", "properties": {"due_date": DATE}}).children[0])
    choice = Candidate("2024-03-05", (), (0, 2, 0, 10), 0.7, label=0.7)
    most = probability(choice, [choice], asked, among(others=20, answered=19))
    few = probability(choice, [choice], asked, among(others=20, answered=4))
    assert most > few


def test_the_model_asks_about_what_is_noted_and_no_fact_acts_against_its_sign() -> None:
    asked = profile(compile_schema({"type": "object", "properties": {"name": NAME}}).children[0])
    choice = Candidate("Ilse Brandt", (), (0, 2, 0, 11), 0.9, label=1.0)
    model, noted = forest("confidence.json"), features(choice, [choice], asked, among())
    assert set(model.names) == set(noted)
    draws = random.Random(7)
    for _ in range(200):
        at = {name: draws.choice([0.0, 1.0, draws.random()]) for name in model.names}
        for name in RAISES | LOWERS:
            less, more = ({**at, name: value} for value in sorted((at[name], draws.random())))
            gained = model.log_odds(more) - model.log_odds(less)
            assert gained >= -1e-9 if name in RAISES else gained <= 1e-9, name


def test_the_file_is_what_the_script_writes() -> None:
    text = (files("paperclerk.engines.embedded.fields") / "confidence.json").read_text(encoding="utf-8")
    assert written(forest("confidence.json")) == text


@pytest.mark.parametrize(
    ("surer", "less"),
    [
        (CellFacts(True, True, True, 1), CellFacts(False, False, True, 1)),
        (CellFacts(True, True, True, 1), CellFacts(True, True, False, 1)),
        (CellFacts(False, False, True, 1), CellFacts(False, True, True, 1)),
        (CellFacts(False, True, False, 1), CellFacts(False, True, False, 2)),
    ],
    ids=["arithmetic confirms", "words among amounts", "arithmetic could and does not", "one line"],
)
def test_cells_under_headings(surer: CellFacts, less: CellFacts) -> None:
    assert cell_probability(surer) > cell_probability(less)


def test_numbers_of_a_long_regular_table_are_sure_its_heading_and_a_short_one_are_not() -> None:
    heading = [[(60, "Region"), (-200, "Cars"), (-300, "Buses"), (-400, "Trams")]]
    body = [
        [(60, f"District {i}"), (-200, f"{i + 1}.2"), (-300, f"{i + 2}.4"), (-400, f"{i + 3}.6")]
        for i in range(30)
    ]
    array = compile_schema({"type": "object", "properties": {"rows": TABLE}}).child("rows")
    assert array is not None
    long = Tables((page_of(down(60, heading + body)),)).rows(array)
    short = Tables((page_of(down(60, heading + body[:5])),)).rows(array)
    assert all(cell.score >= HI_FROM for row in long[1:] for cell in row)
    assert all(cell.score < HI_FROM for cell in long[0])
    assert all(cell.score < HI_FROM for row in short for cell in row)


def test_a_table_with_two_values_in_most_cells_of_a_column_is_not_sure() -> None:
    rows = [
        [(60, f"District {i}"), (-200, f"{i + 1}.2"), (-300, f"{i + 2}.4 {i + 3}.1"), (-400, f"{i + 3}.6")]
        for i in range(30)
    ]
    array = compile_schema({"type": "object", "properties": {"rows": TABLE}}).child("rows")
    assert array is not None
    read = Tables((page_of(down(60, rows)),)).rows(array)
    assert len(read[0]) == 4
    assert all(cell.score < HI_FROM for row in read for cell in row)
