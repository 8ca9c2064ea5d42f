"""`paperclerk doctor --model`: asks the configured models what they can do. Called by `cli.doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from paperclerk.engines.models.configured import ModelsConfig
from paperclerk.engines.models.endpoint import Cause, Endpoint, Profile
from paperclerk.engines.models.probe import Probed, probe


def probed_models(config: ModelsConfig, largest: int) -> Iterator[tuple[Endpoint, Probed]]:
    """What each model can do, one after the other."""
    for endpoint in config.endpoints:
        yield endpoint, probe(endpoint, largest=largest)


def profile_line(profile: Profile) -> str:
    """The profile as it stands in a models file: what differs from the defaults."""
    plain = Profile()
    told: dict[str, Any] = {
        f.name: getattr(profile, f.name)
        for f in fields(Profile)
        if getattr(profile, f.name) != getattr(plain, f.name)
    }
    if "dialect" in told:
        told["dialect"] = asdict(profile.dialect)
    return f"profile: {_flow(told)}"


def remedy(endpoint: Endpoint, found: Probed) -> tuple[str, str]:
    """Why a model that does not work does not, and what to do about it."""
    where = endpoint.base_url or f"the maker of {endpoint.protocol}'s protocol"
    if found.stopped is None:
        return (
            "in no form of answer does it give the values of a short text",
            "It is too weak for this, or no model that follows instructions: try another.",
        )
    key = "PAPERCLERK_MODEL_KEY, or the variable that api_key_env names"
    cause, said = found.stopped.cause, found.stopped.message
    fixes = {
        Cause.DENIED: f"Correct what is wrong of the key ({key}), the model's name and the URL, which for most "
        "servers ends in /v1.",
        Cause.BROKEN: "Start it, or correct PAPERCLERK_MODEL_URL (base_url in a models file), which for most servers "
        "ends in /v1.",
        Cause.SLOW: f"Wait until it has loaded the model, or give it more than {endpoint.timeout_s:g} s: timeout_s "
        "in a models file.",
        Cause.BUSY: "Try again later, or look at what the provider allows this key.",
    }
    return f"{where} gives no answer: {said}", fixes[cause]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)
