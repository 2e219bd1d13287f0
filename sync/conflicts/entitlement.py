"""What a partner may not have: closed customers, foreign territories, roles it is not certified for, tenders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sync.claim import Claim
from sync.conflicts.finding import Finding, between, business, words
from sync.conflicts.situation import Situation
from sync.model.parties import NamedList, Partner, PartnerStatus
from sync.model.registration import Choice, Response, Role, State, Vote
from sync.model.ruling import Severity
from sync.objections import interest


def named_account(situation: Situation) -> Iterator[Finding]:
    """The vendor keeps this customer for itself, and a partner claims a role that is closed there."""
    for claim in situation.asking:
        listed = claim.account.named_list if claim.account else NamedList.NONE
        roles = [role for role in claim.roles if role in claim.policy.conflicts.named_roles]
        if listed in (NamedList.HOUSE, NamedList.NAMED) and roles:
            name = claim.account and claim.account.name
            text = f"{name} is a {listed.lower()} account, where {', '.join(roles)} is closed."
            yield between("C08", Severity.BLOCK, (claim,), words(roles), text)


def foreign_territory(situation: Situation) -> Iterator[Finding]:
    """A partner claims a region that its agreement does not cover."""
    for claim in situation.asking:
        allowed = set(claim.partner.agreement_regions)
        outside = [region for region in claim.regions if allowed and region not in allowed]
        if outside:
            taken = sorted({p.name for p in situation.around.facts.partners if _exclusive_in(p, outside, claim)})
            severity = Severity.BLOCK if taken else Severity.WARN
            whose = f"; {', '.join(taken)} has it exclusively" if taken else ""
            text = f"{claim.partner.name}'s agreement does not cover {', '.join(outside)}{whose}."
            yield between("C09", severity, (claim,), words(outside), text)


def _exclusive_in(partner: Partner, regions: Sequence[str], claim: Claim) -> bool:
    families, wanted = set(partner.agreement_families), set(claim.families)
    return (
        partner.id != claim.partner.id
        and partner.agreement_exclusive
        and not set(regions).isdisjoint(partner.agreement_regions)
        and (not families or not wanted or not families.isdisjoint(wanted))
    )


def not_certified(situation: Situation) -> Iterator[Finding]:
    """A partner claims a role for which it lacks the tier or a valid certificate."""
    for claim in situation.asking:
        today = claim.policy.today(situation.now)
        lacks = {role: lacking for role in claim.roles if (lacking := _lacks(claim, role, today))}
        if lacks:
            what = "; ".join(f"{role} needs {', '.join(lacking)}" for role, lacking in lacks.items())
            yield between("C10", Severity.BLOCK, (claim,), words(lacks), f"{claim.partner.name}: {what}.")


def _lacks(claim: Claim, role: Role, today: date) -> list[str]:
    asked = claim.policy.conflicts.requirements.get(role)
    if asked is None:
        return []
    until = max(today, claim.registration.expected_close or today)
    valid = claim.partner.certified_on(until)
    low = asked.tier and (claim.partner.tier is None or claim.partner.tier.rank < asked.tier.rank)
    return [*([f"tier {asked.tier}"] if low else []), *(code for code in asked.certifications if code not in valid)]


def no_agreement(situation: Situation) -> Iterator[Finding]:
    """The partner is not active, no agreement covers the claim today, or it ends before the protection."""
    for claim in situation.claims:
        if reason := _uncovered(claim, claim.policy.today(situation.now)):
            severity = Severity.WARN if claim.state is State.APPROVED else Severity.BLOCK
            yield between("C11", severity, (claim,), "agreement", f"{claim.partner.name}: {reason}.")
        elif ends := _clipped(claim):
            text = f"{claim.partner.name}'s agreement ends on {ends}, before its protection would have."
            yield between("C11", Severity.WARN, (claim,), f"agreement ends on {ends}", text)


def _uncovered(claim: Claim, today: date) -> str:
    partner = claim.partner
    if partner.status is not PartnerStatus.ACTIVE:
        return f"its status is {partner.status.lower()}"
    if partner.agreement_start and partner.agreement_start > today:
        return f"its agreement begins on {partner.agreement_start}"
    if partner.agreement_end and partner.agreement_end < today:
        return f"its agreement ended on {partner.agreement_end}"
    families = set(partner.agreement_families)
    if families and (outside := sorted(set(claim.families) - families)):
        return f"its agreement does not cover {', '.join(outside)}"
    return ""


def _clipped(claim: Claim) -> date | None:
    """When the agreement ends, where it cut the protection of an approved claim short."""
    standing, end = claim.standing, claim.partner.agreement_end
    if claim.state is not State.APPROVED or standing is None or standing.protection_start is None or end is None:
        return None
    whole = standing.protection_start + timedelta(days=claim.policy.windows.protection(claim.partner.tier))
    return end if standing.protection_end == end < whole else None


def public_tender(situation: Situation) -> Iterator[Finding]:
    """A public tender had been published when a partner registered it."""
    for claim in situation.asking:
        published = claim.registration.tender_published_on
        if published and published <= claim.policy.today(claim.submitted_at):
            equal = claim.policy.conflicts.tender == "equal_treatment"
            severity = Severity.INFO if equal else Severity.BLOCK
            text = f"{business(claim)} is a tender of {published}; {claim.partner.name} registered it after that."
            yield between("C19", severity, (claim,), "tender", text)


def customer_objects(situation: Situation) -> Iterator[Finding]:
    """The customer refused this partner in writing."""
    for claim in situation.claims:
        if claim.registration.customer_choice is Choice.REFUSED:
            text = f"The customer refused {claim.partner.name} on {business(claim)} in writing."
            yield between("C24", Severity.BLOCK, (claim,), "customer", text)


def beyond_the_catalogue(situation: Situation) -> Iterator[Finding]:
    """A joint registration has too many members, or a claim is to a role that the programme does not have."""
    teams: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in situation.claims:
        if unknown := [role for role in claim.roles if role not in claim.policy.roles]:
            text = f"The programme has no role {', '.join(unknown)}, which {claim.partner.name} claims."
            yield between("C22", Severity.WARN, (claim,), words(unknown), text)
        if (key := claim.registration.joint_key) and claim.registration.joint_response is not Response.DECLINED:
            teams[key, claim.opportunity.id if claim.opportunity else claim.place].append(claim)
    for (key, _), team in teams.items():
        most = team[0].policy.joint.max_members
        if len({claim.partner.id for claim in team}) > most:
            text = f"The joint registration {key} has more than {most} members."
            yield between("C22", Severity.WARN, team, f"members of {key}", text)


def interested_approver(situation: Situation) -> Iterator[Finding]:
    """Whoever approved a registration owns the deal, leads its owner, or is paid on the deals."""
    for claim in situation.claims:
        filed, voter = claim.registration, claim.registration.voter
        seen = claim.standing is not None and claim.standing.vote_seen == claim.vote_name
        if filed.vote is Vote.APPROVE and voter and not seen and (why := interest(claim, voter)):
            text = f"{voter} approved {claim.partner.name} on {business(claim)}: {why}."
            yield between("C26", Severity.WARN, (claim,), "vote", text)
