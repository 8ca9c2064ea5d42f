"""Drives the official clients against a real `paperclerk serve` and tells what came of each row. Used by the test and
by scripts/compatibility.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.client.rows import CLI, CLIENTS, HTTP, NODE, PYTHON, ROWS, SECTIONS, Row
from tests.documents_made import make_pdf, make_png
from tests.markdown.documents import report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLE = ROOT / "docs" / "compatibility.md"
CLIENT_PYTHON = ROOT / ".venv-vlmrun" / "bin" / "python"
NODE_MODULES = HERE / "node" / "node_modules"
PAPERCLERK = [sys.executable, "-m", "paperclerk"]
COMMANDS: Mapping[str, list[str]] = {
    PYTHON: [str(CLIENT_PYTHON), str(HERE / "drive_python.py")],
    CLI: [str(CLIENT_PYTHON), str(HERE / "drive_cli.py")],
    NODE: ["node", str(HERE / "node" / "drive.mjs")],
    HTTP: [sys.executable, str(HERE / "drive_http.py")],
}


@dataclass(frozen=True)
class Served:
    url: str
    key: str
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """How one check of one row ended; `failure` is None for a pass."""

    row: str
    bad: bool
    name: str
    failure: str | None


def documents(folder: Path) -> None:
    """What the drivers upload."""
    made = {
        "invoice.pdf": make_pdf(1),
        "small.pdf": make_pdf(2),
        "other.pdf": make_pdf(3),
        "cli.pdf": make_pdf(4),
        "node.pdf": make_pdf(5),
        "large.pdf": make_pdf(6).ljust(33 * 1024 * 1024, b"\n"),
        "report.pdf": report(),
        "scan.png": make_png(),
        "empty.pdf": b"",
        "broken.pdf": b"%PDF-1.7\nnothing of a PDF follows",
        "call.mp3": b"ID3\x03\x00\x00\x00\x00\x00\x00 no sound",
        "meeting.mp4": b"\x00\x00\x00\x18ftypmp42 no film",
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)


@contextmanager
def serving(
    data: Path, folder: Path, log: IO[bytes] | int = subprocess.DEVNULL, **more: str
) -> Iterator[Served]:
    """The server as a user starts it, on a free port, with a key and the documents; `more` are settings."""
    documents(folder)
    made = subprocess.run(
        [*PAPERCLERK, "keys", "create", "--tenant", "acme", "--data-dir", str(data)],
        check=True,
        capture_output=True,
        text=True,
    )
    command = [*PAPERCLERK, "serve", "--port", "0", "--data-dir", str(data)]
    # A file's own public URL is what a client can give as a URL here.
    settings = {"PAPERCLERK_ALLOW_PRIVATE_ADDRESSES": "127.0.0.0/8"} | more
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | settings
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            url = next(word for word in line.split() if word.startswith("http://"))
            yield Served(f"{url}/v1", made.stdout.split()[-1], folder)
        finally:
            process.terminate()
            process.wait(40)


def drive(client: str, served: Served) -> list[Outcome]:
    """Every check of one client."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VLMRUN_", "PYTHON"))}
    done = subprocess.run(
        [*COMMANDS[client], served.url, served.key, str(served.folder)],
        check=False,
        capture_output=True,
        text=True,
        timeout=540,
        env=kept | {"HOME": str(served.folder)},  # the client keeps caches and a configuration there
    )
    lines = [
        line.removeprefix("OUTCOME ") for line in done.stdout.splitlines() if line.startswith("OUTCOME ")
    ]
    assert done.returncode == 0 and lines, done.stderr[-3000:]
    return [Outcome(**json.loads(line)) for line in lines]


def cells(client: str, outcomes: list[Outcome]) -> dict[Row, str]:
    """What the table says of a client, row by row. A row that it has a call for and no check of is said so."""
    by_row: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_row[outcome.row].append(outcome)
    unknown = set(by_row) - {row.route for row in ROWS}
    assert not unknown, f"checks of rows that do not exist: {unknown}"
    return {row: _cell(row, client, by_row[row.route]) for row in ROWS}


def _cell(row: Row, client: str, outcomes: list[Outcome]) -> str:
    if not outcomes:
        return "**not checked**" if client in row.clients else ""
    failed = [outcome.name for outcome in outcomes if outcome.failure is not None]
    if failed:
        return f"**fail** ({', '.join(failed)})"
    bad = sum(outcome.bad for outcome in outcomes)
    counts = [f"{n} {kind}" for n, kind in ((len(outcomes) - bad, "good"), (bad, "bad")) if n]
    return f"pass: {', '.join(counts)}"


def committed(client: str) -> dict[Row, str]:
    """The cells of a client in the committed table."""
    column = 1 + CLIENTS.index(client)
    said: dict[str, str] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        fields = [field.strip() for field in line.strip("|").split("|")]
        if len(fields) == 1 + len(CLIENTS):
            said[fields[0].strip("`")] = fields[column]
    return {row: said.get(row.route, "no such row") for row in ROWS}


def table(found: Mapping[str, Mapping[Row, str]]) -> str:
    """The generated part of docs/compatibility.md."""
    lines = []
    for section, title in SECTIONS.items():
        lines += [f"### {section} {title}", "", f"| Route | {' | '.join(CLIENTS)} |", "|---|" + "---|" * 4]
        for row in ROWS:
            if row.section == section:
                lines.append(f"| `{row.route}` | {' | '.join(found[client][row] for client in CLIENTS)} |")
        lines.append("")
    return "\n".join(lines)
