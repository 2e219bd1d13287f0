"""What people said about pairs of rows, and the ties that follow: linked rows are judged together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from sync.identity.anchors import anchors
from sync.identity.link import Said
from sync.model.directive import Act, Directive
from sync.model.row import Row
from sync.store.directives import add_directives
from sync.store.due import make_due
from sync.store.grouping import regroup
from sync.store.likeness_tables import likeness_due, said_pair
from sync.store.rows import rows_in, upsert
from sync.store.tables import directive, record


def ties_of(connection: Connection, rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """Every anchor of some rows: their own, and one for each row that they were linked with."""
    own = {str(row.ref): anchors(row).all for row in rows}
    for key, other, together, _ in _said(connection, sorted(own)) if _anything_said(connection) else ():
        if together:
            own[key] |= {said_anchor(key, other)}
    return own


def said_anchor(one: str, other: str) -> str:
    """What two rows share because they were linked."""
    return "said:{}~{}".format(*sorted((one, other)))


def said_about(connection: Connection, keys: Sequence[str]) -> tuple[Said, ...]:
    """What was said about some rows, by people or by their score. Empty at once where nothing was said at all."""
    if not _anything_said(connection):
        return ()
    found = {
        (min(key, other), max(key, other)): (bool(together), seq)
        for key, other, together, seq in _said(connection, keys)
    }
    return tuple(Said(one, other, *word) for (one, other), word in sorted(found.items()))


def _anything_said(connection: Connection) -> bool:
    return connection.scalar(select(said_pair.c.key).limit(1)) is not None


def _said(connection: Connection, keys: Sequence[str]) -> list[tuple[str, str, bool, int]]:
    return list(rows_in(connection, said_pair, ("key", "other", "together", "seq"), "key", keys))


def say_pair(connection: Connection, word: Directive) -> None:
    """Keep what a person said about two rows: the latest word stands, and every word stays in the directives."""
    assert word.winner is not None
    add_directives(connection, [word])
    seq = connection.scalar(select(func.max(directive.c.seq)).where(directive.c.id == word.id))
    pairs = [(word.subject, word.winner), (word.winner, word.subject)]
    rows = [{"key": key, "other": other, "together": word.act is Act.LINK, "seq": seq} for key, other in pairs]
    upsert(connection, said_pair, rows)


def changed(connection: Connection, rows: Iterable[Row]) -> None:
    """Of these rows, the accounts and what asks for a customer by name have changed, or are gone: the next run
    looks whom they look like."""
    named = (row for row in rows if row.kind == "account" or row.values.get("customer_name"))
    upsert(connection, likeness_due, [{"id": key} for key in sorted(str(row.ref) for row in named)])


def rows_called(connection: Connection, ident: str) -> list[str]:
    """The accounts and deals by this id, full name or id of ours, as ``connection:object:id``."""
    named = (record.c.key == ident) | (record.c.id == ident) | (record.c.thing == ident)
    kinds = record.c.kind.in_(("account", "opportunity"))
    return list(connection.scalars(select(record.c.key).where(named, kinds, ~record.c.deleted).limit(9)))


def judge_anew(connection: Connection, rows: Iterable[Row], now: datetime) -> None:
    """Bring the groups of some rows up to what people said, and make them due."""
    ties = ties_of(connection, rows)
    stood = dict(rows_in(connection, record, ("key", "group_id"), "key", sorted(ties)))
    groups = regroup(connection, ties, stood)
    for key in sorted(ties):
        connection.execute(update(record).where(record.c.key == key).values(group_id=groups.of[key]))
    make_due(connection, groups.touched, now)
