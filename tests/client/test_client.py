"""The official clients, unchanged, in environments of their own, against a real `paperclerk serve`: row by row, as
docs/compatibility.md says it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from tests.client.conformance import (
    CLIENT_PYTHON,
    NODE_MODULES,
    Served,
    cells,
    committed,
    drive,
    serving,
)
from tests.client.rows import CLI, HTTP, NODE, PYTHON


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("documents")) as running:
        yield running


@pytest.mark.timeout(600)
@pytest.mark.parametrize("client", [PYTHON, CLI, HTTP, pytest.param(NODE, marks=pytest.mark.node)])
def test_every_row(client: str, served: Served) -> None:
    if client in (PYTHON, CLI) and not CLIENT_PYTHON.exists():
        pytest.fail("The client is not installed. Run: make .venv-vlmrun/.installed")
    if client == NODE and (shutil.which("node") is None or not NODE_MODULES.exists()):
        pytest.skip("make test-node installs the Node client and runs this")
    outcomes = drive(client, served)
    failures = [f"{o.row}: {o.name}\n{o.failure}" for o in outcomes if o.failure is not None]
    assert not failures, "\n".join(dict.fromkeys(failures))
    assert cells(client, outcomes) == committed(client), "the table is out of date: make compatibility"
