"""`paperclerk.execute`: the pipeline with nothing beside it. Called from a REPL and by the command line."""

from __future__ import annotations

import atexit
import functools
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, BinaryIO

from paperclerk.agents.builtin import lookup
from paperclerk.agents.steps import without_steps
from paperclerk.documents.reader import Reader
from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.errors import InvalidRequest, InvalidSchema
from paperclerk.engines.engine import Engine
from paperclerk.extraction.pipeline import OnProgress
from paperclerk.extraction.pipeline import execute as run_pipeline
from paperclerk.extraction.result import Result
from paperclerk.schemas.check import check_schema

# What a caller may hand in as a document: a path, the bytes, or a binary file object.
Source = str | Path | bytes | bytearray | memoryview | BinaryIO

SERVER_ONLY = {"redact", "draw_boxes"}  # what makes files beside the result, which a server keeps


def execute(
    document: Source,
    *,
    schema: Mapping[str, Any] | str | type[Any] | None = None,
    agent: str | Agent | None = None,
    config: ExecutionConfig | Mapping[str, Any] | None = None,
    engine: Engine | None = None,
    on_progress: OnProgress | None = None,
) -> Result:
    """Executes an agent, or a JSON Schema, over a document and waits for the result.

    `schema` is a JSON Schema (a mapping or a string of JSON) or a pydantic model class; `agent` a name such as
    `document.invoice` or `document.invoice:0.1.35`, the path of a definition (`my-agent.yaml`, docs/agents.md),
    or an `Agent`. With both, the schema replaces the agent's.
    `config` takes the fields of `ExecutionConfig`, as such or as a mapping. `engine` reads instead of the embedded
    one, such as a `ModelEngine` (docs/models.md).

    Raises InvalidRequest, InvalidSchema, NotFound (unknown agent), DocumentError and its kinds,
    ExecutionFailed (`strict`). A field that is not on the page is no error: it is null.
    """
    chosen, settings = resolve(schema, agent, config)
    return run_pipeline(
        _source(document),
        chosen,
        settings,
        reader=default_reader(),
        engine=engine or default_engine(),
        on_progress=on_progress,
    )


@functools.cache
def default_reader() -> Reader:
    """The reader of this process; its child processes end with it."""
    from paperclerk.documents import open_reader

    reader = open_reader()
    atexit.register(reader.close)
    return reader


@functools.cache
def default_engine() -> Engine:
    from paperclerk.engines.embedded.engine import EmbeddedEngine

    return EmbeddedEngine()


def resolve(
    schema: Mapping[str, Any] | str | type[Any] | None,
    agent: str | Agent | None,
    config: ExecutionConfig | Mapping[str, Any] | None,
) -> tuple[Agent, ExecutionConfig]:
    """The agent that `execute` takes for these, and the configuration with the agent's defaults under it. Raises as
    it does."""
    if isinstance(agent, str):
        agent = _agent(agent)
    settings = _config(config, agent.defaults if agent else {})
    if agent is None and schema is None and settings.json_schema is None:
        raise InvalidRequest("Give an agent (such as agent='document.invoice') or a schema.")
    if schema is not None:
        as_mapping = schema_mapping(schema)
        agent = Agent(
            name=agent.name if agent else "schema",
            version=agent.version if agent else "1",
            json_schema=as_mapping,
            prompt=agent.prompt if agent else "",
            domain=agent.domain if agent else None,
            validators=agent.validators if agent else (),
        )
    return agent or Agent(name="schema", version="1", json_schema={}), settings


def _agent(name: str) -> Agent:
    """A ready-made agent, or the one that a file defines; its version is then `file`."""
    if not name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            raise InvalidRequest(
                f"{name!r} is a file. An agent's definition has a name that ends in .yaml; a JSON Schema is given as "
                "such (--schema)."
            )
        return lookup(name)
    from paperclerk.agents.definition import agent_of, read

    path = Path(name)
    agent = agent_of(read(path), "file")
    routed = {kind: _beside(path, to) for kind, to in agent.routes.items()}
    return replace(agent, routed=without_steps(routed))


def _beside(path: Path, name: str) -> Agent:
    """The agent that a route names: a definition's path is relative to that of the one which names it."""
    return _agent(str(path.parent / name) if name.endswith((".yaml", ".yml")) else name)


def schema_mapping(schema: Mapping[str, Any] | str | type[Any]) -> Mapping[str, Any]:
    """A JSON Schema from any form a caller may have it in. Raises InvalidSchema."""
    if isinstance(schema, Mapping):
        return schema
    if isinstance(schema, type):
        make = getattr(schema, "model_json_schema", None)
        if make is None:
            raise InvalidSchema(
                f"{schema.__name__} is no pydantic model; give a model class or a JSON Schema."
            )
        made: Mapping[str, Any] = make()
        return made
    return check_schema(schema)


def _config(
    config: ExecutionConfig | Mapping[str, Any] | None, defaults: Mapping[str, Any]
) -> ExecutionConfig:
    defaults = {name: value for name, value in defaults.items() if name not in SERVER_ONLY}
    if config is None:
        return ExecutionConfig(**defaults)
    if isinstance(config, ExecutionConfig):
        return config
    known = {f.name for f in fields(ExecutionConfig)} - SERVER_ONLY
    unknown = sorted(set(config) - known)
    if unknown:
        raise InvalidRequest(f"Unknown in config: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
    values = {**defaults, **config}
    if values.get("page_indices") is not None:
        values["page_indices"] = tuple(values["page_indices"])
    return ExecutionConfig(**values)


def _source(document: Source) -> Path | bytes:
    if isinstance(document, str | Path):
        path = Path(document)
        if path.is_dir():
            raise InvalidRequest(
                f"{str(path)!r} is a folder. Name one document in it.", code="file_not_found"
            )
        if str(document).lower().startswith(("http:/", "https:/")):
            raise InvalidRequest(
                "Addresses are not fetched here. Download the document, or send the address to a server.",
                code="file_not_found",
            )
        if not path.is_file():
            raise InvalidRequest(f"No file at {str(path)!r}.", code="file_not_found")
        return path
    if isinstance(document, bytes | bytearray | memoryview):
        return bytes(document)
    if not hasattr(document, "read"):
        raise InvalidRequest(
            f"A document is a path, bytes or an opened file, not {type(document).__name__}.",
            code="invalid_request",
        )
    return document.read()
