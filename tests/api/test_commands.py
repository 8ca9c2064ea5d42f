"""`paperclerk serve`, `keys` and `doctor` as a user meets them: real processes, their output, their exit codes."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import sqlalchemy as sa
from tests.documents_made import make_pdf
from tests.jobs.test_control import make_scan

from paperclerk.durable import DurableClient

PAPERCLERK = [sys.executable, "-m", "paperclerk"]


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PAPERCLERK, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **environment},
    )


@contextmanager
def started(folder: Path, log: Path, *, port: str = "0") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and the address it printed; its log goes to `log`."""
    with log.open("w") as err:
        command = [*PAPERCLERK, "serve", "--port", port, "--data-dir", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True) as process:
            assert process.stdout
            try:
                line = process.stdout.readline()
                found = re.search(r"http://[\w.:\[\]-]+:\d+", line)
                assert found, log.read_text()
                yield process, found.group()
            finally:
                process.terminate()
                process.wait(40)


def make_key(folder: Path, tenant: str = "acme") -> str:
    made = call("keys", "create", "--tenant", tenant, "--data-dir", str(folder))
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


def test_the_first_start_makes_no_key_but_says_how(tmp_path: Path) -> None:
    with started(tmp_path / "data", tmp_path / "log") as (process, address):
        assert httpx.get(f"{address}/v1/health").status_code == 200
        assert process.stdout
        advice = process.stdout.readline() + process.stdout.readline()
        assert "paperclerk keys create --tenant NAME --data-dir" in advice
        assert httpx.get(f"{address}/v1/files").status_code == 401
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "signing.key").stat().st_mode & 0o077 == 0


def test_a_stopped_server_leaves_no_process_and_gives_its_jobs_back(tmp_path: Path) -> None:
    with started(tmp_path / "data", tmp_path / "log") as (process, address):
        headers = {"Authorization": f"Bearer {make_key(tmp_path / 'data')}"}
        url = "data:application/pdf;base64," + base64.b64encode(make_pdf(1)).decode()
        body = {"name": "document.invoice", "url": url, "batch": False}
        done = httpx.post(f"{address}/v1/document/execute", json=body, headers=headers, timeout=60)
        assert done.json()["status"] == "completed"
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        scan = "data:application/pdf;base64," + base64.b64encode(make_scan(30)).decode()
        body = {"name": "document.invoice", "url": scan, "id": "long"}
        assert httpx.post(f"{address}/v1/document/execute", json=body, headers=headers).status_code == 201
        predictions = f"{address}/v1/predictions/long"
        end = time.monotonic() + 60
        while httpx.get(predictions, headers=headers).json()["status"] != "running":
            assert time.monotonic() < end
            time.sleep(0.1)
        stopped = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        assert time.monotonic() - stopped < 30
        psutil.wait_procs(family, timeout=10)
        assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    client = DurableClient(sa.make_url(f"sqlite:///{tmp_path / 'data' / 'paperclerk.sqlite'}"))
    assert client.claims() == [], "nobody holds it"
    client.close()


def test_a_worker_ends_though_a_thread_of_a_job_does_not(tmp_path: Path) -> None:
    program = """
import threading
from paperclerk.jobs import worker

async def run(parts, channel):
    threading.Thread(target=threading.Event().wait).start()

worker.run_worker = run
from paperclerk.cli.main import main
main()
"""
    command = [sys.executable, "-c", program, "worker", "--data-dir", str(tmp_path / "data")]
    subprocess.run(command, check=True, timeout=60)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = call("serve", "--port", port, "--data-dir", str(tmp_path))
    assert refused.returncode == 4 and "--port" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAPERCLERK_PORT", "eighty"),
        ("PAPERCLERK_DATABASE_URL", "mysql://localhost/x"),
        ("PAPERCLERK_PLANS_FILE", "/nowhere/plans.yaml"),
        ("PAPERCLERK_ALLOW_PRIVATE_ADDRESSES", "ten dot zero"),
        ("PAPERCLERK_SIGNING_SECRET", "short"),
        ("PAPERCLERK_DATA_DIR", "/proc/nowhere"),
        ("PAPERCLERK_DATABASE_URL", "sqlite:////proc/version"),
        ("PAPERCLERK_BLOBS_URL", "blobs"),
        ("PAPERCLERK_MODELS_FILE", "/nowhere/models.yaml"),
    ],
)
def test_a_wrong_setting_is_said_in_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    place = {"PAPERCLERK_DATA_DIR": str(tmp_path), "PAPERCLERK_PORT": "0"}
    refused = call("serve", **(place | {name: value}))
    assert refused.returncode not in (0, -9) and refused.stderr.strip()
    assert "Traceback" not in refused.stderr, refused.stderr


def test_doctor(tmp_path: Path) -> None:
    well = call("doctor", "--data-dir", str(tmp_path / "data"), PAPERCLERK_PORT="0")
    assert well.returncode == 0, well.stdout
    assert "paperclerk keys create" in well.stdout and "FAIL" not in well.stdout
    assert "reading: a child process read a test picture by OCR" in well.stdout
    assert re.search(r"protections: \d+ of \d+ are active", well.stdout)
    (tmp_path / "file").write_text("not a folder")
    ill = call(
        "doctor",
        "--data-dir",
        str(tmp_path / "file"),
        PAPERCLERK_PLANS_FILE=str(tmp_path / "none.yaml"),
        PAPERCLERK_DATADIR="x",
    )
    assert "PAPERCLERK_DATADIR is set, and is no setting\n      Closest: PAPERCLERK_DATA_DIR." in ill.stdout
    assert ill.returncode == 1
    assert ill.stdout.count("FAIL") >= 2 and "Traceback" not in ill.stdout + ill.stderr


def test_help_is_quick_and_complete() -> None:
    shown = call("--help")
    for command in ("run", "serve", "keys", "doctor", "eval"):
        assert command in shown.stdout
    probe = "import sys, paperclerk.cli.main; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout
    for heavy in ("fastapi", "sqlalchemy", "pydantic", "numpy", "onnxruntime", "uvicorn", "yaml"):
        assert f"'{heavy}'" not in loaded


def test_no_secret_reaches_the_log(tmp_path: Path) -> None:
    """Keys, queries, names, texts and prompts, through success and failure."""
    canaries = {name: f"canary{name}q7x" for name in ("user", "query", "prompt", "name", "meta", "path")}
    log = tmp_path / "log"
    with started(tmp_path / "data", log) as (_, address):
        key = make_key(tmp_path / "data")
        with httpx.Client(
            base_url=f"{address}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60
        ) as client:
            file = client.post("/files", files={"file": (canaries["name"], make_pdf(1))}).json()
            assert httpx.get(file["public_url"]).status_code == 200
            assert httpx.get(file["public_url"] + "x").status_code == 403
            body = {
                "file_id": file["id"],
                "batch": False,
                "config": {"prompt": canaries["prompt"], "json_schema": {"type": "object", "properties": {}}},
                "metadata": {"note": canaries["meta"]},
            }
            assert client.post("/document/generate", json=body).status_code == 201
            secret_url = (
                f"http://{canaries['user']}:pw@127.0.0.1:9/{canaries['path']}?token={canaries['query']}"
            )
            for url in (secret_url, secret_url.replace(f"{canaries['user']}:pw@", "")):
                refused = client.post("/document/generate", json={**body, "file_id": None, "url": url})
                assert refused.status_code == 400
            hooked = {**body, "callback_url": secret_url}
            client.post("/document/generate", json=hooked)
            client.get("/predictions", params={"metadata.note": canaries["query"]})
            client.post(
                "/document/execute", content=canaries["prompt"], headers={"Content-Type": "application/json"}
            )
            wrong = httpx.get(f"{address}/v1/files", headers={"Authorization": f"Bearer {key[:-1]}"})
            assert wrong.status_code == 401
    text = log.read_text()
    assert "/v1/document/generate" in text, "the log is written"
    signature = file["public_url"].partition("signature=")[2]
    for secret in (*canaries.values(), key, key.split("_")[2][:20], signature, "R-2041"):
        assert secret not in text, f"{secret} in the log"
