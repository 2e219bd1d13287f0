"""Single sign-on: tries that are under way, and which of our people somebody at a provider is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Boolean, Column, Connection, String, Table, Text, delete, insert, select

from sync.store.rows import moment_text
from sync.store.tables import metadata

LIVES: Final = timedelta(minutes=10)
"""So long somebody may take at the provider."""

sso_try = Table(  # a sign-in that was begun; the id is a hash of its state
    "sso_try",
    metadata,
    Column("id", String, primary_key=True),
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("path", Text, nullable=False),
    Column("ends_at", String, nullable=False),
)

sso_person = Table(  # who somebody at a provider is here; once known, a changed mail address changes nothing
    "sso_person",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("by_rule", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Try:
    """A sign-in that was begun; ``path``: where it leads afterwards, if anywhere."""

    nonce: str
    verifier: str
    path: str


@dataclass(frozen=True, slots=True)
class Known:
    """Which of our people it is; ``by_rule``: let in by a rule of config.toml, which has to go on saying so."""

    user_id: str
    by_rule: bool


def begin_try(connection: Connection, state: str, begun: Try, now: datetime) -> None:
    """A sign-in begins; those that nobody came back from end."""
    connection.execute(delete(sso_try).where(sso_try.c.ends_at <= moment_text(now)))
    row = {"id": _hidden(state), "nonce": begun.nonce, "verifier": begun.verifier, "path": begun.path}
    connection.execute(insert(sso_try), [row | {"ends_at": moment_text(now + LIVES)}])


def take_try(connection: Connection, state: str, now: datetime) -> Try | None:
    """The sign-in with this state, once; ``None``: it is unknown, was used, or is too old."""
    here = sso_try.c.id == _hidden(state)
    row = connection.execute(select(sso_try).where(here)).one_or_none()
    taken = connection.execute(delete(sso_try).where(here)).rowcount
    if row is None or not taken or row.ends_at <= moment_text(now):
        return None
    return Try(row.nonce, row.verifier, row.path)


def known_as(connection: Connection, issuer: str, subject: str) -> Known | None:
    """Who of ours this is, if they came before."""
    here = sso_person.c.issuer == issuer, sso_person.c.subject == subject
    row = connection.execute(select(sso_person).where(*here)).one_or_none()
    return Known(row.user_id, row.by_rule) if row else None


def is_taken(connection: Connection, issuer: str, user_id: str) -> bool:
    """Whether somebody at this provider is this person already."""
    here = sso_person.c.issuer == issuer, sso_person.c.user_id == user_id
    return connection.execute(select(sso_person.c.subject).where(*here).limit(1)).first() is not None


def remember(connection: Connection, issuer: str, subject: str, known: Known) -> None:
    """From here on, this is who they are."""
    row = {"issuer": issuer, "subject": subject, "user_id": known.user_id, "by_rule": known.by_rule}
    connection.execute(insert(sso_person), [row])


def _hidden(secret: str) -> str:
    """What is kept of a secret: it is long and random, so a plain hash is enough."""
    return sha256(secret.encode()).hexdigest()
