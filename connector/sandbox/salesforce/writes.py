"""Writing rows as the API does: what is checked, in which order, and what the platform sets by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.salesforce.errors import Refusal, not_found
from connector.sandbox.salesforce.identifiers import long_id
from connector.sandbox.salesforce.mirror import PARTNER, other_primaries, reverse_of
from connector.sandbox.salesforce.rules import check_rules
from connector.sandbox.salesforce.schema import Field, Object
from connector.sandbox.salesforce.tables import Row, Table, Tables
from connector.sandbox.salesforce.values import Stored, stamp_text, stored

_CLOSED = {"Closed Won": (True, True), "Closed Lost": (True, False)}


class Writer:
    """Writes rows in the name of one user. Every method raises Refusal for a row that cannot be written."""

    def __init__(self, tables: Tables, user_id: str, *, allow_duplicates: bool = False) -> None:
        self._tables = tables
        self._schema = tables.schema
        self._user = user_id
        self._allow_duplicates = allow_duplicates

    def create(self, spec: Object, body: Mapping[str, Any]) -> str:
        """A new row; its id."""
        if not spec.createable:
            raise Refusal("INVALID_TYPE_FOR_OPERATION", f"entity type {spec.name} does not support create")
        table = self._tables.table(spec)
        row = empty_row(spec) | self._checked(spec, body)
        row["Id"] = row_id = table.fresh_id()
        moment = stamp_text(self._tables.now())
        row |= {"CreatedDate": moment, "CreatedById": self._user}
        if "ownerid" in spec.fields and row["OwnerId"] is None:
            row["OwnerId"] = self._user
        if spec.name.endswith("__c") and row["Name"] is None:
            row["Name"] = row_id[:15]
        self._check_required(spec, row)
        self._save(table, row_id, row, moment)
        if spec.name == PARTNER:
            self._mirror(table, row, moment)
        return row_id

    def _mirror(self, table: Table, row: Row, moment: str) -> None:
        for other in other_primaries(self._tables, row):
            self._save(table, str(other["Id"]), other | {"IsPrimary": False}, moment)
        if reverse := reverse_of(self._tables, row):
            self._save(table, str(reverse["Id"]), reverse, moment)
            self._save(table, str(row["Id"]), row | {"ReversePartnerId": reverse["Id"]}, moment)

    def update(self, spec: Object, row_id: str, body: Mapping[str, Any]) -> None:
        """Change the fields named in ``body`` of a live row."""
        if not spec.updateable:
            raise Refusal("INVALID_TYPE_FOR_OPERATION", f"entity type {spec.name} does not support update")
        table = self._tables.table(spec)
        changes = self._checked(spec, body)
        for name in changes:
            if spec.fields[name.lower()].create_only:
                raise _read_only(spec.fields[name.lower()])
        row = dict(self._live(table, row_id)) | changes
        self._check_required(spec, changes)
        self._save(table, str(row["Id"]), row, stamp_text(self._tables.now()))

    def upsert(self, spec: Object, key: Field, value: str, body: Mapping[str, Any]) -> tuple[str, bool]:
        """Create or update the row whose external id holds ``value``; its id, and whether it is new."""
        if any(name.lower() == "id" for name in body):
            raise Refusal("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        body = {name: kept for name, kept in body.items() if name.lower() != key.name.lower()}
        table = self._tables.table(spec)
        text = stored(key, value)
        if text is None:
            raise Refusal("MISSING_ARGUMENT", f"{key.name} not specified")
        holders = table.holding(key.name, text)
        if len(holders) > 1:
            urls = [f"/sobjects/{spec.name}/{holder}" for holder in holders]
            raise Refusal("DUPLICATE_EXTERNAL_ID", "; ".join(urls), [key.name], status=300)
        if holders:
            self.update(spec, holders[0], body)
            return holders[0], False
        return self.create(spec, {**body, key.name: text}), True

    def delete(self, spec: Object, row_id: str) -> None:
        """Move a live row to the recycle bin, and the rows that cannot be without it."""
        if not spec.deletable:
            raise Refusal("INVALID_TYPE_FOR_OPERATION", f"entity type {spec.name} does not support delete")
        table = self._tables.table(spec)
        row = dict(self._live(table, row_id))
        self._bin(table, row)
        if spec.name == PARTNER and row["ReversePartnerId"] in table.rows:
            self._bin(table, dict(table.rows[str(row["ReversePartnerId"])]))
        for child in self._schema.objects:
            for field in (field for field in child.fields.values() if field.cascade and field.to == spec.name):
                children = self._tables.table(child)
                for kept in [kept for kept in children.rows.values() if kept[field.name] == row["Id"]]:
                    self._bin(children, dict(kept))

    def _bin(self, table: Table, row: Row) -> None:
        row["IsDeleted"] = True
        self._save(table, str(row["Id"]), row, stamp_text(self._tables.now()))

    def _live(self, table: Table, row_id: str) -> Row:
        found = long_id(row_id)
        if found is None or not found.startswith(table.spec.prefix):
            message = f"{table.spec.name} ID: id value of incorrect type: {row_id}"
            raise Refusal("MALFORMED_ID", message, ["Id"], status=404)
        row = table.rows.get(found)
        if row is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
        if row["IsDeleted"]:
            raise Refusal("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    def _checked(self, spec: Object, body: Mapping[str, Any]) -> Row:
        """The values of a body, each checked alone."""
        row: Row = {}
        for name, value in body.items():
            if name == "attributes":
                continue
            if isinstance(value, dict) and (reference := self._schema.parent(spec, name)):
                row[reference.name] = self._by_key(reference, value)
                continue
            field = self._schema.field(spec, name)
            if field is None:
                raise Refusal("INVALID_FIELD", f"No such column '{name}' on sobject of type {spec.name}")
            if not field.writable or self._schema.is_read_only(spec, field):
                raise _read_only(field)
            row[field.name] = self._reference(field, stored(field, value))
        return row

    def _reference(self, field: Field, value: Stored) -> Stored:
        """A reference that leads somewhere: to a live row of the right object."""
        target = self._schema.find(field.to) if field.to and value else None
        if target is None:
            return value
        if not str(value).startswith(target.prefix):
            message = f"{field.name}: id value of incorrect type: {value}"
            raise Refusal("FIELD_INTEGRITY_EXCEPTION", message, [field.name])
        row = self._tables.table(target).rows.get(str(value))
        if row is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
        if row["IsDeleted"]:
            raise Refusal("ENTITY_IS_DELETED", "entity is deleted", [field.name])
        self._check_lock(str(value))
        return value

    def _by_key(self, reference: Field, parent: Mapping[str, Any]) -> str:
        """``{"Account__r": {"Ext__c": "A1"}}``: the parent named by its external id."""
        target = self._schema.object(reference.to)
        named = {name: value for name, value in parent.items() if name != "attributes"}
        for name, value in named.items():
            key = self._schema.field(target, name)
            holders = self._tables.table(target).holding(key.name, value) if key and key.external_id else []
            if len(holders) == 1 and len(named) == 1:
                return holders[0]
        asked = next(iter(named.values()), "")
        message = f"Foreign key external ID: {asked} not found for field in entity {target.name}"
        raise Refusal("INVALID_FIELD", message, [reference.name])

    def _check_required(self, spec: Object, row: Row) -> None:
        """A new row needs them all; of a change only what it clears is looked at, as old rows may lack one."""
        missing = [name for name, value in row.items() if value is None and _required(spec, name)]
        if missing:
            raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)

    def _check_unique(self, table: Table, row: Row) -> None:
        for name, field in table.keys.items():
            if not field.unique or row[name] is None or row["IsDeleted"]:
                continue
            for holder in table.holding(name, row[name]):
                if holder != row["Id"]:
                    message = f"duplicate value found: {name} duplicates value on record with id: {holder[:15]}"
                    raise Refusal("DUPLICATE_VALUE", message)

    def _check_lock(self, row_id: str) -> None:
        locked = self._tables.settings.get("locked_ids") or ()
        held = next((text for text in locked if long_id(text) == row_id), None)
        if held is not None:
            if isinstance(locked, dict):
                locked[held] -= 1
                if locked[held] <= 0:
                    del locked[held]
            message = f"unable to obtain exclusive access to this record or 1 records: {row_id[:15]}"
            raise Refusal("UNABLE_TO_LOCK_ROW", message)

    def _save(self, table: Table, row_id: str, row: Row, moment: str) -> None:
        self._check_lock(row_id)
        self._check_unique(table, row)
        if not row["IsDeleted"]:
            check_rules(self._tables, table.spec, row, self._allow_duplicates)
        row |= {"LastModifiedDate": moment, "LastModifiedById": self._user, "SystemModstamp": moment}
        calculate(table.spec, row)
        moved = table.spec.name == "Opportunity" and _moved(table.rows.get(row_id), row)
        self._tables.put(table, row_id, row)
        if moved:
            self._log_stage(row)

    def _log_stage(self, row: Row) -> None:
        """Opportunity History: the platform adds a row whenever stage or amount move."""
        spec = self._schema.object("OpportunityHistory")
        table = self._tables.table(spec)
        moment = row["SystemModstamp"]
        history = empty_row(spec) | {"Id": table.fresh_id(), "OpportunityId": row["Id"]}
        history |= {"StageName": row["StageName"], "Amount": row["Amount"]}
        history |= {"CreatedDate": moment, "CreatedById": self._user, "SystemModstamp": moment}
        self._tables.put(table, str(history["Id"]), history)


def empty_row(spec: Object) -> Row:
    """A row with every field of the object, hidden ones too: false where boolean, else null."""
    row: Row = {field.name: False if field.type == "boolean" else None for field in spec.fields.values()}
    return row | {"IsDeleted": False}


def calculate(spec: Object, row: Row) -> None:
    """Set what the platform works out itself."""
    if spec.name == "Opportunity":
        row["IsClosed"], row["IsWon"] = _CLOSED.get(str(row["StageName"]), (False, False))


def external_key(tables: Tables, spec: Object, name: str) -> Field:
    """The external id field of that name; 404 where it is none, as the API answers."""
    field = tables.schema.field(spec, name)
    if field is None or not (field.external_id or field.type == "id"):
        raise not_found("Provided external ID field does not exist or is not accessible: " + name)
    return field


def _read_only(field: Field) -> Refusal:
    message = (
        f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set."
    )
    return Refusal("INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name])


def _required(spec: Object, name: str) -> bool:
    field = spec.fields.get(name.lower())
    return field is not None and field.required


def _moved(before: Row | None, row: Row) -> bool:
    return before is None or any(before[name] != row[name] for name in ("StageName", "Amount"))
