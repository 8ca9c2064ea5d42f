"""The official Python client, unchanged, in an environment of its own, against a real `paperclerk serve`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.documents_made import make_pdf, make_png
from tests.markdown.documents import COSTS, HARVEST, PROSE, report

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-vlmrun" / "bin" / "python"
DRIVER = Path(__file__).with_name("drive.py")
PAPERCLERK = [sys.executable, "-m", "paperclerk"]
LARGE_BYTES = 33 * 1024 * 1024


@dataclass(frozen=True)
class Served:
    url: str
    key: str
    folder: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not PYTHON.exists():
        pytest.fail("The client is not installed. Run: make .venv-vlmrun/.installed")
    data, folder = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("documents")
    (folder / "invoice.pdf").write_bytes(make_pdf(1))
    (folder / "report.pdf").write_bytes(report())
    (folder / "small.pdf").write_bytes(make_pdf(2))
    (folder / "large.pdf").write_bytes(make_pdf(3).ljust(LARGE_BYTES, b"\n"))
    (folder / "scan.png").write_bytes(make_png())
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF follows")
    made = subprocess.run(
        [*PAPERCLERK, "keys", "create", "--tenant", "acme", "--data-dir", str(data)],
        check=True,
        capture_output=True,
        text=True,
    )
    command = [*PAPERCLERK, "serve", "--port", "0", "--data-dir", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            url = next(word for word in line.split() if word.startswith("http://"))
            yield Served(f"{url}/v1", made.stdout.split()[-1], folder)
        finally:
            process.terminate()
            process.wait(40)


@pytest.fixture
def drive(served: Served) -> Callable[..., Any]:
    def run(scenario: str, key: str | None = None) -> Any:
        done = subprocess.run(
            [
                str(PYTHON),
                str(ROOT / "tests/client/drive.py"),
                scenario,
                served.url,
                key or served.key,
                str(served.folder),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
            env={k: v for k, v in os.environ.items() if not k.startswith(("VLMRUN_", "PYTHON"))},
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("OUTCOME ")]
        assert lines, done.stderr[-3000:]
        return json.loads(lines[-1].removeprefix("OUTCOME "))

    return run


def test_construct(drive: Callable[..., Any]) -> None:
    assert drive("construct") == {"healthy": True}


def test_a_bad_key(drive: Callable[..., Any], served: Served) -> None:
    wrong = served.key[:-1] + ("a" if served.key[-1] != "a" else "b")
    for key in (wrong, "nonsense"):
        error = drive("bad_key", key)
        assert error["class"] == "AuthenticationError" and error["message"] == "Invalid API key"


def test_upload_and_the_md5_hit(drive: Callable[..., Any], served: Served) -> None:
    outcome = drive("upload")
    first, again, forced = outcome["ids"]
    assert first == again and forced != first
    assert outcome["bytes"] == (served.folder / "invoice.pdf").stat().st_size
    assert outcome["listed"] == [forced, first] and outcome["deleted"] == forced
    assert outcome["got"] == "invoice.pdf"


def test_presigned_upload_over_32_mib(drive: Callable[..., Any], served: Served) -> None:
    outcome = drive("presigned")
    assert outcome["bytes"] == [LARGE_BYTES, (served.folder / "small.pdf").stat().st_size]
    assert outcome["again"] is True and outcome["filename"] == "large.pdf"


def test_execute_by_file_and_by_id(drive: Callable[..., Any]) -> None:
    outcome = drive("execute")
    for prediction in outcome.values():
        assert prediction["status"] == "completed" and prediction["domain"] == "document.invoice"
        assert prediction["response"]["invoice_id"] == "R-2041"
        assert prediction["usage"]["elements_processed"] == 1
    grounded = outcome["by_id"]["response"]["invoice_id_metadata"]
    assert grounded["bboxes"][0]["content"] == "R-2041"


def test_generate_with_autocast(drive: Callable[..., Any]) -> None:
    outcome = drive("generate")
    assert outcome["is_model"] and outcome["type"] == "Invoice"
    assert outcome["invoice_id"] == "R-2041" and outcome["domain"] == "document.invoice"
    assert outcome["own"] == {"invoice_number": "R-2041", "total": 118.5}
    assert outcome["own_cast"] == "Bill"


def test_wait_get_and_list(drive: Callable[..., Any]) -> None:
    outcome = drive("wait")
    assert outcome["started"] in ("enqueued", "pending", "running")
    assert outcome["done"]["status"] == "completed" and outcome["got"] == outcome["done"]
    assert outcome["done"]["id"] in outcome["listed"] and outcome["aware"]


def test_images(drive: Callable[..., Any]) -> None:
    outcome = drive("images")
    assert outcome["status"] == "completed" and outcome["usage"]["element_type"] == "image"


def test_markdown_is_cast_to_the_clients_document(drive: Callable[..., Any]) -> None:
    outcome = drive("markdown")
    assert outcome["type"] == "MarkdownDocument" and outcome["pages"] == 3
    assert outcome["text"].startswith("# Report of the year\n\n## Weather and harvest\n\n" + PROSE)
    assert "| North | 12.5 | 1,250 | 41 % |" in outcome["text"]
    assert (
        outcome["text"].count("---PAGE BREAK---") == 2
        and "<Table id" not in outcome["text"].split("Not a")[0]
    )
    assert outcome["names"] == [list(HARVEST[0]), list(COSTS[0])]
    assert [list(row.values()) for row in outcome["data"][1]] == [list(row) for row in COSTS[1:]]
    assert outcome["figures"] == ["Figure 1: the plots as seen from the mill"]


def test_a_schema_is_inferred_at_once(drive: Callable[..., Any]) -> None:
    outcome = drive("infer")
    assert outcome["type"] == "SchemaResponse"
    assert re.fullmatch(r"custom\.document\.\w+-\d{8}", outcome["domain"])
    assert outcome["fields"] == [["invoice_number", "total"]] * 2
    assert outcome["read"] == {"invoice_number": "R-2041", "total": 118.5}


def test_agents(drive: Callable[..., Any]) -> None:
    outcome = drive("agents")
    assert outcome["made"]["name"] == "client/bill"
    for info in outcome["got"]:
        assert info["id"] == outcome["made"]["id"] and info["prompt"] == "Read the bill."
        assert info["json_schema"]["title"] == "Bill"
    assert {"client/bill", "document.invoice"} <= set(outcome["listed"])
    done = outcome["done"]
    assert outcome["started"] in ("enqueued", "pending", "running") and done["status"] == "completed"
    assert done["response"] == outcome["by_document"] == {"invoice_number": "R-2041", "total": 118.5}
    assert done["name"] == "client/bill" and done["id"] in outcome["executions"]
    assert outcome["type"] == "Bill" and outcome["invented"].startswith("agent-")
    assert outcome["unknown"]["class"] == "ResourceNotFoundError"
    assert outcome["no_document"]["type"] == "missing_document"


def test_feedback(drive: Callable[..., Any]) -> None:
    outcome = drive("feedback")
    assert outcome["same"] and outcome["items"] == [[True, {"invoice_id": "R-2042"}, "a misread digit"]]
    assert outcome["unknown"]["class"] == "ResourceNotFoundError"


def test_hub(drive: Callable[..., Any]) -> None:
    outcome = drive("hub")
    assert outcome["version"].count(".") == 2 and "document.receipt" in outcome["domains"]
    assert outcome["schema"].isidentifier()
    assert "status=404, type=unknown_agent" in outcome["unknown"]["message"]


def test_catalog(drive: Callable[..., Any]) -> None:
    outcome = drive("catalog")
    assert outcome["domains"] == outcome["models"] > 20 and outcome["type"].isidentifier()


def test_error_classes(drive: Callable[..., Any]) -> None:
    outcome = drive("errors")
    classes = {name: (error["class"], error["status"], error["type"]) for name, error in outcome.items()}
    assert classes == {
        "unknown_agent": ("ResourceNotFoundError", 404, "unknown_agent"),
        "bad_schema": ("ValidationError", 400, "invalid_schema"),
        "missing_file": ("ResourceNotFoundError", 404, "file_not_found"),
        "missing_prediction": ("ResourceNotFoundError", 404, "prediction_not_found"),
        "not_supported": ("ValidationError", 400, "not_supported"),
        "empty_file": ("ValidationError", 400, "empty_file"),
        "unreadable": ("ValidationError", 400, "invalid_document"),
    }
    assert all(len(error["message"]) > 10 for error in outcome.values())
