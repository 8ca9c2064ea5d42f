"""Jobs that ask a model: killed they go on after the last answer, cancelled they give what was said."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from reportlab.pdfgen.canvas import Canvas
from tests.api.conftest import serving, upload, wait_for
from tests.models.oracle import Oracle, Truth

PAGES = 8
NAMES = ["Anchor", "Basket", "Candle", "Drawer", "Easel", "Funnel", "Gasket", "Hammer"]
ROWS = [{"what": f"{name} of brass", "code": f"HX-{7310 + n}"} for n, name in enumerate(NAMES)]
SCHEMA = {
    "type": "object",
    "properties": {
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"what": {"type": "string"}, "code": {"type": "string"}},
            },
        }
    },
}


def parts_list() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for row in ROWS:
        canvas.drawString(72, 700, "We send you with kind regards, and hope to hear from you soon,")
        canvas.drawString(72, 660, f"the {row['what']} that is known as {row['code']}.")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.fixture
def model() -> Iterator[Oracle]:
    homes = {f"parts[{n}]": n + 1 for n in range(PAGES)}
    with Oracle({"m": Truth({"parts": ROWS}, homes=homes)}, latency_s=1.0) as oracle:
        yield oracle


@pytest.fixture
def client(model: Oracle, tmp_path: Path) -> Iterator[httpx.Client]:
    """A server whose model takes one page at a time, and one question."""
    profile = {"max_pages": 1, "max_images": 1}
    endpoint = {"model": "m", "base_url": model.url, "concurrency": 1, "profile": profile}
    models = tmp_path / "models.yaml"
    models.write_text(json.dumps({"models": [endpoint]}))
    with serving(tmp_path / "data", models_file=models) as server, server.client() as client:
        yield client


def start(client: httpx.Client) -> str:
    body = {
        "file_id": upload(client, parts_list())["id"],
        "config": {"json_schema": SCHEMA, "detail": "hi"},
    }
    made: str = client.post("/document/generate", json=body).json()["id"]
    return made


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def workers(folder: Path) -> list[psutil.Process]:
    """Those of the server whose data lie below `folder`: other tests of this process may have servers too."""
    children = [child for child in psutil.Process().children(recursive=True) if _is_worker(child)]
    return [
        child for child in children if child.environ().get("PAPERCLERK_DATA_DIR", "").startswith(str(folder))
    ]


def _is_worker(process: psutil.Process) -> bool:
    return process.status() != psutil.STATUS_ZOMBIE and "--channel" in process.cmdline()


def kept(folder: Path) -> int:
    return len(list((folder / "data" / "blobs" / "jobs").rglob("reply-*")))


def test_a_killed_job_goes_on_after_the_last_answer(
    client: httpx.Client, model: Oracle, tmp_path: Path
) -> None:
    job = start(client)
    until(lambda: kept(tmp_path) >= PAGES // 2)
    (worker,) = workers(tmp_path)
    worker.kill()
    model.latency_s = 0.1
    done = wait_for(client, job, 100)
    assert done["status"] == "completed" and done["response"]["parts"] == ROWS
    assert model.seen.requests <= PAGES + 1, "only the one that was in the making is asked again"
    until(lambda: kept(tmp_path) == 0)


def test_a_cancelled_job_gives_what_was_said(client: httpx.Client, model: Oracle, tmp_path: Path) -> None:
    job = start(client)
    until(lambda: kept(tmp_path) >= 2)
    stopped = client.post(f"/predictions/{job}/cancel").json()
    assert stopped["status"] == "failed" and stopped["response"] is None

    def told() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/predictions/{job}").json()
        return found

    until(lambda: told()["partial"] is not None)
    left = told()
    assert left["error"]["code"] == "cancelled" and left["response"] is None
    parts = left["partial"]["parts"]
    assert 2 <= len(parts) < PAGES and all(part in ROWS for part in parts)
    assert [page["status"] for page in left["pages"]] == ["ok"] * PAGES
    assert left["steps"][0]["name"] == "read"
    until(lambda: kept(tmp_path) == 0)
    assert model.seen.requests < PAGES
