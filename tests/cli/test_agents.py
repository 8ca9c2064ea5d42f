"""`paperclerk agents`: a definition goes from a file through a draft to a version, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.documents_made import make_pdf
from typer.testing import CliRunner

from paperclerk import execute
from paperclerk.agents.definition import parse
from paperclerk.cli.main import app
from paperclerk.domain.errors import InvalidRequest
from paperclerk.evaluation.cases import load_cases
from paperclerk.security.plans import load_plans

FIRST = "name: team/bill\nprompt: Read it.\nschema: {type: object, properties: {total: {type: number}}}\n"
SECOND = FIRST.replace("total", "net")


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., str]:
    def run(*words: str, fails: bool = False) -> str:
        folder = ["--data-dir", str(tmp_path / "data")]
        done = CliRunner().invoke(app, [*words, *folder])
        assert (done.exit_code != 0) == fails, done.output
        return done.output if fails else done.stdout

    run("keys", "create", "--tenant", "acme")
    return run


def test_from_a_file_to_a_version_and_back(command: Callable[..., str], tmp_path: Path) -> None:
    file, tenant = tmp_path / "bill.yaml", ("--tenant", "acme")
    file.write_text(FIRST)
    assert command("agents", "list", *tenant) == ""
    assert "+name: team/bill" in command("agents", "diff", str(file), *tenant)
    command("agents", "push", str(file), *tenant)
    assert command("agents", "list", *tenant).startswith("team/bill  draft")
    assert "team/bill:1 is published" in command("agents", "publish", "team/bill", *tenant)
    assert command("agents", "diff", str(file), *tenant) == ""

    file.write_text(SECOND)
    changed = command("agents", "diff", str(file), *tenant)
    assert "-    total:" in changed and "+    net:" in changed
    command("agents", "push", str(file), *tenant)
    assert parse(command("agents", "show", "team/bill", *tenant)) == parse(FIRST), "a draft runs nowhere"
    command("agents", "publish", "team/bill", *tenant)
    out = tmp_path / "pulled.yaml"
    command("agents", "pull", "team/bill", "-o", str(out), *tenant)
    assert parse(out.read_text()) == parse(SECOND)

    assert "means version 1" in command("agents", "rollback", "team/bill:1", *tenant)
    assert parse(command("agents", "show", "team/bill", *tenant)) == parse(FIRST)
    assert parse(command("agents", "show", "team/bill:2", *tenant)) == parse(SECOND)


def test_a_ready_made_agent_is_pulled_as_a_start(command: Callable[..., str]) -> None:
    definition = parse(command("agents", "pull", "document.invoice", "--tenant", "acme"))
    assert definition.name == "document.invoice" and "invoice_id" in definition.schema["properties"]


def test_what_is_wrong_is_told(command: Callable[..., str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: a b\nschema: {}\n")
    assert "is no name" in command("agents", "push", str(bad), "--tenant", "acme", fails=True)
    bad.write_bytes(b"%PDF-1.4\x93")
    assert "no text that can be read" in command("agents", "push", str(bad), "--tenant", "acme", fails=True)
    with pytest.raises(InvalidRequest, match="a JSON Schema is given as such"):
        execute(b"", agent=str(Path(__file__)))
    with pytest.raises(InvalidRequest, match="not JSON"):
        load_cases(bad)
    with pytest.raises(InvalidRequest, match="not YAML"):
        load_plans(bad)
    assert "No file at" in command("agents", "push", str(tmp_path / "none"), "--tenant", "acme", fails=True)
    assert "no tenant" in command("agents", "list", "--tenant", "nobody", fails=True)
    assert "There is no agent" in command("agents", "publish", "x", "--tenant", "acme", fails=True)
    assert "Say which version" in command("agents", "rollback", "x", "--tenant", "acme", fails=True)


READS_BOTH = """
name: team/bill
schema:
  type: object
  properties: {invoice_number: {type: string}, total: {type: number}}
"""
READS_ONE = READS_BOTH.replace("total: {type: number}", "total: {type: number, const: 0}")
CASES: list[dict[str, Any]] = [
    {"id": "one", "file": "one.pdf", "truth": {"invoice_number": "R-2041", "total": 118.5}},
    {
        "id": "two",
        "file": "two.pdf",
        "truth": {"invoice_number": "R-2041"},
        "match": {"invoice_number": "id"},
    },
]


@pytest.fixture
def golden(command: Callable[..., str], tmp_path: Path) -> Path:
    """An agent with a published version, and its golden set."""
    file = tmp_path / "bill.yaml"
    file.write_text(READS_BOTH)
    command("agents", "push", str(file), "--tenant", "acme")
    command("agents", "publish", "team/bill", "--tenant", "acme")
    for case in CASES:
        (tmp_path / case["file"]).write_bytes(make_pdf(1))
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES))
    added = command("agents", "cases", "add", "team/bill", str(tmp_path / "cases.jsonl"), "--tenant", "acme")
    assert "2 cases" in added
    return file


def test_a_worse_draft_is_not_published(command: Callable[..., str], golden: Path) -> None:
    tenant = ("--tenant", "acme")
    golden.write_text(READS_ONE)
    command("agents", "push", str(golden), *tenant)
    judged = command("agents", "eval", "team/bill:draft", *tenant, fails=True)
    assert "total\t1\t0\t1" in judged and "all\t3\t0\t1" in judged, judged
    assert "worse: one total:" in judged and "right is 118.5" in judged
    refused = command("agents", "publish", "team/bill", *tenant, fails=True)
    assert "gets 1 values wrong where the published version gets 0" in refused and "--force" in refused
    assert parse(command("agents", "show", "team/bill", *tenant)) == parse(READS_BOTH)
    assert "team/bill:2 is published" in command("agents", "publish", "team/bill", "--force", *tenant)

    golden.write_text(READS_BOTH)
    command("agents", "push", str(golden), *tenant)
    assert "better: one total: 118.5" in command("agents", "eval", "team/bill", *tenant)
    command("agents", "eval", "team/bill:2", "--against", "1", *tenant, fails=True)
    assert "team/bill:3 is published" in command("agents", "publish", "team/bill", *tenant)


def test_a_golden_set_is_its_tenants(command: Callable[..., str], golden: Path, tmp_path: Path) -> None:
    tenant = ("--tenant", "acme")
    assert command("agents", "cases", "list", "team/bill", *tenant) == "one  2 fields\ntwo  1 fields\n"
    command("keys", "create", "--tenant", "globex")
    assert "no agent" in command("agents", "cases", "list", "team/bill", "--tenant", "globex", fails=True)
    command("agents", "push", str(golden), "--tenant", "globex")
    assert command("agents", "cases", "list", "team/bill", "--tenant", "globex") == ""
    assert "no golden set" in command("agents", "eval", "team/bill", "--tenant", "globex", fails=True)

    kept = list((tmp_path / "data" / "blobs").rglob("content/*/*"))
    assert len(kept) == 1, "the same document twice"
    command("agents", "cases", "remove", "team/bill", "one", *tenant)
    assert kept[0].exists()
    command("agents", "cases", "remove", "team/bill", "two", *tenant)
    assert not kept[0].exists(), "the last one that referred to it is gone"
    assert "no case" in command("agents", "cases", "remove", "team/bill", "one", *tenant, fails=True)


def test_a_draft_that_leads_nowhere_is_not_published(command: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "packet.yaml"
    file.write_text("name: p\nsteps: [split, {classify: [a]}, {route: {a: team/none}}, extract]\n")
    command("agents", "push", str(file), "--tenant", "acme")
    assert "team/none" in command("agents", "publish", "p", "--tenant", "acme", fails=True)
