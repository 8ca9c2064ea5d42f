"""The figures of the evaluation: on cases made here, and the same as the reference scorer's where that is at hand."""

import copy
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from paperclerk.domain.errors import InvalidRequest
from paperclerk.evaluation.cases import load_cases
from paperclerk.evaluation.compare import box_hit, equal
from paperclerk.evaluation.score import COLUMNS, score, table

SCHEMA = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "total": {"type": "number"},
        "note": {"type": ["string", "null"]},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"what": {"type": "string"}, "price": {"type": "number"}},
            },
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["number", "total"],
}
CASE = {
    "id": "a",
    "source": "made",
    "file": "a.pdf",
    "pages": 2,
    "schema": SCHEMA,
    "truth": {
        "number": "A-17",
        "total": 12.5,
        "note": None,
        "items": [{"what": "green tea", "price": 4.5}, {"what": "oat biscuits", "price": 8.0}],
        "tags": ["paid", "cash"],
    },
    "match": {"number": "id", "total": "money", "items[].what": "name", "items[].price": "money"},
    "truth_boxes": {"number": [1, 0.1, 0.1, 0.2, 0.02]},
    "truth_boxes_alt": {"total": [[1, 0.5, 0.5, 0.1, 0.02], [2, 0.5, 0.5, 0.1, 0.02]]},
}


def note(level="hi", *boxes):
    shaped = [{"content": "x", "bbox": {"xywh": b[1:]}, "page": b[0], "confidence": 1.0} for b in boxes]
    return {"confidence": level, "bboxes": shaped}


RIGHT = {
    "number": "a17",
    "total": 12.5,
    "note": None,
    "items": [
        {"what": "Green Tea", "price": 4.5, "what_metadata": note(), "price_metadata": note()},
        {"what": "oat biscuit", "price": 8.0, "what_metadata": note("lo"), "price_metadata": note()},
    ],
    "tags": ["paid", "cash"],
    "tags_metadata": [note(), note("med")],
    "number_metadata": note("hi", [0, 0.1, 0.1, 0.2, 0.02]),
    "total_metadata": note("hi", [1, 0.5, 0.5, 0.1, 0.02]),
    "note_metadata": None,
}


def row(response, **more):
    return score([CASE], {"a": {"id": "a", "response": response, "seconds": 3.0, **more}})["made"]


def test_a_right_reply_scores_one():
    figures = row(RIGHT)
    assert figures["accuracy"] == figures["precision"] == figures["f1"] == 1.0
    assert figures["leaves"] == 8
    assert figures["null_kept"] == figures["schema_valid"] == 1.0
    assert figures["grounded"] == figures["box_given_right"] == 1.0
    assert figures["unplaced"] == 0.75  # six of eight values have no box
    assert figures["exact"] == round(7 / 8, 4)
    assert (figures["hi_share"], figures["hi_precision"]) == (0.75, 1.0)
    assert figures["seconds_per_page"] == 1.5


def test_wrong_invented_and_surplus_values_cost():
    reply = copy.deepcopy(RIGHT)
    reply["total"], reply["note"] = 13, "invented"
    reply["items"].append({"what": "surplus", "price": 1, "price_metadata": note()})
    figures = row(reply)
    assert figures["accuracy"] == round(7 / 8, 4)
    assert figures["precision"] == round(7 / 11, 4)
    assert figures["null_kept"] == 0.0
    assert figures["grounded"] == 0.5
    assert figures["box_given_right"] == 1.0


def test_an_error_or_a_missing_prediction_is_all_wrong():
    for figures in (row(RIGHT, error="x"), score([CASE], {})["made"]):
        assert (figures["failed"], figures["accuracy"], figures["schema_valid"], figures["null_kept"]) == (
            1,
            0,
            0,
            0,
        )


def test_required_values_may_be_null_but_types_must_fit():
    assert row({**RIGHT, "total": None})["schema_valid"] == 1.0
    assert row({**RIGHT, "total": "12.5"})["schema_valid"] == 0.0


@pytest.mark.parametrize(
    ("kind", "truth", "given", "same"),
    [
        ("money", 1234.5, "1,234.50 EUR", True),
        ("money", 1234.5, 1234.51, False),
        ("date", "2026-04-03", "03.04.2026", True),
        ("date-mdy", "2026-04-03", "04/03/2026", True),
        ("date", "2026-04-03", "03 05 2026", False),
        ("id", "INV 1/2", "inv-12", True),
        ("id", "INV12", "INV13", False),
        ("name", "Müller & Söhne GmbH", "Muller Sohne GmbH", True),
        ("name", "abc", "abd", False),
        ("text", True, "true", False),
    ],
)
def test_when_values_are_equal(kind, truth, given, same):
    assert equal(kind, truth, given) is same


def test_when_a_box_is_right():
    true = [1, 0.4, 0.4, 0.2, 0.02]
    assert box_hit([true], [1, 0.4, 0.4, 0.12, 0.02])
    assert box_hit([true], [1, 0.39, 0.395, 0.3, 0.03])
    assert not box_hit([true], [2, 0.4, 0.4, 0.2, 0.02])
    assert not box_hit([true], [1, 0.1, 0.3, 0.8, 0.2])
    assert not box_hit([true], [1, 0.4, 0.44, 0.2, 0.02])


REFERENCE = Path(__file__).resolve().parents[3] / "shared/eval/score.py"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference scorer is not beside this checkout")
def test_the_table_is_the_reference_scorers(tmp_path):
    """Two hundred replies with random damage: every figure of every row agrees."""
    rng = random.Random(5)
    cases, predictions = [], []
    for i in range(200):
        case = {**copy.deepcopy(CASE), "id": str(i), "source": f"s{i % 7}"}
        if i % 3 == 0:
            case["verified"] = ["number", "items"]
        cases.append(case)
        predictions.append(
            {"id": str(i), "response": damaged(copy.deepcopy(RIGHT), rng), "seconds": rng.random()}
        )
    predictions[11]["error"] = "went wrong"
    for name, lines in (("cases", cases), ("predictions", predictions[:-1])):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = [sys.executable, REFERENCE, tmp_path / "cases", tmp_path / "predictions"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert table(score(cases, {p["id"]: p for p in predictions[:-1]})) == printed.rstrip("\n")
    assert len(printed.splitlines()) == 8
    assert printed.splitlines()[0].split("\t")[1:] == list(COLUMNS)


def damaged(reply, rng):
    for _ in range(rng.randrange(4)):
        match rng.randrange(7):
            case 0:
                reply["total"] = rng.choice([None, 12.504, "12.50", 99])
            case 1:
                reply["items"] = reply["items"][: rng.randrange(3)]
            case 2:
                reply["items"] = [
                    *reply["items"],
                    {"what": "extra", "price": 3, "price_metadata": note("hi")},
                ]
            case 3:
                reply["number_metadata"] = rng.choice([None, note("lo", [0, 0.1, 0.1, 0.9, 0.5])])
            case 4:
                reply["note"] = "something"
            case 5:
                reply["tags"] = [*reply["tags"][::-1], "more"]
            case 6:
                reply["items"] = rng.sample(reply["items"], len(reply["items"]))
    return reply


def test_a_file_without_cases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text("\n\n", "utf-8")
    with pytest.raises(InvalidRequest, match=r"holds no case.*id, file, schema, truth"):
        load_cases(tmp_path / "cases.jsonl")
