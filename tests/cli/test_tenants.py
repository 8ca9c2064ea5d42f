"""`paperclerk tenants`: for how long each one's data is kept."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from paperclerk.cli.main import app


def test_tenants_are_listed_with_what_was_set(tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path / "data")])
        return done.exit_code, done.output

    run("keys", "create", "--tenant", "acme")
    run("keys", "create", "--tenant", "globex")
    assert run("tenants", "keep", "acme", "--results-days", "30", "--files-days", "0")[0] == 0
    assert run("tenants", "list") == (
        0,
        "acme  results 30 days  files for ever\n"
        "globex  results as the server is set  files as the server is set\n",
    )
    run("tenants", "keep", "acme")
    assert run("tenants", "list")[1].startswith("acme  results as the server is set  files as the server")
    code, said = run("tenants", "keep", "nobody", "--files-days", "1")
    assert code != 0 and "paperclerk tenants list" in said
    assert run("tenants", "keep", "acme", "--files-days", "-1")[0] != 0
