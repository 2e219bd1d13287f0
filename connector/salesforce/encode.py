"""What a change says, as Salesforce's JSON wants it, or the line of an ingest job's file."""

from __future__ import annotations

from decimal import Decimal

from connector.errors import PauseMapping, Rejected
from connector.record import Change, FieldInfo, FieldType, Op, Text
from connector.salesforce.decode import long_id
from connector.salesforce.describe import Catalogue
from connector.salesforce.errors import Place
from connector.salesforce.org import Json
from connector.salesforce.wire import Wire
from connector.spelling import spelt

NOTHING = "#N/A"
"""What empties a field in an ingest file, where an empty cell leaves it as it is (Bulk API 2.0, "Valid CSV")."""


class Encoder:
    """Checks every value against the describe before it is sent."""

    def __init__(self, wire: Wire, catalogue: Catalogue) -> None:
        self._wire = wire
        self._catalogue = catalogue

    def place(self, change: Change) -> Place:
        """Where a failure of this change happens."""
        return self._wire.place(change.kind)

    def row(self, change: Change) -> Json:
        """One record of a collection. Raises PauseMapping, Rejected."""
        name = change.by if change.op is Op.UPSERT else "id"
        key = self.key(change) if change.op is Op.UPSERT else long_id(change.key)
        return {"attributes": {"type": change.kind}, **self.values(change), name: key}

    def line(self, change: Change) -> dict[str, str]:
        """One row of an ingest file. Raises PauseMapping, Rejected."""
        name = change.by if change.op is Op.UPSERT else "Id"
        key = self.key(change) if change.op is Op.UPSERT else long_id(change.key)
        return {field: _cell(value) for field, value in self.values(change).items()} | {name: str(key)}

    def key(self, change: Change) -> object:
        """The value of an upsert's key field, which must be ours alone to be safe to repeat."""
        info = self.field(change, change.by)
        if not info.unique:
            raise Rejected(f"{self.place(change)}: {change.by} is not unique; map the key to a unique external id")
        if not self._catalogue.is_external_id(change.kind, change.by):
            raise Rejected(f"{self.place(change)}: {change.by} is no External ID; mark it so, or map another key")
        return self.value(change, info, change.key)

    def values(self, change: Change) -> Json:
        """The fields of a change. Raises PauseMapping, Rejected."""
        return {name: self.value(change, self.field(change, name), text) for name, text in change.values}

    def field(self, change: Change, name: str) -> FieldInfo:
        """A field that we may write. Raises PauseMapping."""
        info = self._catalogue.fields(change.kind).get(name)
        if info is None:
            message = f"{self.place(change)}: no field {name} for us; correct the mapping or give access to it"
            raise PauseMapping(message, kind=change.kind, field=name)
        if not info.writable:
            message = f"{self.place(change)}: {name} is read-only for us; correct the mapping or give access to it"
            raise PauseMapping(message, kind=change.kind, field=name)
        return info

    def value(self, change: Change, info: FieldInfo, text: Text) -> object:
        """A value as Salesforce's JSON wants it. A checkbox cannot be empty: clearing it unticks it."""
        if info.type is FieldType.BOOLEAN and text is None:
            return False
        if text is None:
            return None
        if not spelt(info.type, text):
            raise Rejected(f"{self.place(change)}: {info.name}: {text!r} is no {info.type}; correct the value")
        match info.type:
            case FieldType.NUMBER:
                return Decimal(text)
            case FieldType.BOOLEAN:
                return text == "true"
            case FieldType.REFERENCE:
                return long_id(text)
        return text

    def parent(self, change: Change) -> str:
        """The record that Salesforce locks for this change: the first one it refers to, as far as we know, else
        itself. Asks nothing.
        """
        known = self._catalogue.last(change.kind)
        for name, text in change.values:
            if text and name in known and known[name].type is FieldType.REFERENCE:
                return long_id(text)
        return change.key


def _cell(value: object) -> str:
    match value:
        case None:
            return NOTHING
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
    return str(value)
