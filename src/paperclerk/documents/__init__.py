"""Reading documents: bytes in, pages of words out, in a killable child process. Called by `extraction`, `cli`.

`open_reader()` gives a `reader.Reader`; `sandbox_report()` tells how well children are locked in here.
Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paperclerk.documents.process import ProcessReader
    from paperclerk.documents.report import Protection

OCR_READS = "Latin script, Chinese and Japanese"
"""What the networks' alphabets hold enough of (docs/reading.md)."""


def open_reader(*, threads: int | None = None) -> ProcessReader:
    """A reader whose processes start on first use; close it, or use it as a context."""
    from paperclerk.documents.process import ProcessReader

    return ProcessReader(threads=threads)


def sandbox_report() -> tuple[Protection, ...]:
    """The protections of a reading child on this machine, each tried in a real child."""
    from paperclerk.documents.report import sandbox_report

    return sandbox_report()
