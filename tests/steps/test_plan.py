"""The three-way comparison field by field, sets that are written whole, what is removed, and the brakes."""

from __future__ import annotations

from itertools import permutations

import pytest

from connector.record import ABSENT, Op, Ref, Value
from sync.model.plan import Agreed, FieldChange, Intent, kind_of
from tests.steps.business import day
from tests.steps.planning import deal_row, made, on_deal, part, part_row, written

# One field, three ways.

NOTHING, WRITE, HOLD, AGREE = "nothing", "write", "hold", "agree"
UNWRITTEN = "?"  # we never wrote this field


@pytest.mark.parametrize(
    ("want", "theirs", "ours", "outcome"),
    [
        ("new", "new", "new", NOTHING),
        ("new", "new", UNWRITTEN, AGREE),
        ("new", "new", "old", AGREE),
        ("new", "old", "old", WRITE),
        ("new", None, UNWRITTEN, WRITE),
        ("new", None, None, WRITE),
        ("new", "mine", UNWRITTEN, HOLD),
        ("new", "mine", "old", HOLD),
        ("new", None, "old", HOLD),  # somebody emptied it
        ("new", "mine", None, HOLD),
        (None, None, None, NOTHING),
        (None, "old", "old", WRITE),
        (None, "mine", UNWRITTEN, HOLD),
        (None, "mine", "old", HOLD),
        ("new", ABSENT, "old", HOLD),
        ("new", ABSENT, UNWRITTEN, HOLD),
        (None, ABSENT, UNWRITTEN, HOLD),
    ],
)
def test_a_field_is_written_held_or_left(want: str | None, theirs: Value, ours: str | None, outcome: str) -> None:
    baseline = {} if ours == UNWRITTEN else {("sf", "Opportunity", "1"): {"Summary": ours}}
    found = made([on_deal(split_summary=want)], [deal_row(Summary=theirs)], baseline)
    changes = [change.fields for change in found.changes]
    assert changes == ([(FieldChange("Summary", theirs, want),)] if outcome == WRITE else [])  # type: ignore[arg-type]
    assert len(found.held) == (outcome == HOLD)
    assert found.agreed == ((Agreed("sf", "Opportunity", "1", "Summary", want),) if outcome == AGREE else ())
    assert found.unchanged == (outcome in (NOTHING, AGREE))


@pytest.mark.parametrize(
    ("want", "theirs", "ours", "outcome"),
    [
        (False, None, UNWRITTEN, NOTHING),  # an unticked box and an empty one say the same
        (True, None, UNWRITTEN, WRITE),
        (True, "false", UNWRITTEN, WRITE),
        (False, "true", UNWRITTEN, HOLD),
        (False, "true", "true", WRITE),
        (True, None, "false", WRITE),
        (True, "false", None, WRITE),
        (True, "false", "true", HOLD),
        (True, "true", "true", NOTHING),
    ],
)
def test_a_box_is_written_held_or_left(want: bool, theirs: Value, ours: str | None, outcome: str) -> None:
    baseline = {} if ours == UNWRITTEN else {("sf", "Opportunity", "1"): {"Sourced": ours}}
    found = made([on_deal(sourced=want)], [deal_row(Sourced=theirs)], baseline)
    assert (len(found.changes), len(found.held)) == (outcome == WRITE, outcome == HOLD)


def test_what_is_held_names_the_value_and_the_way_out() -> None:
    ours = {("sf", "Opportunity", "1"): {"Summary": "old"}}
    (edited,) = made([on_deal(split_summary="new")], [deal_row(Summary="mine")], ours).held
    assert (edited.connection, edited.object, edited.key, edited.field) == ("sf", "Opportunity", "1", "Summary")
    assert "changed it to 'mine'; dealsync had written 'old'" in edited.reason
    (filled,) = made([on_deal(split_summary="new")], [deal_row(Summary="mine")]).held
    assert "filled it with 'mine' before dealsync ever wrote it" in filled.reason
    (hidden,) = made([on_deal(split_summary="new")], [deal_row(Summary=ABSENT)]).held
    assert "cannot be read by this user: grant access" in hidden.reason


def test_a_field_that_may_be_missing_is_left_without_a_word() -> None:
    found = made([on_deal(protection_end=day(9).date())], [deal_row(End=ABSENT)])
    assert (found.changes, found.held, found.unchanged) == ((), (), 1)


def test_one_held_field_does_not_hold_the_others_of_a_deal() -> None:
    found = made([on_deal(split_summary="new", partner_count=2)], [deal_row(Summary="mine", Count=None)])
    assert [field.field for change in found.changes for field in change.fields] == ["Count"]
    assert [fault.field for fault in found.held] == ["Summary"]


def test_numbers_that_are_spelt_alike_are_no_change() -> None:
    found = made([on_deal(partner_count=2)], [deal_row(Count="2")])
    assert (found.changes, found.unchanged) == ((), 1)


def test_an_object_that_no_mapping_covers_is_held() -> None:
    (fault,) = made([Intent("sf", "registration", {}, "R", "dec", ref=Ref("sf", "Reg", "7"))]).held
    assert (fault.object, fault.key) == ("registration", "7")
    assert "no mapping of sf covers registration" in fault.reason


# Rows that carry our key.


def test_a_missing_row_is_created_by_its_key() -> None:
    (change,) = made([part("a", "100.00")]).changes
    assert (change.op, change.by, change.key, change.creates) == (Op.UPSERT, "Key", "att_a", True)
    assert kind_of(change) == "create"
    assert change.fields == (FieldChange("Deal", None, "1"), FieldChange("Share", None, "100"))


def test_a_row_with_our_key_is_ours_even_before_we_know_it() -> None:
    (change,) = made([part("a", "100.00")], [part_row("att_a", "40")]).changes
    assert (change.creates, change.fields) == (False, (FieldChange("Share", "40", "100"),))


def test_a_person_s_edit_of_our_row_is_held() -> None:
    found = made([part("a", "100.00")], [part_row("att_a", "41")], written("a", "40"))
    assert (found.changes, [fault.field for fault in found.held]) == ((), ["Share"])


def test_a_row_written_and_not_read_back_yet_is_not_written_again() -> None:
    found = made([part("a", "100.00")], (), written("a", "100"))
    assert (found.changes, found.unchanged) == ((), 1)


def test_a_row_that_was_deleted_is_created_again_once_it_is_forgotten() -> None:
    row = part_row("att_a", "100", deleted=True)
    assert [kind_of(change) for change in made([part("a", "100.00")], [row]).changes] == ["create"]
    held = made([part("a", "100.00")], [row], written("a", "100"))
    assert (held.changes, {fault.field for fault in held.held}) == ((), {"Deal", "Share"})


def test_a_living_row_counts_before_a_deleted_one_of_the_same_key() -> None:
    rows = [
        part_row("att_a", "100"),
        part_row("att_a", "7", deleted=True)._replace(ref=Ref("sf", "Attribution", "x")),
    ]
    for order in permutations(rows):
        assert made([part("a", "100.00")], order).changes == ()


# Sets are written whole or not at all.


def test_one_held_row_holds_its_whole_set() -> None:
    rows = [deal_row(), part_row("att_a", "41"), part_row("att_b", "60"), part_row("att_gone", "5")]
    intents = [part("a", "30.00"), part("b", "65.00"), part("c", "5.00")]
    found = made(intents, rows, written("a", "40") | written("b", "60"))
    assert found.changes == ()
    assert {fault.key: fault.field for fault in found.held} == {
        "att_a": "Share",
        "att_b": "",
        "att_c": "",
        "att_gone": "",
    }


def test_a_held_set_holds_nothing_else() -> None:
    there = Ref("sf", "Opportunity", "2")
    rows = [part_row("att_a", "41"), deal_row(Count=None)]
    intents = [part("a", "30.00"), part("b", "70.00", deal=there), on_deal(partner_count=1)]
    found = made(intents, rows, written("a", "40"))
    assert [change.key for change in found.changes] == ["att_b", "1"]


def test_a_field_held_in_one_crm_does_not_hold_the_other() -> None:
    elsewhere = Ref("hs", "Opportunity", "1")
    found = made(
        [part("a", "30.00"), part("a", "30.00", deal=elsewhere)], [part_row("att_a", "41")], written("a", "40")
    )
    assert [change.connection for change in found.changes] == ["hs"]
