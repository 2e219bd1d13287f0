"""The outbox: intents, where they stand, and the baseline that a landed write leaves behind."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from connector.record import Op, Text
from sync.model.plan import Agreed, FieldChange, PlannedChange
from sync.store import outbox, unlanded
from sync.store.groups import load_baselines
from sync.store.opening import Store
from sync.store.outbox import AGAIN, DONE, FAILED, SENDING, STALE, TODO, Entry
from sync.store.tables import baseline, record
from tests.machine.office import START


def change(key: str, op: Op = Op.UPSERT, **after: Text) -> PlannedChange:
    fields = tuple(FieldChange(field, None, text) for field, text in after.items())
    return PlannedChange("sf", "Partner_Attribution__c", op, "Engine_Key__c", key, fields, f"row {key}", "dec_1")


def put(store: Store, *changes: PlannedChange, run: str = "run_1", group: str = "g") -> list[Entry]:
    with store.write() as connection:
        outbox.put(connection, run, group, changes, START)
        return outbox.open_entries(connection, [TODO], run)


def states(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return outbox.count_states(connection)


def ours(store: Store, key: str) -> dict[str, Text]:
    place = ("sf", "Partner_Attribution__c", key)
    with store.read() as connection:
        return load_baselines(connection, [place]).get(place, {})


def test_an_intent_comes_back_as_it_was(store: Store) -> None:
    wanted = [change("att_1", Share__c="60"), change("att_2", Op.REMOVE), change("att_3", Share__c=None)]
    assert [entry.change for entry in put(store, *wanted)] == wanted


def test_the_same_write_twice_in_one_run_is_one_intent(store: Store) -> None:
    put(store, change("att_1", Share__c="60"))
    assert len(put(store, change("att_1", Share__c="60"), change("att_1", Share__c="40"))) == 2


def test_every_state_is_counted_and_listed_with_its_reason(store: Store) -> None:
    entries = put(store, *(change(f"att_{number}", Share__c="1") for number in range(5)))
    with store.write() as connection:
        for entry, state in zip(entries, (SENDING, STALE, FAILED, AGAIN), strict=False):
            outbox.mark(connection, [entry], state, START, f"why {state}")
    assert states(store) == {SENDING: 1, STALE: 1, FAILED: 1, AGAIN: 1, TODO: 1}
    with store.read() as connection:
        found = unlanded.open_faults(connection, 3)
    assert [(fault.key, state, why) for fault, state, why in found] == [
        ("att_3", AGAIN, "why again"),
        ("att_2", FAILED, "why failed"),
        ("att_1", STALE, "why stale"),
    ]


def test_only_what_was_never_sent_or_may_be_tried_again_is_dropped(store: Store) -> None:
    entries = put(store, *(change(f"att_{number}", Share__c="1") for number in range(5)))
    with store.write() as connection:
        for entry, state in zip(entries, (SENDING, STALE, FAILED, AGAIN), strict=False):
            outbox.mark(connection, [entry], state, START)
        outbox.drop_todo(connection, ["g", "another"])
    assert states(store) == {SENDING: 1, STALE: 1, FAILED: 1}


def test_what_landed_is_the_baseline_of_its_fields_and_of_no_others(store: Store) -> None:
    [first] = put(store, change("att_1", Share__c="60", Amount__c="600"))
    [second] = put(store, change("att_1", Share__c="50", Policy__c=None), run="run_2")
    with store.write() as connection:
        outbox.settle_done(connection, [first], {first.seq: "a0A"}, START)
        outbox.settle_done(connection, [second], {}, START)
    assert ours(store, "att_1") == {"Share__c": "50", "Amount__c": "600", "Policy__c": None}
    assert states(store) == {DONE: 2}


def test_a_row_that_went_leaves_no_baseline(store: Store) -> None:
    kept, first, removed = put(
        store, change("att_2", Share__c="1"), change("att_1", Share__c="60"), change("att_1", Op.REMOVE)
    )
    with store.write() as connection:
        for entry in (kept, first, removed):
            outbox.settle_done(connection, [entry], {}, START)
    assert (ours(store, "att_1"), ours(store, "att_2")) == ({}, {"Share__c": "1"})


def test_a_row_that_we_created_is_known_before_it_is_ever_read(store: Store) -> None:
    [created] = put(store, change("att_1", Share__c="60"))
    with store.write() as connection:
        outbox.settle_done(connection, [created], {created.seq: "a0A"}, START)
        row = connection.execute(select(record)).one()
    assert (row.id, row.group_id, row.kind, row.deleted) == ("a0A", "g", "attribution", False)
    assert row.raw == '{"Engine_Key__c":"att_1","Share__c":"60"}'


def test_a_row_that_we_removed_is_gone_before_that_is_ever_read(store: Store) -> None:
    created, removed = put(store, change("att_1", Share__c="60"), change("att_1", Op.REMOVE))
    with store.write() as connection:
        outbox.settle_done(connection, [created], {created.seq: "a0A"}, START)
        outbox.settle_done(connection, [removed], {removed.seq: "a0A"}, START)
        assert connection.scalar(select(record.c.deleted)) is True


def test_a_field_that_says_what_we_want_counts_as_written(store: Store) -> None:
    agreed = Agreed("sf", "Partner_Attribution__c", "att_1", "Share__c", "60")
    with store.write() as connection:
        outbox.agree(connection, [agreed])
        outbox.agree(connection, [])
    assert ours(store, "att_1") == {"Share__c": "60"}


def test_an_exception_between_two_settlements_undoes_both(store: Store) -> None:
    first, second = put(store, change("att_1", Share__c="60"), change("att_2", Share__c="40"))
    with pytest.raises(KeyboardInterrupt), store.write() as connection:
        outbox.settle_done(connection, [first], {}, START)
        outbox.settle_done(connection, [second], {}, START)
        raise KeyboardInterrupt
    assert states(store) == {TODO: 2}
    with store.read() as connection:
        assert connection.execute(select(baseline)).all() == []
