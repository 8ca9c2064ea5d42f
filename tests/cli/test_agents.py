"""`paperclerk agents`: a definition goes from a file through a draft to a version, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from paperclerk.agents.definition import parse
from paperclerk.cli.main import app

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
    assert "No file at" in command("agents", "push", str(tmp_path / "none"), "--tenant", "acme", fails=True)
    assert "no tenant" in command("agents", "list", "--tenant", "nobody", fails=True)
    assert "There is no agent" in command("agents", "publish", "x", "--tenant", "acme", fails=True)
    assert "Say which version" in command("agents", "rollback", "x", "--tenant", "acme", fails=True)
