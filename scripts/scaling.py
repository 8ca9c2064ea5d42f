"""How many workers and database transactions a stream of documents needs: `docs/scaling.md` and its pictures.

    .venv/bin/python scripts/scaling.py measure    # on PostgreSQL: writes docs/scaling.json
    .venv/bin/python scripts/scaling.py            # simulates, prints the tables, draws docs/scaling-*.png

Measured are CPU seconds and counts of transactions, which depend less than times on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import simpy
import sqlalchemy as sa
from bench_jobs import Bench, make_pdf, serving

DOCS = Path(__file__).parents[1] / "docs"
FIGURES = DOCS / "scaling.json"
DAY_S = 86_400
MOST_WAIT_S = 60.0
PEAK = 3.0  # the busiest hour, against the mean of the day
PAGES = (1, 3, 10, 20)  # of the documents that are measured


@dataclass(frozen=True)
class Cost:
    """What executing `documents` of so many pages cost: CPU seconds of the workers, transactions, seconds passed."""

    pages: int
    documents: int
    cpu_s: float
    transactions: float
    seconds: float


@dataclass(frozen=True)
class Figures:
    """What was measured, with one worker on PostgreSQL."""

    digital: tuple[Cost, ...]
    scanned: tuple[Cost, ...]

    @property
    def cpu(self) -> dict[int, float]:
        """CPU seconds of a digital document, by its pages."""
        return {c.pages: c.cpu_s / c.documents for c in self.digital}


@dataclass(frozen=True)
class Mix:
    """A stream of documents: mean pages, and the share of pages that are scans."""

    name: str
    pages: float
    scans: float


MIXES = (
    Mix("digital, 3 pages", 3, 0.0),
    Mix("30 % scans, 3 pages", 3, 0.3),
    Mix("all scans, 3 pages", 3, 1.0),
    Mix("digital, 1 page", 1, 0.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["measure", "draw"], default="draw")
    if parser.parse_args().what == "measure":
        FIGURES.write_text(json.dumps(asdict(measure()), indent=1) + "\n")
        return
    figures = read_figures()
    print_needs(figures)
    draw_work(figures)
    draw_needs(figures)


# -- measuring -------------------------------------------------------------------------------------------


def measure() -> Figures:
    with serving("postgresql", workers=1) as bench:
        digital = [
            cost_of(bench, pages, [make_pdf(pages, f"document {n}") for n in range(max(3, 20 // pages))])
            for pages in PAGES
        ]
        scanned = [cost_of(bench, pages, [make_scan(pages)]) for pages in (1, 2)]
    return Figures(tuple(digital), tuple(scanned))


def cost_of(bench: Bench, pages: int, documents: list[bytes]) -> Cost:
    """What executing some documents costs, their uploads left out."""
    files = [upload(bench, document) for document in documents]
    time.sleep(2)
    before, started = counters(bench), time.monotonic()
    ids = [bench.submit(file) for file in files]
    bench.rows(ids)
    ended = [bench.client.get(f"/predictions/{one}").json()["status"] for one in ids]
    assert set(ended) == {"completed"}, ended
    time.sleep(2)  # the database counts with a delay
    after, seconds = counters(bench), time.monotonic() - started
    return Cost(pages, len(documents), after[0] - before[0], after[1] - before[1], seconds)


def counters(bench: Bench) -> tuple[float, float]:
    """CPU seconds of the workers and what they started; transactions."""
    query = sa.text(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    )
    with bench.engine.connect() as connection:
        transactions = connection.execute(query).scalar_one()
    spent = 0.0
    for process in bench.process.children(recursive=True):
        try:
            spent += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return spent, float(transactions)


def upload(bench: Bench, data: bytes) -> str:
    reply = bench.client.post("/files", files={"file": ("a.pdf", data)})
    reply.raise_for_status()
    return str(reply.json()["id"])


def make_scan(pages: int) -> bytes:
    """A PDF of pictures of a full page of print."""
    import io

    import pypdfium2
    from PIL import Image

    source = pypdfium2.PdfDocument(make_pdf(1, "A line of ordinary words and the number"))
    picture: Image.Image = source[0].render(scale=200 / 72).to_pil().convert("RGB")
    out = io.BytesIO()
    picture.save(out, "PDF", save_all=True, append_images=[picture] * (pages - 1), resolution=200)
    return out.getvalue()


def read_figures() -> Figures:
    plain: dict[str, Any] = json.loads(FIGURES.read_text())
    return Figures(*(tuple(Cost(**c) for c in plain[kind]) for kind in ("digital", "scanned")))


# -- the model -------------------------------------------------------------------------------------------


def line(points: dict[int, float]) -> tuple[float, float]:
    """What a document costs whatever its pages, and what each page adds: a straight line through the points.

    Points weigh by their pages' share, so that long documents do not decide what a short one costs.
    """
    weights = {pages: 1 / pages**2 for pages in points}
    total = sum(weights.values())
    mean_x = sum(w * p for p, w in weights.items()) / total
    mean_y = sum(w * points[p] for p, w in weights.items()) / total
    slope = sum(w * (p - mean_x) * (points[p] - mean_y) for p, w in weights.items()) / sum(
        w * (p - mean_x) ** 2 for p, w in weights.items()
    )
    return mean_y - slope * mean_x, slope


@dataclass(frozen=True)
class Model:
    """The measured figures as straight lines over pages."""

    document_s: float
    page_s: float
    scan_s: float
    document_tx: float
    idle_tx: float  # a second, of one worker

    def seconds(self, pages: int, scans: int) -> float:
        """CPU seconds of a document, one core for each worker."""
        return self.document_s + self.page_s * (pages - scans) + self.scan_s * scans


def model_of(figures: Figures) -> Model:
    document_s, page_s = line(figures.cpu)
    scans = {c.pages: c.cpu_s for c in figures.scanned}
    # Transactions are those of the documents and of a worker that looks for work all the time: least squares.
    rows = [(c.documents, c.seconds, c.transactions) for c in figures.digital]
    dd, ss, ds = (sum(r[i] * r[j] for r in rows) for i, j in ((0, 0), (1, 1), (0, 1)))
    dt, st = (sum(r[i] * r[2] for r in rows) for i in (0, 1))
    of = dd * ss - ds * ds
    document_tx, idle_tx = (dt * ss - st * ds) / of, (st * dd - dt * ds) / of
    return Model(max(0.0, document_s), page_s, line(scans)[1], document_tx, idle_tx)


def simulated_waits(
    model: Model, mix: Mix, workers: int, pages_a_day: float, *, documents: int = 3_000, seed: int = 1
) -> list[float]:
    """Seconds that each document waits before it is started, when they come at random all the time."""
    chance, waits = random.Random(seed), []
    environment = simpy.Environment()
    slots = simpy.Resource(environment, workers)
    gap = DAY_S * mix.pages / pages_a_day

    def document(seconds: float) -> Iterator[Any]:
        came = environment.now
        with slots.request() as slot:
            yield slot
            waits.append(environment.now - came)
            yield environment.timeout(seconds)

    def stream() -> Iterator[Any]:
        for _ in range(documents):
            pages = (
                1 + int(math.log(1 - chance.random()) / math.log(1 - 1 / mix.pages)) if mix.pages > 1 else 1
            )
            scans = pages if chance.random() < mix.scans else 0
            environment.process(document(model.seconds(pages, scans)))
            yield environment.timeout(chance.expovariate(1 / gap))

    environment.process(stream())
    environment.run()
    return waits


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def workers_needed(model: Model, mix: Mix, pages_a_day: float) -> int:
    """The fewest with which 95 of 100 documents are started within `MOST_WAIT_S` at that rate."""
    work = pages_a_day / mix.pages / DAY_S * mean_seconds(model, mix)

    def enough(workers: int) -> bool:
        return percentile(simulated_waits(model, mix, workers, pages_a_day), 0.95) <= MOST_WAIT_S

    workers = max(1, math.ceil(work))
    while not enough(workers):
        workers += max(1, workers // 50)
    return workers


def mean_seconds(model: Model, mix: Mix) -> float:
    return model.document_s + mix.pages * ((1 - mix.scans) * model.page_s + mix.scans * model.scan_s)


def transactions_a_second(model: Model, mix: Mix, pages_a_day: float, workers: int) -> tuple[float, float]:
    """Of the documents, and of workers that look for work."""
    documents = pages_a_day / mix.pages / DAY_S
    return documents * model.document_tx, workers * model.idle_tx


# -- what it says ----------------------------------------------------------------------------------------


def print_needs(figures: Figures) -> None:
    model = model_of(figures)
    print(json.dumps(asdict(model), indent=1))
    print(
        "| A million pages a day | Workers (cores), even | at the peak | Transactions a second, even | at the peak |"
    )
    print("|---|---|---|---|---|")
    for mix in MIXES:
        cells = [mix.name]
        spent = []
        for rate in (1e6, PEAK * 1e6):
            workers = workers_needed(model, mix, rate)
            cells.append(str(workers))
            of_documents, of_polling = transactions_a_second(model, mix, rate, workers)
            spent.append(f"{of_documents:.0f} + {of_polling:.0f}")
        print("| " + " | ".join([*cells, *spent]) + " |")


def picture(name: str, draw: Callable[[Any], None], *, columns: int = 1) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, columns, figsize=(5.2 * columns, 3.6), dpi=80)
    draw(axes)
    figure.tight_layout()
    figure.savefig(DOCS / f"scaling-{name}.png")
    pyplot.close(figure)


def draw_work(figures: Figures) -> None:
    """Measured costs with what the model makes of them."""
    model = model_of(figures)

    def draw(axes: Any) -> None:
        document, page = line(figures.cpu)
        pages = range(1, max(figures.cpu) + 1)
        axes[0].plot(pages, [document + page * n for n in pages], label="model")
        axes[0].plot(list(figures.cpu), list(figures.cpu.values()), "o", label="measured")
        axes[0].set(title="CPU seconds of a digital document", xlabel="pages", ylim=(0, None))
        said = [model.document_tx * c.documents + model.idle_tx * c.seconds for c in figures.digital]
        axes[1].plot([0, max(said)], [0, max(said)], label="model")
        axes[1].plot(said, [c.transactions for c in figures.digital], "o", label="measured")
        axes[1].set(title="transactions of a run", xlabel="by the model", ylabel="counted")
        for axis in axes:
            axis.legend()

    picture("work", draw, columns=2)


def draw_needs(figures: Figures) -> None:
    model = model_of(figures)
    rates = [n * 1e5 for n in (1, 5, 10, 30)]

    def draw(axes: Any) -> None:
        for mix in MIXES[:3]:
            workers = [workers_needed(model, mix, rate) for rate in rates]
            axes[0].plot([r / 1e6 for r in rates], workers, ".-", label=mix.name)
            spent = [
                sum(transactions_a_second(model, mix, rate, count))
                for rate, count in zip(rates, workers, strict=True)
            ]
            axes[1].plot([r / 1e6 for r in rates], spent, ".-", label=mix.name)
        axes[0].set(xlabel="million pages a day", ylabel="workers, one core each", yscale="log")
        axes[1].set(xlabel="million pages a day", ylabel="transactions a second", ylim=(0, None))
        for axis in axes:
            axis.legend()

    picture("needs", draw, columns=2)


if __name__ == "__main__":
    main()
