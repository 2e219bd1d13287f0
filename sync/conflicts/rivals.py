"""What is wrong between claims: duplicates, exclusive roles, lines, places in a role, gaps, related customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from sync.claim import Claim, joint, meet_in_scope, overlap
from sync.conflicts.finding import Finding, between, business, names, words
from sync.conflicts.situation import Situation
from sync.model.registration import Role, State
from sync.model.ruling import Severity

ALL_LINES: Final = "all lines"


def same_partner_twice(situation: Situation) -> Iterator[Finding]:
    """The same partner registered the same business twice."""
    for one, other in situation.meetings:
        if one.partner.id != other.partner.id:
            continue
        if shared := [role for role in one.roles if role in other.roles and _not_apart(one, other, role)]:
            text = f"{one.partner.name} registered {', '.join(shared)} twice for {business(one, other)}."
            yield between("C01", Severity.WARN, (one, other), words(shared), text)


def _not_apart(one: Claim, other: Claim, role: Role) -> bool:
    """Whether two claims to one role mean the same work: a role that lines have once is as often there as they."""
    return one.policy.role(role).exclusive != "line" or bool(disputed_lines(one, other))


def rivals(situation: Situation) -> Iterator[tuple[Claim, Claim]]:
    """Two partners in one role who have neither agreed to share it, nor must all be let in by law."""
    for one, other in situation.meetings:
        if one.partner.id != other.partner.id and not joint(one, other) and not _equal_tender(one, other):
            yield one, other


def exclusive_role_twice(situation: Situation) -> Iterator[Finding]:
    """Two partners claim a role that only one of them can hold."""
    for one, other in rivals(situation):
        roles = [role for role in one.roles if role in other.roles and meet_in_scope(one, other, role)]
        if roles:
            text = f"{names((one, other))} both claim {', '.join(roles)} on {business(one, other)}."
            yield between("C02", Severity.BLOCK, (one, other), words(roles), text)
    for source, referral in _referrals(situation):
        who, whose = source.partner.name, referral.partner.name
        text = f"{who} claims to have sourced {business(source, referral)}: {whose}'s referral counts as influence."
        yield between("C02", Severity.INFO, (source, referral), Role.REFER, text)


def _referrals(situation: Situation) -> Iterator[tuple[Claim, Claim]]:
    for claims in situation.on_deal.values():
        sources = [claim for claim in claims if Role.SOURCE in claim.roles]
        referrals = [claim for claim in claims if Role.REFER in claim.roles]
        for source, referral in product(sources, referrals):
            if source.partner.id != referral.partner.id and overlap(source, referral):
                yield source, referral


def same_line_twice(situation: Situation) -> Iterator[Finding]:
    """Two partners claim the same line of a deal for a role that a line has once."""
    for one, other in rivals(situation):
        roles = [r for r in one.roles if r in other.roles and one.policy.role(r).exclusive == "line"]
        lines = disputed_lines(one, other)
        if roles and lines:
            which = ALL_LINES if lines == (ALL_LINES,) else f"line {', '.join(lines)}"
            text = f"{names((one, other))} both claim {', '.join(roles)} on {which} of {business(one, other)}."
            yield replace(between("C13", Severity.BLOCK, (one, other), words(lines), text), lines=lines)


def disputed_lines(one: Claim, other: Claim) -> tuple[str, ...]:
    """Lines that both claim; a claim that names none claims them all."""
    if not one.line_ids and not other.line_ids:
        return (ALL_LINES,)
    mine, theirs = set(one.line_ids or other.line_ids), set(other.line_ids or one.line_ids)
    return tuple(sorted(mine & theirs))


def too_many_in_a_role(situation: Situation) -> Iterator[Finding]:
    """More partners claim a role than the programme has places for in it."""
    holders: dict[tuple[str, Role], list[Claim]] = defaultdict(list)
    for claim in situation.claims:
        for role in claim.roles:
            holders[claim.opportunity.id if claim.opportunity else claim.place, role].append(claim)
    for (_, role), claims in holders.items():
        places = claims[0].policy.role(role)
        if places.capacity is None or places.exclusive != "none":
            continue
        if len({claim.partner.id for claim in claims}) > places.capacity and not _all_joint(claims):
            text = (
                f"{names(claims)} claim {role} on {business(*claims)}, which has {places.capacity} places for it."
            )
            yield between("C03", Severity.WARN, claims, role, text)


def _all_joint(claims: Sequence[Claim]) -> bool:
    """Whether they are all members of one joint registration."""
    return all(joint(claims[0], claim) for claim in claims)


def filed_in_a_gap(situation: Situation) -> Iterator[Finding]:
    """A rival filed after a partner's protection had ended and before that partner registered again."""
    ended: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in situation.everyone:
        if claim.state is State.EXPIRED and claim.opportunity:
            ended[claim.opportunity.id, claim.partner.id].append(claim)
    for first, again in rivals(situation) if ended else ():
        deal = again.opportunity.id if again.opportunity else ""
        gaps = [old for old in ended[deal, again.partner.id] if _in_gap(old, first, again)]
        if gaps:
            roles = [role for role in first.roles if role in again.roles]
            text = f"{first.partner.name} filed after {again.partner.name}'s protection ended, and ranks before it."
            yield between("C21", Severity.INFO, (first, again), words(roles), text)


def _in_gap(old: Claim, first: Claim, again: Claim) -> bool:
    end = old.standing.protection_end if old.standing else None
    filed = first.submitted_at
    return end is not None and end < old.policy.today(filed) and filed < again.submitted_at


def related_customers(situation: Situation) -> Iterator[Finding]:
    """Two partners claim one role at two customers of which one is the other's parent, before there is a deal."""
    at: dict[str, list[Claim]] = defaultdict(list)
    for claim in situation.claims:
        if claim.account:
            at[claim.account.id].append(claim)
    for child in sorted(at):
        for parent in situation.around.above(child):
            for pair in product(at[child], at.get(parent, ())) if _one_country(situation, child, parent) else ():
                if roles := _related(*sorted(pair, key=lambda claim: (claim.submitted_at, claim.policy.id))):
                    text = f"{names(pair)} both claim {', '.join(roles)} at a customer and its parent."
                    yield between("C23", Severity.WARN, pair, words(roles), text)


def _one_country(situation: Situation, child: str, parent: str) -> bool:
    one, other = situation.around.accounts[child].country, situation.around.accounts[parent].country
    return not one or not other or one.casefold() == other.casefold()


def _related(one: Claim, other: Claim) -> Iterable[Role]:
    """The exclusive roles that both claim; two deals of their own are two purchases."""
    if one.partner.id == other.partner.id or joint(one, other) or (one.opportunity and other.opportunity):
        return []
    return [role for role in one.roles if role in other.roles and meet_in_scope(one, other, role)]


def _equal_tender(one: Claim, other: Claim) -> bool:
    """Whether the law obliges the vendor to treat both alike: a public tender, where the programme says so."""
    dates = one.registration.tender_published_on, other.registration.tender_published_on
    return all(dates) and one.policy.conflicts.tender == "equal_treatment"
