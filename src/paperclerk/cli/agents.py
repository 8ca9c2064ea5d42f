"""`paperclerk agents`: definitions in git, versions in the database. Works beside a running server. Registered by
`cli.main`."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from paperclerk.cli import golden
from paperclerk.cli.exits import exit_codes
from paperclerk.cli.serve import DataDir
from paperclerk.domain.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from paperclerk.agents.definition import Definition
    from paperclerk.storage.agents import Agents, StoredAgent

T = TypeVar("T")

app = typer.Typer(help="Agents of a tenant: push, evaluate, publish, roll back.", no_args_is_help=True)
app.add_typer(golden.app, name="cases")
app.command("eval")(golden.evaluate)

Tenant = Annotated[str, typer.Option(help="Whose agents.")]
Name = Annotated[str, typer.Argument(help="NAME, or NAME:VERSION; a version is a number, latest or draft.")]
File = Annotated[Path, typer.Argument(help="A definition in YAML (docs/agents.md).")]


@app.command("list")
def list_agents(tenant: Tenant, data_dir: DataDir = None) -> None:
    """Lists the agents: name, the version that the name means, when it last changed.

    Example: paperclerk agents list --tenant acme
    """
    with exit_codes():
        for agent in _run(data_dir, tenant, lambda agents: agents.all()):
            typer.echo(f"{agent.name}  {agent.version}  changed {agent.updated_at:%Y-%m-%d}")


@app.command("show")
def show(name: Name, tenant: Tenant, data_dir: DataDir = None) -> None:
    """Prints the definition of a version, and on standard error which versions there are.

    Example: paperclerk agents show team/bill:2 --tenant acme
    """
    with exit_codes():
        base, version = _parts(name)
        stored = _run(data_dir, tenant, lambda agents: _required(agents, base, version))
        versions = _run(data_dir, tenant, lambda agents: agents.versions(base))
        listed = ", ".join(f"{v.version}{' (latest)' if v.is_latest else ''}" for v in versions)
        typer.echo(f"{base}:{stored.version}; published: {listed or 'none'}", err=True)
        typer.echo(_text(stored), nl=False)


@app.command("push")
def push(file: File, tenant: Tenant, data_dir: DataDir = None) -> None:
    """Stores a definition as the draft of its name. Nothing that runs changes.

    Example: paperclerk agents push bill.yaml --tenant acme
    """
    with exit_codes():
        definition = _definition(file)
        _run(
            data_dir, tenant, lambda agents: agents.save_draft(definition.name, _json(definition), now=_now())
        )
        typer.echo(
            f"{definition.name}:draft is stored. `paperclerk agents publish` makes it the next version."
        )


@app.command("pull")
def pull(
    name: Name,
    tenant: Tenant,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Writes the definition of a version to a file; for a ready-made agent, one to start from.

    Example: paperclerk agents pull team/bill --tenant acme -o bill.yaml
    """
    from paperclerk.agents.builtin import lookup
    from paperclerk.agents.definition import definition_of, to_yaml

    with exit_codes():
        base, version = _parts(name)
        stored = _run(data_dir, tenant, lambda agents: agents.get(base, version))
        text = _text(stored) if stored else to_yaml(definition_of(lookup(base, version)))
        if output is None:
            typer.echo(text, nl=False)
        else:
            output.write_text(text, "utf-8")


@app.command("diff")
def diff(file: File, tenant: Tenant, data_dir: DataDir = None) -> None:
    """Shows how a file differs from the version that its name means. Prints nothing when they are equal.

    Example: paperclerk agents diff bill.yaml --tenant acme
    """
    from paperclerk.agents.definition import to_yaml

    with exit_codes():
        definition = _definition(file)
        stored = _run(data_dir, tenant, lambda agents: agents.get(definition.name))
        before = _text(stored) if stored else ""
        label = f"{definition.name}:{stored.version}" if stored else "nothing published"
        lines = difflib.unified_diff(
            before.splitlines(), to_yaml(definition).splitlines(), label, str(file), lineterm=""
        )
        for line in lines:
            typer.echo(line)


@app.command("publish")
def publish(
    name: Annotated[str, typer.Argument(help="The name of an agent that has a draft.")],
    tenant: Tenant,
    force: Annotated[
        bool, typer.Option("--force", help="Publish even what the golden set says is worse.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Makes the draft the next version, and what the name means.

    An agent that has a golden set refuses a draft that gets more of it wrong than the published version.

    Example: paperclerk agents publish team/bill --tenant acme
    """
    with exit_codes():
        base = _parts(name)[0]
        _run(data_dir, tenant, lambda agents: _resolvable(agents, base))
        objection = None if force else golden.run(data_dir, tenant, lambda at: at.objection(base))
        if objection:
            raise InvalidRequest(
                f"{objection} `paperclerk agents eval {base}:draft` shows them; --force publishes it all the same.",
                code="draft_is_worse",
            )
        stored = _run(data_dir, tenant, lambda agents: agents.publish_draft(base, now=_now()))
        typer.echo(f"{stored.name}:{stored.version} is published.")


@app.command("rollback")
def rollback(name: Name, tenant: Tenant, data_dir: DataDir = None) -> None:
    """Lets a name mean an earlier version; the later ones stay and can be named.

    Example: paperclerk agents rollback team/bill:1 --tenant acme
    """
    with exit_codes():
        base, version = _parts(name)
        if ":" not in name:
            raise InvalidRequest("Say which version: NAME:VERSION. `paperclerk agents show NAME` lists them.")
        stored = _run(data_dir, tenant, lambda agents: agents.point(base, version, now=_now()))
        typer.echo(f"{stored.name} means version {stored.version} now.")


def _run(data_dir: Path | None, tenant: str, work: Callable[[Agents], Awaitable[T]]) -> T:
    """Runs `work` on the tenant's agents in one transaction. Raises NotFound when there is no such tenant."""
    from paperclerk.settings import load_settings

    return asyncio.run(_transaction(load_settings(data_dir=data_dir), tenant, work))


async def _transaction(settings: Any, tenant: str, work: Callable[[Agents], Awaitable[T]]) -> T:
    from paperclerk.bootstrap import open_database
    from paperclerk.storage.agents import Agents
    from paperclerk.storage.keys import Keys

    async with open_database(settings) as database, database.write() as connection:
        found = await Keys(connection).tenant(tenant)
        if found is None:
            raise NotFound(f"There is no tenant {tenant!r}. `paperclerk keys create` makes one.")
        return await work(Agents(connection, found.id))


async def _required(agents: Agents, name: str, version: str) -> StoredAgent:
    found = await agents.get(name, version)
    if found is None:
        hint = " `paperclerk agents push` stores one." if version == "draft" else ""
        raise NotFound(f"There is no agent {name!r} with a version {version!r}.{hint}", code="unknown_agent")
    return found


async def _resolvable(agents: Agents, name: str) -> None:
    """Raises NotFound when the draft, or an agent that it routes to, is not there."""
    from paperclerk.jobs.requested import resolved

    await resolved(await _required(agents, name, "draft"), agents)


def _parts(name: str) -> tuple[str, str]:
    base, _, version = name.partition(":")
    return base, version or "latest"


def _definition(file: Path) -> Definition:
    from paperclerk.agents.definition import read

    return read(file)


def _json(definition: Definition) -> dict[str, Any]:
    from paperclerk.agents.definition import to_json

    return to_json(definition)


def _text(stored: StoredAgent) -> str:
    from paperclerk.agents.definition import from_json, to_yaml

    return to_yaml(from_json(stored.definition))


def _now() -> datetime:
    return datetime.now(UTC)
