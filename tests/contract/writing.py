"""What every Crm does when it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.errors import PauseMapping, Rejected
from connector.record import Change

from .cases import Cases, faults, outcomes
from .rig import Rig


class Writing(Cases):
    """Upserts, updates, removals, refusals and groups."""

    def test_upsert_creates_then_updates(self, rig: Rig) -> None:
        first = outcomes(rig.crm, [self.upsert(rig, "k1", "10.5")])["c-k1"]
        second = outcomes(rig.crm, [self.upsert(rig, "k1", "20")])["c-k1"]
        assert (first.fault, second.fault) == (None, None)
        assert (first.created, second.created) == (True, False)
        assert first.record_id == second.record_id
        assert self.ours(rig, "k1") == {"k1": "20"}

    def test_the_same_key_twice_is_one_row(self, rig: Rig) -> None:
        twice = [self.upsert(rig, "k1", "1"), replace(self.upsert(rig, "k1", "2"), id="again")]
        assert faults(rig.crm, twice) == {"c-k1": None, "again": None}
        assert self.ours(rig, "k1") == {"k1": "2"}, "the later change is applied last"

    def test_update_by_id(self, rig: Rig) -> None:
        [row_id] = self.plain(rig)
        outcome = outcomes(rig.crm, [self.update(rig, row_id, **{rig.kinds.text: "ours"})])[f"u-{row_id}"]
        assert (outcome.fault, outcome.record_id, outcome.created) == (None, row_id, False)
        assert self.one(rig, row_id, rig.kinds.text) == "ours"

    def test_update_of_a_deleted_row_skips_it(self, rig: Rig) -> None:
        gone, kept = self.plain(rig, 2)
        rig.drop(rig.kinds.plain, gone)
        found = outcomes(rig.crm, [self.update(rig, row_id, **{rig.kinds.text: "ours"}) for row_id in (gone, kept)])
        assert type(found[f"u-{gone}"].fault).__name__ == "Gone"
        assert found[f"u-{kept}"].fault is None

    def test_remove_by_key_and_remove_what_is_not_there(self, rig: Rig) -> None:
        outcomes(rig.crm, [self.upsert(rig, "k1"), self.upsert(rig, "k2")])
        assert faults(rig.crm, [self.remove(rig, "k1"), self.remove(rig, "never")]) == {
            "r-k1": None,
            "r-never": None,
        }
        assert self.ours(rig, "k1", "k2") == {"k2": "1"}
        assert faults(rig.crm, [self.remove(rig, "k1")]) == {"r-k1": None}

    def test_a_batch_larger_than_one_call(self, rig: Rig) -> None:
        keys = [f"k{number}" for number in range(rig.crm.can.write_batch + 5)]
        assert set(faults(rig.crm, [self.upsert(rig, key) for key in keys]).values()) == {None}
        assert len(self.ours(rig, *keys)) == len(keys)

    def test_one_bad_row_does_not_stop_the_others(self, rig: Rig) -> None:
        found = outcomes(
            rig.crm,
            [self.upsert(rig, "a"), self.upsert(rig, "b", "not a number"), self.upsert(rig, "c")],
        )
        assert isinstance(found["c-b"].fault, Rejected)
        assert rig.kinds.amount in found["c-b"].fault.message
        assert (found["c-a"].fault, found["c-c"].fault) == (None, None)
        assert self.ours(rig, "a", "b", "c") == {"a": "1", "c": "1"}

    def test_a_value_outside_the_options_is_rejected_by_name(self, rig: Rig) -> None:
        [row_id] = self.plain(rig)
        change = self.update(rig, row_id, **{rig.kinds.choice: "no such option"})
        fault = outcomes(rig.crm, [change])[change.id].fault
        assert isinstance(fault, Rejected)
        assert rig.kinds.choice in fault.message

    def test_an_unknown_field_is_refused_and_the_others_go_on(self, rig: Rig) -> None:
        found = outcomes(rig.crm, [self.upsert(rig, "a", no_such_field="1"), self.upsert(rig, "b")])
        assert isinstance(found["c-a"].fault, PauseMapping | Rejected)
        assert "no_such_field" in found["c-a"].fault.message
        assert found["c-b"].fault is None

    def test_a_hidden_field_is_refused_and_the_others_go_on(self, rig: Rig) -> None:
        first, second = self.plain(rig, 2)
        rig.crm.read(rig.kinds.plain, [first], rig.kinds.fields)
        rig.hide(rig.kinds.plain, rig.kinds.number)
        hidden = self.update(rig, first, **{rig.kinds.number: "5"})
        seen = self.update(rig, second, **{rig.kinds.text: "ours"})
        found = outcomes(rig.crm, [hidden, seen])
        assert isinstance(found[hidden.id].fault, PauseMapping | Rejected)
        assert found[seen.id].fault is None
        assert self.one(rig, second, rig.kinds.text) == "ours"

    def test_outcomes_do_not_depend_on_the_order(self, rig: Rig) -> None:
        batch = [self.upsert(rig, f"k{n}", "bad" if n % 3 == 0 else str(n)) for n in range(9)]
        expected = {f"c-k{n}": Rejected if n % 3 == 0 else None for n in range(9)}
        assert faults(rig.crm, batch) == expected
        assert faults(rig.crm, batch[::-1]) == expected
        assert faults(rig.crm, batch[4:] + batch[:4]) == expected

    def test_a_group_is_written_whole_or_not_at_all(self, rig: Rig) -> None:
        if not rig.crm.can.atomic:
            pytest.skip("this CRM writes row by row")
        outcomes(rig.crm, [_grouped(self.upsert(rig, "old"), "deal")])
        bad = [
            self.upsert(rig, "a"),
            self.remove(rig, "old"),
            self.upsert(rig, "b", "not a number"),
        ]
        refused = faults(rig.crm, [*(_grouped(change, "deal") for change in bad), self.upsert(rig, "other")])
        assert refused == {"c-a": Rejected, "r-old": Rejected, "c-b": Rejected, "c-other": None}
        assert self.ours(rig, "a", "b", "old", "other") == {"old": "1", "other": "1"}
        good = [self.upsert(rig, "a"), self.remove(rig, "old"), self.remove(rig, "never"), self.upsert(rig, "b")]
        assert set(faults(rig.crm, [_grouped(change, "deal") for change in good]).values()) == {None}
        assert self.ours(rig, "a", "b", "old") == {"a": "1", "b": "1"}


def _grouped(change: Change, group: str) -> Change:
    return replace(change, group=group)
