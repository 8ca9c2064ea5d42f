"""schemathesis on the committed description, all checks, against a real server. `make test-schema`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.api.conftest import Running

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.schema
@pytest.mark.timeout(900)
def test_every_check_of_schemathesis_passes(server: Running, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(ROOT / "schemathesis.toml"),
    ]
    # One worker: two of them race for a cache of the generator now and then (KeyError).
    options = ["--checks", "all", "--max-examples", "10", "--workers", "1", "--generation-database", "none"]
    key = f"Authorization: Bearer {server.key('schemathesis')}"
    done = subprocess.run(
        [*command, "run", str(ROOT / "docs" / "openapi.json"), "--url", server.url, "-H", key, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2000:]
    assert re.search(r"(\d+) generated, \1 passed", done.stdout), done.stdout[-3000:]
