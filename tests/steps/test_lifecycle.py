"""The table of moves, and every move that needs nobody's ruling: filing, votes, clocks, the end of the deal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from sync.claim import Claim
from sync.lifecycle import MOVES, Event, Why, advance, allowed, missing, move
from sync.model.deal import Stage
from sync.model.money import Money
from sync.model.registration import Role, State, Vote
from tests.steps.business import claim, date_of, day, deal, registration

ENDED = "REJECTED EXPIRED REVOKED WITHDRAWN SUPERSEDED WON LOST"
LEGAL = {
    "DRAFT": "create adopt submit withdraw",
    "SUBMITTED": "pick_up request_info amend conflict_found narrow endorse overdue reject withdraw supersede",
    "UNDER_REVIEW": "request_info amend conflict_found narrow endorse overdue approve reject withdraw supersede",
    "ACTION_REQUIRED": "resubmit resume amend answer_due narrow endorse reject withdraw supersede",
    "IN_CONFLICT": "amend conflict_cleared narrow endorse overdue reject withdraw supersede",
    "APPROVED": "narrow overdue confirm request_extension extend refuse_extension inactive withdraw revoke"
    " supersede protection_end opp_won opp_lost",
    **dict.fromkeys(ENDED.split(), ""),
    "WON": "revoke",
    "LOST": "opp_reopened",
    "REJECTED": "reopen",
    "REVOKED": "reopen",
}
TARGETS = {
    "create": "DRAFT",
    "submit": "SUBMITTED",
    "pick_up": "UNDER_REVIEW",
    "request_info": "ACTION_REQUIRED",
    "resubmit": "UNDER_REVIEW",
    "resume": "UNDER_REVIEW",
    "reopen": "UNDER_REVIEW",
    "opp_reopened": "APPROVED",
    "answer_due": "WITHDRAWN",
    "conflict_found": "IN_CONFLICT",
    "conflict_cleared": "UNDER_REVIEW",
    "approve": "APPROVED",
    "reject": "REJECTED",
    "withdraw": "WITHDRAWN",
    "supersede": "SUPERSEDED",
    "revoke": "REVOKED",
    "protection_end": "EXPIRED",
    "opp_won": "WON",
    "opp_lost": "LOST",
}
LATER = day(9)


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda word: word.value)
def test_a_move_is_legal_or_refused(state: State, event: Event) -> None:
    before = claim("R", state=state)
    if event not in LEGAL[state].split():
        assert not allowed(state, event)
        with pytest.raises(ValueError, match=f"R: no move {event} from {state}"):
            move(before, event, LATER, Why())
        return
    after = move(before, event, LATER, Why())
    assert after.state == TARGETS.get(event, state)
    (decision,) = after.decisions
    assert (decision.subject, decision.event, decision.to_state) == ("R", event, after.state)
    assert decision.text in {row.sentence for row in MOVES if row.event is event}
    assert after.standing and after.standing.decision_id == decision.id


def test_an_ended_registration_moves_only_by_an_appeal_a_revocation_or_the_deal_s_return() -> None:
    ended = [State(state) for state in ENDED.split()]
    moves = [(state, event) for state, event in product(ended, Event) if allowed(state, event)]
    assert moves == [
        (State.REJECTED, Event.REOPEN),
        (State.REVOKED, Event.REOPEN),
        (State.WON, Event.REVOKE),
        (State.LOST, Event.OPP_REOPENED),
    ]
    assert not any(state.live for state in ended)


def test_no_event_has_two_rows() -> None:
    events = [row.event for row in MOVES]
    assert sorted(events) == sorted(Event)


def test_a_move_that_stays_keeps_the_time_and_the_message_of_the_state() -> None:
    before = claim("R", standing={"since": day(3), "message": "Please wait."})
    after = move(before, Event.NARROW, LATER, Why(), roles=(Role.ADVISE,))
    assert after.standing and after.standing.since == day(3)
    assert after.standing.message == "Please wait."


def test_two_like_moves_in_a_row_are_two_decisions() -> None:
    once = move(claim("R"), Event.AMEND, LATER, Why())
    twice = move(once, Event.AMEND, LATER, Why())
    assert len({decision.id for decision in twice.decisions}) == 2


def test_who_moved_it_is_recorded() -> None:
    (by_rule,) = move(claim("R"), Event.APPROVE, LATER, Why()).decisions
    (by_person,) = move(claim("R"), Event.APPROVE, LATER, Why(person="maria")).decisions
    assert (by_rule.actor, by_rule.person) == ("rule", False)
    assert (by_person.actor, by_person.person) == ("maria", True)


# Filing.


def events(after: Claim) -> list[str]:
    return [decision.event for decision in after.decisions]


def test_a_complete_registration_is_filed_and_picked_up_at_once() -> None:
    after = advance(claim("R", state="DRAFT"), day(0, 10))
    assert events(after) == ["create", "submit", "pick_up"]
    assert after.state is State.UNDER_REVIEW


def test_the_review_clock_runs_on_working_days_from_the_submission() -> None:
    friday = claim("R", state="DRAFT", submitted_at=day(4, 15))
    after = advance(friday, LATER)
    assert after.standing and after.standing.review_due == day(8, 15)  # Monday, Tuesday


def test_the_first_submission_seen_is_frozen() -> None:
    filed = advance(claim("R", state="DRAFT"), day(1))
    moved = replace(filed, registration=replace(filed.registration, submitted_at=day(-30)), decisions=())
    assert advance(moved, day(2)).submitted_at == day(0)


def test_without_a_submission_date_the_record_itself_counts() -> None:
    assert advance(claim("R", state="DRAFT", submitted_at=None, created_at=day(2)), LATER).submitted_at == day(2)


LACKING = [
    ({"opportunity_id": None}, ["the opportunity, or the customer's name or domain"]),
    ({"opportunity_id": None, "customer_name": "Acme"}, []),
    ({"opportunity_id": None, "customer_domain": "acme.com"}, []),
    ({"roles": ()}, ["at least one role"]),
    ({"declared_value": Money(-1, "EUR")}, ["a declared value that is not negative"]),
    ({"declared_value": Money(0, "EUR")}, []),
    (
        {"opportunity_id": None, "roles": ()},
        ["the opportunity, or the customer's name or domain", "at least one role"],
    ),
]


@pytest.mark.parametrize(("fields", "lacks"), LACKING)
def test_what_is_missing_is_said(fields: dict[str, Any], lacks: list[str]) -> None:
    assert list(missing(replace(registration("R"), **fields), (), date_of(0))) == lacks


def test_an_incomplete_draft_waits_and_says_what_for() -> None:
    waiting = advance(claim("R", state="DRAFT", roles=""), LATER)
    assert waiting.standing and (waiting.state, waiting.standing.reason) == (State.DRAFT, "INCOMPLETE")
    assert waiting.standing.message == "Please fill in: at least one role."
    assert events(waiting) == ["create"]
    again = advance(replace(waiting, decisions=()), LATER)
    assert again.decisions == ()
    filled = replace(again, registration=replace(again.registration, roles=(Role.ADVISE,)))
    filed = advance(filled, LATER)
    assert filed.standing and (filed.state, filed.standing.reason) == (State.UNDER_REVIEW, "")
    assert filed.roles == (Role.ADVISE,)


@pytest.mark.parametrize(
    ("key", "fields", "lacks"),
    [
        ("country", {"opportunity_id": None, "customer_domain": "acme.com"}, "the customer's country"),
        ("country", {"opportunity_id": None, "customer_domain": "acme.com", "customer_country": "DE"}, ""),
        ("country", {}, ""),
        ("family", {}, "at least one product family"),
        ("family", {"families": ("crm",)}, ""),
        ("value", {}, "the declared value"),
        ("value", {"declared_value": Money(0, "EUR")}, ""),
        ("expected_close", {}, "an expected close that is not over"),
        ("expected_close", {"expected_close": date_of(-1)}, "an expected close that is not over"),
        ("expected_close", {"expected_close": date_of(0)}, ""),
        ("evidence", {}, "a piece of evidence"),
    ],
)
def test_a_programme_may_require_more(key: str, fields: dict[str, Any], lacks: str) -> None:
    filed = replace(registration("R"), **fields)
    assert list(missing(filed, [key], date_of(0))) == ([lacks] if lacks else [])
    assert missing(filed, (), date_of(0)) == ()


def test_an_empty_record_holds_no_place_in_the_queue() -> None:
    """Whoever creates an empty draft early and fills it in late filed it late."""
    empty = claim("R", state="DRAFT", roles="", submitted_at=None, created_at=day(0))
    waiting = advance(empty, day(1))
    filled = replace(waiting, registration=replace(waiting.registration, roles=(Role.RESELL,)), decisions=())
    assert advance(filled, day(8)).submitted_at == day(8)
    dated = replace(filled, registration=replace(filled.registration, submitted_at=day(7)))
    assert advance(dated, day(8)).submitted_at == day(7)


# Amending.


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [
        ("UNDER_REVIEW", "amend", "UNDER_REVIEW"),
        ("IN_CONFLICT", "amend", "IN_CONFLICT"),
        ("ACTION_REQUIRED", "resubmit", "UNDER_REVIEW"),
    ],
)
def test_a_changed_filing_is_judged_afresh(state: str, event: str, after: str) -> None:
    before = claim("R", state=state, roles="RESELL SUPPORT", standing={"roles": (Role.SUPPORT,)})
    changed = replace(before, registration=replace(before.registration, families=("database",)))
    moved = advance(changed, LATER)
    assert (events(moved), moved.state) == ([event], State(after))
    assert moved.roles == (Role.RESELL, Role.SUPPORT)
    assert advance(replace(moved, decisions=()), LATER).decisions == ()


@pytest.mark.parametrize("state", ["APPROVED", *ENDED.split()])
def test_a_changed_filing_moves_nothing_once_it_is_decided(state: str) -> None:
    before = claim("R", state=state)
    changed = replace(before, registration=replace(before.registration, roles=(Role.SOURCE,)))
    assert advance(changed, day(2)).decisions == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"vote": Vote.APPROVE, "voter": "maria", "voted_at": day(2), "vote_reason": "fine"},
        {"joint_response": "ACCEPTED"},
        {"submitted_at": day(-9)},
    ],
)
def test_votes_answers_and_dates_are_no_change_of_the_filing(fields: dict[str, Any]) -> None:
    before = claim("R")
    assert advance(replace(before, registration=replace(before.registration, **fields)), LATER).decisions == ()


# Withdrawal, clocks, the end of the deal.


@pytest.mark.parametrize("state", [state for state in State if state.live])
def test_a_live_registration_can_be_withdrawn(state: State) -> None:
    after = advance(claim("R", state=state, withdrawn=True), LATER)
    assert after.state is State.WITHDRAWN
    assert after.decisions[-1].actor == "partner:alpha"


@pytest.mark.parametrize("state", ENDED.split())
def test_an_ended_registration_cannot_be_withdrawn(state: str) -> None:
    assert advance(claim("R", state=state, withdrawn=True), LATER).state is State(state)


def test_the_answer_clock_ends_after_its_moment_not_at_it() -> None:
    waiting = claim("R", state="ACTION_REQUIRED", standing={"answer_due": day(14)})
    assert advance(waiting, day(14)).state is State.ACTION_REQUIRED
    late = advance(waiting, day(14, second=1))
    assert late.standing and (late.state, late.standing.reason) == (State.WITHDRAWN, "NO_RESPONSE")


def test_an_answer_that_came_in_time_is_not_lost_by_a_late_run() -> None:
    waiting = claim("R", state="ACTION_REQUIRED", standing={"answer_due": day(14)})
    answered = replace(waiting, registration=replace(waiting.registration, customer_name="Acme"))
    assert advance(answered, day(30)).state is State.UNDER_REVIEW


def test_the_last_day_of_protection_counts_whole_where_the_programme_is_run() -> None:
    held = claim("R", state="APPROVED", standing={"protection_end": date_of(90)})
    assert advance(held, datetime(2027, 5, 2, 21, 59, tzinfo=UTC)).state is State.APPROVED
    assert advance(held, datetime(2027, 5, 2, 22, 0, tzinfo=UTC)).state is State.EXPIRED  # midnight in Berlin


@pytest.mark.parametrize(("stage", "state"), [("WON", "WON"), ("LOST", "LOST"), ("COMMITTED", "APPROVED")])
def test_the_deal_takes_its_approved_claims_along(stage: str, state: str) -> None:
    assert advance(claim("R", state="APPROVED", deal=deal(stage=Stage(stage))), day(2)).state is State(state)


def test_a_deal_that_was_won_counts_as_won_even_when_we_look_after_the_protection() -> None:
    assert advance(claim("R", state="APPROVED", deal=deal(stage=Stage.WON)), day(400)).state is State.WON


def test_the_end_of_a_deal_moves_nobody_who_was_not_approved() -> None:
    assert advance(claim("R", deal=deal(stage=Stage.WON)), LATER).state is State.UNDER_REVIEW
