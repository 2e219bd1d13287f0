"""What the policy says about sharing one deal: the model, its parameters and the modifiers after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from sync.attribution.weights import Weights


class Unfilled(StrEnum):
    """Who gets the pool of a role that nobody holds."""

    REDISTRIBUTE = "redistribute"  # the filled roles, in proportion to their pools
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Terms:
    """The attribution part of a policy. Parts are fractions of 1, pools are in any unit that fits all of them.

    ``floor`` and ``cap`` are of the partners' part, before the vendor's share. ``half_life`` is in days. Raises
    ValueError that names every parameter out of range.
    """

    model: str = "role_pools"
    pools: Weights = field(default_factory=dict)
    unfilled: Unfilled = Unfilled.REDISTRIBUTE
    half_life: Fraction = Fraction(30)
    late_factor: Fraction = Fraction(1)
    tier_multipliers: Weights = field(default_factory=dict)
    sourced_bonus: Fraction = Fraction(0)
    floor: Fraction = Fraction(0)
    cap: Fraction = Fraction(1)
    vendor_share: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if faults := tuple(self._faults()):
            raise ValueError("attribution terms: " + "; ".join(faults))

    def _faults(self) -> Iterator[str]:
        parts = {
            "late_factor": self.late_factor,
            "sourced_bonus": self.sourced_bonus,
            "floor": self.floor,
            "cap": self.cap,
            "vendor_share": self.vendor_share,
        }
        yield from (f"{name} is {n}, it must be from 0 to 1" for name, n in parts.items() if not 0 <= n <= 1)
        if self.floor > self.cap:
            yield f"floor {self.floor} is above cap {self.cap}, lower the floor or raise the cap"
        if self.half_life <= 0:
            yield f"half_life is {self.half_life}, it must be more than 0 days"
        for name, numbers in (("pools", self.pools), ("tier_multipliers", self.tier_multipliers)):
            yield from (f"{name}.{key} is {n}, it must not be below 0" for key, n in numbers.items() if n < 0)
