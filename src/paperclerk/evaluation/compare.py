"""When a value is right, and when its box is. Called by `evaluation.score`."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from dateutil import parser as dateparser
from rapidfuzz import fuzz

Box = Sequence[float]  # [page (1-based), x, y, w, h], page fractions, origin top left

ALIKE = 90  # rapidfuzz ratio, 0..100


def alnum(value: Any) -> str:
    """Letters and digits, lower case, without accents."""
    text = unicodedata.normalize("NFKD", str(value))
    return re.sub(r"[^0-9a-z]", "", "".join(c for c in text if not unicodedata.combining(c)).lower())


def equal(kind: str, truth: Any, predicted: Any) -> bool:
    """money/number: within 0.005. date: same day. id: same letters and digits. Else: at least 90 % alike."""
    if isinstance(truth, bool) or isinstance(predicted, bool):
        return truth is predicted
    if kind in ("money", "number"):
        a, b = _number(truth), _number(predicted)
        return a is not None and b is not None and abs(a - b) <= 0.005
    if kind.startswith("date"):
        if alnum(truth) == alnum(predicted):
            return True
        day, other = _day(truth, kind), _day(predicted, kind)
        return day is not None and day == other
    left, right = alnum(truth), alnum(predicted)
    if kind == "id":
        return left == right
    return left == right or (len(left) > 3 and fuzz.ratio(left, right) >= ALIKE)


def box_hit(wanted: Sequence[Box], box: Box) -> bool:
    """Overlaps a true place with IoU >= 0.5, or its centre lies in one and it is not four times larger."""
    return any(_hits(true, box) for true in wanted if true[0] == box[0])


def union(boxes: Sequence[Box]) -> Box:
    """The box around boxes of one page."""
    x0, y0 = min(b[1] for b in boxes), min(b[2] for b in boxes)
    x1, y1 = max(b[1] + b[3] for b in boxes), max(b[2] + b[4] for b in boxes)
    return [boxes[0][0], x0, y0, x1 - x0, y1 - y0]


def _hits(true: Box, box: Box) -> bool:
    _, tx, ty, tw, th = true
    _, x, y, w, h = box
    joint = max(0.0, min(tx + tw, x + w) - max(tx, x)) * max(0.0, min(ty + th, y + h) - max(ty, y))
    total = tw * th + w * h - joint
    if joint > 0 and joint / total >= 0.5:
        return True
    cx, cy = x + w / 2, y + h / 2
    inside = tx - 0.005 <= cx <= tx + tw + 0.005 and ty - 0.005 <= cy <= ty + th + 0.005
    return inside and w * h <= 4 * tw * th + 1e-4


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    found = re.search(r"-?\d[\d,]*\.?\d*", str(value).replace(" ", ""))
    return float(found.group(0).replace(",", "")) if found else None


def _day(value: Any, kind: str) -> datetime.date | None:
    text = str(value).strip()
    try:
        if re.match(r"\d{4}-\d\d-\d\d", text):
            return datetime.date.fromisoformat(text[:10])
        if re.fullmatch(r"[\d./\s]+", text):
            text = re.sub(r"[.\s]+", "/", text)
        parsed: datetime.datetime = dateparser.parse(text, dayfirst=kind != "date-mdy", fuzzy=True)
        return parsed.date()
    except (ValueError, OverflowError, TypeError):
        return None
