"""Notes and invitations of the portal: notes are only added, an invitation is answered once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, func, select, update

from sync.model.portal import Answer, Invitation, Note, NoteKind
from sync.store.dialect import insert
from sync.store.persons import hide, reveal
from sync.store.rows import chunks, moment_text
from sync.store.tables import metadata

note = Table(
    "note",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("registration", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("note_registration", note.c.registration, note.c.seq)
Index("note_kind", note.c.kind, note.c.seq)

invitation = Table(
    "invitation",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("to", String, nullable=False),
    Column("partner", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("invitation_to", invitation.c.to, invitation.c.answer)


def add_note(connection: Connection, new: Note) -> bool:
    """Keep what somebody said; ``False`` when it was said before."""
    body = hide(connection, {new.by})(msgspec.json.encode(new).decode())
    row = {"id": new.id, "registration": new.registration, "kind": new.kind, "rule": new.rule}
    said = row | {"at": moment_text(new.at), "body": body}
    done = connection.execute(insert(connection, note).on_conflict_do_nothing(index_elements=["id"]), said)
    return done.rowcount == 1


def notes_on(connection: Connection, registrations: Sequence[str]) -> list[Note]:
    """What was said about some registrations, in the order in which it was."""
    found: list[Any] = []
    for chunk in chunks(registrations):
        query = select(note.c.seq, note.c.body).where(note.c.registration.in_(chunk))
        found += connection.execute(query.order_by(note.c.seq)).all()
    bodies = reveal(connection, [row.body for row in sorted(found, key=lambda row: row.seq)])
    return [msgspec.json.decode(body, type=Note) for body in bodies]


def appeals(connection: Connection, limit: int) -> list[Note]:
    """The latest appeals, for who decides whether they are let in."""
    query = select(note.c.body).where(note.c.kind == NoteKind.APPEAL).order_by(note.c.seq.desc()).limit(limit)
    bodies = reveal(connection, list(connection.scalars(query)))
    return [msgspec.json.decode(body, type=Note) for body in bodies]


def feedback(connection: Connection) -> dict[str, dict[str, int]]:
    """How many found the rulings of each rule fair and unfair."""
    kinds = (NoteKind.FAIR, NoteKind.UNFAIR)
    query = select(note.c.rule, note.c.kind, func.count().label("times")).where(note.c.kind.in_(kinds))
    counted: dict[str, dict[str, int]] = {}
    for row in connection.execute(query.group_by(note.c.rule, note.c.kind)):
        counted.setdefault(row.rule, dict.fromkeys(kinds, 0))[row.kind] = row.times
    return counted


def invite(connection: Connection, new: Iterable[Invitation]) -> None:
    """Keep some invitations."""
    for own in new:
        body = hide(connection, {own.by, own.to})(msgspec.json.encode(own).decode())
        row = {"id": own.id, "to": own.to.casefold(), "partner": own.partner, "answer": own.answer}
        connection.execute(insert(connection, invitation), [row | {"body": body}])


def invitations_to(connection: Connection, login: str) -> list[Invitation]:
    """What somebody is invited to and has not answered, the oldest first."""
    query = select(invitation.c.body).where(invitation.c.to == login.casefold(), invitation.c.answer == Answer.OPEN)
    bodies = reveal(connection, list(connection.scalars(query.order_by(invitation.c.seq))))
    return [msgspec.json.decode(body, type=Invitation) for body in bodies]


def invitations_of(connection: Connection, partner: str, registration: str) -> list[Invitation]:
    """Whom a partner invited to join one registration, and what they said."""
    query = select(invitation.c.body, invitation.c.answer).where(invitation.c.partner == partner)
    rows = connection.execute(query.order_by(invitation.c.seq)).all()
    bodies = reveal(connection, [row.body for row in rows])
    found = [
        replace(msgspec.json.decode(body, type=Invitation), answer=Answer(row.answer))
        for row, body in zip(rows, bodies, strict=True)
    ]
    return [own for own in found if own.registration == registration]


def answer(connection: Connection, ident: str, login: str, said: Answer) -> bool:
    """Answer an invitation; ``False`` when there is none to this person, or it was answered before."""
    mine = (invitation.c.id == ident, invitation.c.to == login.casefold(), invitation.c.answer == Answer.OPEN)
    return connection.execute(update(invitation).where(*mine).values(answer=said)).rowcount == 1
