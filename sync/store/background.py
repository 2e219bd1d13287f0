"""What the CRMs tell of deals in rows that no group has: whom the owners report to, which stage a deal had when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from connector.record import Ref
from sync.mapping.fieldmap import Mappings
from sync.model.deal import Opportunity, Stage
from sync.model.facts import Facts
from sync.model.row import Row
from sync.store.intake import stored_record
from sync.store.rows import chunks
from sync.store.tables import involved, record

LEVELS: Final = 20
"""So many levels of managers are looked at; a chain that is longer, or a circle, ends there."""


def with_background(connection: Connection, groups: Sequence[Facts], mappings: Mappings) -> list[Facts]:
    """The facts of some groups, each deal with what the mappings that are active tell of it."""
    kinds = {entry.canonical for entry in mappings.all}
    deals = [deal for group in groups for deal in group.opportunities]
    above = _managers(connection, deals, mappings) if "person" in kinds else {}
    stages = _stages(connection, deals, mappings) if "stage_history" in kinds else {}
    if not above and not stages:
        return list(groups)
    return [
        replace(group, opportunities=tuple(_told(deal, above, stages) for deal in group.opportunities))
        for group in groups
    ]


def _told(
    deal: Opportunity, above: Mapping[str, str], stages: Mapping[Ref, Sequence[tuple[datetime, Stage]]]
) -> Opportunity:
    managers = tuple(dict.fromkeys(boss for owner in deal.owners for boss in _chain(owner, above)))
    known = next((tuple(stages[ref]) for ref in deal.members if ref in stages), ())
    return replace(deal, managers=managers, stages=known)


def _chain(person: str, above: Mapping[str, str]) -> Iterator[str]:
    seen = {person}
    while (person := above.get(person, person)) not in seen:
        seen.add(person)
        yield person


def _managers(connection: Connection, deals: Iterable[Opportunity], mappings: Mappings) -> dict[str, str]:
    """Whom each owner reports to, and whom those do, by their ids."""
    above: dict[str, str] = {}
    asked = {owner for deal in deals for owner in deal.owners}
    for _ in range(LEVELS):
        found: dict[str, str] = {}
        for chunk in chunks(sorted(asked)):
            for row in _rows(connection, mappings, record.c.kind == "person", record.c.id.in_(chunk)):
                if boss := row.values.get("reports_to"):
                    found[row.ref.id] = boss.id
        above |= found
        asked = set(found.values()) - above.keys()
        if not asked:
            break
    return above


def _stages(
    connection: Connection, deals: Iterable[Opportunity], mappings: Mappings
) -> dict[Ref, list[tuple[datetime, Stage]]]:
    """Which stage each row of a deal had since when, the oldest first."""
    found: dict[Ref, list[tuple[datetime, Stage]]] = defaultdict(list)
    for chunk in chunks(sorted({str(ref) for deal in deals for ref in deal.members})):
        of_deals = select(involved.c.key).where(involved.c.partner.in_(chunk))
        for row in _rows(connection, mappings, record.c.kind == "stage_history", record.c.key.in_(of_deals)):
            deal, stage, at = (row.values.get(path) for path in ("opportunity", "stage", "at"))
            if deal and stage and at:
                found[deal].append((at, Stage(stage)))
    return {deal: sorted(moments, key=lambda entry: entry[0]) for deal, moments in found.items()}


def _rows(connection: Connection, mappings: Mappings, *conditions: ColumnElement[bool]) -> Iterator[Row]:
    query = select(record).where(~record.c.deleted, *conditions).order_by(record.c.key)
    for stored in connection.execute(query):
        if field_map := mappings.of(stored.connection, stored.object):
            yield field_map.read(stored_record(field_map, stored))[0]
