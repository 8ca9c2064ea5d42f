"""The composition root of reading: settings in, the engine out. The embedded one, and models when some are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paperclerk.engines.engine import Engine

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from paperclerk.engines.models.configured import ModelsConfig
    from paperclerk.settings import Settings


def open_engine(settings: Settings, stack: AsyncExitStack | None = None) -> Engine:
    """The engine that the settings ask for; its connections end with `stack`. Raises InvalidRequest."""
    from paperclerk.engines.embedded.engine import EmbeddedEngine

    embedded = EmbeddedEngine()
    config = models_config(settings)
    if config is None:
        return embedded
    from paperclerk.engines.models.cache import ReplyCache
    from paperclerk.engines.models.pool import Pool
    from paperclerk.extraction.exploring import Limits
    from paperclerk.extraction.windowed import DOUBTED_BELOW, ModelEngine, ModelOptions

    pool = Pool(config.endpoints, cache=ReplyCache())
    if stack is not None:
        stack.callback(pool.close)
    options = ModelOptions(
        keep_unplaced=config.keep_unplaced,
        max_calls=config.max_calls,
        max_tokens=config.max_tokens,
        doubted_below=DOUBTED_BELOW if config.doubted_below is None else config.doubted_below,
        tools=Limits(
            Limits.steps if config.tool_steps is None else config.tool_steps,
            Limits.tokens if config.tool_tokens is None else config.tool_tokens,
        ),
    )
    return ModelEngine(pool, embedded, options)


def models_config(settings: Settings) -> ModelsConfig | None:
    """The models that the settings name, None when they name none. Raises InvalidRequest."""
    if settings.models_file is None and settings.model is None:
        return None
    from paperclerk.engines.models.configured import load_models, single_model

    if settings.models_file is not None:
        return load_models(settings.models_file)
    assert settings.model is not None
    return single_model(settings.model, settings.model_url, settings.model_key, settings.model_protocol)
