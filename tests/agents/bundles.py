"""Bundles of documents with the page ranges that are right: of documents made here, or of the labelled sets.

Run as a script it measures how often a bundle is split right:

    python tests/agents/bundles.py --count 30 --seed 7                       # documents made here
    python tests/agents/bundles.py --count 30 --seed 7 --sets FOLDER         # the labelled sets in FOLDER
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image

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


def main() -> None:
    from paperclerk.documents import open_reader
    from paperclerk.documents.reader import ReadOptions
    from paperclerk.extraction.packets.boundaries import split

    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--sets", type=Path)
    arguments.add_argument("--groups", default="sroie,zugferd,adbuy,fara,invoice2data")
    asked = arguments.parse_args()
    sources = labelled(asked.sets, asked.groups.split(",")) if asked.sets else generated(asked.seed)
    rng, right, cuts, wrong = random.Random(asked.seed), 0, 0, 0
    with open_reader() as reader:
        for number in range(asked.count):
            bundle = drawn(sources, rng, alike=number % 3 == 0)
            with reader.open(bundle.content, ReadOptions()) as reading:
                parts = split(list(reading))
            found = tuple(tuple(p.index for p in part.pages) for part in parts)
            right += found == bundle.pages
            begins, true = {p[0] for p in found}, {p[0] for p in bundle.pages}
            cuts += sum(map(len, bundle.pages)) - 1
            wrong += len(begins ^ true)
            for page in sorted(begins ^ true):
                said = "begins none" if page in begins else "begins one"
                sys.stdout.write(f"bundle {number}: page {page} {said}\n")
    sys.stdout.write(
        f"{right} of {asked.count} bundles right; {wrong} of {cuts} places between pages wrong\n"
    )


if __name__ == "__main__":
    main()
