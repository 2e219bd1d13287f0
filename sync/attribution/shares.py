"""From the eligible partners of a deal to its exact shares, with the arithmetic in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sync.attribution.models import MODELS
from sync.attribution.modifiers import MODIFIERS
from sync.attribution.party import Party
from sync.attribution.terms import Terms
from sync.attribution.weights import VENDOR, Weights, summed


@dataclass(frozen=True, slots=True)
class Shares:
    """Exact weights by party id, adding up to 1; ``VENDOR`` is among them when the vendor has a part.

    ``capped`` are the partners that stay out when left-over units are shared out. ``trace`` is the arithmetic,
    one step a sentence, the same for the same inputs in any order.
    """

    weights: Weights
    trace: tuple[str, ...]
    capped: frozenset[str] = frozenset()


def shares(parties: Sequence[Party], terms: Terms) -> Shares:
    """The shares of the eligible ``parties`` under ``terms``: model, then modifiers in their fixed order.

    Without a partner the vendor has everything. Raises ValueError when a party comes twice, the model is
    unknown, an agreed split is not usable, or floors and caps cannot hold.
    """
    members = _each_once(parties)
    if terms.model not in MODELS:
        raise ValueError(f"attribution model {terms.model!r} is unknown: use one of {', '.join(MODELS)}")
    if not members:
        return Shares({VENDOR: Fraction(1)}, (f"No eligible partner -> {VENDOR} 100%",))
    step = MODELS[terms.model](members, terms)
    trace, capped = step.trace, step.capped
    for modify in MODIFIERS:
        step = modify(step.weights, members, terms)
        trace, capped = trace + step.trace, capped | step.capped
    rest = 1 - summed(step.weights)
    return Shares(step.weights | ({VENDOR: rest} if rest else {}), trace, capped)


def _each_once(parties: Sequence[Party]) -> list[Party]:
    times = Counter(party.id for party in parties)
    if twice := sorted(party for party, count in times.items() if count > 1):
        raise ValueError(f"{', '.join(twice)} comes twice: join one partner's roles into one party")
    return sorted(parties, key=lambda party: party.id)
