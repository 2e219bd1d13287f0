"""A page becomes rows, problems, groups and a cursor in one commit; only what is news makes a group due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from connector.record import ABSENT, Cursor, Op, Page, Record, Ref, Value
from sync.mapping.fieldmap import FieldMap
from sync.model.plan import FieldChange, PlannedChange
from sync.store import due, intake, outbox
from sync.store.grouping import Groups
from sync.store.opening import Store
from sync.store.tables import involved, problem, record
from tests.machine.office import START, shipped

DEALS = "Opportunity"
CLAIMS = "Deal_Registration__c"
A, B = "006A", "006B"


def mapped(name: str) -> FieldMap:
    found = shipped().of("sf", name)
    assert found is not None
    return found


def entry(name: str, row_id: str, values: Mapping[str, Value], **more: object) -> Record:
    """A record with these fields filled and the others empty."""
    texts = tuple(values.get(field) for field in mapped(name).fields)
    return Record(Ref("sf", name, row_id), START, texts)._replace(**more)


def deal(row_id: str, **values: Value) -> Record:
    return entry(DEALS, row_id, {"Name": "Acme", "StageName": "Prospecting"} | values)


def claim(row_id: str, deal_id: str, **values: Value) -> Record:
    return entry(CLAIMS, row_id, {"Opportunity__c": deal_id, "Partner_Account__c": "001P"} | values)


def take(store: Store, name: str, *records: Record, cursor: str = "next") -> intake.Taken:
    page = Page(records, Cursor(cursor), drained=True)
    with store.write() as connection:
        return intake.take(connection, mapped(name), page, START)


def gone(known: Record, **more: object) -> Record:
    """A tombstone of a record: it comes without values."""
    return known._replace(values=(), deleted=True, **more)


def stored(store: Store, row_id: str) -> dict[str, object]:
    with store.read() as connection:
        row = connection.execute(select(record).where(record.c.id == row_id)).one()
        return dict(row._mapping) | {"raw": msgspec.json.decode(row.raw)}


def count_due(store: Store) -> int:
    with store.read() as connection:
        return due.count_due(connection, START)


def settled(store: Store) -> None:
    """Everything that is due has been decided and waits for nothing."""
    with store.write() as connection:
        for group in due.due_after(connection, START, "", 1000):
            due.set_due(connection, group, None)


class TestWhatIsKept:
    def test_absent_and_empty_stay_two_things(self, store: Store) -> None:
        take(store, DEALS, deal(A, Amount=ABSENT, LeadSource=None))
        raw = stored(store, A)["raw"]
        assert raw["LeadSource"] is None
        assert "Amount" not in raw
        with store.read() as connection:
            row = connection.execute(select(record)).one()
            values = intake.stored_record(mapped(DEALS), row).values
        assert values[mapped(DEALS).fields.index("Amount")] is ABSENT
        assert values[mapped(DEALS).fields.index("LeadSource")] is None

    def test_of_two_versions_in_one_page_the_later_one_counts(self, store: Store) -> None:
        assert take(store, DEALS, deal(A, Name="Old"), deal(A, Name="New")).changed == 1
        assert stored(store, A)["raw"]["Name"] == "New"

    def test_a_later_version_counts_even_when_it_is_what_we_knew(self, store: Store) -> None:
        take(store, DEALS, deal(A, Name="Old"))
        take(store, DEALS, deal(A, Name="New"), deal(A, Name="Old"))
        assert stored(store, A)["raw"]["Name"] == "Old"

    def test_a_deleted_row_keeps_its_last_values_and_its_group(self, store: Store) -> None:
        take(store, DEALS, deal(A, Name="Kept"))
        take(store, DEALS, gone(deal(A)))
        row = stored(store, A)
        assert (row["deleted"], row["raw"]["Name"], row["group_id"]) == (True, "Kept", f"sf:{DEALS}:{A}")

    def test_a_row_that_was_merged_away_is_in_the_group_of_the_one_that_absorbed_it(self, store: Store) -> None:
        take(store, DEALS, deal(A), deal(B))
        take(store, DEALS, gone(deal(A), merged_into=B))
        assert stored(store, A)["group_id"] == stored(store, B)["group_id"]

    def test_what_came_and_went_between_two_readings_leaves_nothing(self, store: Store) -> None:
        take(store, DEALS, gone(deal(A)), deal(B), gone(deal(B)))
        with store.read() as connection:
            assert connection.execute(select(record)).all() == []

    def test_a_value_that_is_not_understood_is_a_problem_until_it_is_mended(self, store: Store) -> None:
        assert take(store, DEALS, deal(A, StageName="Weird")).problems == 1
        with store.read() as connection:
            found = connection.execute(select(problem)).one()
        assert (found.key, "'Weird' is not in the picklist map" in found.what) == (f"sf:{DEALS}:{A}", True)
        take(store, DEALS, deal(A))
        with store.read() as connection:
            assert connection.execute(select(problem)).all() == []


class TestOneCommit:
    def test_an_exception_in_the_middle_leaves_rows_and_cursor_as_they_were(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take(store, DEALS, deal(A, Name="Old"), cursor="first")

        def fails(*_: object) -> Groups:
            raise OSError("the disk is full")

        monkeypatch.setattr(intake, "make_due", fails)
        with pytest.raises(OSError, match="the disk is full"):
            take(store, DEALS, deal(A, Name="New"), deal(B), cursor="second")
        assert stored(store, A)["raw"]["Name"] == "Old"
        with store.read() as connection:
            assert intake.get_cursor(connection, mapped(DEALS)) == "first"
            assert connection.scalar(select(record.c.id).where(record.c.id == B)) is None

    def test_the_cursor_stands_after_the_page(self, store: Store) -> None:
        with store.read() as connection:
            assert intake.get_cursor(connection, mapped(DEALS)) is None
        take(store, DEALS, cursor="here")
        with store.read() as connection:
            assert intake.get_cursor(connection, mapped(DEALS)) == "here"


class TestNews:
    def test_the_same_again_is_no_news(self, store: Store) -> None:
        take(store, CLAIMS, claim("a01", A))
        settled(store)
        assert take(store, CLAIMS, claim("a01", A)._replace(stamp=START + timedelta(days=1))).changed == 0
        assert count_due(store) == 0

    def test_what_we_wrote_ourselves_is_no_news(self, store: Store) -> None:
        take(store, CLAIMS, claim("a01", A))
        settled(store)
        fields = (FieldChange("Status__c", None, "Approved"), FieldChange("Review_Due__c", None, None))
        change = PlannedChange("sf", CLAIMS, Op.UPDATE, "id", "a01", fields, "", "")
        with store.write() as connection:
            outbox.put(connection, "run", "group", [change], START)
            [sent] = outbox.open_entries(connection, [outbox.TODO])
            outbox.settle_done(connection, [sent], {sent.seq: "a01"}, START)
        assert take(store, CLAIMS, claim("a01", A, Status__c="Approved")).changed == 0
        assert count_due(store) == 0

    @pytest.mark.parametrize("edit", [{"Roles__c": "RESELL"}, {"Status__c": "Approved"}, {"Name": ABSENT}])
    def test_an_edit_is_news_even_of_our_own_fields_or_of_what_can_be_seen(
        self, store: Store, edit: Mapping[str, Value]
    ) -> None:
        take(store, CLAIMS, claim("a01", A, Name="Claim"))
        settled(store)
        assert take(store, CLAIMS, claim("a01", A, **{"Name": "Claim"} | edit)).changed == 1
        assert count_due(store) == 1

    def test_a_deletion_is_news_once(self, store: Store) -> None:
        take(store, CLAIMS, claim("a01", A))
        settled(store)
        assert take(store, CLAIMS, gone(claim("a01", A))).changed == 1
        assert take(store, CLAIMS, gone(claim("a01", A))).changed == 0

    def test_a_changed_mapping_reads_from_the_start_and_takes_every_row_again(self, store: Store) -> None:
        take(store, DEALS, deal(A))
        edited = replace(mapped(DEALS), hash="edited")
        with store.write() as connection:
            assert intake.get_cursor(connection, edited) is None
            page = Page((deal(A),), Cursor("again"), drained=True)
            assert intake.take(connection, edited, page, START).changed == 1
            assert intake.take(connection, edited, page, START).changed == 0
            assert intake.get_cursor(connection, edited) == "again"

    def test_a_deal_that_nobody_registered_makes_nothing_due(self, store: Store) -> None:
        take(store, DEALS, deal(A))
        assert count_due(store) == 0
        take(store, CLAIMS, claim("a01", A))
        assert count_due(store) == 1

    def test_a_claim_that_moves_makes_the_old_deal_and_the_new_one_due(self, store: Store) -> None:
        take(store, DEALS, deal(A), deal(B))
        take(store, CLAIMS, claim("a01", A), claim("a02", A))
        settled(store)
        take(store, CLAIMS, claim("a01", B))
        assert count_due(store) == 2


class TestPartners:
    def test_a_change_of_a_partner_makes_due_what_it_takes_part_in(self, store: Store) -> None:
        partner = {"Name": "Lumen", "IsPartner": "true"}
        take(store, "Account", entry("Account", "001P", partner), entry("Account", "001C", {"Name": "Customer"}))
        take(store, CLAIMS, claim("a01", A))
        settled(store)
        take(store, "Account", entry("Account", "001C", {"Name": "Renamed"}))
        assert count_due(store) == 0
        take(store, "Account", entry("Account", "001P", partner | {"Partner_Tier__c": "Gold"}))
        assert count_due(store) == 1

    def test_partners_do_not_join_the_deals_they_take_part_in(self, store: Store) -> None:
        take(store, "Account", entry("Account", "001P", {"Name": "Lumen"}))
        take(store, CLAIMS, claim("a01", A), claim("a02", B))
        groups = {stored(store, row_id)["group_id"] for row_id in ("001P", "a01", "a02")}
        assert len(groups) == 3

    def test_a_claim_that_names_another_partner_is_forgotten_by_the_first(self, store: Store) -> None:
        take(store, CLAIMS, claim("a01", A))
        take(store, CLAIMS, claim("a01", A, Partner_Account__c="001Q"))
        with store.read() as connection:
            assert connection.scalars(select(involved.c.partner)).all() == ["sf:Account:001Q"]
