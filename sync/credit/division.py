"""The numbers of one division: by the members' agreement, by the lines of a bundle, or by the policy's model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

from sync.attribution.frozen import frozen
from sync.attribution.grounds import Unusable
from sync.attribution.lines import LineSplit, split_lines
from sync.attribution.programme import terms
from sync.attribution.shares import NOTHING, Shares, shares
from sync.attribution.terms import Terms
from sync.attribution.trace import named, part, whole
from sync.attribution.weights import VENDOR, Weights, added
from sync.attribution.withdrawal import withdraw
from sync.credit.facts import grounds_of, net_lines, one_currency
from sync.credit.renewal import Renewal
from sync.credit.team import Team
from sync.model.deal import Line
from sync.model.money import Money
from sync.model.split import FrozenLine

FALLBACK = "role_pools"
"""What divides a deal that the policy's model cannot: every programme has pools, and they make 100."""

PLAIN = frozenset({"equal", "role_pools", "contribution"})
"""These models read the partners and nothing else of the deal."""


@dataclass(frozen=True, slots=True)
class Division:
    """The numbers of one division. ``weights`` is ``None`` when they are not parts of one whole; ``amounts`` (minor
    units) is ``None`` when they follow from the weights.
    """

    model: str
    weights: Weights | None
    amounts: Mapping[str, int] | None
    arithmetic: tuple[str, ...]
    capped: frozenset[str] = frozenset()
    lines: tuple[FrozenLine, ...] = ()


def divide(team: Team) -> Division:
    """The credit of ``team``'s deal."""
    if _is_bundle(team):
        divided = _by_lines(team)
    elif team.renewal and not team.agreed and team.record.members:
        divided = _by_renewal(team, team.renewal)
    else:
        divided = _by_model(team)
    return replace(divided, arithmetic=(*_disagreement(team), *named(divided.arithmetic, team.names)))


def _disagreement(team: Team) -> Iterator[str]:
    """Why the members' own shares do not divide the deal, where the policy asks for them (conflict C18)."""
    if team.agreement and team.disputed:
        yield f"C18 Agreed split, back to the lead partner: {'; '.join(team.agreement.objections)}"
    elif team.undecided:
        yield f"The members have not agreed on their parts: divided by {_words(FALLBACK)} until they do"


def _words(model: str) -> str:
    return model.replace("_", " ")


def _is_bundle(team: Team) -> bool:
    """A bundle is a deal whose lines name the partners they need; what its members agreed on stands before it."""
    deal, rules = team.deal, team.policy.attribution
    if team.agreed or deal.amount is None or not one_currency(deal):
        return False
    if rules.model == "lines":
        return bool(deal.lines)
    return rules.bundles == "lines" and rules.model != "shapley" and any(line.needs for line in deal.lines)


def _by_lines(team: Team) -> Division:
    assert team.deal.amount is not None
    lines = net_lines(team)
    result = split_lines(lines, team.deal.amount.minor, team.order)
    arithmetic = tuple(_line_sentence(line, result, team.deal.amount.currency) for line in team.deal.lines)
    return Division("lines", result.weights, result.totals, arithmetic, lines=frozen(lines, result))


def _line_sentence(line: Line, result: LineSplit, currency: str) -> str:
    amounts, adjustment = result.by_line[line.id], result.adjustments[line.id]
    parts = ", ".join(f"{party} {Money(minor, currency)}" for party, minor in amounts.items())
    change = f" (header difference {Money(adjustment, currency)})" if adjustment else ""
    return f"{line.code or line.id}{change}: {parts}"


def _by_model(team: Team) -> Division:
    rules = terms(team.policy)
    if team.agreed or rules.model == "negotiated":
        rules = replace(rules, model="negotiated" if team.agreed else FALLBACK)
    model, result, says = _shares(team, rules)
    weights: Weights = result.weights
    steps: list[Iterable[str]] = [says, result.trace]
    for step in (_still_pending, _without_leavers):
        weights, sentences = step(team, weights)
        steps.append(sentences)
    capped = result.capped & weights.keys()
    return Division(model, weights, None, tuple(chain.from_iterable(steps)), capped)


def _by_renewal(team: Team, renewal: Renewal) -> Division:
    """What is repeated among those who sold it before, what is added among all: two splits of one deal."""
    base, expansion = _by_model(team.record), _by_model(team)
    halves = ((base, renewal.part), (expansion, 1 - renewal.part))
    weights = added({p: weight * size for p, weight in (half.weights or {}).items()} for half, size in halves)
    says = (
        f"Base {renewal.base}, as sold in {renewal.before}, among those who sold it:",
        *base.arithmetic,
        f"Expansion {renewal.expansion}, among all:",
        *expansion.arithmetic,
        f"Base and expansion together -> {whole(weights)}",
    )
    return Division(expansion.model, weights, None, says, base.capped & expansion.capped)


def _shares(team: Team, rules: Terms) -> tuple[str, Shares, tuple[str, ...]]:
    """By the model of ``rules``; where this deal does not carry it, by role pools, and the reason said first."""
    parties = [member.party for member in team.everybody.values()]
    grounds = NOTHING if rules.model in PLAIN else grounds_of(team)
    try:
        return rules.model, shares(parties, rules, grounds), ()
    except Unusable as why:
        says = f"Not divided by {_words(rules.model)}, but by {_words(FALLBACK)}: {why}"
        return FALLBACK, shares(parties, replace(rules, model=FALLBACK), grounds), (says,)


def _still_pending(team: Team, weights: Weights) -> tuple[Weights, Iterable[str]]:
    """The agreed part of who is not approved yet stays with the vendor, as on a line that needs it."""
    waiting = {who: weights[who] for who in team.pending}
    if not waiting:
        return weights, ()
    after = {party: weight for party, weight in weights.items() if party not in waiting}
    after[VENDOR] = after.get(VENDOR, Fraction()) + sum(waiting.values())
    says = ", ".join(f"{part(weight)} of {who}" for who, weight in waiting.items())
    return after, (f"Not approved, so it stays with {VENDOR}: {says} -> {whole(after)}",)


def _without_leavers(team: Team, weights: Weights) -> tuple[Weights, Iterable[str]]:
    leavers = {who: earned for who, (_, earned) in team.leavers.items()}
    if not leavers:
        return weights, ()
    after = withdraw(weights, leavers, team.rule)
    return after.weights, after.trace
