"""The outbox of letters: each is written down before it is sent and after, so that it is never sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, func, select, update

from sync.model.letter import Letter
from sync.model.registration import State
from sync.store.dialect import insert
from sync.store.rows import moment_text
from sync.store.runs import recall, remember
from sync.store.tables import decision, metadata, standing


class MailState(StrEnum):
    """What became of a letter."""

    WAITING = "WAITING"
    SENDING = "SENDING"  # the server was being told when we last looked: it may or may not have it
    SENT = "SENT"
    FAILED = "FAILED"


mail = Table(
    "mail",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("user_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("why", Text, nullable=False),
)
Index("mail_state", mail.c.state, mail.c.seq)

PLACE: Final = "mail after"
"""The setting that holds the last decision that was looked at."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """One decision that nobody was told of yet; ``moved``: it changed the state."""

    seq: int
    id: str
    subject: str
    event: str
    to_state: str
    moved: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter and what became of it."""

    id: str
    letter: Letter
    state: MailState
    tries: int
    at: str
    why: str


def begin(connection: Connection) -> int:
    """The last decision that was looked at; the first time, the last that there is."""
    if known := recall(connection, PLACE):
        return int(known)
    last = connection.scalar(select(func.max(decision.c.seq))) or 0
    keep_place(connection, last)
    return last


def keep_place(connection: Connection, last: int) -> None:
    """Everything up to this decision was looked at."""
    remember(connection, PLACE, str(last))


def decided_after(connection: Connection, last: int, limit: int) -> list[Fresh]:
    """The decisions that came after one, in order."""
    query = select(decision).where(decision.c.seq > last).order_by(decision.c.seq).limit(limit)
    found = []
    for row in connection.execute(query):
        before = msgspec.json.decode(row.body).get("from_state")
        found.append(Fresh(row.seq, row.id, row.subject, row.event, row.to_state, before != row.to_state))
    return found


def ending(connection: Connection, days: Sequence[date]) -> dict[str, str]:
    """The approved registrations whose protection ends on one of some days, with that day; asked once a day."""
    found: dict[str, str] = {}
    for day in days:
        said = standing.c.body.contains(f'"protection_end":"{day.isoformat()}"', autoescape=True)
        query = select(standing.c.id).where(standing.c.state == State.APPROVED, said)
        found |= dict.fromkeys(connection.scalars(query), day.isoformat())
    return found


def add(connection: Connection, letters: Iterable[tuple[str, Letter]], now: datetime) -> int:
    """Keep letters until they are sent; how many are new."""
    count = 0
    for ident, letter in letters:
        row = {"id": ident, "user_id": letter.user, "state": MailState.WAITING, "tries": 0, "why": ""}
        row |= {"at": moment_text(now), "body": msgspec.json.encode(letter).decode()}
        count += connection.execute(
            insert(connection, mail).on_conflict_do_nothing(index_elements=["id"]), row
        ).rowcount
    return count


def latest(connection: Connection, limit: int) -> list[Mail]:
    """The latest letters, newest first."""
    return [_mail(row) for row in connection.execute(select(mail).order_by(mail.c.seq.desc()).limit(limit))]


def waiting(connection: Connection, limit: int) -> list[Mail]:
    """The oldest letters that wait."""
    query = select(mail).where(mail.c.state == MailState.WAITING).order_by(mail.c.seq).limit(limit)
    return [_mail(row) for row in connection.execute(query)]


def some(connection: Connection, ids: Sequence[str]) -> list[Mail]:
    """Some letters as they are now."""
    return [_mail(row) for row in connection.execute(select(mail).where(mail.c.id.in_(ids)))]


def settle(connection: Connection, ident: str, state: MailState, why: str = "", more: int = 0) -> None:
    """What became of a letter; ``more``: tries that it took."""
    tried = {"state": state, "why": why, "tries": mail.c.tries + more}
    connection.execute(update(mail).where(mail.c.id == ident).values(tried))


def _mail(row: Any) -> Mail:
    letter = msgspec.json.decode(row.body, type=Letter)
    return Mail(row.id, letter, MailState(row.state), row.tries, row.at, row.why)
