"""What the cases of the suite are written with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

from connector.crm import Crm
from connector.errors import CrmError
from connector.record import Change, Cursor, Op, Outcome, Page, Record, Text, Value

from .rig import Rig

HOUR = 3600.0


def window(crm: Crm, kind: str, fields: Sequence[str], since: Cursor | None = None) -> list[Page]:
    """Every page of one window, checked for what every window promises."""
    pages = list(crm.changes(kind, fields, since))
    assert [page.drained for page in pages] == [False] * (len(pages) - 1) + [True]
    for record in (record for page in pages for record in page.records):
        assert (record.ref.connection, record.ref.kind) == (crm.name, kind)
        assert record.stamp.tzinfo is UTC
        assert record.deleted or len(record.values) == len(fields)
    return pages


def latest(pages: Iterable[Page]) -> dict[str, Record]:
    """The last version of each record, by id."""
    return {record.ref.id: record for page in pages for record in page.records}


def outcomes(crm: Crm, changes: Sequence[Change]) -> dict[str, Outcome]:
    """The outcome of each change by its id; exactly one each."""
    found = list(crm.write(changes))
    assert sorted(outcome.change.id for outcome in found) == sorted(change.id for change in changes)
    return {outcome.change.id: outcome for outcome in found}


def faults(crm: Crm, changes: Sequence[Change]) -> dict[str, type[CrmError] | None]:
    return {
        name: type(outcome.fault) if outcome.fault else None for name, outcome in outcomes(crm, changes).items()
    }


class Cases:
    """Changes and rows that mean the same in every CRM."""

    def upsert(self, rig: Rig, key: str, amount: Text = "1", **more: Text) -> Change:
        kinds = rig.kinds
        values = tuple({**kinds.ours_needs, kinds.amount: amount, **more}.items())
        return Change(f"c-{key}", Op.UPSERT, kinds.ours, key, values, by=kinds.key)

    def remove(self, rig: Rig, key: str) -> Change:
        return Change(f"r-{key}", Op.REMOVE, rig.kinds.ours, key, by=rig.kinds.key)

    def update(self, rig: Rig, row_id: str, **values: Text) -> Change:
        return Change(f"u-{row_id}", Op.UPDATE, rig.kinds.plain, row_id, tuple(values.items()))

    def plain(self, rig: Rig, count: int = 1) -> list[str]:
        rows = ({rig.kinds.text: f"row {number}"} for number in range(count))
        return rig.create(rig.kinds.plain, *rows)

    def ours(self, rig: Rig, *keys: str) -> dict[str, Value]:
        """The amounts of our rows, by key."""
        found = rig.crm.read(rig.kinds.ours, keys, (rig.kinds.key, rig.kinds.amount), by=rig.kinds.key)
        assert len(found) == len({record.values[0] for record in found}), "two rows hold one key"
        return {str(record.values[0]): record.values[1] for record in found}

    def one(self, rig: Rig, row_id: str, field: str) -> Value:
        [record] = rig.crm.read(rig.kinds.plain, [row_id], [field])
        return record.values[0]

    def row(self, rig: Rig) -> dict[str, Text]:
        kinds = rig.kinds
        [target] = rig.create(kinds.target, {kinds.target_text: "Acme"})
        return {
            kinds.text: 'Ärger & Söhne\'s "x" 日本 \\ %',
            kinds.number: "1234.5",
            kinds.boolean: "true",
            kinds.date: "2026-11-24",
            kinds.datetime: "2026-11-24T09:30:00Z",
            kinds.choice: kinds.choice_option,
            kinds.choices: ";".join(kinds.options),
            kinds.link: target,
        }
