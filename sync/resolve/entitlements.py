"""How it ends when a partner asks for what it cannot have: it keeps the rest, is rejected, or a person decides."""

from __future__ import annotations

from collections.abc import Sequence

from sync.claim import Claim
from sync.conflicts.finding import Finding
from sync.lifecycle import Event
from sync.model.deal import Stage
from sync.model.registration import Choice, Role, State
from sync.model.ruling import Resolution
from sync.resolve.losing import Loss, without_lines, without_roles
from sync.resolve.ruling import Effect, Ruling, decided, note, wait
from sync.workdays import add_business_days


def too_late(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """A closed deal takes no new claims, unless work before the close is proven at once."""
    (claim,) = involved
    deal, evidence, policy = claim.opportunity, claim.first_evidence(), claim.policy
    assert deal is not None
    if evidence and deal.close_date and policy.today(evidence.at) <= deal.close_date:
        closed = policy.business_days.midnight(deal.close_date)
        due = add_business_days(closed, policy.conflicts.amend_business_days, policy.business_days)
        if policy.today(claim.submitted_at) <= policy.today(due):
            return wait(finding.kind, f"Verified {evidence.kind} of {evidence.at.date()} is older than the close.")
    return _reject(finding, claim, "CLOSED_OPPORTUNITY", f"{deal.name} was closed before this was approved.")


def _reject(finding: Finding, claim: Claim, reason: str, text: str) -> Ruling:
    effect = Effect(claim.id, Event.REJECT, reason, text, text)
    return decided(finding, Resolution.REJECT_ALL, text, effect)


def _drop(finding: Finding, claim: Claim, loss: Loss) -> Ruling:
    """The claim goes on without the roles of the finding."""
    return decided(finding, Resolution.REASSIGN_SCOPE, loss.text, without_roles(claim, finding.roles, loss))


def no_tender(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """A published tender is nobody's to register; where the law treats all alike, all may, without exclusivity."""
    (claim,) = involved
    if claim.policy.conflicts.tender == "ask":
        return wait(finding.kind, "Whether the law obliges to treat all alike is not known.")
    return _reject(finding, claim, "PUBLIC_TENDER", "The tender had been published before this was registered.")


def closed_customer(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """The roles that are closed on a named account are dropped; delivery stays open."""
    (claim,) = involved
    if claim.registration.customer_choice is Choice.CHOSEN:
        return wait(finding.kind, f"The customer chose {claim.partner.name} in writing.")
    text = f"{', '.join(finding.roles)} is not open to partners at this customer."
    return _drop(finding, claim, Loss("NAMED_ACCOUNT", text, text))


def uncertified_roles(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """The roles for which tier or certificate are missing are dropped; the rest goes on."""
    (claim,) = involved
    message = f"You lack the tier or a valid certificate for {', '.join(finding.roles)}."
    return _drop(finding, claim, Loss("NOT_AUTHORISED", finding.text, message))


def direct_first(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Whoever comes after direct sales did not source the deal; every other role stays open."""
    (claim,) = involved
    deal, evidence = claim.opportunity, claim.first_evidence()
    assert deal is not None
    assert deal.direct_engaged_at is not None
    if evidence and evidence.at < deal.direct_engaged_at:
        return wait(
            finding.kind, f"Verified {evidence.kind} of {evidence.at.date()} is older than direct sales' work."
        )
    text = f"Direct sales worked on {deal.name} before this registration, so it was not sourced by the partner."
    return _drop(finding, claim, Loss("EXISTING_DIRECT_PIPELINE", text, text))


def late_counts_less(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Whoever comes late did not source the deal, and counts for the programme's late factor."""
    (claim,) = involved
    if claim.opportunity and claim.opportunity.stage is Stage.COMMITTED:
        return wait(finding.kind, "The deal is committed already.")
    factor = claim.policy.attribution.late_factor
    if Role.SOURCE not in finding.roles:
        return note(finding.kind, f"It counts for {factor} of what it would in time.")
    text = "This registration came too long after the deal was opened to have sourced it."
    return _drop(finding, claim, Loss("NOT_QUALIFIED", text, text))


def base_stays(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """The partner of record keeps what is renewed; whoever is new goes on with what the renewal adds."""
    (claim,) = involved
    if claim.registration.customer_choice is Choice.CHOSEN:
        return wait(finding.kind, f"The customer chose {claim.partner.name} in writing.")
    text = "What this deal renews stays with the partner that sold it; what it adds is open."
    loss = Loss("EXISTING_CUSTOMER", text, text)
    narrowed = without_lines(claim, finding.lines, loss) if finding.lines else None
    if narrowed is None:
        return _drop(finding, claim, loss)
    if claim.roles != (Role.RESELL,):
        return wait(finding.kind, f"{claim.partner.name} claims more than reselling on these lines.")
    return decided(finding, Resolution.REASSIGN_SCOPE, text, narrowed)


def customer_refused(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Whoever the customer refuses is out, unless it is approved or has verified work on the deal."""
    (claim,) = involved
    if claim.state is State.APPROVED:
        return wait(finding.kind, f"{claim.partner.name} is approved already.")
    if evidence := claim.first_evidence():
        return wait(finding.kind, f"{claim.partner.name} has done verified work ({evidence.kind}).")
    return _reject(finding, claim, "CUSTOMER_OBJECTION", "The customer objects to this registration.")
