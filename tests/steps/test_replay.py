"""What would another policy have done? Exactly the decisions and the money that it moves; nothing is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from sync.cli.replaying import read_policy, replay_view
from sync.model.directive import Act, Directive
from sync.model.facts import Facts
from sync.model.problem import BadInput
from sync.model.registration import State, Vote
from sync.model.split import VENDOR
from sync.policy import Policies, Policy
from sync.replay import Replayed, at_the_end, replacing, replay, totals
from tests.machine.office import Office, usd
from tests.machine.office import standard as shipped_programme
from tests.steps.business import DEAL, PRESET, day, partner, policy, registration, standard


def candidate(**blocks: object) -> Policies:
    """The programme with some keys changed."""
    return replacing(shipped_programme(), Policy.model_validate(standard(**blocks)))


class Books(Office):
    """Three deals of two partners each; on two of them the second one came a month after the deal was opened."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lumen, self.cirrus = (
            self.put("sf", "account", name=name, is_partner=True) for name in ("Lumen", "Cirrus")
        )
        self.deals = [
            self.put(
                "sf", "opportunity", name=f"Deal {number}", stage="QUALIFIED", amount=usd(f"{1000 + number}.01")
            )
            for number in range(3)
        ]
        for deal in self.deals:
            self.claims(deal, self.lumen, "RESELL")
        self.claims(self.deals[0], self.cirrus, "IMPLEMENT")
        self.run()
        self.passes(days=30)
        for deal in self.deals[1:]:
            self.claims(deal, self.cirrus, "IMPLEMENT")
        self.run()

    def claims(self, deal: str, who: str, role: str, **more: object) -> str:
        filed = {"partner": who, "opportunity": deal, "roles": (role,), "submitted_at": self.moment}
        voted = {"vote": "APPROVE", "voter": "jo", "voted_at": self.moment}
        return self.put("sf", "registration", **{**filed, **voted, **more})

    def file(self) -> bytes:
        """The store's file with everything in it."""
        with self.world.store.write() as connection:
            connection.exec_driver_sql("SELECT 1")
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("dealsync.db")))

    def contents_of_store(self) -> list[str]:
        with self.world.store.read() as connection:
            return list(connection.connection.dbapi_connection.iterdump())  # type: ignore[union-attr]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    office = Books(tmp_path)
    yield office
    office.close()


def parts(found: Replayed) -> dict[str, list[tuple[str, str]]]:
    return {shift.deal: [(who, str(money)) for who, money in shift.moved] for shift in found.shifts}


def test_the_present_policy_again_changes_nothing(books: Books) -> None:
    found = replay(books.world, replacing(books.world.policies, shipped_programme().all[0]), books.moment)
    assert (found.groups, found.registrations) == (3, 6)
    assert (found.flips, found.shifts, list(totals(found))) == ([], [], [])


def test_a_late_factor_lists_exactly_the_late_deals_and_the_money_moved(books: Books) -> None:
    """Scenario S19."""
    one, other = candidate(attribution={"late_factor": "0.5"}), candidate(attribution={"late_factor": "0.75"})
    books.world = replace(books.world, policies=one)
    found = replay(books.world, other, books.moment)
    assert sorted(parts(found)) == ["Deal 1", "Deal 2"]
    assert found.flips == []
    # RESELL 30 beside IMPLEMENT 25: late halves give 12.5 of 42.5, three quarters 18.75 of 48.75
    gained = Fraction("18.75") / Fraction("48.75") - Fraction("12.5") / Fraction("42.5")
    for number in (1, 2):
        [shift] = [shift for shift in found.shifts if shift.deal == f"Deal {number}"]
        moved = dict(shift.moved)
        assert abs(moved["Cirrus"].minor - gained * (100_001 + 100 * number)) <= 1
        assert moved["Cirrus"].minor == -moved["Lumen"].minor
    assert sum(money.minor for _, money in totals(found)) == 0


def test_what_moves_is_what_the_two_splits_differ_by_to_the_cent(books: Books) -> None:
    other = candidate(attribution={"vendor_share": "10"})
    found = replay(books.world, other, books.moment)
    for shift in found.shifts:
        assert dict(shift.moved)[VENDOR].minor > 0
        assert sum(money.minor for _, money in shift.moved) == 0
    by_party: Counter[str] = Counter()
    for shift in found.shifts:
        by_party.update({who: money.minor for who, money in shift.moved})
    assert {who: money.minor for who, money in totals(found)} == dict(by_party)
    assert by_party[VENDOR] == 10_000 + 10_010 + 10_020


def test_nothing_is_written(books: Books) -> None:
    before, file = books.contents_of_store(), books.file()
    replay(books.world, candidate(attribution={"model": "equal"}), books.moment)
    assert books.contents_of_store() == before
    assert books.file() == file


def test_only_what_was_filed_since_a_day_is_compared(books: Books) -> None:
    other = candidate(attribution={"model": "equal"})
    since = (books.moment - timedelta(days=3)).date()
    found = replay(books.world, other, books.moment, since)
    assert (found.registrations, sorted(parts(found))) == (2, ["Deal 1", "Deal 2"])
    assert replay(books.world, other, books.moment, date(2099, 1, 1)).registrations == 0


def test_a_flip_names_the_registration_and_the_rule(books: Books) -> None:
    beacon = books.put("sf", "account", name="Beacon", is_partner=True)
    rival = books.claims(books.deals[0], beacon, "RESELL", vote=None, voter=None, voted_at=None)
    books.run()
    found = replay(books.world, candidate(roles=roles_without_exclusion()), books.moment)
    [flip] = found.flips
    assert (flip.row, flip.partner, flip.deal) == (
        f"sf:{books.field_map('sf', 'registration').object}:{rival}",
        "Beacon",
        "Deal 0",
    )
    assert flip.before.startswith("REJECTED DUPLICATE_REGISTRATION")
    assert flip.after == "UNDER_REVIEW (RESELL)"
    view = json.loads(json.dumps(replay_view(found, shipped_programme().all[0])))
    assert view["flipped"] == {"REJECTED -> UNDER_REVIEW": 1}
    assert view["flips"][0]["registration"] == flip.registration_id


def roles_without_exclusion() -> dict[str, object]:
    return {name: {**rules, "exclusive": "none"} for name, rules in standard()["roles"].items()}


class TestOneGroupThroughTime:
    """Pure: the facts of one group, decided as they happened."""

    def verdict(self, *registrations: object, now: int = 20, **more: object) -> dict[str, State]:
        facts = Facts(
            opportunities=(DEAL,),
            registrations=registrations,  # type: ignore[arg-type]
            partners=(partner("alpha"), partner("beta")),
            **more,  # type: ignore[arg-type]
        )
        found = at_the_end(facts, Policies((policy(),)), day(now))
        return {standing.registration_id: standing.state for standing in found.standings}

    def test_who_was_approved_first_was_protected_when_the_other_filed(self) -> None:
        voted = {"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(1)}
        first = registration("R2", "alpha", submitted_at=day(0), **voted)
        second = registration("R1", "beta", submitted_at=day(5), created_at=day(5))
        assert self.verdict(first, second) == {"R1": State.REJECTED, "R2": State.APPROVED}

    def test_protection_that_ended_before_the_rival_filed_protects_no_more(self) -> None:
        voted = {"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(1)}
        first = registration("R2", "alpha", submitted_at=day(0), **voted)
        second = registration("R1", "beta", submitted_at=day(150), created_at=day(150))
        found = self.verdict(first, second, now=151)
        assert found["R2"] is State.EXPIRED
        assert found["R1"] is not State.REJECTED

    def test_a_withdrawal_counts_at_the_end(self) -> None:
        gone = registration("R1", "alpha", submitted_at=day(0), withdrawn=True)
        assert self.verdict(gone) == {"R1": State.WITHDRAWN}

    def test_what_was_adopted_enters_as_people_left_it(self) -> None:
        said = Directive("d1", Act.ADOPT, "R1", "Maria", day(10), state=State.APPROVED, seq=1)
        one = registration("R1", "alpha", submitted_at=day(0))
        rival = registration("R2", "beta", submitted_at=day(12), created_at=day(12))
        found = self.verdict(one, rival, directives=(said,))
        assert found == {"R1": State.APPROVED, "R2": State.REJECTED}

    def test_what_is_filed_later_than_now_has_not_happened(self) -> None:
        assert self.verdict(registration("R1", "alpha", submitted_at=day(30), created_at=day(30))) == {}


def test_every_fault_of_the_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "candidate.toml"
    with pytest.raises(BadInput, match="no such file"):
        read_policy(path)
    path.write_text("name = ", "utf-8")
    with pytest.raises(BadInput, match=r"candidate.toml"):
        read_policy(path)
    text = PRESET.read_text("utf-8")
    path.write_text(text.replace("[attribution]", "[attribution]\nmodle = 3"), "utf-8")
    with pytest.raises(BadInput, match="modle"):
        read_policy(path)
    path.write_text(text, "utf-8")
    assert read_policy(path).version == 1


def test_the_policy_of_the_same_name_is_replaced_and_the_others_stay() -> None:
    one, two = policy(), policy(version=2, effective_from=date(2028, 1, 1))
    other = policy(name="emea", effective_from=date(2027, 6, 1))
    tried = policy(version=3, effective_from=date(2030, 1, 1), attribution={"vendor_share": Decimal(5)})
    found = replacing(Policies((one, two, other)), tried)
    assert [entry.id for entry in found.all] == ["emea/1", "standard/3"]
    assert found.all[1].effective_from == one.effective_from
