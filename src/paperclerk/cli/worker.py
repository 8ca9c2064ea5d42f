"""`paperclerk worker`: runs executions, without HTTP. Registered by `cli.main`; `serve` starts some itself."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.cli.serve import DataDir

if TYPE_CHECKING:
    from paperclerk.settings import Settings


def worker(
    data_dir: DataDir = None,
    channel: Annotated[int | None, typer.Option(hidden=True, help="Set by `serve`.")] = None,
) -> None:
    """Runs executions that servers on the same database accept, until SIGTERM or Ctrl-C.

    What runs then is given 7 seconds and goes on elsewhere, from its last finished step.

    Example: PAPERCLERK_DATABASE_URL=postgresql://clerk@db/clerk paperclerk worker
    """
    import uvloop

    from paperclerk.observability.logs import configure_logs
    from paperclerk.settings import load_settings

    with exit_codes():
        settings = load_settings(data_dir=data_dir)
        configure_logs(settings.log_level, settings.log_format)
        uvloop.run(_work(settings, channel))


async def _work(settings: Settings, descriptor: int | None) -> None:
    import structlog

    from paperclerk.bootstrap_worker import open_worker
    from paperclerk.jobs.channel import Channel
    from paperclerk.jobs.worker import die_with_parent, run_worker

    channel = None
    if descriptor is not None:
        die_with_parent()
        channel = await Channel.over(socket.socket(fileno=descriptor))
    async with open_worker(settings) as parts:
        code = 0
        try:
            await run_worker(parts, channel)
        except Exception:
            structlog.get_logger(__name__).exception("the worker ended by a fault")
            code = 1
        _leave(code)


def _leave(code: int) -> NoReturn:
    """Ends the process at once, which frees its locks and connections.

    An orderly end waits for threads. That of a job which was given back may wait in turn for this loop, within a
    transaction that nobody else can write beside.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
