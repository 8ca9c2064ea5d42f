"""Rules across fields: sums, products, order of dates, checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.documents_made import make_pdf

import paperclerk
from paperclerk.domain.agent import Agent, Rule
from paperclerk.domain.errors import ExecutionFailed, InvalidRequest
from paperclerk.domain.result import Leaf
from paperclerk.extraction.reply import plain
from paperclerk.extraction.validators import QUESTIONED, check_rules, questioned, values_at

INVOICE: dict[str, Any] = {
    "net": 100.0,
    "tax": 19.0,
    "total": 119.0,
    "issued": "2026-02-01",
    "due": "2026-03-03",
    "bank": {"iban": "DE89 3704 0044 0532 0130 00"},
    "items": [
        {"quantity": 2, "price": 30.0, "amount": 60.0},
        {"quantity": 4, "price": 10.0, "amount": 40.0},
    ],
    "nothing": None,
}
HOLD = [
    Rule("sum", ("net", "tax"), "total"),
    Rule("sum", ("items[].amount",), "net"),
    Rule("product", ("items[].quantity", "items[].price"), "items[].amount"),
    Rule("order", ("issued", "due")),
    Rule("iban", ("bank.iban",)),
]


@pytest.mark.parametrize("rule", HOLD, ids=lambda r: f"{r.rule} {r.of}")
def test_what_is_right_holds(rule: Rule) -> None:
    [checked] = check_rules(INVOICE, [rule])
    assert checked.verdict == "holds" and checked.error is None


@pytest.mark.parametrize(
    ("change", "rule", "told"),
    [
        ({"total": 120.0}, HOLD[0], "net + tax is 119.00, but total is 120.00"),
        ({"net": 99.0}, HOLD[1], "items[].amount is 100.00"),
        ({"items": [{"quantity": 2, "price": 3, "amount": 7}]}, HOLD[2], "items[0].amount is 7.00"),
        ({"due": "2026-01-31"}, HOLD[3], "issued (2026-02-01) is after due (2026-01-31)"),
        ({"bank": {"iban": "DE88 3704 0044 0532 0130 00"}}, HOLD[4], "No valid iban"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_what_is_wrong_is_told_or_fails(change: dict[str, Any], rule: Rule, told: str) -> None:
    [checked] = check_rules({**INVOICE, **change}, [rule])
    assert checked.verdict == "broken" and checked.error is not None and told in checked.error.message
    assert checked.error.code == "validation_warning"
    strict = Rule(rule.rule, rule.of, rule.equals, rule.tolerance, "fail")
    with pytest.raises(ExecutionFailed) as caught:
        check_rules({**INVOICE, **change}, [strict])
    assert caught.value.code == "validation_failed" and told in caught.value.message


@pytest.mark.parametrize("rule", HOLD, ids=lambda r: f"{r.rule} {r.of}")
def test_what_is_null_is_not_judged(rule: Rule) -> None:
    for response in ({}, {"items": []}, {"items": None}, dict.fromkeys(INVOICE)):
        [checked] = check_rules(response, [Rule(rule.rule, rule.of, rule.equals, 0.01, "fail")])
        assert checked.verdict == "does not apply"


def test_a_vat_id_of_a_country_whose_form_is_not_known_is_not_judged() -> None:
    rule = Rule("vat_id", ("seller", "buyer"))
    [checked] = check_rules({"seller": "US 12-3456789"}, [rule])
    assert checked.verdict == "does not apply" and "country" in checked.why
    [checked] = check_rules({"seller": "US 12-3456789", "buyer": "DE136695977"}, [rule])
    assert checked.verdict == "broken" and checked.about == ("buyer",)


def test_all_rows_of_a_broken_product_are_put_in_question() -> None:
    rows = [{"n": 2, "each": 3.0, "sum": total} for total in (6.0, 7.0, 6.0, 8.0, 9.0, 10.0)]
    [checked] = check_rules({"items": rows}, [Rule("product", ("items[].n", "items[].each"), "items[].sum")])
    assert {path for path in checked.about if path.endswith("sum")} == {
        f"items[{row}].sum" for row in (1, 3, 4, 5)
    }
    assert "items[1].sum is 7.00" in checked.why and checked.why.endswith("And 1 more.")


def test_rows_of_rows_are_put_in_question_together() -> None:
    orders = [{"items": [{"n": 2, "each": 3, "sum": 6}]}, {"items": [{"n": 2, "each": 3, "sum": 7}]}]
    of = ("orders[].items[].n", "orders[].items[].each")
    [checked] = check_rules({"orders": orders}, [Rule("product", of, "orders[].items[].sum")])
    assert checked.about == (*of, "orders[].items[].sum")


def test_all_dates_that_are_out_of_order_are_put_in_question() -> None:
    response = {"a": "2024-03-02", "b": "2024-03-01", "c": "2024-04-02", "d": "2024-04-01"}
    [checked] = check_rules(response, [Rule("order", ("a", "b", "c", "d"))])
    assert checked.about == ("a", "b", "c", "d")


def test_tolerance() -> None:
    rounded = {**INVOICE, "total": 119.01}
    assert check_rules(rounded, [HOLD[0]])[0].verdict == "holds"
    assert check_rules(rounded, [Rule("sum", ("net", "tax"), "total", 0.0)])[0].verdict == "broken"


def test_paths() -> None:
    deep = {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}], "m": [[1, 2], [3]]}
    assert values_at(deep, "a[].b[].c") == [1, 2, 3] and values_at(deep, "m[][]") == [1, 2, 3]
    assert values_at(deep, "x.y") == [None]


def test_an_execution_tells_how_the_rules_came_out() -> None:
    schema = {
        "type": "object",
        "properties": {
            "invoice_number": {"type": "string"},
            "total": {"type": "number"},
            "net": {"type": "number"},
        },
    }
    wrong = Rule("luhn", ("invoice_number",))
    agent = Agent("mine", "1", schema, validators=(wrong, Rule("sum", ("net",), "total")))
    result = paperclerk.execute(make_pdf(1), agent=agent)
    assert [e.code for e in result.errors] == ["validation_warning"]
    verdicts = {step.name: step.detail for step in result.steps if step.name.startswith("validate:")}
    assert verdicts["validate:luhn invoice_number"].startswith("broken: No valid luhn")
    assert verdicts["validate:sum net"].startswith("does not apply")
    fatal = Agent("mine", "1", schema, validators=(Rule("luhn", ("invoice_number",), severity="fail"),))
    with pytest.raises(ExecutionFailed):
        paperclerk.execute(make_pdf(1), agent=fatal)


def test_an_agent_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nschema: {type: object, properties: {invoice_number: {type: string}}}\n"
        "defaults: {detail: lo}\nvalidators: [{rule: luhn, of: invoice_number}]\n"
    )
    result = paperclerk.execute(make_pdf(1), agent=str(path))
    assert result.response == {"invoice_number": "R-2041"}
    assert [e.code for e in result.errors] == ["validation_warning"]
    with pytest.raises(InvalidRequest):
        paperclerk.execute(make_pdf(1), agent=str(tmp_path / "other.yaml"))


DUE = {"<=": [{"var": "issued"}, {"var": "due"}]}


@pytest.mark.parametrize(
    ("logic", "of", "verdict"),
    [
        (DUE, (), "holds"),
        ({"!": [DUE]}, (), "broken"),
        ({"all": [{"var": "items"}, {">": [{"var": "price"}, 0]}]}, (), "holds"),
        ({"in": [{"var": "currency"}, ["EUR", "GBP"]]}, (), "broken"),
        ({"in": [{"var": "currency"}, ["EUR", "GBP"]]}, ("currency",), "does not apply"),
        ({"filter": [{"var": "items"}, {"<": [{"var": "price"}, 0]}]}, (), "broken"),
    ],
)
def test_an_expression_is_true_of_the_reply(logic: dict[str, Any], of: tuple[str, ...], verdict: str) -> None:
    reply = {"issued": "2026-01-02", "due": "2026-02-01", "items": [{"price": 2}], "currency": None}
    [checked] = check_rules(reply, [Rule("logic", of, logic=logic, message="Look at it.")])
    assert checked.verdict == verdict
    if verdict == "broken":
        assert checked.error is not None and checked.error.message == "Look at it."


def test_an_expression_without_end_does_not_apply() -> None:
    cubic = {"map": [{"var": "x"}, {"map": [{"val": [[2], "x"]}, {"map": [{"val": [[4], "x"]}, 1]}]}]}
    [checked] = check_rules({"x": list(range(300))}, [Rule("logic", (), logic=cubic)])
    assert checked.verdict == "does not apply" and checked.why


def test_what_breaks_a_rule_is_worth_less() -> None:
    row = {"quantity": Leaf(2, score=0.95), "price": Leaf(3.0, score=0.95), "amount": Leaf(6.0, score=0.95)}
    tree = {"items": [row, {**row, "amount": Leaf(7.0, score=0.95)}], "total": Leaf(13.0, score=0.95)}
    lowered = questioned(tree, check_rules(plain(tree), [HOLD[2], Rule("sum", ("items[].amount",), "total")]))
    assert lowered["items"][0] == row and lowered["total"] == tree["total"]
    assert {leaf.score for leaf in lowered["items"][1].values()} == {QUESTIONED}
    broken = {**tree, "total": Leaf(14.0, score=0.3)}
    lowered = questioned(broken, check_rules(plain(broken), [Rule("sum", ("items[].amount",), "total")]))
    assert [r["amount"].score for r in lowered["items"]] == [QUESTIONED] * 2
    assert lowered["items"][0]["price"] == row["price"] and lowered["total"].score == 0.3
