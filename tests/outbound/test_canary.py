"""No connection to an inside address, counted by listeners on those addresses in a network namespace."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT.parent / "shared" / "robustness" / "payloads" / "ssrf.jsonl"


def in_namespace(*command: str) -> subprocess.CompletedProcess[str]:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare (util-linux)")
    enter = [unshare, "--net", "--map-root-user"]
    if subprocess.run([*enter, "true"], check=False, capture_output=True, timeout=20).returncode:
        pytest.skip("this machine does not permit a network namespace")
    return subprocess.run(
        [*enter, *command], check=False, capture_output=True, text=True, cwd=ROOT, timeout=110
    )


@pytest.mark.parametrize("payloads", [(), (PAYLOADS,)], ids=["own", "payloads"])
def test_no_connection_goes_inside(payloads: tuple[Path, ...]) -> None:
    if not all(path.exists() for path in payloads):
        pytest.skip("the shared payload list is not here")
    run = in_namespace(sys.executable, "-m", "tests.outbound.canary", *map(str, payloads))
    assert run.returncode == 0, run.stderr[-2000:]
    report = json.loads(run.stdout)
    assert report["naive"] >= 20, "the canary must hear a client without a guard"
    assert report["inside"] == []
    assert report["ended"]["url_not_allowed"] > 300
    assert report["ended"]["ok"] >= 4, "public addresses must stay reachable"
