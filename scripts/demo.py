"""The demo behind `make demo`: a server with an empty data folder, two bundled samples, two agents, over HTTP.

Prints the JSON, writes each page with its boxes drawn to `demo-output/`, and goes on serving until Ctrl-C;
with `--once` it stops after the second document.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from paperclerk.grounding.drawing import draw_boxes
from paperclerk.grounding.places import Place
from paperclerk.library import default_reader

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "demo-output"
SAMPLES = (
    (ROOT / "samples/invoice.pdf", "document.invoice"),
    (ROOT / "samples/receipt.png", "document.receipt"),
)
PAPERCLERK = [sys.executable, "-m", "paperclerk"]


def main() -> None:
    arguments = argparse.ArgumentParser(description="Starts a server and executes two samples.")
    arguments.add_argument("--once", action="store_true", help="stop after the samples")
    once = arguments.parse_args().once
    OUTPUT.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="paperclerk-demo-"))
    try:
        with server(folder) as address:
            key = make_key(folder)
            with httpx.Client(
                base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=110
            ) as client:
                for sample, agent in SAMPLES:
                    show(client, sample, agent)
            if not once:
                print(f"\nThe API answers at {address} with this key: {key}\nTry:")
                print(
                    f'  curl -H "Authorization: Bearer {key}" {address}/predictions\nCtrl-C stops it.',
                    flush=True,
                )
                wait_for_interrupt()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server on a free port; yields the address of its API (`http://host:port/v1`)."""
    command = [*PAPERCLERK, "serve", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"{address_of(process)}/v1"
        finally:
            process.terminate()
            process.wait(timeout=30)


def address_of(process: subprocess.Popen[str]) -> str:
    """The address that a starting server prints. Raises SystemExit when it ends without one."""
    assert process.stdout
    for line in process.stdout:
        found = re.search(r"http://[\w.:\[\]-]+:\d+", line)
        if found:
            return found.group()
    raise SystemExit("The server ended before it answered; its messages stand above.")


def make_key(folder: Path) -> str:
    command = [*PAPERCLERK, "keys", "create", "--tenant", "demo", "--data-dir", str(folder)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return printed.split()[-1]


def show(client: httpx.Client, sample: Path, agent: str) -> None:
    """Uploads a sample, executes an agent over it, prints the values and draws the boxes."""
    uploaded = client.post("/files", files={"file": (sample.name, sample.read_bytes())})
    uploaded.raise_for_status()
    body = {
        "name": agent,
        "file_id": uploaded.json()["id"],
        "batch": False,
        "config": {"grounding": True, "confidence": True},
    }
    reply = client.post("/document/execute", json=body)
    reply.raise_for_status()
    prediction = reply.json()
    print(f"\n=== {agent} over {sample.name}: {prediction['status']}")
    print(json.dumps(values(prediction["response"]), indent=2, ensure_ascii=False))
    print(json.dumps({"usage": prediction["usage"]}, indent=2))
    (OUTPUT / f"{sample.stem}.json").write_text(json.dumps(prediction, indent=2, ensure_ascii=False) + "\n")
    drawing = OUTPUT / f"{sample.stem}-boxes.png"
    page = default_reader().render(sample, 0)
    drawing.write_bytes(draw_boxes(page, boxes(prediction["response"])))
    print(
        f"Boxes drawn: {drawing.relative_to(ROOT)}   Whole reply: {(OUTPUT / sample.stem).relative_to(ROOT)}.json"
    )


def values(reply: Any) -> Any:
    """The reply without metadata and without what is not on the page."""
    if isinstance(reply, list):
        return [values(item) for item in reply]
    if not isinstance(reply, dict):
        return reply
    kept = {k: values(v) for k, v in reply.items() if not k.endswith("_metadata")}
    return {k: v for k, v in kept.items() if v not in (None, [], {})}


def boxes(reply: Any, path: str = "") -> Iterator[tuple[str, Place]]:
    """Every box of a reply with the path of its field."""
    if isinstance(reply, list):
        for i, item in enumerate(reply):
            yield from boxes(item, f"{path}[{i}]")
    elif isinstance(reply, dict):
        for name, inner in reply.items():
            here = f"{path}.{name}" if path else name
            if name.endswith("_metadata"):
                yield from placed(inner, here.removesuffix("_metadata"))
            else:
                yield from boxes(inner, here)


def placed(note: Any, path: str) -> Iterator[tuple[str, Place]]:
    for one in note if isinstance(note, list) else [note]:
        for box in (one or {}).get("bboxes", []):
            x, y, w, h = box["bbox"]["xywh"]
            yield path, Place(box["page"], box["content"], (x, y, w, h), box["confidence"])


def wait_for_interrupt() -> None:
    import signal

    try:
        signal.pause()
    except KeyboardInterrupt:
        print("Stopped.")


if __name__ == "__main__":
    main()
