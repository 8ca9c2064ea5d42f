"""Figures of predictions against labelled cases, one row a source. Called by `paperclerk eval`.

`accuracy` right leaves of all leaves in the truth; `precision` of all values given; `f1` of the two; `exact`
letters and digits equal; `verified` accuracy on fields whose label a second source confirmed; `null_kept`
share of null truths that stayed null; `schema_valid` replies in which nothing that is present breaks the
schema (`required` aside); `grounded` value and box right, of leaves that have boxes; `box_given_right` the
same, of leaves that have boxes and were answered right; `unplaced` values without a box; `hi_share` and
`hi_precision`: how often the reply says `hi`, and is right then.
"""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from rapidfuzz import fuzz

from paperclerk.evaluation.compare import Box, alnum, box_hit, equal, union

COLUMNS = (
    "cases", "failed", "leaves", "accuracy", "precision", "f1", "exact", "verified", "null_kept", "schema_valid",
    "grounded", "box_given_right", "unplaced", "hi_share", "hi_precision", "seconds_per_page",
)  # fmt: skip

NAMED = ("properties", "$defs", "definitions", "patternProperties")
LITERAL = ("enum", "const", "default", "examples")


@dataclass(frozen=True)
class Scored:
    """One leaf of the truth, or (`surplus`) one value of a predicted array row that the truth does not have.

    `truth` is what is right, `value` what was given.
    """

    path: str
    ok: bool
    exact: bool
    given: bool
    meta: Mapping[str, Any] | None
    empty: bool = False
    surplus: bool = False
    truth: Any = None
    value: Any = None


def leaves_of(truth: Any, predicted: Any, match: Mapping[str, Any]) -> Iterator[Scored]:
    """Every leaf of the truth and every surplus value of a prediction, judged."""
    yield from _leaves(truth, predicted, None, "", "", match)


def score(
    cases: Sequence[Mapping[str, Any]], predictions: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The row of each source, by name. A case without a prediction, or with an error, counts as all wrong."""
    tallies: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for case in cases:
        _count_case(tallies[case.get("source", "all")], case, predictions.get(case["id"], {}))
    return {source: _row(t) for source, t in sorted(tallies.items())}


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The rows as tab-separated lines under a header."""
    lines = ["\t".join(("source", *COLUMNS))]
    for source, row in rows.items():
        lines.append("\t".join((source, *("" if row[c] is None else str(row[c]) for c in COLUMNS))))
    return "\n".join(lines)


def _count_case(t: collections.Counter[str], case: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
    predicted = reply.get("response") if not reply.get("error") else None
    t["cases"] += 1
    t["failed"] += predicted is None
    t["pages"] += case.get("pages", 1)
    t["ms"] += round(1000 * reply.get("seconds", 0))
    t["valid"] += predicted is not None and _validates(predicted, case["schema"])
    every, first = case.get("truth_boxes_alt") or {}, case.get("truth_boxes") or {}
    for leaf in leaves_of(case["truth"], predicted, case.get("match", {})):
        level = (leaf.meta or {}).get("confidence")
        boxes = _boxes(leaf.meta)
        t["given"] += leaf.given
        t["unplaced"] += leaf.given and not boxes
        t["hi"] += level == "hi"
        t["hi_ok"] += level == "hi" and leaf.ok
        if leaf.surplus:
            continue
        if leaf.empty:
            t["empty"] += 1
            t["empty_ok"] += leaf.ok and predicted is not None
            continue
        t["leaves"] += 1
        t["ok"] += leaf.ok
        t["exact"] += leaf.exact
        if "verified" not in case or leaf.path.split("[")[0].split(".")[0] in case["verified"]:
            t["verified"] += 1
            t["verified_ok"] += leaf.ok
        wanted = every.get(leaf.path) or ([first[leaf.path]] if leaf.path in first else [])
        if wanted:
            t["boxed"] += 1
            t["boxed_ok"] += leaf.ok
            t["box_and_value"] += leaf.ok and _hit(wanted, boxes)


def _leaves(
    truth: Any, pred: Any, meta: Any, path: str, shape: str, kinds: Mapping[str, Any]
) -> Iterator[Scored]:
    if isinstance(truth, dict):
        row = pred if isinstance(pred, dict) else {}
        for key, value in truth.items():
            yield from _leaves(
                value, row.get(key), row.get(f"{key}_metadata"),
                f"{path}.{key}" if path else key, f"{shape}.{key}" if shape else key, kinds,
            )  # fmt: skip
    elif isinstance(truth, list):
        yield from _array(truth, pred, meta, path, shape, kinds)
    else:
        yield _leaf(truth, pred, meta, path, _kind(kinds.get(shape), truth))


def _array(
    truth: Sequence[Any], pred: Any, meta: Any, path: str, shape: str, kinds: Mapping[str, Any]
) -> Iterator[Scored]:
    """Rows are paired by likeness, in the truth's order; every row left over counts against precision."""
    rows = pred if isinstance(pred, list) else []
    notes = meta if isinstance(meta, list) else []
    texts = [alnum(json.dumps(_without_metadata(r), ensure_ascii=False)) for r in rows]
    free = set(range(len(rows)))
    for i, value in enumerate(truth):
        want = alnum(json.dumps(value, ensure_ascii=False))
        best = max(free, key=lambda j: fuzz.ratio(want, texts[j]) - 0.5 * abs(i - j), default=None)
        row = note = None
        if best is not None:
            free.discard(best)
            row, note = rows[best], notes[best] if best < len(notes) else None
        yield from _leaves(value, row, note, f"{path}[{i}]", f"{shape}[]", kinds)
    for j in sorted(free):
        for note in _given(rows[j], notes[j] if j < len(notes) else None):
            yield Scored(f"{path}[extra]", ok=False, exact=False, given=True, meta=_note(note), surplus=True)


def _leaf(truth: Any, pred: Any, meta: Any, path: str, kind: str) -> Scored:
    empty, given = truth in (None, ""), pred not in (None, "")
    return Scored(
        path,
        ok=not given if empty else given and equal(kind, truth, pred),
        exact=given and alnum(truth) == alnum(pred),
        given=given,
        meta=_note(meta),
        empty=empty,
        truth=truth,
        value=pred,
    )


def _kind(declared: Any, truth: Any) -> str:
    if isinstance(declared, str):
        return declared
    return "number" if isinstance(truth, int | float) and not isinstance(truth, bool) else "text"


def _given(value: Any, meta: Any) -> Iterator[Any]:
    """The metadata of every value in a predicted row."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not key.endswith("_metadata"):
                yield from _given(inner, value.get(f"{key}_metadata"))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _given(inner, meta[i] if isinstance(meta, list) and i < len(meta) else None)
    elif value not in (None, ""):
        yield meta


def _note(meta: Any) -> Mapping[str, Any] | None:
    return meta if isinstance(meta, dict) else None


def _boxes(meta: Mapping[str, Any] | None) -> list[Box]:
    found: list[Box] = []
    for item in (meta or {}).get("bboxes") or []:
        xywh = (item.get("bbox") or item).get("xywh")
        if xywh:
            found.append([item.get("page", 0) + 1, *xywh])
    return found


def _hit(wanted: Sequence[Box], boxes: Sequence[Box]) -> bool:
    by_page: dict[float, list[Box]] = collections.defaultdict(list)
    for box in boxes:
        by_page[box[0]].append(box)
    return any(box_hit(wanted, b) for b in boxes) or any(box_hit(wanted, union(g)) for g in by_page.values())


def _without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_metadata(v) for k, v in value.items() if not k.endswith("_metadata")}
    if isinstance(value, list):
        return [_without_metadata(v) for v in value]
    return value


def _without_nulls(value: Any) -> Any:
    value = _without_metadata(value)
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value


def _validates(predicted: Any, schema: Any) -> bool:
    """Whether what is present fits the schema; formats are annotations here, as JSON Schema 2020-12 has them."""
    judge = jsonschema_rs.Draft202012Validator(_relaxed(schema), offline=True, validate_formats=False)
    return judge.is_valid(_without_nulls(predicted))


def _relaxed(schema: Any) -> Any:
    """The schema without `required` lists; property names are kept apart from keywords."""
    if isinstance(schema, list):
        return [_relaxed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "required" and isinstance(value, list):
            continue
        if key in NAMED and isinstance(value, dict):
            out[key] = {name: _relaxed(sub) for name, sub in value.items()}
        else:
            out[key] = value if key in LITERAL else _relaxed(value)
    return out


def _row(t: collections.Counter[str]) -> dict[str, Any]:
    def share(part: str, whole: str) -> float | None:
        return round(t[part] / t[whole], 4) if t[whole] else None

    recall = t["ok"] / t["leaves"] if t["leaves"] else 0.0
    precision = t["ok"] / t["given"] if t["given"] else 0.0
    return {
        "cases": t["cases"],
        "failed": t["failed"],
        "leaves": t["leaves"],
        "accuracy": round(recall, 4),
        "precision": round(precision, 4),
        "f1": round(2 * recall * precision / (recall + precision), 4) if recall + precision else 0.0,
        "exact": share("exact", "leaves"),
        "verified": share("verified_ok", "verified"),
        "null_kept": share("empty_ok", "empty"),
        "schema_valid": share("valid", "cases"),
        "grounded": share("box_and_value", "boxed"),
        "box_given_right": share("box_and_value", "boxed_ok"),
        "unplaced": share("unplaced", "given"),
        "hi_share": share("hi", "given"),
        "hi_precision": share("hi_ok", "hi"),
        "seconds_per_page": round(t["ms"] / 1000 / t["pages"], 3) if t["pages"] else None,
    }
