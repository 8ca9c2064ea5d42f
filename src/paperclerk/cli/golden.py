"""`paperclerk agents cases` and `agents eval`: the golden set of an agent, and the gate before publishing. Called by
`cli.agents`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.cli.serve import DataDir
from paperclerk.domain.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paperclerk.domain.agent import Agent
    from paperclerk.evaluation.versions import Comparison
    from paperclerk.settings import Settings
    from paperclerk.storage.agents import StoredAgent
    from paperclerk.storage.contents import Contents
    from paperclerk.storage.database import Database

T = TypeVar("T")

app = typer.Typer(help="The golden set of an agent: documents with what is right.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option(help="Whose agents.")]
AgentName = Annotated[str, typer.Argument(help="The name of an agent.")]


@app.command("list")
def list_cases(name: AgentName, tenant: Tenant, data_dir: DataDir = None) -> None:
    """Lists the cases of an agent.

    Example: paperclerk agents cases list team/bill --tenant acme
    """
    with exit_codes():

        async def work(at: Store) -> None:
            for case in await at.cases(name):
                typer.echo(f"{case.id}  {len(case.truth) if isinstance(case.truth, dict) else 1} fields")

        run(data_dir, tenant, work)


@app.command("add")
def add(
    name: AgentName,
    cases: Annotated[Path, typer.Argument(help="Labelled cases as `paperclerk eval` reads them.")],
    tenant: Tenant,
    data_dir: DataDir = None,
) -> None:
    """Adds labelled cases and their documents; a case of an id that is there is replaced.

    Example: paperclerk agents cases add team/bill cases.jsonl --tenant acme
    """
    from paperclerk.evaluation.cases import load_cases

    with exit_codes():
        labelled = load_cases(cases, needed=("id", "file", "truth"))
        missing = [case["file"] for case in labelled if not (cases.parent / case["file"]).is_file()]
        if missing:
            raise InvalidRequest(f"No file at {missing[0]!r} beside {cases}.", code="file_not_found")
        run(data_dir, tenant, lambda at: at.add(name, labelled, cases.parent))
        typer.echo(f"{len(labelled)} cases stand in the golden set of {name}.")


@app.command("add-feedback")
def add_feedback(name: AgentName, tenant: Tenant, data_dir: DataDir = None) -> None:
    """Makes cases of what readers corrected: the newest corrected response of each execution of the agent.

    Example: paperclerk agents cases add-feedback team/bill --tenant acme
    """
    with exit_codes():
        found, changed = run(data_dir, tenant, lambda at: at.add_feedback(name))
        typer.echo(f"{found} corrected executions of {name}; {changed} cases are new or changed.")


@app.command("remove")
def remove(
    name: AgentName,
    case: Annotated[str, typer.Argument(help="The id of a case.")],
    tenant: Tenant,
    data_dir: DataDir = None,
) -> None:
    """Removes a case, and its document when nothing else refers to it.

    Example: paperclerk agents cases remove team/bill invoice-7 --tenant acme
    """
    with exit_codes():
        run(data_dir, tenant, lambda at: at.remove(name, case))
        typer.echo(f"{case} is removed.")


def evaluate(
    name: Annotated[str, typer.Argument(help="NAME:VERSION to judge, such as team/bill:draft.")],
    tenant: Tenant,
    against: Annotated[
        str, typer.Option(help="The version to compare with: a number, or what the name means.")
    ] = "latest",
    data_dir: DataDir = None,
) -> None:
    """Compares a version of an agent with the published one over its golden set, field by field.

    Prints how many values each gets wrong, and every value that got better or worse. Exit code 1 when it is worse.

    Example: paperclerk agents eval team/bill:draft --tenant acme
    """
    with exit_codes():
        base, _, version = name.partition(":")
        compared = run(data_dir, tenant, lambda at: at.compared(base, version or "draft", against))
        typer.echo(compared.table())
        if compared.objection:
            typer.echo(compared.objection, err=True)
            raise typer.Exit(1)
        typer.echo("It is no worse.", err=True)


def run(data_dir: Path | None, tenant: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """Runs `work` on the tenant's golden sets. Raises NotFound when there is no such tenant."""
    from paperclerk.settings import load_settings

    async def inner() -> T:
        async with open_store(load_settings(data_dir=data_dir), tenant) as at:
            return await work(at)

    return asyncio.run(inner())


@asynccontextmanager
async def open_store(settings: Settings, tenant: str) -> AsyncIterator[Store]:
    from paperclerk.bootstrap import open_contents, open_database
    from paperclerk.storage.keys import Keys

    async with open_database(settings) as database:
        async with database.read() as connection:
            found = await Keys(connection).tenant(tenant)
        if found is None:
            raise NotFound(f"There is no tenant {tenant!r}. `paperclerk keys create` makes one.")
        yield Store(settings, database, open_contents(settings, database), found.id)


class Store:
    """The golden sets of one tenant, with their documents."""

    def __init__(self, settings: Settings, database: Database, contents: Contents, tenant_id: str) -> None:
        self._settings = settings
        self._database = database
        self._contents = contents
        self._tenant_id = tenant_id

    async def cases(self, name: str) -> list[Any]:
        from paperclerk.storage.golden import GoldenSets

        async with self._database.read() as connection:
            await self._known(connection, name)
            return list(await GoldenSets(connection, self._tenant_id).all(name))

    async def add(self, name: str, labelled: Sequence[dict[str, Any]], folder: Path) -> None:
        from paperclerk.storage.golden import GoldenCase, GoldenSets

        for case in labelled:
            data = await asyncio.to_thread((folder / case["file"]).read_bytes)
            async with await self._contents.intake(len(data)) as intake:
                await intake.write(data)
                staged = await intake.finish()
                async with self._contents.referring(staged) as connection:
                    await self._known(connection, name)
                    made = GoldenCase(
                        str(case["id"])[:200], staged.content.sha256, case["truth"], case.get("match", {})
                    )
                    await GoldenSets(connection, self._tenant_id).put(name, made, now=_now())

    async def add_feedback(self, name: str) -> tuple[int, int]:
        """How many corrected executions there are, and how many cases that changed."""
        from dataclasses import replace

        from paperclerk.evaluation.versions import without_metadata
        from paperclerk.storage.golden import GoldenSets

        async with self._contents.referring() as connection:
            await self._known(connection, name)
            golden = GoldenSets(connection, self._tenant_id)
            corrected = [replace(c, truth=without_metadata(c.truth)) for c in await golden.corrected(name)]
            changed = [await golden.put(name, case, now=_now()) for case in corrected]
        return len(corrected), sum(changed)

    async def remove(self, name: str, case_id: str) -> None:
        from paperclerk.storage.golden import GoldenSets

        async with self._database.write() as connection:
            digest = await GoldenSets(connection, self._tenant_id).remove(name, case_id)
        if digest is None:
            raise NotFound(f"The agent {name!r} has no case {case_id!r}.", code="unknown_case")
        await self._contents.forget([digest])

    async def compared(self, name: str, version: str, against: str = "latest") -> Comparison:
        """Both versions over the golden set. Raises NotFound for a version, or an empty set, that is not there."""
        from paperclerk.bootstrap_models import open_engine
        from paperclerk.evaluation.versions import Case, compare

        cases = await self.cases(name)
        if not cases:
            raise NotFound(
                f"The agent {name!r} has no golden set. `paperclerk agents cases add` makes one.",
                code="unknown_case",
            )
        draft, published = await self._agent(name, version), await self._agent(name, against)
        async with AsyncExitStack() as stack:
            judged = [
                Case(
                    c.id, await stack.enter_async_context(self._contents.as_path(c.sha256)), c.truth, c.match
                )
                for c in cases
            ]
            engine = open_engine(self._settings)
            return await asyncio.to_thread(compare, judged, published, draft, engine=engine)

    async def objection(self, name: str) -> str | None:
        """Why the draft of an agent should not be published; None when nothing can be or is held against it."""
        from paperclerk.storage.agents import Agents

        async with self._database.read() as connection:
            agents = Agents(connection, self._tenant_id)
            both = await agents.get(name, "draft"), await agents.get(name)
        if None in both or not await self.cases(name):
            return None
        return (await self.compared(name, "draft")).objection

    async def _agent(self, name: str, version: str) -> Agent:
        from paperclerk.jobs.requested import resolved
        from paperclerk.storage.agents import Agents

        async with self._database.read() as connection:
            return await resolved(
                await self._known(connection, name, version), Agents(connection, self._tenant_id)
            )

    async def _known(self, connection: Any, name: str, version: str | None = None) -> StoredAgent:
        """The agent, of any version when none is given. Raises NotFound."""
        from paperclerk.storage.agents import Agents

        agents = Agents(connection, self._tenant_id)
        for wanted in (version,) if version else ("latest", "draft"):
            found = await agents.get(name, wanted)
            if found is not None:
                return found
        raise NotFound(
            f"There is no agent {name!r}" + (f" with a version {version!r}." if version else "."),
            code="unknown_agent",
        )


def _now() -> datetime:
    return datetime.now(UTC)
