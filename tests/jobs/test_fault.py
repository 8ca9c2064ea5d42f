"""The short form of `make fault`: nothing that was promised is lost when processes are killed. On both stores."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from tests.jobs.fault import Client, Cluster, Load, judge, run

pytestmark = [pytest.mark.fault, pytest.mark.timeout(280)]


def test_kills_lose_nothing(store: sa.URL) -> None:
    kind = store.get_backend_name()
    url = None if kind == "sqlite" else store.render_as_string(hide_password=False)
    report = run(kind, url, Load(jobs=20, kills=6, pause_s=1.0, seed=7), extra=1)
    assert judge(report) == [], report
    assert report["kills"] == {"api": 1, "worker": 3, "reader": 2} and report["jobs"] == 20
    assert report["settled_s"] < 60


def test_everything_that_a_server_started_ends_with_it(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, None, extra=0)
    try:
        client = Client(cluster)
        client.until_answered("GET", "/predictions")
        root = psutil.Process(cluster.processes["api"].pid)
        end = time.monotonic() + 40
        while not (family := root.children(recursive=True)) or len(family) < 3:
            assert time.monotonic() < end, "the worker and its reading processes have not come up"
            time.sleep(0.1)
        root.kill()
        _, alive = psutil.wait_procs(family, timeout=15)
        assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
    finally:
        cluster.close()


def test_a_broken_promise_is_seen() -> None:
    """The judge of the test above."""
    fine = dict.fromkeys(
        ("lost", "stuck", "wrong", "duplicates", "webhooks_missing", "webhooks_with_two_ids"), 0
    )
    report = {**fine, "failed": {"reading_failed": 2}, "integrity": "ok"}
    assert judge(report) == []
    for name in fine:
        assert judge({**report, name: 1}) == [f"{name}: 1"]
    assert judge({**report, "failed": {"internal_error": 1}})
    assert judge({**report, "integrity": "row missing"})
