"""What is sound and still wrong for the programme is said, with its key and what to do; what is right is not."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from connector.record import Ref
from sync.model.parties import Partner, PartnerStatus, Tier
from sync.policy import Policies, parse
from sync.policy.advice import CHECKS, Programme, advise
from tests.steps.business import PRESET


def policies(*changes: dict[str, Any]) -> Policies:
    """The shipped programme, once for each set of changes (keys with a dot)."""
    found = []
    for change in changes or ({},):
        content = tomllib.loads(PRESET.read_text("utf-8"))
        for key, value in change.items():
            section, _, name = key.rpartition(".")
            (content[section] if section else content)[name] = value
        policy, problems = parse("policy", content)
        assert policy, problems
        found.append(policy)
    return Policies(tuple(found))


def partner(
    name: str, tier: Tier | None = None, *codes: str, status: PartnerStatus = PartnerStatus.ACTIVE
) -> Partner:
    held = tuple((code, None) for code in codes)
    return Partner(name, name, (Ref("sf", "Account", name),), status=status, tier=tier, certifications=held)


def said(given: Policies, cycles: Sequence[int] = (), partners: Sequence[Partner] = ()) -> dict[str, str]:
    """What is advised, by key, without what the shipped programme gets anyway."""
    problems = advise(given, Programme(cycles, partners))
    found = {problem.where.partition(": ")[2]: problem.what for problem in problems if problem.fix}
    found.pop("approvals.owner_may_decide", None)
    return found


def test_the_shipped_programme_is_told_only_that_owners_may_decide() -> None:
    keys = [problem.where for problem in advise(policies(), Programme())]
    assert keys == ["policy standard/1: approvals.owner_may_decide"]
    assert list(advise(policies({"approvals.owner_may_decide": False}), Programme())) == []


def test_windows_shorter_than_three_quarters_of_the_median_cycle_are_named() -> None:
    found = said(policies(), cycles=[120] * 30)
    assert set(found) == {"windows.protection_days.BRONZE"}  # 90 days are just three quarters
    assert "took 120 days or more" in found["windows.protection_days.BRONZE"]


def test_a_handful_of_deals_says_nothing_about_windows() -> None:
    assert said(policies(), cycles=[400] * 29) == {}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"attribution.half_life_days": 14}, "attribution.half_life_days"),
        ({"attribution.late_factor": 0, "conflicts.off": ["C06"]}, "attribution.late_factor"),
        ({"conflicts.off": ["C08"]}, "conflicts.named_roles"),
        ({"conflicts.off": ["C19"]}, "conflicts.tender"),
        ({"conflicts.off": ["C20"]}, "conflicts.live_limit"),
        (
            {"conflicts.off": ["C10"], "conflicts.requirements": {"RESELL": {"tier": "GOLD"}}},
            "conflicts.requirements",
        ),
        ({"conflicts.verticals": {"Health": "H-1"}, "ladder.rungs": ["tier", "person"]}, "conflicts.verticals"),
        ({"attribution.bundles": "off"}, "roles.SOLUTION"),
    ],
)
def test_a_key_that_nothing_reads_is_named(change: dict[str, Any], key: str) -> None:
    assert key in said(policies(change))


def test_a_row_of_the_chain_below_what_passes_by_itself_is_named() -> None:
    rules = {"auto_below": 50000, "auto_currency": "EUR", "currency": "EUR", "people": {"manager": ["dana"]}}
    rules |= {"required": ["evidence"], "chain": [{"below": 20000, "by": ["manager"]}, {"by": ["manager"]}]}
    found = said(policies({f"approvals.{key}": value for key, value in rules.items()}))
    assert "pass by themselves" in found["approvals.chain"]


def test_an_approver_who_is_paid_and_one_who_stands_in_and_is_paid_are_named() -> None:
    rules = {
        "chain": [{"by": ["manager"]}],
        "people": {"manager": ["dana", "jo"]},
        "paid": ["jo"],
        "delegations": [{"of": "dana", "to": "jo", "first": date(2027, 1, 1), "last": date(2027, 2, 1)}],
    }
    found = said(policies({f"approvals.{key}": value for key, value in rules.items()}))
    assert set(found) == {"approvals.people.manager", "approvals.delegations"}
    assert "jo is paid" in found["approvals.people.manager"]


@pytest.mark.parametrize(
    ("partners", "told"),
    [
        ([partner("a", Tier.SILVER, "CLOUD"), partner("b", Tier.GOLD)], True),
        ([partner("a", Tier.GOLD, "CLOUD")], False),
        ([partner("a", Tier.GOLD, "CLOUD", status=PartnerStatus.SUSPENDED), partner("b")], True),
        ([], False),  # nobody is known yet
    ],
)
def test_a_role_that_no_active_partner_can_hold_is_named(partners: list[Partner], told: bool) -> None:
    needs = {"RESELL": {"tier": "GOLD", "certifications": ["CLOUD"]}}
    found = said(policies({"conflicts.requirements": needs}), partners=partners)
    assert ("conflicts.requirements.RESELL" in found) is told


def test_a_version_that_is_replaced_on_its_first_day_is_named() -> None:
    later = {"version": 2, "effective_from": date(2019, 1, 1)}
    assert set(said(policies({}, later))) == {"effective_from"}


def test_every_check_has_its_sentence() -> None:
    assert all((check.__doc__ or "").endswith(".") for check in CHECKS)
