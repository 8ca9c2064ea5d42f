"""Which protections of a reading child hold on this machine, found by trying. Called by `cli.doctor`."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from paperclerk.documents.media import ORDERS_MAGIC
from paperclerk.documents.process import ProcessReader
from paperclerk.documents.reader import ReadOptions


@dataclass(frozen=True)
class Protection:
    """One thing a reading child must not be able to do, and whether it is kept from it here."""

    name: str
    active: bool
    if_missing: str


def sandbox_report() -> tuple[Protection, ...]:
    """Every protection, tried in a child that was locked in like any other."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text("secret")
        probes = _probes(secret)
        document = ORDERS_MAGIC + "\n".join(order for _, order, _, _ in probes).encode()
        with ProcessReader(orders=True) as reader, reader.open(document, ReadOptions()) as reading:
            found = [page.words[0].text if page.words else "failed" for page in reading]
    return tuple(
        Protection(name, answer == wanted, advice)
        for (name, _, wanted, advice), answer in zip(probes, found, strict=True)
    )


def _probes(secret: Path) -> list[tuple[str, str, str, str]]:
    """Name, order, the answer that shows the protection, and what to do without it."""
    filtered = "Allow seccomp filters for the service (Linux on x86_64 or aarch64; not `seccomp=off`)."
    network = "Allow user namespaces, or run the service in a network that reaches nothing inside."
    return [
        ("a network of its own", "network", "own", network),
        ("no network connections", "connect", "denied", filtered),
        ("no sockets", "socket", "denied", filtered),
        ("no other programs", "execute", "denied", filtered),
        ("no new processes", "fork", "denied", filtered),
        ("no reading of files", f"read {secret}", "denied", filtered),
        ("no writing of files", f"write {secret.parent / 'new'}", "denied", filtered),
        ("no removing of files", f"remove {secret}", "denied", filtered),
        ("no signals to others", f"signal {os.getpid()}", "denied", filtered),
        ("no debugging of others", f"trace {os.getpid()}", "denied", filtered),
        ("no new namespaces", "unshare", "denied", filtered),
    ]
