"""Which accounts look like one: compared with their neighbours when they change, kept for a person to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, or_, select

from sync.identity.profile import Profile
from sync.identity.score import Model
from sync.identity.verdict import Judgement, Outcome, judge
from sync.store import neighbours
from sync.store.likeness_tables import likeness_due, likeness_pair, said_pair
from sync.store.rows import chunks, upsert

_KEPT: Final = 5
"""So many that look like an account are kept for a person."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows, ``connection:object:id``, that look like one. ``score`` in hundredths, by the weights ``model``."""

    one: str
    other: str
    outcome: Outcome
    score: int
    model: str


def due(connection: Connection, limit: int) -> list[str]:
    """Accounts that are to be compared, a page of them."""
    return list(connection.scalars(select(likeness_due.c.id).order_by(likeness_due.c.id).limit(limit)))


def keep(connection: Connection, model: Model, now: Mapping[str, Profile | None]) -> None:
    """Bring the index up to what some accounts say now; ``None``: the account is gone."""
    neighbours.put(connection, model, {key: own for key, own in now.items() if own is not None})
    neighbours.drop(connection, model, [key for key, own in now.items() if own is None])


def compare(connection: Connection, model: Model, now: Mapping[str, Profile | None]) -> int:
    """Compare some accounts with their neighbours and keep what looks like one; returns how many pairs."""
    for chunk in chunks(sorted(now)):
        connection.execute(
            delete(likeness_pair).where(or_(likeness_pair.c.one.in_(chunk), likeness_pair.c.other.in_(chunk)))
        )
        connection.execute(delete(likeness_due).where(likeness_due.c.id.in_(chunk)))
    found = {}
    for key, own in sorted(now.items()):
        if own is not None:
            others = neighbours.near(connection, model, own)
            others.pop(key, None)
            found.update(_pairs(key, judge(model, own, others), model))
    upsert(connection, likeness_pair, list(found.values()))
    return len(found)


def _pairs(key: str, judged: Judgement, model: Model) -> dict[tuple[str, str], dict[str, object]]:
    found: dict[tuple[str, str], dict[str, object]] = {}
    for likeness in judged.found[:_KEPT]:
        if likeness.score < model.apart:
            break
        one, other = sorted((key, likeness.id))
        rest = Outcome.RELATED if likeness.related else Outcome.ASK
        outcome = judged.outcome if likeness is judged.found[0] else rest
        found[one, other] = {
            "one": one,
            "other": other,
            "outcome": outcome,
            "score": likeness.score,
            "model": model.version,
        }
    return found


def proposed(connection: Connection) -> list[Pair]:
    """Every pair that looks like one and on which nobody has said anything, the surest first."""
    spoken = select(said_pair.c.key).where(
        said_pair.c.key == likeness_pair.c.one, said_pair.c.other == likeness_pair.c.other
    )
    columns = likeness_pair.c
    query = select(columns.one, columns.other, columns.outcome, columns.score, columns.model)
    query = query.where(~spoken.exists()).order_by(columns.score.desc(), columns.one, columns.other)
    return [
        Pair(row.one, row.other, Outcome(row.outcome), row.score, row.model) for row in connection.execute(query)
    ]
