"""What every Crm does when it is read."""

from __future__ import annotations

import pytest

from connector.errors import PauseMapping
from connector.record import ABSENT

from .cases import HOUR, Cases, faults, latest, window
from .rig import Rig


class Reading(Cases):
    """First readings, windows, keys, and what cannot be seen."""

    # reading: values

    def test_first_reading_returns_live_rows_in_canonical_spelling(self, rig: Rig) -> None:
        full = self.row(rig)
        whole, bare = rig.create(rig.kinds.plain, full, {})
        found = latest(window(rig.crm, rig.kinds.plain, rig.kinds.fields))
        assert found[whole].values == tuple(full[name] for name in rig.kinds.fields)
        needed = [rig.kinds.needs.get(name) for name in rig.kinds.fields]
        optional = [
            (value, wanted)
            for name, value, wanted in zip(rig.kinds.fields, found[bare].values, needed, strict=True)
            if name != rig.kinds.boolean
        ]
        assert all(value == wanted for value, wanted in optional)
        assert not found[whole].deleted

    def test_every_written_type_reads_back_the_same(self, rig: Rig) -> None:
        [row_id] = self.plain(rig)
        row = self.row(rig)
        [outcome] = rig.crm.write([self.update(rig, row_id, **row)])
        assert outcome.fault is None
        [record] = rig.crm.read(rig.kinds.plain, [row_id], list(row))
        assert record.values == tuple(row.values())

    @pytest.mark.parametrize("number", ["0", "-3", "0.1", "0.07", "100", "1234567.89"])
    def test_numbers_are_exact(self, rig: Rig, number: str) -> None:
        [row_id] = self.plain(rig)
        assert faults(rig.crm, [self.update(rig, row_id, **{rig.kinds.number: number})]) == {f"u-{row_id}": None}
        assert self.one(rig, row_id, rig.kinds.number) == number

    def test_none_clears_a_field(self, rig: Rig) -> None:
        [row_id] = rig.create(rig.kinds.plain, self.row(rig))
        optional = [name for name in rig.kinds.fields if name not in {*rig.kinds.needs, rig.kinds.boolean}]
        [outcome] = rig.crm.write([self.update(rig, row_id, **dict.fromkeys(optional))])
        assert outcome.fault is None
        [record] = rig.crm.read(rig.kinds.plain, [row_id], optional)
        assert record.values == (None,) * len(optional)

    def test_fields_come_in_the_order_asked(self, rig: Rig) -> None:
        row = self.row(rig)
        [row_id] = rig.create(rig.kinds.plain, row)
        backwards = list(reversed(rig.kinds.fields))
        [record] = rig.crm.read(rig.kinds.plain, [row_id], backwards)
        assert record.values == tuple(row[name] for name in backwards)

    # reading: windows

    def test_nothing_changed_is_one_drained_page(self, rig: Rig) -> None:
        self.plain(rig, 3)
        rig.advance(HOUR)
        cursor = window(rig.crm, rig.kinds.plain, [rig.kinds.text])[-1].cursor
        [page] = window(rig.crm, rig.kinds.plain, [rig.kinds.text], cursor)
        assert page.records == ()

    def test_an_object_without_rows_is_one_drained_page(self, rig: Rig) -> None:
        [page] = window(rig.crm, rig.kinds.ours, [rig.kinds.key])
        assert page.records == ()

    def test_changed_created_and_deleted_rows_appear(self, rig: Rig) -> None:
        changed, deleted, quiet = self.plain(rig, 3)
        rig.advance(HOUR)
        cursor = window(rig.crm, rig.kinds.plain, [rig.kinds.text])[-1].cursor
        rig.advance(HOUR)
        rig.edit(rig.kinds.plain, changed, {rig.kinds.text: "edited"})
        rig.drop(rig.kinds.plain, deleted)
        [created] = self.plain(rig)
        rig.advance(5)
        found = latest(window(rig.crm, rig.kinds.plain, [rig.kinds.text], cursor))
        assert found[changed].values == ("edited",)
        assert not found[created].deleted
        assert quiet not in found
        if rig.crm.can.sees_deletes:
            assert found[deleted].deleted

    def test_deleted_rows_are_not_in_the_first_reading(self, rig: Rig) -> None:
        kept, dropped = self.plain(rig, 2)
        rig.drop(rig.kinds.plain, dropped)
        found = latest(window(rig.crm, rig.kinds.plain, []))
        assert kept in found
        assert dropped not in found

    def test_reading_resumes_after_any_page(self, rig: Rig) -> None:
        ids = set()
        for _ in range(2):
            ids |= set(self.plain(rig, rig.page_size + 3))
            rig.advance(60)
        pages = window(rig.crm, rig.kinds.plain, [rig.kinds.text])
        assert len(pages) > 2
        for stop in range(len(pages)):
            rest = window(rig.crm, rig.kinds.plain, [rig.kinds.text], pages[stop].cursor)
            assert ids <= latest([*pages[: stop + 1], *rest]).keys()

    def test_reading_ends_however_busy_people_are(self, rig: Rig) -> None:
        self.plain(rig, rig.page_size + 3)
        cursor = window(rig.crm, rig.kinds.plain, [])[-1].cursor
        self.plain(rig, rig.page_size + 3)
        rig.advance(5)
        pages = []
        for page in rig.crm.changes(rig.kinds.plain, [], cursor):
            pages.append(page)
            rig.advance(5)
            self.plain(rig, rig.page_size + 1)
            rig.advance(5)
            assert len(pages) < 8, "a window must be closed"
        assert pages[-1].drained

    def test_ties_on_one_stamp_are_all_read(self, rig: Rig) -> None:
        cursor = window(rig.crm, rig.kinds.plain, [rig.kinds.text])[-1].cursor
        ids = self.plain(rig, rig.page_size * 3 + 1)
        rig.advance(5)
        for since in (None, cursor):
            read = [r.ref.id for page in window(rig.crm, rig.kinds.plain, [], since) for r in page.records]
            assert sorted(row_id for row_id in read if row_id in set(ids)) == sorted(ids), (
                "once in a window, all of them"
            )

    def test_a_row_that_changes_during_paging_is_not_lost(self, rig: Rig) -> None:
        ids = self.plain(rig, rig.page_size * 2 + 3)
        rig.advance(HOUR)
        reading = rig.crm.changes(rig.kinds.plain, [rig.kinds.text], None)
        pages = [next(reading)]
        rig.advance(60)
        for row_id in (ids[0], ids[-1]):
            rig.edit(rig.kinds.plain, row_id, {rig.kinds.text: "moved"})
        rig.advance(60)
        pages += reading
        pages += window(rig.crm, rig.kinds.plain, [rig.kinds.text], pages[-1].cursor)
        found = latest(pages)
        assert set(ids) <= found.keys()
        assert [found[row_id].values for row_id in (ids[0], ids[-1])] == [("moved",)] * 2

    def test_a_row_deleted_during_paging_is_reported(self, rig: Rig) -> None:
        ids = self.plain(rig, rig.page_size + 3)
        reading = rig.crm.changes(rig.kinds.plain, [], None)
        pages = [next(reading)]
        rig.advance(60)
        rig.drop(rig.kinds.plain, ids[0])
        rig.advance(60)
        pages += reading
        pages += window(rig.crm, rig.kinds.plain, [], pages[-1].cursor)
        if rig.crm.can.sees_deletes:
            assert latest(pages)[ids[0]].deleted

    def test_a_merge_names_the_survivor(self, rig: Rig) -> None:
        if not rig.crm.can.sees_merges:
            pytest.skip("this CRM does not report merges")
        kind, text = rig.kinds.target, rig.kinds.target_text
        loser, winner = rig.create(kind, {text: "Acme Inc"}, {text: "Acme"})
        cursor = window(rig.crm, kind, [text])[-1].cursor
        rig.advance(60)
        rig.merge(kind, loser, winner)
        rig.advance(60)
        found = latest(window(rig.crm, kind, [text], cursor))
        survivor = found[loser].merged_into
        assert found[loser].deleted
        assert survivor
        [record] = rig.crm.read(kind, [loser], [text])
        assert record.ref.id == survivor

    def test_ids_are_those_of_live_rows(self, rig: Rig) -> None:
        ids = self.plain(rig, rig.page_size + 2)
        rig.drop(rig.kinds.plain, ids[0])
        found = [row_id for batch in rig.crm.ids(rig.kinds.plain) for row_id in batch]
        assert sorted(found) == sorted(ids[1:])

    def test_an_announcement_changes_nothing_but_the_cost(self, rig: Rig) -> None:
        kind, text = rig.kinds.plain, rig.kinds.text
        ids = self.plain(rig, rig.page_size + 3)
        others = [(rig.kinds.ours, [rig.kinds.key], None), ("no_such_object", ["a"], None)]
        rig.crm.ahead([(kind, [text], None), *others])
        pages = window(rig.crm, kind, [text])
        assert set(ids) <= latest(pages).keys()
        rig.advance(60)
        rig.edit(kind, ids[0], {text: "edited"})
        rig.advance(60)
        rig.crm.ahead([(kind, [text], pages[-1].cursor)])
        assert latest(window(rig.crm, kind, [text], pages[-1].cursor))[ids[0]].values == ("edited",)

    # reading: by key

    def test_read_by_id_leaves_out_what_is_missing(self, rig: Rig) -> None:
        kept, dropped = self.plain(rig, 2)
        rig.drop(rig.kinds.plain, dropped)
        found = rig.crm.read(rig.kinds.plain, [dropped, kept, kept], [rig.kinds.text])
        assert [record.ref.id for record in found] == [kept]
        assert rig.crm.read(rig.kinds.plain, [], [rig.kinds.text]) == []

    @pytest.mark.parametrize("key", ["deal:1|a", "it's", 'a "quoted" \\ key', "50 % / ü?#&+"])
    def test_read_and_write_by_any_key(self, rig: Rig, key: str) -> None:
        assert self.ours(rig, key, "missing") == {}
        assert faults(rig.crm, [self.upsert(rig, key)]) == {f"c-{key}": None}
        assert self.ours(rig, key, "missing") == {key: "1"}
        assert faults(rig.crm, [self.remove(rig, key)]) == {f"r-{key}": None}
        assert self.ours(rig, key) == {}

    def test_read_takes_more_keys_than_one_call(self, rig: Rig) -> None:
        ids = self.plain(rig, rig.crm.can.read_batch + 3)
        found = rig.crm.read(rig.kinds.plain, ids, [rig.kinds.text])
        assert {record.ref.id for record in found} == set(ids)

    # reading: what cannot be seen

    def test_a_hidden_field_is_absent_and_the_others_are_read(self, rig: Rig) -> None:
        row = self.row(rig)
        [row_id] = rig.create(rig.kinds.plain, row)
        asked = [rig.kinds.text, rig.kinds.number, rig.kinds.date]
        rig.crm.read(rig.kinds.plain, [row_id], asked)
        rig.hide(rig.kinds.plain, rig.kinds.number)
        expected = (row[rig.kinds.text], ABSENT, row[rig.kinds.date])
        [record] = rig.crm.read(rig.kinds.plain, [row_id], asked)
        assert record.values == expected
        assert latest(window(rig.crm, rig.kinds.plain, asked))[row_id].values == expected
        assert rig.kinds.number not in {field.name for field in rig.crm.describe(rig.kinds.plain)}

    def test_an_unknown_field_is_absent_on_reading(self, rig: Rig) -> None:
        [row_id] = self.plain(rig)
        [record] = rig.crm.read(rig.kinds.plain, [row_id], ["no_such_field", rig.kinds.text])
        assert record.values == (ABSENT, "row 0")

    def test_an_unknown_object_pauses_its_mapping(self, rig: Rig) -> None:
        for ask in (
            lambda: rig.crm.describe("no_such_object"),
            lambda: list(rig.crm.changes("no_such_object", ["a"], None)),
        ):
            with pytest.raises(PauseMapping) as caught:
                ask()
            assert caught.value.kind == "no_such_object"
