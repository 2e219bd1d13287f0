"""Accounts linked by their score alone, where the installation wants that, and never against a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_

from sync.identity.score import Model
from sync.identity.verdict import Outcome
from sync.store.likeness import Pair, pairs_of, weighed
from sync.store.likeness_tables import likeness_link, likeness_pair, said_pair
from sync.store.rows import chunks, moment_text, rows_in, upsert

Ends = tuple[str, str]


def settle(
    connection: Connection, model: Model, keys: Collection[str], now: datetime, *, auto: bool
) -> frozenset[str]:
    """Link what is SAME among some accounts and those that look like them, and undo what no longer is.

    Without ``auto`` everything is undone. Returns the accounts whose links changed. A pair on which a person has
    spoken is not touched.
    """
    near = _with_ends(connection, keys)
    wanted = {(pair.one, pair.other): pair for pair in _surest(connection, model, near)} if auto else {}
    stand = _standing(connection, near)
    gone, fresh = sorted(stand - wanted.keys()), sorted(wanted.keys() - stand)
    _unlink(connection, gone)
    rows = [
        {"key": key, "other": other, "together": True, "seq": 0} for ends in fresh for key, other in _both(ends)
    ]
    upsert(connection, said_pair, rows)
    score = {ends: pair.score for ends, pair in wanted.items()}
    history = [_event(ends, ends in score, score.get(ends, 0), model, now) for ends in (*gone, *fresh)]
    if history:
        connection.execute(insert(likeness_link), history)
    return frozenset(key for ends in (*gone, *fresh) for key in ends)


def _surest(connection: Connection, model: Model, near: Collection[str]) -> list[Pair]:
    """The SAME pairs with an end in ``near``, weighed beside every pair of both their ends."""
    around = weighed(pairs_of(connection, _with_ends(connection, near)), model.cuts.margin)
    return [pair for pair in around if pair.outcome is Outcome.SAME and not {pair.one, pair.other}.isdisjoint(near)]


def _with_ends(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    return frozenset(keys).union(*({pair.one, pair.other} for pair in pairs_of(connection, keys)))


def _standing(connection: Connection, keys: Collection[str]) -> set[Ends]:
    found = rows_in(connection, said_pair, ("key", "other", "seq"), "key", sorted(keys))
    return {(min(key, other), max(key, other)) for key, other, seq in found if seq == 0}


def _unlink(connection: Connection, gone: Sequence[Ends]) -> None:
    both = [way for ends in gone for way in _both(ends)]
    for chunk in chunks(both):
        place = tuple_(said_pair.c.key, said_pair.c.other).in_(chunk)
        connection.execute(delete(said_pair).where(place, said_pair.c.seq == 0))


def _both(ends: Ends) -> list[Ends]:
    return [ends, (ends[1], ends[0])]


def _event(ends: Ends, together: bool, score: int, model: Model, now: datetime) -> dict[str, Any]:
    at = moment_text(now)
    return dict(zip(("one", "other"), ends, strict=True)) | {
        "together": together,
        "score": score,
        "model": model.version,
        "at": at,
    }


def candidates(connection: Connection, after: str, limit: int) -> list[str]:
    """Accounts that are SAME as another one for themselves, or linked by score, a page of them by id."""
    alike = select(likeness_pair.c.one.label("key")).where(likeness_pair.c.outcome == Outcome.SAME)
    both = alike.union(select(said_pair.c.key).where(said_pair.c.seq == 0)).subquery()
    return list(connection.scalars(select(both.c.key).where(both.c.key > after).order_by(both.c.key).limit(limit)))


def linked_by_score(connection: Connection, keys: Iterable[str]) -> set[Ends]:
    """The pairs of some accounts that are linked by their score alone."""
    return _standing(connection, set(keys))


def history(connection: Connection) -> list[Mapping[str, Any]]:
    """Every link and its end, in their order."""
    query = select(likeness_link).order_by(likeness_link.c.seq)
    return [dict(row._mapping) for row in connection.execute(query)]
