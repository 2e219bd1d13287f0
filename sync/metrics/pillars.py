"""The numbers of each pillar of a partner programme's life, from finding partners to growing with them. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

from sync.metrics.counts import Counts
from sync.metrics.figure import (
    ENOUGH,
    HALF,
    TOO_FEW,
    Figure,
    Measuring,
    Numbers,
    Rows,
    few,
    quantile,
    rate,
    rounded,
)

RECENT: Final = 90
"""Days within which a partner counts as new."""

_TRAINABLE: Final = ("NOT_AUTHORISED", "INCOMPLETE")
"""Rejections that training would have spared."""


def pillars(m: Measuring) -> Numbers:
    """One number for each pillar of the programme."""
    counts = m.counts
    ruled = sum(counts.decided.values())
    yield rate(("pillars", "strategize", "Strategize: decided by a published rule"), counts.by_rule, ruled)
    today = m.now.date()
    new = sum((today - date.fromisoformat(first)).days <= RECENT for first, _ in counts.joined)
    title = f"Recruit: partners with a first registration in the last {RECENT} days"
    yield Figure("pillars", "recruit", title, "", str(new), "count", len(counts.joined))
    yield _onboard(counts)
    trainable = sum(counts.reasons.get(reason, 0) for reason in _TRAINABLE)
    rejected = sum(counts.reasons.values())
    yield rate(("pillars", "enable", "Enable: rejections that training would spare"), trainable, rejected)
    partnered = [deal for deal in counts.deals if deal.kind != "direct"]
    won, lost = [sum(deal.number for deal in partnered if deal.outcome == word) for word in ("WON", "LOST")]
    rows = Rows("deals", (("kind", "with partners"), ("outcome", "WON")))
    yield rate(("pillars", "sell", "Sell: win rate of deals with partners"), won, won + lost, rows)
    yield _incentivize(counts, sum(deal.number for deal in partnered))
    yield _accelerate(counts)


def _onboard(counts: Counts) -> Figure:
    spans: dict[int, int] = {}
    for first, approved in counts.joined:
        if approved:
            days = max(0, (date.fromisoformat(approved) - date.fromisoformat(first)).days)
            spans[days] = spans.get(days, 0) + 1
    middle, n = quantile(spans, HALF), sum(spans.values())
    title = "Onboard: median days from a partner's first registration to its first approval"
    note = few(n)
    return Figure("pillars", "onboard", title, "", "" if middle is None else str(middle), "days", n, note)


def _incentivize(counts: Counts, credited: int) -> Figure:
    """Conflicts beside what was credited."""
    place = ("pillars", "incentivize", "Incentivize: registrations in a conflict for 100 credited deals")
    value = str(rounded(100 * counts.conflicted, credited)) if credited else ""
    return Figure(*place, "", value, "count", credited, few(credited))


def _accelerate(counts: Counts) -> Figure:
    """Whether several partners are quicker than one; a verdict only where both are many enough."""
    several: dict[int, int] = {}
    for kind, days in counts.days.items():
        if kind not in ("direct", "one partner"):
            for span, number in days.items():
                several[span] = several.get(span, 0) + number
    one = counts.days.get("one partner", {})
    n = min(sum(one.values()), sum(several.values()))
    title = "Accelerate: median days that deals with several partners are won sooner than with one"
    slow, quick = quantile(one, HALF), quantile(several, HALF)
    if n < ENOUGH or slow is None or quick is None:
        return Figure("pillars", "accelerate", title, "", "", "days", n, f"{n} of each: {TOO_FEW}")
    return Figure("pillars", "accelerate", title, "", str(slow - quick), "days", n)
