"""`paperclerk serve`: the HTTP server. Registered by `cli.main`."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.domain.errors import InvalidRequest

if TYPE_CHECKING:
    import uvicorn

    from paperclerk.settings import Settings

GRACE_S = 20  # for open requests; the workers then have what is left of 30 seconds
BACKLOG = 512

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of database, files and secrets. Default: PAPERCLERK_DATA_DIR, "
        "else ~/.local/share/paperclerk.",
    ),
]


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: PAPERCLERK_HOST, else 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port; 0 takes a free one and prints it. Default: PAPERCLERK_PORT, else 8000."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serves the API until it is told to stop (Ctrl-C or SIGTERM; what runs is given 30 seconds).

    The first line on standard output says where it answers; logs go to standard error.

    Example: paperclerk serve --port 8000 --data-dir ./data
    """
    from paperclerk.observability.logs import configure_logs
    from paperclerk.settings import load_settings

    with exit_codes():
        settings = load_settings(host=host, port=port, data_dir=data_dir)
        configure_logs(settings.log_level, settings.log_format)
        listener = listen(settings.host, settings.port)
        _serve(settings, listener)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises InvalidRequest when the address is taken or not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise InvalidRequest(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port (0 takes a free one).",
            code="port_not_free",
        ) from error
    return listener


def server_config(settings: Settings) -> uvicorn.Config:
    """The server around the application, as it always runs."""
    import uvicorn

    from paperclerk.api.protocol import HEAD_BYTES, DeadlineProtocol
    from paperclerk.bootstrap import create_app

    return uvicorn.Config(
        create_app(settings),
        http=DeadlineProtocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
    )


def _serve(settings: Settings, listener: socket.socket) -> None:
    import uvicorn

    has_keys = asyncio.run(_prepare(settings))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                typer.echo(_greeting(settings, listener, has_keys=has_keys))

    server = Server(server_config(settings))
    server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(1)


def _greeting(settings: Settings, listener: socket.socket, *, has_keys: bool) -> str:
    """Where the server answers, and how to get a first key: none is made without being asked for."""
    lines = [f"Paperclerk answers at {address_of(listener)} (data in {settings.data_dir.absolute()})."]
    if not has_keys:
        lines.append(
            "There is no API key yet. Make one, in another shell:\n"
            f"  paperclerk keys create --tenant NAME --data-dir {settings.data_dir.absolute()}"
        )
    return "\n".join(lines)


def address_of(listener: socket.socket) -> str:
    """The URL under which a listening socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _prepare(settings: Settings) -> bool:
    """Opens once what the settings lead to, so that what is wrong is said in a sentence; whether there are keys."""
    from paperclerk.bootstrap import load_plans_of, open_blobs, open_database
    from paperclerk.bootstrap_models import models_config
    from paperclerk.bootstrap_worker import migrate_jobs
    from paperclerk.storage.keys import Keys

    load_plans_of(settings)
    models_config(settings)
    async with open_database(settings) as database:  # which makes the data folder, for its owner only
        open_blobs(settings)
        await migrate_jobs(database)
        async with database.read() as connection:
            return bool(await Keys(connection).list())
