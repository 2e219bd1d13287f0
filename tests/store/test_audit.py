"""Whoever changes the past is seen: every edit, removal and forgery past the program is named at its place."""

from __future__ import annotations

import sqlite3
from hashlib import sha256

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, delete, select, text, update
from sqlalchemy.exc import IntegrityError

from sync.audit import Event, Kind, sealed
from sync.store.audit import count_sealed, head, known_head, seal_events
from sync.store.opening import Store, open_store
from sync.store.tables import audit, checkpoint, decision
from tests.machine.northwind import Northwind
from tests.store.sealing import Attack, attacked, found, office, rebuilt, sql, stored

__all__ = ["office"]


def test_what_the_program_wrote_holds_and_is_sealed_to_the_end(office: Northwind) -> None:
    assert found(office.world.store) == []
    with office.world.store.read() as connection:
        counts = count_sealed(connection)
        kinds = set(connection.scalars(select(audit.c.kind)))
    assert kinds == {Kind.DECISION, Kind.DIRECTIVE, Kind.STANDING, Kind.CASE, Kind.SPLIT}
    assert (counts["checkpoints"], counts["after_the_last_checkpoint"]) == (3, 0)
    assert counts["events"] > counts["chains"] > 5


def test_a_run_in_which_nothing_happened_seals_nothing(office: Northwind) -> None:
    with office.world.store.read() as connection:
        before = count_sealed(connection)
    office.run()
    with office.world.store.read() as connection:
        assert count_sealed(connection) == before


def test_a_hash_is_the_sha_256_of_netstrings_that_anybody_can_compute() -> None:
    body = '{"winner":"Zürich"}'
    parts = ["9" * 64, "case_1", "case", "", "2027-02-01T09:00:00.000000Z", sha256(body.encode()).hexdigest()]
    by_hand = b"".join(b"%d:%s," % (len(part.encode()), part.encode()) for part in parts)
    assert sealed(Event("case_1", Kind.CASE, "", parts[4], body), parts[0]) == sha256(by_hand).hexdigest()


LAST = "(SELECT max(seq) FROM audit WHERE kind = '{}')"

ATTACKS: dict[str, tuple[Attack, str]] = {
    "a decision is edited": (
        sql("UPDATE decision SET body = replace(body, 'approve', 'reject') WHERE event = 'approve'"),
        "changed after it was sealed",
    ),
    "a decision is removed": (
        sql("DELETE FROM decision WHERE event = 'approve'"),
        "what it seals (decision",
    ),
    "a decision is forged": (
        sql(
            "INSERT INTO decision SELECT NULL, 'dec_forged', subject, event, to_state, person, at, body "
            "FROM decision WHERE event = 'approve' LIMIT 1"
        ),
        "decision dec_forged was put in without being sealed",
    ),
    "what a person said is edited": (
        sql("UPDATE directive SET body = replace(body, 'DISMISS', 'AWARD')"),
        "changed after it was sealed",
    ),
    "what a person said is forged": (
        sql("INSERT INTO directive SELECT NULL, 'd2', subject, act, by, at, body FROM directive"),
        "directive d2 was put in without being sealed",
    ),
    "a standing is edited": (
        sql("UPDATE standing SET body = replace(body, 'RESELL', 'SOURCE')"),
        "something else than its events",
    ),
    "a standing is removed": (sql("DELETE FROM standing"), "something else than its events"),
    "a case is edited": (
        sql("UPDATE case_file SET body = replace(body, 'AWARD_ONE', 'REJECT_ALL')"),
        "something else than its events",
    ),
    "a split is edited": (
        sql("UPDATE split SET body = replace(body, '6/11', '9/11')"),
        "changed after it was sealed",
    ),
    "a version of a split is removed": (sql("DELETE FROM split"), "what it seals (split"),
    "a link is edited": (
        sql(f"UPDATE audit SET at = '1999' WHERE seq = {LAST.format('decision')}"),
        "changed after it was sealed",
    ),
    "a link in the middle is removed": (
        sql("DELETE FROM audit WHERE seq = (SELECT min(seq) + 1 FROM audit)"),
        "removed, put in or moved",
    ),
    "the first links are removed": (
        sql("DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)"),
        "no snapshot stands for them",
    ),
    "the last link is removed with what it seals": (
        sql(
            f"DELETE FROM split WHERE version = (SELECT ref FROM audit WHERE seq = {LAST.format('split')})",
            f"DELETE FROM audit WHERE seq = {LAST.format('split')}",
        ),
        "since run_",
    ),
    "a checkpoint is edited": (
        sql("UPDATE checkpoint SET hash = 'x' WHERE seq = 1"),
        "removed, put in or moved since run_",
    ),
    "a checkpoint is removed": (sql("DELETE FROM checkpoint WHERE seq = 2"), "was removed or changed"),
}


@pytest.mark.parametrize(("attack", "said"), ATTACKS.values(), ids=ATTACKS)
def test_the_first_broken_link_is_named(office: Northwind, attack: Attack, said: str) -> None:
    faults = attacked(office, attack)
    assert faults
    assert any(said in fault.what for fault in faults), faults


def _recomputed(connection: sqlite3.Connection) -> None:
    """A decision is edited, and its whole chain sealed anew by somebody who knows how."""
    row = "SELECT subject FROM decision WHERE event = 'approve' LIMIT 1"
    [chain] = connection.execute(row).fetchone()
    connection.execute("UPDATE decision SET body = replace(body, 'approve', 'reject') WHERE subject = ?", [chain])
    query = (
        "SELECT a.seq, a.kind, a.ref, a.at, coalesce(a.body, d.body) FROM audit a "
        "LEFT JOIN decision d ON d.id = a.ref WHERE a.chain = ? ORDER BY a.seq"
    )
    prev = ""
    for seq, kind, ref, at, body in connection.execute(query, [chain]).fetchall():
        own = sealed(Event(chain, Kind(kind), ref, at, body), prev)
        connection.execute("UPDATE audit SET prev = ?, hash = ? WHERE seq = ?", [prev, own, seq])
        prev = own


def test_who_seals_a_chain_anew_is_caught_by_the_checkpoints(office: Northwind) -> None:
    faults = attacked(office, _recomputed)
    assert faults[0].chain == "checkpoints"
    assert "since run_" in faults[0].what


def test_who_seals_everything_anew_is_caught_by_a_hash_noted_outside(office: Northwind) -> None:
    with office.world.store.read() as connection:
        noted = head(connection)
        assert known_head(connection, noted)
    attacked(office, sql("DELETE FROM checkpoint"))
    with office.world.store.read() as connection:
        assert not known_head(connection, noted)


@pytest.mark.parametrize(
    "change",
    [
        update(audit).values(at=""),
        delete(audit),
        update(checkpoint).values(at=""),
        delete(checkpoint),
        delete(decision),
    ],
    ids=str,
)
def test_the_database_refuses_to_change_what_is_sealed(office: Northwind, change: object) -> None:
    with pytest.raises(IntegrityError, match="never"), office.world.store.write() as connection:
        connection.execute(change)  # type: ignore[call-overload]


def test_every_state_follows_from_the_events_alone(office: Northwind) -> None:
    assert rebuilt(office.world.store) == stored(office.world.store)
    assert all(stored(office.world.store))


def test_a_split_that_ended_is_rebuilt_as_ended_and_may_begin_again(office: Northwind) -> None:
    before = stored(office.world.store)[2]
    for row in (office.resells, office.implements):
        office.put("sf", "registration", row, withdrawn=True)
    office.put("sf", "registration", office.rows("sf", "registration")[-1].id, withdrawn=True)
    office.run()
    assert before
    assert rebuilt(office.world.store)[2] == stored(office.world.store)[2] == {}
    office.passes(days=1)
    again = {
        "partner": office.lumen,
        "opportunity": office.deal,
        "roles": ("RESELL",),
        "submitted_at": office.moment,
    }
    office.put("sf", "registration", **again, vote="APPROVE", voter="jo", voted_at=office.moment)
    office.run()
    assert rebuilt(office.world.store)[2] == stored(office.world.store)[2]
    assert stored(office.world.store)[2].keys() == before.keys()
    assert found(office.world.store) == []


def test_an_empty_store_has_nothing_to_hide(store: Store) -> None:
    assert found(store) == []
    with store.write() as connection:
        seal_events(connection, [])
        assert head(connection) == ""
        assert count_sealed(connection)["events"] == 0


def of_version_2(office: Northwind) -> None:
    """Make the store one of tables version 2: without a chain, and with names where there are digests now."""
    office.close()
    now, then = office.folder / "dealsync.db", office.folder / "version2.db"
    config = Config()
    config.set_main_option("script_location", "sync.store:migrations")
    engine = create_engine(f"sqlite:///{then}")
    with engine.begin() as old:
        config.attributes["connection"] = old
        command.upgrade(config, "0002")
    engine.dispose()
    connection = sqlite3.connect(then)
    connection.execute("ATTACH ? AS now", [str(now)])
    people = connection.execute("SELECT id, name FROM now.person").fetchall()
    tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if table not in ("alembic_version", "sqlite_sequence"):
            names = [row[1] for row in connection.execute(f"PRAGMA main.table_info('{table}')")]
            taken = connection.execute(f"SELECT {', '.join(names)} FROM now.{table} ORDER BY 1").fetchall()
            places = ", ".join("?" for _ in names)
            rows = [[_with_names(value, people) for value in row] for row in taken]
            connection.executemany(f"INSERT INTO main.{table} ({', '.join(names)}) VALUES ({places})", rows)
    connection.commit()
    connection.close()
    then.replace(now)
    for left in office.folder.glob("dealsync.db-*"):
        left.unlink()


def _with_names(value: object, people: list[tuple[str, str]]) -> object:
    for digest, name in people:
        value = value.replace(digest, name) if isinstance(value, str) else value
    return value


def test_a_store_without_a_chain_is_sealed_when_it_is_opened(office: Northwind) -> None:
    of_version_2(office)
    office.reopen()
    assert found(office.world.store) == []
    assert rebuilt(office.world.store) == stored(office.world.store)
    with office.world.store.read() as read:
        assert read.scalar(text("SELECT count(*) FROM decision WHERE body LIKE '%\"jo\"%'")) == 0
        assert set(read.scalars(text("SELECT name FROM person"))) == {"Maria", "jo"}
        assert count_sealed(read)["checkpoints"] == 0
    report = office.run()
    assert (report.decisions.total(), report.totals.changes) == (0, 0)
    with office.world.store.read() as read:
        assert (count_sealed(read)["checkpoints"], count_sealed(read)["after_the_last_checkpoint"]) == (1, 0)


def test_the_same_store_opens_again(office: Northwind) -> None:
    open_store("sqlite:///dealsync.db", office.folder).close()
    assert found(office.world.store) == []
