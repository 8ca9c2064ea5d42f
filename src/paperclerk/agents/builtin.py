"""The ready-made agents, by name: the document domains of the `vlmrun-hub` package and our own. Called by
`extraction`, `api` and `cli`. The package is data here (a catalog and pydantic models): nothing is imported
before the first look-up, then only the catalog and the model asked for, and nothing is ever fetched.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from paperclerk.agents import inferred, layout, markdown, redaction
from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import NotFound

FAMILIES = ("document", "accounting", "healthcare", "finance", "real-estate", "logistics", "food")
LATEST = "latest"
OWN: Mapping[str, Agent] = {
    module.AGENT.name: module.AGENT for module in (markdown, layout, inferred, redaction)
}
OLDER: Mapping[str, str] = dict.fromkeys(redaction.OLDER_NAMES, redaction.NAME)


def names() -> tuple[str, ...]:
    """The names of all ready-made agents, sorted."""
    return tuple(sorted({*_catalog(), *OWN}))


@dataclass(frozen=True)
class Entry:
    """What a catalogue says of a ready-made agent. `sample_data` are addresses, which nothing here follows."""

    domain: str
    description: str
    supported_inputs: tuple[str, ...] = ("document", "image")
    tags: tuple[str, ...] = ()
    sample_data: tuple[str, ...] = ()


def entries() -> tuple[Entry, ...]:
    """All ready-made agents, by name."""
    return tuple(
        Entry(name, OWN[name].description) if name in OWN else _entry(_catalog()[name]) for name in names()
    )


def lookup(name: str, version: str | None = LATEST) -> Agent:
    """The ready-made agent of that name; `name:version` is read too.

    Every agent has one version (that of the installed vlmrun-hub package, where it comes from there), and
    `latest` is that one.
    Raises NotFound (`unknown_agent`) with the closest names, or with the version that there is.
    """
    base, _, suffix = name.strip().partition(":")
    base = OLDER.get(base, base)
    wanted = version if version not in (None, "", LATEST) else suffix or LATEST
    if base not in OWN and base not in _catalog():
        raise NotFound(_unknown_name(base), code="unknown_agent")
    agent = OWN.get(base) or _agent(base)
    if wanted not in (LATEST, agent.version):
        raise NotFound(
            f"The agent {base!r} has no version {wanted[:50]!r}. It has {agent.version!r}, which is also 'latest'.",
            code="unknown_agent",
        )
    return agent


def catalog_version() -> str:
    """The version of the installed vlmrun-hub package."""
    from vlmrun.hub.version import __version__

    return str(__version__)


@cache
def _catalog() -> Mapping[str, Mapping[str, Any]]:
    """What the package's catalogs say about each domain of our families."""
    import yaml
    from vlmrun.hub.constants import VLMRUN_HUB_CATALOG_PATH, VLMRUN_HUB_CONTRIB_CATALOG_PATH

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries: dict[str, Mapping[str, Any]] = {}
    for path in (VLMRUN_HUB_CATALOG_PATH, VLMRUN_HUB_CONTRIB_CATALOG_PATH):
        text = Path(path).read_text(encoding="utf-8")
        catalog = yaml.load(text, Loader=loader)  # type: ignore[no-untyped-call]  # noqa: S506 - a safe loader
        for entry in catalog["schemas"]:
            if entry["domain"].split(".")[0] in FAMILIES:
                entries[entry["domain"]] = entry
    return entries


def _entry(said: Mapping[str, Any]) -> Entry:
    about, samples = said.get("metadata") or {}, said.get("sample_data") or ()
    return Entry(
        domain=said["domain"],
        description=said.get("description") or "",
        supported_inputs=tuple(about.get("supported_inputs") or Entry.supported_inputs),
        tags=tuple(about.get("tags") or ()),
        sample_data=(samples,) if isinstance(samples, str) else tuple(samples),
    )


@cache
def _agent(domain: str) -> Agent:
    # Not through the package's own registry, which imports every model and a logging library besides.
    entry = _catalog()[domain]
    module, _, model = entry["schema"].rpartition(".")
    return Agent(
        name=domain,
        version=catalog_version(),
        json_schema=getattr(importlib.import_module(module), model).model_json_schema(),
        prompt=entry.get("prompt") or "",
        description=entry.get("description") or "",
        domain=domain,
    )


def _unknown_name(name: str) -> str:
    from rapidfuzz import process

    shown = name[:100]
    close = [match for match, _, _ in process.extract(shown, names(), limit=3, score_cutoff=60)]
    hint = (
        f"Closest: {', '.join(close)}." if close else f"There are {len(names())}, such as document.invoice."
    )
    return f"There is no agent {shown!r}. {hint}"
