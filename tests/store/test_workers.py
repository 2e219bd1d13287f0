"""Several workers on one store: who lives, who has what, and what becomes of what a dead one had."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from sync.runtime.process import is_dead, new_token
from sync.store import claims, due, workers
from sync.store.claims import LostTurn
from sync.store.dialect import moment
from sync.store.opening import Store
from sync.store.rows import moment_text
from tests.machine.office import START


def live(store: Store, *names: str) -> None:
    with store.write() as connection:
        for name in names:
            assert workers.arrive(connection, name, f"worker {name}")


def silent(store: Store, token: str, **since: int) -> None:
    """A worker said last that it lives some time ago."""
    with store.write() as connection:
        until = moment_text(moment(connection) + workers.LIVES - timedelta(**since))
        connection.execute(update(workers.worker).where(workers.worker.c.token == token).values(until=until))


def work(store: Store, *groups: str) -> None:
    with store.write() as connection:
        for group in groups:
            due.set_due(connection, group, START)


def take(store: Store, token: str, most: int = 2) -> claims.Taken:
    with store.write() as connection:
        return claims.take(connection, "run", token, START, most)


def test_two_workers_never_have_the_same_group_and_together_they_have_all(store: Store) -> None:
    live(store, "one", "two")
    work(store, *"edcba")
    found = [take(store, token).page for token in ("one", "two", "one", "two")]
    assert found == [["a", "b"], ["c", "d"], ["e"], []]


def test_what_a_dead_worker_had_falls_to_the_next_and_it_cannot_keep_it_any_more(store: Store) -> None:
    live(store, "one", "two")
    work(store, *"abc")
    assert take(store, "one").page == ["a", "b"]
    silent(store, "one", seconds=10)
    assert take(store, "two").page == ["c"]
    silent(store, "one", seconds=40)
    assert take(store, "two") == ([], ["a", "b"])
    with store.write() as connection:
        workers.say_alive(connection, "one")
        claims.fence(connection, "two", ["a", "b", "c"])
        with pytest.raises(LostTurn):
            claims.fence(connection, "one", ["a", "b"])


def test_what_a_dead_worker_had_decided_is_not_decided_again(store: Store) -> None:
    live(store, "one", "two")
    work(store, *"ab")
    take(store, "one")
    with store.write() as connection:
        due.set_due(connection, "a", None)
    silent(store, "one", minutes=1)
    assert take(store, "two") == ([], ["a", "b"])
    with store.write() as connection:
        assert claims.resume(connection, "run", "two", ["a", "b"], START) == ["b"]
        claims.finish(connection, "two", ["b"])
    assert take(store, "two") == ([], [])


def test_what_is_done_is_not_taken_again_although_it_is_due_again(store: Store) -> None:
    live(store, "one")
    work(store, "a")
    take(store, "one")
    with store.write() as connection:
        due.set_due(connection, "a", START)
        claims.finish(connection, "one", ["a"])
    assert take(store, "one") == ([], [])


def test_a_group_that_becomes_due_while_it_is_judged_is_noticed(store: Store) -> None:
    live(store, "one")
    work(store, *"ab")
    take(store, "one")
    with store.write() as connection:
        due.set_due(connection, "b", START + timedelta(seconds=1))
        assert claims.unchanged(connection, ["a", "b"]) == {"a"}


def test_two_living_workers_of_one_name_are_refused(store: Store) -> None:
    with store.write() as connection:
        assert workers.arrive(connection, "first", "east")
        assert not workers.arrive(connection, "second", "east")
        workers.leave(connection, "first")
        assert workers.arrive(connection, "second", "east")


def test_a_worker_whose_time_lies_an_hour_ahead_counts_as_dead(store: Store) -> None:
    """The clock was stepped back after it had died; one that lives has said so on the new clock meanwhile."""
    live(store, "one")
    silent(store, "one", hours=-1)
    with store.read() as connection:
        assert workers.living(connection) == {}


def test_a_worker_with_groups_in_hand_is_named_to_whoever_wants_to_begin(store: Store) -> None:
    live(store, "one", "two")
    work(store, "a")
    take(store, "one")
    with store.read() as connection:
        assert claims.busy(connection, but="two") == ["worker one"]
        assert claims.busy(connection, but="one") == []


def test_a_process_knows_of_its_own_machine_who_is_dead() -> None:
    token = new_token()
    machine, pid, born, name = token.split(" ")
    assert not is_dead(token)
    assert is_dead(f"{machine} {pid} {int(born) + 1} {name}"), "the number was given to another process"
    assert not is_dead(f"elsewhere {pid} {int(born) + 1} {name}")
    assert not is_dead("")
