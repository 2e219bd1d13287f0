"""The amendment window: how long after the close a won deal may change by itself, and what waits after that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sync.attribution.programme import programme
from sync.claim import Claim
from sync.model.deal import Opportunity, Stage
from sync.model.directive import Directive
from sync.model.ledger import Posted
from sync.model.money import Money
from sync.model.split import Split, SplitStatus


def as_posted(
    deal: Opportunity,
    claims: Sequence[Claim],
    told: Directive | None,
    before: tuple[Split | None, Posted],
    now: datetime,
) -> tuple[Opportunity, str]:
    """The deal as its credit may see it, and what waits for a person (empty: nothing).

    After the programme's window a won deal counts as it was last posted, until a person accepts (``told``, AMEND)
    exactly what it has become. Lines that were followed so far are left out: then they stand as they were.
    """
    split, posted = before
    if split is None or split.status is not SplitStatus.LOCKED or not claims:
        return deal, ""
    if posted.since is None or posted.taken_back:
        return deal, ""
    policy = programme([claim for claim in claims if claim.state.credited] or claims)
    days = policy.attribution.amendment_days
    if not days or policy.today(now) <= posted.since + timedelta(days):
        return deal, ""
    what = _change(deal, split)
    if not what or (told is not None and told.amount == worth(deal)):
        return deal, ""
    frozen = replace(deal, stage=Stage.WON, amount=split.amount, lines=() if split.lines else deal.lines)
    return frozen, f"{what}, more than {days} days after the close: it counts when a person accepts it"


def worth(deal: Opportunity) -> Money | None:
    """What a deal is worth to the ledger: its amount when it is won; what is not won is worth nothing."""
    if deal.stage is Stage.WON:
        return deal.amount
    return Money(0, deal.amount.currency) if deal.amount else None


def _change(deal: Opportunity, split: Split) -> str:
    if deal.stage is not Stage.WON:
        return f"No longer won ({deal.stage.lower()}): {split.amount or 'its amount'} would be taken back"
    if deal.amount != split.amount:
        change = _by(split.amount, deal.amount)
        return f"The amount went from {split.amount or 'none'} to {deal.amount or 'none'}{change}"
    nets = {line.id: line.net.minor if line.net else 0 for line in deal.lines}
    known = {line.id: line.now for line in split.lines if line.now is not None}
    return "The lines of the deal changed" if split.lines and nets and nets != known else ""


def _by(before: Money | None, after: Money | None) -> str:
    if before is None or after is None or before.currency != after.currency:
        return ""
    return f" ({Money(after.minor - before.minor, after.currency)})"
