"""What partners are worth: credit by deal, partner and role; direct deals beside those with partners. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from sync.metrics.counts import KINDS, Counts
from sync.metrics.figure import HALF, Figure, Measuring, Numbers, Rows, few, money, quantile, rate
from sync.model.money import Money, exponent


def revenue(m: Measuring) -> Numbers:
    """What partners brought, shaped and delivered; these numbers overlap, and no two of them may be added."""
    deals = m.counts.deals
    for currency in sorted({deal.currency for deal in deals if deal.currency}):
        for outcome in ("WON", "OPEN"):
            own = [deal for deal in deals if (deal.currency, deal.outcome) == (currency, outcome)]
            own = [deal for deal in own if deal.kind != "direct"]
            split = [part for part in m.counts.roles if (part.currency, part.outcome) == (currency, outcome)]
            n = sum(deal.number for deal in own)
            rows = Rows("deals", (("currency", currency), ("outcome", outcome), ("kind", "with partners")))
            of = f"{outcome.lower()} {currency}"
            for key, title, minor in (
                ("sourced", "Sourced by partners", sum(deal.sourced for deal in own)),
                ("influenced", "Influenced by partners", sum(deal.influenced for deal in own)),
                ("fulfilled", "Fulfilled by partners", sum(deal.fulfilled for deal in own)),
            ):
                yield Figure("revenue", key, title, of, money(minor, currency), currency, n, "", rows)
            credit = sum(part.minor for part in split)
            parts = Rows("parts", (("currency", currency), ("outcome", outcome)))
            title = "Split credit of partners"
            yield Figure("revenue", "credit", title, of, money(credit, currency), currency, n, "", parts)


def partners(m: Measuring) -> Numbers:
    """Whose parts of deals are worth most; the parts of all partners and the vendor make the deals."""
    for part in m.counts.partners:
        rows = Rows("parts", (("party", part.of), ("currency", part.currency), ("outcome", part.outcome)))
        of = f"{part.name}, {part.outcome.lower()}"
        value = money(part.minor, part.currency)
        title = "Split credit by partner"
        yield Figure("partners", "partner_credit", title, of, value, part.currency, part.number, "", rows)
    for part in m.counts.roles:
        only = (("roles", part.of), ("currency", part.currency), ("outcome", part.outcome))
        of = f"{part.name}, {part.outcome.lower()}"
        value = money(part.minor, part.currency)
        title = "Split credit by roles held"
        yield Figure(
            "partners", "role_credit", title, of, value, part.currency, part.number, "", Rows("parts", only)
        )


def sales(m: Measuring) -> Numbers:
    """Direct deals beside deals with one partner and with several: how often they are won, how large, how fast."""
    for kind in KINDS:
        yield from _kind(m.counts, kind)


def _kind(counts: Counts, kind: str) -> Numbers:
    own = [deal for deal in counts.deals if deal.kind == kind]
    won, lost = [sum(deal.number for deal in own if deal.outcome == word) for word in ("WON", "LOST")]
    only = (("kind", kind),)
    yield rate(("sales", "win_rate", "Win rate"), won, won + lost, Rows("deals", (*only, ("outcome", "WON"))), kind)
    days = counts.days.get(kind, {})
    middle = quantile(days, HALF)
    note = few(won)
    rows = Rows("deals", (*only, ("outcome", "WON")))
    value = "" if middle is None else str(middle)
    yield Figure("sales", "velocity", "Median days to the win", kind, value, "days", sum(days.values()), note, rows)
    for deal in own:
        if deal.outcome != "WON" or not deal.sized:
            continue
        n, of = deal.sized, f"{kind}, {deal.currency}"
        note = few(n)
        digits = Decimal(1).scaleb(-exponent(deal.currency))
        mean = (Money(deal.minor, deal.currency).major / n).quantize(digits, ROUND_HALF_EVEN)
        rows = Rows("deals", (*only, ("outcome", "WON"), ("currency", deal.currency)))
        yield Figure("sales", "mean_size", "Mean size of won deals", of, str(mean), deal.currency, n, note, rows)
        half = counts.middles.get((kind, deal.currency))
        value = "" if half is None else money(half, deal.currency)
        yield Figure("sales", "median_size", "Median size of won deals", of, value, deal.currency, n, note, rows)
        if middle:
            at_work = sum(other.number for other in own if other.currency == deal.currency)
            pace = (at_work * Decimal(won) / (won + lost) * mean / middle).quantize(digits, ROUND_HALF_EVEN)
            unit = f"{deal.currency} a day"
            yield Figure("sales", "sales_velocity", "Sales velocity", of, str(pace), unit, at_work, note, rows)
