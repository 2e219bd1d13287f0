"""Whatever a person asks about, the answer says who, what, by which rule, why, and what would change it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.cli.explaining import explanation
from sync.explain import explain_view, partners_view
from sync.model.problem import BadInput
from tests.machine.northwind import Northwind


class Asked(Northwind):
    """Northwind, with a third partner that lost, a registration nobody can judge, and a deal of somebody else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.run()
        self.passes(days=1)
        self.beacon = self.partner("Beacon")
        self.lost = self.claims(self.beacon, "RESELL", vote=None)
        self.broken = self.put("sf", "registration", partner="001nobody", opportunity=self.deal, roles=("TRAIN",))
        self.other = self.put("sf", "opportunity", name="Southwind", stage="QUALIFIED")
        self.run()

    def asks(self, ident: str) -> dict[str, Any]:
        view: dict[str, Any] = json.loads(json.dumps(explain_view(self.world, ident, self.moment)))
        return view

    def ruling(self, partner: str) -> dict[str, Any]:
        [deal] = self.asks(self.deal)["deals"]
        [entry] = [entry for entry in deal["registrations"] if entry["partner"] == partner]
        ruling: dict[str, Any] = entry["ruling"]
        return ruling


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    made = Asked(tmp_path_factory.mktemp("asked"))
    yield made
    made.close()


def test_a_ruling_names_the_rule_that_decided_and_those_that_did_not(office: Asked) -> None:
    ruling = office.ruling("Beacon")
    assert (ruling["event"], ruling["by"]) == ("reject", "rule")
    assert [step["rule"] for step in ruling["decisive"]] == ["valid_protection"]
    assert "Lumen was protected since" in ruling["decisive"][0]["text"]
    assert [step["rule"] for step in ruling["declined"]] == ["customer_choice"]


def test_every_kind_of_conflict_was_asked_about(office: Asked) -> None:
    checks = {step["rule"]: step["result"] for step in office.ruling("Beacon")["checks"]}
    assert (checks["C02"], checks["C01"], checks["C07"]) == ("hit", "pass", "pass")
    assert set({step["rule"]: step["result"] for step in office.ruling("Cirrus")["checks"]}.values()) == {"pass"}


def test_what_would_change_it_is_said(office: Asked) -> None:
    changes = {entry["if"]: entry["then"] for entry in office.ruling("Beacon")["would_change"]}
    assert changes["it asked for ADVISE instead of RESELL"] == "UNDER_REVIEW"
    assert office.ruling("Lumen")["would_change"] == []


def test_a_person_is_named_as_who_decided(office: Asked) -> None:
    assert office.ruling("Lumen")["by"] == "person jo"


def test_routine_moves_have_their_trace_too(office: Asked) -> None:
    [deal] = office.asks(office.deal)["deals"]
    assert all(decision["trace"] for decision in deal["decisions"])
    [submitted] = [d for d in deal["decisions"] if d["partner"] == "Beacon" and d["event"] == "submit"]
    [step] = submitted["trace"]
    assert (step["rule"], step["result"]) == ("submit", "pass")
    assert "RESELL: judged by standard/1" in step["text"]


def test_the_same_deal_is_found_by_everything_that_belongs_to_it(office: Asked) -> None:
    [deal] = office.asks(office.deal)["deals"]
    [case] = deal["cases"]
    ids = {
        "opportunity": deal["id"][:20],
        "case": case["id"],
        "decision": deal["decisions"][-1]["id"],
        "registration": office.lost,
        "attribution": office.rows("sf", "attribution")[0].id,
    }
    for kind, ident in ids.items():
        view = office.asks(ident)
        assert view["kind"] == kind
        assert [entry["id"] for entry in view["deals"]] == [deal["id"]], kind


def test_a_split_is_found_by_the_id_that_the_crm_carries(office: Asked) -> None:
    with office.world.store.read() as connection:
        body = connection.exec_driver_sql("SELECT body FROM split").scalar_one()
    view = office.asks(json.loads(body)["decision_id"])
    assert (view["kind"], [entry["name"] for entry in view["deals"]]) == ("split", ["Northwind"])


def test_a_partner_is_shown_with_its_registrations(office: Asked) -> None:
    view = office.asks(office.beacon)
    assert view["kind"] == "partner"
    assert [entry["name"] for entry in view["deals"]] == ["Northwind"]
    assert view["problems"] == []


def test_a_registration_that_cannot_be_judged_says_why(office: Asked) -> None:
    view = office.asks(office.broken)
    [problem] = [entry for entry in view["problems"] if office.broken in entry["where"]]
    assert "partner" in problem["what"] + problem["fix"]


def test_a_deal_without_a_registration_has_nothing_to_tell(office: Asked) -> None:
    view = office.asks(office.other)
    assert [(deal["name"], deal["registrations"], deal["split"]) for deal in view["deals"]] == [
        ("Southwind", [], None)
    ]


def test_a_slip_of_the_finger_is_answered_with_what_was_meant(office: Asked) -> None:
    with pytest.raises(BadInput, match=f"did you mean .*{office.lost}"):
        office.asks(office.lost[:-1] + "X")
    with pytest.raises(BadInput, match="nothing by this id is known here"):
        office.asks("zzz-nothing-like-it")


def test_a_beginning_that_several_things_share_is_refused_with_their_names(office: Asked) -> None:
    with pytest.raises(BadInput, match=r"several things begin like this: .*registration reg_"):
        office.asks(office.lost[:8])


def test_a_partner_reads_its_own_part_of_what_was_asked(office: Asked) -> None:
    view = partners_view(office.world, office.deal, office.moment, office.beacon)
    [entry] = view["registrations"]
    assert (view["partner"], entry["state"]) == ("Beacon", "REJECTED")
    assert "You may join as ADVISE." in entry["open_to_you"]
    assert "Lumen" not in json.dumps(view, default=str)
    with pytest.raises(BadInput, match="no partner in what"):
        partners_view(office.world, office.deal, office.moment, office.deal)


def test_who_decides_next_what_is_late_and_which_vote_does_not_count(tmp_path: Path) -> None:
    office = Northwind(tmp_path)
    office.passes(days=1)
    ahead = office.claims(office.cirrus, "ADVISE", vote=None)
    vote = {"vote": "APPROVE", "voter": "maria", "voted_at": office.moment + timedelta(days=9)}
    office.put("sf", "registration", ahead, **vote)
    office.run()
    office.passes(days=5)
    office.run()
    [deal] = explain_view(office.world, office.deal, office.moment)["deals"]
    [waits] = [entry for entry in deal["registrations"] if entry["row"].endswith(ahead)]
    [approved] = [entry for entry in deal["registrations"] if entry["row"].endswith(office.resells)]
    assert waits["breached_at"] and waits["breached_at"] == waits["review_due"]
    assert "counts from then on" in waits["vote_ignored"]
    [ask] = waits["ruling"]["decides_next"]
    assert (ask["role"], ask["due"], ask["business_days"]) == ("", waits["review_due"], 2)
    assert (approved["ruling"]["decides_next"], approved["vote_ignored"], approved["grace_end"]) == ([], "", None)
    assert approved["ruling"]["next_reminder"] < approved["protection_end"]
    office.close()


def test_the_terminal_says_so_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    ruling = {"by": None, "event": None, "decisive": [], "declined": [], "would_change": [], "next_reminder": None}
    ask = {"role": "manager", "people": ["maria"], "excluded": ["max owns it"], "due": None, "business_days": 3}
    nobody = {"role": "director", "people": [], "excluded": [], "due": "2027-02-03T09:00:00Z", "business_days": 2}
    entry = {
        "partner": "Lumen",
        "roles": ["RESELL"],
        "state": "EXPIRED",
        "reason": "PROTECTION_ENDED",
        "protection_end": None,
        "breached_at": "2027-02-03T09:00:00Z",
        "grace_end": "2027-02-06",
        "vote_ignored": "jo owns Deal and does not decide on it",
        "message": "",
        "decisions": [],
        "ruling": ruling | {"decides_next": [ask, nobody]},
    }
    explanation({"deals": [], "alone": [entry], "problems": [], "more_groups": 0})
    shown = " ".join(capsys.readouterr().out.split())
    assert "overdue since 2027-02-03 09:00" in shown
    assert "rivals are told after 2027-02-06" in shown
    assert "vote ignored: jo owns Deal" in shown
    assert "to decide: manager (maria) within 3 business days; max owns it" in shown
    assert "to decide: director (nobody is free) by 2027-02-03 09:00" in shown
