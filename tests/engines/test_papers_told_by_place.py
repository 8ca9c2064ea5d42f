"""Papers told by their layout: rows of captions, sums without a name, subjects, titles, units, boxes behind words."""

from __future__ import annotations

from typing import Any

from tests.engines.pages_made import values

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def rows(name: str, **properties: Any) -> dict[str, Any]:
    return {name: {"type": "array", "items": {"type": "object", "properties": properties}}}


def test_captions_over_a_row_of_values_speak_of_what_stands_under_them() -> None:
    got = values(
        """
ORDER DATE      REQUISITIONER     TERMS             F.O.B.      SHIP VIA
04/21/2026      L. Dominguez 2    Net 30            Plant 4     Truck 11
""",
        {"terms": TEXT, "fob": TEXT, "requisitioner": TEXT},
    )
    assert got == {"terms": "Net 30", "fob": "Plant 4", "requisitioner": "L. Dominguez 2"}


def test_a_row_of_a_sum_without_a_name_ends_a_table() -> None:
    got = values(
        """
Menge      Gegenstand                    Einzelpreis         DM
2          Bandsägeblatt                       48,50      97,00
1          Abrichtmesser                      136,00     136,00
10         Schleifpapier                        7,80      78,00
                                                         311,00
           + 14 % Mehrwertsteuer                          43,54
""",
        rows("positionen", menge=NUMBER, artikel=TEXT, preis=NUMBER, betrag=NUMBER),
    )
    assert [r["artikel"] for r in got["positionen"]] == ["Bandsägeblatt", "Abrichtmesser", "Schleifpapier"]


def test_a_row_whose_number_in_the_list_is_the_sum_of_those_before_is_no_sum() -> None:
    got = values(
        """
Line     Daypart        Spots      Weeks        Rate
1        Morning           40          4       42.00
2        Evening           20          4       38.00
3        Weekend           18          8       18.50
""",
        rows("lines", line={"type": "integer"}, daypart=TEXT, spots=NUMBER, rate=NUMBER),
    )
    assert [r["line"] for r in got["lines"]] == [1, 2, 3]


def test_the_number_of_an_object_is_that_of_the_person_it_is_about() -> None:
    asked = {"employee": {"type": "object", "properties": {"number": TEXT}}}
    assert values("Employee No.: 20719     Cheque No.: 881", asked) == {"employee": {"number": "20719"}}


def test_amounts_without_a_digit_before_the_point() -> None:
    got = values(
        "SUBTOTAL        29.54\nTAX               .77\nCHANGE            .00",
        {"tax": NUMBER, "change": NUMBER},
    )
    assert got == {"tax": 0.77, "change": 0}


def test_the_subject_of_a_letter_stands_apart_over_the_greeting() -> None:
    letter = """
19.02.2026


Bewilligung eines Hilfsmittels


Sehr geehrte Frau Thiele,

gern übernehmen wir die Kosten.
"""
    assert values(letter, {"betreff": TEXT}) == {"betreff": "Bewilligung eines Hilfsmittels"}
    assert values("Sehr geehrte Frau Thiele,\n\ngern übernehmen wir.", {"betreff": TEXT}) == {"betreff": None}


def test_the_title_says_what_kind_of_agreement_it_is() -> None:
    text = "MUTUAL NON-DISCLOSURE AGREEMENT\n\nThe parties wish to explore a joint development."
    assert values(text, {"agreement_type": TEXT}) == {"agreement_type": "MUTUAL NON-DISCLOSURE AGREEMENT"}
    assert values("DELIVERY NOTE\n\nTen boxes.", {"agreement_type": TEXT}) == {"agreement_type": None}


def test_the_only_number_in_the_unit_of_the_name_answers_it() -> None:
    text = "Supply        3 x 400 V, 50 Hz\nRated power P2        15 kW"
    asked = {"voltage_V": NUMBER, "frequency_Hz": NUMBER, "motorPower_kW": NUMBER, "noise_dB": NUMBER}
    assert values(text, asked) == {
        "voltage_V": 400,
        "frequency_Hz": 50,
        "motorPower_kW": 15,
        "noise_dB": None,
    }


def test_a_minimum_and_a_maximum_are_the_ends_of_a_range() -> None:
    asked = {"temperature": {"type": "object", "properties": {"min": NUMBER, "max": NUMBER}}}
    assert values("Temperature        -15 to +120 °C", asked) == {"temperature": {"min": -15, "max": 120}}


def test_a_box_of_a_form_is_found_by_its_number() -> None:
    text = """
016 Pension or superannuation        022 Income tax deducted
31,204.56                            5,118.00
"""
    assert values(text, {"pension_box_016": NUMBER}) == {"pension_box_016": 31204.56}


def test_boxes_behind_their_words_answer_the_question_before_them() -> None:
    text = "12. Has the registrant engaged in political activities?   Yes [ ]   No [X]"
    assert values(text, {"political_activities": {"type": "boolean"}}) == {"political_activities": False}
    form = "Type of work:   [ ] New   [X] Repair   [ ] Demolition\nIn flood zone?   Yes [ ]   No [X]"
    asked = {"flood_zone": {"type": "boolean"}, "work_type": TEXT}
    assert values(form, asked) == {"flood_zone": False, "work_type": "Repair"}


def test_numbers_named_in_short_are_no_names() -> None:
    text = "Employer identification number (EIN)\n47-1188420\nEmployer's name\nGranite Falls Hospital"
    assert values(text, {"employerEin": TEXT}) == {"employerEin": "47-1188420"}
