"""I1 to I15 of the domain, each by its name, over worlds that people, partners and the calendar change at will."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.commands import apply_plan, make_plan
from sync.decide import decide, gather
from sync.intend import intend
from sync.lifecycle import MOVES, Event
from sync.model.facts import History
from sync.model.registration import Response, Role, State
from sync.model.ruling import Resolution, Seat
from sync.model.split import SplitStatus
from tests.machine.northwind import Northwind
from tests.steps.business import day, patient, registration
from tests.steps.living import LIVES, PARTNERS, POLICIES, RULES, World, lived

through = settings(patient, max_examples=60)


@through
@given(LIVES)
def test_i01_one_partner_has_one_live_registration_of_a_role_on_a_deal_unless_people_want_both(life: Any) -> None:
    for world in lived(life):
        claims = [claim for claim in gather(world.facts(), world.history, POLICIES) if claim.live]
        open_ = {own for case in world.verdict.cases if not case.resolution for own in case.registrations}
        ended = [{*case.registrations} for case in world.verdict.cases if case.resolution]
        for one, other in combinations(claims, 2):
            same = one.partner.id == other.partner.id and one.opportunity == other.opportunity
            if same and {*one.roles} & {*other.roles}:
                assert {one.id, other.id} <= open_ or {one.id, other.id} in ended


@through
@given(LIVES)
def test_i02_what_is_approved_has_a_window_and_its_policy(life: Any) -> None:
    for world in lived(life):
        for standing in world.verdict.standings:
            if standing.state is State.APPROVED:
                assert standing.protection_start and standing.protection_end
                assert standing.protection_start < standing.protection_end
                assert standing.policy == RULES.id


@through
@given(LIVES)
def test_i03_two_hold_one_exclusive_role_only_when_they_or_people_agreed(life: Any) -> None:
    agreed_by_people = (Resolution.CO_REGISTER, Resolution.NOT_A_CONFLICT, Resolution.AWARD_ONE)
    for world in lived(life):
        claims = gather(world.facts(), world.history, POLICIES)
        held = [claim for claim in claims if claim.state is State.APPROVED and Role.RESELL in claim.roles]
        teams = [{*joint.seated} for joint in world.verdict.joints if joint.state.agreed]
        settled = [{*case.registrations} for case in world.verdict.cases if case.resolution in agreed_by_people]
        for one, other in combinations(held, 2):
            if one.opportunity == other.opportunity and one.partner != other.partner:
                pair = {one.id, other.id}
                told = any({one.id, other.id} <= team for team in teams) or pair in settled
                both = {r.joint_response for r in (one.registration, other.registration)} == {Response.ACCEPTED}
                assert (
                    told
                    or (both and one.registration.joint_key == other.registration.joint_key)
                    or pair
                    <= {own for case in world.verdict.cases if not case.resolution for own in case.registrations}
                )


@through
@given(LIVES)
def test_i04_a_split_makes_exactly_the_whole_in_one_currency(life: Any) -> None:
    for world in lived(life):
        for split in world.verdict.splits:
            if all(portion.share_ppm is not None for portion in split.portions):
                assert sum(portion.share_ppm or 0 for portion in split.portions) == 1_000_000
            amounts = [portion.amount for portion in split.portions if portion.amount]
            assert split.amount and sum(amount.minor for amount in amounts) == split.amount.minor
            assert {amount.currency for amount in amounts} <= {split.amount.currency}


@through
@given(LIVES)
def test_i05_no_part_is_a_whole_unit_from_its_exact_value(life: Any) -> None:
    for world in lived(life):
        for split in world.verdict.splits:
            for portion in split.portions:
                if portion.share_ppm is not None and portion.amount and split.amount:
                    weight = Fraction(portion.weight)
                    assert abs(portion.share_ppm - 1_000_000 * weight) < 1
                    assert abs(portion.amount.minor - split.amount.minor * weight) < 1


@through
@given(LIVES)
def test_i06_a_locked_split_changes_only_by_a_new_version_and_keeps_its_weights(life: Any) -> None:
    for world in lived(life):
        told = {said.at for said in world.said}
        for versions in world.splits.values():
            for one, other in pairwise(versions):
                assert other.version > one.version
                if (one.status, other.status) == (SplitStatus.LOCKED, SplitStatus.LOCKED) and not told:
                    same = [
                        {portion.party: portion.weight for portion in split.portions if Fraction(portion.weight)}
                        for split in (one, other)
                    ]
                    assert same[0] == same[1]


@through
@given(LIVES)
def test_i07_a_deal_is_sourced_once(life: Any) -> None:
    for world in lived(life):
        for split in world.verdict.splits:
            assert sum(portion.sourced for portion in split.portions) <= 1


@through
@given(LIVES)
def test_i08_every_change_of_state_has_one_decision_and_the_state_follows_from_them(life: Any) -> None:
    for world in lived(life):
        assert max(Counter(decision.id for decision in world.past).values(), default=1) == 1
        states: dict[str, State | None] = {}
        rows = {(move.event, source): move.target for move in MOVES for source in move.sources}
        for decision in world.past:
            before = states.get(decision.subject)
            assert decision.from_state == before
            source = before or State.DRAFT
            assert (rows[Event(decision.event), source] or source) == decision.to_state
            states[decision.subject] = decision.to_state
        for key, state in states.items():
            assert world.standing(key).state == state


@through
@given(LIVES, st.randoms(use_true_random=False))
def test_i09_the_same_facts_give_the_same_verdict_in_whatever_order_they_arrive(life: Any, dice: Random) -> None:
    before = History()
    for world in lived(life):
        assert decide(world.facts(dice), before, POLICIES, world.now) == world.verdict
        before = world.history
        again = decide(world.facts(), before, POLICIES, world.now)
        assert again == replace(world.verdict, decisions=())


@through
@given(LIVES)
def test_i10_a_claim_stands_on_a_deal_that_is_there(life: Any) -> None:
    for world in lived(life):
        for claim in gather(world.facts(), world.history, POLICIES):
            assert (claim.opportunity is not None) is (claim.registration.opportunity_id is not None)


@through
@given(LIVES)
def test_i11_one_row_of_a_crm_stands_for_one_thing(life: Any) -> None:
    for world in lived(life):
        wanted, _ = intend(world.facts(), world.verdict)
        rows: list[Any] = [intent.ref for intent in wanted if intent.ref]
        assert len(set(rows)) == len(rows)
        keys = [(intent.connection, intent.key) for intent in wanted if intent.key]
        assert len(set(keys)) == len(keys)


def test_i12_the_same_plan_applied_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    office = Northwind(tmp_path)
    file = tmp_path / "first.plan"
    planned = make_plan(office.world, office.moment, file)
    assert planned.totals.changes
    office.passes(minutes=1)
    apply_plan(office.world, file, office.moment)
    once = office.contents()
    again = apply_plan(office.world, file, office.moment)
    assert office.contents() == once
    assert not again.outcomes
    office.close()


@through
@given(LIVES)
def test_i13_whoever_belongs_to_an_agreed_joint_registration_has_accepted(life: Any) -> None:
    for world in lived(life):
        for joint in world.verdict.joints:
            if joint.state.agreed:
                accepted = {m.registration_id for m in joint.memberships if m.seat is Seat.ACCEPTED}
                assert {*joint.seated} == accepted
                assert len(accepted) > 1
                assert all(world.claims[own].joint_response is Response.ACCEPTED for own in accepted)


@through
@given(LIVES)
def test_i14_no_partner_reads_another_s_name(life: Any) -> None:
    names: Mapping[str, str] = {entry.id: entry.name for entry in PARTNERS}
    for world in lived(life):
        for standing in world.verdict.standings:
            own = world.claims[standing.registration_id].partner_id
            assert not [name for key, name in names.items() if key != own and name in standing.message]


@through
@given(st.permutations(range(13)), st.integers(1, 13))
def test_i15_no_more_than_ten_register_jointly(order: list[int], asked: int) -> None:
    world = World()
    for number in order[:asked]:
        filed = registration(f"R{number}", PARTNERS[number].id, "ADVISE", submitted_at=day(0, 0, number))
        world.claims[filed.id] = replace(filed, joint_key="team", joint_response=Response.ACCEPTED)
    world.decide()
    (joint,) = [joint for joint in world.verdict.joints if joint.key]
    assert len(joint.seated) == (min(asked, 10) if asked > 1 else 0)
    first = sorted(order[:asked])[:10]
    assert {*joint.seated} <= {f"R{number}" for number in first}
    world.decide()
    assert world.verdict.decisions == ()
