"""The clocks of a registration: when each one ends, when it stands still, and whom it reminds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sync.claim import Claim
from sync.model.deal import Stage
from sync.model.registration import Standing, State
from sync.policy import Policy
from sync.workdays import add_business_days, add_business_time, business_hours_between

PAUSED: Final = (State.ACTION_REQUIRED, State.IN_CONFLICT)
"""Where the review clock stands still: the partner, or a ruling, is waited for."""

LAPSES: Final = 2
"""So often a registration may lapse into inactivity before a person is asked to revoke it."""

_PAST: Final = timedelta(seconds=1)  # a clock ends after its moment, not at it


def clocks(claim: Claim, target: State, now: datetime) -> dict[str, Any]:
    """What a move to ``target`` does to the clocks, as fields of the standing."""
    before = claim.standing
    changed: dict[str, Any] = {}
    state, since = (before.state, before.paused_since) if before else (None, None)
    if target in PAUSED and since is None:
        changed["paused_since"] = now
    elif target not in PAUSED and since is not None:
        changed |= {"paused_since": None, "review_due": _resumed(claim, since, now)}
    if target is State.IN_CONFLICT and state is not State.IN_CONFLICT:
        windows, calendar = claim.policy.windows, claim.policy.business_days
        changed["dispute_due"] = add_business_days(now, windows.dispute_business_days, calendar)
        changed["executive_due"] = add_business_days(now, windows.executive_business_days, calendar)
    elif state is State.IN_CONFLICT and target is not State.IN_CONFLICT:
        changed |= {"dispute_due": None, "executive_due": None}
    return changed


def _resumed(claim: Claim, since: datetime, now: datetime) -> datetime | None:
    """The review clock without the time that it stood still; one that had ended before stays where it ended."""
    due = claim.standing.review_due if claim.standing else None
    if due is None or due <= since:
        return due
    calendar = claim.policy.business_days
    return add_business_time(now, business_hours_between(since, due, calendar), calendar)


def people_clocks(standing: Standing) -> list[tuple[str, datetime]]:
    """The clocks by which people should have done something, each with its name, in the order of their ends."""
    running = {
        State.SUBMITTED: (("review", standing.review_due),),
        State.UNDER_REVIEW: (("review", standing.review_due),),
        State.IN_CONFLICT: (("dispute", standing.dispute_due), ("executive", standing.executive_due)),
        State.APPROVED: (("extension", standing.extension_due),),
    }
    found = [(name, due) for name, due in running.get(standing.state, ()) if due]
    return sorted(found, key=lambda clock: clock[1])


def last_seen(claim: Claim) -> datetime | None:
    """The latest activity that was ever seen: evidence that is taken away again does not turn the clock back."""
    known = (claim.last_activity, claim.standing.quiet_since if claim.standing else None)
    return max((moment for moment in known if moment), default=None)


def lapse(claim: Claim) -> datetime | None:
    """When an approved registration lapses into inactivity next; ``None`` when that clock does not run."""
    standing, last = claim.standing, last_seen(claim)
    days = claim.policy.windows.inactivity_days
    if standing is None or standing.state is not State.APPROVED or last is None or not days:
        return None
    lapses = standing.lapses if standing.quiet_since == last else 0
    return None if lapses >= LAPSES else last + timedelta(days=days) * (lapses + 1)


def old_enough(claim: Claim) -> datetime | None:
    """From when on the claim's deal can be won with it."""
    deal = claim.opportunity
    return deal.created_at + timedelta(hours=claim.policy.windows.won_after_hours) if deal else None


def wakes(claim: Claim, now: datetime) -> datetime | None:
    """When the next clock of a claim ends after ``now``; ``None`` when none runs."""
    ends = [moment for moment in _ends(claim) if moment and moment > now]
    return min(ends, default=None)


def _ends(claim: Claim) -> Iterator[datetime | None]:
    standing = claim.standing
    yield claim.vote_ahead
    if standing is None:
        return
    yield from (due + _PAST for _, due in people_clocks(standing))
    if standing.state is State.ACTION_REQUIRED and standing.answer_due:
        yield standing.answer_due + _PAST
    if standing.state is State.APPROVED:
        if standing.protection_end and not standing.extension_due:
            yield _day_after(standing.protection_end, claim.policy)
        if quiet := lapse(claim):
            yield quiet + _PAST
        if claim.opportunity and claim.opportunity.stage is Stage.WON:
            yield old_enough(claim)
    if standing.state is State.EXPIRED and standing.grace_end:
        yield _day_after(standing.grace_end, claim.policy)


def _day_after(day: date, policy: Policy) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(policy.calendar.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Reminder:
    """So many days are left of a protection window. One registration, end and number of days is one reminder."""

    registration_id: str
    days: int
    protection_end: date


def next_reminder(standing: Standing, policy: Policy, now: datetime) -> date | None:
    """The next day on which the partner is reminded of the end of its protection; ``None`` when none comes."""
    end, today = standing.protection_end, policy.today(now)
    if standing.state is not State.APPROVED or end is None:
        return None
    days = (end - timedelta(days=before) for before in policy.windows.reminder_days)
    return min((day for day in days if day > today), default=None)


def reminders(standings: Iterable[Standing], policy: Policy, now: datetime) -> tuple[Reminder, ...]:
    """For each approved registration whose window ends soon, the latest reminder that has come due by ``now``."""
    today, found = policy.today(now), []
    for standing in standings:
        end = standing.protection_end
        if standing.state is not State.APPROVED or end is None or end < today:
            continue
        passed = [days for days in policy.windows.reminder_days if (end - today).days <= days]
        if passed:
            found.append(Reminder(standing.registration_id, min(passed), end))
    return tuple(found)
