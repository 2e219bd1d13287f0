"""The business in ten lines: from the facts about one connected group to the verdict on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync.claim import Claim
from sync.conflicts.clocks import with_clocks
from sync.conflicts.situation import Surroundings
from sync.credit import Lock, as_posted, credit, handed_over, renewal_of, reported
from sync.joint import Memory, joints, seated
from sync.judge import held, judge
from sync.ledger import Parties, Sold, merge, post
from sync.lifecycle import advance, vote_against, vote_for
from sync.model.deal import Opportunity
from sync.model.directive import AFTER_CLOSE, Act, Directive
from sync.model.facts import Facts, History, Verdict
from sync.model.ledger import LedgerEntry, Posted
from sync.model.rates import Rates
from sync.model.registration import Registration, State
from sync.model.ruling import Case, Joint
from sync.model.split import Split, SplitStatus, versioned
from sync.policy import Policies, Policy, Scope
from sync.stated import stated


def decide(facts: Facts, history: History, policies: Policies, now: datetime) -> Verdict:
    """What stands after ``now``, for everything in ``facts``, under the policies in force when each was filed.

    Pure: the same four values give the same verdict, byte for byte, in whatever order the records were read, and
    deciding again with this verdict as the history moves nothing.
    """
    claims = [vote_against(advance(claim, now), now) for claim in gather(facts, history, policies)]
    cases: Mapping[str, Case] = history.cases
    told = {said.subject: said for said in facts.directives if said.act not in AFTER_CLOSE}  # the last word on each
    around = Surroundings(facts)
    memory = Memory(history.joints, told)
    for _ in range(2 + len(claims)):  # a vote or the deal's end may take away what a case was about: once more
        before = (claims, cases)
        claims, settled = judge(seated(claims, memory, now), cases, now, told, around)
        warned = {own for case in settled if case.warns for own in case.registrations}
        claims = [advance(vote_for(vote_against(claim, now), now, claim.id in warned), now) for claim in claims]
        cases = {case.id: case for case in settled}
        if (claims, cases) == before:
            break
    together = joints(claims, cases.values(), memory, now)
    accepted = {said.subject: said for said in facts.directives if said.act is Act.AMEND}
    heirs = {old: partner.id for partner in facts.partners for old in partner.also}
    stood = Stood(history, told, held(cases.values()), policies.rates, accepted, heirs)
    splits = attribute(facts, claims, together, stood, now)
    return Verdict(
        decisions=tuple(decision for claim in claims for decision in claim.decisions),
        standings=tuple(standing for claim in claims if (standing := with_clocks(claim, now))),
        cases=tuple(cases[case_id] for case_id in sorted(cases)),
        joints=together,
        splits=splits,
        entries=tuple(postings(facts, splits, history, now)),
    )


def gather(facts: Facts, history: History, policies: Policies) -> list[Claim]:
    """Every registration with its partner, deal, account, policy and standing, ordered by id."""
    partners = {partner.id: partner for partner in facts.partners}
    deals = {deal.id: deal for deal in facts.opportunities}
    accounts = {account.id: account for account in sorted(facts.accounts, key=lambda account: account.id)}
    by_domain = {account.domain: account for account in accounts.values() if account.domain}
    told: dict[str, list[Directive]] = defaultdict(list)
    for directive in facts.directives:
        told[directive.subject].append(directive)
    claims = []
    for registration in sorted(facts.registrations, key=lambda registration: registration.id):
        deal = deals.get(registration.opportunity_id or "")
        account = accounts.get(deal.account_id or "") if deal else by_domain.get(registration.customer_domain or "")
        standing = history.standings.get(registration.id)
        filed = standing and standing.state is not State.DRAFT and policies.by_id(standing.policy)
        policy = filed or _in_force(registration, deal, policies)
        partner = partners[registration.partner_id]
        said = tuple(told.get(registration.id, ()))
        claims.append(Claim(registration, partner, policy, deal, account, standing, directives=said))
    return claims


def _in_force(registration: Registration, deal: Opportunity | None, policies: Policies) -> Policy:
    """A registration is judged by the policy in force when it was filed."""
    filed = registration.submitted_at or registration.created_at
    types = (deal.type,) if deal else ()
    return policies.at(filed, Scope(regions=registration.regions, families=registration.families, types=types))


@dataclass(frozen=True, slots=True)
class Stood:
    """What stood before about the deals: what was decided and said, the deals whose credit stands still, the rates.

    ``accepted`` are changes after the amendment window; ``heirs``: ids that partners had before they were joined.
    """

    history: History
    told: Mapping[str, Directive]
    kept: Collection[str]
    rates: Rates | None
    accepted: Mapping[str, Directive]
    heirs: Mapping[str, str]


Past = tuple[Opportunity | None, Sequence[Claim]]
"""The deal that another one renews, if it is known, and the claims on it."""


def attribute(
    facts: Facts, claims: Iterable[Claim], together: Sequence[Joint], stood: Stood, now: datetime
) -> tuple[Split, ...]:
    """The split of every deal on which somebody is credited; what people stated stands before what a model says.

    On a deal that may be another one's twin no credit moves before a person has said: its split stays as it was.
    """
    by_deal: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.opportunity:
            by_deal.setdefault(claim.opportunity.id, []).append(claim)
    found = []
    deals = {deal.id: deal for deal in facts.opportunities}
    for deal in sorted(facts.opportunities, key=lambda deal: deal.id):
        joint = [group for group in together if group.opportunity_id == deal.id]
        past = deals.get(deal.renewal_of or ""), by_deal.get(deal.renewal_of or "", ())
        split = _split(deal, by_deal.get(deal.id, ()), joint, stood, now, past)
        if split:
            found.append(split)
    return tuple(found)


def _split(
    deal: Opportunity, claims: Sequence[Claim], joint: Sequence[Joint], stood: Stood, now: datetime, past: Past
) -> Split | None:
    stored, said = stood.history.splits.get(deal.id), stood.told.get(deal.id)
    if deal.id in stood.kept:
        return stored
    posted = stood.history.posted.get(deal.id, Posted())
    known = handed_over(stored, stood.heirs) if stored and stood.heirs else stored
    shown, waiting = as_posted(deal, claims, stood.accepted.get(deal.id), (known, posted), now)
    if said and said.parts:
        split: Split | None = stated(shown, claims, said, known)
    else:
        split = credit(shown, claims, joint, known, Lock(now, posted.taken_back), renewal_of(shown, *past))
    if split and split.status is SplitStatus.LOCKED:
        split = reported(replace(split, waiting=waiting), deal, claims, known, stood.rates)
    elif known is stored:
        return split
    return split and versioned(split, stored)


def postings(facts: Facts, splits: Sequence[Split], history: History, now: datetime) -> Iterator[LedgerEntry]:
    """What the ledger needs so that it says what the splits of the won deals say."""
    by_deal = {split.opportunity_id: split for split in splits}
    parties = Parties.of(facts)
    for deal in sorted(facts.opportunities, key=lambda deal: deal.id):
        split, posted = by_deal.get(deal.id), history.posted.get(deal.id, Posted())
        if split or posted.entries:
            yield from post(now, Sold(deal, split, history.splits.get(deal.id), posted, parties))
        for other in deal.also:
            if other in history.posted:
                yield from merge(now, Sold(replace(deal, id=other), None, None, history.posted[other], parties))
