"""Jobs that ask a model: killed they go on after the last answer, cancelled they give what was said."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from tests.api.conftest import serving, upload, wait_for
from tests.documents_made import make_pdf, make_png
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
    with reading_with(model, tmp_path) as client:
        yield client


@contextmanager
def reading_with(model: Oracle, tmp_path: Path, **can: Any) -> Iterator[httpx.Client]:
    profile = {"max_pages": 1, "max_images": 1, **can}
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


def test_a_model_sees_the_pages_of_several_images_and_documents(tmp_path: Path) -> None:
    """Each page as a picture of its own file: a wide image among upright pages tells them apart."""
    with Oracle({"m": Truth({"parts": []})}) as model, reading_with(model, tmp_path, images=True) as client:
        wide = upload(client, make_png(), "wide.png")["id"]
        upright = upload(client, make_pdf(2))["id"]
        config = {"json_schema": SCHEMA, "detail": "hi"}

        def shown(route: str, body: dict[str, Any]) -> list[bool]:
            """Of the pictures that the model was sent, which are wide."""
            model.seen.bodies.clear()
            reply = client.post(route, json={**body, "config": config, "batch": False})
            assert reply.json()["status"] == "completed", reply.text
            return [width > height for width, height in map(_size, pictures_in(model.seen.bodies))]

        files = {
            "inputs": {
                "files": [{"type": "input_file", "file_id": each} for each in (upright, wide, upright)]
            }
        }
        assert set(shown("/agent/execute", files)) == {False, True}
        tall = io.BytesIO()
        sheet = Image.new("RGB", (1000, 1400), "white")
        sheet.paste(Image.open(io.BytesIO(make_png())))
        sheet.save(tall, "PNG")
        images = [_data_url(make_png()), _data_url(tall.getvalue())]
        assert set(shown("/image/generate", {"images": images, "domain": "document.invoice"})) == {
            True,
            False,
        }


def pictures_in(bodies: list[dict[str, Any]]) -> list[bytes]:
    """The pictures of all questions, in order."""
    parts = [p for b in bodies for m in b["messages"] if isinstance(m["content"], list) for p in m["content"]]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


def _size(picture: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture)).size


def _data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()
