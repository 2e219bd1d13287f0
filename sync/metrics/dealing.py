"""How registrations are dealt with: how many, how fast, over what conflicts, and what waits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sync.metrics.figure import (
    HALF,
    NINE_TENTHS,
    Figure,
    Measuring,
    Numbers,
    Rows,
    few,
    quantile,
    rate,
    rounded,
)
from sync.workdays import business_hours_between


def process(m: Measuring) -> Numbers:
    """How registrations are dealt with: how many, how fast, how they end."""
    counts = m.counts
    for state, number in sorted(counts.states.items(), key=lambda item: (-item[1], item[0])):
        rows = Rows("registrations", (("state", state),))
        yield Figure("process", "registrations", "Registrations", state, str(number), "count", number, "", rows)
    yes, no = counts.decided.get("approve", 0), counts.decided.get("reject", 0)
    ruled = yes + no
    timed = sum(counts.minutes.values())
    for of, part in (("median", HALF), ("nine of ten", NINE_TENTHS)):
        found = quantile(counts.minutes, part)
        value = "" if found is None else str(rounded(found, 60))
        note = few(timed)
        yield Figure("process", "decision_time", "Time to decision", of, value, "business hours", timed, note)
    in_time = Rows("registrations", (("late", "no"),))
    yield rate(("process", "in_time", "Decided in time"), ruled - counts.late, ruled, in_time)
    n = counts.overdue
    overdue = Rows("registrations", (("overdue", "yes"),))
    yield Figure("process", "overdue", "Overdue now", "", str(n), "count", n, "", overdue)
    approved = Rows("registrations", (("decided", "approve"),))
    yield rate(("process", "approved", "Approved"), yes, ruled, approved)
    back = Rows("registrations", (("returned", "yes"),))
    yield rate(("process", "returned", "Asked for more"), counts.returned, counts.submitted, back)
    own = Rows("registrations", (("by", "rule"),))
    yield rate(("process", "by_rule", "Decided by a rule alone"), counts.by_rule, ruled, own)
    for reason, number in sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0])):
        rows = Rows("registrations", (("state", "REJECTED"), ("reason", reason)))
        yield Figure("process", "reasons", "Rejected because", reason, str(number), "count", number, "", rows)


def conflict(m: Measuring) -> Numbers:
    """How often registrations meet another one, over what, and how that ends."""
    counts = m.counts
    met = Rows("registrations", (("conflict", "any"),))
    yield rate(
        ("conflict", "conflict_rate", "Registrations in a conflict"), counts.conflicted, counts.submitted, met
    )
    for kind, number in sorted(counts.kinds.items(), key=lambda item: (-item[1], item[0])):
        rows = Rows("registrations", (("conflict", kind),))
        yield Figure("conflict", "kinds", "Registrations by conflict", kind, str(number), "count", number, "", rows)
    for ending, number in sorted(counts.endings.items(), key=lambda item: (-item[1], item[0])):
        yield Figure("conflict", "endings", "Cases by how they ended", ending, str(number), "count", number)


_REVIEWS: Final = ((2, "up to 2 business days"), (5, "up to 5"), (10, "up to 10"), (None, "more than 10"))
_ENDS: Final = ((7, "within 7 days"), (14, "within 14"), (30, "within 30"), (None, "later"))


def ageing(m: Measuring) -> Numbers:
    """How long registrations have waited for a decision, and how soon protection ends."""
    waited = _bucketed(m.counts.waiting, _REVIEWS, lambda since: _business_days(m, since))
    yield from _aged("waiting", "Waiting for a decision", waited, ("open", "yes"), "since")
    today = m.now.date()
    ends = _bucketed(m.counts.protected, _ENDS, lambda end: (end - today).days)
    yield from _aged("protected", "Protection ends", ends, ("state", "APPROVED"), "protected")


def _business_days(m: Measuring, since: date) -> int:
    began = min(m.now, datetime.combine(since, time(), m.now.tzinfo))
    return business_hours_between(began, m.now, m.calendar) // timedelta(days=1)


Buckets = Sequence[tuple[int | None, str]]
Dated = Mapping[str, int]


def _bucketed(counted: Dated, buckets: Buckets, age: Callable[[date], int]) -> dict[str, dict[str, int]]:
    """The days of each bucket, with how many rows are of each day."""
    found: dict[str, dict[str, int]] = {text: {} for _, text in buckets}
    for day, number in counted.items():
        days = age(date.fromisoformat(day))
        text = next(text for most, text in buckets if most is None or days <= most)
        found[text][day] = number
    return found


def _aged(key: str, title: str, found: Mapping[str, Dated], state: tuple[str, str], column: str) -> Numbers:
    for text, days in found.items():
        n = sum(days.values())
        span = ((f"{column}_from", min(days)), (f"{column}_to", max(days))) if days else ()
        rows = Rows("registrations", (state, *span)) if days else None
        yield Figure("ageing", key, title, text, str(n), "count", n, "", rows)
