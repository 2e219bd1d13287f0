"""Keeps the connected groups: records that share an anchor are in one group, and only they are.

New anchors can only join groups, which costs as much as the page. An anchor that a record loses may split its
group: only then is that group's membership worked out again. A group is named after one of its members. The anchor
that is a record's own id is kept nowhere: the record says itself in which group it lies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, tuple_, update

from sync.identity.anchors import key_of, own_anchor
from sync.store.rows import chunks, rows_in, upsert_page
from sync.store.tables import anchor, record, tie

Anchors = Mapping[str, frozenset[str]]
"""Record key to its anchors; every record has at least its own id."""


@dataclass(frozen=True, slots=True)
class Groups:
    """``of``: the group of each record; ``touched``: every group, old or new, whose facts changed; ``new``: those
    of them in which nothing was stored before."""

    of: Mapping[str, str]
    touched: frozenset[str]
    new: frozenset[str] = frozenset()


class _Union:
    """Which names stand for the same set; the smallest stands for all."""

    def __init__(self) -> None:
        self._lead: dict[str, str] = {}

    def find(self, name: str) -> str:
        path = []
        while (lead := self._lead.setdefault(name, name)) != name:
            path.append(name)
            name = lead
        for passed in path:
            self._lead[passed] = name
        return name

    def join(self, one: str, other: str) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._lead[high] = low


def regroup(connection: Connection, changed: Anchors, groups: Mapping[str, str]) -> Groups:
    """The groups of some records whose anchors are now ``changed``. ``groups``: where the stored ones were."""
    stood = {key: groups[key] for key in changed if key in groups}
    before = _ties(connection, list(stood))
    split = {stood[key] for key, own in before.items() if own - changed[key]}
    _store_ties(connection, changed, before)
    others = _members(connection, split) - changed.keys()
    ties = _ties(connection, sorted(others))
    everyone = {key: frozenset({*ties.get(key, ()), own_anchor(key)}) for key in others} | dict(changed)
    for group in split:
        connection.execute(delete(anchor).where(anchor.c.group_id == group))
    stored = _stored_groups(connection, everyone, stood, split)
    of, became = _name_sets(everyone, stored)
    for old, new in sorted(became.items()):
        if new != old:
            connection.execute(update(record).where(record.c.group_id == old).values(group_id=new))
            connection.execute(update(anchor).where(anchor.c.group_id == old).values(group_id=new))
    for key in sorted(others):
        connection.execute(update(record).where(record.c.key == key).values(group_id=of[key]))
    _store_anchors(connection, everyone, of, stored)
    known = {*stored.values(), *split, *(of[key] for key in everyone if key in stood or key in others)}
    return Groups(of, frozenset({*of.values(), *known}), frozenset({*of.values()} - known))


def _ties(connection: Connection, keys: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, name in rows_in(connection, tie, ("key", "anchor"), "key", keys):
        found.setdefault(key, set()).add(name)
    return found


def _members(connection: Connection, groups: Iterable[str]) -> set[str]:
    if not groups:
        return set()
    query = select(record.c.key).where(record.c.group_id.in_(sorted(groups)))
    return set(connection.scalars(query))


def _store_ties(connection: Connection, changed: Anchors, before: Mapping[str, set[str]]) -> None:
    nothing: set[str] = set()
    gone = [(key, name) for key, own in before.items() for name in own - changed[key]]
    for chunk in chunks(gone):
        connection.execute(delete(tie).where(tuple_(tie.c.key, tie.c.anchor).in_(chunk)))
    new = [(key, name) for key, own in changed.items() for name in own - before.get(key, nothing)]
    rows = [{"key": key, "anchor": name} for key, name in sorted(new) if name != own_anchor(key)]
    upsert_page(connection, tie, rows)


def _stored_groups(
    connection: Connection, everyone: Anchors, stood: Mapping[str, str], split: Collection[str]
) -> dict[str, str]:
    """The group of each anchor that lies in one; what was split is to be worked out, and lies in none."""
    found = {own_anchor(key): group for key, group in stood.items() if group not in split}
    names = sorted({name for own in everyone.values() for name in own} - found.keys())
    found.update(rows_in(connection, anchor, ("anchor", "group_id"), "anchor", names))
    elsewhere = {key for name in names if name not in found and (key := key_of(name))} - everyone.keys()
    for key, group in rows_in(connection, record, ("key", "group_id"), "key", sorted(elsewhere)):
        found[own_anchor(key)] = group
    return found


def _name_sets(everyone: Anchors, stored: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The group of every record, and what every stored group becomes: one that exists keeps its name, a new one
    gets a member's. Records meet in their anchors."""
    union = _Union()
    first = {}
    for key, own in everyone.items():
        first[key], *others = own
        for name in others:
            union.join(first[key], name)
    groups = {group: f"group {group}" for group in stored.values()}
    for name, group in stored.items():
        union.join(name, groups[group])
    existing: dict[str, str] = {}
    for group in sorted(groups, reverse=True):
        existing[union.find(groups[group])] = group
    leads = {key: union.find(name) for key, name in first.items()}
    fresh: dict[str, str] = {}
    for key in sorted(leads, reverse=True):
        fresh[leads[key]] = key
    named = {lead: existing.get(lead, key) for lead, key in fresh.items()}
    of = {key: named[lead] for key, lead in leads.items()}
    return of, {group: named[union.find(node)] for group, node in groups.items()}


def _store_anchors(
    connection: Connection, everyone: Anchors, of: Mapping[str, str], stored: Mapping[str, str]
) -> None:
    wanted = {name: of[key] for key, own in everyone.items() for name in own if name not in stored}
    for key in everyone:
        wanted.pop(own_anchor(key), None)
    upsert_page(connection, anchor, [{"anchor": name, "group_id": group} for name, group in wanted.items()])
