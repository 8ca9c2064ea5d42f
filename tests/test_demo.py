"""`make demo ARGS=--once`, as a user runs it: the values are right, and the boxes lie over the right words."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def demo() -> str:
    command = [sys.executable, "scripts/demo.py", "--once"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=110).stdout


@pytest.mark.parametrize("sample", ["invoice", "receipt"])
def test_values_and_boxes_of_the_samples(demo, sample):
    """The truth was written down by the program that printed the sample, from where it put each string."""
    truth = json.loads((ROOT / f"samples/{sample}.truth.json").read_text())
    prediction = json.loads((ROOT / f"demo-output/{sample}.json").read_text())
    assert prediction["status"] == "completed"
    assert len(truth) >= 10
    for path, expected in truth.items():
        row, field = at(prediction["response"], path)
        assert row[field] == expected["value"], path
        boxes = [b["bbox"]["xywh"] for b in row[f"{field}_metadata"]["bboxes"]]
        assert share_inside(boxes, expected["xywh"]) > 0.6, (path, boxes, expected["xywh"])


@pytest.mark.parametrize("sample", ["invoice", "receipt"])
def test_the_drawing_shows_boxes_where_they_belong(demo, sample):
    """The picture itself differs from the bare page around each value, and nowhere else."""
    import numpy as np
    from PIL import Image

    truth = json.loads((ROOT / f"samples/{sample}.truth.json").read_text())
    drawn = Image.open(ROOT / f"demo-output/{sample}-boxes.png").convert("RGB")
    pixels = np.asarray(drawn).astype(int)
    coloured = (pixels.max(axis=2) - pixels.min(axis=2)) > 40
    for path, expected in truth.items():
        x, y, w, h = expected["xywh"]
        pad = 6
        left, right = int(x * drawn.width) - pad, int((x + w) * drawn.width) + pad
        top, bottom = int(y * drawn.height) - pad, int((y + h) * drawn.height) + pad
        assert coloured[top:bottom, left:right].sum() > 20, path
    assert coloured.mean() < 0.35


def test_it_prints_the_json_and_where_the_picture_is(demo):
    assert '"status"' not in demo.split("===")[0]
    assert re.search(r"document\.invoice over invoice\.pdf: completed", demo)
    assert re.search(r"document\.receipt over receipt\.png: completed", demo)
    assert "demo-output/invoice-boxes.png" in demo


def at(response, path):
    """The object that holds a field, and the field's name."""
    *way, field = [int(p) if p.isdecimal() else p for p in re.split(r"[.\[\]]+", path) if p]
    for step in way:
        response = response[step]
    return response, field


def share_inside(boxes, wanted):
    """How much of the wanted box the given ones cover, and of the given one the wanted: the smaller share."""
    x, y, w, h = wanted
    joint = sum(
        max(0, min(x + w, bx + bw) - max(x, bx)) * max(0, min(y + h, by + bh) - max(y, by))
        for bx, by, bw, bh in boxes
    )
    given = sum(bw * bh for _, _, bw, bh in boxes)
    return min(joint / (w * h), joint / given) if given else 0.0
