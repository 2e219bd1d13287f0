"""What has drifted in a CRM since we looked: stored as text, compared field by field, the same for every vendor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.record import FieldInfo, FieldType
from connector.snapshot import Drift, Snapshot, drift, from_text, snapshot, to_text

STATUS = FieldInfo("status", "Status", FieldType.CHOICE, options=("draft", "won"))
AMOUNT = FieldInfo("amount", "Amount", FieldType.NUMBER, length=18, scale=2)
PARTNER = FieldInfo("partner", "Partner", FieldType.REFERENCE, refers_to=("Account",))


def taken(*fields: FieldInfo) -> Snapshot:
    return snapshot("sf", "Deal", fields)


def test_a_snapshot_is_stored_as_text_and_read_back() -> None:
    before = taken(STATUS, AMOUNT, PARTNER)
    assert from_text(to_text(before)) == before


def test_the_order_in_which_a_crm_lists_its_fields_is_no_drift() -> None:
    assert to_text(taken(STATUS, AMOUNT)) == to_text(taken(AMOUNT, STATUS))
    assert drift(taken(STATUS, AMOUNT), taken(AMOUNT, STATUS)) == ()


def test_a_text_that_is_no_snapshot_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected"):
        from_text("[]")


def test_a_field_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    found = drift(taken(STATUS, AMOUNT), taken(STATUS, PARTNER))
    assert found == (
        Drift("Deal", "amount", "was removed, renamed or hidden from our user"),
        Drift("Deal", "partner", "is new", breaks=False),
    )
    assert str(found[0]) == "Deal.amount was removed, renamed or hidden from our user"


def test_a_new_field_that_is_required_breaks() -> None:
    assert drift(taken(), taken(replace(AMOUNT, required=True)))[0].breaks


@pytest.mark.parametrize(
    ("field", "change", "what", "breaks"),
    [
        (AMOUNT, {"type": FieldType.TEXT}, "was number and is text", True),
        (AMOUNT, {"required": True}, "became required", True),
        (AMOUNT, {"writable": False}, "became read-only", True),
        (AMOUNT, {"calculated": True}, "became calculated", True),
        (AMOUNT, {"unique": True}, "became unique", True),
        (AMOUNT, {"length": 10}, "took 18 characters, now 10", True),
        (AMOUNT, {"length": 20}, "took 18 characters, now 20", False),
        (AMOUNT, {"length": None}, "took 18 characters, now None", False),
        (AMOUNT, {"scale": 0}, "had 2 decimals, now 0", True),
        (STATUS, {"options": ("draft",)}, "lost the options won", True),
        (STATUS, {"options": ("draft", "won", "lost")}, "has the new options lost", False),
        (STATUS, {"options": ()}, "lost the options draft, won", False),
        (PARTNER, {"refers_to": ("Lead",)}, "referred to ('Account',), now to ('Lead',)", True),
        (
            PARTNER,
            {"refers_to": ("Account", "Lead")},
            "referred to ('Account',), now to ('Account', 'Lead')",
            False,
        ),
    ],
)
def test_every_difference_is_said_and_weighed(
    field: FieldInfo, change: dict[str, Any], what: str, breaks: bool
) -> None:
    assert drift(taken(field), taken(replace(field, **change))) == (Drift("Deal", field.name, what, breaks),)


@pytest.mark.parametrize("gained", ["required", "calculated", "unique"])
def test_what_is_taken_back_is_said_too(gained: str) -> None:
    before = replace(AMOUNT, **{gained: True})  # type: ignore[arg-type]
    [found] = drift(taken(before), taken(AMOUNT))
    assert found.what.startswith("is no longer")
    assert found.breaks == (gained == "unique"), "an upsert by it no longer works"


def test_a_new_label_is_no_drift() -> None:
    assert drift(taken(AMOUNT), taken(replace(AMOUNT, label="Sum"))) == ()
