"""Reads connected groups back out of the store, as rows in our words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, select

from connector.record import Ref
from sync.identity.link import Said
from sync.mapping.fieldmap import Mappings
from sync.model.row import Row
from sync.store.dialect import PLACE
from sync.store.intake import stored_record
from sync.store.involved import partners_named
from sync.store.rows import chunks, of_object
from sync.store.said import said_about
from sync.store.tables import baseline, problem, record


@dataclass(frozen=True, slots=True)
class Group:
    """One connected group: its rows, the rows of every partner that appears in it, and what people said of them."""

    id: str
    rows: tuple[Row, ...]
    partner_rows: tuple[Row, ...]
    said: tuple[Said, ...] = ()


def load_groups(connection: Connection, ids: Sequence[str], mappings: Mappings) -> list[Group]:
    """Some groups, whole."""
    rows = _rows(connection, ids, mappings)
    partners = _partner_rows(connection, rows, mappings)
    found = [Group(group, tuple(rows.get(group, ())), _partners_of(rows.get(group, ()), partners)) for group in ids]
    keys = sorted({str(row.ref) for group in found for row in (*group.rows, *group.partner_rows)})
    said = said_about(connection, keys)
    return [replace(group, said=said) for group in found] if said else found


def _rows(connection: Connection, ids: Sequence[str], mappings: Mappings) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for chunk in chunks(ids):
        query = select(record).where(record.c.group_id.in_(chunk)).order_by(record.c.key)
        for stored, row in understood(connection.execute(query).all(), mappings):
            found[stored.group_id].append(row)
    return found


def rows_named(connection: Connection, keys: Sequence[str], mappings: Mappings) -> dict[str, Row]:
    """Some rows in our words, by ``connection:object:id``; those that are unknown are left out."""
    found = {}
    for chunk in chunks(keys):
        stored = connection.execute(select(record).where(record.c.key.in_(chunk))).all()
        found.update({one.key: row for one, row in understood(stored, mappings)})
    return found


def understood(stored: Sequence[Any], mappings: Mappings) -> Iterator[tuple[Any, Row]]:
    """Stored rows, each as it reads in our words, in their order; those that no mapping reads are left out."""
    by_object: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for one in stored:
        by_object[one.connection, one.object].append(one)
    found: dict[str, Row] = {}
    for place, several in by_object.items():
        if field_map := mappings.of(*place):
            read = field_map.read_all([stored_record(field_map, one) for one in several])
            found.update(zip((one.key for one in several), (row for row, _ in read), strict=True))
    return ((one, found[one.key]) for one in stored if one.key in found)


def _partner_refs(rows: Iterable[Row]) -> set[Ref]:
    return {ref for row in rows for ref in partners_named(row)}


def _partner_rows(
    connection: Connection, rows: Mapping[str, Iterable[Row]], mappings: Mappings
) -> Mapping[Ref, tuple[Row, ...]]:
    """For each partner that is referred to: every account row of its own group, wherever that is."""
    refs = sorted({ref for group in rows.values() for ref in _partner_refs(group)})
    home: dict[str, list[Ref]] = defaultdict(list)
    for chunk in chunks(refs):
        keys = [str(ref) for ref in chunk]
        query = select(record.c.connection, record.c.object, record.c.id, record.c.group_id)
        for stored in connection.execute(query.where(record.c.key.in_(keys))):
            home[stored.group_id].append(Ref(stored.connection, stored.object, stored.id))
    found: dict[Ref, tuple[Row, ...]] = {}
    for groups in chunks(sorted(home)):
        accounts: dict[str, list[Row]] = defaultdict(list)
        query_rows = select(record).where(record.c.group_id.in_(groups), record.c.kind == "account")
        for stored, row in understood(connection.execute(query_rows.order_by(record.c.key)).all(), mappings):
            accounts[stored.group_id].append(row)
        for group in groups:
            found.update({ref: tuple(accounts[group]) for ref in home[group]})
    return found


def _partners_of(rows: Iterable[Row], partners: Mapping[Ref, tuple[Row, ...]]) -> tuple[Row, ...]:
    found = {row.ref: row for ref in _partner_refs(rows) for row in partners.get(ref, ())}
    return tuple(found[ref] for ref in sorted(found))


def load_baselines(
    connection: Connection, keys: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], dict[str, str | None]]:
    """What we last wrote to some rows, by (connection, object, row id or our key)."""
    by_object: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place, obj, key in sorted(set(keys)):
        by_object[place, obj].append(key)
    found: dict[tuple[str, str, str], dict[str, str | None]] = {}
    for (place, obj), ids in by_object.items():
        for chunk in chunks(ids):
            query = select(baseline.c.key, baseline.c.field, baseline.c.text).where(
                baseline.c.connection == place, baseline.c.object == obj, baseline.c.key.in_(chunk)
            )
            for stored in connection.execute(query):
                found.setdefault((place, obj, stored.key), {})[stored.field] = stored.text
    return found


def load_written(connection: Connection, crm: str, obj: str) -> dict[str, dict[str, str | None]]:
    """Everything that we last wrote to one object, by row id or our key."""
    found: dict[str, dict[str, str | None]] = {}
    query = select(baseline.c.key, baseline.c.field, baseline.c.text)
    for stored in connection.execute(query.where(baseline.c.connection == crm, baseline.c.object == obj)):
        found.setdefault(stored.key, {})[stored.field] = stored.text
    return found


def load_projected(
    connection: Connection, lists: Iterable[tuple[str, str]], deals: Iterable[Ref]
) -> dict[tuple[str, str, str], dict[str, dict[str, str | None]]]:
    """What we last wrote to a CRM's own lists about deals: by (connection, object, deal's row), then by key."""
    rows = sorted(set(deals))
    found: dict[tuple[str, str, str], dict[str, dict[str, str | None]]] = {}
    for place, obj in lists:
        for chunk in chunks([ref.id for ref in rows if ref.connection == place]):
            asked = set(chunk)
            ends = [
                end for row in chunk for end in (row, f"{row};")
            ]  # what begins with ``row:`` comes before ``row;``
            for key, name, text in connection.exec_driver_sql(
                _written_about(connection.dialect.name, len(chunk)), (place, obj, *ends)
            ):
                deal = key.partition(":")[0]
                if deal in asked:
                    found.setdefault((place, obj, deal), {}).setdefault(key, {})[name] = text
    return found


@cache
def _written_about(dialect: str, deals: int) -> str:
    """The statement as text: so many conditions cost more to compile than to run. Values are always bound."""
    place = PLACE[dialect]
    about = " OR ".join([f'("key" >= {place} AND "key" < {place})'] * deals)
    where = f'"connection" = {place} AND "object" = {place} AND ({about})'
    return f'SELECT "key", "field", "text" FROM "baseline" WHERE {where}'  # noqa: S608


def group_of(connection: Connection, record_id: str) -> str | None:
    """The group of a record, by its id in the CRM, its full name ``connection:object:id``, or our own id."""
    named = (record.c.id == record_id) | (record.c.key == record_id) | (record.c.thing == record_id)
    query = select(record.c.group_id).where(named)
    return connection.scalar(query.order_by(record.c.key).limit(1))


def count_rows(connection: Connection) -> Mapping[tuple[str, str], int]:
    """How many live rows of each object we know: counted in two indexes, without looking at a row."""
    place = record.c.connection, record.c.object
    gone = select(*place, func.count()).where(record.c.deleted).group_by(*place)
    deleted = {(row[0], row[1]): row[2] for row in connection.execute(gone)}
    found = {where: number - deleted.get(where, 0) for where, number in _every_row(connection)}
    return {where: number for where, number in found.items() if number}


def _every_row(connection: Connection) -> Iterator[tuple[tuple[str, str], int]]:
    """Each object that we have rows of, in order, and how many: the keys of an object lie side by side."""
    after = ""
    while first := connection.scalar(select(func.min(record.c.key)).where(record.c.key > after)):
        crm, obj, _ = first.split(":", 2)
        number = connection.scalar(select(func.count()).select_from(record).where(of_object(crm, obj)))
        yield (crm, obj), int(number or 0)
        after = f"{crm}:{obj};"


def count_problems(connection: Connection) -> Mapping[str, int]:
    """How many open problems there are, by what is wrong."""
    query = (
        select(problem.c.what, func.count()).group_by(problem.c.what).order_by(func.count().desc(), problem.c.what)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def problem_rows(connection: Connection, most: int = 5) -> list[dict[str, Any]]:
    """Open problems by what is wrong: how many rows, the fix, and the places of some of them."""
    found = []
    for what, number in count_problems(connection).items():
        query = select(problem.c.place, problem.c.fix).where(problem.c.what == what).order_by(problem.c.place)
        rows = list(connection.execute(query.limit(most)))
        found.append({"why": what, "rows": number, "fix": rows[0].fix, "examples": [row.place for row in rows]})
    return found


def places_of(connection: Connection, ident: str) -> list[tuple[str, str, str]]:
    """Where a row is written (connection, object, id or our key): a CRM's own by its id, ours by its key."""
    written = select(baseline.c.connection, baseline.c.object, baseline.c.key).distinct()
    own = list(connection.execute(written.where(baseline.c.key == ident).order_by(baseline.c.connection)))
    if own:
        return [(row.connection, row.object, row.key) for row in own]
    named = (record.c.id == ident) | (record.c.key == ident)
    found = connection.execute(select(record).where(named).order_by(record.c.key))
    return [(row.connection, row.object, row.id) for row in found if row.kind != "attribution"]
