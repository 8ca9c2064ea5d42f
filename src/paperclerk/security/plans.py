"""Plans: what a key may do, from one file. Read by `bootstrap`; used by `api.admission` and `cli.keys`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from paperclerk.domain.errors import InvalidRequest

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


@dataclass(frozen=True)
class Plans:
    """The plans of this installation by name."""

    default: str
    by_name: Mapping[str, Plan]

    def get(self, name: str) -> Plan | None:
        return self.by_name.get(name)


def load_plans(path: Path | None = None) -> Plans:
    """Reads the plans file, or the built-in one. Raises InvalidRequest that names what is wrong in it."""
    source = path or BUILT_IN
    try:
        read = _PlansFile.model_validate(_read_yaml(source))
    except OSError as error:
        raise InvalidRequest(f"The plans file {str(source)!r} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise InvalidRequest(f"The plans file {str(source)!r} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidRequest(
            f"The plans file {str(source)!r} is wrong at {where}: {first['msg']}."
        ) from error
    if read.default not in read.plans:
        raise InvalidRequest(f"The plans file {str(source)!r} has no plan {read.default!r}, its default.")
    return Plans(read.default, read.plans)


def _read_yaml(path: Path) -> object:
    return yaml.safe_load(path.read_text("utf-8"))  # type: ignore[no-untyped-call]
