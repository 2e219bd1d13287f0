"""What was decided: read as the history of a group, written as the verdict on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from connector.record import datetime_text
from sync.audit import Event, Kind
from sync.model.facts import Facts, History, Verdict
from sync.model.registration import Standing
from sync.model.ruling import Case, CaseState, Decision, Joint
from sync.model.split import Split
from sync.store.dialect import insert
from sync.store.persons import Exchange, reveal
from sync.store.rows import chunks, moment_text, upsert
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
        rows = connection.execute(select(table.c.id, table.c.body).where(table.c.id.in_(chunk))).all()
        for row, body in zip(rows, reveal(connection, [row.body for row in rows]), strict=True):
            found[row.id] = msgspec.json.decode(body, type=shape)
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
        rows = connection.execute(select(joint.c.id, joint.c.body).where(joint.c.opportunity_id.in_(chunk))).all()
        for row, body in zip(rows, reveal(connection, [row.body for row in rows]), strict=True):
            found[row.id] = msgspec.json.decode(body, type=Joint)
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
        rows = connection.execute(query).all()
        for row, body in zip(rows, reveal(connection, [row.body for row in rows]), strict=True):
            found[row.opportunity_id] = msgspec.json.decode(body, type=Split)
    return found


def record_verdict(
    connection: Connection, history: History, verdict: Verdict, now: datetime, hidden: Exchange = str
) -> list[Event]:
    """Store what changed, and return it to be sealed in the same transaction (`sync.store.audit.seal_events`).

    A decision that is already there stays as it is: recording twice records once. ``hidden`` takes persons' names
    out of what is stored.
    """
    at = moment_text(now)
    events = [*_add_decisions(connection, verdict.decisions, hidden, at)]
    events += _store_standings(connection, history, verdict, hidden, at)
    events += _store_cases(connection, history, verdict, hidden, at)
    fresh = [entry for entry in verdict.joints if history.joints.get(entry.id) != entry]
    upsert(
        connection,
        joint,
        [
            {"id": entry.id, "opportunity_id": entry.opportunity_id, "body": hidden(encode(entry))}
            for entry in fresh
        ],
    )
    return events + _store_splits(connection, history, verdict, hidden, at)


def _add_decisions(
    connection: Connection, decisions: Sequence[Decision], hidden: Exchange, at: str
) -> Iterator[Event]:
    there: set[str] = set()
    for chunk in chunks([entry.id for entry in decisions]):
        there.update(connection.scalars(select(decision.c.id).where(decision.c.id.in_(chunk))))
    rows = [
        {
            "id": entry.id,
            "subject": entry.subject,
            "event": entry.event,
            "to_state": entry.to_state,
            "person": entry.person,
            "at": datetime_text(entry.at),
            "body": hidden(encode(entry)),
        }
        for entry in decisions
        if entry.id not in there
    ]
    if rows:
        connection.execute(insert(connection, decision), rows)
    for row in rows:
        yield Event(str(row["subject"]), Kind.DECISION, str(row["id"]), at, str(row["body"]))


def _store_standings(
    connection: Connection, history: History, verdict: Verdict, hidden: Exchange, at: str
) -> list[Event]:
    changed = [entry for entry in verdict.standings if history.standings.get(entry.registration_id) != entry]
    rows = [{"id": entry.registration_id, "state": entry.state, "body": hidden(encode(entry))} for entry in changed]
    upsert(connection, standing, rows)
    return [Event(str(row["id"]), Kind.STANDING, "", at, str(row["body"])) for row in rows]


def _store_cases(
    connection: Connection, history: History, verdict: Verdict, hidden: Exchange, at: str
) -> list[Event]:
    changed = [case for case in verdict.cases if history.cases.get(case.id) != case]
    rows = [
        {"id": case.id, "kind": case.kind, "state": case.state, "body": hidden(encode(case))} for case in changed
    ]
    upsert(connection, case_file, rows)
    members = [{"registration_id": own, "case_id": case.id} for case in changed for own in case.registrations]
    upsert(connection, case_member, members)
    return [Event(str(row["id"]), Kind.CASE, "", at, str(row["body"])) for row in rows]


def _store_splits(
    connection: Connection, history: History, verdict: Verdict, hidden: Exchange, at: str
) -> list[Event]:
    """Versions that are new, splits that begin again, splits that nobody is in any more."""
    fresh = [entry for entry in verdict.splits if history.splits.get(entry.opportunity_id) != entry]
    rows = [_split_row(entry, hidden(encode(entry)), at) for entry in fresh]
    upsert(connection, split, rows)
    events = [
        Event(entry.opportunity_id, Kind.SPLIT, str(entry.version), at, str(row["body"]))
        for entry, row in zip(fresh, rows, strict=True)
    ]
    kept = {entry.opportunity_id for entry in verdict.splits}
    for deal in sorted(kept & history.splits.keys() - {entry.opportunity_id for entry in fresh}):
        version = history.splits[deal].version
        if body := _set_ended(connection, deal, version, ended=False):
            events.append(Event(deal, Kind.SPLIT, str(version), at, body))
    for deal in sorted(history.splits.keys() - kept):
        if _set_ended(connection, deal, history.splits[deal].version, ended=True):
            events.append(Event(deal, Kind.ENDED, "", at, ""))
    return events


def _split_row(entry: Split, body: str, at: str) -> dict[str, Any]:
    names = {"opportunity_id": entry.opportunity_id, "version": entry.version}
    return names | {"body": body, "at": at, "ended": False}


def _set_ended(connection: Connection, deal: str, version: int, *, ended: bool) -> str | None:
    """Begin or end one split; its text when that changed anything."""
    changed = update(split).where(
        split.c.opportunity_id == deal, split.c.version == version, split.c.ended != ended
    )
    body: str | None = connection.scalar(changed.values(ended=ended).returning(split.c.body))
    return body


def decisions_on(connection: Connection, subjects: Sequence[str]) -> list[Decision]:
    """Every decision on some registrations, oldest first."""
    found = []
    for chunk in chunks(subjects):
        query = select(decision.c.body).where(decision.c.subject.in_(chunk)).order_by(decision.c.seq)
        bodies = reveal(connection, list(connection.scalars(query)))
        found += [msgspec.json.decode(body, type=Decision) for body in bodies]
    return found


def count_open_cases(connection: Connection) -> dict[str, int]:
    """How many cases wait for a person, by kind."""
    query = (
        select(case_file.c.kind, func.count()).where(case_file.c.state == CaseState.OPEN).group_by(case_file.c.kind)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
