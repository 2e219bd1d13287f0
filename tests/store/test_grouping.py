"""Groups are the connected components of shared anchors, whatever comes and goes in whatever order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from sync.store.grouping import Groups, regroup
from sync.store.opening import Store, open_store
from sync.store.rows import upsert
from sync.store.tables import anchor, record, tie

KEYS = [f"sf:Account:{number}" for number in range(8)]
Anchored = dict[str, frozenset[str]]
NAMES = [*"abcdef", *(f"id:{key}" for key in KEYS)]
PAGES = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.frozensets(st.sampled_from(NAMES), max_size=3), max_size=4),
    max_size=8,
)


def components(known: Mapping[str, Iterable[str]]) -> set[frozenset[str]]:
    """From scratch, the slow way: sets that share an anchor are joined until none do."""
    sets = [({key}, set(own)) for key, own in known.items()]
    for _ in known:
        for _, names in list(sets):
            meeting = [other for other in sets if other[1] & names]
            if len(meeting) > 1:
                joined = ({k for m in meeting for k in m[0]}, {n for m in meeting for n in m[1]})
                sets = [other for other in sets if other not in meeting] + [joined]
                break
    return {frozenset(keys) for keys, _ in sets}


def groups_now(connection: Connection) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in connection.execute(select(record.c.key, record.c.group_id)):
        found.setdefault(row.group_id, set()).add(row.key)
    return {group: frozenset(keys) for group, keys in found.items()}


def store_page(connection: Connection, page: Mapping[str, frozenset[str]]) -> Groups:
    """What `intake.take` does with anchors, and nothing else."""
    stood = {key: group for group, keys in groups_now(connection).items() for key in keys & page.keys()}
    groups = regroup(connection, page, stood)
    words = dict.fromkeys(("connection", "object", "kind", "thing", "stamp", "mapping", "raw"), "")
    rows = [words | {"key": key, "id": key, "deleted": False, "group_id": groups.of[key]} for key in page]
    upsert(connection, record, rows)
    return groups


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    """One store for all examples: each begins by emptying it."""
    store = open_store("sqlite://", Path())
    yield store
    store.close()


def empty(connection: Connection) -> None:
    for table in (record, tie, anchor):
        connection.execute(delete(table))


@settings(max_examples=150, deadline=None)
@given(PAGES)
def test_groups_are_the_components_and_touched_names_every_group_that_changed(
    shared: Store, pages: list[Anchored]
) -> None:
    known: Anchored = {}
    with shared.write() as connection:
        empty(connection)
        for page in pages:
            changed = {key: own | {f"id:{key}"} for key, own in page.items()}
            before = groups_now(connection)
            touched = store_page(connection, changed).touched
            known |= changed
            after = groups_now(connection)
            assert set(after.values()) == components(known)
            assert touched >= {g for g, keys in after.items() if before.get(g) != keys or keys & page.keys()}
            assert touched >= before.keys() - after.keys()
            assert_tables_agree(connection, known, after)


def assert_tables_agree(connection: Connection, known: Anchored, after: Mapping[str, frozenset[str]]) -> None:
    """Every anchor lies where its records do; the id of a record is kept by the record itself."""
    ties = {(row.key, row.anchor) for row in connection.execute(select(tie))}
    assert ties == {(key, name) for key, own in known.items() for name in own if name != f"id:{key}"}
    homes = {row.anchor: row.group_id for row in connection.execute(select(anchor))}
    wanted = {name: group for group, keys in after.items() for key in keys for name in known[key]}
    assert {name: group for name, group in wanted.items() if name[3:] not in known}.items() <= homes.items()
    assert homes.items() <= wanted.items()


def test_a_group_is_new_where_nothing_was_stored_before(shared: Store) -> None:
    with shared.write() as connection:
        empty(connection)
        assert store_page(connection, anchored({KEYS[0]: "x", KEYS[1]: "y"})).new == {KEYS[0], KEYS[1]}
        assert store_page(connection, anchored({KEYS[2]: "x", KEYS[3]: "z"})).new == {KEYS[3]}
        assert store_page(connection, anchored({KEYS[0]: "z"})).new == frozenset()


def anchored(page: Mapping[str, str]) -> Anchored:
    return {key: frozenset({*names, f"id:{key}"}) for key, names in page.items()}


def test_two_groups_that_meet_keep_one_of_their_names(shared: Store) -> None:
    with shared.write() as connection:
        empty(connection)
        store_page(connection, anchored({KEYS[0]: "x", KEYS[1]: "y"}))
        groups = store_page(connection, anchored({KEYS[2]: "xy"}))
        assert groups_now(connection) == {KEYS[0]: frozenset(KEYS[:3])}
        assert groups.touched == {KEYS[0], KEYS[1]}
