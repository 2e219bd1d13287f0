"""The split of one deal: who is credited, by which model, in which order ties fall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sync.attribution.apportion import amount_minor, apportion, percent_2dp, share_ppm
from sync.attribution.lines import Line as NetLine
from sync.attribution.lines import LineSplit, split_lines
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms, Unfilled
from sync.attribution.weights import Weights
from sync.claim import Claim
from sync.model.deal import Line, Opportunity, Stage
from sync.model.ids import name
from sync.model.money import Money
from sync.model.registration import Role
from sync.model.ruling import Joint, JointState
from sync.model.split import Portion, Split, SplitStatus
from sync.policy import Policy


@dataclass(frozen=True, slots=True)
class _Member:
    """One credited partner: all its credited claims on the deal, taken together."""

    party: Party
    name: str
    roles: tuple[Role, ...]
    line_ids: frozenset[str]
    approved_at: datetime


def credit(
    deal: Opportunity, claims: Sequence[Claim], joint: Sequence[Joint], before: Split | None
) -> Split | None:
    """The split of ``deal`` among its credited claims; ``None`` when nobody is credited.

    ``before`` is the split as it stood: weights that are locked stay, and the version rises only with a change.
    """
    credited = sorted((claim for claim in claims if claim.state.credited), key=lambda claim: claim.id)
    if not credited:
        return None
    policy = _policy(credited)
    members = _members(deal, credited)
    if before and before.status is SplitStatus.LOCKED and _has_weights(before):
        split = _reprice(before, deal.amount)
    else:
        divide = _by_lines if _is_bundle(deal, policy) else _by_model
        split = _split(deal, members, policy, divide(deal, members, policy))
    split = replace(split, status=_status(deal, claims, joint), decision_id="")
    return _versioned(split, before)


def _versioned(split: Split, before: Split | None) -> Split:
    """The same split again keeps its version and its id."""
    if before and replace(before, version=0, decision_id="") == replace(split, version=0):
        return before
    version = before.version + 1 if before else 1
    return replace(split, version=version, decision_id=name("spl", split.opportunity_id, str(version), repr(split)))


def _policy(credited: Sequence[Claim]) -> Policy:
    """One deal is divided by one policy: that of the earliest submission."""
    return min(credited, key=lambda claim: (claim.submitted_at, claim.id)).policy


def _members(deal: Opportunity, credited: Sequence[Claim]) -> dict[str, _Member]:
    by_partner: dict[str, list[Claim]] = defaultdict(list)
    for claim in credited:
        by_partner[claim.partner.id].append(claim)
    source = _source(deal, credited)
    return {partner: _member(group, partner == source) for partner, group in sorted(by_partner.items())}


def _member(group: Sequence[Claim], source: bool) -> _Member:
    held = {role for claim in group for role in claim.roles}
    roles = tuple(role for role in Role if role in held)
    declared = [claim.registration.contribution for claim in group if claim.registration.contribution is not None]
    partner = group[0].partner
    party = Party(
        id=partner.id,
        roles=frozenset(role.value for role in roles),
        contribution=Fraction(sum(declared)) if declared else None,
        tier=partner.tier or "",
        sourcing=source,
    )
    lines = frozenset(line for claim in group for line in claim.line_ids)
    approved = min(claim.approved_at or claim.submitted_at for claim in group)
    return _Member(party, partner.name, roles, lines, approved)


def _source(deal: Opportunity, credited: Sequence[Claim]) -> str | None:
    """The one partner that sourced the deal: the first of those who pass the sourced test (I7)."""
    passing = [claim for claim in credited if _sourced(deal, claim)]
    first = min(passing, key=lambda claim: (claim.submitted_at, claim.id), default=None)
    return first.partner.id if first else None


def _sourced(deal: Opportunity, claim: Claim) -> bool:
    """Domain §3.3, the sourced test: there before direct sales, and not long after the deal was opened."""
    if Role.SOURCE not in claim.roles:
        return False
    evidence = claim.first_evidence()
    first = min(claim.submitted_at, evidence.at) if evidence else claim.submitted_at
    before_direct = deal.direct_engaged_at is None or first < deal.direct_engaged_at
    return before_direct and claim.submitted_at <= deal.created_at + timedelta(claim.policy.windows.sourcing_days)


def _tie_order(members: Mapping[str, _Member]) -> list[str]:
    """Domain §5.2: the source first, then by role, then by approval, then by partner id."""

    def rank(partner: str) -> tuple[bool, list[int], datetime, str]:
        member = members[partner]
        roles = [list(Role).index(role) for role in member.roles]
        return (Role.SOURCE not in member.roles, roles, member.approved_at, partner)

    return sorted(members, key=rank)


def _terms(policy: Policy) -> Terms:
    rules = policy.attribution
    return Terms(
        model=rules.model,
        pools=policy.pools,
        unfilled=Unfilled(rules.unfilled),
        sourced_bonus=Fraction(rules.sourced_bonus) / 100,
        floor=Fraction(rules.floor) / 100,
        cap=Fraction(rules.cap) / 100,
        vendor_share=Fraction(rules.vendor_share) / 100,
    )


@dataclass(frozen=True, slots=True)
class _Division:
    """The numbers of one division. ``weights`` is ``None`` when they are not parts of one whole."""

    model: str
    weights: Weights | None
    amounts: Mapping[str, int] | None
    arithmetic: tuple[str, ...]
    capped: frozenset[str] = frozenset()


def _by_model(deal: Opportunity, members: Mapping[str, _Member], policy: Policy) -> _Division:
    result = shares([member.party for member in members.values()], _terms(policy))
    order = _tie_order(members)
    amounts = amount_minor(deal.amount.minor, result.weights, order, result.capped) if deal.amount else None
    return _Division(
        policy.attribution.model, result.weights, amounts, _named(result.trace, members), result.capped
    )


def _is_bundle(deal: Opportunity, policy: Policy) -> bool:
    """A bundle is a deal whose lines name the partners they need."""
    return (
        policy.attribution.bundles == "lines"
        and deal.amount is not None
        and any(line.needs for line in deal.lines)
        and all(line.net is None or line.net.currency == deal.amount.currency for line in deal.lines)
    )


def _by_lines(deal: Opportunity, members: Mapping[str, _Member], _policy: Policy) -> _Division:
    assert deal.amount is not None
    lines = [_net_line(line.id, line.net, _who(line.id, line.needs, members)) for line in deal.lines]
    result = split_lines(lines, deal.amount.minor, _tie_order(members))
    arithmetic = tuple(_line_sentence(line, result, deal.amount.currency, members) for line in deal.lines)
    return _Division("lines", result.weights, result.totals, arithmetic)


def _who(line_id: str, needs: Iterable[str], members: Mapping[str, _Member]) -> list[str]:
    """The credited partners of a line: those it needs, else those who claimed it by name."""
    needed = [partner for partner in dict.fromkeys(needs) if partner in members]
    return needed or [partner for partner, member in members.items() if line_id in member.line_ids]


def _net_line(line_id: str, net: Money | None, partners: Sequence[str]) -> NetLine:
    return NetLine(line_id, net.minor if net else 0, {partner: Fraction(1) for partner in partners})


def _line_sentence(line: Line, result: LineSplit, currency: str, members: Mapping[str, _Member]) -> str:
    amounts, adjustment = result.by_line[line.id], result.adjustments[line.id]
    parts = ", ".join(f"{_name(party, members)} {Money(minor, currency)}" for party, minor in amounts.items())
    change = f" (header difference {Money(adjustment, currency)})" if adjustment else ""
    return f"{line.code or line.id}{change}: {parts}"


def _name(party: str, members: Mapping[str, _Member]) -> str:
    return members[party].name if party in members else party


def _named(trace: Iterable[str], members: Mapping[str, _Member]) -> tuple[str, ...]:
    """The arithmetic with partners' names instead of their ids."""
    sentences = []
    for sentence in trace:
        for partner, member in members.items():
            sentence = sentence.replace(partner, member.name)  # noqa: PLW2901
        sentences.append(sentence)
    return tuple(sentences)


def _split(deal: Opportunity, members: Mapping[str, _Member], policy: Policy, division: _Division) -> Split:
    order = _tie_order(members)
    weights, amounts = division.weights, division.amounts
    ppm = share_ppm(weights, order, division.capped) if weights else None
    percent = percent_2dp(weights, order, division.capped) if weights else None
    others = ({*(weights or {})} | {*(amounts or {})}) - {*order}
    portions = tuple(
        Portion(
            party=party,
            roles=members[party].roles if party in members else (),
            weight=str((weights or {}).get(party, Fraction(0))),
            share_ppm=ppm.get(party, 0) if ppm else None,
            percent=percent.get(party, Decimal("0.00")) if percent else None,
            amount=Money(amounts.get(party, 0), deal.amount.currency) if amounts and deal.amount else None,
            **_kinds(members.get(party), policy),
        )
        for party in [*order, *sorted(others)]
    )
    return Split(
        opportunity_id=deal.id,
        version=0,
        status=SplitStatus.DRAFT,
        model=division.model,
        policy=policy.id,
        amount=deal.amount,
        portions=portions,
        arithmetic=division.arithmetic,
    )


def _kinds(member: _Member | None, policy: Policy) -> dict[str, bool]:
    """Domain §5.1: three numbers that are never mixed with the split."""
    if member is None:
        return {}
    kinds = {policy.role(role).credit for role in member.roles}
    return {
        "sourced": member.party.sourcing,
        "influenced": "influenced" in kinds,
        "fulfilled": "fulfilled" in kinds,
    }


def _has_weights(split: Split) -> bool:
    """Whether the parts are parts of one whole; where lines have both signs, the amounts follow their lines."""
    return all(portion.share_ppm is not None for portion in split.portions)


def _reprice(before: Split, amount: Money | None) -> Split:
    """A locked split keeps its weights; only the amounts follow the deal."""
    if before.amount == amount:
        return before
    weights = {portion.party: Fraction(portion.weight) for portion in before.portions}
    minor = apportion(amount.minor, weights, list(weights)) if amount else {}
    portions = tuple(
        replace(portion, amount=Money(minor[portion.party], amount.currency) if amount else None)
        for portion in before.portions
    )
    return replace(before, amount=amount, portions=portions)


def _status(deal: Opportunity, claims: Sequence[Claim], joint: Sequence[Joint]) -> SplitStatus:
    if deal.stage is Stage.WON:
        return SplitStatus.LOCKED
    if any(claim.live and not claim.state.credited for claim in claims):
        return SplitStatus.DRAFT
    agreed = all(group.state in (JointState.ACTIVE, JointState.DISSOLVED) for group in joint if group.key)
    return SplitStatus.AGREED if agreed else SplitStatus.PROPOSED
