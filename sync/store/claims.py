"""Which worker has which due group of a run: taken in one short commit, taken over when its worker is no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, Column, Connection, Index, String, Table, delete, func, select, update

from sync.store.rows import chunks, moment_text, upsert
from sync.store.tables import due, metadata
from sync.store.workers import living

claim = Table(  # which worker has which due group in the run that is going on
    "claim",
    metadata,
    Column("group_id", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("token", String, nullable=False),
    Column("at", String, nullable=False),  # what made it due, as it was when it was taken
    Column("done", Boolean, nullable=False),
)
Index("claim_token", claim.c.token, claim.c.done)


class LostTurn(Exception):
    """This worker was taken for dead, and others have what it had; what it has not kept yet must not be kept."""


class Taken(NamedTuple):
    """``page``: groups to decide now. ``left``: what a dead worker had, to be read back first (`resume`)."""

    page: list[str]
    left: list[str]


def take(connection: Connection, run_id: str, token: str, now: datetime, most: int) -> Taken:
    """The next due groups of a run for this worker: first what a dead one has left, then what nobody has had."""
    if left := _orphans(connection, token, most):
        _keep(connection, run_id, token, dict.fromkeys(left, ""))
        return Taken([], left)
    last = connection.scalar(select(func.max(claim.c.group_id)).where(claim.c.run_id == run_id)) or ""
    query = (
        select(due.c.group_id, due.c.at)
        .where(due.c.at <= moment_text(now), due.c.group_id > last)
        .order_by(due.c.group_id)
        .limit(most)
    )
    fresh = {row.group_id: row.at for row in connection.execute(query)}
    _keep(connection, run_id, token, fresh)
    return Taken(list(fresh), [])


def resume(connection: Connection, run_id: str, token: str, left: Sequence[str], now: datetime) -> list[str]:
    """Those groups of a dead worker that are still to be decided; with the others it had done."""
    fence(connection, token, left)
    ready = {group: at for group, at in _due(connection, left).items() if at <= moment_text(now)}
    _keep(connection, run_id, token, ready)
    finish(connection, token, [group for group in left if group not in ready])
    return sorted(ready)


def _orphans(connection: Connection, token: str, most: int) -> list[str]:
    alive = [*living(connection), token]
    query = select(claim.c.group_id).where(~claim.c.done, claim.c.token.not_in(alive))
    return list(connection.scalars(query.order_by(claim.c.group_id).limit(most)))


def _due(connection: Connection, groups: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in chunks(groups):
        query = select(due.c.group_id, due.c.at).where(due.c.group_id.in_(chunk))
        found.update((row.group_id, row.at) for row in connection.execute(query))
    return found


def _keep(connection: Connection, run_id: str, token: str, groups: dict[str, str]) -> None:
    words = {"run_id": run_id, "token": token, "done": False}
    upsert(connection, claim, [{"group_id": group, "at": at, **words} for group, at in groups.items()])


def fence(connection: Connection, token: str, groups: Sequence[str]) -> None:
    """Raises LostTurn unless this worker still has all of these groups."""
    own = 0
    for chunk in chunks(groups):
        query = select(func.count()).where(claim.c.group_id.in_(chunk), claim.c.token == token)
        own += connection.scalar(query) or 0
    if own < len(groups):
        raise LostTurn("this worker was silent for too long, and another one has taken over what it had")


def unchanged(connection: Connection, groups: Sequence[str]) -> set[str]:
    """Those of some groups that nothing has made due again since they were taken."""
    same: set[str] = set()
    for chunk in chunks(groups):
        query = select(claim.c.group_id).join(due, due.c.group_id == claim.c.group_id)
        same.update(connection.scalars(query.where(claim.c.group_id.in_(chunk), claim.c.at == due.c.at)))
    return same


def finish(connection: Connection, token: str, groups: Sequence[str]) -> None:
    """This worker has done with some groups: nobody takes them again in this run."""
    for chunk in chunks(groups):
        mine = (claim.c.group_id.in_(chunk), claim.c.token == token)
        connection.execute(update(claim).where(*mine).values(done=True))


def busy(connection: Connection, but: str) -> list[str]:
    """The names of other living workers that have groups in hand."""
    names = living(connection, but)
    query = select(claim.c.token).where(~claim.c.done, claim.c.token.in_(list(names))).distinct()
    return sorted(names[token] for token in connection.scalars(query))


def clear(connection: Connection) -> None:
    """A run is over, or a new one begins: nobody has anything."""
    connection.execute(delete(claim))
