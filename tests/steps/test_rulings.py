"""What people say from the command line is tried first, refused with its reason or recorded, and then in force."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from sync import rulings
from sync.cli.rulings import register
from sync.commands import write_new
from sync.model.directive import Act
from sync.model.problem import BadInput
from sync.rulings import Speaker
from sync.store.directives import directives_after
from tests.machine.northwind import Northwind


class Dispute(Northwind):
    """Two partners filed the same reselling role within seconds: no rule separates them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.rival = self.partner("Altus")
        self.office_hours()

    def office_hours(self) -> None:
        self.first = self.put("sf", "opportunity", name="Contoso", stage="QUALIFIED", amount=None)
        filed = {"opportunity": self.first, "roles": ["RESELL"], "submitted_at": self.moment}
        self.left = self.put("sf", "registration", partner=self.lumen, **filed)
        self.right = self.put("sf", "registration", partner=self.rival, **filed)
        self.run()

    def speaker(self, reason: str = "they asked first", by: str = "Maria") -> Speaker:
        return Speaker(by, self.moment, reason)

    @property
    def case(self) -> str:
        (case,) = rulings.cases_view(self.world, self.moment)["cases"]
        return str(case["id"])

    def status(self, claim: str) -> str | None:
        return self.says("sf", "registration", claim, "status")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Dispute]:
    opened = Dispute(tmp_path)
    yield opened
    opened.close()


def refusal(error: pytest.ExceptionInfo[BadInput]) -> str:
    return "; ".join(f"{problem.what}. {problem.fix}" for problem in error.value.problems)


def recorded(office: Dispute) -> int:
    with office.world.store.read() as connection:
        return len(directives_after(connection, 0, 100))


# What waits.


def test_a_case_is_shown_with_its_clocks_and_both_claims_side_by_side(office: Dispute) -> None:
    view = rulings.cases_view(office.world, office.moment)
    (case,) = view["cases"]
    assert (case["kind"], case["deal"], case["state"]) == ("C02", "Contoso", "OPEN")
    assert sorted(claim["partner"] for claim in case["claims"]) == ["Altus", "Lumen"]
    assert case["due"] < case["executives"]
    assert case["breached"] is None
    assert rulings.cases_view(office.world, office.moment, kind="C13") == {"cases": [], "requests": []}


def test_a_case_that_nobody_ruled_on_shows_since_when_it_is_overdue(office: Dispute) -> None:
    (before,) = rulings.cases_view(office.world, office.moment)["cases"]
    office.passes(days=4)
    (after,) = rulings.cases_view(office.world, office.moment)["cases"]
    assert after["breached"] == before["due"]


# Ruling on a case.


def test_an_award_is_in_force_after_the_next_run(office: Dispute) -> None:
    said = rulings.award(office.world, office.case, office.left, office.speaker())
    assert {(move["partner"], move["from"], move["to"]) for move in said.view["moves"]} == {
        ("Lumen", "IN_CONFLICT", "UNDER_REVIEW"),
        ("Altus", "IN_CONFLICT", "REJECTED"),
    }
    assert office.status(office.right) != "Rejected"
    office.run()
    assert office.status(office.right) == "Rejected"
    assert rulings.cases_view(office.world, office.moment)["cases"] == []


def test_a_case_may_be_dismissed_or_shared(office: Dispute) -> None:
    said = rulings.co_register(office.world, office.case, office.speaker())
    assert [case["resolution"] for case in said.view["cases"]] == ["CO_REGISTER"]
    office.run()
    again = rulings.cases_view(office.world, office.moment, only_open=False)["cases"]
    assert [case["resolution"] for case in again] == ["CO_REGISTER"]


def test_the_beginning_of_an_id_is_enough_and_a_slip_is_answered(office: Dispute) -> None:
    case = office.case
    with pytest.raises(BadInput) as error:
        rulings.award(office.world, case[:-1] + "9", office.left, office.speaker())
    assert f"did you mean {case}" in refusal(error)
    assert rulings.dismiss(office.world, case[:12], office.speaker()).view["cases"]


def test_a_beginning_that_several_have_and_a_row_that_cannot_be_judged_are_refused(office: Dispute) -> None:
    with pytest.raises(BadInput) as error:
        rulings.on_registration(office.world, "reg_", Act.APPROVE, office.speaker())
    assert "several things begin like this" in refusal(error)
    nobody_s = office.put("sf", "registration", opportunity=office.first, roles=["ADVISE"])
    office.run()
    with pytest.raises(BadInput) as error:
        rulings.on_registration(office.world, nobody_s, Act.APPROVE, office.speaker())
    assert f"`dealsync explain {nobody_s}` says why" in refusal(error)


def test_only_a_registration_of_the_case_can_win_it(office: Dispute) -> None:
    with pytest.raises(BadInput) as error:
        rulings.award(office.world, office.case, office.implements, office.speaker())
    assert "it is not in case" in refusal(error)
    assert "Altus" in refusal(error)
    assert "Lumen" in refusal(error)
    with pytest.raises(BadInput) as error:
        rulings.award(office.world, office.left, office.left, office.speaker())
    assert "give the id of a case" in refusal(error)
    assert recorded(office) == 0


def test_a_claim_that_is_out_wins_nothing_before_its_appeal(office: Dispute) -> None:
    case = office.case
    rulings.award(office.world, case, office.left, office.speaker())
    office.run()
    with pytest.raises(BadInput) as error:
        rulings.award(office.world, case, office.right, office.speaker())
    assert "it is REJECTED" in refusal(error)
    assert "dealsync reopen" in refusal(error)


# Ruling on a registration.


def test_an_open_case_is_not_decided_by_the_way(office: Dispute) -> None:
    with pytest.raises(BadInput) as error:
        rulings.on_registration(office.world, office.left, Act.APPROVE, office.speaker())
    assert "case C02 is open" in refusal(error)
    assert f"dealsync decide {office.case} --award" in refusal(error)


def test_what_does_not_fit_is_refused_with_what_would(office: Dispute) -> None:
    with pytest.raises(BadInput) as error:
        rulings.on_registration(office.world, office.left, Act.REVOKE, office.speaker())
    assert "is IN_CONFLICT" in refusal(error)
    assert "reject" in refusal(error)
    with pytest.raises(BadInput) as error:
        rulings.on_registration(office.world, office.resells, Act.REVOKE, office.speaker(reason=""))
    assert "a reason is needed" in refusal(error)
    assert recorded(office) == 0


def test_a_revocation_can_be_appealed_and_somebody_else_decides(office: Dispute) -> None:
    rulings.on_registration(office.world, office.resells, Act.REVOKE, office.speaker("TERRITORY: not theirs"))
    office.run()
    assert office.status(office.resells) == "Revoked"
    assert office.says("sf", "registration", office.resells, "status_reason") == "TERRITORY"
    office.passes(days=1)
    rulings.on_registration(office.world, office.resells, Act.REOPEN, office.speaker("they are right", by="Jo"))
    office.run()
    with pytest.raises(BadInput) as error:
        rulings.on_registration(office.world, office.resells, Act.APPROVE, office.speaker())
    assert "somebody else decides the appeal" in refusal(error)
    office.passes(days=1)
    rulings.on_registration(office.world, office.resells, Act.APPROVE, office.speaker(by="Jo"))
    office.run()
    assert office.status(office.resells) == "Approved"


def test_a_request_for_more_time_waits_and_is_answered(office: Dispute) -> None:
    worked = f"POC|{(office.moment + timedelta(days=80)).date().isoformat()}|demo|yes"
    office.passes(days=85)
    office.put("sf", "registration", office.resells, extension_requested_at=office.moment)
    kind, field = office.field_map("sf", "registration").object, office.field("sf", "registration", "evidence")
    office.crms["sf"].put(kind, {field: worked}, office.resells)
    office.run()
    (request,) = rulings.cases_view(office.world, office.moment)["requests"]
    assert (request["partner"], request["days_at_most"]) == ("Lumen", 30)
    said = rulings.on_registration(office.world, office.resells, Act.EXTEND, office.speaker(), days=10)
    (move,) = said.view["moves"]
    assert move["protection_end"] > request["protected_until"]
    office.run()
    assert rulings.cases_view(office.world, office.moment)["requests"] == []


def test_what_would_change_nothing_is_not_recorded(office: Dispute) -> None:
    with pytest.raises(BadInput) as error:
        rulings.share(office.world, office.deal, [], office.speaker())
    assert "would change nothing" in refusal(error)
    assert recorded(office) == 0


# Dividing a deal.


def test_a_person_divides_a_deal_and_gives_it_back_to_the_policy(office: Dispute) -> None:
    said = rulings.share(office.world, office.deal, ["Lumen=60", "cirr=40%"], office.speaker())
    assert said.view["splits"][0]["parts"] == {"Lumen": "60.00", "Cirrus": "40.00"}
    office.run()
    assert office.total("sf") == office.total("hs")
    assert len(office.rows("sf", "attribution")) == 2
    back = rulings.share(office.world, office.deal, [], office.speaker())
    assert back.view["splits"][0]["parts"] != {"Lumen": "60.00", "Cirrus": "40.00"}


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        (["Lumen=60", "Cirrus=41"], "the shares make 101"),
        (["Lumen=60", "Cirus=40"], "did you mean 'Cirrus'?"),
        (["Lumen=60", "Lumen=40"], "named twice"),
        (["Lumen=many"], "is not a share"),
        (["Lumen=-1", "Cirrus=101"], "is not a share"),
        (["Lumen=1/0"], "is not a share"),
    ],
)
def test_shares_that_do_not_fit_are_refused(office: Dispute, parts: list[str], what: str) -> None:
    with pytest.raises(BadInput) as error:
        rulings.share(office.world, office.deal, parts, office.speaker())
    assert what in refusal(error)
    assert recorded(office) == 0


# The command line.


@pytest.fixture
def typed(office: Dispute, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    write_new(office.folder)
    monkeypatch.setattr("sync.cli.rulings.now", lambda: office.moment)
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner().invoke(app, [*arguments, "--home", str(office.folder)])


def test_the_commands_show_what_waits_and_take_a_ruling(office: Dispute, typed: Callable[..., Result]) -> None:
    case = office.case
    assert case in typed("cases").output
    assert [entry["id"] for entry in json.loads(typed("cases", "--json").output)["cases"]] == [case]
    assert typed("decide", case, "--award", office.left, "--reason", "first").exit_code == 0
    assert recorded(office) == 1
    assert typed("decide", case).exit_code == 2  # which of the six?
    assert typed("decide", case, "--dismiss", "--approve").exit_code == 2
    assert typed("cases").output == "Nothing waits for a person.\n"


def test_each_command_says_its_word_as_whoever_types_it(office: Dispute, typed: Callable[..., Result]) -> None:
    words = [
        ("extend", office.resells, "--days", "5"),
        ("share", office.deal, "Lumen=60", "Cirrus=40"),
        ("share", office.deal, "--by-policy"),
        ("revoke", office.resells, "--reason", "OTHER: a mistake"),
        ("reopen", office.resells),
        ("withdraw", office.implements),
        ("decide", office.left, "--reject", "--reason", "NOT_QUALIFIED"),
    ]
    for number, word in enumerate(words, 1):
        ran = typed(*word, "--by", f"Person {number}")
        assert ran.exit_code == 0, (word, ran.exception)
        office.passes(seconds=1)
    with office.world.store.read() as connection:
        said = directives_after(connection, 0, 100)
    assert [entry.by for entry in said] == [f"Person {number}" for number in range(1, len(words) + 1)]
    assert [entry.act for entry in said] == ["EXTEND", "SHARE", "SHARE", "REVOKE", "REOPEN", "WITHDRAW", "REJECT"]


def test_a_refused_word_is_an_error_and_not_recorded(office: Dispute, typed: Callable[..., Result]) -> None:
    assert isinstance(typed("revoke", office.left, "--reason", "OTHER: no").exception, BadInput)
    assert recorded(office) == 0
