"""What is present always validates; what had to go is said."""

from paperclerk.domain.result import ABSENT, Leaf
from paperclerk.extraction.conforming import conform_tree

SCHEMA = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "total": {"type": "number", "minimum": 0},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"what": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
                "required": ["what", "price"],
            },
        },
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
        "seller": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
    "required": ["code", "total"],
}


def test_a_conforming_tree_is_left_alone():
    tree = {
        "code": Leaf("EUR"),
        "total": Leaf(1.5),
        "items": [],
        "tags": [Leaf("a")],
        "seller": {"name": Leaf("x")},
    }
    done = conform_tree(tree, SCHEMA)
    assert done.tree == tree
    assert done.errors == ()
    assert done.response == {"code": "EUR", "total": 1.5, "items": [], "tags": ["a"], "seller": {"name": "x"}}


def test_a_value_that_breaks_the_schema_becomes_null_and_is_listed():
    tree = {"code": Leaf("euro"), "total": Leaf(-1), "items": [], "tags": [], "seller": {"name": ABSENT}}
    done = conform_tree(tree, SCHEMA)
    assert done.response["code"] is None
    assert done.response["total"] is None
    assert {(e.path, e.code) for e in done.errors} >= {("code", "invalid_value"), ("total", "invalid_value")}


def test_required_values_that_are_absent_are_listed_by_path():
    tree = {
        "code": ABSENT,
        "total": Leaf(2),
        "items": [{"what": Leaf("tea"), "price": ABSENT}],
        "tags": [],
        "seller": {"name": ABSENT},
    }
    errors = conform_tree(tree, SCHEMA).errors
    assert ("code", "missing_required") in {(e.path, e.code) for e in errors}
    assert ("items[0].price", "missing_required") in {(e.path, e.code) for e in errors}


def test_a_broken_array_element_goes_and_the_leaves_of_the_others_stay_in_step():
    tree = {
        "code": Leaf("EUR"),
        "total": Leaf(2),
        "items": [
            {"what": Leaf("tea"), "price": Leaf(-4)},
            {"what": Leaf("oat"), "price": Leaf(8)},
        ],
        "tags": [Leaf("toolong"), Leaf("ok", score=0.5)],
        "seller": {"name": Leaf("x")},
    }
    done = conform_tree(tree, SCHEMA)
    assert done.tree["tags"] == [Leaf("ok", score=0.5)]
    assert done.response["tags"] == ["ok"]
    assert done.response["items"][-1] == {"what": "oat", "price": 8}
    assert done.tree["items"][-1] == {"what": Leaf("oat"), "price": Leaf(8)}
