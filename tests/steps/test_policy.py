"""The programme's rules as data: every fault with its key and what to do, and which version judges what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from sync.model.deal import OpportunityType
from sync.model.parties import Tier
from sync.model.registration import Role
from sync.policy import Policies, Policy, Scope, lint, parse
from tests.steps.business import STANDARD, date_of, day, policy, standard

ROLES = {"RESELL": {"pool": 100}}


def faults(**changes: Any) -> list[tuple[str, str, str]]:
    """(key, what, fix) of every fault of the standard programme with these changes."""
    parsed, problems = parse("p.toml", standard(**changes))
    assert (parsed is None) is bool(problems)
    assert all(problem.where.startswith("p.toml: ") and problem.fix for problem in problems)
    return [(problem.where.removeprefix("p.toml: "), problem.what, problem.fix) for problem in problems]


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"title": 7}, "title", "valid string"),
        ({"version": 0}, "version", "greater than or equal to 1"),
        ({"effective_from": "soon"}, "effective_from", "valid date"),
        ({"surprise": 1}, "surprise", "unknown key"),
        ({"windows": {"reveiw_business_days": 2}}, "windows.reveiw_business_days", "unknown key"),
        ({"windows": {"review_business_days": -1}}, "windows.review_business_days", "greater than or equal to 0"),
        (
            {"windows": {"dispute_business_days": 6}},
            "windows",
            "give the executives at least as long as the working level",
        ),
        ({"windows": {"reminder_days": [0]}}, "windows.reminder_days.0", "greater than or equal to 1"),
        ({"joint": {"max_members": 1}}, "joint.max_members", "greater than or equal to 2"),
        (
            {"roles": {"RESELL": {"pool": 100, "exclusive": "line", "capacity": 2}}},
            "roles.RESELL",
            "an exclusive role has one holder; remove its capacity 2",
        ),
        (
            {"windows": {"protection_default_days": 0}},
            "windows.protection_default_days",
            "greater than or equal to 1",
        ),
        ({"windows": {"protection_days": {"TIN": 9}}}, "windows.protection_days.TIN.[key]", "'BRONZE'"),
        ({"roles": {"RESELL": {"pool": 30, "exclusive": "planet"}}}, "roles.RESELL.exclusive", "'opportunity'"),
        ({"roles": {"BARISTA": {"pool": 0}}}, "roles.BARISTA.[key]", "'SOURCE'"),
        ({"roles": {"RESELL": {"pool": 31}}}, "roles", "the role pools add up to 101 percent"),
        ({"roles": {"RESELL": {"pool": 29}}}, "roles", "the role pools add up to 99 percent"),
        ({"roles": {"RESELL": {"pool": -1}}}, "roles.RESELL.pool", "greater than or equal to 0"),
        ({"ladder": {"rungs": ["first_submitted"]}}, "ladder", 'the last rung must be "person"'),
        ({"ladder": {"rungs": []}}, "ladder", 'the last rung must be "person"'),
        (
            {"ladder": {"rungs": ["coin_flip", "person"]}},
            "ladder",
            "unknown rung 'coin_flip'; known: customer_choice",
        ),
        ({"ladder": {"work_margin": 0}}, "ladder.work_margin", "greater than or equal to 1"),
        ({"calendar": {"zone": "Mars/Base"}}, "calendar", "zone 'Mars/Base' is unknown"),
        ({"calendar": {"holidays": "XX"}}, "calendar", "country 'XX' is unknown"),
        ({"conflicts": {"severity": {"C02": "AWFUL"}}}, "conflicts.severity.C02", "'BLOCK'"),
        (
            {"conflicts": {"duplicate_values_within": 2}},
            "conflicts.duplicate_values_within",
            "less than or equal to 1",
        ),
        ({"attribution": {"model": "dice"}}, "attribution.model", "'role_pools'"),
        ({"attribution": {"unfilled": "burn"}}, "attribution.unfilled", "'redistribute'"),
        ({"attribution": {"vendor_share": 101}}, "attribution.vendor_share", "less than or equal to 100"),
        (
            {"attribution": {"floor": 60, "cap": 50}},
            "the whole policy",
            "attribution.floor is above attribution.cap",
        ),
        ({"approvals": {"auto_below": 5}}, "approvals", "auto_below needs approvals.auto_currency"),
        ({"approvals": {"auto_currency": "EUR"}}, "approvals", "auto_below needs approvals.auto_currency"),
        ({"effective_to": date(2020, 1, 1)}, "the whole policy", "effective_to must be later"),
        ({"scope": {"types": ["GIFT"]}}, "scope.types.0", "'NEW'"),
    ],
)
def test_a_fault_names_its_key_and_says_what_is_right(changes: dict[str, Any], key: str, says: str) -> None:
    [(place, what, fix)] = faults(**changes)
    assert place == key
    assert says in f"{what}; {fix}"


def test_all_faults_are_reported_at_once() -> None:
    found = faults(version=0, surprise=1, windows={"review_business_days": -1}, attribution={"model": "dice"})
    assert {key for key, _, _ in found} == {
        "version",
        "surprise",
        "windows.review_business_days",
        "attribution.model",
    }


@pytest.mark.parametrize("missing", ["name", "version", "effective_from", "roles"])
def test_what_must_be_there_is_missed(missing: str) -> None:
    content = standard()
    del content[missing]
    _, [problem] = parse("p.toml", content)
    assert (problem.where, problem.what) == (f"p.toml: {missing}", "Field required")


def test_the_shipped_programme_is_in_order() -> None:
    assert faults() == []
    assert STANDARD.id == "standard/1"
    assert sum(STANDARD.pools.values()) == 100
    assert "TRAIN" not in STANDARD.pools


def test_what_a_policy_does_not_name_has_a_plain_default() -> None:
    bare = Policy.model_validate({"name": "bare", "version": 1, "effective_from": "2027-01-01", "roles": ROLES})
    assert (bare.role(Role.SOURCE).pool, bare.role(Role.SOURCE).exclusive) == (Decimal(0), "none")
    assert bare.windows.protection(None) == 90
    assert bare.windows.protection(Tier.GOLD) == 90
    assert bare.ladder.rungs[-1] == "person"


def test_the_day_is_that_of_the_programme_s_zone() -> None:
    assert STANDARD.today(day(0, 22, 59)) == date_of(0)
    assert STANDARD.today(day(0, 23)) == date_of(1)


def test_a_policy_cannot_be_edited() -> None:
    with pytest.raises(ValueError, match="frozen"):
        STANDARD.version = 2


# Which policy judges.


def version(number: int, start: int, end: int | None = None, name: str = "standard", **blocks: Any) -> Policy:
    dates = {"effective_from": date_of(start), "effective_to": date_of(end) if end is not None else None}
    return policy(name=name, version=number, **dates, **blocks)


def judges(policies: list[Policy], at: int, asked: Scope | None = None) -> str:
    """The id of the policy in force, checked to be the same in every order of the files."""
    found = {Policies(order).at(day(at), asked).id for order in permutations(policies)}
    (one,) = found
    return one


@pytest.mark.parametrize(("at", "judge"), [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (99, 3), (-5, 1)])
def test_a_version_judges_from_its_first_day_until_the_next(at: int, judge: int) -> None:
    versions = [version(1, 0), version(2, 10), version(3, 20)]
    assert judges(versions, at) == f"standard/{judge}"


@pytest.mark.parametrize(("at", "judge"), [(9, "spring/1"), (10, "standard/1"), (-1, "standard/1")])
def test_a_policy_that_ends_does_not_judge_on_its_last_day(at: int, judge: str) -> None:
    assert judges([version(1, -99), version(1, 0, 10, "spring")], at) == judge


NARROW = [
    version(1, -9),
    version(1, -9, name="emea", scope={"regions": ["EMEA"]}),
    version(1, -9, name="emea-cloud", scope={"regions": ["EMEA"], "families": ["cloud"]}),
    version(1, -9, name="renewals", scope={"types": ["RENEWAL"]}),
]


@pytest.mark.parametrize(
    ("asked", "judge"),
    [
        (Scope(), "standard/1"),
        (Scope(regions=("EMEA",)), "emea/1"),
        (Scope(regions=("APAC",)), "standard/1"),
        (Scope(regions=("APAC", "EMEA")), "emea/1"),
        (Scope(regions=("EMEA",), families=("cloud",)), "emea-cloud/1"),
        (Scope(families=("cloud",)), "standard/1"),
        (Scope(types=(OpportunityType.RENEWAL,)), "renewals/1"),
    ],
)
def test_the_narrowest_scope_wins(asked: Scope, judge: str) -> None:
    assert judges(NARROW, 0, asked) == judge


def test_a_newer_wide_policy_does_not_replace_a_narrow_one() -> None:
    assert judges([*NARROW[:2], version(2, 0)], 5, Scope(regions=("EMEA",))) == "emea/1"


def test_nothing_is_ever_without_a_rule() -> None:
    assert judges([version(1, 0, 5, scope={"regions": ["EMEA"]})], 50) == "standard/1"
    with pytest.raises(ValueError, match="at least one policy"):
        Policies(())


def test_policies_are_found_by_id_and_known_by_hash() -> None:
    both = Policies((version(1, 0), version(2, 5)))
    assert both.by_id("standard/2") == version(2, 5)
    assert both.by_id("standard/3") is None
    assert both.hash == Policies(both.all[::-1]).hash
    assert both.hash != Policies((version(1, 0), version(2, 6))).hash


def test_a_version_must_not_be_there_twice() -> None:
    (problem,) = lint([("a.toml", version(1, 0)), ("b.toml", version(1, 5)), ("c.toml", version(2, 6))])
    assert (problem.where, problem.what) == ("b.toml: version", "standard/1 is also defined in a.toml")
    assert problem.fix == "give the newer one the next version number"


def test_two_versions_must_not_take_effect_on_one_day() -> None:
    (problem,) = lint(
        [("a.toml", version(9, 5)), ("b.toml", version(10, 5)), ("c.toml", version(1, 5, name="emea"))]
    )
    assert (problem.where, problem.what) == (
        "b.toml: effective_from",
        "standard/10 takes effect on the same day as standard/9",
    )
