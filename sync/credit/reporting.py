"""A locked split in the reporting currency: the whole is converted once, and divided by the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from sync.attribution.apportion import apportion
from sync.claim import Claim
from sync.fx import convert, rate_day
from sync.model.deal import Opportunity, Stage
from sync.model.money import Money
from sync.model.rates import Conversion, Rates
from sync.model.split import Split


def reported(
    split: Split, deal: Opportunity, claims: Sequence[Claim], before: Split | None, rates: Rates | None
) -> Split:
    """A locked ``split`` of a won deal with what each part is worth in the reporting currency, if there is a rate.

    The rate is that of the first time; a later one changes nothing. Converting the parts instead of the whole would
    not add up (domain EX8).
    """
    if not (deal.stage is Stage.WON or split.waiting):
        return split
    by = _conversion(split, deal, claims, before, rates)
    if by is None or split.amount is None:
        return replace(split, conversion=by, portions=tuple(replace(own, reported=None) for own in split.portions))
    parts = _parts(split, convert(split.amount, by), by)
    portions = (replace(own, reported=Money(parts[own.party], by.reporting)) for own in split.portions)
    return replace(split, conversion=by, portions=tuple(portions))


def _conversion(
    split: Split, deal: Opportunity, claims: Sequence[Claim], before: Split | None, rates: Rates | None
) -> Conversion | None:
    known, amount = before.conversion if before else None, split.amount
    if known and (amount is None or known.currency == amount.currency):
        return known
    if rates is None or amount is None:
        return None
    approvals = [claim.approved_at for claim in claims if claim.state.credited and claim.approved_at]
    day = rate_day(deal, approvals, rates.rate_date)
    return rates.conversion(amount.currency, day) if day else None


def _parts(split: Split, whole: Money, by: Conversion) -> dict[str, int]:
    order = [portion.party for portion in split.portions]
    if all(portion.share_ppm is not None for portion in split.portions):
        weights = {portion.party: Fraction(portion.weight) for portion in split.portions}
        return apportion(whole.minor, weights, order)
    # some above zero and some below: the largest takes what rounding leaves
    parts = {own.party: convert(own.amount, by).minor for own in split.portions if own.amount}
    largest = max(order, key=lambda party: abs(parts[party]))
    return parts | {largest: parts[largest] + whole.minor - sum(parts.values())}
