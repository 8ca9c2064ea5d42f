"""`paperclerk doctor`: what works here, what is missing, how to fix it. Registered by `cli.main`."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.cli.serve import DataDir, listen
from paperclerk.domain.errors import PaperclerkError

if TYPE_CHECKING:
    from paperclerk.settings import Settings

LARGEST_CONTEXT = 32_768  # tokens that a model is tried with
STORE_S = 15.0  # that a store of files may take to answer
SAMPLE_TEXT = "Invoice 20418"


class Health(StrEnum):
    """How a check ended; the values are what is printed."""

    GOOD = "ok  "
    WEAK = "warn"  # works, with less protection or less than asked for
    BAD = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `fix` says what to do, empty when there is nothing to do."""

    health: Health
    about: str
    text: str
    fix: str = ""


Check = Callable[["Settings"], Iterator[Finding]]


def doctor(
    data_dir: DataDir = None,
    model: Annotated[
        bool, typer.Option("--model", help="Ask the configured models what they can do, and nothing else.")
    ] = False,
) -> None:
    """Checks this installation: settings, data folder, database, plans, port, reading, OCR, protections.

    Exit codes: 0 all well (warnings included), 1 something does not work.

    Example: paperclerk doctor --data-dir ./data
    """
    from paperclerk.settings import load_settings

    with exit_codes():
        settings = load_settings(data_dir=data_dir)
        checks = (_models,) if model else CHECKS
        findings = [finding for check in checks for finding in _run(check, settings)]
        for finding in findings:
            typer.echo(f"{finding.health.value}  {finding.about}: {finding.text}")
            if finding.fix:
                typer.echo(f"      {finding.fix}")
    if any(finding.health is Health.BAD for finding in findings):
        raise typer.Exit(1)


def _run(check: Check, settings: Settings) -> list[Finding]:
    about = check.__name__.strip("_").replace("_", " ")
    try:
        return list(check(settings))
    except PaperclerkError as error:
        return [Finding(Health.BAD, about, error.message)]
    except Exception as error:  # a check must not hide the others
        return [Finding(Health.BAD, about, f"{type(error).__name__}: {error}")]


def _models(settings: Settings) -> Iterator[Finding]:
    """A few calls to each model, some of them long; what they cost is the endpoint's business."""
    from paperclerk.bootstrap_models import models_config
    from paperclerk.cli.doctor_models import probed_models, profile_line, remedy

    config = models_config(settings)
    if config is None:
        fix = "Set PAPERCLERK_MODEL and PAPERCLERK_MODEL_URL, or PAPERCLERK_MODELS_FILE (docs/models.md)."
        yield Finding(Health.BAD, "models", "none is configured", fix)
        return
    for endpoint, found in probed_models(config, LARGEST_CONTEXT):
        for note in found.notes:
            yield Finding(Health.GOOD if found.works else Health.WEAK, endpoint.model, note)
        if found.works:
            yield Finding(Health.GOOD, endpoint.model, profile_line(found.profile))
        else:
            yield Finding(Health.BAD, endpoint.model, *remedy(endpoint, found))


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(Health.GOOD, "python", f"{version}, {os.cpu_count()} cores")


def _settings(_: Settings) -> Iterator[Finding]:
    from paperclerk.settings import unknown_variables

    for name, meant in unknown_variables():
        fix = f"Closest: {meant}." if meant else "docs/settings.md lists them."
        yield Finding(Health.WEAK, "settings", f"{name} is set, and is no setting", fix)


def _data_folder(settings: Settings) -> Iterator[Finding]:
    from paperclerk.bootstrap import prepare_data_dir

    folder = settings.data_dir.absolute()
    prepare_data_dir(settings)
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            Health.BAD,
            "data folder",
            f"{folder} cannot be written to",
            f"Give it to the user that runs the server: chown {os.getuid()} {folder}",
        )
        return
    free_gb = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize / 1e9
    yield Finding(Health.GOOD, "data folder", f"{folder}, {free_gb:.1f} GB free")
    if folder.stat().st_mode & 0o077:
        yield Finding(Health.WEAK, "data folder", "other users may look into it", f"chmod 700 {folder}")


def _database(settings: Settings) -> Iterator[Finding]:
    count, kind = asyncio.run(_count_keys(settings))
    yield Finding(Health.GOOD, "database", f"{kind}, opened and up to date")
    if not count:
        yield Finding(
            Health.WEAK,
            "api keys",
            "there is none, so nobody can call the server",
            f"paperclerk keys create --tenant NAME --data-dir {settings.data_dir.absolute()}",
        )
    else:
        yield Finding(Health.GOOD, "api keys", f"{count} active")


async def _count_keys(settings: Settings) -> tuple[int, str]:
    from paperclerk.bootstrap import open_database
    from paperclerk.storage.keys import Keys

    async with open_database(settings) as database, database.read() as connection:
        keys = await Keys(connection).list()
        kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    return sum(key.revoked_at is None for key in keys), kind


def _stored_files(settings: Settings) -> Iterator[Finding]:
    from paperclerk.bootstrap import open_blobs

    async def ask() -> None:
        await asyncio.wait_for(open_blobs(settings).exists("0" * 64), STORE_S)

    try:
        asyncio.run(ask())
    except TimeoutError:
        fix = "Check PAPERCLERK_BLOBS_URL and the AWS_ variables; AWS_ALLOW_HTTP=true for one without TLS."
        yield Finding(Health.BAD, "stored files", f"{settings.blobs} does not answer", fix)
        return
    yield Finding(Health.GOOD, "stored files", f"{settings.blobs} answers")


def _plans(settings: Settings) -> Iterator[Finding]:
    from paperclerk.bootstrap import load_plans_of

    plans = load_plans_of(settings)
    yield Finding(Health.GOOD, "plans", ", ".join(plans.by_name))


def _port(settings: Settings) -> Iterator[Finding]:
    try:
        listen(settings.host, settings.port).close()
    except PaperclerkError as error:
        yield Finding(Health.WEAK, "port", error.message, "A running server of yours may have it.")
        return
    yield Finding(Health.GOOD, "port", f"{settings.host}:{settings.port} is free")


def _agents(_: Settings) -> Iterator[Finding]:
    from paperclerk.agents import builtin

    yield Finding(Health.GOOD, "agents", f"{len(builtin.names())} ready-made")


def _reading(_: Settings) -> Iterator[Finding]:
    """Reads a picture that is drawn here, in a child process, as every document is."""
    from paperclerk.documents import OCR_READS, open_reader
    from paperclerk.documents.reader import ReadOptions

    with open_reader() as reader, reader.open(_sample_image(), ReadOptions()) as reading:
        words = " ".join(word.text for page in reading for word in page.words)
    if words == SAMPLE_TEXT:
        yield Finding(
            Health.GOOD, "reading", f"a child process read a test picture by OCR, which reads {OCR_READS}"
        )
    else:
        yield Finding(
            Health.BAD,
            "reading",
            f"OCR read {words!r} from a picture of {SAMPLE_TEXT!r}",
            "Install again from the lock file: make setup",
        )


def _protections(_: Settings) -> Iterator[Finding]:
    """What a reading child may not do, each tried in a real child."""
    from paperclerk.documents import sandbox_report

    report = sandbox_report()
    for protection in report:
        if not protection.active:
            yield Finding(Health.WEAK, "protection", f"not active: {protection.name}", protection.if_missing)
    active = sum(protection.active for protection in report)
    yield Finding(Health.GOOD, "protections", f"{active} of {len(report)} are active in reading children")


def _sample_image() -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", (900, 240), 255)
    ImageDraw.Draw(image).text((60, 80), SAMPLE_TEXT, fill=0, font=ImageFont.load_default(72))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


CHECKS: tuple[Check, ...] = (
    _python,
    _settings,
    _data_folder,
    _database,
    _stored_files,
    _plans,
    _port,
    _agents,
    _reading,
    _protections,
)
