"""From a verdict to rows: which are to be written, with which words, and what is held before it is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.record import Ref
from sync.intend import attribution_key, intend
from sync.joint import PROPOSAL
from sync.model.deal import Opportunity
from sync.model.facts import Facts, Verdict
from sync.model.money import Money
from sync.model.parties import Partner
from sync.model.plan import Held, Intent
from sync.model.registration import Registration, Response, Standing, State
from sync.model.ruling import Case, CaseState, Joint, JointState, Severity
from sync.model.split import VENDOR, Portion, Split, SplitStatus
from tests.steps.business import claim, date_of, day, deal, partner, registration

ALPHA, BETA = partner("alpha"), partner("beta")


def portion(who: str, percent: str, cents: int, **more: Any) -> Portion:
    share = int(Decimal(percent) * 10_000)
    return Portion(who, (), "1/2", share, Decimal(percent), Money(cents, "EUR"), **more)


SPLIT = Split(
    "deal",
    3,
    SplitStatus.AGREED,
    "role_pools",
    "standard/1",
    Money(10000, "EUR"),
    (portion("alpha", "40.00", 4000, sourced=True), portion("beta", "60.00", 6000, fulfilled=True)),
    decision_id="spl",
)


def standing_of(key: str, state: str, **more: Any) -> Standing:
    filed = claim(key, state=state, standing=more).standing
    assert filed
    return filed


def wanted(
    standings: Sequence[Standing] = (),
    split: Split | None = SPLIT,
    *,
    on: Opportunity | None = None,
    partners: Sequence[Partner] = (ALPHA, BETA),
    registrations: Sequence[Registration] | None = None,
    cases: tuple[Case, ...] = (),
    joints: tuple[Joint, ...] = (),
) -> tuple[list[Intent], list[Held]]:
    filed = [registration(standing.registration_id) for standing in standings]
    facts = Facts(
        opportunities=(on or deal(),),
        registrations=tuple(registrations if registrations is not None else filed),
        partners=tuple(partners),
    )
    splits = (split,) if split else ()
    return intend(facts, Verdict(standings=tuple(standings), cases=cases, joints=joints, splits=splits))


def kinds(intents: Sequence[Intent]) -> list[str]:
    return [f"{intent.connection} {intent.kind}" for intent in intents]


def values(intents: Sequence[Intent], connection: str, kind: str) -> dict[str, Any]:
    (found,) = [intent for intent in intents if (intent.connection, intent.kind) == (connection, kind)]
    return dict(found.values)


APPROVED = standing_of("R", "APPROVED")


# Which rows.


def test_a_deal_without_registration_or_split_is_never_touched() -> None:
    assert wanted((), None, registrations=()) == ([], [])
    assert wanted((), None, registrations=[registration("R")]) == ([], [])  # not judged yet: nothing to say


def test_a_registered_deal_is_summed_up_in_every_crm_and_its_split_stands_there() -> None:
    intents, held = wanted([APPROVED])
    assert kinds(intents) == [
        "sf registration",
        *["sf opportunity", "sf attribution", "sf attribution"],
        *["hs opportunity", "hs attribution", "hs attribution"],
    ]
    assert held == []


def test_a_split_outlives_the_registration_record() -> None:
    intents, _ = wanted([], SPLIT, registrations=())
    assert kinds(intents)[:2] == ["sf opportunity", "sf attribution"]


def test_a_registration_without_a_deal_is_answered_alone() -> None:
    intents, _ = wanted([APPROVED], None, registrations=[registration("R", opportunity_id=None)])
    assert kinds(intents) == ["sf registration"]


def test_the_registration_is_answered_where_it_was_filed() -> None:
    filed = replace(registration("R"), ref=Ref("hs", "p_registration", "R"))
    intents, _ = wanted([APPROVED], None, registrations=[filed])
    assert (intents[0].connection, intents[0].ref) == ("hs", filed.ref)


# A partner that a CRM does not know.


@pytest.mark.parametrize("unknown", [replace(BETA, members=BETA.members[:1]), None], ids=["no row there", "gone"])
def test_a_split_with_a_partner_unknown_to_a_crm_is_held_there_as_a_whole(unknown: Partner | None) -> None:
    intents, held = wanted([APPROVED], partners=[ALPHA, *([unknown] if unknown else [])])
    in_hs = [fault for fault in held if fault.connection == "hs"]
    assert "hs attribution" not in kinds(intents)
    assert "hs opportunity" not in kinds(intents)
    assert [(fault.key, fault.object, fault.field) for fault in in_hs] == [("deal", "attribution", "partner")]
    assert "has no record in hs: create it there and link it" in in_hs[0].reason
    assert ("sf attribution" in kinds(intents)) is (unknown is not None)


def test_the_vendor_needs_no_record() -> None:
    kept = replace(SPLIT, portions=(portion("alpha", "60.00", 6000), portion(VENDOR, "40.00", 4000)))
    intents, held = wanted([APPROVED], kept)
    assert held == []
    rows = [intent for intent in intents if (intent.connection, intent.kind) == ("sf", "attribution")]
    assert [row.values["partner"] for row in rows] == [Ref("sf", "Account", "alpha"), None]
    assert rows[1].title == "Deal · VENDOR"


# The summary on the deal.


def test_the_summary_says_who_leads_and_who_has_what() -> None:
    intents, _ = wanted([APPROVED])
    summary = values(intents, "hs", "opportunity")
    assert summary["primary_partner"] == Ref("hs", "companies", "beta")
    assert (summary["sourced"], summary["influenced"], summary["partner_count"]) == (True, False, 2)
    assert summary["split_summary"] == "Beta 60.00 % · Alpha 40.00 %"


def test_the_vendor_is_not_counted_as_a_partner_and_never_leads() -> None:
    kept = replace(SPLIT, portions=(portion("alpha", "20.00", 2000), portion(VENDOR, "80.00", 8000)))
    summary = values(wanted([APPROVED], kept)[0], "sf", "opportunity")
    assert (summary["partner_count"], summary["primary_partner"]) == (1, Ref("sf", "Account", "alpha"))
    assert summary["split_summary"] == "Alpha 20.00 % · VENDOR 80.00 %"


def test_a_split_without_percent_is_summed_up_in_money() -> None:
    bare = [replace(part, percent=None, share_ppm=None) for part in SPLIT.portions]
    summary = values(wanted([APPROVED], replace(SPLIT, portions=tuple(bare)))[0], "sf", "opportunity")
    assert summary["split_summary"] == "Alpha 40.00 EUR · Beta 60.00 EUR"


def test_a_summary_fits_its_field() -> None:
    many = [partner(f"p{number}", name="A partner with a rather long name") for number in range(12)]
    portions = tuple(portion(who.id, "8.00", 800) for who in many)
    summary = values(wanted([APPROVED], replace(SPLIT, portions=portions), partners=many)[0], "sf", "opportunity")
    assert len(summary["split_summary"]) == 255


def test_without_a_split_the_summary_is_empty() -> None:
    summary = values(wanted([standing_of("R", "UNDER_REVIEW")], None)[0], "sf", "opportunity")
    assert summary["split_summary"] is None
    assert (summary["primary_partner"], summary["partner_count"], summary["sourced"]) == (None, 0, False)


def open_case(kind: str = "C02", *claims: str, state: CaseState = CaseState.OPEN) -> Case:
    return Case(kind, kind, Severity.BLOCK, state, claims or ("R",), "deal", "RESELL", "", day(0))


@pytest.mark.parametrize(
    ("states", "cases", "word"),
    [
        (["APPROVED", "UNDER_REVIEW", "REJECTED"], (), "APPROVED"),
        (["WON", "EXPIRED"], (), "WON"),
        (["UNDER_REVIEW", "LOST"], (), "IN_REVIEW"),
        (["SUBMITTED"], (), "IN_REVIEW"),
        (["ACTION_REQUIRED"], (), "IN_REVIEW"),
        (["LOST", "EXPIRED"], (), "LOST"),
        (["EXPIRED", "WITHDRAWN"], (), "EXPIRED"),
        (["REJECTED", "WITHDRAWN", "SUPERSEDED"], (), "NONE"),
        (["APPROVED", "IN_CONFLICT"], (open_case("C02", "R1"),), "IN_CONFLICT"),
        (["APPROVED"], (open_case("C02", "R0", state=CaseState.RESOLVED),), "APPROVED"),
        (["APPROVED"], (open_case("C02", "elsewhere"),), "APPROVED"),
    ],
)
def test_one_word_for_all_registrations_of_a_deal(states: list[str], cases: tuple[Case, ...], word: str) -> None:
    standings = [standing_of(f"R{number}", state) for number, state in enumerate(states)]
    summary = values_of_deal(standings, cases)
    assert summary["registration_status"] == word
    assert summary["conflict"] is (word == "IN_CONFLICT")


def values_of_deal(standings: Sequence[Standing], cases: tuple[Case, ...]) -> dict[str, Any]:
    return values(wanted(standings, None, cases=cases)[0], "sf", "opportunity")


def test_the_deal_is_protected_as_long_as_its_last_approved_claim() -> None:
    ends = {"R1": ("APPROVED", 90), "R2": ("APPROVED", 60), "R3": ("EXPIRED", 120)}
    standings = [standing_of(key, state, protection_end=date_of(end)) for key, (state, end) in ends.items()]
    assert values_of_deal(standings, ())["protection_end"] == date_of(90)


# The answer to the partner.


def answer(standing: Standing, **more: Any) -> dict[str, Any]:
    return values(wanted([standing], None, **more)[0], "sf", "registration")


def test_the_answer_says_state_reason_dates_and_conflicts() -> None:
    cases = (open_case("C13"), open_case("C02"), open_case("C04", state=CaseState.RESOLVED))
    said = answer(replace(APPROVED, message="Fine.", reason="VOTED"), cases=cases)
    assert (said["status"], said["status_reason"], said["message"]) == (State.APPROVED, "VOTED", "Fine.")
    assert (said["protection_start"], said["protection_end"]) == (date_of(1), date_of(91))
    assert said["conflict"] == ("C02", "C13")
    assert said["decision"] == APPROVED.decision_id


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("UNDER_REVIEW", True),
        ("ACTION_REQUIRED", True),
        ("IN_CONFLICT", False),
        ("APPROVED", False),
        ("REJECTED", False),
    ],
)
def test_the_review_is_due_only_while_it_runs(state: str, shown: bool) -> None:
    due = datetime(2027, 2, 3, tzinfo=UTC)
    assert answer(standing_of("R", state, review_due=due))["review_due"] == (due if shown else None)


@pytest.mark.parametrize(("key", "offered"), [("", True), ("team", False)])
def test_an_offer_to_register_jointly_names_nobody(key: str, offered: bool) -> None:
    members = (("R", "alpha", Response.INVITED), ("Z", "beta", Response.INVITED))
    joint = Joint("j", "deal", key, JointState.PROPOSED, members)
    message = answer(replace(APPROVED, message="Fine."), joints=(joint,))["message"]
    assert message == (f"Fine. {PROPOSAL}" if offered else "Fine.")
    assert "Beta" not in message


# The rows of the split.


def test_an_attribution_row_is_found_by_one_key_in_every_crm() -> None:
    intents, _ = wanted([APPROVED])
    rows = [intent for intent in intents if intent.kind == "attribution"]
    assert len({row.key for row in rows}) == 2
    assert {row.key for row in rows if row.connection == "sf"} == {
        row.key for row in rows if row.connection == "hs"
    }
    for row, who in zip(rows, ["alpha", "beta"] * 2, strict=True):
        assert row.key == row.values["key"] == attribution_key("deal", who)


def test_a_row_carries_its_numbers_and_where_they_come_from() -> None:
    row = next(intent for intent in wanted([APPROVED])[0] if intent.kind == "attribution")
    said = dict(row.values)
    assert (said["share"], said["amount"]) == (Decimal("40.00"), Money(4000, "EUR"))
    assert (said["sourced"], said["influenced"], said["fulfilled"]) == (True, False, False)
    assert (said["split_status"], said["split_version"], said["policy"]) == (SplitStatus.AGREED, 3, "standard/1")
    assert (said["opportunity"], said["partner"]) == (
        Ref("sf", "Opportunity", "deal"),
        Ref("sf", "Account", "alpha"),
    )
    assert row.reason == said["decision"] == "spl"


def test_the_rows_of_one_deal_in_one_crm_belong_together() -> None:
    groups = [intent.group for intent in wanted([APPROVED])[0] if intent.kind == "attribution"]
    assert groups == ["sf:deal", "sf:deal", "hs:deal", "hs:deal"]
