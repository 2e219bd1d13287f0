"""What people told dealsync about a registration moves it as the table of moves allows, once, and in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

import pytest

from sync.claim import Claim
from sync.lifecycle import Event, advance, allowed, vote_against, vote_for
from sync.model.directive import Act, Directive
from sync.model.registration import State, Vote
from tests.steps.business import STANDARD, claim, date_of, day, evidence, policy

LATER = day(2, 10)
ABOUT_REGISTRATIONS: Final = (
    Act.APPROVE,
    Act.REJECT,
    Act.RETURN,
    Act.EXTEND,
    Act.REVOKE,
    Act.WITHDRAW,
    Act.REOPEN,
)


def word(act: Act, seq: int = 1, **more: Any) -> Directive:
    return Directive(
        **{"id": f"said-{seq}", "act": act, "subject": "R", "by": "Maria", "at": day(2), "seq": seq, **more}
    )


def told(before: Claim, *words: Directive, now: Any = LATER) -> Claim:
    heard = replace(before, directives=words)
    return vote_for(vote_against(advance(heard, now), now), now)


def events(after: Claim) -> list[str]:
    return [decision.event for decision in after.decisions]


EVENTS: Mapping[Act, tuple[Event, ...]] = {
    Act.APPROVE: (Event.ENDORSE, Event.CONFIRM),
    Act.REJECT: (Event.REJECT, Event.REVOKE),
    Act.RETURN: (Event.REQUEST_INFO,),
    Act.EXTEND: (Event.EXTEND,),
    Act.REVOKE: (Event.REVOKE,),
    Act.WITHDRAW: (Event.WITHDRAW,),
    Act.REOPEN: (Event.REOPEN,),
}
ENDS_HELD = {Act.REJECT: {State.WON}}  # who won is revoked by that word alone


@pytest.mark.parametrize(
    ("act", "state"),
    [(act, state) for act, state in product(ABOUT_REGISTRATIONS, State) if state is not State.DRAFT],
)
def test_a_word_that_fits_moves_it_and_any_other_is_considered_and_changes_nothing(act: Act, state: State) -> None:
    before = claim("R", state=state, standing={"protection_start": date_of(1), "protection_end": date_of(91)})
    after = advance(replace(before, directives=(word(act),)), LATER)
    fits = any(allowed(state, event) for event in EVENTS[act]) and state not in ENDS_HELD.get(act, set())
    assert after.standing and after.standing.heard == 1
    by_people = [decision for decision in after.decisions if decision.person]
    assert bool(by_people) is fits
    assert {decision.actor for decision in by_people} <= {"Maria"}
    assert advance(replace(after, decisions=()), LATER).decisions == ()


def test_words_take_effect_in_the_order_in_which_they_were_said() -> None:
    back = told(claim("R"), word(Act.REJECT, reason="TERRITORY: east"), word(Act.REOPEN, 2, by="Jo"))
    assert back.standing and (back.state, back.standing.refused_by) == (State.UNDER_REVIEW, "Maria")
    gone = told(claim("R"), word(Act.REOPEN), word(Act.REJECT, 2, reason="TERRITORY: east"))
    assert (gone.state, gone.decisions[-1].reason) == (State.REJECTED, "TERRITORY")


def test_a_yes_approves_as_of_the_moment_it_was_said() -> None:
    after = told(claim("R"), word(Act.APPROVE, at=day(2, 8)))
    assert after.standing and (after.state, after.standing.approved_at) == (State.APPROVED, day(2, 8))
    assert (after.standing.approver, events(after)) == ("Maria", ["endorse", "approve"])


def test_a_yes_to_what_is_in_conflict_waits_for_the_case() -> None:
    waiting = told(claim("R", state="IN_CONFLICT"), word(Act.APPROVE))
    assert (waiting.state, events(waiting)) == (State.IN_CONFLICT, ["endorse"])
    assert waiting.spoken_for
    assert waiting.approved_at == day(2)


def test_a_yes_after_a_return_needs_no_answer() -> None:
    after = told(claim("R", state="ACTION_REQUIRED"), word(Act.APPROVE))
    assert (after.state, events(after)) == (State.APPROVED, ["resume", "endorse", "approve"])


def test_a_yes_by_who_may_not_decide_changes_nothing() -> None:
    rules = policy(approvals={"paid": ["Maria"]})
    for act in (Act.APPROVE, Act.REJECT, Act.REVOKE):
        state = "APPROVED" if act is Act.REVOKE else "UNDER_REVIEW"
        assert told(claim("R", state=state, policy=rules), word(act)).state is State(state)


def test_a_word_answers_the_votes_that_are_older() -> None:
    voted = claim("R", state="IN_CONFLICT", vote=Vote.APPROVE, voted_at=day(1))
    assert told(voted, word(Act.REJECT)).state is State.REJECTED
    returned = told(claim("R", vote=Vote.APPROVE, voted_at=day(1)), word(Act.RETURN, reason="who is it?"))
    assert returned.standing and returned.state is State.ACTION_REQUIRED
    assert returned.standing.message == "who is it?"
    later = told(claim("R", vote=Vote.APPROVE, voted_at=day(2, 9, 30)), word(Act.RETURN, reason="who is it?"))
    assert later.state is State.APPROVED


def test_what_is_said_for_us_is_not_read_by_the_partner() -> None:
    silent = told(claim("R"), word(Act.REJECT, reason="OTHER: Nordfels was first"))
    assert silent.standing and "Nordfels" not in silent.standing.message
    spoken = told(claim("R"), word(Act.REJECT, reason="OTHER: Nordfels was first", message="Somebody was first."))
    assert spoken.standing and spoken.standing.message == "Somebody was first."


def test_a_word_on_what_was_just_filed_finds_it_filed() -> None:
    after = told(claim("R", state="DRAFT"), word(Act.APPROVE))
    assert (after.state, events(after)[-2:]) == (State.APPROVED, ["endorse", "approve"])


# Appeals.


@pytest.mark.parametrize(("at", "state"), [(14, State.UNDER_REVIEW), (15, State.REJECTED)])
def test_an_appeal_comes_within_ten_working_days(at: int, state: State) -> None:
    before = claim("R", state="REJECTED", standing={"since": day(0)})
    after = told(before, word(Act.REOPEN, at=day(at)), now=day(at, 10))
    assert after.state is state


def test_an_appeal_is_judged_from_the_beginning_with_its_first_date() -> None:
    before = claim(
        "R",
        roles="RESELL SUPPORT",
        state="REVOKED",
        standing={"since": day(1), "roles": (), "approved_at": day(1), "protection_end": date_of(91)},
    )
    after = told(before, word(Act.REOPEN))
    assert after.standing
    assert after.roles == before.registration.roles
    assert (after.standing.submitted_at, after.standing.review_due) == (day(0), day(4))
    assert (after.standing.approved_at, after.standing.protection_end) == (None, None)
    assert after.spoken_for


# More time.


def held(**more: Any) -> Claim:
    return claim("R", state="APPROVED", **more)


def asks(at: int, **more: Any) -> Claim:
    return held(extension_requested_at=day(at), **more)


WORKED = (evidence("POC", day(80)),)


def test_a_request_waits_for_a_person_and_stops_the_end_of_the_window() -> None:
    after = advance(asks(87, evidence=WORKED), day(87, 10))  # a Thursday
    assert after.standing and (after.state, after.standing.extension_due) == (State.APPROVED, day(91))
    assert [(d.event, d.actor) for d in after.decisions] == [("request_extension", "partner:alpha")]
    later = advance(replace(after, decisions=()), day(100))
    assert later.standing and (later.state, later.standing.breached_at) == (State.APPROVED, day(91))
    assert later.protected_at(day(100))


@pytest.mark.parametrize(
    ("fields", "looked", "why"),
    [
        ({}, 89, "no verified activity in the 30 days before"),
        ({"evidence": (evidence("POC", day(80), verified=False),)}, 89, "no verified activity"),
        ({"evidence": (evidence("POC", day(58)),)}, 89, "no verified activity"),
        ({"evidence": WORKED, "standing": {"extended_days": (30,)}}, 89, "the programme gives 1 extensions"),
        ({"evidence": WORKED, "standing": {"protection_end": date_of(121)}}, 89, "120 days at most"),
        ({"evidence": WORKED, "standing": {"approved_at": day(90)}}, 89, "before the approval"),
    ],
)
def test_a_request_without_ground_is_refused_with_its_reason(fields: dict[str, Any], looked: int, why: str) -> None:
    after = advance(asks(89, **fields), day(looked, 10))
    assert after.standing and after.standing.extension_due is None
    refusal = next(decision for decision in after.decisions if decision.event == "refuse_extension")
    assert why in refusal.text
    assert why in after.standing.message
    assert "refuse_extension" not in events(advance(replace(after, decisions=()), day(looked, 11)))


def test_a_request_after_the_end_is_too_late_even_when_we_see_both_at_once() -> None:
    after = advance(asks(92, evidence=WORKED), day(92, 10))
    assert (after.state, "refuse_extension" in events(after)) == (State.EXPIRED, True)
    in_time = advance(asks(91, evidence=WORKED), day(95))
    assert in_time.state is State.APPROVED


@pytest.mark.parametrize(("days", "end"), [(None, 121), (10, 101), (500, 121)])
def test_an_extension_is_as_long_as_said_and_as_there_is_room(days: int | None, end: int) -> None:
    after = told(asks(89, evidence=WORKED), word(Act.EXTEND, at=day(90), days=days), now=day(90))
    assert after.standing and after.standing.protection_end == date_of(end)
    assert (after.standing.extension_due, len(after.standing.extended_days)) == (None, 1)
    assert after.standing.message == f"Extended: protected until {date_of(end).isoformat()}."
    assert after.spoken_for


def test_no_days_refuse_the_request_and_the_window_ends() -> None:
    asked = advance(asks(89, evidence=WORKED), day(89, 10))
    after = told(replace(asked, decisions=()), word(Act.EXTEND, at=day(95), days=0), now=day(95))
    assert (after.state, events(after)) == (State.EXPIRED, ["refuse_extension", "protection_end"])


def test_a_second_extension_is_not_given() -> None:
    once = told(held(), word(Act.EXTEND, days=10))
    twice = told(replace(once, decisions=()), word(Act.EXTEND, days=10), word(Act.EXTEND, 2, days=10))
    assert once.standing and twice.standing
    assert twice.standing.protection_end == once.standing.protection_end
    assert events(twice) == ["refuse_extension"]


def test_the_longest_window_is_never_shorter_than_the_tier_s_own() -> None:
    windows = STANDARD.windows
    assert [windows.protection_limit(tier) for tier in (None, "SILVER", "PLATINUM")] == [120, 120, 180]  # type: ignore[arg-type]
