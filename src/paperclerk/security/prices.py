"""What an execution costs in credits, from the plans file. Read by `security.plans`; used by `jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from paperclerk.domain.agent import ServiceTier

Element = Literal["page", "image"]
Credits = Annotated[Decimal, Field(ge=0, le=1_000_000)]


class Rate(BaseModel):
    """Credits for one page or image by `detail`, and on top for grounding or confidence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lo: Credits
    auto: Credits
    hi: Credits
    grounding: Credits = Decimal(0)


class Prices(BaseModel):
    """The price table. `agents` are rates by name or pattern (`healthcare.*`), `tiers` factors by service tier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: Rate
    image: Rate
    agents: Mapping[str, Rate] = {}
    tiers: Mapping[ServiceTier, Credits]

    @model_validator(mode="after")
    def _knows_every_tier(self) -> Prices:
        if missing := sorted(set(get_args(ServiceTier)) - set(self.tiers)):
            raise ValueError(f"tiers lacks {', '.join(missing)}")
        return self

    def credits(
        self, count: int, element: Element, agent: str, *, detail: str, grounded: bool, tier: ServiceTier
    ) -> int:
        """Whole credits for `count` pages or images of one execution, rounded up."""
        rate = self._rate(element, agent)
        each: Decimal = getattr(rate, detail) + (rate.grounding if grounded else 0)
        return int((count * each * self.tiers[tier]).to_integral_value(ROUND_CEILING))

    def _rate(self, element: Element, agent: str) -> Rate:
        """The agent's own, else that of the longest pattern its name fits, else that of the element."""
        fitting = [name for name in self.agents if name == agent or fnmatchcase(agent, name)]
        if not fitting:
            return self.image if element == "image" else self.page
        return self.agents[max(fitting, key=lambda name: (name == agent, len(name)))]
