"""What comes too late, too early or not at all: direct sales, closed deals, late claims, silence, old dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sync.claim import Claim
from sync.conflicts.finding import Finding, between
from sync.conflicts.rivals import rivals
from sync.conflicts.situation import Situation
from sync.model.deal import Stage
from sync.model.registration import Role, State
from sync.model.ruling import Severity
from sync.objections import LATE_STAGES, late_for


def direct_sales_first(situation: Situation) -> Iterator[Finding]:
    """The vendor's own sales were already working on the deal when a partner claimed to have brought it."""
    for claim in situation.asking:
        rules, deal = claim.policy.conflicts, claim.opportunity
        if rules.teaming or Role.SOURCE not in claim.roles or deal is None or deal.direct_engaged_at is None:
            continue
        oldest = claim.submitted_at - timedelta(days=rules.direct_lookback_days)
        if oldest <= deal.direct_engaged_at < claim.submitted_at:
            when = deal.direct_engaged_at.date().isoformat()
            text = f"Direct sales worked on {deal.name} since {when}; {claim.partner.name} registered later."
            yield between("C04", Severity.BLOCK, (claim,), Role.SOURCE, text)


def closed_deal(situation: Situation) -> Iterator[Finding]:
    """The deal was already closed when the registration was filed, or before anybody approved it."""
    for claim in situation.asking:
        deal, approved = claim.opportunity, claim.approved_at
        if not deal or not deal.stage.closed:
            continue
        if approved and (deal.close_date is None or claim.policy.today(approved) <= deal.close_date):
            continue
        when = f" on {deal.close_date.isoformat()}" if deal.close_date else ""
        text = f"{deal.name} is {deal.stage.lower()}{when}; {claim.partner.name}'s registration was not approved."
        yield between("C07", Severity.BLOCK, (claim,), deal.stage, text)


def late_registration(situation: Situation) -> Iterator[Finding]:
    """A registration came when the deal was old or far on, and claims to have brought it or counts for less."""
    for claim in situation.asking:
        deal, policy = claim.opportunity, claim.policy
        if deal is None or deal.stage.closed:
            continue
        opened = deal.created_at.date().isoformat()
        if late_for(claim, deal) and (Role.SOURCE in claim.roles or policy.attribution.late_factor < 1):
            about = Role.SOURCE.value if Role.SOURCE in claim.roles else "late"
            stage = ", which is nearly won" if deal.stage is Stage.COMMITTED else ""
            then = deal.stage_at(claim.submitted_at)
            far = f" and then at {then}" if then in LATE_STAGES else ""
            text = f"{claim.partner.name} registered {deal.name}{stage}, opened on {opened}{far}, late."
            yield between("C06", Severity.WARN, (claim,), about, text)


def stale_or_squatting(situation: Situation) -> Iterator[Finding]:
    """A protected partner is silent, one floods the programme with thin claims, or a date lies before its row."""
    old_dates = {first.id for first, other in rivals(situation) if _overtakes(first, other)}
    for claim in situation.claims:
        who = claim.partner.name
        if since := _silent_since(claim):
            again = ", for the second time" if claim.standing and claim.standing.lapses > 1 else ""
            text = f"Nothing verified has happened on {who}'s protected registration since {since}{again}."
            yield between("C20", Severity.WARN, (claim,), f"silent since {since}", text)
        if claim.backdated and claim.state is not State.APPROVED:
            rival = ", and before a rival's" if claim.id in old_dates else ""
            text = f"{who}'s registration is dated long before it was made in the CRM{rival}."
            yield between("C20", Severity.WARN, (claim,), "filed before it was made", text)
        if claim.state is not State.APPROVED and _thin(claim, situation):
            text = f"{who} has more than {claim.policy.conflicts.live_limit} live registrations; this has no proof."
            yield between("C20", Severity.WARN, (claim,), "many without proof", text)


def _overtakes(first: Claim, other: Claim) -> bool:
    """Whether a claim is before a rival only by a date that its own row does not bear out."""
    earlier = first.state is not State.APPROVED and first.submitted_at < other.submitted_at
    return earlier and first.backdated and not other.backdated


def _silent_since(claim: Claim) -> date | None:
    """Since when nothing has happened, by the clock of inactivity. It did not run for what people had approved
    before dealsync took over."""
    standing = claim.standing
    if claim.state is not State.APPROVED or standing is None or standing.adopted or standing.quiet_since is None:
        return None
    return claim.policy.today(standing.quiet_since) if standing.lapses else None


def _thin(claim: Claim, situation: Situation) -> bool:
    crowded = situation.around.facts.load.get(claim.partner.id, 0) > claim.policy.conflicts.live_limit
    return crowded and claim.first_evidence() is None
