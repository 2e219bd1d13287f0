"""When a detector would see something new although nobody changed anything: a day or a clock comes to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sync.claim import Claim
from sync.model.registration import Role, Standing, State
from sync.workdays import add_business_days

_INSTANT = timedelta(microseconds=1)


def with_clocks(claim: Claim, now: datetime) -> Standing | None:
    """The standing of a claim, which wakes when its own clocks do, or when what entitles it begins or ends."""
    standing = claim.standing
    if standing is None or not claim.live:
        return standing
    moments = [moment for moment in (*_moments(claim), standing.wakes) if moment and moment > now]
    wakes = min(moments, default=None)
    return standing if wakes == standing.wakes else replace(standing, wakes=wakes)


def _moments(claim: Claim) -> Iterator[datetime]:
    midnight = claim.policy.business_days.midnight
    yield from (midnight(day) for day in _days(claim))
    if claim.state is not State.APPROVED and Role.RESELL in claim.roles:
        days = claim.policy.conflicts.incumbent_answer_business_days
        yield add_business_days(claim.submitted_at, days, claim.policy.business_days) + _INSTANT


def _days(claim: Claim) -> Iterator[date]:
    """The first day of an agreement, and the first day without it or without a certificate that a role takes."""
    partner, after = claim.partner, timedelta(days=1)
    if partner.agreement_start:
        yield partner.agreement_start
    if partner.agreement_end:
        yield partner.agreement_end + after
    if claim.state is not State.APPROVED and claim.policy.conflicts.requirements:
        yield from (end + after for _, end in partner.certifications if end)
