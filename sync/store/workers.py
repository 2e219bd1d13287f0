"""Who works on this store: every process says that it lives, on the database's clock, or else is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import Column, Connection, String, Table, delete, select, update

from sync.store.dialect import moment
from sync.store.rows import moment_text, upsert
from sync.store.tables import lease, metadata

worker = Table(  # who lives: each says so again and again, on the clock of the database
    "worker",
    metadata,
    Column("token", String, primary_key=True),  # one for each start of a process
    Column("name", String, nullable=False),
    Column("until", String, nullable=False),
)

LIVES: Final = timedelta(seconds=30)
"""How long a worker counts as alive after it last said so: several times as long as it takes to say it again."""


def arrive(connection: Connection, token: str, name: str) -> bool:
    """A worker begins; False, and nothing is kept, while another one of this name lives."""
    if name in living(connection, but=token).values():
        return False
    upsert(connection, worker, [{"token": token, "name": name, "until": _end(connection)}])
    return True


def say_alive(connection: Connection, token: str) -> None:
    """It goes on; one that was forgotten stays so, and finds out by what it has lost."""
    connection.execute(update(worker).where(worker.c.token == token).values(until=_end(connection)))


def bury(connection: Connection, tokens: Iterable[str]) -> None:
    """These are known to be dead: nobody waits for their time to end, nor for what they led."""
    for token in tokens:
        name = connection.scalar(select(worker.c.name).where(worker.c.token == token))
        connection.execute(delete(worker).where(worker.c.token == token))
        connection.execute(update(lease).where(lease.c.holder == name).values(holder="", until=""))


def leave(connection: Connection, token: str) -> None:
    """A worker ends; with it go those that ended without a word."""
    gone = (worker.c.token == token) | (worker.c.until < moment_text(moment(connection) - LIVES))
    connection.execute(delete(worker).where(gone))


def living(connection: Connection, but: str = "") -> dict[str, str]:
    """The names of those that live, by token. One whose time lies too far ahead saw the clock stepped back."""
    now = moment(connection)
    between = worker.c.until.between(moment_text(now), moment_text(now + LIVES))
    return {row.token: row.name for row in connection.execute(select(worker).where(between, worker.c.token != but))}


def _end(connection: Connection) -> str:
    return moment_text(moment(connection) + LIVES)
