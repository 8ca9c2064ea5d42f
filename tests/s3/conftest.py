"""An S3-compatible server that verifies signatures: nanio, which `make test-s3` installs beside everything else."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

NANIO = Path(__file__).parents[2] / ".venv-s3" / "bin" / "nanio"
BUCKET = "clerk"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The server's folder; its address and keys are in the environment, as an operator sets them."""
    if not NANIO.exists():
        pytest.skip("make test-s3 installs the server")
    folder = tmp_path_factory.mktemp("s3")
    (folder / BUCKET).mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key, secret = secrets.token_hex(8), secrets.token_hex(16)
    process = subprocess.Popen(
        [NANIO, "serve", "--data-dir", folder, "--host", "127.0.0.1", "--port", str(port), "--no-access-log"],
        env={**os.environ, "NANIO_ACCESS_KEY": key, "NANIO_SECRET_KEY": secret},
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
        }.items():
            patch.setenv(name, value)
        try:
            _wait_for(process, f"http://127.0.0.1:{port}/")
            yield folder
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            httpx.get(url)
        except httpx.HTTPError:
            assert process.poll() is None and time.monotonic() < end, "the S3 server did not start"
            time.sleep(0.1)
        else:
            return
