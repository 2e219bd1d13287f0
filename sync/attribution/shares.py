"""From the eligible partners of a deal to its exact shares, with the arithmetic in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from sync.attribution.grounds import Grounds
from sync.attribution.models import MODELS
from sync.attribution.modifiers import MODIFIERS
from sync.attribution.party import Party
from sync.attribution.terms import Terms
from sync.attribution.trace import Explain
from sync.attribution.weights import VENDOR, Weights, scaled

NOTHING: Final = Grounds()


@dataclass(frozen=True, slots=True)
class Shares:
    """Exact weights by party id, adding up to 1; ``VENDOR`` is among them when the vendor has a part.

    ``capped`` are the partners that stay out when left-over units are shared out. ``steps`` explain themselves when
    somebody reads the ``trace``.
    """

    weights: Weights
    capped: frozenset[str] = frozenset()
    steps: tuple[Explain, ...] = field(default=(), compare=False, repr=False)

    @property
    def trace(self) -> tuple[str, ...]:
        """The arithmetic, one step a sentence, the same for the same inputs in any order."""
        return tuple(sentence for explain in self.steps for sentence in explain())


def shares(parties: Sequence[Party], terms: Terms, grounds: Grounds = NOTHING) -> Shares:
    """The shares of the eligible ``parties`` under ``terms``: model, then modifiers in their fixed order.

    Without a partner the vendor has everything. Raises ValueError when a party comes twice or the model is unknown,
    and `Unusable` when ``grounds`` do not carry the model.
    """
    members = _each_once(parties)
    if terms.model not in MODELS:
        raise ValueError(f"attribution model {terms.model!r} is unknown: use one of {', '.join(MODELS)}")
    if not members:
        return Shares({VENDOR: Fraction(1)}, steps=(lambda: (f"No eligible partner -> {VENDOR} 100%",),))
    step = MODELS[terms.model](members, terms, grounds)
    steps, capped = [step.explain], step.capped
    for modify in MODIFIERS:
        step = modify(step.weights, members, terms)
        steps.append(step.explain)
        capped |= step.capped
    counts, whole = scaled(step.weights)
    rest = whole - sum(counts.values())
    return Shares(step.weights | ({VENDOR: Fraction(rest, whole)} if rest else {}), capped, tuple(steps))


def _each_once(parties: Sequence[Party]) -> list[Party]:
    if len({party.id for party in parties}) < len(parties):
        times = Counter(party.id for party in parties)
        twice = sorted(party for party, count in times.items() if count > 1)
        raise ValueError(f"{', '.join(twice)} comes twice: join one partner's roles into one party")
    return sorted(parties, key=lambda party: party.id)
