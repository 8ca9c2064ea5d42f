"""Every ready-made agent is there by name, compiles, and wrong names are answered with near ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

from paperclerk.agents import builtin
from paperclerk.domain.errors import NotFound
from paperclerk.schemas.compile import compile_schema


def test_the_families_are_complete() -> None:
    # Read line by line, so not through the YAML reader that is tested.
    from vlmrun.hub.constants import VLMRUN_HUB_PATH

    catalogs = [VLMRUN_HUB_PATH / "catalog.yaml", VLMRUN_HUB_PATH / "schemas" / "contrib" / "catalog.yaml"]
    lines = [line.strip() for path in catalogs for line in path.read_text().splitlines()]
    domains = {line.removeprefix("- domain:").strip() for line in lines if line.startswith("- domain:")}
    wanted = {d for d in domains if d.split(".")[0] in builtin.FAMILIES}
    assert set(builtin.names()) == wanted | set(builtin.OWN)
    assert len(wanted) >= 24
    assert {n.split(".")[0] for n in builtin.names()} == set(builtin.FAMILIES)


def test_entries_say_what_the_catalogue_says() -> None:
    by_name = {entry.domain: entry for entry in builtin.entries()}
    assert tuple(by_name) == builtin.names()
    invoice = by_name["document.invoice"]
    assert set(invoice.supported_inputs) == {"image", "document"} and "finance" in invoice.tags
    assert all(address.startswith("https://") for entry in by_name.values() for address in entry.sample_data)


@pytest.mark.parametrize("name", builtin.names())
def test_every_agent_can_be_executed(name: str) -> None:
    agent = builtin.lookup(name)
    assert agent.name == agent.domain == name
    assert agent.prompt
    assert agent.description
    field = compile_schema(agent.json_schema)
    assert field.kind == "object"
    assert [c.name for c in field.children] == list(agent.json_schema["properties"])


def test_versions() -> None:
    from importlib.metadata import version

    installed = version("vlmrun-hub")
    agent = builtin.lookup("document.invoice")
    assert agent.version == installed
    for name, wanted in [
        ("document.invoice", installed),
        (f"document.invoice:{installed}", "latest"),
        ("document.invoice:latest", None),
        (" document.invoice ", ""),
    ]:
        assert builtin.lookup(name, wanted) is agent


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("document.invoce", "latest", "Closest: document.invoice"),
        ("invoice", "latest", "Closest: document.invoice"),
        ("Document.Invoice", "latest", "Closest: document.invoice"),
        ("balance sheet", "latest", "finance.balance-sheet"),
        ("", "latest", "such as document.invoice"),
        ("q" * 10_000, "latest", "such as document.invoice"),
        ("document.invoice", "2", "no version '2'"),
        ("document.invoice:2", "latest", "no version '2'"),
    ],
)
def test_unknown_names_and_versions(name: str, version: str, said: str) -> None:
    with pytest.raises(NotFound) as caught:
        builtin.lookup(name, version)
    assert caught.value.code == "unknown_agent"
    assert said in caught.value.message
    assert len(caught.value.message) < 300


def test_the_package_is_imported_late_and_only_in_part() -> None:
    code = (
        "import sys; from paperclerk.agents import builtin\n"
        "early = [m for m in sys.modules if m.startswith(('vlmrun', 'pydantic', 'yaml'))]\n"
        "builtin.lookup('document.receipt')\n"
        "heavy = ('datamodel_code_generator', 'loguru', 'vlmrun.hub.registry')\n"
        "late = [m for m in sys.modules if m.startswith(heavy)]\n"
        "print(early, late)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["[]", "[]"]
