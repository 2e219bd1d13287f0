"""What a plan removes, in which order it writes, how it is known again, and what stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from connector.record import Op, Ref
from sync.model.plan import FieldChange, Intent, Limits, PlannedChange, Totals
from sync.model.row import Row
from sync.plan import restricted, unsafe
from tests.steps.planning import DEAL, deal_row, made, on_deal, part, part_row


def removed(rows: Sequence[Row], intents: Sequence[Intent] = (), **more: Any) -> list[str]:
    return [change.key for change in made(intents, rows, **more).changes if change.op is Op.REMOVE]


def test_only_our_own_rows_that_no_split_asks_for_are_removed() -> None:
    rows = [deal_row(), part_row("att_a", "60"), part_row("att_b", "40")]
    assert removed(rows, [part("a", "100.00")]) == ["att_b"]
    assert removed(rows) == ["att_a", "att_b"]


@pytest.mark.parametrize(
    "row",
    [part_row("", "60"), part_row("their-key", "60"), part_row("att_a", "60", deleted=True)],
    ids=["no key", "another key", "gone already"],
)
def test_what_does_not_carry_our_key_is_never_removed(row: Row) -> None:
    assert removed([deal_row(), row]) == []


def test_nothing_is_removed_from_a_deal_that_is_not_understood_or_waits() -> None:
    assert removed([part_row("att_a", "60")]) == []
    assert removed([deal_row()._replace(deleted=True), part_row("att_a", "60")]) == []
    assert removed([deal_row(), part_row("att_a", "60")], left_alone=frozenset({DEAL})) == []


def test_a_row_of_the_same_key_in_the_other_crm_is_wanted_there_alone() -> None:
    elsewhere = Ref("hs", "Opportunity", "1")
    rows = [deal_row(), deal_row("hs"), part_row("att_a", "100"), part_row("att_a", "100", deal=elsewhere)]
    found = made([part("a", "100.00")], rows)
    assert [(change.connection, change.op) for change in found.changes] == [("hs", Op.REMOVE)]


# Order, digest, brakes.


def test_what_goes_and_falls_is_written_before_what_rises_and_the_summary_last() -> None:
    rows = [deal_row(Count=None), *(part_row(f"att_{key}", share) for key, share in zip("zyb", "653", strict=True))]
    intents = [on_deal(partner_count=3), part("b", "5.00"), part("a", "1.00"), part("y", "4.00")]
    found = made(intents, rows)
    assert [change.key for change in found.changes] == ["att_z", "att_y", "att_a", "att_b", "1"]
    assert found.counts() == {"create": 1, "update": 3, "delete": 1}


def test_crms_are_written_one_after_the_other() -> None:
    intents = [on_deal("hs", partner_count=1), part("a", "100.00"), on_deal(partner_count=1)]
    found = made(intents, [deal_row(Count=None), deal_row("hs", Count=None)])
    assert [change.connection for change in found.changes] == ["hs", "sf", "sf"]


def test_the_digest_does_not_depend_on_the_order_and_sees_every_change() -> None:
    intents = [part("a", "30.00"), part("b", "70.00"), on_deal(partner_count=2)]
    rows = [deal_row(Count=None), part_row("att_z", "100")]
    digests = {made(order, rows).digest for order in permutations(intents)}
    assert len(digests) == 1
    others = [
        made(intents[:2], rows),
        made([part("a", "30.01"), *intents[1:]], rows),
        made(intents, [deal_row(Count="1"), rows[1]], {("sf", "Opportunity", "1"): {"Count": "1"}}),
        made(intents, rows[:1]),
    ]
    assert len(digests | {other.digest for other in others}) == 5


def test_the_reason_and_the_title_are_no_part_of_a_change() -> None:
    (one,) = made([part("a", "100.00")]).changes
    (other,) = made([replace(part("a", "100.00"), title="Another", reason="dec_2")]).changes
    assert one.id == other.id


@pytest.mark.parametrize(
    ("changes", "deletes", "rows", "stopped"),
    [
        (200, 0, 0, []),
        (201, 0, 0, ["201 changes; a run may make 200 by itself"]),
        (250, 0, 5000, []),
        (251, 0, 5000, ["251 changes; a run may make 250 by itself"]),
        (0, 20, 0, []),
        (0, 21, 0, ["21 deletes; a run may make 20 by itself"]),
        (0, 21, 210, []),
        (190, 21, 0, ["211 changes; a run may make 200 by itself", "21 deletes; a run may make 20 by itself"]),
    ],
)
def test_a_large_plan_waits_for_a_person(changes: int, deletes: int, rows: int, stopped: list[str]) -> None:
    assert list(unsafe(Totals(update=changes, delete=deletes), rows, Limits())) == stopped


def test_totals_add_up_page_by_page() -> None:
    totals = Totals()
    page = made([part("a", "30.00"), on_deal(partner_count=1)], [deal_row(Count="1"), part_row("att_z", "1")])
    totals.add(page)
    totals.add(page)
    assert (totals.create, totals.delete, totals.unchanged, totals.changes) == (2, 2, 2, 4)


def test_only_what_was_approved_is_written_and_never_a_part_of_a_set() -> None:
    whole = made([part("a", "30.00"), part("b", "70.00"), on_deal(partner_count=2)], [deal_row(Count=None)])
    ids = {change.key: change.id for change in whole.changes}

    def approved(*keys: str) -> list[str]:
        return [change.key for change in restricted(whole, {ids[key] for key in keys}).changes]

    assert approved("att_a", "att_b") == ["att_a", "att_b"]
    assert approved("att_a", "1") == ["1"]
    assert approved() == []


def test_a_change_is_named_after_everything_that_matters() -> None:
    plain = PlannedChange("sf", "Opportunity", Op.UPDATE, "id", "1", (FieldChange("A", None, "1"),), "t", "r")
    others = [
        replace(plain, connection="hs"),
        replace(plain, key="2"),
        replace(plain, fields=(FieldChange("A", "0", "1"),)),
        replace(plain, fields=(FieldChange("A", None, None),)),
        replace(plain, fields=(FieldChange("B", None, "1"),)),
        replace(plain, group="g"),
    ]
    assert len({plain.id, *(other.id for other in others)}) == 7
