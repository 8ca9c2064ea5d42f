"""Every setting, read from the environment (`PAPERCLERK_<NAME>`). Read by `bootstrap` and the commands only.

Each part has a small configuration of its own; `bootstrap` fills them from here. Each setting stands in
docs/settings.md, by test.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from paperclerk.domain.errors import InvalidRequest
from paperclerk.domain.keeping import LONGEST_DAYS

OF_COMMANDS = frozenset({"PAPERCLERK_KEY", "PAPERCLERK_SERVER"})  # options of `paperclerk mcp`


def default_data_dir() -> Path:
    """The same folder from wherever a command is called, so that `serve` and `keys` mean one installation."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "paperclerk"


class Settings(BaseSettings):
    """The settings of one installation."""

    model_config = SettingsConfigDict(
        env_prefix="PAPERCLERK_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the database, the stored bytes and the signing secret.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the server listens on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port that the server listens on; 0 takes a free one."
    )
    base_url: str | None = Field(
        default=None,
        description="Address under which clients reach the server (https://clerk.example.org), for the URLs "
        "that it hands out. Default: what the request's Host header says.",
    )
    database_url: str | None = Field(
        default=None,
        description="postgresql://USER@HOST/NAME, or sqlite:///PATH. Default: SQLite in the data folder.",
    )
    blobs_url: str | None = Field(
        default=None,
        description="Where the bytes of files are kept: s3://BUCKET/PREFIX or file:///FOLDER. "
        "Default: the data folder.",
    )
    plans_file: Path | None = Field(
        default=None, description="YAML file of plans. Default: the built-in plans."
    )
    signing_secret: str | None = Field(
        default=None,
        min_length=32,
        description="Signs presigned and public URLs; servers that share a database share it. "
        "Default: a random one, kept in the data folder.",
    )
    allow_private_addresses: str = Field(
        default="",
        description="Comma-separated networks (10.0.0.0/8) that `url`, `images` and `callback_url` may reach "
        "though they are not public.",
    )
    concurrency: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=256,
        description="Documents that are worked on at the same time. Default: the number of cores.",
    )
    workers: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Worker processes that `paperclerk serve` runs beside itself. 0: none, for a server whose "
        "executions are run by `paperclerk worker` elsewhere.",
    )
    queue_limit: int = Field(
        default=10_000,
        ge=1,
        description="Executions of one tenant that may wait or run. A request beyond it gets 429 and "
        "Retry-After before any work is done on it.",
    )
    keep_results_days: float | None = Field(
        default=None,
        gt=0,
        le=LONGEST_DAYS,
        description="Days after which an execution that has ended is deleted, with its webhooks and all that "
        "it kept. Default: never.",
    )
    keep_files_days: float | None = Field(
        default=None,
        gt=0,
        le=LONGEST_DAYS,
        description="Days after which an uploaded file is deleted. Results that were read from it stay. "
        "Default: never.",
    )
    sync_wait_s: float = Field(
        default=100.0,
        gt=0,
        le=110,
        description="Seconds that a request with batch: false waits before it is answered with the pending "
        "execution. The official clients give up after 120 and send the request again.",
    )
    max_upload_bytes: int = Field(default=512_000_000, ge=1, description="Largest file that can be uploaded.")
    max_json_bytes: int = Field(default=16_000_000, ge=1000, description="Largest JSON body.")
    max_image_json_bytes: int = Field(
        default=80_000_000,
        ge=1000,
        description="Largest JSON body on the image routes, whose images may be inline.",
    )
    public_url_ttl_s: int = Field(default=86_400, ge=1, description="Seconds that a file's public URL works.")
    model: str | None = Field(
        default=None,
        description="Name of a model to read with, as its endpoint knows it. Default: none; nothing is sent out.",
    )
    model_url: str | None = Field(
        default=None,
        description="Base URL of the model's endpoint, such as http://localhost:8000/v1. Default: its maker's.",
    )
    model_key: str | None = Field(default=None, repr=False, description="Key of the model's endpoint.")
    model_protocol: Literal["openai", "anthropic", "google"] = Field(
        default="openai",
        description="How the model's endpoint is spoken to; openai covers every compatible server.",
    )
    models_file: Path | None = Field(
        default=None,
        description="YAML file of several models with their limits, prices and profiles; wins over model.",
    )
    metrics_token: str | None = Field(
        default=None,
        min_length=16,
        repr=False,
        description="Opens GET /metrics, as Bearer token. Default: none; the route is not there.",
    )
    metrics_by_tenant: bool = Field(
        default=False, description="Whether the metrics name tenants and their agents."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important messages that are logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log lines for people or for machines."
    )

    @field_validator("database_url")
    @classmethod
    def _is_a_database_of_ours(cls, value: str | None) -> str | None:
        if value is not None and not re.match(
            r"(sqlite(\+\w+)?:///(?!:memory:).|postgres(ql)?(\+\w+)?://)", value
        ):
            raise ValueError("use sqlite:///PATH or postgresql://USER@HOST/NAME")
        return value

    @field_validator("base_url", "model_url")
    @classmethod
    def _begins_with_http(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/]", value):
            raise ValueError("write the whole address, such as https://clerk.example.org")
        return value

    @field_validator("allow_private_addresses")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        from paperclerk.security.outbound_url import parse_networks

        parse_networks(value)
        return value

    @model_validator(mode="after")
    def _names_the_model(self) -> Self:
        if self.model_url is not None and self.model is None and self.models_file is None:
            raise ValueError(
                "PAPERCLERK_MODEL_URL is set, but no PAPERCLERK_MODEL that it is to be asked for"
            )
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'paperclerk.sqlite'}"

    @property
    def blobs(self) -> str:
        return self.blobs_url or f"file://{self.data_dir.absolute() / 'blobs'}"


def load_settings(**overrides: object) -> Settings:
    """The settings of the environment; arguments that are not None win. Raises InvalidRequest."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"{_named(e['loc'])}{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_input=False)
        )
        raise InvalidRequest(f"A setting is wrong. {problems}.", code="invalid_setting") from None


def _named(place: tuple[int | str, ...]) -> str:
    """The variable that is wrong, empty for what is wrong between several."""
    return f"PAPERCLERK_{str(place[0]).upper()}: " if place else ""


def unknown_variables() -> list[tuple[str, str]]:
    """Variables of the environment that look like settings and are none, each with the one that it may mean."""
    names = [f"PAPERCLERK_{name.upper()}" for name in Settings.model_fields]
    unknown = [
        name for name in os.environ if name.startswith("PAPERCLERK_") and name not in {*names, *OF_COMMANDS}
    ]
    return [(name, next(iter(get_close_matches(name, names, 1)), "")) for name in sorted(unknown)]
