"""The composition root of reading: settings in, the engine out. The embedded one, and models when some are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from paperclerk.engines.engine import Engine

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from paperclerk.engines.models.configured import ModelsConfig
    from paperclerk.settings import Settings

T = TypeVar("T")


def open_engine(settings: Settings, stack: AsyncExitStack | None = None, *, warm: bool = False) -> Engine:
    """The engine that the settings ask for; its connections end with `stack`. `warm`: what its first question would
    wait for is loaded meanwhile. Raises InvalidRequest."""
    from paperclerk.engines.embedded.engine import EmbeddedEngine

    embedded = EmbeddedEngine()
    config = models_config(settings)
    if config is None:
        return embedded
    from paperclerk.engines.models.cache import ReplyCache
    from paperclerk.engines.models.pool import Pool
    from paperclerk.extraction.exploring import Limits
    from paperclerk.extraction.windowed import ModelEngine, ModelOptions

    pool = Pool(config.endpoints, cache=ReplyCache())
    if stack is not None:
        stack.callback(pool.close)
    if warm:
        pool.warm()
    options = ModelOptions(
        keep_unplaced=config.keep_unplaced,
        max_calls=config.max_calls,
        max_tokens=config.max_tokens,
        doubted_below=_or(config.doubted_below, ModelOptions.doubted_below),
        worth_a_call=_or(config.worth_a_call, ModelOptions.worth_a_call),
        tools=Limits(
            _or(config.tool_steps, Limits.steps),
            _or(config.tool_tokens, Limits.tokens),
        ),
    )
    return ModelEngine(pool, embedded, options)


def _or(given: T | None, default: T) -> T:
    return default if given is None else given


def models_config(settings: Settings) -> ModelsConfig | None:
    """The models that the settings name, None when they name none. Raises InvalidRequest."""
    if settings.models_file is None and settings.model is None:
        return None
    from paperclerk.engines.models.configured import load_models, single_model

    if settings.models_file is not None:
        return load_models(settings.models_file)
    assert settings.model is not None
    return single_model(settings.model, settings.model_url, settings.model_key, settings.model_protocol)
