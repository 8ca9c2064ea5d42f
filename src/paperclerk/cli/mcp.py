"""`paperclerk mcp`: the tools for a language model. Registered by `cli.main`."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from paperclerk.mcp.clerk import Clerk, Files
    from paperclerk.mcp.tools import Headers

Transport = Literal["stdio", "http"]


@dataclass(frozen=True)
class _Options:
    transport: Transport
    host: str
    port: int
    server: str | None
    key: str | None
    files: Path | None


def mcp(
    transport: Annotated[
        Transport, typer.Option(help="stdio: the client starts this command. http: streamable HTTP at /mcp.")
    ] = "stdio",
    host: Annotated[str, typer.Option(help="Address to listen on (http).")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port (http); 0 takes a free one and prints it.")] = 8100,
    server: Annotated[
        str | None,
        typer.Option(
            envvar="PAPERCLERK_SERVER",
            help="URL of a Paperclerk server that executes. Default: this process.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="PAPERCLERK_KEY",
            show_envvar=True,
            help="API key of that server. Over http a caller's own 'Authorization: Bearer KEY' wins.",
        ),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(help="Folder whose files may be read. Default: any file (stdio), none (http)."),
    ] = None,
) -> None:
    """Offers execute, read_page, look_up_result and list_agents by the Model Context Protocol.

    Ends when its standard input ends (stdio), or when it is told to stop (http).

    Example: paperclerk mcp --files ./invoices
    """
    from paperclerk.observability.logs import configure_logs

    options = _Options(transport, host, port, server, key, files)
    with exit_codes():
        configure_logs("warning")
        _check(options)
        asyncio.run(_run(options))


def _check(options: _Options) -> None:
    """Raises InvalidRequest for what would not work, or would let strangers in."""
    if options.key and not options.server:
        raise InvalidRequest("--key is the key of a server; give its --server too.")
    if options.transport == "stdio":
        if options.server and not options.key:
            raise InvalidRequest("--server needs a key: set PAPERCLERK_KEY, or give --key.")
    elif not _is_loopback(options.host) and (options.key or not options.server):
        raise InvalidRequest(
            f"On {options.host!r} others could use this without a key. Listen on 127.0.0.1, or give --server and no "
            "--key, so that each caller sends a key of their own."
        )
    if options.files and not options.files.is_dir():
        raise InvalidRequest(f"--files: no folder at {str(options.files)!r}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _run(options: _Options) -> None:
    from paperclerk.mcp.tools import make_server

    async with AsyncExitStack() as stack:
        server = make_server(await _clerks(options, stack))
        if options.transport == "stdio":
            await server.run_stdio_async()
        else:
            await _serve(server, options)


async def _clerks(options: _Options, stack: AsyncExitStack) -> Callable[[Headers], Clerk]:
    """Who does a call that came with some headers."""
    files = _files(options)
    if options.server is None:
        local = _local(files, stack)
        return lambda headers: local
    import httpx

    from paperclerk.mcp.remote import RemoteClerk

    address = options.server
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=120))

    def remote(headers: Headers) -> Clerk:
        scheme, _, own = (headers or {}).get("authorization", "").partition(" ")
        key = own.strip() if scheme.lower() == "bearer" else options.key
        if not key:
            raise InvalidRequest("Send the header 'Authorization: Bearer KEY'.", code="missing_api_key")
        return RemoteClerk(http, address, key, files)

    return remote


def _local(files: Files, stack: AsyncExitStack) -> Clerk:
    from paperclerk.bootstrap_models import open_engine
    from paperclerk.mcp.local import Local, LocalClerk
    from paperclerk.security.outbound import OutboundGuard
    from paperclerk.security.outbound_url import parse_networks
    from paperclerk.settings import load_settings

    settings = load_settings()
    guard = OutboundGuard(parse_networks(settings.allow_private_addresses))
    clerk = LocalClerk(
        Local(
            engine=open_engine(settings, stack),
            guard=guard,
            files=files,
            max_bytes=settings.max_upload_bytes,
            threads=settings.concurrency,
        )
    )
    stack.callback(clerk.close)
    return clerk


def _files(options: _Options) -> Files:
    from paperclerk.mcp.clerk import Files

    here = Path.cwd()
    if options.files is not None:
        return Files(options.files.absolute(), options.files.absolute())
    return Files(Path(here.anchor) if options.transport == "stdio" else None, here)


async def _serve(server: MCPServer[Any], options: _Options) -> None:
    """Streamable HTTP until it is told to stop; the first line on standard output says where."""
    import uvicorn

    from paperclerk.cli.serve import address_of, listen

    listener = listen(options.host, options.port)
    listener.listen()  # so that the address answers once it is said
    typer.echo(f"Paperclerk's tools answer at {address_of(listener)}/mcp")
    config = uvicorn.Config(
        server.streamable_http_app(host=options.host),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    await uvicorn.Server(config).serve(sockets=[listener])
