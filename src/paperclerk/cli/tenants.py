"""`paperclerk tenants`: how long each one's data is kept. Works beside a running server. Registered by `cli.main`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.cli.serve import DataDir
from paperclerk.domain.errors import NotFound
from paperclerk.domain.keeping import LONGEST_DAYS

if TYPE_CHECKING:
    from paperclerk.settings import Settings
    from paperclerk.storage.keys import Keeping, Tenant

app = typer.Typer(help="Tenants: list them, say how long their data is kept.", no_args_is_help=True)

Days = Annotated[
    float | None,
    typer.Option(min=0, max=LONGEST_DAYS, help="Days; 0 is for ever. Left out: as the server is set."),
]


@app.command("list")
def list_tenants(data_dir: DataDir = None) -> None:
    """Lists the tenants, and for how long their results and files are kept."""
    from paperclerk.settings import load_settings

    with exit_codes():
        for tenant, keeping in asyncio.run(_list(load_settings(data_dir=data_dir))):
            results, files = _spoken(keeping.results_days), _spoken(keeping.files_days)
            typer.echo(f"{tenant.name}  results {results}  files {files}")


@app.command("keep")
def keep(
    tenant: Annotated[str, typer.Argument(help="The name of the tenant.")],
    results_days: Days = None,
    files_days: Days = None,
    data_dir: DataDir = None,
) -> None:
    """Sets for how many days a tenant's results and files are kept; what is older goes within ten minutes.

    Example: paperclerk tenants keep acme --results-days 30 --files-days 7
    """
    from paperclerk.settings import load_settings
    from paperclerk.storage.keys import Keeping

    with exit_codes():
        keeping = Keeping(results_days, files_days)
        asyncio.run(_keep(load_settings(data_dir=data_dir), tenant, keeping))
        typer.echo(f"{tenant}: results {_spoken(results_days)}, files {_spoken(files_days)}.")


async def _list(settings: Settings) -> list[tuple[Tenant, Keeping]]:
    from paperclerk.bootstrap import open_database
    from paperclerk.storage.keys import Keys

    async with open_database(settings) as database, database.read() as connection:
        return await Keys(connection).keepings()


async def _keep(settings: Settings, tenant: str, keeping: Keeping) -> None:
    from paperclerk.bootstrap import open_database
    from paperclerk.storage.keys import Keys

    async with open_database(settings) as database, database.write() as connection:
        if not await Keys(connection).keep(tenant, keeping):
            raise NotFound(f"There is no tenant {tenant!r}. `paperclerk tenants list` shows them.")


def _spoken(days: float | None) -> str:
    if days is None:
        return "as the server is set"
    return f"{days:g} days" if days else "for ever"
