"""Drives the official clients and writes what came of it into docs/compatibility.md, as `make compatibility`."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.client.conformance import TABLE, cells, drive, serving, table
from tests.client.rows import CLIENTS

GENERATED = re.compile(r"(<!-- generated: make compatibility -->\n).*(<!-- end -->)", re.DOTALL)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as data,
        tempfile.TemporaryDirectory() as folder,
        serving(Path(data), Path(folder)) as served,
    ):
        outcomes = {client: drive(client, served) for client in CLIENTS}
    made = table({client: cells(client, found) for client, found in outcomes.items()})
    text = GENERATED.sub(lambda match: f"{match[1]}\n{made}\n{match[2]}", TABLE.read_text("utf-8"))
    TABLE.write_text(text, encoding="utf-8")
    for client, found in outcomes.items():
        for outcome in found:
            if outcome.failure is not None:
                print(f"{client} {outcome.row}: {outcome.name}\n{outcome.failure}")
    print(f"wrote {TABLE}")


if __name__ == "__main__":
    main()
