"""Bundles: split right, sorted, and read by the agent of each kind."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2 as pdfium
import pytest
from tests.agents.bundles import Bundle, Source, bundle_of, drawn, generated, labelled

import paperclerk
from paperclerk.documents.reader import ReadOptions
from paperclerk.domain.agent import Redaction
from paperclerk.domain.document import Document, PageStatus
from paperclerk.domain.errors import InvalidRequest
from paperclerk.extraction.packets.boundaries import split
from paperclerk.extraction.redacting import cover
from paperclerk.library import default_reader

SEED = 21
SETS = Path(os.environ.get("LABELLED_SETS", Path(__file__).resolve().parents[3] / "shared/eval"))
SOURCES = {source.name: source for source in generated(SEED)}
THREE = ("long-invoices-1", "receipts-0", "contracts-2")

PACKET = """
name: office/packet
steps:
  - split
  - classify: {invoice: , receipt: , contract: [supply agreement]}
  - route: {invoice: bill.yaml, receipt: document.receipt}
  - extract
  - verify
"""
BILL = """
name: office/bill
schema: {type: object, properties: {invoice_number: {type: string}, total: {type: number}}}
validators:
  - {rule: iban, of: invoice_number, severity: SEVERITY}
"""


def read(content: bytes) -> Document:
    with default_reader().open(content, ReadOptions()) as reading:
        return Document(reading.info, tuple(reading))


def found(bundle: Bundle) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(p.index for p in part.pages) for part in split(read(bundle.content).pages))


def right(sources: list[Source], count: int) -> int:
    rng = random.Random(SEED)
    bundles = [drawn(sources, rng, alike=number % 3 == 0) for number in range(count)]
    return sum(found(bundle) == bundle.pages for bundle in bundles)


def test_bundles_of_documents_made_here_are_split_right() -> None:
    assert right(list(SOURCES.values()), 10) >= 9


@pytest.mark.timeout(300)
@pytest.mark.skipif(not SETS.is_dir(), reason="the labelled sets are not beside the project")
def test_bundles_of_labelled_documents_are_split_right() -> None:
    digital = labelled(SETS, ("zugferd", "invoice2data"), scans=False)
    assert right(digital, 10) >= 9


def test_no_page_is_lost_and_a_blank_one_goes_with_the_one_before() -> None:
    bundle = bundle_of([SOURCES[name] for name in THREE])
    document = pdfium.PdfDocument(bundle.content)
    last = bundle.pages[0][-1]
    document.new_page(595, 842, last + 1)
    pages = list(_read(document).pages)
    pages[-1] = msgspec.structs.replace(pages[-1], words=(), lines=(), status=PageStatus.FAILED)
    parts = [[p.index for p in part.pages] for part in split(pages)]
    assert [index for part in parts for index in part] == list(range(len(pages)))
    assert parts[0] == [*bundle.pages[0], last + 1] and parts[-1][-1] == len(pages) - 1
    assert split([]) == ()


def _read(document: Any) -> Document:
    import io

    out = io.BytesIO()
    document.save(out)
    return read(out.getvalue())


@pytest.fixture
def agent(tmp_path: Path) -> str:
    (tmp_path / "packet.yaml").write_text(PACKET, "utf-8")
    (tmp_path / "bill.yaml").write_text(BILL.replace("SEVERITY", "warn"), "utf-8")
    return str(tmp_path / "packet.yaml")


def test_each_document_is_read_by_the_agent_of_its_kind(agent: str) -> None:
    bundle = bundle_of([SOURCES[name] for name in THREE])
    result = paperclerk.execute(bundle.content, agent=agent)
    bill, slip, deed = result.response["documents"]
    assert [d["kind"] for d in (bill, slip, deed)] == ["invoice", "receipt", "contract"]
    assert [tuple(d["page_indices"]) for d in (bill, slip, deed)] == list(bundle.pages)
    assert (bill["agent"], slip["agent"], deed["agent"]) == ("office/bill", "document.receipt", None)
    assert bill["response"]["invoice_number"] and bill["status"] == "completed"
    assert bill["errors"][0]["code"] == "validation_warning"
    assert (deed["status"], deed["response"]) == ("skipped", None)
    assert result.errors[0].path == "documents[0].invoice_number"
    leaf = dict(result.leaves())["documents[0].response.invoice_number"]
    assert leaf.spans[0].page == bundle.pages[0][0]
    note = result.json()["documents"][0]["kind_metadata"]
    assert note["inferred"] and note["bboxes"][0]["content"].casefold() == "invoice"


def test_a_document_that_fails_leaves_the_others_alone(agent: str) -> None:
    Path(agent).with_name("bill.yaml").write_text(BILL.replace("SEVERITY", "fail"), "utf-8")
    bundle = bundle_of([SOURCES[name] for name in THREE])
    bill, slip, _ = paperclerk.execute(bundle.content, agent=agent).response["documents"]
    assert (bill["status"], bill["response"], bill["errors"][0]["code"]) == (
        "failed",
        None,
        "validation_failed",
    )
    assert "No valid iban" in bill["message"] and slip["status"] == "completed"


def test_pages_that_were_not_asked_for_belong_to_no_document(agent: str) -> None:
    bundle = bundle_of([SOURCES[name] for name in THREE])
    wanted = bundle.pages[1]
    documents = paperclerk.execute(bundle.content, agent=agent, config={"page_indices": wanted}).response[
        "documents"
    ]
    assert [tuple(d["page_indices"]) for d in documents] == [wanted]


def test_an_agent_may_split_and_read_every_document_alike(tmp_path: Path) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(BILL.replace("SEVERITY", "warn") + "steps: [split, extract, verify]\n", "utf-8")
    bundle = bundle_of([SOURCES[name] for name in ("long-invoices-1", "long-invoices-2")])
    documents = paperclerk.execute(bundle.content, agent=str(path)).response["documents"]
    assert [tuple(d["page_indices"]) for d in documents] == list(bundle.pages)
    assert all(d["kind"] is None and d["response"]["invoice_number"] for d in documents)


def test_a_schema_of_ones_own_does_not_go_with_routes(agent: str) -> None:
    with pytest.raises(InvalidRequest, match="leave out json_schema"):
        paperclerk.execute(b"", agent=agent, config={"json_schema": {"type": "object"}})


def test_a_bundle_is_redacted_by_the_fields_of_its_agents(agent: str) -> None:
    path = Path(agent)
    path.write_text(PACKET + "  - redact: {fields: [invoice_number]}\n", "utf-8")
    bundle = bundle_of([SOURCES[name] for name in THREE])
    result = paperclerk.execute(bundle.content, agent=agent)
    covering = cover(result, Redaction(("invoice_number",)))
    bill, slip, deed = (covering.covers[pages[0]] for pages in bundle.pages)
    assert bill.boxes and not bill.whole and not slip.whole, "its number is covered, and no more than places"
    assert deed.whole, "no agent has looked for anything in it"
    assert all(covering.covers[page].whole for page in bundle.pages[2])


@pytest.mark.parametrize(
    ("step", "to", "why"),
    [
        ("fields: [invoice_numbr]", "bill.yaml", "no field"),
        ("kinds: [email]", "document.redaction", "which redacts"),
    ],
)
def test_a_bundle_that_would_miss_something_is_refused(agent: str, step: str, to: str, why: str) -> None:
    path = Path(agent)
    path.write_text(PACKET.replace("bill.yaml", to) + f"  - redact: {{{step}}}\n", "utf-8")
    with pytest.raises(InvalidRequest, match=why):
        paperclerk.execute(b"", agent=agent)
