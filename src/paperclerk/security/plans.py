"""Plans: what a key may do and what it costs, from one file. Read by `bootstrap`, `cli.keys`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from paperclerk.domain.errors import InvalidRequest
from paperclerk.security.prices import Prices

Entitlement = Literal["document.execute"]

BUILT_IN = Path(__file__).with_name("plans.yaml")


class Plan(BaseModel):
    """What a key of this plan may do. None means no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entitlements: frozenset[Entitlement] = frozenset()
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    credits_per_month: Annotated[int, Field(ge=0)] | None = None


class _PlansFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    default: str
    plans: dict[str, Plan]
    prices: Prices


@dataclass(frozen=True)
class Plans:
    """The plans of this installation by name, and its price table."""

    default: str
    by_name: Mapping[str, Plan]
    prices: Prices

    def get(self, name: str) -> Plan | None:
        return self.by_name.get(name)


def load_plans(path: Path | None = None) -> Plans:
    """Reads the plans file, or the built-in one. Raises InvalidRequest that names what is wrong in it."""
    source = path or BUILT_IN
    try:
        read = _PlansFile.model_validate(_with_prices(_read_yaml(source)))
    except OSError as error:
        raise InvalidRequest(f"The plans file {str(source)!r} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The plans file {str(source)!r} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        wrong = f"at {where}: {first['msg']}" if where else "it must hold `default` and `plans`"
        raise InvalidRequest(f"The plans file {str(source)!r} is wrong: {wrong}.") from error
    if read.default not in read.plans:
        raise InvalidRequest(f"The plans file {str(source)!r} has no plan {read.default!r}, its default.")
    return Plans(read.default, read.plans, read.prices)


def _with_prices(given: object) -> object:
    """What was read, with the built-in prices where it names none of its own."""
    if not isinstance(given, dict):
        return given
    prices, built_in = given.get("prices", {}), _built_in_prices()
    return {**given, "prices": {**built_in, **prices} if isinstance(prices, dict) else prices}


@cache
def _built_in_prices() -> Mapping[str, Any]:
    read: Any = _read_yaml(BUILT_IN)
    prices: Mapping[str, Any] = read["prices"]
    return prices


def _read_yaml(path: Path) -> object:
    return yaml.safe_load(path.read_text("utf-8"))  # type: ignore[no-untyped-call]
