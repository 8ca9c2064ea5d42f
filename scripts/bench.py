"""The benchmark behind `make bench`: everything measured in one run, ratios beside absolute times.

    .venv/bin/python scripts/bench.py [--only digital,scan,long]

* digital: a one-page PDF over HTTP (sync), p50 and p95, beside bare PDFium reading of the same page
* scan: a scanned page end to end, as a ratio to RapidOCR alone on the same picture
* long: a digital PDF of 30 and of 300 pages: seconds a page, peak memory of server and child
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))
from demo import SAMPLES, make_key, server

DIGITAL_ROUNDS = 60
SCAN_ROUNDS = 7
LONG_ROUNDS = 3
INVOICE, RECEIPT = SAMPLES[0][0], SAMPLES[1][0]


def main() -> None:
    arguments = argparse.ArgumentParser(description="Prints the benchmark table.")
    arguments.add_argument("--only", default="digital,scan,long", help="parts, separated by commas")
    parts = arguments.parse_args().only.split(",")
    print("| Measurement | Figure |\n|---|---|")
    with service() as client:
        for part in parts:
            for name, figure in PARTS[part](client):
                print(f"| {name} | {figure} |", flush=True)


@contextmanager
def service() -> Iterator[httpx.Client]:
    with tempfile.TemporaryDirectory(prefix="paperclerk-bench-") as folder, server(Path(folder)) as address:
        key = make_key(Path(folder))
        with httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=600
        ) as client:
            settle()
            yield client


def settle() -> None:
    """Waits until the server has loaded what it loads in the background after its start."""
    spent, until = -1.0, time.monotonic() + 60
    while time.monotonic() < until:
        now = sum(sum(p.cpu_times()[:2]) for p in psutil.Process().children(recursive=True))
        if now - spent < 0.05:
            return
        spent = now
        time.sleep(1)


def digital(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """HTTP round trips and bare PDFium in turn, so that both meet the same machine."""
    pdf = INVOICE.read_bytes()
    file_id = upload(client, "invoice.pdf", pdf)
    for _ in range(5):
        execute(client, file_id, "document.invoice")
    bare, http = [], []
    for _ in range(DIGITAL_ROUNDS):
        bare.append(timed(pdfium_words, pdf))
        http.append(timed(execute, client, file_id, "document.invoice"))
    p50, floor = statistics.median(http), statistics.median(bare)
    yield "one digital page over HTTP, sync, p50", f"{1000 * p50:.1f} ms"
    yield "one digital page over HTTP, sync, p95", f"{1000 * quantile(http, 0.95):.1f} ms"
    yield "bare PDFium reading of the same page, p50", f"{1000 * floor:.1f} ms (ratio {p50 / floor:.1f})"


def scan(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """A letter-size scan made from the sample, against RapidOCR as it comes and with our settings."""
    for label, picture in (("receipt scan", RECEIPT.read_bytes()), ("full-page scan", page_scan())):
        file_id = upload(client, f"{label}.png", picture)
        ours = []
        others: dict[str, list[float]] = {name: [] for name in OCR}
        execute(client, file_id, "document.receipt")
        engines = {name: make() for name, make in OCR.items()}
        decoded = pixels(picture)
        for _ in range(SCAN_ROUNDS):
            ours.append(timed(execute, client, file_id, "document.receipt"))
            for name, engine in engines.items():
                others[name].append(timed(engine, decoded))
        mine = statistics.median(ours)
        yield f"{label} end to end over HTTP, p50", f"{mine:.2f} s"
        for name, times in others.items():
            alone = statistics.median(times)
            ratio = statistics.median(a / b for a, b in zip(ours, times, strict=True))
            yield f"{label}: RapidOCR alone, {name}", f"{alone:.2f} s (ours / RapidOCR {ratio:.2f})"


def long(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """Long digital PDFs; memory is the sum of resident sizes of the server and every process below it."""
    per_page: dict[int, float] = {}
    files = {n: upload(client, f"{n}.pdf", many_pages(n)) for n in (30, 300)}
    execute(client, files[30], "document.invoice")
    rounds: dict[int, list[float]] = {30: [], 300: []}
    with peak_memory() as memory:
        for _ in range(LONG_ROUNDS):
            for n, file_id in files.items():
                rounds[n].append(timed(execute, client, file_id, "document.invoice") / n)
    for n, times in rounds.items():
        per_page[n] = statistics.median(times)
        yield f"digital PDF of {n} pages, sync", f"{1000 * per_page[n]:.1f} ms a page"
    yield "seconds a page, 300 pages / 30 pages", f"{per_page[300] / per_page[30]:.2f}"
    yield "peak memory of server and children together (PSS)", f"{memory['bytes'] / 1e6:.0f} MB"


def upload(client: httpx.Client, name: str, content: bytes) -> str:
    reply = client.post("/files", files={"file": (name, content)})
    reply.raise_for_status()
    return str(reply.json()["id"])


def execute(client: httpx.Client, file_id: str, agent: str) -> dict[str, Any]:
    """One synchronous execution, ended."""
    body = {"name": agent, "file_id": file_id, "batch": False, "config": {"grounding": True}}
    reply = client.post("/document/execute", json=body)
    reply.raise_for_status()
    prediction: dict[str, Any] = reply.json()
    if prediction["status"] != "completed":
        raise SystemExit(f"not completed: {prediction}")
    return prediction


def timed(call: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def pdfium_words(pdf: bytes) -> int:
    """Opening the PDF and reading every character with its box: the least that reading a page can be."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(pdf)
    text = document[0].get_textpage()
    count = text.count_chars()
    for i in range(count):
        text.get_charbox(i)
    document.close()
    return int(count)


def rapidocr_default() -> Callable[[Any], Any]:
    from rapidocr import RapidOCR

    return RapidOCR()


def rapidocr_tuned() -> Callable[[Any], Any]:
    """The detector and classifier settings that the embedded reading uses."""
    from rapidocr import RapidOCR

    return RapidOCR(params={"Det.limit_type": "max", "Det.limit_side_len": 1280, "Global.use_cls": False})


OCR = {"as it comes": rapidocr_default, "detector at 1280, no classifier": rapidocr_tuned}


def pixels(picture: bytes) -> Any:
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))[:, :, ::-1].copy()


def page_scan() -> bytes:
    """The sample invoice as a scan of a full page."""
    from make_samples import invoice, scan

    return scan(invoice().pdf())


def many_pages(count: int) -> bytes:
    """A digital PDF of `count` different pages of text and a table, about 350 words each."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    for page in range(count):
        canvas.setFont("Helvetica", 9)
        canvas.drawString(50, 800, f"Report section {page + 1}")
        for line in range(25):
            text = " ".join(f"word{(page * 31 + line * 7 + i) % 997}" for i in range(10))
            canvas.drawString(50, 780 - 14 * line, text)
        for row in range(20):
            y = 400 - 14 * row
            canvas.drawString(50, y, f"Part {page}-{row}")
            canvas.drawRightString(350, y, str(row + 1))
            canvas.drawRightString(500, y, f"{(row + 1) * 12.5:,.2f}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@contextmanager
def peak_memory() -> Iterator[dict[str, int]]:
    """Samples the memory of all processes below this one, every 50 ms: PSS, so shared pages count once."""
    peak = {"bytes": 0}
    stop = threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not stop.wait(0.05):
            total = 0
            for child in me.children(recursive=True):
                try:
                    total += child.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            peak["bytes"] = max(peak["bytes"], total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


PARTS: dict[str, Callable[[httpx.Client], Iterator[tuple[str, str]]]] = {
    "digital": digital,
    "scan": scan,
    "long": long,
}

if __name__ == "__main__":
    main()
