"""What was decided: read as the history of a group, written as the verdict on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from connector.record import datetime_text
from sync.model.facts import Facts, History, Verdict
from sync.model.registration import Standing
from sync.model.ruling import Case, CaseState, Decision, Joint
from sync.model.split import Split
from sync.store.rows import chunks, upsert
from sync.store.tables import case_file, case_member, decision, joint, split, standing


def encode(value: Any) -> str:
    """One value of the model as JSON text."""
    return msgspec.json.encode(value).decode()


def load_history(connection: Connection, facts: Sequence[Facts]) -> list[History]:
    """The history of each group, in the order given, read together."""
    registrations = [entry.id for group in facts for entry in group.registrations]
    deals = [entry.id for group in facts for entry in group.opportunities]
    standings = _by_id(connection, standing, registrations, Standing)
    cases = _cases(connection, registrations)
    joints = _joints(connection, deals)
    splits = _splits(connection, deals)
    return [_history(group, (standings, cases, joints, splits)) for group in facts]


def _history(group: Facts, known: tuple[Any, Any, Any, Any]) -> History:
    standings, cases, joints, splits = known
    own = {entry.id for entry in group.registrations}
    deals = {entry.id for entry in group.opportunities}
    return History(
        standings={key: standings[key] for key in own if key in standings},
        cases={case.id: case for case in cases.values() if own & set(case.registrations)},
        joints={entry.id: entry for entry in joints.values() if entry.opportunity_id in deals},
        splits={key: splits[key] for key in deals if key in splits},
    )


def _by_id(connection: Connection, table: Any, ids: Sequence[str], shape: Any) -> dict[str, Any]:
    found = {}
    for chunk in chunks(ids):
        for row in connection.execute(select(table.c.id, table.c.body).where(table.c.id.in_(chunk))):
            found[row.id] = msgspec.json.decode(row.body, type=shape)
    return found


def _cases(connection: Connection, registrations: Sequence[str]) -> dict[str, Case]:
    ids: set[str] = set()
    for chunk in chunks(registrations):
        query = select(case_member.c.case_id).where(case_member.c.registration_id.in_(chunk))
        ids.update(connection.scalars(query))
    return _by_id(connection, case_file, sorted(ids), Case)


def _joints(connection: Connection, deals: Sequence[str]) -> dict[str, Joint]:
    found = {}
    for chunk in chunks(deals):
        for row in connection.execute(select(joint.c.id, joint.c.body).where(joint.c.opportunity_id.in_(chunk))):
            found[row.id] = msgspec.json.decode(row.body, type=Joint)
    return found


def _splits(connection: Connection, deals: Sequence[str]) -> dict[str, Split]:
    found = {}
    for chunk in chunks(deals):
        latest = (
            select(split.c.opportunity_id, func.max(split.c.version).label("version"))
            .where(split.c.opportunity_id.in_(chunk))
            .group_by(split.c.opportunity_id)
            .subquery()
        )
        query = select(split.c.opportunity_id, split.c.body).join(
            latest,
            (split.c.opportunity_id == latest.c.opportunity_id) & (split.c.version == latest.c.version),
        )
        for row in connection.execute(query):
            found[row.opportunity_id] = msgspec.json.decode(row.body, type=Split)
    return found


def record_verdict(connection: Connection, history: History, verdict: Verdict, now: datetime) -> None:
    """Store what changed. A decision that is already there stays as it is: recording twice records once."""
    _add_decisions(connection, verdict.decisions)
    _replace(connection, standing, verdict.standings, history.standings, "registration_id")
    changed = [case for case in verdict.cases if history.cases.get(case.id) != case]
    upsert(
        connection,
        case_file,
        [{"id": case.id, "kind": case.kind, "state": case.state, "body": encode(case)} for case in changed],
    )
    members = [{"registration_id": own, "case_id": case.id} for case in changed for own in case.registrations]
    upsert(connection, case_member, members)
    fresh = [entry for entry in verdict.joints if history.joints.get(entry.id) != entry]
    upsert(
        connection,
        joint,
        [{"id": entry.id, "opportunity_id": entry.opportunity_id, "body": encode(entry)} for entry in fresh],
    )
    _store_splits(connection, history, verdict, now)


def _add_decisions(connection: Connection, decisions: Iterable[Decision]) -> None:
    rows = [
        {
            "id": entry.id,
            "subject": entry.subject,
            "event": entry.event,
            "to_state": entry.to_state,
            "person": entry.person,
            "at": datetime_text(entry.at),
            "body": encode(entry),
        }
        for entry in decisions
    ]
    if rows:
        connection.execute(insert(decision).on_conflict_do_nothing(index_elements=["id"]), rows)


def _replace(
    connection: Connection, table: Any, entries: Iterable[Standing], before: Mapping[str, Standing], key: str
) -> None:
    changed = [entry for entry in entries if before.get(getattr(entry, key)) != entry]
    rows = [{"id": getattr(entry, key), "state": entry.state, "body": encode(entry)} for entry in changed]
    upsert(connection, table, rows)


def _store_splits(connection: Connection, history: History, verdict: Verdict, now: datetime) -> None:
    standing_now = {entry.opportunity_id for entry in verdict.splits}
    rows = [
        {
            "opportunity_id": entry.opportunity_id,
            "version": entry.version,
            "body": encode(entry),
            "at": datetime_text(now),
            "ended": False,
        }
        for entry in verdict.splits
    ]
    upsert(connection, split, rows)
    for deal in history.splits.keys() - standing_now:
        connection.execute(update(split).where(split.c.opportunity_id == deal).values(ended=True))


def decisions_on(connection: Connection, subjects: Sequence[str]) -> list[Decision]:
    """Every decision on some registrations, oldest first."""
    found = []
    for chunk in chunks(subjects):
        query = select(decision.c.body).where(decision.c.subject.in_(chunk)).order_by(decision.c.seq)
        found += [msgspec.json.decode(body, type=Decision) for body in connection.scalars(query)]
    return found


def count_open_cases(connection: Connection) -> dict[str, int]:
    """How many cases wait for a person, by kind."""
    query = (
        select(case_file.c.kind, func.count()).where(case_file.c.state == CaseState.OPEN).group_by(case_file.c.kind)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
