"""What reading costs in process, behind `make bench`: processor time and memory of the child, extraction alone.

    .venv/bin/python scripts/bench_reading.py [--receipts folder]

Each figure stands beside what the same work costs without us, taken in turns with it: RapidOCR for scans, bare
PDFium for digital pages. `--receipts` measures the pictures of a folder too, each once, as median and worst.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import make_samples
import pypdfium2 as pdfium
from bench import OCR, pdfium_words, pixels, timed
from demo import SAMPLES
from PIL import Image

from paperclerk.agents.builtin import lookup
from paperclerk.documents.process import ProcessReader
from paperclerk.documents.reader import ReadOptions
from paperclerk.domain.agent import Detail, ExecutionConfig
from paperclerk.domain.document import Document
from paperclerk.extraction.pipeline import execute, extract, read
from paperclerk.extraction.plan import make_plan
from paperclerk.library import default_engine

ROUNDS = 5
DIGITAL_ROUNDS = 40
DETAILS: tuple[Detail, ...] = ("auto", "lo")
INVOICE, RECEIPT = SAMPLES[0][0], SAMPLES[1][0]


@dataclass(frozen=True)
class Cost:
    """Of one reading: processor seconds, and the most memory of the child in bytes, shared pages included."""

    cpu: float
    peak: int


def main() -> None:
    arguments = argparse.ArgumentParser(description="Prints what reading costs.")
    arguments.add_argument("--receipts", type=Path, help="a folder of pictures to measure too")
    folder = arguments.parse_args().receipts
    print("| Measurement | Figure |\n|---|---|")
    with ProcessReader() as reader:
        reader.warm()
        for rows in (digital(reader), extraction(reader), scans(reader, folder)):
            for name, figure in rows:
                print(f"| {name} | {figure} |", flush=True)


def digital(reader: ProcessReader) -> Iterator[tuple[str, str]]:
    """One digital page from bytes to result, everything warm."""
    agent, config, pdf = lookup("document.invoice"), ExecutionConfig(), INVOICE.read_bytes()

    def ours() -> object:
        return execute(pdf, agent, config, reader=reader, engine=default_engine())

    for _ in range(5):
        ours()
    mine, bare = [], []
    for _ in range(DIGITAL_ROUNDS):
        bare.append(timed(pdfium_words, pdf))
        mine.append(timed(ours))
    p50, floor = statistics.median(mine), statistics.median(bare)
    yield "one digital page in process, p50", f"{1000 * p50:.1f} ms"
    yield "bare PDFium reading of it, p50", f"{1000 * floor:.1f} ms (ratio {p50 / floor:.1f})"


def extraction(reader: ProcessReader) -> Iterator[tuple[str, str]]:
    """Plan, extraction and conforming of pages that are read already: processor time a page."""
    for label, source, name in (
        ("the digital page", INVOICE.read_bytes(), "document.invoice"),
        ("the receipt", RECEIPT.read_bytes(), "document.receipt"),
    ):
        agent, config = lookup(name), ExecutionConfig()
        document = read(source, make_plan(agent, config), reader)

        def once(document: Document = document, agent: Any = agent, config: ExecutionConfig = config) -> None:
            extract(document, make_plan(agent, config), default_engine())

        seconds = [own_cpu(once) for _ in range(DIGITAL_ROUNDS)]
        yield (
            f"extraction of {label}, CPU p50 / p95",
            f"{1000 * statistics.median(seconds):.1f} / "
            + (f"{1000 * sorted(seconds)[int(0.95 * len(seconds))]:.1f} ms a page"),
        )


def scans(reader: ProcessReader, folder: Path | None) -> Iterator[tuple[str, str]]:
    rapid = {name: make() for name, make in OCR.items()}
    pages: list[tuple[str, Sequence[bytes], int]] = [
        ("receipt scan", [RECEIPT.read_bytes()], ROUNDS),
        ("A4 page at 300 dpi", [a4_scan()], ROUNDS),
        ("photo of 24 megapixels", [photo()], 1),
    ]
    if folder is not None:
        files = sorted(f for f in folder.iterdir() if f.suffix in (".jpg", ".png"))
        pages.append((f"{len(files)} receipts of {folder.name}", [f.read_bytes() for f in files], 1))
    for label, pictures, rounds in pages:
        costs: dict[Detail, list[Cost]] = {detail: [] for detail in DETAILS}
        others: dict[str, list[float]] = {name: [] for name in rapid}
        for picture in [*pictures] * rounds:
            for detail in DETAILS:
                costs[detail].append(cost(reader, picture, detail))
            if label.startswith("photo"):
                continue  # RapidOCR works at another size there
            decoded = pixels(picture)
            for name, engine in rapid.items():
                others[name].append(own_cpu(engine, decoded))
        for detail in DETAILS:
            yield f"{label}, `{detail}`: CPU median / most", spread([c.cpu for c in costs[detail]], "s")
            yield (
                f"{label}, `{detail}`: peak memory of the child",
                spread([c.peak / 1e6 for c in costs[detail]], "MB"),
            )
        for name, seconds in others.items():
            if seconds:
                ratios = {
                    d: statistics.median(c.cpu / s for c, s in zip(costs[d], seconds, strict=True))
                    for d in DETAILS
                }
                told = ", ".join(f"`{d}` / RapidOCR {ratio:.2f}" for d, ratio in ratios.items())
                yield f"{label}: RapidOCR alone, {name}, CPU", f"{statistics.median(seconds):.2f} s ({told})"


def cost(reader: ProcessReader, picture: bytes, detail: Detail) -> Cost:
    with reader.open(picture, ReadOptions(detail=detail)) as reading:
        list(reading)
    return Cost(reading.spent.cpu_seconds, reading.spent.peak_bytes)


def own_cpu(call: Callable[..., object], *arguments: object) -> float:
    """Processor seconds of this process, all threads."""
    started = time.process_time()
    call(*arguments)
    return time.process_time() - started


def spread(values: Sequence[float], unit: str) -> str:
    digits = 0 if unit == "MB" else 2
    return f"{statistics.median(values):.{digits}f} / {max(values):.{digits}f} {unit}"


def a4_scan() -> bytes:
    """The sample invoice scanned at 300 dpi in colour, as JPEG."""
    page = pdfium.PdfDocument(make_samples.invoice().pdf())[0]
    picture = page.render(scale=3508 / max(page.get_size())).to_pil().convert("RGB")
    return jpeg(picture)


def photo() -> bytes:
    """The sample receipt on a grey table, as a large camera takes it."""
    table = Image.new("RGB", (4000, 6000), (120, 110, 100))
    receipt = Image.open(RECEIPT).convert("RGB")
    height = 5000
    table.paste(receipt.resize((height * receipt.width // receipt.height, height)), (900, 500))
    return jpeg(table)


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


if __name__ == "__main__":
    main()
