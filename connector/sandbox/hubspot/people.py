"""What people do inside HubSpot, for which there is no API call: restore a record, change an exchange rate."""

from __future__ import annotations

from datetime import datetime

from connector.sandbox.hubspot.portal import Portal, Rate
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.tables import Row, Source, Version
from connector.sandbox.hubspot.values import iso

CALCULATED = Source("CALCULATED", "")
MERGED = "hs_merged_object_ids"


def restore(portal: Portal, kind: str, id_: str) -> None:
    """Out of the recycle bin. The record's modification stamp does not move. Raises KeyError for an unknown id."""
    row = portal.tables[kind].rows[id_]
    if row.archived_at:
        row.archived_at = None
        portal.tables[kind].add(row)


def set_rate(portal: Portal, currency: str, rate: str) -> None:
    """Another exchange rate: amounts in the account's own currency change, and no stamp tells."""
    rates = portal.dated_rates
    rates[:] = [each._replace(current=False) if each.currency == currency else each for each in rates]
    rates.append(Rate(currency, rate, iso(portal.now())))
    for row in list(portal.tables["deals"].living()):
        now = portal.computed(portal.types["deals"], dict(row.properties))
        if now != row.properties:
            row.versions.append(Version(portal.now(), CALCULATED, now))


def renumbered(portal: Portal, kind: ObjectType, row: Row, now: datetime) -> Row:
    """A merge that gives the survivor a new id, as in some portals: both old records are merged into it."""
    table, new_id = portal.tables[kind.name], portal.next_id()
    merged = [*(row.properties.get(MERGED) or "").split(";"), row.id]
    properties = row.properties | {"hs_object_id": new_id, MERGED: ";".join(filter(None, merged))}
    table.remove(row)
    row.merged_into = new_id
    new = Row(new_id, row.created, [Version(now, row.versions[-1].source, properties)])
    table.add(new)
    portal.links.move(kind.name, row.id, new_id)
    return new
