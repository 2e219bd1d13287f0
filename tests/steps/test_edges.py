"""The edges of rules: what the smallest fault in the deciding core would change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync.claim import Claim, seniority
from sync.conflicts.catalogue import KINDS, detect
from sync.conflicts.clocks import with_clocks
from sync.conflicts.finding import between
from sync.conflicts.incumbents import base_and_expansion
from sync.lifecycle import advance
from sync.model.deal import Stage
from sync.model.directive import Act, Directive
from sync.model.ids import name
from sync.model.money import Money
from sync.model.registration import Approval, Role, State, Vote
from sync.model.ruling import Case, CaseState, Resolution, Severity, Step
from sync.resolve.contests import waiting_list
from sync.resolve.losing import lose
from sync.resolve.people import ended_by_person
from sync.resolve.rulings import RULINGS
from tests.steps.business import claim, date_of, day, deal, line, partner, policy
from tests.steps.judging import Judged, situation

Fields = dict[str, Any]


# People.


def ended(resolution: Resolution, *trace: Step, claims: tuple[str, ...] = ("A",), **more: Any) -> Case:
    plain: Fields = {"kind": "C12", "severity": Severity.BLOCK, "state": CaseState.RESOLVED, "scope": "customer"}
    where: Fields = {"opportunity_id": None, "text": "unclear", "detected_at": day(1)}
    return Case("case", registrations=claims, resolution=resolution, trace=trace, **{**plain, **where, **more})


HIT, RULE, PERSON = (
    Step("C12", "hit", "unclear"),
    Step("C12", "decisive", "a rule"),
    Step("person", "decisive", "Maria"),
)


@pytest.mark.parametrize(
    ("case", "stays"),
    [
        (ended(Resolution.AWARD_ONE, HIT, PERSON), True),
        (ended(Resolution.AWARD_ONE, PERSON, RULE), False),
        (ended(Resolution.AWARD_ONE, PERSON, claims=("A", "B")), False),
        (ended(Resolution.REJECT_ALL, PERSON), False),
        (ended(Resolution.CO_REGISTER, PERSON, claims=("A", "B")), True),
        (ended(Resolution.NOT_A_CONFLICT, HIT, PERSON), True),
        (ended(Resolution.AWARD_ONE, PERSON, state=CaseState.OPEN), False),
        (ended(Resolution.AWARD_ONE), False),
    ],
)
def test_what_a_person_ended_without_taking_anything_away_stays_so(case: Case, stays: bool) -> None:
    assert (ended_by_person(case) is not None) is stays


def test_a_yes_to_what_is_over_speaks_for_nobody() -> None:
    yes = {"approvals": (Approval("maria", day(1)),)}
    assert claim("A", standing=yes).spoken_for
    assert not claim("A", state="REJECTED", standing=yes).spoken_for


def test_the_first_directive_ever_is_heard_by_a_claim_that_has_not_moved() -> None:
    said = Directive(id="d", act=Act.WITHDRAW, subject="A", by="maria", at=day(1), seq=1)
    assert replace(claim("A", state="DRAFT"), directives=(said,)).unheard == (said,)


def test_why_a_vote_is_ignored_is_forgotten_once_it_counts() -> None:
    rules = policy(approvals={"owner_may_decide": False})
    vote: Fields = {"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(1)}
    owned = advance(claim("A", policy=rules, deal=deal(owners=("jo",)), **vote), day(2))
    assert owned.standing and owned.standing.vote_ignored == "jo owns Deal and does not decide on it"
    sold = advance(replace(owned, opportunity=deal(owners=("kim",))), day(3))
    assert sold.standing and sold.standing.vote_ignored == ""


@pytest.mark.parametrize(("state", "due"), [("REJECTED", None), ("APPROVED", None), ("UNDER_REVIEW", day(2))])
def test_only_what_still_waits_for_a_review_is_adopted_with_its_clock(state: str, due: Any) -> None:
    taken = Directive(id="d", act=Act.ADOPT, subject="A", by="x", at=day(0), seq=1, state=State(state))
    after = advance(replace(claim("A", state="DRAFT"), directives=(taken,)), day(1))
    assert after.standing and (after.standing.state, after.standing.review_due) == (State(state), due)


# Disputes.


def test_who_has_a_free_place_is_ranked_by_whom_it_beats_and_not_by_its_name() -> None:
    first = claim("C", "zeta", "PRESALES", submitted_at=day(0))
    second = claim("B", "mu", "PRESALES", submitted_at=day(1))
    last = claim("A", "alpha", "PRESALES", submitted_at=day(2))
    involved = sorted((last, second, first), key=seniority)
    ruling = waiting_list(between("C03", Severity.WARN, involved, "PRESALES", "full"), involved)
    assert "In the order of the ladder: Zeta, Mu, Alpha." in ruling.steps[-1].text


def test_whoever_loses_a_line_is_told_which() -> None:
    on = deal(lines=(line("L1"), line("L2")))
    winner = claim("A", "alpha", "IMPLEMENT", deal=on, line_ids=("L1",))
    loser = claim("B", "beta", "IMPLEMENT", deal=on, line_ids=("L1", "L2"))
    finding = replace(between("C13", Severity.BLOCK, (winner, loser), "L1", "both"), lines=("L1",))
    effect = lose(loser, winner, finding)
    assert (effect.message, effect.line_ids) == ("Another partner already holds L1 on this deal.", ("L2",))
    assert effect.text == "Alpha holds L1: both"


def test_merged_deals_wait_only_where_both_were_approved() -> None:
    merged = deal(merged=("old",))
    one = claim("A", "alpha", deal=merged, state="APPROVED")
    other = claim("B", "beta", deal=merged, submitted_at=day(5))
    ends = {case.kind: case.resolution for case in Judged(one, other).cases}
    assert ends["C14"] is Resolution.NOTED


@pytest.mark.parametrize("kind", ["C15", "C25", "C21"])
def test_what_is_only_noted_says_what_becomes_of_it(kind: str) -> None:
    again = (claim("X", "beta", state="EXPIRED", standing={"protection_end": date_of(-9)}), claim("A"))
    found = {
        "C15": (claim("A", declared_value=Money(10000, "USD")),),
        "C25": (claim("A", declared_value=Money(90000, "EUR")),),
        "C21": (*again, claim("B", "beta", submitted_at=day(1))),
    }[kind]
    [case] = [case for case in Judged(*found).cases if case.kind == kind]
    assert case.trace[-1].text == " ".join((RULINGS[kind].__doc__ or "").split())


# Detectors.


def test_c07_looks_at_every_claim_of_a_closed_deal() -> None:
    on = deal(stage=Stage.WON, close_date=date_of(5))
    in_time = claim("A", deal=on, vote=Vote.APPROVE, voter="jo", voted_at=day(1))
    late = claim("B", "beta", deal=on, submitted_at=day(1))
    assert [finding.claims for finding in detect(KINDS["C07"], situation(in_time, late))] == [("B",)]


@pytest.mark.parametrize(("families", "severity"), [(("a",), Severity.BLOCK), (("b",), Severity.WARN)])
def test_c09_an_exclusive_territory_is_one_for_its_families(families: tuple[str, ...], severity: Severity) -> None:
    who = partner("alpha", agreement_regions=("EMEA",))
    own = partner("beta", agreement_exclusive=True, agreement_regions=("NA",), agreement_families=("a",))
    asked = claim("A", partner=who, regions=("NA",), families=families)
    [finding] = detect(KINDS["C09"], situation(asked, partners=(who, own)))
    assert finding.severity is severity


@pytest.mark.parametrize(("lapses", "again"), [(1, False), (2, True)])
def test_c20_says_when_it_is_the_second_time(lapses: int, again: bool) -> None:
    silent = claim("A", state="APPROVED", standing={"lapses": lapses, "quiet_since": day(-50)})
    [finding] = detect(KINDS["C20"], situation(silent))
    assert ("for the second time" in finding.text) is again


@pytest.mark.parametrize("currency", ["CHF", "USD"])
def test_a_renewal_in_another_currency_than_its_lines_has_no_base(currency: str) -> None:
    foreign = replace(line("L1"), net=Money(100, currency))
    now, before = deal("now", lines=(foreign,)), deal("before", lines=(line("L1"),))
    assert base_and_expansion(now, before) is None


def test_a_sale_without_a_date_or_to_another_customer_makes_no_incumbent() -> None:
    asked = claim("N", "new", submitted_at=day(9))
    for changes in ({"close_date": None}, {"account_id": "other"}):
        before = deal("before", **{"stage": Stage.WON, "close_date": date_of(-30), **changes})
        won = claim("W", "old", deal=before, state="WON", submitted_at=day(-60))
        assert not detect(KINDS["C05"], situation(won, asked))


# When to look again.


def looks_again(of: Claim, at: Any = None) -> Any:
    standing = with_clocks(of, at or day(0))
    return standing and standing.wakes


def midnight(number: int) -> Any:
    return policy().business_days.midnight(date_of(number))


def test_an_agreement_wakes_when_it_begins_and_on_the_day_after_its_end() -> None:
    who = partner("alpha", agreement_start=date_of(3), agreement_end=date_of(6))
    waiting = claim("A", roles="ADVISE", partner=who)
    assert looks_again(waiting) == midnight(3)
    assert looks_again(waiting, day(3)) == midnight(7)
    assert looks_again(waiting, day(7)) is None
    assert looks_again(claim("A", roles="ADVISE", state="APPROVED", partner=who)) == midnight(3)
    assert looks_again(claim("A", state="REJECTED", partner=who)) is None


@pytest.mark.parametrize(
    ("state", "wakes"), [("ACTION_REQUIRED", True), ("UNDER_REVIEW", True), ("APPROVED", False)]
)
def test_a_certificate_and_an_incumbent_s_answer_wake_what_is_not_approved(state: str, wakes: bool) -> None:
    needs = policy(conflicts={"requirements": {"ADVISE": {"certifications": ["PRO"]}}})
    holder = partner("alpha", certifications=(("PRO", date_of(4)), ("OLD", None)))
    certified = claim("A", roles="ADVISE", partner=holder, policy=needs, state=state)
    assert looks_again(certified) == (midnight(5) if wakes else None)
    assert looks_again(replace(certified, policy=policy())) is None
    reseller = claim("A", state=state)
    assert (looks_again(reseller) is not None) is wakes
    assert looks_again(claim("A", roles="ADVISE", state=state)) is None


def test_the_earlier_of_two_clocks_wakes() -> None:
    who = partner("alpha", agreement_end=date_of(6))
    early = claim("A", roles="ADVISE", partner=who, standing={"wakes": day(2)})
    assert looks_again(early) == day(2)
    assert looks_again(early, day(2)) == midnight(7)


def test_a_case_is_named_after_what_it_is_about_and_not_after_who_was_read_first() -> None:
    one, other = claim("A"), claim("B", "beta")
    finding = between("C02", Severity.BLOCK, (other, one), Role.RESELL, "both")
    assert finding.case_id == name("case", "C02", "A", "B", "RESELL")
