"""Which accounts look like one: kept in an index and compared with their neighbours when they change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, or_, select

from sync.identity.profile import Profile
from sync.identity.score import Model
from sync.identity.verdict import Likeness, Outcome, between, liken, namesakes
from sync.store import neighbours
from sync.store.likeness_tables import likeness_due, likeness_pair, likeness_wait, said_pair
from sync.store.rows import chunks, rows_in, upsert
from sync.store.tables import record

_ASKS: Final = "asks "
"""Registrations without a deal are in the same index, with keys of their own."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows, ``connection:object:id``, that look like one. ``score`` in hundredths, by the weights ``model``.

    ``outcome``: what the two are to each other; SAME only when nobody else comes near either of them.
    """

    one: str
    other: str
    outcome: Outcome
    score: int
    model: str


def due(connection: Connection, limit: int) -> list[str]:
    """Rows that changed since they were last indexed, a page of them."""
    return list(connection.scalars(select(likeness_due.c.id).order_by(likeness_due.c.id).limit(limit)))


def all_due(connection: Connection) -> None:
    """Other weights: the index is made anew, and everything is compared again."""
    neighbours.forget(connection)
    connection.execute(delete(likeness_wait))
    connection.execute(delete(likeness_due))
    rows = select(record.c.key).where(record.c.kind.in_(("account", "registration")), ~record.c.deleted)
    connection.execute(insert(likeness_due).from_select(["id"], rows))


def index(
    connection: Connection,
    model: Model,
    accounts: Mapping[str, Profile | None],
    asking: Mapping[str, Profile | None],
) -> frozenset[str]:
    """Bring the index up to what some rows say now; ``None``: there is nothing to compare any more.

    Returns the registrations that ask for a customer of the name that one of the accounts has, or had.
    """
    before = neighbours.known(connection, list(accounts))
    _keep(connection, model, accounts)
    upsert(connection, likeness_wait, [{"id": key} for key in sorted(accounts)])
    _keep(connection, model, {_ASKS + key: own for key, own in asking.items()}, _ASKS)
    for chunk in chunks(sorted({*accounts, *asking})):
        connection.execute(delete(likeness_due).where(likeness_due.c.id.in_(chunk)))
    if not _anybody_asks(connection):
        return frozenset()
    changed = {own for key in accounts for own in (before.get(key), accounts[key]) if own is not None}
    return frozenset(key.removeprefix(_ASKS) for own in changed for key in _asking(connection, model, own))


def _keep(connection: Connection, model: Model, now: Mapping[str, Profile | None], among: str = "") -> None:
    neighbours.put(connection, model, {key: own for key, own in now.items() if own is not None}, among)
    neighbours.drop(connection, model, [key for key, own in now.items() if own is None], among)


def _anybody_asks(connection: Connection) -> bool:
    text = f"SELECT 1 FROM likeness_account WHERE id >= '{_ASKS}' AND id < 'asks!' LIMIT 1"  # noqa: S608 ours
    return connection.exec_driver_sql(text).scalar() is not None


def _asking(connection: Connection, model: Model, own: Profile) -> list[str]:
    return namesakes(model, own, neighbours.named(connection, model, own, _ASKS))


def called(connection: Connection, model: Model, own: Profile, most: int) -> list[str]:
    """The accounts that bear a name, the first by their ids."""
    return namesakes(model, own, neighbours.named(connection, model, own))[:most]


def waiting(connection: Connection, limit: int) -> list[str]:
    """Accounts that are to be compared with their neighbours, a page of them."""
    return list(connection.scalars(select(likeness_wait.c.id).order_by(likeness_wait.c.id).limit(limit)))


def compare(connection: Connection, model: Model, keys: Sequence[str]) -> frozenset[str]:
    """Compare some accounts with their neighbours and keep what looks like one, with its score.

    Returns every account of which a pair came, went or changed. A pair is what two rows say and nothing else, so
    the same pairs are kept in whatever order the rows came.
    """
    before = {(pair.one, pair.other): pair for pair in pairs_of(connection, keys)}
    for chunk in chunks(keys):
        ends = or_(likeness_pair.c.one.in_(chunk), likeness_pair.c.other.in_(chunk))
        connection.execute(delete(likeness_pair).where(ends))
        connection.execute(delete(likeness_wait).where(likeness_wait.c.id.in_(chunk)))
    found: dict[tuple[str, str], Pair] = {}
    for key, own in sorted(neighbours.known(connection, keys).items()):
        others = neighbours.near(connection, model, own)
        likenesses = (liken(model, own, ident, other) for ident, other in others.items() if ident != key)
        found.update({(pair.one, pair.other): pair for pair in _alike(model, key, likenesses)})
    upsert(connection, likeness_pair, [_row(found[ends]) for ends in sorted(found)])
    news = [ends for ends in before.keys() | found.keys() if before.get(ends) != found.get(ends)]
    return frozenset(key for ends in news for key in ends)


def _alike(model: Model, key: str, likenesses: Iterable[Likeness]) -> Iterator[Pair]:
    for likeness in likenesses:
        outcome, _ = between(model.cuts, likeness)
        if outcome is not Outcome.NEW:
            one, other = sorted((key, likeness.id))
            yield Pair(one, other, outcome, likeness.score, model.version)


def _row(pair: Pair) -> dict[str, Any]:
    return {
        "one": pair.one,
        "other": pair.other,
        "outcome": pair.outcome,
        "score": pair.score,
        "model": pair.model,
    }


def consider(
    connection: Connection, model: Model, pairs: Sequence[tuple[str, str]]
) -> tuple[set[tuple[str, str]], set[str]]:
    """Keep those of some pairs that look like one, whoever thought of them; returns them, and the ids of accounts
    that are not known."""
    idents = sorted({ident for pair in pairs for ident in pair})
    own = neighbours.known(connection, [ident for ident in idents if not asks(ident)])
    found = {}
    for one, other in sorted({(min(ends), max(ends)) for ends in pairs}):
        if one in own and other in own:
            for pair in _alike(model, one, [liken(model, own[one], other, own[other])]):
                found[one, other] = pair
    upsert(connection, likeness_pair, [_row(pair) for pair in found.values()])
    return set(found), set(idents) - own.keys()


def asks(ident: str) -> bool:
    """Whether what the index has under this id is no account, but a registration that asks for one."""
    return ident.startswith(_ASKS)


_SPOKEN: Final = (
    select(said_pair.c.key)
    .where(said_pair.c.key == likeness_pair.c.one, said_pair.c.other == likeness_pair.c.other, said_pair.c.seq > 0)
    .exists()
)


def pairs_of(connection: Connection, keys: Collection[str]) -> list[Pair]:
    """What some rows look like, one pair once, as the two are to each other alone; what people spoke about is
    left out."""
    found = {}
    for chunk in chunks(sorted(keys)):
        for end in (likeness_pair.c.one, likeness_pair.c.other):
            for pair in _pairs(connection, end.in_(chunk)):
                found[pair.one, pair.other] = pair
    return [found[ends] for ends in sorted(found)]


def _pairs(connection: Connection, *conditions: Any) -> list[Pair]:
    columns = likeness_pair.c
    query = select(columns.one, columns.other, columns.outcome, columns.score, columns.model)
    query = query.where(~_SPOKEN, *conditions).order_by(columns.score.desc(), columns.one, columns.other)
    return [
        Pair(row.one, row.other, Outcome(row.outcome), row.score, row.model) for row in connection.execute(query)
    ]


def proposed(connection: Connection, model: Model) -> list[Pair]:
    """Every pair that looks like one and on which nobody has said anything, the surest first."""
    return weighed(_pairs(connection), model.cuts.margin)


def weighed(pairs: Sequence[Pair], margin: int) -> list[Pair]:
    """Pairs beside each other: two that are SAME for themselves are a question when another comes near."""
    scores: dict[str, list[int]] = {}
    for pair in pairs:
        for key in (pair.one, pair.other):
            scores[key] = sorted([*scores.get(key, ()), pair.score], reverse=True)[:2]
    return [_beside(pair, [scores[pair.one], scores[pair.other]], margin) for pair in pairs]


def _beside(pair: Pair, scores: Iterable[Sequence[int]], margin: int) -> Pair:
    if pair.outcome is not Outcome.SAME:
        return pair
    led = all(own[0] == pair.score and (len(own) == 1 or own[0] - own[1] >= margin) for own in scores)
    return pair if led else Pair(pair.one, pair.other, Outcome.ASK, pair.score, pair.model)


def anything_alike(connection: Connection) -> bool:
    """Whether any two accounts look like one."""
    return connection.scalar(select(likeness_pair.c.one).limit(1)) is not None


def groups_of(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """The groups of some rows."""
    return frozenset(group for (group,) in rows_in(connection, record, ("group_id",), "key", sorted(keys)))


def groups_beside(connection: Connection, groups: Collection[str]) -> frozenset[str]:
    """The groups of accounts that look like those of ``groups``."""
    found: set[str] = set()
    for chunk in chunks(sorted(groups) if anything_alike(connection) else []):
        accounts = select(record.c.key).where(record.c.group_id.in_(chunk), record.c.kind == "account")
        for end, other in (
            (likeness_pair.c.one, likeness_pair.c.other),
            (likeness_pair.c.other, likeness_pair.c.one),
        ):
            found.update(connection.scalars(select(other).where(end.in_(accounts))))
    return groups_of(connection, found)
