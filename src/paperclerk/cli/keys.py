"""`paperclerk keys`: API keys. Works beside a running server. Registered by `cli.main`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.cli.serve import DataDir
from paperclerk.domain.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from paperclerk.settings import Settings
    from paperclerk.storage.keys import ApiKey

T = TypeVar("T")

app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)


@app.command("create")
def create(
    tenant: Annotated[str, typer.Option(help="Whose key it is; the tenant is made if it is new.")],
    plan: Annotated[
        str | None, typer.Option(help="What the key may do. Default: the plan that may do everything.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a key and shows it, once: the last word that is printed is the key.

    Example: paperclerk keys create --tenant acme
    """
    with exit_codes():
        settings = _settings(data_dir)
        key, plan_name = asyncio.run(_create(settings, tenant, plan))
        typer.echo(f"A key of the tenant {tenant!r} on the plan {plan_name!r}. It is not shown again:\n{key}")


@app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """Lists the keys by their readable part: id, tenant, plan, made, last used, revoked."""
    with exit_codes():
        for key in asyncio.run(_list(_settings(data_dir))):
            used = f"used {_day(key.last_used_at)}" if key.last_used_at else "never used"
            revoked = f"revoked {_day(key.revoked_at)}" if key.revoked_at else "active"
            typer.echo(
                f"{key.id}  {key.tenant.name}  {key.plan}  made {_day(key.created_at)}  {used}  {revoked}"
            )


@app.command("revoke")
def revoke(
    key_id: Annotated[
        str, typer.Argument(help="The id of the key, as `keys list` shows it, or the whole key.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Revokes a key at once, in a running server too. It cannot be taken back.

    Example: paperclerk keys revoke 4fQ8ZtLm2a
    """
    with exit_codes():
        asyncio.run(_revoke(_settings(data_dir), key_id))
        typer.echo("Revoked.")


def _settings(data_dir: Path | None) -> Settings:
    from paperclerk.settings import load_settings

    return load_settings(data_dir=data_dir)


async def _create(settings: Settings, tenant_name: str, plan: str | None) -> tuple[str, str]:
    from paperclerk.bootstrap import load_plans_of, open_database
    from paperclerk.security.keys import new_key
    from paperclerk.storage.keys import Keys
    from paperclerk.webhooks.signing import new_secret

    plans = load_plans_of(settings)
    plan = plan or plans.default
    if plans.get(plan) is None:
        raise InvalidRequest(f"There is no plan {plan!r}. There are: {', '.join(plans.by_name)}.")
    if not tenant_name.strip() or len(tenant_name) > 200 or not tenant_name.isprintable():
        raise InvalidRequest("The name of a tenant has 1 to 200 printable characters.")
    key, parts = new_key()
    now = datetime.now(UTC)
    async with open_database(settings) as database, database.write() as connection:
        keys = Keys(connection)
        tenant = await keys.tenant_named(tenant_name, now=now, webhook_secret=new_secret())
        await keys.add(tenant, parts, plan=plan, now=now)
    return key, plan


async def _list(settings: Settings) -> list[ApiKey]:
    from paperclerk.bootstrap import open_database
    from paperclerk.storage.keys import Keys

    async with open_database(settings) as database, database.read() as connection:
        return await Keys(connection).list()


async def _revoke(settings: Settings, text: str) -> None:
    from paperclerk.bootstrap import open_database
    from paperclerk.security.keys import parse_key
    from paperclerk.storage.keys import Keys

    parts = parse_key(text)
    key_id = parts.id if parts else text
    async with open_database(settings) as database, database.write() as connection:
        if not await Keys(connection).revoke(key_id, now=datetime.now(UTC)):
            raise NotFound("There is no active key of that id. `paperclerk keys list` shows them.")


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
