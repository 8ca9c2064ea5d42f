"""The operator's configuration of models: YAML or a few settings in, endpoints out. Called by the composition root.

    unplaced: mark            # or drop: values that no page holds
    doubted_below: 0.9        # detail auto asks for values that the embedded engine scores lower
    worth_a_call: 0.33        # detail auto asks when it expects so many of a document's doubted values to be wrong
    max_calls: 1000           # of one execution
    tool_steps: 24            # of one execution, for models that call tools; 0: none
    models:
      - model: qwen3-vl       # the name that the endpoint knows
        base_url: http://gpu:8000/v1
        api_key_env: GPU_KEY  # the variable that holds the key; leave out where none is needed
        profile: {images: true, context_tokens: 32768}

Keys of a model are the fields of `Endpoint` (with `api_key_env` for `api_key`), keys of a profile those of `Profile`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from paperclerk.domain.errors import InvalidRequest
from paperclerk.engines.models.endpoint import Endpoint, Profile
from paperclerk.schemas.lower import Dialect

PROTOCOLS = ("openai", "anthropic", "google")
OUTPUTS = ("schema", "json", "text")
CODE = "invalid_setting"

T = TypeVar("T")


@dataclass(frozen=True)
class ModelsConfig:
    """The models to read with, and how far one execution may go with them."""

    endpoints: tuple[Endpoint, ...]
    keep_unplaced: bool = True
    max_calls: int = 1_000
    max_tokens: int = 20_000_000
    doubted_below: float | None = None
    worth_a_call: float | None = None
    tool_steps: int | None = None
    tool_tokens: int | None = None


def load_models(path: Path) -> ModelsConfig:
    """The configuration in a YAML file. Raises InvalidRequest that names what is wrong."""
    import yaml

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequest(f"The models file {str(path)!r} cannot be read: {error}", code=CODE) from error
    return models_from(given)


def models_from(given: Any) -> ModelsConfig:
    """The configuration from plain data. Raises InvalidRequest."""
    top = _mapping(given, "the models file")
    known = {"models", *(f.name for f in fields(ModelsConfig)), "unplaced"} - {"endpoints", "keep_unplaced"}
    _refuse_unknown(top, known, "the models file")
    models = top.get("models")
    if not isinstance(models, list) or not models:
        raise InvalidRequest("The models file needs a list `models` with at least one model.", code=CODE)
    unplaced = top.get("unplaced", "mark")
    if unplaced not in ("mark", "drop"):
        raise InvalidRequest(f"`unplaced` is {unplaced!r}; write mark or drop.", code=CODE)
    return ModelsConfig(
        tuple(_endpoint(m, f"models[{i}]") for i, m in enumerate(models)),
        keep_unplaced=unplaced == "mark",
        max_calls=_typed(top.get("max_calls", 1_000), int, "max_calls"),
        max_tokens=_typed(top.get("max_tokens", 20_000_000), int, "max_tokens"),
        doubted_below=_given(top, "doubted_below", float),
        worth_a_call=_given(top, "worth_a_call", float),
        tool_steps=_given(top, "tool_steps", int),
        tool_tokens=_given(top, "tool_tokens", int),
    )


def _given(top: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    value = top.get(name)
    return None if value is None else _typed(value, kind, name)


def single_model(model: str, base_url: str | None, api_key: str | None, protocol: str) -> ModelsConfig:
    """The configuration of one model with the default profile."""
    return ModelsConfig((Endpoint(model, base_url, api_key, protocol=protocol),))  # type: ignore[arg-type]


def _endpoint(given: Any, where: str) -> Endpoint:
    values = dict(_mapping(given, where))
    variable = values.pop("api_key_env", None)
    if variable is not None:
        values["api_key"] = os.environ.get(str(variable))
        if not values["api_key"]:
            raise InvalidRequest(
                f"{where}: the variable {variable!r} of `api_key_env` is not set.", code=CODE
            )
    if "profile" in values:
        values["profile"] = _profile(values["profile"], f"{where}.profile")
    if values.get("requests_per_minute") is not None:
        values["requests_per_minute"] = _typed(
            values["requests_per_minute"], float, f"{where}.requests_per_minute"
        )
    values["no_training"] = dict(_mapping(values.get("no_training", {}), f"{where}.no_training"))
    values["metadata_key"] = _given(values, "metadata_key", str)
    endpoint = _made(Endpoint, values, where)
    if not isinstance(endpoint.model, str) or not endpoint.model:
        raise InvalidRequest(f"{where} needs `model`, the name that the endpoint knows.", code=CODE)
    if endpoint.protocol not in PROTOCOLS:
        raise InvalidRequest(
            f"{where}.protocol is {endpoint.protocol!r}; write {_one_of(PROTOCOLS)}.", code=CODE
        )
    if endpoint.protocol == "google" and endpoint.no_training:
        raise InvalidRequest(
            f"{where}.no_training: Google's protocol has no such switch; leave it out.", code=CODE
        )
    for name in ("concurrency", "requests_per_minute", "timeout_s"):
        if getattr(endpoint, name) == 0:
            raise InvalidRequest(f"{where}.{name} is 0: it would never be asked. Write more.", code=CODE)
    if endpoint.base_url is not None and not str(endpoint.base_url).startswith(("http://", "https://")):
        raise InvalidRequest(f"{where}.base_url must begin with http:// or https://.", code=CODE)
    return endpoint


def _profile(given: Any, where: str) -> Profile:
    values = dict(_mapping(given, where))
    if "dialect" in values:
        values["dialect"] = _made(
            Dialect, dict(_mapping(values["dialect"], f"{where}.dialect")), f"{where}.dialect"
        )
    profile = _made(Profile, values, where)
    if profile.output not in OUTPUTS:
        raise InvalidRequest(f"{where}.output is {profile.output!r}; write {_one_of(OUTPUTS)}.", code=CODE)
    for name in ("max_output_tokens", "max_images", "max_pages", "max_fields", "chars_per_token"):
        if getattr(profile, name) == 0:
            raise InvalidRequest(f"{where}.{name} is 0: nothing could be asked. Write more.", code=CODE)
    if profile.context_tokens <= profile.max_output_tokens:
        raise InvalidRequest(
            f"{where}: context_tokens ({profile.context_tokens}) covers question and answer, so it must be more than "
            f"max_output_tokens ({profile.max_output_tokens}).",
            code=CODE,
        )
    return profile


def _made(kind: type[T], values: dict[str, Any], where: str) -> T:
    """An instance whose plain fields have the type of their defaults."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    _refuse_unknown(values, set(known), where)
    for name, value in values.items():
        default = known[name].default
        if type(default) in (bool, int, float, str):
            values[name] = _typed(value, type(default), f"{where}.{name}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InvalidRequest(f"{where}: {error}", code=CODE) from error


def _typed(value: Any, kind: type[Any], where: str) -> Any:
    read = float(value) if kind is float and type(value) is int else value
    if type(read) is not kind or (kind in (int, float) and read < 0):
        wanted = {int: "a whole number from 0", float: "a number from 0", bool: "true or false"}.get(
            kind, "a text"
        )
        raise InvalidRequest(f"{where} is {value!r}; it must be {wanted}.", code=CODE)
    return read


def _mapping(given: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidRequest(f"{where} must be a mapping of names to values.", code=CODE)
    return given


def _refuse_unknown(given: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(str(k) for k in given if k not in known)
    if unknown:
        raise InvalidRequest(
            f"{where}: {', '.join(unknown)} is not known. Known: {', '.join(sorted(known))}.", code=CODE
        )


def _one_of(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + " or " + names[-1]
