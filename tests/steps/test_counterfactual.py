"""What would have changed a ruling is tried, not guessed: each answer is decided again on the changed facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.counterfactual import MOST, Flip, counterfactuals, with_true_offers
from sync.decide import decide
from sync.model.facts import Facts, History, Verdict
from sync.model.registration import Choice, Registration, Role, State, Vote
from sync.policy import Policies
from tests.steps.business import ACCOUNT, DEAL, day, evidence, partner, patient, policy, registration

RULES = Policies((policy(),))
ROLES = "SOURCE RESELL PRESALES IMPLEMENT"


def facts(*registrations: Registration) -> Facts:
    people = tuple(partner(name) for name in ("alpha", "beta", "gamma"))
    return Facts((ACCOUNT,), (DEAL,), registrations, people)


def played(*registrations: Registration) -> tuple[Facts, Verdict]:
    """Each one filed when the earlier ones had been decided on; the verdict of the last day."""
    known = facts(*registrations)
    history, verdict = History(), Verdict()
    for moment in sorted({entry.submitted_at for entry in registrations if entry.submitted_at}):
        there = tuple(entry for entry in registrations if entry.submitted_at and entry.submitted_at <= moment)
        verdict = decide(replace(known, registrations=there), history, RULES, moment + timedelta(hours=1))
        history = History(
            {standing.registration_id: standing for standing in verdict.standings},
            {case.id: case for case in verdict.cases},
            {joint.id: joint for joint in verdict.joints},
            {split.opportunity_id: split for split in verdict.splits},
        )
    return known, verdict


VOTED = {"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(0, 10)}
HOLDER = registration("R1", "alpha", "RESELL", **VOTED)
LOSER = registration("R2", "beta", "RESELL", submitted_at=day(5), created_at=day(5))


def flips(known: Facts, verdict: Verdict, own: str = "R2") -> dict[str, Flip]:
    return {flip.text: flip for flip in counterfactuals(known, verdict, RULES, day(5, 11), own)}


def test_another_role_the_customer_and_the_end_of_the_protection_would_have_changed_it() -> None:
    known, verdict = played(HOLDER, LOSER)
    found = flips(known, verdict)
    assert found["it asked for IMPLEMENT instead of RESELL"].state is State.UNDER_REVIEW
    assert found["it asked for IMPLEMENT instead of RESELL"].roles == (Role.IMPLEMENT,)
    end = next(s.protection_end for s in verdict.standings if s.registration_id == "R1")
    assert found[f"it were filed after {end}"].state is State.UNDER_REVIEW
    assert not any("RESELL of" in text for text in found)


def test_whoever_lost_nothing_is_told_nothing() -> None:
    known, verdict = played(HOLDER, LOSER)
    assert flips(known, verdict, "R1") == {}
    assert flips(known, verdict, "nobody") == {}


def test_what_a_person_rejected_only_people_change() -> None:
    refused = replace(LOSER, vote=Vote.REJECT, voter="jo", voted_at=day(5, 9, 30))
    known, verdict = played(refused)
    assert next(iter(verdict.standings)).state is State.REJECTED
    assert flips(known, verdict) == {}


def test_evidence_that_nobody_has_verified_would_count() -> None:
    direct = replace(DEAL, direct_engaged_at=day(-10))
    known = facts(registration("R2", "beta", "SOURCE", evidence=(evidence("POC", day(-20), verified=False),)))
    known = replace(known, opportunities=(direct,))
    verdict = decide(known, History(), RULES, day(1))
    assert [standing.state for standing in verdict.standings] == [State.REJECTED]
    found = flips(known, verdict)
    assert "its evidence were verified" in found


def test_a_dispute_that_waits_would_be_ended_by_the_customer() -> None:
    one = registration("R1", "alpha", "RESELL")
    two = registration("R2", "beta", "RESELL", submitted_at=day(0, 9, 0, 20))
    known = facts(one, two)
    verdict = decide(known, History(), RULES, day(1))
    assert {standing.state for standing in verdict.standings} == {State.IN_CONFLICT}
    found = {flip.text: flip for flip in counterfactuals(known, verdict, RULES, day(1), "R2")}
    assert found["the customer had chosen it in writing"].state is State.UNDER_REVIEW


def test_a_role_that_another_one_disputes_is_not_offered() -> None:
    """IMPLEMENT is exclusive and held: offering it would send the partner into the next dispute."""
    other = registration("R3", "gamma", "IMPLEMENT", **VOTED)
    known, verdict = played(HOLDER, other, LOSER)
    message = {s.registration_id: s.message for s in verdict.standings}["R2"]
    assert "You may join in another role: PRESALES, IMPLEMENT," in message
    true = {s.registration_id: s.message for s in with_true_offers(known, verdict, RULES, day(5, 11)).standings}
    assert true["R2"] == message.replace("IMPLEMENT, ", "")
    assert true["R1"] == {s.registration_id: s.message for s in verdict.standings}["R1"]
    waits = flips(known, verdict)["it asked for IMPLEMENT instead of RESELL"]
    assert (waits.state, waits.partner_text) == (State.IN_CONFLICT, "")


def test_an_offer_is_looked_at_once_when_it_is_made() -> None:
    known, verdict = played(HOLDER, LOSER)
    recorded = replace(verdict, decisions=())
    assert with_true_offers(known, recorded, RULES, day(6)) is recorded


CLAIMS = st.lists(
    st.builds(
        lambda who, roles, at, chosen, approved: registration(
            f"R{at}",
            who,
            " ".join(sorted(roles)),
            submitted_at=day(at),
            created_at=day(at),
            customer_choice=chosen,
            **({"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(at, 10)} if approved else {}),
        ),
        st.sampled_from(["alpha", "beta", "gamma"]),
        st.sets(st.sampled_from(ROLES.split()), min_size=1, max_size=2),
        st.integers(0, 6),
        st.sampled_from([None, Choice.CHOSEN, Choice.REFUSED]),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda entry: entry.id,
)


@patient
@given(CLAIMS)
def test_the_answers_are_few_ordered_and_do_not_depend_on_the_order_of_reading(claims: list[Registration]) -> None:
    known, verdict = played(*claims)
    for entry in claims:
        found = counterfactuals(known, verdict, RULES, day(7), entry.id)
        assert len(found) <= MOST
        turned = replace(known, registrations=tuple(reversed(known.registrations)))
        assert counterfactuals(turned, verdict, RULES, day(7), entry.id) == found
        stands = next(s for s in verdict.standings if s.registration_id == entry.id)
        if stands.state in (State.APPROVED, State.UNDER_REVIEW) and stands.roles == entry.roles:
            assert found == ()


@pytest.mark.parametrize("secret", ["Alpha", "2027"], ids=["name", "date"])
def test_what_a_partner_reads_of_it_tells_nothing_about_a_rival(secret: str) -> None:
    known, verdict = played(HOLDER, LOSER)
    said = " ".join(flip.partner_text for flip in flips(known, verdict).values())
    assert said
    assert secret not in said
