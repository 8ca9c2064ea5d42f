"""Arrays that are no tables of goods: lists of values, entries under headings, lines of statements."""

from __future__ import annotations

from tests.engines.tables.pages import array_of, down, page_of, plain, words_under

from paperclerk.domain.document import Page
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.printed.locale import infer
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field


def tables(*pages: Page) -> Tables:
    return Tables(pages, infer(" ".join(w.text for w in p.words) for p in pages))


def list_of(name: str, **items: object) -> Field:
    schema = {"type": "object", "properties": {name: {"type": "array", "items": {"type": "string", **items}}}}
    found = compile_schema(schema).child(name)
    assert found is not None
    return found


RESUME = page_of(
    [
        (50, [(50, "Ada Marsh")]),
        (66, [(50, "ada.marsh@example.org"), (300, "github.com/adamarsh")]),
        (100, [(50, "WORK EXPERIENCE")]),
        (120, [(50, "Senior Engineer - Northern Solutions Ltd")]),
        (133, [(50, "March 2019 - Present")]),
        (146, [(62, "Led a team of five")]),
        (159, [(62, "Moved all services to new machines")]),
        (185, [(50, "Engineer - Harbour Systems GmbH")]),
        (198, [(50, "June 2015 - February 2019")]),
        (211, [(62, "Wrote the billing service")]),
        (245, [(50, "EDUCATION")]),
        (265, [(50, "BSc Mathematics, Riverside University")]),
        (278, [(50, "2011 - 2015")]),
        (310, [(50, "SKILLS")]),
        (330, [(50, "Python, SQL, Statistics (Bayesian, robust)")]),
        (360, [(50, "LANGUAGES")]),
        (380, [(50, "English (Native)")]),
        (393, [(50, "French (Fluent)")]),
    ]
)


def test_values_told_by_their_form() -> None:
    found = tables(RESUME)
    assert plain(found.rows(list_of("emails"))) == ["ada.marsh@example.org"]
    assert plain(found.rows(list_of("links", format="uri"))) == ["github.com/adamarsh"]
    assert found.rows(list_of("phones")) == []


def test_values_under_a_heading() -> None:
    found = tables(RESUME)
    assert plain(found.rows(list_of("languages"))) == ["English (Native)", "French (Fluent)"]
    skills = found.rows(list_of("skills"))
    assert plain(skills) == ["Python", "SQL", "Statistics (Bayesian, robust)"]
    assert words_under([RESUME], skills[0]) == "Python"


def test_values_after_a_label() -> None:
    page = page_of([(100, [(50, "Keywords: grass roofs, rain water, moss")]), (140, [(50, "Introduction")])])
    assert plain(tables(page).rows(list_of("keywords"))) == ["grass roofs", "rain water", "moss"]


def test_a_list_that_nothing_announces_is_empty() -> None:
    assert tables(RESUME).rows(list_of("allergies")) == []


def test_entries_under_headings() -> None:
    work = array_of(
        {
            "jobTitle": {"type": "string"},
            "employer": {"type": "string"},
            "startDate": {"type": "string"},
            "endDate": {"type": "string"},
            "isCurrent": {"type": "boolean"},
            "description": {"type": "string"},
        },
        "workExperience",
    )
    assert plain(tables(RESUME).rows(work)) == [
        {
            "jobTitle": "Senior Engineer",
            "employer": "Northern Solutions Ltd",
            "startDate": "March 2019",
            "endDate": None,
            "isCurrent": True,
            "description": "Led a team of five Moved all services to new machines",
        },
        {
            "jobTitle": "Engineer",
            "employer": "Harbour Systems GmbH",
            "startDate": "June 2015",
            "endDate": "February 2019",
            "isCurrent": False,
            "description": "Wrote the billing service",
        },
    ]
    school = array_of({"institution": {"type": "string"}, "degree": {"type": "string"}}, "education")
    assert plain(tables(RESUME).rows(school)) == [
        {"institution": "Riverside University", "degree": "BSc Mathematics"}
    ]


STATEMENT = page_of(
    [
        (60, [(200, "STATEMENT OF OPERATIONS")]),
        (76, [(200, "(in millions, except per share amounts)")]),
        (100, [(-400, "March 31, 2025"), (-520, "March 31, 2024")]),
        *down(
            124,
            [
                [(50, "Total revenue"), (-400, "$ 13,991"), (-520, "$ 12,791")],
                [(50, "Interest expense"), (-400, "(404)"), (-520, "(120)")],
                [(50, "Other current assets"), (-400, "77"), (-520, "66")],
                [(50, "Total current assets"), (-400, "34,681"), (-520, "36,862")],
            ],
        ),
    ]
)
FIGURE: dict[str, object] = {
    "period": {"type": "string"},
    "value": {"type": "number"},
    "unit": {"type": "string"},
    "scale": {"type": "integer"},
    "kind": {"enum": ["actual", "guidance"], "default": "actual"},
}


def test_a_line_of_a_statement_gives_one_element_a_column() -> None:
    rows = tables(STATEMENT).rows(array_of(FIGURE, "revenue"))
    million = {"unit": "USD", "scale": 1_000_000, "kind": "actual"}
    assert plain(rows) == [
        {"period": "March 31, 2025", "value": 13991, **million},
        {"period": "March 31, 2024", "value": 12791, **million},
    ]
    assert words_under([STATEMENT], rows[0]["value"]) == "13,991"
    assert words_under([STATEMENT], rows[0]["scale"]) == "millions,"[:-1]
    assert rows[0]["kind"].inferred


def test_the_nearest_label_wins_and_costs_are_positive() -> None:
    found = tables(STATEMENT)
    assert [r["value"].value for r in found.rows(array_of(FIGURE, "current_assets"))] == [34681, 36862]
    assert [r["value"].value for r in found.rows(array_of(FIGURE, "interest_expense"))] == [404, 120]
    assert found.rows(array_of(FIGURE, "goodwill")) == []
