"""Every code block of the documentation runs, or says above itself why it does not.

Python blocks run in this process, shell blocks with `bash -e`; both in one folder with the samples and the files that
the pages speak of, beside one server whose address and key take the place of port 8000 and `$KEY`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.api.conftest import serving
from tests.documents_made import make_pdf

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = "Not run by the tests"
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SHOWN = {"text", "js", "yaml", "json"}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, what it says and the paragraph above it."""

    place: str
    language: str
    code: str
    above: str

    @property
    def is_excused(self) -> bool:
        return NOT_RUN in self.above


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in _FENCE.finditer(text):
            line = text[: match.start()].count("\n") + 2
            above = text[: match.start()].rstrip("\n").rpartition("\n\n")[2]
            code = "\n".join(row.removeprefix(match[1]) for row in match[3].splitlines())
            yield Block(f"{page.relative_to(ROOT)}:{line}", match[2], code, above)


BLOCKS = list(blocks())
RUN = [block for block in BLOCKS if block.language in ("python", "sh") and not block.is_excused]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder to run in; the environment names the server."""
    folder = tmp_path_factory.mktemp("blocks")
    for name in ("samples", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "invoice.pdf").write_bytes(make_pdf(1))
    (folder / "my-schema.json").write_text('{"type": "object", "properties": {"total": {"type": "number"}}}')
    agent = next(b.code for b in BLOCKS if b.language == "yaml" and b.place.startswith("docs/agents.md"))
    (folder / "supplier-invoice.yaml").write_text(agent)
    with serving(folder / "data") as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEY", running.key())
        patch.setenv("BASE", running.url)
        patch.setenv("PAPERCLERK_DATA_DIR", str(folder / "data"))
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.chdir(folder)
        yield folder


@pytest.mark.timeout(300)
@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_a_block_runs(block: Block, folder: Path) -> None:
    code = block.code.replace("http://127.0.0.1:8000", os.environ["BASE"])
    if block.language == "python":
        exec(compile(code, block.place, "exec"), {"__name__": block.place})
        return
    command = ["bash", "-euo", "pipefail", "-c", code]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{block.place}\n{run.stdout[-1000:]}\n{run.stderr[-2000:]}"


def test_what_is_shown_only_is_well_formed() -> None:
    for block in BLOCKS:
        assert block.language in _SHOWN | {"python", "sh", ""}, block.place
        if block.language == "yaml":
            yaml.safe_load(block.code)
        elif block.language == "json" and not block.is_excused:
            json.loads(block.code)


def test_an_excuse_gives_a_reason() -> None:
    for block in BLOCKS:
        if block.is_excused:
            assert re.search(NOT_RUN + r"[^:(]*[:(].{20,}", block.above, re.DOTALL), block.place
        if block.language == "js":
            assert block.is_excused, block.place
