"""Bundles of documents with the page ranges that are right: of documents made here, or of the labelled sets.

Run as a script it has an agent read bundles, end to end, and counts how often their page ranges and kinds are right:

    python tests/agents/bundles.py --count 30 --seed 7                       # documents made here
    python tests/agents/bundles.py --count 30 --seed 7 --sets FOLDER         # the labelled sets in FOLDER
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image

from paperclerk.agents.builtin import lookup
from paperclerk.agents.definition import agent_of, from_json
from paperclerk.domain.agent import Agent, ExecutionConfig

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "regression")]
MOST_PAGES = 3
KINDS = {"sroie": "receipt", "sroie-items": "receipt", "zugferd": "invoice", "invoice2data": "invoice",
         "fara": "form", "adbuy": None, "icdar2013-tables": "report"}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A document for bundles: PDF or image, its pages, and what kind it is (None: not said)."""

    name: str
    group: str
    content: bytes
    pages: int
    kind: str | None


@dataclass(frozen=True)
class Bundle:
    """One PDF, the page indices of each document in it, and their kinds."""

    content: bytes
    pages: tuple[tuple[int, ...], ...]
    sources: tuple[Source, ...]


def bundle_of(sources: Sequence[Source]) -> Bundle:
    target = pdfium.PdfDocument.new()
    ranges = []
    for source in sources:
        first = len(target)
        document = pdfium.PdfDocument(
            source.content if source.content[:4] == b"%PDF" else _paged(source.content)
        )
        target.import_pages(document)
        document.close()
        ranges.append(tuple(range(first, len(target))))
    out = io.BytesIO()
    target.save(out)
    target.close()
    return Bundle(out.getvalue(), tuple(ranges), tuple(sources))


def drawn(sources: Sequence[Source], rng: random.Random, *, alike: bool) -> Bundle:
    """A bundle of 5 to 10 documents; `alike`: all of one group, in a row."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.group, []).append(source)
    if alike:
        of_one = rng.choice([group for group in sorted(groups) if len(groups[group]) >= 5])
        return bundle_of(rng.sample(groups[of_one], min(rng.randint(5, 10), len(groups[of_one]))))
    chosen: dict[str, Source] = {}
    count = rng.randint(5, 10)
    while len(chosen) < count:
        source = rng.choice(groups[rng.choice(sorted(groups))])
        chosen[source.name] = source
    return bundle_of(list(chosen.values()))


def labelled(folder: Path, groups: Sequence[str], *, scans: bool = True) -> list[Source]:
    """The documents of the labelled sets that have up to three pages; without `scans` those with a text layer."""
    found = []
    for group in groups:
        for path in sorted([*(folder / group).glob("pdf/*.pdf"), *(folder / group).glob("img/*.jpg")]):
            content = path.read_bytes()
            pages, is_scan = 1, True
            if path.suffix == ".pdf":
                document = pdfium.PdfDocument(content)
                pages = len(document)
                is_scan = any(page.get_textpage().count_chars() < 200 for page in document)
                document.close()
            if pages <= MOST_PAGES and (scans or not is_scan):
                found.append(Source(f"{group}/{path.stem}", group, content, pages, KINDS[group]))
    return found


def generated(seed: int) -> list[Source]:
    """The documents of `regression/kinds.py`, and longer ones of `papers.py`."""
    from kinds import made
    from papers import long_ones

    found = []
    for case, content in made(seed):
        kind = {"invoices": "invoice", "payslips": "payslip", "statements": "statement", "forms": "form",
                "utility": "utility bill"}[case["source"].split("-")[0]]  # fmt: skip
        found.append(Source(case["id"], case["source"].split("-")[0], content, case["pages"], kind))
    return found + [
        Source(name, group, content, pages, kind) for name, group, content, pages, kind in long_ones(seed)
    ]


def _paged(image: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(image)).convert("RGB").save(out, "PDF", resolution=150)
    return out.getvalue()


def packet_agent() -> Agent:
    """Splits, says the kinds, and reads invoices and receipts."""
    steps = [
        "split",
        {
            "classify": [
                "invoice",
                "receipt",
                "order",
                "contract",
                "form",
                "report",
                "statement",
                "payslip",
                "utility bill",
            ]
        },
        {"route": {"invoice": "document.invoice", "receipt": "document.receipt"}},
        "extract",
    ]
    agent = agent_of(from_json({"name": "packet", "steps": steps}), "1")
    return replace(agent, routed={kind: lookup(name) for kind, name in agent.routes.items()})


@dataclass
class Tally:
    """What came of the bundles so far."""

    bundles: int = 0
    right: int = 0
    places: int = 0
    wrong: int = 0
    kinds: int = 0
    kinds_right: int = 0
    failed: int = 0

    def add(self, bundle: Bundle, documents: Sequence[dict[str, Any]]) -> Iterator[str]:
        """Counts one reply; what is wrong with it, in lines."""
        found = tuple(tuple(each["page_indices"]) for each in documents)
        self.bundles += 1
        self.right += found == bundle.pages
        begins, true = {pages[0] for pages in found}, {pages[0] for pages in bundle.pages}
        self.places += sum(map(len, bundle.pages)) - 1
        self.wrong += len(begins ^ true)
        for page in sorted(begins ^ true):
            yield f"page {page} {'begins none' if page in begins else 'begins one'}"
        kinds = dict(zip(found, (each["kind"] for each in documents), strict=True))
        for pages, source in zip(bundle.pages, bundle.sources, strict=True):
            if source.kind is not None and pages in kinds:
                self.kinds += 1
                self.kinds_right += kinds[pages] == source.kind
                if kinds[pages] != source.kind:
                    yield f"{source.name} is a {source.kind}, not {kinds[pages]}"
        for each in documents:
            if each["status"] == "failed":
                self.failed += 1
                yield f"pages {each['page_indices']} failed: {each['errors']}"

    def __str__(self) -> str:
        return (
            f"{self.right} of {self.bundles} bundles right; {self.wrong} of {self.places} places between pages "
            "wrong; "
            f"kind of {self.kinds_right} of {self.kinds} documents right; {self.failed} documents failed"
        )


def main() -> None:
    from paperclerk.documents import open_reader
    from paperclerk.engines.embedded.engine import EmbeddedEngine
    from paperclerk.extraction.pipeline import execute

    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--sets", type=Path)
    arguments.add_argument("--groups", default="sroie,zugferd,adbuy,fara,invoice2data")
    asked = arguments.parse_args()
    sources = labelled(asked.sets, asked.groups.split(",")) if asked.sets else generated(asked.seed)
    rng, tally, agent = random.Random(asked.seed), Tally(), packet_agent()
    with open_reader() as reader:
        for number in range(asked.count):
            bundle = drawn(sources, rng, alike=number % 3 == 0)
            result = execute(bundle.content, agent, ExecutionConfig(), reader=reader, engine=EmbeddedEngine())
            for line in tally.add(bundle, result.response["documents"]):
                sys.stdout.write(f"bundle {number}: {line}\n")
    sys.stdout.write(f"{tally}\n")


if __name__ == "__main__":
    main()
