"""The command `paperclerk`. Every command loads what it needs when it is called, so that `--help` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from paperclerk.cli import agents, doctor, evaluate, keys, mcp, run, serve, tenants, worker

app = typer.Typer(
    name="paperclerk",
    help="Executes document agents: a document and an agent in, conforming JSON with boxes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.add_typer(keys.app, name="keys")
app.add_typer(tenants.app, name="tenants")
app.add_typer(agents.app, name="agents")
app.command("doctor")(doctor.doctor)
app.command("eval")(evaluate.evaluate)
app.command("mcp")(mcp.mcp)


def _show_version(wanted: bool) -> None:
    if wanted:
        from paperclerk import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point of the installed command."""
    app()
