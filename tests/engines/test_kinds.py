"""Kinds of documents beside business papers: menus, results, timetables, papers, minutes, data sheets, passports."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.engines.pages_made import page, values

from paperclerk.domain.document import Page
from paperclerk.engines.embedded.lists.citations import parts_of
from paperclerk.engines.embedded.words.phrases import name_words

TEXT, NUMBER, COUNT = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def rows(name: str, /, **properties: Any) -> dict[str, Any]:
    return {name: {"type": "array", "items": {"type": "object", "properties": properties}}}


def _text(sheet: Page, line: Any) -> str:
    return " ".join(sheet.words[w].text for w in line.words)


@pytest.mark.parametrize(
    ("name", "said"),
    [("unitprice", "unit price"), ("nm", "name"), ("creditcardprice", "credit card price"), ("price", "price"),
     ("menuqty_cnt", "menuqty count"), ("update", "update")],
)  # fmt: skip
def test_words_run_together_in_a_name_are_told_apart(name: str, said: str) -> None:
    assert name_words(name) == said


def test_a_receipt_in_whole_thousands() -> None:
    printed = """
NASI GORENG
  2 x 18.000          36.000
ES TEH MANIS
  3 x 6.000           18.000
Subtotal              54.000
TOTAL                 54.000
Tunai                100.000
Kembali               46.000
"""
    total = {
        "type": "object",
        "properties": dict.fromkeys(("cashprice", "creditcardprice", "changeprice"), TEXT),
    }
    menu = rows("menu", nm=TEXT, cnt=TEXT, unitprice=TEXT, price=TEXT)
    assert values(printed, {**menu, "total": total}) == {
        "menu": [
            {"nm": "NASI GORENG", "cnt": "2", "unitprice": "18.000", "price": "36.000"},
            {"nm": "ES TEH MANIS", "cnt": "3", "unitprice": "6.000", "price": "18.000"},
        ],
        "total": {"cashprice": "100.000", "creditcardprice": None, "changeprice": "46.000"},
    }


def test_a_name_between_its_quantity_and_its_unit_price() -> None:
    printed = """
2 BAKSO URAT   @22.000   44.000
1 MIE AYAM     @19.500   19.500
Total                    63.500
"""
    got = values(printed, rows("menu", nm=TEXT, cnt=TEXT, unitprice=TEXT, price=TEXT))["menu"]
    assert got == [
        {"nm": "BAKSO URAT", "cnt": "2", "unitprice": "22.000", "price": "44.000"},
        {"nm": "MIE AYAM", "cnt": "1", "unitprice": "19.500", "price": "19.500"},
    ]


def test_a_menu_by_its_headings() -> None:
    printed = """
STARTERS
Tomato soup             6.50
with basil oil
Whipped feta            7.25

MAINS
Beef pie               15.50
mash, gravy
Risotto                13.75
"""
    offer = {"type": "object", "properties": {"name": TEXT, "description": TEXT, "price": NUMBER}}
    got = values(printed, rows("sections", name=TEXT, items={"type": "array", "items": offer}))
    assert [(s["name"], [tuple(o.values()) for o in s["items"]]) for s in got["sections"]] == [
        ("STARTERS", [("Tomato soup", "with basil oil", 6.5), ("Whipped feta", None, 7.25)]),
        ("MAINS", [("Beef pie", "mash, gravy", 15.5), ("Risotto", None, 13.75)]),
    ]
    flat = values(printed, rows("dishes", category=TEXT, name=TEXT, price=NUMBER))["dishes"]
    assert flat[2] == {"category": "MAINS", "name": "Beef pie", "price": 15.5}


def test_events_side_by_side_each_with_its_results() -> None:
    printed = """
Event 1 Girls Free                            Event 3 Boys Free
   Name           Age  Team    Time              Name           Age  Team    Time
1  Moreau, Elise   12  PIKE    59.87          1  Okoro, David    14  PIKE    57.66
2  Tanaka, Yuki    12  BLUE    61.02          2  Szabo, Peter    14  HARB    59.01
3  Hollis, Bree    11  PIKE    63.31          3  Kerr, Liam      13  PIKE    60.18
"""
    result = {
        "type": "object",
        "properties": {"place": COUNT, "name": TEXT, "age": COUNT, "team": TEXT, "time": TEXT},
    }
    events = rows("events", number=TEXT, name=TEXT, results={"type": "array", "items": result})
    got = values(printed, events)["events"]
    assert [(e["number"], e["name"], len(e["results"])) for e in got] == [
        ("1", "Girls Free", 3),
        ("3", "Boys Free", 3),
    ]
    assert got[1]["results"][1] == {
        "place": 2,
        "name": "Szabo, Peter",
        "age": 14,
        "team": "HARB",
        "time": "59.01",
    }


def test_stops_with_their_departures() -> None:
    printed = """
Service            47      47      47A
Ashford Station    06:42   07:12   07:42
Willow Cross       06:51   -       07:51
Pelham Quay        07:24   08:01   08:31
"""
    got = values(printed, rows("stops", stop=TEXT, departures={"type": "array", "items": TEXT}))["stops"]
    assert got[1] == {"stop": "Willow Cross", "departures": ["06:51", "07:51"]}
    assert (
        values(printed, rows("employees", name=TEXT, skills={"type": "array", "items": TEXT}))["employees"]
        == []
    )


def test_rows_that_fill_other_columns_are_rows_and_lines_over_them_say_their_part() -> None:
    printed = """
Symbol   Parameter         Min   Typ   Max   Unit
SUPPLY
VCC      Supply voltage    3.1   3.6   5.5   V
ISB      Standby current         9           mA
OUTPUT
VOH      High level        2.4               V
"""
    asked = rows("electrical", group=TEXT, symbol=TEXT, min=NUMBER, typ=NUMBER, max=NUMBER, unit=TEXT)
    got = values(printed, asked)["electrical"]
    assert [(r["group"], r["symbol"], r["min"], r["typ"], r["max"]) for r in got] == [
        ("SUPPLY", "VCC", 3.1, 3.6, 5.5), ("SUPPLY", "ISB", None, 9, None), ("OUTPUT", "VOH", 2.4, None, None),
    ]  # fmt: skip


def test_specifications_and_points_under_their_headings() -> None:
    printed = """
KEY FEATURES
• Installs in five minutes, no pipe cutting
• Accuracy of 1.5 %
• Battery life of ten years
TECHNICAL SPECIFICATIONS
Pipe size         DN15 to DN50
Output            Pulse, Modbus RTU
"""
    asked = {
        **rows("specifications", parameter=TEXT, value=TEXT),
        "features": {"type": "array", "items": TEXT},
    }
    got = values(printed, asked)
    assert got["features"][0] == "Installs in five minutes, no pipe cutting"
    assert len(got["features"]) == 3
    assert got["specifications"] == [
        {"parameter": "Pipe size", "value": "DN15 to DN50"},
        {"parameter": "Output", "value": "Pulse, Modbus RTU"},
    ]


MINUTES = """
Minutes of the Committee
Present:    Joyce Abbot (Chair), Hamid Rahimi
Apologies:  Martin Pike
1. Water supply
The standpipe leaks.
2. Summer show
It will be in August.
"""


def test_who_was_present_and_what_was_discussed() -> None:
    people = {"type": "array", "items": TEXT}
    agenda = rows("agenda_items", number=TEXT, title=TEXT, discussion=TEXT)
    got = values(MINUTES, {"attendees": people, "apologies": people, "chair": TEXT, **agenda})
    assert got == {
        "attendees": ["Joyce Abbot", "Hamid Rahimi"],
        "apologies": ["Martin Pike"],
        "chair": "Joyce Abbot",
        "agenda_items": [
            {"number": "1", "title": "Water supply", "discussion": "The standpipe leaks."},
            {"number": "2", "title": "Summer show", "discussion": "It will be in August."},
        ],
    }


def test_authors_and_works_cited_of_a_paper() -> None:
    printed = """
Journal of River Research, Vol. 27, No. 3, pp. 211-213, 2021
https://doi.org/10.5555/jrr.2021.0273
Turbidity as a surrogate
Lena Obermoser1, Jan de Graaf2 and Chiara Zanotti1
1 Institute of Hydrology, University of Innertal
2 Department of Engineering, Waalstad
l.obermoser@innertal.example
REFERENCES
[1] Alvarado, R.: Sediment pulses. Earth Letters (2011)
[2] Smith, J. (2015). Cheap sensing of turbid water. Hydrological Tools, 4, 1-9.
"""
    sheet = page(printed)
    title = {w for line in sheet.lines if _text(sheet, line).startswith("Turbidity") for w in line.words}
    large = replace(
        sheet,
        words=tuple(
            replace(w, box=replace_height(w.box)) if i in title else w for i, w in enumerate(sheet.words)
        ),
    )
    asked = {
        **rows("authors", name=TEXT, affiliation=TEXT, email=TEXT),
        **rows("references", authors=TEXT, title=TEXT, venue=TEXT, year=COUNT),
        "doi": TEXT, "volume": TEXT, "issue": TEXT, "pages": TEXT, "year": COUNT,
    }  # fmt: skip
    got = values([large], asked)
    home = "Institute of Hydrology, University of Innertal"
    assert [(a["name"], a["affiliation"]) for a in got["authors"]] == [
        ("Lena Obermoser", home), ("Jan de Graaf", "Department of Engineering, Waalstad"), ("Chiara Zanotti", home),
    ]  # fmt: skip
    assert got["authors"][0]["email"] == "l.obermoser@innertal.example"
    assert got["references"] == [
        {"authors": "Alvarado, R.", "title": "Sediment pulses", "venue": "Earth Letters", "year": 2011},
        {
            "authors": "Smith, J.", "title": "Cheap sensing of turbid water", "venue": "Hydrological Tools, 4, 1-9",
            "year": 2015,
        },
    ]  # fmt: skip
    assert {k: got[k] for k in ("doi", "volume", "issue", "pages", "year")} == {
        "doi": "10.5555/jrr.2021.0273", "volume": "27", "issue": "3", "pages": "211-213", "year": 2021,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "names", "title", "venue", "year"),
    [
        (
            "[4] Mira Okafor, Jo van der Meer, and Li Wei. 2019. Silt: a field guide. In EelConf, 2031–2043.",
            ["Mira Okafor", "Jo van der Meer", "Li Wei"], "Silt: a field guide", "In EelConf, 2031–2043", 2019,
        ),
        (
            "7. [Oka2004] Okafor, M. A.; Meer, J. & Wei, L. Banks that move Proc. Intl. Conf. Rivers, 2004, 3, 17-21",
            ["Okafor, M. A.", "Meer, J.", "Wei, L."], "Banks that move", "Proc. Intl. Conf. Rivers", 2004,
        ),
        (
            "Okafor, M., Wei, L. (eds.) (2011a). Weirs and their fish. Delta Books.",
            ["Okafor, M.", "Wei, L."], "Weirs and their fish", "Delta Books", 2011,
        ),
        (
            'M. Okafor and J. Meer, "Counting eels by sound," Hydro Letters, vol. 3, no. 2, pp. 1-9, 2016.',
            ["M. Okafor", "J. Meer"], "Counting eels by sound", "Hydro Letters, vol. 3, no. 2, pp. 1-9", 2016,
        ),
    ],
)  # fmt: skip
def test_a_work_is_cut_in_each_of_the_usual_styles(
    entry: str, names: list[str], title: str, venue: str, year: int
) -> None:
    parts, found = parts_of(entry)
    assert [entry[a:b] for a, b in found] == names
    said = {key: entry[a:b] for key, (a, b) in parts.items()}
    assert (said["title"], said["venue"], said["year"]) == (title, venue, str(year))


def test_authors_of_a_work_as_an_array_and_words_cut_at_line_ends() -> None:
    printed = """
REFERENCES
[1] Mira Oka-
for and Li Wei. 2020. Slow rivers of the north-
ern plain. Delta Books.
[2] Li Wei. 2021. Ice. Delta Books.
"""
    author = {"type": "array", "items": {"type": "object", "properties": {"name": TEXT}}}
    got = values(printed, rows("references", title=TEXT, authors=author))
    assert got["references"] == [
        {
            "title": "Slow rivers of the northern plain",
            "authors": [{"name": "Mira Okafor"}, {"name": "Li Wei"}],
        },
        {"title": "Ice", "authors": [{"name": "Li Wei"}]},
    ]


def replace_height(box: Any) -> Any:
    """A box of larger type."""
    return type(box)(box.x0, box.y0 - 4, box.x1, box.y1 + 2)


# The specimens of ICAO 9303, parts 4 and 5.
PASSPORT = """
P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<
L898902C36UTO7408122F1204159ZE184226B<<<<<10
"""
CARD = """
I<UTOD231458907<<<<<<<<<<<<<<<
7408122F1204159UTO<<<<<<<<<<<6
ERIKSSON<<ANNA<MARIA<<<<<<<<<<
"""
HOLDER = {
    "surname": TEXT, "given_names": TEXT, "date_of_birth": {"type": "string", "format": "date"}, "sex": TEXT,
    "expiry_date": {"type": "string", "format": "date"}, "nationality": TEXT, "issuing_country": TEXT,
}  # fmt: skip
ANNA = {
    "surname": "ERIKSSON", "given_names": "ANNA MARIA", "date_of_birth": "1974-08-12", "sex": "F",
    "expiry_date": "2012-04-15", "nationality": "UTO", "issuing_country": "UTO",
}  # fmt: skip


@pytest.mark.parametrize("zone", [PASSPORT, CARD])
def test_what_a_machine_readable_zone_says(zone: str) -> None:
    assert values(zone, HOLDER) == ANNA


def test_a_zone_is_put_right_by_its_format_and_dropped_where_its_digits_do_not_hold() -> None:
    misread = PASSPORT.replace("UTO7408122F", "UT07408l22F".upper().replace("L", "I"))
    assert values(misread, HOLDER) == ANNA
    lines = {"mrz_line1": TEXT, "mrz_line2": TEXT}
    assert values(misread, lines)["mrz_line2"] == PASSPORT.split()[1]
    assert values(PASSPORT.replace("740812", "740813"), HOLDER) == dict.fromkeys(HOLDER)
