"""One worker at a time, one org a connection, tokens swapped under a lock, and what each run reported."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sync.store import runs
from sync.store.opening import Store, open_store
from sync.store.runs import StoreVault
from tests.machine.office import START

MINUTE = timedelta(minutes=1)


def take(store: Store, holder: str, minutes: int = 0) -> int | None:
    with store.write() as connection:
        return runs.take_lease(connection, "cycle", holder, START + minutes * MINUTE, 600)


def holder(store: Store, minutes: int) -> str | None:
    with store.read() as connection:
        return runs.lease_holder(connection, "cycle", START + minutes * MINUTE)


class TestLease:
    def test_a_second_worker_is_refused_while_the_first_works(self, store: Store) -> None:
        assert take(store, "one") == 1
        assert take(store, "two", 9) is None
        assert holder(store, 9) == "one"

    def test_the_one_who_has_it_prolongs_it_under_the_same_number(self, store: Store) -> None:
        take(store, "one")
        assert take(store, "one", 9) == 1
        assert take(store, "two", 18) is None

    def test_an_expired_lease_is_taken_over_and_the_number_rises(self, store: Store) -> None:
        take(store, "one")
        assert holder(store, 10) is None
        assert take(store, "two", 10) == 2
        assert take(store, "one", 11) is None
        assert take(store, "one", 21) == 3

    def test_what_was_given_back_is_free_at_once_and_only_its_holder_gives_it_back(self, store: Store) -> None:
        take(store, "one")
        with store.write() as connection:
            runs.give_back_lease(connection, "cycle", "two")
        assert take(store, "two", 1) is None
        with store.write() as connection:
            runs.give_back_lease(connection, "cycle", "one")
        assert take(store, "two", 1) == 2

    def test_it_ends_within_a_second_too(self, store: Store) -> None:
        moment = START + timedelta(microseconds=500_000)
        with store.write() as connection:
            runs.take_lease(connection, "cycle", "one", moment, 10)
            before, after = moment + timedelta(seconds=9.5), moment + timedelta(seconds=10)
            assert runs.take_lease(connection, "cycle", "two", before, 10) is None
            assert runs.take_lease(connection, "cycle", "two", after, 10) == 2


class TestOrg:
    def test_the_first_org_is_pinned_for_ever(self, store: Store) -> None:
        with store.write() as connection:
            assert runs.pin_org(connection, "sf", "00D1", START) == "00D1"
            assert runs.pin_org(connection, "sf", "00D2", START) == "00D1"
            assert runs.pin_org(connection, "hs", "4711", START) == "4711"


class TestVault:
    def test_a_token_is_swapped_only_by_who_knows_the_last_one(self, store: Store) -> None:
        vault = StoreVault(lambda: store)
        assert vault.load("hs") is None
        assert vault.swap("hs", None, "first")
        assert not vault.swap("hs", None, "late")
        assert not vault.swap("hs", "wrong", "late")
        assert vault.swap("hs", "first", "second")
        assert vault.load("hs") == "second"
        assert vault.load("sf") is None

    def test_another_process_sees_the_new_token(self, store: Store, store_url: str, tmp_path: Path) -> None:
        StoreVault(lambda: store).swap("hs", None, "first")
        other = open_store(store_url, tmp_path)
        assert StoreVault(lambda: other).load("hs") == "first"
        other.close()


class TestSettings:
    def test_a_value_is_new_until_it_is_remembered(self, store: Store) -> None:
        with store.write() as connection:
            assert runs.remember(connection, "policies", "v1")
            assert not runs.remember(connection, "policies", "v1")
            assert runs.remember(connection, "policies", "v2")
            assert runs.recall(connection, "policies") == "v2"
            runs.forget(connection, "policies")
            assert runs.recall(connection, "policies") is None


class TestRuns:
    def test_runs_are_listed_newest_first_with_what_they_reported(self, store: Store) -> None:
        with store.write() as connection:
            for number in range(3):
                runs.start_run(connection, f"run_{number}", "apply", START + number * MINUTE)
            runs.start_run(connection, "run_1", "observe", START + 9 * MINUTE)
            runs.finish_run(connection, "run_1", {"groups": 7}, START + 2 * MINUTE)
            newest, middle = runs.last_runs(connection, 2)
        assert (newest["id"], newest["finished_at"], newest["report"]) == ("run_2", None, None)
        assert (middle["id"], middle["mode"], middle["report"]) == ("run_1", "apply", {"groups": 7})
