"""In from a rehearsal, and out again without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync import commands
from sync.model.problem import BadInput
from sync.promote import carry_over, compare
from sync.store import brakes
from sync.uninstall import uninstall
from tests.machine import promises
from tests.machine.northwind import Northwind


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


def ticked(contents: promises.Contents) -> promises.Contents:
    """An unticked box and an empty one say the same."""
    return {
        kind: {key: {name: text for name, text in row.items() if text != "false"} for key, row in rows.items()}
        for kind, rows in contents.items()
    }


class TestUninstall:
    def test_it_lists_rows_and_fields_and_touches_nothing(self, office: Northwind) -> None:
        office.run()
        before = promises.contents(office)
        found = uninstall(office.world, office.moment, "Maria", keep=False)
        assert {place: ours.rows for place, ours in found.items() if ours.rows} == {
            ("sf", "Partner_Attribution__c"): 2,
            ("hs", "partner_attribution"): 2,
        }
        assert found["sf", "Deal_Registration__c"].fields["Status__c"] == 2
        assert promises.contents(office) == before

    def test_taken_out_it_leaves_the_crms_as_they_were(self, office: Northwind) -> None:
        before = promises.contents(office)
        office.run()
        found = uninstall(office.world, office.moment, "Maria", keep=True)
        assert {state for ours in found.values() for state in ours.outcomes} == {"done"}
        assert ticked(promises.contents(office)) == before

    def test_what_somebody_changed_since_is_theirs_and_stays(self, office: Northwind) -> None:
        office.run()
        office.crms["sf"].put("Deal_Registration__c", {"Status__c": "Rejected"}, office.resells)
        office.run()
        found = uninstall(office.world, office.moment, "Maria", keep=True)
        assert found["sf", "Deal_Registration__c"].left == 1
        assert office.says("sf", "registration", office.resells, "status") == "Rejected"
        assert office.says("sf", "registration", office.implements, "status") is None

    def test_afterwards_nothing_is_written_again(self, office: Northwind) -> None:
        office.run()
        uninstall(office.world, office.moment, "Maria", keep=True)
        before = promises.contents(office)
        assert not office.run().complete
        assert promises.contents(office) == before
        with office.world.store.read() as connection:
            assert brakes.EVERYTHING in brakes.paused(connection)

    def test_an_installation_that_wrote_nothing_has_nothing(self, office: Northwind) -> None:
        assert uninstall(office.world, office.moment, "Maria", keep=False) == {}


class TestPromote:
    @pytest.fixture
    def homes(self, tmp_path: Path) -> tuple[Path, Path]:
        for name in ("rehearsed", "live"):
            commands.write_new(tmp_path / name)
        return tmp_path / "rehearsed", tmp_path / "live"

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def test_two_that_are_alike_have_no_difference(self, homes: tuple[Path, Path]) -> None:
        assert compare(*homes).files == ()

    def test_a_changed_a_new_and_a_removed_file_are_carried_over_and_the_old_ones_kept(
        self, homes: tuple[Path, Path]
    ) -> None:
        rehearsed, live = homes
        self.edit(rehearsed / "policies/standard.toml", "sourced_bonus = 0", "sourced_bonus = 5")
        (rehearsed / "mappings/sf-user.toml").unlink()
        second = (rehearsed / "policies/standard.toml").read_text("utf-8")
        second = second.replace("version = 1", "version = 2").replace("2020-01-01", "2027-01-01")
        (rehearsed / "policies/standard-2.toml").write_text(second, "utf-8")
        plan = compare(rehearsed, live)
        assert {file.name: file.word for file in plan.files} == {
            "policies/standard.toml": "changed",
            "policies/standard-2.toml": "new",
            "mappings/sf-user.toml": "goes",
        }
        aside = carry_over(plan, "now")
        assert compare(rehearsed, live).files == ()
        assert "sourced_bonus = 0" in (aside / "policies/standard.toml").read_text("utf-8")
        assert (aside / "mappings/sf-user.toml").exists()

    def test_addresses_and_secrets_stay(self, homes: tuple[Path, Path]) -> None:
        rehearsed, live = homes
        self.edit(rehearsed / "config.toml", "acme.my.salesforce.com", "acme--sandbox.my.salesforce.com")
        assert compare(rehearsed, live).files == ()

    def test_an_unsound_rehearsal_is_refused_with_its_faults(self, homes: tuple[Path, Path]) -> None:
        rehearsed, live = homes
        self.edit(rehearsed / "policies/standard.toml", "SOURCE     = { pool = 10", "SOURCE     = { pool = 11")
        with pytest.raises(BadInput) as refused:
            compare(rehearsed, live)
        assert "101 percent" in refused.value.problems[0].what

    def test_a_connection_that_is_not_here_is_named(self, homes: tuple[Path, Path]) -> None:
        rehearsed, live = homes
        for path in (rehearsed / "config.toml", *(rehearsed / "mappings").glob("sf-*.toml")):
            text = path.read_text("utf-8")
            text = text.replace("connection.sf]", "connection.crm]").replace(
                'connection = "sf"', 'connection = "crm"'
            )
            path.write_text(text.replace('opportunity = "sf"', 'opportunity = "crm"'), "utf-8")
        with pytest.raises(BadInput) as refused:
            compare(rehearsed, live)
        assert "crm, which config.toml here does not have" in refused.value.problems[0].what
