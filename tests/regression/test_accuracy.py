"""Accuracy on generated documents may not drop. `docs/accuracy.md` has what it is on real ones.

The floors lie a little under what was measured when they were set; raise them when the engine gets better.
"""

from __future__ import annotations

import io
import random

import numpy as np
import pypdfium2 as pdfium
import pytest
from everyday import everyday
from kinds import made
from PIL import Image, ImageFilter

import paperclerk
from paperclerk.evaluation.score import score

SEED = 2
FLOORS = {
    "invoices-en": 0.98, "invoices-de": 0.98, "invoices-fr": 0.98, "invoices-es": 0.98, "invoices-it": 0.98,
    "invoices-nl": 0.98, "invoices-pt": 0.92, "payslips": 0.94, "statements": 0.92, "forms": 0.92,
    "utility-bills": 0.8,
}  # fmt: skip
HI_SHARES = {"forms": 0.5}  # others: .7; names of persons are seldom called sure
EVERYDAY_FLOOR = 0.925
SCANNED = ("invoice-de-0", "invoice-en-1", "payslips-0", "statements-0", "forms-0")
SCANNED_FLOOR = 0.85


def scored(documents):
    cases, predictions = [], {}
    for case, content in documents:
        result = paperclerk.execute(content, schema=case["schema"], agent=case.get("agent"))
        cases.append(case)
        predictions[case["id"]] = {"id": case["id"], "response": result.json()}
    return score(cases, predictions)


@pytest.fixture(scope="module")
def digital():
    return scored(made(SEED))


@pytest.mark.parametrize("source", FLOORS)
def test_digital_documents(digital, source):
    figures = digital[source]
    assert figures["accuracy"] >= FLOORS[source]
    assert figures["schema_valid"] == 1.0
    assert figures["unplaced"] == 0.0
    assert figures["box_given_right"] >= 0.95
    assert figures["null_kept"] in (None, 1.0)
    assert figures["hi_precision"] >= 0.97
    assert figures["hi_share"] >= HI_SHARES.get(source, 0.7)


@pytest.mark.timeout(300)
def test_everyday_documents():
    every = [({**case, "source": "everyday"}, content) for case, content in everyday()]
    figures = scored(every)["everyday"]
    assert figures["accuracy"] >= EVERYDAY_FLOOR
    assert figures["schema_valid"] == 1.0
    assert figures["unplaced"] == 0.0
    assert figures["box_given_right"] >= 0.98
    assert figures["null_kept"] >= 0.97
    assert figures["hi_precision"] >= 0.97
    assert figures["hi_share"] >= 0.68  # a paper, minutes and a data sheet are texts, which are seldom `hi`


@pytest.mark.timeout(300)
def test_scans_of_them():
    documents = [
        ({**case, "source": "scans"}, scan(pdf)) for case, pdf in made(SEED) if case["id"] in SCANNED
    ]
    figures = scored(documents)["scans"]
    assert figures["cases"] == len(SCANNED)
    assert figures["accuracy"] >= SCANNED_FLOOR
    assert figures["unplaced"] == 0.0
    assert figures["box_given_right"] >= 0.95


def scan(pdf: bytes) -> bytes:
    """A grey, soft, slightly tilted picture of the first page at 150 dpi."""
    document = pdfium.PdfDocument(pdf)
    page = document[0].render(scale=150 / 72).to_pil().convert("L")
    document.close()
    tilt = random.Random(len(pdf)).uniform(-0.5, 0.5)
    soft = page.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.5))
    pixels = (
        np.asarray(soft, dtype=np.float32) * 0.9 + 15 + np.random.default_rng(3).normal(0, 4, soft.size[::-1])
    )
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
