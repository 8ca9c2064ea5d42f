"""Values named only by their sentence, boxes that are drawn, and issuers that the schema calls as no page does."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.engines.pages_made import extract, page, plain, values

from paperclerk.domain.geometry import Box

LETTER = """
Harbour Street Eye Clinic
4 Harbour Street, Whitby YO21 3PU

Dear Mrs Penhale,

We are pleased to confirm your appointment on Monday 4 May 2026 at 9.20 am in room 7. The fee of £45.00
is due on the day; for cancelled visits we keep a deposit of £10.00.
"""
FORM = """
PARKING PERMIT

Vehicle kind:    Car      Van      Bicycle
Resident of this street?      Yes      No
"""


def ask(**kinds: str) -> dict[str, dict[str, Any]]:
    date = {"type": "string", "format": "date"}
    known: dict[str, dict[str, Any]] = {
        "date": date,
        "string": {"type": "string"},
        "number": {"type": "number"},
    }
    return {name: known[kind] for name, kind in kinds.items()}


def test_values_are_named_by_their_sentence() -> None:
    asked = ask(
        appointment_date="date", appointment_time="string", fee="number", deposit="number", refund="number"
    )
    assert values(LETTER, asked) == {
        "appointment_date": "2026-05-04",
        "appointment_time": "9.20 am",
        "fee": 45.0,
        "deposit": 10.0,
        "refund": None,
    }


def test_the_first_party_asked_for_is_the_issuer() -> None:
    assert (
        values(LETTER, ask(surgery_name="string", fee="number"))["surgery_name"]
        == "Harbour Street Eye Clinic"
    )


def test_a_person_asked_for_first_is_no_issuer() -> None:
    assert values(LETTER, ask(visitor_name="string", fee="number"))["visitor_name"] is None


def test_drawn_boxes_are_ticked_by_a_cross_inside() -> None:
    ticked = {"Van", "Yes"}
    text = FORM
    for word in ("Car", "Van", "Bicycle", "Yes", "No"):
        text = text.replace(f"  {word}", f"{'X' if word in ticked else ' '} {word}")
    made = page(text)
    boxes = [
        Box(w.box.x0 - 14, w.box.y0 - 1, w.box.x0 - 3, w.box.y0 + 10)
        for w in made.words
        if w.text in ("Car", "Van", "Bicycle", "Yes", "No")
    ]
    sides = [
        side
        for b in boxes
        for side in (
            Box(b.x0, b.y0, b.x1, b.y0), Box(b.x0, b.y1, b.x1, b.y1),
            Box(b.x0, b.y0, b.x0, b.y1), Box(b.x1, b.y0, b.x1, b.y1),
        )
    ]  # fmt: skip
    drawn = msgspec.structs.replace(made, rules=tuple(sides))
    schema = {"vehicle_kind": {"enum": ["car", "van", "bicycle"]}, "resident": {"type": "boolean"}}
    assert plain(extract([drawn], schema)) == {"vehicle_kind": "van", "resident": True}
