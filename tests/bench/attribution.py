"""How fast deals are divided: 20,000 three-partner deals, beside the same sums written by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from time import perf_counter

from sync.attribution.apportion import amount_minor, percent_2dp, share_ppm
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms

DEALS = 20_000
POOLS = {"SOURCE": 10, "RESELL": 30, "PRESALES": 10, "IMPLEMENT": 25, "ADVISE": 15, "SUPPORT": 10}
ROLES = {"RSL": ("SOURCE", "RESELL"), "INT": ("PRESALES", "IMPLEMENT"), "BIC": ("PRESALES", "ADVISE")}
ORDER = ("RSL", "INT", "BIC")


def product(amount: int) -> dict[str, int]:
    """Role pools, then percent, parts per million and money, each apportioned from the exact weights."""
    terms = Terms(pools={role: Fraction(pool) for role, pool in POOLS.items()})
    found = shares([Party(name, frozenset(roles)) for name, roles in ROLES.items()], terms)
    percent_2dp(found.weights, ORDER, found.capped)
    share_ppm(found.weights, ORDER, found.capped)
    return amount_minor(amount, found.weights, ORDER, found.capped) or {}


def by_hand(amount: int) -> dict[str, int]:
    """The same figures with nothing but the arithmetic: no checks, no explanation."""
    filled = {role: [name for name in ORDER if role in ROLES[name]] for role in POOLS}
    size = sum(pool for role, pool in POOLS.items() if filled[role])
    weights = {name: sum(Fraction(POOLS[role], size * len(filled[role])) for role in ROLES[name]) for name in ORDER}
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


def rate(divide: Callable[[int], dict[str, int]]) -> float:
    """Deals a second."""
    started = perf_counter()
    for amount in range(24_999_999, 24_999_999 + DEALS):
        divide(amount)
    return DEALS / (perf_counter() - started)


def main() -> int:
    """Both in turn, in one process; the figures only count while both say the same."""
    for amount in (24_999_999, 1, 100, 10**12 + 7):
        if product(amount) != by_hand(amount):
            sys.stderr.write(f"the two do not agree on {amount}: {product(amount)} and {by_hand(amount)}\n")
            return 1
    ours, theirs = rate(product), rate(by_hand)
    sys.stdout.write(f"{'':<16}{'deals a second':>16}\n")
    sys.stdout.write(f"{'dealsync':<16}{ours:>16,.0f}\n{'by hand':<16}{theirs:>16,.0f}\n")
    sys.stdout.write(f"ratio {ours / theirs:.2f} (checked, explained and validated, against bare arithmetic)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
