"""What may speak against one claim, whoever its rivals are: that it came late, or who approves it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sync.claim import Claim
from sync.model.deal import Opportunity, Stage

LATE_STAGES: Final = frozenset({Stage.BIZ_VALIDATION, Stage.COMMITTED, Stage.WON})
"""Whoever comes when a deal is as far as this did not bring it (domain: C06)."""


def late_for(claim: Claim, deal: Opportunity) -> bool:
    """Whether a claim came long after a deal was opened, or when the deal was far on already."""
    after = deal.created_at + timedelta(days=claim.policy.windows.sourcing_days)
    return claim.submitted_at > after or deal.stage_at(claim.submitted_at) in LATE_STAGES


def interest(claim: Claim, person: str) -> str:
    """What interest a person has in how a claim is decided, in words; empty when there is none (C26)."""
    rules, deal = claim.policy.approvals, claim.opportunity
    if person in rules.paid:
        return f"{person} is paid on deals and does not decide on them"
    if rules.owner_may_decide or deal is None:
        return ""
    if person in deal.owners:
        return f"{person} owns {deal.name} and does not decide on it"
    leads = person in deal.managers
    return f"the owner of {deal.name} reports to {person}, who does not decide on it" if leads else ""
