"""`paperclerk doctor --model`: asks the configured models what they can do. Called by `cli.doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from paperclerk.engines.models.configured import ModelsConfig
from paperclerk.engines.models.endpoint import Endpoint, Profile
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


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)
