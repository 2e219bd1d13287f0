"""Every kind of conflict at once: no order, no record id, no repetition matters, and nothing unsettled passes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.record import Ref
from sync.claim import Claim
from sync.conflicts.catalogue import CATALOGUE, detect
from sync.model.deal import Opportunity, Stage
from sync.model.facts import Facts
from sync.model.parties import Account, NamedList, Partner, PartnerStatus, Tier
from sync.model.registration import Choice, Response, Vote
from sync.model.ruling import CaseState, Severity
from tests.steps.business import claim, date_of, day, deal, evidence, line, partner, patient, policy
from tests.steps.judging import Judged, situation

RULES = policy(
    roles={"ADVISE": {"pool": 15, "capacity": 1}},
    conflicts={"requirements": {"SUPPORT": {"tier": "SILVER"}}, "live_limit": 1, "tender": "ask"},
    attribution={"late_factor": "0.5", "joint_shares": "agreed"},
    approvals={"owner_may_decide": False},
)
LINES = (line("a"), line("b"))
ACCOUNTS = (
    Account("account", "Kunde AG", (), country="DE", named_list=NamedList.NAMED),
    Account("child", "Kunde", (), country="FR", parent_id="account", domain="kunde.example.com"),
)
DEALS = (
    deal(lines=LINES, direct_engaged_at=day(-10), owners=("jo",), merged=("old",), currencies=("EUR", "USD")),
    deal("twin", members=(Ref("hs", "deals", "t"),), close_date=date_of(60), name="Kunde: rollout"),
    deal("other", members=(Ref("sf", "Opportunity", "o"),), close_date=date_of(60), name="Kunde rollout"),
    deal("won", stage=Stage.WON, close_date=date_of(0), account_id="child"),
)
PARTNERS = {
    "alpha": partner("alpha", tier=Tier.GOLD, agreement_regions=("EMEA",)),
    "beta": partner("beta", tier=Tier.BRONZE, agreement_end=date_of(40)),
    "gamma": partner("gamma", status=PartnerStatus.SUSPENDED, agreement_regions=("NA",), agreement_exclusive=True),
    "delta": partner("delta"),
}
LOAD = {"delta": 2}
FACTS = st.fixed_dictionaries(
    {
        "who": st.sampled_from(sorted(PARTNERS)),
        "deal": st.sampled_from([None, DEALS[0], DEALS[0], *DEALS[1:]]),
        "roles": st.sampled_from(["RESELL", "SOURCE ADVISE", "IMPLEMENT", "SUPPORT ADVISE", "REFER", "ADVISE"]),
        "submitted_at": st.sampled_from([day(0), day(0, second=30), day(1), day(20)]),
        "created_at": st.sampled_from([day(0), day(0), day(3)]),
        "regions": st.sampled_from([(), ("EMEA",), ("NA",)]),
        "line_ids": st.sampled_from([(), ("a",), ("a", "b")]),
        "tender_published_on": st.sampled_from([None, None, date_of(0)]),
        "customer_domain": st.sampled_from([None, "gmail.com", "kunde.example.com"]),
        "customer_choice": st.sampled_from([None, None, Choice.CHOSEN, Choice.REFUSED]),
        "evidence": st.sampled_from([(), (evidence("POC", day(-11)),)]),
        "joint_key": st.sampled_from([None, None, "team"]),
        "joint_response": st.sampled_from([None, Response.ACCEPTED]),
        "proposed_share": st.sampled_from([None, Decimal(50), Decimal(70)]),
        "vote": st.sampled_from([None, None, Vote.APPROVE]),
        "voter": st.sampled_from(["jo", "maria"]),
        "voted_at": st.just(day(4)),
        "state": st.sampled_from(["UNDER_REVIEW", "UNDER_REVIEW", "APPROVED", "EXPIRED", "SUPERSEDED", "WON"]),
    }
)
GROUPS = st.lists(FACTS, min_size=1, max_size=5, unique_by=lambda facts: (facts["who"], facts["submitted_at"]))
thorough = settings(patient, max_examples=150)


def group(facts: list[dict[str, Any]], names: str) -> list[Claim]:
    claims = []
    for key, given_ in zip(names, facts, strict=False):
        fields = dict(given_)
        who: Partner = PARTNERS[fields["who"]]
        on: Opportunity | None = fields["deal"]
        account = next((a for a in ACCOUNTS if a.id == (on.account_id if on else "child")), None)
        claims.append(claim(key, fields.pop("who"), partner=who, account=account, policy=RULES, **fields))
    return claims


def judged(claims: list[Claim], **more: Any) -> Judged:
    return Judged(
        *claims, accounts=ACCOUNTS, opportunities=DEALS, partners=tuple(PARTNERS.values()), load=LOAD, **more
    )


def shape(found: Judged, names: str) -> tuple[object, ...]:
    place = {name: number for number, name in enumerate(names)}
    ordered = sorted(found.claims.values(), key=lambda claim: place[claim.id])
    claims = [(claim.state, *((claim.roles, claim.line_ids) if claim.live else ())) for claim in ordered]
    waiting = [case for case in found.cases if case.state is CaseState.OPEN]
    return claims, {
        (case.kind, tuple(sorted(place[c] for c in case.registrations)), case.scope) for case in waiting
    }


@thorough
@given(GROUPS)
def test_no_outcome_of_any_kind_depends_on_record_ids_or_on_the_order_of_reading(
    facts: list[dict[str, Any]],
) -> None:
    told = shape(judged(group(facts, "ABCDE")), "ABCDE")
    assert shape(judged(group(facts, "ABCDE")[::-1]), "ABCDE") == told
    assert shape(judged(group(facts, "VUTSR")), "VUTSR") == told


@thorough
@given(GROUPS)
def test_judging_again_moves_nothing_of_any_kind(facts: list[dict[str, Any]]) -> None:
    once = judged(group(facts, "ABCDE"))
    again = judged([replace(claim, decisions=()) for claim in once.claims.values()], before=once.cases)
    assert again.cases == once.cases
    assert not [decision for claim in again.claims.values() for decision in claim.decisions]


@thorough
@given(GROUPS)
def test_what_is_left_in_conflict_waits_for_a_person_or_is_noted(facts: list[dict[str, Any]]) -> None:
    once = judged(group(facts, "ABCDE"))
    known = {case.id: case for case in once.cases}
    around = Facts(ACCOUNTS, DEALS, (), tuple(PARTNERS.values()), load=LOAD)
    left = situation(
        *once.claims.values(),
        accounts=around.accounts,
        opportunities=around.opportunities,
        partners=around.partners,
        load=around.load,
    )
    for detector in CATALOGUE:
        for finding in detect(detector, left):
            case = known[finding.case_id]
            noted = finding.severity is Severity.INFO or detector.kind in ("C14", "C06")
            assert noted or case.state is CaseState.OPEN, (finding, case)
