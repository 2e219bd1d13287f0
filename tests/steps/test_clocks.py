"""Clocks of a registration: when each ends, when it stands still, and that a late look changes none of that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from sync.claim import Claim
from sync.lifecycle import Event, Reminder, Why, advance, move, reminders
from sync.lifecycle.clocks import wakes
from sync.model.deal import Stage
from sync.model.registration import State, Vote
from tests.steps.business import STANDARD, claim, date_of, day, deal, evidence, policy


def events(after: Claim) -> list[str]:
    return [decision.event for decision in after.decisions]


def under_review(**standing: Any) -> Claim:
    return claim("R", standing={"review_due": day(2), **standing})


# The review clock, and when it stands still.


def test_waiting_for_the_partner_does_not_count() -> None:
    asked = move(under_review(), Event.REQUEST_INFO, day(1), Why())  # Tuesday: one day of two is left
    assert asked.standing and asked.standing.paused_since == day(1)
    back = move(asked, Event.RESUBMIT, day(8), Why())  # Tuesday a week later
    assert back.standing and (back.standing.paused_since, back.standing.review_due) == (None, day(9))


def test_the_rest_of_a_clock_runs_over_the_weekend_on_working_days() -> None:
    asked = move(under_review(), Event.REQUEST_INFO, day(1), Why())
    back = move(asked, Event.RESUBMIT, day(4), Why())  # Friday
    assert back.standing and back.standing.review_due == day(7)


def test_two_pauses_are_both_left_out() -> None:
    one = move(under_review(), Event.REQUEST_INFO, day(0, 12), Why())
    two = move(one, Event.RESUBMIT, day(1, 12), Why())
    three = move(two, Event.CONFLICT_FOUND, day(1, 15), Why())
    four = move(three, Event.CONFLICT_CLEARED, day(3, 15), Why())
    assert four.standing and four.standing.review_due == day(7)  # three days more, and the weekend


def test_a_clock_that_had_ended_before_the_pause_is_not_given_back() -> None:
    late = move(under_review(), Event.CONFLICT_FOUND, day(3), Why())
    back = move(late, Event.CONFLICT_CLEARED, day(9), Why())
    assert back.standing and back.standing.review_due == day(2)


def test_a_dispute_has_two_clocks_that_go_with_it() -> None:
    found = move(under_review(), Event.CONFLICT_FOUND, day(1), Why())
    assert found.standing and (found.standing.dispute_due, found.standing.executive_due) == (day(3), day(8))
    again = move(found, Event.AMEND, day(2), Why())
    assert again.standing and again.standing.dispute_due == day(3)
    over = move(again, Event.CONFLICT_CLEARED, day(2), Why())
    assert over.standing and (over.standing.dispute_due, over.standing.executive_due) == (None, None)


# What people did not do in time.


@pytest.mark.parametrize("looked", [day(2, 9, 0, 1), day(3), day(60)])
def test_a_breach_is_of_the_moment_it_happened_however_late_we_look(looked: datetime) -> None:
    after = advance(under_review(), looked)
    assert after.standing and after.standing.breached_at == day(2)
    (decision,) = after.decisions
    assert (decision.event, decision.person) == ("overdue", False)
    assert advance(replace(after, decisions=()), day(90)).decisions == ()


def test_one_clock_ends_once_with_one_name_whoever_notices_it_when() -> None:
    (early,), (late,) = (advance(under_review(), looked).decisions for looked in (day(3), day(60)))
    assert early.id == late.id


def test_at_its_moment_a_clock_has_not_ended() -> None:
    assert advance(under_review(), day(2)).decisions == ()


def test_a_vote_in_time_is_in_time_although_we_read_it_late() -> None:
    voted = claim("R", vote=Vote.APPROVE, voted_at=day(1), standing={"review_due": day(2)})
    assert "overdue" not in events(advance(voted, day(9)))
    late = claim("R", vote=Vote.APPROVE, voted_at=day(3), standing={"review_due": day(2)})
    assert "overdue" in events(advance(late, day(9)))


def test_a_dispute_is_overdue_twice() -> None:
    open_ = claim("R", state="IN_CONFLICT", standing={"dispute_due": day(3), "executive_due": day(8)})
    after = advance(open_, day(20))
    assert events(after) == ["overdue", "overdue"]
    assert after.standing and (after.state, after.standing.breached_at) == (State.IN_CONFLICT, day(8))
    assert advance(open_, day(5)).decisions[0].id == after.decisions[0].id


def test_a_clock_that_stands_still_is_not_overdue() -> None:
    paused = claim("R", state="ACTION_REQUIRED", standing={"review_due": day(2), "answer_due": day(30)})
    assert advance(paused, day(9)).decisions == ()


# The window, its reminders, and nothing happening in it.


def approved(**more: Any) -> Claim:
    return claim("R", state="APPROVED", **more)


@pytest.mark.parametrize(
    ("today", "days"),
    [(60, None), (61, 30), (76, 30), (77, 14), (84, 7), (89, 7), (90, 1), (91, 1), (92, None)],
)
def test_whoever_is_protected_is_reminded_before_the_end(today: int, days: int | None) -> None:
    held = approved(standing={"protection_end": date_of(91)})
    assert held.standing
    wanted = () if days is None else (Reminder("R", days, date_of(91)),)
    assert reminders([held.standing], STANDARD, day(today)) == wanted


def test_nobody_else_is_reminded() -> None:
    over = claim("R", state="EXPIRED", standing={"protection_end": date_of(91)})
    assert over.standing
    assert reminders([over.standing], STANDARD, day(90)) == ()


def test_the_first_time_nothing_happens_is_a_warning_and_the_second_a_proposal() -> None:
    first = advance(approved(), day(46, 9, 0, 1))
    assert first.standing and (events(first), first.standing.lapses) == (["inactive"], 1)
    assert advance(replace(first, decisions=()), day(60)).decisions == ()
    second = advance(replace(first, decisions=()), day(91, 9, 0, 1))
    assert second.standing and (events(second), second.standing.lapses) == (["inactive"], 2)
    assert "a person should revoke it" in second.decisions[0].text
    assert second.state is State.APPROVED


def test_work_starts_the_clock_of_inactivity_anew() -> None:
    lapsed = advance(approved(standing={"protection_end": date_of(200)}), day(47))
    work = (evidence("MEETING", day(50)),)
    busy = replace(lapsed, registration=replace(lapsed.registration, evidence=work), decisions=())
    after = advance(busy, day(92))
    assert after.standing and (events(after), after.standing.lapses) == ([], 0)
    unseen = (evidence("MEETING", day(50), verified=False),)
    idle = replace(lapsed, registration=replace(lapsed.registration, evidence=unseen), decisions=())
    assert events(advance(idle, day(91, 10))) == ["inactive"]


def test_work_that_is_taken_back_does_not_turn_the_clock_back() -> None:
    lapsed = advance(approved(standing={"protection_end": date_of(200)}), day(47))
    work = (evidence("MEETING", day(50)),)
    busy = advance(replace(lapsed, registration=replace(lapsed.registration, evidence=work)), day(51))
    back = advance(replace(busy, registration=lapsed.registration), day(90))
    assert events(back) == ["inactive"]
    later = advance(back, day(96))
    assert len({decision.id for decision in later.decisions}) == len(events(later)) == 2


def test_the_clock_of_inactivity_can_be_off() -> None:
    assert events(advance(approved(policy=policy(windows={"inactivity_days": 0})), day(91))) == []


def test_rivals_are_told_after_the_grace() -> None:
    after = advance(approved(policy=policy(windows={"inactivity_days": 0})), day(95))
    assert after.standing and (after.state, after.standing.grace_end) == (State.EXPIRED, date_of(94))


# The end of the deal, and its return.


def test_a_deal_must_be_old_enough_to_be_won() -> None:
    rules = policy(windows={"won_after_hours": 72})
    held = approved(policy=rules, deal=deal(stage=Stage.WON, created_at=day(0)))
    waiting = advance(held, day(2))
    assert waiting.standing and (waiting.state, waiting.standing.wakes) == (State.APPROVED, day(3))
    assert advance(held, day(3)).state is State.WON


@pytest.mark.parametrize(("looked", "state"), [(day(40), State.APPROVED), (day(40, 10), State.LOST)])
def test_a_lost_deal_takes_its_claims_along_when_it_returns_within_its_days(looked: datetime, state: State) -> None:
    lost = claim("R", state="LOST", standing={"since": day(10), "protection_end": date_of(91)})
    assert advance(lost, looked).state is state


def test_a_lost_deal_does_not_return_to_a_window_that_is_over() -> None:
    lost = claim("R", state="LOST", standing={"since": day(80), "protection_end": date_of(91)})
    assert advance(lost, day(92)).state is State.LOST


def test_a_deal_that_stays_lost_returns_nobody() -> None:
    lost = claim("R", state="LOST", deal=deal(stage=Stage.LOST), standing={"protection_end": date_of(91)})
    assert advance(lost, day(2)).decisions == ()


# When to look again.


@pytest.mark.parametrize(
    ("state", "standing", "fields", "again"),
    [
        ("UNDER_REVIEW", {"review_due": day(2)}, {}, day(2, 9, 0, 1)),
        ("ACTION_REQUIRED", {"review_due": day(2), "answer_due": day(14)}, {}, day(14, 9, 0, 1)),
        ("IN_CONFLICT", {"dispute_due": day(3), "executive_due": day(8)}, {}, day(3, 9, 0, 1)),
        ("APPROVED", {}, {}, day(46, 9, 0, 1)),
        ("APPROVED", {"protection_end": date_of(9)}, {}, datetime.fromisoformat("2027-02-10T23:00:00+00:00")),
        ("APPROVED", {"protection_end": date_of(9), "extension_due": day(11)}, {}, day(11, 9, 0, 1)),
        ("EXPIRED", {"grace_end": date_of(9)}, {}, datetime.fromisoformat("2027-02-10T23:00:00+00:00")),
        ("REJECTED", {"review_due": day(2)}, {}, None),
        ("IN_CONFLICT", {}, {"vote": Vote.APPROVE, "voted_at": day(33)}, day(33)),
    ],
)
def test_the_next_clock_is_known(
    state: str, standing: dict[str, Any], fields: dict[str, Any], again: datetime | None
) -> None:
    after = advance(claim("R", state=state, standing=standing, **fields), day(1, 12))
    assert after.standing and after.standing.wakes == again
    assert wakes(after, day(1, 12)) == again
