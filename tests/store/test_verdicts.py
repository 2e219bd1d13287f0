"""A verdict comes back from the store as the history it was, byte for byte, and twice is once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import func, select

from connector.record import Ref
from sync.model.deal import Opportunity, Stage
from sync.model.facts import Facts, History, Verdict
from sync.model.money import Money
from sync.model.registration import Registration, Response, Role, Standing, State
from sync.model.ruling import Case, CaseState, Decision, Joint, JointState, Resolution, Severity, Step
from sync.model.split import Portion, Split, SplitStatus
from sync.store.opening import Store
from sync.store.tables import decision, split
from sync.store.verdicts import count_open_cases, decisions_on, load_history, record_verdict

NOW = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
STEP = Step("valid_protection", "decisive", "Lumen was protected since 2026-11-01.")
STANDING = Standing(
    registration_id="reg_1",
    state=State.APPROVED,
    since=NOW,
    submitted_at=NOW,
    policy="standard/1",
    decision_id="dec_1",
    reason="VOTED",
    message="Approved as RESELL; protected until 2027-02-22.",
    review_due=NOW,
    approved_at=NOW,
    protection_start=date(2026, 11, 24),
    protection_end=date(2027, 2, 22),
    roles=(Role.RESELL, Role.ADVISE),
    line_ids=("00k1",),
    filed="digest",
    vote_seen="APPROVE@2026-11-24",
    by_person=True,
)
CASE = Case(
    id="case_1",
    kind="C02",
    severity=Severity.BLOCK,
    state=CaseState.OPEN,
    registrations=("reg_1", "reg_2"),
    opportunity_id="opp_1",
    scope="RESELL",
    text="Lumen and Harbor both claim RESELL.",
    detected_at=NOW,
    trace=(STEP,),
)
JOINT = Joint("joint_1", "opp_1", "K", JointState.PARTIAL, (("reg_1", "par_1", Response.ACCEPTED),))
PORTION = Portion(
    "par_1", (Role.RESELL,), "2/3", 666_667, Decimal("66.67"), Money(66667, "USD"), sourced=True, fulfilled=True
)
SPLIT = Split(
    opportunity_id="opp_1",
    version=1,
    status=SplitStatus.AGREED,
    model="role_pools",
    policy="standard/1",
    amount=Money(100000, "USD"),
    portions=(PORTION, Portion("VENDOR", (), "1/3", None, None, None)),
    arithmetic=("RESELL 30: Lumen",),
    decision_id="spl_1",
)
DECISION = Decision(
    id="dec_1",
    subject="reg_1",
    event="approve",
    to_state=State.APPROVED,
    at=NOW,
    actor="jo",
    person=True,
    policy="standard/1",
    reason="VOTED",
    text="Fine.",
    trace=(STEP,),
    from_state=State.UNDER_REVIEW,
)
FACTS = Facts(
    registrations=(Registration("reg_1", Ref("sf", "R", "a01"), "par_1", NOW),),
    opportunities=(Opportunity("opp_1", "Acme", (Ref("sf", "O", "006"),), None, Stage.PROSPECT, NOW),),
)
VERDICT = Verdict((DECISION,), (STANDING,), (CASE,), (JOINT,), (SPLIT,))
KNOWN = History({"reg_1": STANDING}, {"case_1": CASE}, {"joint_1": JOINT}, {"opp_1": SPLIT})


def recorded(store: Store, verdict: Verdict, before: History | None = None) -> History:
    with store.write() as connection:
        record_verdict(connection, before or History(), verdict, NOW)
    with store.read() as connection:
        [history] = load_history(connection, [FACTS])
    return history


def test_what_was_recorded_is_the_history_to_the_last_field(store: Store) -> None:
    assert recorded(store, VERDICT) == KNOWN


def test_each_group_gets_its_own_history_and_no_other(store: Store) -> None:
    recorded(store, VERDICT)
    with store.read() as connection:
        own, other = load_history(connection, [FACTS, Facts()])
    assert (own, other) == (KNOWN, History())


def test_a_case_is_in_the_history_of_each_of_its_registrations(store: Store) -> None:
    recorded(store, VERDICT)
    rival = Facts(registrations=(replace(FACTS.registrations[0], id="reg_2"),))
    with store.read() as connection:
        [history] = load_history(connection, [rival])
    assert history == History(cases={"case_1": CASE})


def test_recording_twice_records_once(store: Store) -> None:
    before = recorded(store, VERDICT)
    assert recorded(store, VERDICT, before) == before
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(decision)) == 1
        assert decisions_on(connection, ["reg_1"]) == [DECISION]


def test_decisions_come_back_in_the_order_in_which_they_were_made(store: Store) -> None:
    later = replace(DECISION, id="dec_0", event="opp_won", person=False)
    recorded(store, Verdict((DECISION,)))
    recorded(store, Verdict((later,)))
    with store.read() as connection:
        assert decisions_on(connection, ["reg_1", "reg_2"]) == [DECISION, later]


def test_every_version_of_a_split_is_kept_and_the_last_one_stands(store: Store) -> None:
    second = replace(SPLIT, version=2, status=SplitStatus.LOCKED)
    before = recorded(store, VERDICT)
    assert recorded(store, replace(VERDICT, splits=(second,)), before).splits == {"opp_1": second}
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(split)) == 2


def test_a_split_that_nobody_is_in_any_more_has_ended_and_may_begin_again(store: Store) -> None:
    before = recorded(store, VERDICT)
    recorded(store, replace(VERDICT, splits=()), before)
    with store.read() as connection:
        assert connection.scalar(select(split.c.ended)) is True
    recorded(store, VERDICT, before)
    with store.read() as connection:
        assert connection.scalar(select(split.c.ended)) is False


def test_open_cases_are_counted_until_they_are_resolved(store: Store) -> None:
    before = recorded(store, VERDICT)
    with store.read() as connection:
        assert count_open_cases(connection) == {"C02": 1}
    solved = replace(CASE, state=CaseState.RESOLVED, resolution=Resolution.AWARD_ONE, winner="reg_1")
    recorded(store, replace(VERDICT, cases=(solved,)), before)
    with store.read() as connection:
        assert count_open_cases(connection) == {}
