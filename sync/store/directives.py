"""What people told dealsync: written once, never edited, read with the facts that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from connector.record import datetime_text
from sync.audit import Event, Kind
from sync.model.directive import Act, Directive
from sync.model.facts import Facts, History
from sync.store.audit import SAID, seal_events
from sync.store.persons import hide, reveal
from sync.store.rows import chunks, moment_text
from sync.store.tables import directive


def add_directives(connection: Connection, given: Iterable[Directive]) -> None:
    """Keep some directives, in this order, and seal them. One that is there already stays as it is."""
    fresh = _fresh(connection, {entry.id: entry for entry in given})
    hidden = hide(connection, {entry.by for entry in fresh})
    bodies = [hidden(msgspec.json.encode(entry).decode()) for entry in fresh]
    rows = [
        {
            "id": entry.id,
            "subject": entry.subject,
            "act": entry.act,
            "by": msgspec.json.decode(body)["by"],
            "at": datetime_text(entry.at),
            "body": body,
        }
        for entry, body in zip(fresh, bodies, strict=True)
    ]
    if rows:
        connection.execute(insert(directive), rows)
    seal_events(
        connection,
        [
            Event(SAID + entry.subject, Kind.DIRECTIVE, entry.id, moment_text(entry.at), body)
            for entry, body in zip(fresh, bodies, strict=True)
        ],
    )


def _fresh(connection: Connection, given: Mapping[str, Directive]) -> list[Directive]:
    there: set[str] = set()
    for chunk in chunks(list(given)):
        there.update(connection.scalars(select(directive.c.id).where(directive.c.id.in_(chunk))))
    return [entry for ident, entry in given.items() if ident not in there]


def load_directives(connection: Connection, subjects: Sequence[str]) -> dict[str, list[Directive]]:
    """The directives on some registrations, cases and deals, by subject, in the order in which they were given."""
    found: dict[str, list[Directive]] = {}
    for chunk in chunks(subjects):
        query = select(directive.c.seq, directive.c.body).where(directive.c.subject.in_(chunk))
        for entry in _read(connection, connection.execute(query.order_by(directive.c.seq)).all()):
            found.setdefault(entry.subject, []).append(entry)
    return found


def with_directives(connection: Connection, facts: Sequence[Facts], histories: Sequence[History]) -> list[Facts]:
    """The facts with all that people said about their registrations, deals and cases, and about who has a part."""
    subjects = [
        [
            *(r.id for r in own.registrations),
            *(d.id for d in own.opportunities),
            *history.cases,
            *sorted({party for posted in history.posted.values() for party, _ in posted.balances}),
        ]
        for own, history in zip(facts, histories, strict=True)
    ]
    said = load_directives(connection, sorted({subject for group in subjects for subject in group}))
    if not said:
        return list(facts)
    return [replace(own, directives=_in_order(said, group)) for own, group in zip(facts, subjects, strict=True)]


def _in_order(said: Mapping[str, Sequence[Directive]], subjects: Iterable[str]) -> tuple[Directive, ...]:
    found = (directive for subject in subjects for directive in said.get(subject, ()))
    return tuple(sorted(found, key=lambda directive: directive.seq))


def directives_after(connection: Connection, seq: int, limit: int) -> list[Directive]:
    """The next ``limit`` directives after ``seq``."""
    query = select(directive.c.seq, directive.c.body).where(directive.c.seq > seq)
    return _read(connection, connection.execute(query.order_by(directive.c.seq).limit(limit)).all())


def directives_of(connection: Connection, acts: Sequence[Act]) -> list[Directive]:
    """All directives of some kinds, in the order in which they were given."""
    query = select(directive.c.seq, directive.c.body).where(directive.c.act.in_(acts)).order_by(directive.c.seq)
    return _read(connection, connection.execute(query).all())


def _read(connection: Connection, rows: Sequence[Any]) -> list[Directive]:
    bodies = reveal(connection, [row.body for row in rows])
    return [
        replace(msgspec.json.decode(body, type=Directive), seq=row.seq)
        for row, body in zip(rows, bodies, strict=True)
    ]
