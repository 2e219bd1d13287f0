"""Finds what a person means: an id of a CRM, one of ours, or the beginning of one that only one thing has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from connector.record import Ref
from sync.model.registration import State
from sync.model.ruling import CaseState
from sync.store.dialect import begins, member
from sync.store.rows import chunks
from sync.store.tables import case_file, case_member, record, standing

SHORTEST: Final = 4
"""Fewer letters than this are no beginning of an id."""

MANY: Final = 200
"""So many ids are compared to say what may have been meant."""


@dataclass(frozen=True, slots=True)
class Known:
    """One thing of the store: its kind (``registration``, ``opportunity`` or ``case``), its id, and its group."""

    kind: str
    id: str
    group: str
    ref: Ref | None = None


def find(connection: Connection, ident: str) -> list[Known]:
    """What ``ident`` names: the one thing, or the several whose ids begin with it. Empty: nothing."""
    whole = (record.c.id == ident) | (record.c.key == ident) | (record.c.thing == ident)
    found = [*_records(connection, whole), *_cases(connection, case_file.c.id == ident)]
    if found or len(ident) < SHORTEST:
        return found[:1]
    parts = begins(record.c.id, ident) | begins(record.c.thing, ident)
    return [*_records(connection, parts), *_cases(connection, begins(case_file.c.id, ident))]


def _records(connection: Connection, condition: ColumnElement[bool]) -> list[Known]:
    columns = record.c.kind, record.c.thing, record.c.group_id, record.c.connection, record.c.object, record.c.id
    kinds = record.c.kind.in_(("registration", "opportunity"))
    rows = connection.execute(
        select(*columns).where(condition, kinds, ~record.c.deleted).order_by(record.c.key).limit(9)
    )
    return [Known(row.kind, row.thing, row.group_id, Ref(row.connection, row.object, row.id)) for row in rows]


def _cases(connection: Connection, condition: ColumnElement[bool]) -> list[Known]:
    ids = connection.scalars(select(case_file.c.id).where(condition).order_by(case_file.c.id).limit(9)).all()
    groups = groups_of_cases(connection, ids)
    return [Known("case", ident, groups[ident]) for ident in ids if ident in groups]


def near(connection: Connection, ident: str) -> list[str]:
    """Up to three ids that look like ``ident``."""
    begin = ident[:SHORTEST]
    names: set[str] = set()
    for column in (record.c.id, record.c.thing, case_file.c.id):
        query = select(column).where(begins(column, begin)).order_by(column).limit(MANY)
        names.update(connection.scalars(query))
    return get_close_matches(ident, sorted(names), n=3, cutoff=0.8)


def groups_of_cases(connection: Connection, cases: Sequence[str]) -> dict[str, str]:
    """The group in which each case is judged."""
    found: dict[str, str] = {}
    for chunk in chunks(list(cases)):
        query = (
            select(case_member.c.case_id, record.c.group_id)
            .join(record, record.c.thing == case_member.c.registration_id)
            .where(case_member.c.case_id.in_(chunk), record.c.kind == "registration", ~record.c.deleted)
        )
        found.update((row.case_id, row.group_id) for row in connection.execute(query.order_by(record.c.key.desc())))
    return found


def groups_with_cases(connection: Connection, *, only_open: bool, kind: str | None) -> list[str]:
    """The groups that have a case, by their names; ``kind``: like ``C02``."""
    query: Any = (
        select(record.c.group_id)
        .join(case_member, case_member.c.registration_id == record.c.thing)
        .join(case_file, case_file.c.id == case_member.c.case_id)
        .where(record.c.kind == "registration", ~record.c.deleted)
    )
    if only_open:
        query = query.where(case_file.c.state == CaseState.OPEN)
    if kind:
        query = query.where(case_file.c.kind == kind)
    return list(connection.scalars(query.distinct().order_by(record.c.group_id)))


def groups_with_requests(connection: Connection) -> list[str]:
    """The groups in which a partner asked for an extension and nobody has answered."""
    asked = member(connection, standing.c.body, "extension_due").is_not(None)
    query = (
        select(record.c.group_id)
        .join(standing, standing.c.id == record.c.thing)
        .where(record.c.kind == "registration", standing.c.state == State.APPROVED, asked)
    )
    return list(connection.scalars(query.distinct().order_by(record.c.group_id)))


REVIEWED: Final = (State.SUBMITTED, State.UNDER_REVIEW)
"""Where a registration waits for somebody's yes or no."""


def groups_with_reviews(connection: Connection, limit: int, skip: int) -> list[str]:
    """The groups in which a registration waits for an answer, whose answer is due first."""
    due = func.min(func.coalesce(member(connection, standing.c.body, "review_due"), "9"))
    query = _reviewed(select(record.c.group_id)).group_by(record.c.group_id).order_by(due, record.c.group_id)
    return list(connection.scalars(query.limit(limit).offset(skip)))


def count_reviews(connection: Connection) -> int:
    """How many registrations wait for an answer."""
    return connection.scalar(_reviewed(select(func.count(record.c.thing.distinct())))) or 0


def _reviewed(query: Any) -> Any:
    waits = standing.c.state.in_(REVIEWED), record.c.kind == "registration", ~record.c.deleted
    return query.join_from(record, standing, standing.c.id == record.c.thing).where(*waits)
