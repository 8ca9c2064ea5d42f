"""Small words beside a value, captions that are drawn, parties in other clauses, texts in sentences."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.engines.pages_made import extract, page, plain, values

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box

TEXT, NUMBER, COUNT = {"type": "string"}, {"type": "number"}, {"type": "integer"}
DATE = {"type": "string", "format": "date"}

LETTER = """
Dear Mr Holm,

We are writing to tell you that the monthly rent for your flat will go up from $1,180.00 to
$1,240.00 starting September 1, 2026. Your current lease runs out on August 31, 2026.
Please let us know your decision no later than July 15, 2026. Should you leave, we need at
least 45 days' notice in writing.
"""


def test_small_words_tell_which_of_two_values_is_meant() -> None:
    asked = {
        "current_rent": NUMBER,
        "new_rent": NUMBER,
        "effective_date": DATE,
        "lease_end_date": DATE,
        "response_deadline": DATE,
        "notice_days": COUNT,
        "notice_months": COUNT,
        "birth_date": DATE,
    }
    assert values(LETTER, asked) == {
        "current_rent": 1180,
        "new_rent": 1240,
        "effective_date": "2026-09-01",
        "lease_end_date": "2026-08-31",
        "response_deadline": "2026-07-15",
        "notice_days": 45,
        "notice_months": None,
        "birth_date": None,
    }


def test_a_numeral_before_its_unit_is_a_number() -> None:
    text = "Die ersten sechs Monate des Vertrages gelten als Probezeit nach dem Gesetz."
    assert values(text, {"probezeit_monate": COUNT, "probezeit_wochen": COUNT}) == {
        "probezeit_monate": 6,
        "probezeit_wochen": None,
    }


NDA = """
This Mutual Agreement (the "Agreement") is made as of May 4, 2026 by and between
Hollis Robotics, Inc., a Delaware corporation, with offices at 11 Mill Drive, Durham, NC 27713
("Hollis"), and Brandt Optics Ltd., a company registered in England, with offices at
6 Ferry Lane, Bristol BS1 5TR ("Brandt").
"""


def test_what_an_agreement_calls_itself_is_no_party() -> None:
    party = {"type": "object", "properties": {"name": TEXT, "address": TEXT, "entity_type": TEXT}}
    assert values(NDA, {"party_a": party, "party_b": party}) == {
        "party_a": {
            "name": "Hollis Robotics, Inc.",
            "address": "11 Mill Drive, Durham, NC 27713",
            "entity_type": "a Delaware corporation",
        },
        "party_b": {
            "name": "Brandt Optics Ltd.",
            "address": "6 Ferry Lane, Bristol BS1 5TR",
            "entity_type": "a company registered in England",
        },
    }


VENTA = """
De una parte, D. Mateo Ferrer Gil, mayor de edad, con DNI 12.345.678-Z y domicilio en calle
Mayor 19, 47003 Valladolid, en adelante "el vendedor".

De otra parte, D.ª Julia Prado Sanz, mayor de edad, con DNI 87.654.321-X y domicilio en
paseo Real 140, 47006 Valladolid, en adelante "la compradora".
"""


def test_the_number_of_each_party_is_its_own() -> None:
    party = {"type": "object", "properties": {"nombre": TEXT, "dni": TEXT, "pasaporte": TEXT}}
    assert values(VENTA, {"vendedor": party, "comprador": party}) == {
        "vendedor": {"nombre": "Mateo Ferrer Gil", "dni": "12.345.678-Z", "pasaporte": None},
        "comprador": {"nombre": "Julia Prado Sanz", "dni": "87.654.321-X", "pasaporte": None},
    }


FORM = """
1. Make                2. Model              3. Year
TAMARACK               RIDGELINE             2022
4. Body style          5. Colour             6. Lienholder
4DR SUV                                      SIERRA UNION
"""


def boxed(text: str) -> Page:
    """The page with a box drawn around each caption and the line below it; captions are small."""
    made = page(text)
    small = [w for line in made.lines for w in line.words if round((line.box.y0 - 40) / 13) % 2 == 0]
    words = [
        msgspec.structs.replace(w, box=Box(w.box.x0, w.box.y0, w.box.x1, w.box.y0 + 7)) if i in small else w
        for i, w in enumerate(made.words)
    ]
    lines = [
        msgspec.structs.replace(line, box=Box(line.box.x0, line.box.y0, line.box.x1, line.box.y0 + 7))
        if line.words[0] in small
        else line
        for line in made.lines
    ]
    across = [Box(26, y, 420, y) for y in (38, 64, 90)]
    down = [Box(x, 38, x, 90) for x in (26, 164, 296, 420)]
    return msgspec.structs.replace(made, words=tuple(words), lines=tuple(lines), rules=(*across, *down))


def test_captions_of_drawn_boxes_are_no_values_and_speak_of_their_own_box() -> None:
    asked: dict[str, Any] = {
        "make": TEXT,
        "model": TEXT,
        "year": COUNT,
        "body_style": TEXT,
        "colour": TEXT,
        "lienholder": TEXT,
    }
    assert plain(extract([boxed(FORM)], asked)) == {
        "make": "TAMARACK",
        "model": "RIDGELINE",
        "year": 2022,
        "body_style": "4DR SUV",
        "colour": None,
        "lienholder": "SIERRA UNION",
    }


VERTRAG = """
Die Arbeitnehmerin wird ab dem 1. Juli 2026 als Laborleiterin eingestellt. Arbeitsort ist Minden.
Danach beträgt die Kündigungsfrist sechs Wochen zum Quartalsende. Das Fahrzeug darf nur dienstlich
genutzt werden.

Minden, den 12. Mai 2026
"""
DESCRIPTION = """
Que el vendedor es propietario del vehículo marca Seara, modelo Brisa 1.6, con matrícula 4418
KDT y número de bastidor VSSZ7J1200R441873, matriculado en 2018 y libre de cargas.
La compradora lo paga mediante transferencia bancaria en el plazo que se ha convenido.
"""
CERTIFICATE = """
                       This is to certify that

                       Anselm Drury

     The course was conducted by Highline Safety Academy in accordance with
     the rules of the house, and is recognised by the National Board for Work at Height.
     The apparatus was examined by our expert, Dr. Ines Halloran, before the test.
"""


def test_texts_are_told_by_the_grammar_of_their_sentence() -> None:
    asked = {
        "taetigkeit": TEXT,
        "arbeitsort": TEXT,
        "kuendigungsfrist": TEXT,
        "vertragsort": TEXT,
        "fahrzeug": TEXT,
    }
    assert values(VERTRAG, asked) == {
        "taetigkeit": "Laborleiterin",
        "arbeitsort": "Minden",
        "kuendigungsfrist": "sechs Wochen zum Quartalsende",
        "vertragsort": "Minden",
        "fahrzeug": None,
    }
    car = {
        "type": "object",
        "properties": {"marca": TEXT, "modelo": TEXT, "matricula": TEXT, "bastidor": TEXT},
    }
    asked = {"forma_pago": TEXT, "vehiculo": car, "color": TEXT}
    got = values(DESCRIPTION, asked)
    assert got["vehiculo"] == {
        "marca": "Seara",
        "modelo": "Brisa 1.6",
        "matricula": "4418 KDT",
        "bastidor": "VSSZ7J1200R441873",
    }
    assert (got["forma_pago"], got["color"]) == ("transferencia bancaria", None)
    asked = {"holder_name": TEXT, "accreditation_body": TEXT, "surveyor": TEXT, "director": TEXT}
    assert values(CERTIFICATE, asked) == {
        "holder_name": "Anselm Drury",
        "accreditation_body": "National Board for Work at Height",
        "surveyor": None,
        "director": None,
    }


SIGNED = """
By: ____________________                 By: ____________________
Name: Corinne Haldane                    Name: Piers Abernathy
Title: Chief Executive Officer           Title: Director
"""


def test_who_signs_is_told_by_the_place() -> None:
    asked = {"signatory_a": TEXT, "signatory_b": TEXT, "signatory_a_title": TEXT, "signatory_b_title": TEXT}
    assert values(SIGNED, asked) == {
        "signatory_a": "Corinne Haldane",
        "signatory_b": "Piers Abernathy",
        "signatory_a_title": "Chief Executive Officer",
        "signatory_b_title": "Director",
    }


OFFER = """
Vous bénéficierez de 27 jours de congés payés par an et pourrez télétravailler deux jours par
semaine. Votre rémunération brute sera de 44 500 euros. Merci de nous répondre avant le 5 juin 2026.
"""


def test_what_a_number_counts_is_its_own() -> None:
    asked = {"conges_jours": COUNT, "teletravail_jours": COUNT, "date_limite_reponse": DATE, "devise": TEXT}
    assert values(OFFER, asked) == {
        "conges_jours": 27,
        "teletravail_jours": 2,
        "date_limite_reponse": "2026-06-05",
        "devise": "EUR",
    }


NOTICE = """
The goods are covered by our commercial invoice no. CT-26-1187 dated 24 July 2026. Your
confirmation number is CX-88214. Ask for Lucinda Farrow, or contact Customer Service by post.

Issued on 27 July 2026
"""


def test_dates_of_other_papers_numbers_that_are_said_and_people_to_ask_for() -> None:
    asked = {"issue_date": DATE, "confirmation_number": TEXT, "agent_name": TEXT, "signed_by": TEXT}
    assert values(NOTICE, asked) == {
        "issue_date": "2026-07-27",
        "confirmation_number": "CX-88214",
        "agent_name": "Lucinda Farrow",
        "signed_by": None,
    }


def test_whose_law_how_long_and_between_whom() -> None:
    printed = """
THIS AGREEMENT dated 4 May 2026 (the "Effective Date") is made by and between Sable Point Foundry, Inc., a Maine
corporation ("Sable"), and Orrin Vale Trust LLC ("Orrin"). This Agreement shall remain in effect for a period of
three (3) years from its date. It is governed by the laws of the State of New Mexico, and the parties may end it
at any time.
"""
    asked = {
        "party": {"type": "array", "items": {"type": "string"}}, "term": TEXT, "governing_law": TEXT,
        "parties": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT, "short_name": TEXT}}},
    }  # fmt: skip
    assert values(printed, asked) == {
        "party": ["Sable Point Foundry, Inc.", "Orrin Vale Trust LLC"],
        "term": "three (3) years",
        "governing_law": "New Mexico",
        "parties": [
            {"name": "Sable Point Foundry, Inc.", "short_name": "Sable"},
            {"name": "Orrin Vale Trust LLC", "short_name": "Orrin"},
        ],
    }
    german = """
Für diesen Vertrag und alles, was die Parteien auf seiner Grundlage miteinander vereinbaren, gilt
österreichisches Recht. Änderungen bedürfen der Schriftform und der Unterschrift beider Parteien.
"""
    assert values(german, {"anwendbares_recht": TEXT}) == {"anwendbares_recht": "österreichisches Recht"}
    assert values("Payment term: 30 days net", {"governing_law": TEXT, "jurisdiction": TEXT}) == {
        "governing_law": None,
        "jurisdiction": None,
    }
