"""How fast deals are divided, beside the same sums written by hand: ``--deals 1000000`` for a million of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from time import process_time

from sync.attribution.apportion import Parts
from sync.attribution.party import Party
from sync.attribution.shares import Shares, shares
from sync.attribution.terms import Terms
from sync.credit import credit
from sync.model.money import Money
from tests.steps.business import deal
from tests.steps.splitting import approved

POOLS = {"SOURCE": 10, "RESELL": 30, "PRESALES": 10, "IMPLEMENT": 25, "ADVISE": 15, "SUPPORT": 10}
ROLES = {"RSL": ("SOURCE", "RESELL"), "INT": ("PRESALES", "IMPLEMENT"), "BIC": ("PRESALES", "ADVISE")}
ORDER = ("RSL", "INT", "BIC")
TERMS = Terms(pools={role: Fraction(pool) for role, pool in POOLS.items()})
"""A policy is read once for all its deals."""

DEAL = deal(amount="249999.99")
CLAIMS = tuple(replace(approved(who, who, " ".join(roles)), opportunity=DEAL) for who, roles in ROLES.items())


def weights(_amount: int) -> Shares:
    """Role pools and every modifier; each deal has its own partners."""
    return shares([Party(name, frozenset(roles)) for name, roles in ROLES.items()], TERMS)


def product(amount: int) -> dict[str, int]:
    """Exact weights, then percent, parts per million and money, each apportioned from them."""
    found = weights(amount)
    parts = Parts(found.weights, ORDER, found.capped)
    parts.of(10_000)
    parts.of(1_000_000)
    return parts.of(amount)


def explained(amount: int) -> dict[str, int]:
    """The same, and somebody reads the arithmetic."""
    found = weights(amount)
    found.trace  # noqa: B018
    parts = Parts(found.weights, ORDER, found.capped)
    parts.of(10_000)
    parts.of(1_000_000)
    return parts.of(amount)


def whole(amount: int) -> dict[str, int]:
    """From claims to a stored split: who is credited, sourced, late, the words, the version."""
    split = credit(replace(DEAL, amount=Money(amount, "EUR")), CLAIMS, (), None)
    return {portion.party: portion.amount.minor for portion in split.portions if portion.amount} if split else {}


def by_hand(amount: int) -> dict[str, int]:
    """The same figures with nothing but the arithmetic: no checks, no explanation."""
    filled = {role: [name for name in ORDER if role in ROLES[name]] for role in POOLS}
    size = sum(pool for role, pool in POOLS.items() if filled[role])
    weights = {
        name: sum((Fraction(POOLS[role], size * len(filled[role])) for role in ROLES[name]), Fraction())
        for name in ORDER
    }
    _largest(10_000, weights)
    _largest(1_000_000, weights)
    return _largest(amount, weights)


def _largest(units: int, weights: dict[str, Fraction]) -> dict[str, int]:
    quotas = {name: units * weight for name, weight in weights.items()}
    parts = {name: int(quota) for name, quota in quotas.items()}
    rest = sorted(ORDER, key=lambda name: (parts[name] - quotas[name], -weights[name], ORDER.index(name)))
    for name in rest[: units - sum(parts.values())]:
        parts[name] += 1
    return parts


def rate(divide: Callable[[int], object], deals: int) -> float:
    """Deals a second of one core: the time of this process, whatever else the machine does."""
    started = process_time()
    for amount in range(24_999_999, 24_999_999 + deals):
        divide(amount)
    return deals / (process_time() - started)


def main() -> int:
    """All in turn, in one process; the figures only count while all say the same."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--deals", type=int, default=20_000)
    deals = asked.parse_args().deals
    for amount in (24_999_999, 1, 100, 10**12 + 7):
        told = [divide(amount) for divide in (by_hand, product, explained, whole)]
        if any(answer != told[0] for answer in told):
            sys.stderr.write(f"they do not agree on {amount}: {told}\n")
            return 1
    hand = rate(by_hand, deals)
    rows = {"by hand": hand, "dealsync": rate(product, deals), "weights only": rate(weights, deals)}
    rows |= {"with its words": rate(explained, deals // 2), "whole split": rate(whole, deals // 10)}
    sys.stdout.write(f"{'':<16}{'deals/s, one core':>18}{'of by hand':>12}\n")
    for name, figure in rows.items():
        sys.stdout.write(f"{name:<16}{figure:>18,.0f}{figure / hand:>12.2f}\n")
    share = rows["dealsync"] / rows["weights only"]
    sys.stdout.write(f"ratio {rows['dealsync'] / hand:.2f} (checked and explainable, against bare arithmetic)\n")
    sys.stdout.write(f"limited by: exact weights {share:.0%} of the time, three apportionments {1 - share:.0%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
