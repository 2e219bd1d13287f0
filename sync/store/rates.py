"""The exchange rates that a CRM keeps, as they were last read."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select

from sync.fx import spans_of, with_spans
from sync.mapping.fieldmap import Mappings
from sync.policy import Policies
from sync.store.intake import stored_record
from sync.store.tables import record


def with_rates(connection: Connection, policies: Policies, mappings: Mappings) -> Policies:
    """The policies with the rates of the CRM beside those of the file, where a reporting currency is set at all."""
    if policies.rates is None or not any(entry.canonical == "rate" for entry in mappings.all):
        return policies
    rows = []
    for stored in connection.execute(select(record).where(record.c.kind == "rate", ~record.c.deleted)):
        field_map = mappings.of(stored.connection, stored.object)
        if field_map:
            rows.append(field_map.read(stored_record(field_map, stored))[0].values)
    return replace(policies, rates=with_spans(policies.rates, spans_of(rows, policies.rates.base)))
