"""Intended writes, as tests put them into the outbox."""

from __future__ import annotations

from connector.record import Op, Text
from sync.model.plan import FieldChange, PlannedChange
from sync.store import outbox
from sync.store.outbox import TODO, Entry
from tests.machine.office import Office

ROWS = "Partner_Attribution__c"


def row(key: str, share: str, before: Text = None, *, creates: bool = True, group: str = "") -> PlannedChange:
    fields = (FieldChange("Share__c", before, share),)
    return PlannedChange("sf", ROWS, Op.UPSERT, "Engine_Key__c", key, fields, key, "", group, creates)


def gone(key: str, group: str = "") -> PlannedChange:
    return PlannedChange("sf", ROWS, Op.REMOVE, "Engine_Key__c", key, (), key, "", group)


def stage(deal: str, before: Text, after: Text) -> PlannedChange:
    fields = (FieldChange("Split_Summary__c", before, after),)
    return PlannedChange("sf", "Opportunity", Op.UPDATE, "id", deal, fields, deal, "")


def put(office: Office, *changes: PlannedChange) -> list[Entry]:
    with office.world.store.write() as connection:
        outbox.put(connection, "run_1", "group", changes, office.moment)
        return outbox.open_entries(connection, [TODO])
