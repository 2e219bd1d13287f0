"""What everybody has in common costs nothing, and names of any shape go through a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.record import Ref
from sync.identity import link as linking
from sync.identity.profile import profile
from sync.identity.score import shipped
from sync.model.row import Row
from sync.rulings.customers import identity_view
from sync.store import likeness, neighbours
from sync.store.likeness import Pair
from sync.store.opening import Store
from tests.machine.office import START, Office

MANY = 5_000
MODEL = shipped()


def crowd(count: int) -> dict[str, Any]:
    """Accounts of different names under one domain."""
    words = [
        f"{first}{last}" for first in ("bri", "har", "quo", "ze", "pla") for last in ("ght", "bor", "lib", "phy")
    ]
    names = [f"{words[n % 20].title()} {words[n // 20 % 20]}{n} {words[n // 400]}" for n in range(count)]
    return {f"a{n:05}": profile({"name": name, "website": "shared.com"}) for n, name in enumerate(names)}


def test_one_domain_of_5000_accounts_makes_nobody_a_neighbour(store: Store) -> None:
    accounts = crowd(MANY)
    with store.write() as connection:
        neighbours.fill(connection, MODEL, accounts.items())
        asked = list(accounts)[:: MANY // 20]
        found = [len(neighbours.near(connection, MODEL, accounts[key])) for key in asked]
        assert max(found) <= 2 * 64
        likeness.compare(connection, MODEL, asked)
        alone = profile({"name": "Somebody Else Altogether", "website": "shared.com"})
        assert neighbours.near(connection, MODEL, alone) == {}


def test_a_domain_that_a_few_share_makes_them_neighbours(store: Store) -> None:
    with store.write() as connection:
        neighbours.fill(connection, MODEL, crowd(20).items())
        alone = profile({"name": "Somebody Else Altogether", "website": "shared.com"})
        assert len(neighbours.near(connection, MODEL, alone)) == 20


@pytest.mark.parametrize("countries", [("DE",), ("DE", "US", "FR", None)], ids=["one country", "several countries"])
def test_linking_5000_rows_of_one_domain_asks_a_few_times_a_row(
    monkeypatch: pytest.MonkeyPatch, countries: tuple[str | None, ...]
) -> None:
    asked = 0
    ask = linking._Things.may_join

    def counting(self: Any, *told: Any) -> bool:
        nonlocal asked
        asked += 1
        return ask(self, *told)

    monkeypatch.setattr(linking._Things, "may_join", counting)
    rows = [
        Row(
            Ref("sf", "Account", f"{n:05}"),
            "account",
            START,
            {"domain": "shared.com", "country": countries[n % len(countries)]},
            {},
        )
        for n in range(MANY)
    ]
    assert len(linking.link(rows, "sf")) == len(countries) - (None in countries)
    assert asked <= 3 * MANY


NASTY = (
    "",
    "😀🎉",
    "A" * 10_000,
    "word " * 4_000,
    "شركة النفط الوطنية",
    "חברת החשמל",
    "(" * 5_000,
    "&&&&",
    "%s ' \" ; --",
)


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_an_account_of_any_name_goes_through_a_run_and_leaves_the_next_one_nothing(
    tmp_path: Path, name: str
) -> None:
    office = Office(tmp_path)
    for crm in ("sf", "hs"):
        office.put(crm, "account", name=name, country="DE", domain="joe@mail.gmail.com", duns="12AB")
    report = office.run()
    assert report.complete
    assert len(identity_view(office.world)["pairs"]) <= 1
    again = office.run()
    assert (again.groups, again.changes) == (0, [])
    office.close()


def test_the_evidence_says_what_could_not_be_used(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for crm in ("sf", "hs"):
        office.put(
            crm, "account", name="Quolibrant Dyeworks", country="DE", domain="https://gmail.com/x", duns="12AB"
        )
    office.run()
    [pair] = identity_view(office.world)["pairs"]
    assert "everybody's domain" in " ".join(pair["reasons"])
    assert "'12AB' is no valid number" in " ".join(pair["reasons"])
    office.close()


def test_two_pairs_of_one_score_are_a_question_and_one_that_leads_is_not() -> None:
    pairs = [
        Pair(*ends, likeness.Outcome.SAME, score, "1") for ends, score in ((("a", "b"), 500), (("b", "c"), 400))
    ]
    assert [pair.outcome for pair in likeness.weighed(pairs, 100)] == ["SAME", "ASK"]
    assert [pair.outcome for pair in likeness.weighed(pairs, 101)] == ["ASK", "ASK"]
