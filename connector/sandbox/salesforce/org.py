"""The stand-in org: its schema, tables, users, sessions and limits, built from a world."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.identifiers import long_id
from connector.sandbox.salesforce.schema import Object, Schema
from connector.sandbox.salesforce.select import Cursors
from connector.sandbox.salesforce.sessions import Client, Sessions
from connector.sandbox.salesforce.tables import Row, Tables
from connector.sandbox.salesforce.values import stamp_text, stored
from connector.sandbox.salesforce.writes import calculate, empty_row
from connector.sandbox.switchboard import Switchboard

ORG_ID = "00D5e0000000001EAA"
SERVICE = "0055e1000000001"
PERSON = "0055e1000000002"
_DAILY_LIMIT = 100_000
_DAY = timedelta(days=1)


class Org:
    """Everything that one org holds, and what a person can do to it behind the API's back."""

    def __init__(self, world: Mapping[str, Any], switchboard: Switchboard) -> None:
        facts: dict[str, Any] = world.get("org", {})
        self.settings: dict[str, Any] = switchboard.settings
        self.now = switchboard.now
        self._described: tuple[str, datetime] = ("", self.now())
        self.id = _known_id(facts.get("id", ORG_ID))
        currencies = tuple(facts.get("currencies", ("USD", "EUR", "GBP")))
        self.schema = Schema(
            self.settings,
            world.get("schema", {}),
            currencies=currencies,
            multi_currency=facts.get("multi_currency", False),
        )
        self._daily_limit = facts.get("daily_limit", _DAILY_LIMIT)
        self.tables = Tables(self.schema, self.now, self.settings)
        self.cursors = Cursors()
        self.ingest: dict[str, Any] = {}  # Bulk API 2.0 jobs by id
        self.query_jobs: dict[str, Any] = {}
        self.purged: list[tuple[str, str, datetime]] = []  # (object, id, when) of rows that no query finds
        self.log_start = datetime.min.replace(tzinfo=UTC)  # what was deleted before is in no log any more
        self._calls: deque[datetime] = deque()
        self._load(_with_users(world.get("objects", {}), self.id, facts))
        self.sessions = self._sessions()

    @property
    def daily_limit(self) -> int:
        """API calls that 24 hours allow."""
        return int(self.settings.get("daily_limit", self._daily_limit))

    def spend(self) -> None:
        """Count one API call. 403 REQUEST_LIMIT_EXCEEDED when the day is spent."""
        if self.used() >= self.daily_limit and self.settings.get("limits") != "off":
            raise Refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        self._calls.append(self.now())
        if self.settings.get("busy_calls"):
            self.settings["busy_calls"] -= 1
            raise Refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", status=403)

    def used(self) -> int:
        """API calls of the last 24 hours."""
        while self._calls and self._calls[0] <= self.now() - _DAY:
            self._calls.popleft()
        return len(self._calls)

    def described_since(self) -> datetime:
        """Since when describes read as they do now: what this user may see counts as much as the fields."""
        names = ("hidden_fields", "hidden_objects", "read_only_fields")
        seen = f"{self.schema.multi_currency} {[self.settings.get(name) for name in names]}"
        if seen != self._described[0]:
            # a whole second later at least: If-Modified-Since knows no parts of one
            later = self._described[1].replace(microsecond=0) + timedelta(seconds=1)
            self._described = (seen, max(later, self.now().replace(microsecond=0)))
        return self._described[1]

    def merge(self, kind: str, survivor: str, absorbed: str) -> None:
        """What a person's merge does: the children move, the absorbed row is deleted and names the survivor."""
        spec = self.schema.object(kind)
        winner, loser = _known_id(survivor), _known_id(absorbed)
        moment = stamp_text(self.now())
        for child in self.schema.objects:
            for field in (field for field in child.fields.values() if field.to == spec.name):
                table = self.tables.table(child)
                for row in [row for row in table.rows.values() if row[field.name] == loser]:
                    moved: Row = {field.name: winner, "SystemModstamp": moment, "LastModifiedDate": moment}
                    self.tables.put(table, str(row["Id"]), row | moved)
        table = self.tables.table(spec)
        gone: Row = {"IsDeleted": True, "MasterRecordId": winner, "SystemModstamp": moment}
        self.tables.put(table, loser, table.rows[loser] | gone)

    def purge(self, kind: str, row_id: str) -> None:
        """Delete a row for good, as emptying the recycle bin does: no query finds a trace of it, only the log."""
        spec, name = self.schema.object(kind), _known_id(row_id)
        self.tables.put(self.tables.table(spec), name, None)
        self.purged.append((spec.name, name, self.now()))

    def undelete(self, kind: str, row_id: str) -> None:
        """Take a row out of the recycle bin again, as a person does."""
        table = self.tables.table(self.schema.object(kind))
        back: Row = {"IsDeleted": False, "SystemModstamp": stamp_text(self.now())}
        self.tables.put(table, _known_id(row_id), table.rows[_known_id(row_id)] | back)

    def _load(self, objects: Mapping[str, list[Mapping[str, Any]]]) -> None:
        for kind, rows in objects.items():
            spec = self.schema.find(kind)
            if spec is None:
                raise ValueError(f"the world's object {kind!r} is not in the schema: declare it under 'schema'")
            table = self.tables.table(spec)
            for number, values in enumerate(rows):
                try:
                    row = self._row(spec, values)
                except Refusal as refusal:
                    raise ValueError(f"row {number + 1} of {kind} in the world: {refusal.message}") from refusal
                row_id = str(row["Id"] or table.fresh_id())
                if row_id in table.rows:
                    raise ValueError(f"row {number + 1} of {kind} in the world: Id {row_id} is there twice")
                table.replace(row_id, row | {"Id": row_id})

    def _row(self, spec: Object, values: Mapping[str, Any]) -> Row:
        """A row as a world gives it; what it leaves out is set as if the service had created it now."""
        row = empty_row(spec)
        for name, value in values.items():
            field = spec.fields.get(name.lower())
            if field is None:
                raise Refusal("INVALID_FIELD", f"No such column '{name}' on sobject of type {spec.name}")
            row[field.name] = stored(field, value, trusted=True)
        created = row.get("CreatedDate") or row.get("SystemModstamp") or stamp_text(self.now())
        changed = row.get("SystemModstamp") or created
        service = long_id(SERVICE)
        defaults: Row = {"CreatedDate": created, "SystemModstamp": changed, "LastModifiedDate": changed}
        defaults |= {"OwnerId": service, "CreatedById": service, "LastModifiedById": service}
        row |= {name: value for name, value in defaults.items() if name in row and row[name] is None}
        calculate(spec, row)
        return row

    def _sessions(self) -> Sessions:
        users = self.tables.table(self.schema.object("User")).rows
        names = {str(row["Username"]).lower(): user_id for user_id, row in users.items() if row["Username"]}
        clients = {
            "dealsync": Client("sandbox-secret", _known_id(SERVICE)),
            "person": Client("sandbox", _known_id(PERSON)),
        }
        return Sessions(self.now, self.settings, clients, names, self.id)


def _with_users(
    objects: Mapping[str, list[Mapping[str, Any]]], org_id: str, facts: Mapping[str, Any]
) -> dict[str, list[Mapping[str, Any]]]:
    """The world's rows, and the rows no org is without: the org itself, and the two users who sign in."""
    org = {
        "Id": org_id,
        "Name": facts.get("name", "Sandbox"),
        "OrganizationType": facts.get("edition", "Enterprise Edition"),
        "InstanceName": "SBX1",
        "IsSandbox": facts.get("is_sandbox", True),
        "DefaultCurrencyIsoCode": facts.get("currency", "USD"),
        "TimeZoneSidKey": "GMT",
    }
    users = [
        {"Id": SERVICE, "Name": "Integration User", "Username": "dealsync@sandbox.test", "IsActive": True},
        {"Id": PERSON, "Name": "Pat Person", "Username": "person@sandbox.test", "IsActive": True},
    ]
    given = {long_id(str(row.get("Id", ""))) for row in objects.get("User", [])}
    missing = [user for user in users if long_id(str(user["Id"])) not in given]
    return {**objects, "Organization": [org], "User": [*objects.get("User", []), *missing]}


def _known_id(text: str) -> str:
    found = long_id(text)
    if found is None:
        raise ValueError(f"{text!r} is no Salesforce id: 15 characters, or 18 with the right checksum")
    return found
