"""The documentation site builds without a warning, loads nothing from elsewhere, and holds what the code says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from paperclerk.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"(?:https?:)?//[^\"]*\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loaded = [tag for tag in _LOADED.findall(page.read_text("utf-8")) if 'rel="canonical"' not in tag]
        assert not loaded, (page, loaded)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?https?:|@import", style.read_text("utf-8")), style


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    def page(name: str) -> str:
        return (site / "reference" / name / "index.html").read_text("utf-8")

    for name in Settings.model_fields:
        assert f"PAPERCLERK_{name.upper()}" in page("settings")
    assert "/v1/document/execute" in page("routes")
    assert "--grounding" in page("command-line") and "paperclerk keys create" in page("command-line")
    assert "too_many_cells" in page("error-codes")
