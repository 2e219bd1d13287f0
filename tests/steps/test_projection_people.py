"""Lists that credit people: who gets which percent, whole divisions, and what such a list cannot say."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.record import Op, Ref
from sync.mapping.fieldmap import FieldMap, Mappings, compile_form
from sync.mapping.form import parse
from sync.model.facts import Facts, Verdict
from sync.model.parties import Partner
from sync.model.plan import Held, PlannedChange
from sync.model.registration import Role
from sync.model.split import Portion, Split, SplitStatus
from sync.projection import Texts, project
from tests.machine.office import ROOT
from tests.steps.business import DEAL, partner

OWNED = replace(DEAL, held_by=(("hs", "77"), ("sf", "005o")))
MANAGERS = {"alpha": ("88", "005a"), "beta": ("99", "005b"), "gamma": ("88", "005a")}


def managed(name: str, *, by: tuple[str, str] | None) -> Partner:
    return partner(name, managers=(("hs", by[0]), ("sf", by[1])) if by else ())


def shipped(name: str) -> FieldMap:
    form, problems = parse(name, tomllib.loads((ROOT / "mappings" / name).read_text("utf-8")))
    assert form is not None, problems
    return compile_form(form, None)


CREDIT, DIVISION = shipped("sf-opportunity-split.toml"), shipped("hs-deal-splits.toml")


def split(**ppm: int) -> Verdict:
    portions = tuple(
        Portion(who, (Role.RESELL,), "0", part, Decimal(part) / 10_000, None) for who, part in ppm.items()
    )
    return Verdict(splits=(Split("deal", 1, SplitStatus.AGREED, "equal", "p", None, portions, decision_id="spl"),))


def shown(
    field_map: FieldMap,
    verdict: Verdict,
    before: dict[str, Texts] | None = None,
    *,
    off: bool = False,
    **managers: tuple[str, str] | None,
) -> tuple[list[PlannedChange], list[Held]]:
    known = tuple(managed(name, by=by) for name, by in {**MANAGERS, **managers}.items())
    mappings = Mappings((), () if off else (field_map,), off=(field_map,) if off else ())
    written = {(field_map.connection, field_map.object, "deal"): before or {}}
    return project(Facts(opportunities=(OWNED,), partners=known), verdict, mappings, written, ())


def said(changes: list[PlannedChange]) -> dict[str, dict[str, Any]]:
    return {change.key: {field.field: field.after for field in change.fields} for change in changes}


def test_one_row_for_each_channel_manager_with_the_percent_of_all_partners_he_looks_after() -> None:
    changes, held = shown(CREDIT, split(alpha=300_000, beta=450_000, gamma=150_000, VENDOR=100_000))
    assert held == []
    assert said(changes) == {
        "deal:005a:Partner_Credit": {"SplitPercentage": "45", "SplitNote": "Alpha, Gamma"},
        "deal:005b:Partner_Credit": {"SplitPercentage": "45", "SplitNote": "Beta"},
    }


def test_a_deal_is_divided_whole_and_what_the_vendor_keeps_is_its_owner_s() -> None:
    changes, held = shown(DIVISION, split(alpha=300_000, beta=450_000, gamma=150_000, VENDOR=100_000))
    assert (said(changes), held) == ({"deal": {"splits": "77:0.1;88:0.45;99:0.45"}}, [])


@pytest.mark.parametrize(
    ("field_map", "parts", "managers", "why"),
    [
        (CREDIT, {"alpha": 1_000_000}, {"alpha": None}, "nobody looks after Alpha in sf"),
        (DIVISION, {"alpha": 900_000, "VENDOR": 100_000}, {"alpha": None}, "nobody looks after Alpha in hs"),
        (DIVISION, {"alpha": 1_000_000}, {}, "the partners have all of it"),
    ],
)
def test_what_such_a_list_cannot_say_is_held_with_its_reason(
    field_map: FieldMap, parts: dict[str, int], managers: Any, why: str
) -> None:
    changes, [held] = shown(field_map, split(**parts), **managers)
    assert changes == []
    assert (held.key, why in held.reason) == ("deal", True)


def test_a_channel_manager_who_owns_the_deal_has_both_parts() -> None:
    changes, held = shown(DIVISION, split(alpha=600_000, beta=400_000), beta=("77", "005o"))
    assert (said(changes), held) == ({"deal": {"splits": "77:0.4;88:0.6"}}, [])


def test_a_deal_without_an_owner_is_held() -> None:
    facts = Facts(opportunities=(DEAL,), partners=(managed("alpha", by=("88", "005a")),))
    _, [held] = project(facts, split(alpha=500_000, VENDOR=500_000), Mappings((), (DIVISION,)), {}, ())
    assert "no owner" in held.reason


@pytest.mark.parametrize("field_map", [CREDIT, DIVISION])
def test_a_list_that_is_switched_off_is_emptied_of_what_we_wrote(field_map: FieldMap) -> None:
    parts = split(alpha=500_000, VENDOR=500_000)
    before = said(shown(field_map, parts)[0])
    changes, held = shown(field_map, parts, before, off=True)
    assert held == []
    assert {(change.op, change.key) for change in changes} == {(Op.REMOVE, key) for key in before}
    assert shown(field_map, parts, off=True) == ([], []), "what others wrote is not ours to take out"


@given(st.lists(st.integers(0, 1_000_000), min_size=2, max_size=2))
def test_every_division_is_whole(cuts: list[int]) -> None:
    first, second = sorted(cuts)
    verdict = split(alpha=first, beta=second - first, VENDOR=1_000_000 - second)
    changes, held = shown(DIVISION, verdict)
    assert len(changes) + len(held) == 1
    for change in changes:
        parts = dict(part.split(":") for part in str(change.fields[0].after).split(";"))
        assert sum(map(Decimal, parts.values())) == 1
        assert all(Decimal(part) > 0 for part in parts.values())
        assert "77" in parts
    assert bool(held) == (second == 1_000_000)


def test_rows_of_other_crms_say_nothing() -> None:
    elsewhere = replace(OWNED, members=(Ref("x", "y", "deal"),))
    facts = Facts(opportunities=(elsewhere,), partners=(managed("alpha", by=("88", "005a")),))
    assert project(facts, split(alpha=1_000_000), Mappings((), (CREDIT, DIVISION)), {}, ()) == ([], [])
