"""Whether the inbox says what waits, a page at a time in the order of its clocks, without judging everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync import rulings
from sync.model.directive import Act
from sync.rulings import inbox
from sync.rulings.inbox import inbox_view
from tests.machine.office import usd
from tests.steps.test_rulings import Dispute


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Dispute]:
    opened = Dispute(tmp_path)
    yield opened
    opened.close()


def filed(office: Dispute, name: str) -> str:
    """A registration that nobody has answered yet."""
    deal = office.put("sf", "opportunity", name=name, stage="QUALIFIED", amount=usd("5000"))
    asked: dict[str, Any] = {"opportunity": deal, "roles": ["RESELL"], "submitted_at": office.moment}
    return office.put("sf", "registration", partner=office.rival, **asked)


def seen(office: Dispute, what: str, **asked: Any) -> list[str]:
    found = inbox_view(office.world, office.moment, **asked)[what]["entries"]
    return [entry["deal"] for entry in found]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The groups that the inbox judges from now on."""
    judged: list[str] = []
    really = inbox.judge_page

    def noted(world: Any, ids: Any, now: Any) -> Any:
        judged.extend(ids)
        return really(world, ids, now)

    monkeypatch.setattr(inbox, "judge_page", noted)
    return judged


def test_what_waits_is_shown_as_the_last_run_found_it_and_nothing_is_judged(
    office: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed(office, "Fabrikam")
    office.run()
    office.passes(minutes=5)
    judged = counted(monkeypatch)
    assert seen(office, "cases") == ["Contoso"]
    assert "Fabrikam" in seen(office, "approvals")
    assert judged == []
    (case,) = inbox_view(office.world, office.moment)["cases"]["entries"]
    (known,) = rulings.cases_view(office.world, office.moment)["cases"]
    assert {name: case[name] for name in ("id", "kind", "severity", "text", "due", "breached")} == {
        name: known[name] for name in ("id", "kind", "severity", "text", "due", "breached")
    }
    assert sorted(case["partners"]) == sorted(claim["partner"] for claim in known["claims"])


def test_the_approvals_are_those_that_judging_everything_would_find(office: Dispute) -> None:
    for name in ("Fabrikam", "Litware", "Proseware"):
        filed(office, name)
        office.run()
    known = rulings.approvals_view(office.world, office.moment)["approvals"]
    found = inbox_view(office.world, office.moment)["approvals"]
    assert [entry["registration"] for entry in found["entries"]] == [entry["registration"] for entry in known]
    for name in ("amount", "due", "breached", "roles", "still_to_say_yes"):
        assert [entry[name] for entry in found["entries"]] == [entry[name] for entry in known], name
    assert found["total"] == len(known)


def test_a_long_list_has_pages_and_every_entry_is_on_one_of_them(
    office: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Fabrikam", "Litware", "Proseware"):
        filed(office, name)
        office.run()
    monkeypatch.setattr(inbox, "PAGE", 2)
    whole = inbox_view(office.world, office.moment)["approvals"]["total"]
    pages = [seen(office, "approvals", approvals=number) for number in range(3)]
    assert sum(len(page) for page in pages) == len({name for page in pages for name in page}) == whole
    first, last = (inbox_view(office.world, office.moment, approvals=number)["approvals"] for number in (0, 2))
    assert (first["before"], first["after"], last["after"]) == (None, 1, None)


def test_what_a_person_has_answered_waits_no_more_before_any_run(
    office: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = filed(office, "Fabrikam")
    filed(office, "Litware")
    office.run()
    office.passes(minutes=5)
    judged = counted(monkeypatch)
    rulings.on_registration(office.world, row, Act.APPROVE, office.speaker(by="Jo"))
    assert (("Fabrikam" in (now := seen(office, "approvals"))), "Litware" in now) == (False, True)
    assert len(judged) == 1  # and only there anybody looked again
    office.run()
    assert "Fabrikam" not in seen(office, "approvals")


def test_a_case_that_was_ruled_on_leaves_the_inbox(office: Dispute) -> None:
    office.passes(minutes=5)
    rulings.dismiss(office.world, office.case, office.speaker())
    assert seen(office, "cases") == []
    office.run()
    assert seen(office, "cases") == []


def test_only_cases_of_a_kind_are_shown_when_it_is_asked_for(office: Dispute) -> None:
    assert seen(office, "cases", kind="C02") == ["Contoso"]
    assert seen(office, "cases", kind="C13") == []
    assert inbox_view(office.world, office.moment, kind="C02")["requests"] is None


def test_what_waited_in_a_group_that_went_into_another_one_is_there_once(office: Dispute) -> None:
    filed(office, "Fabrikam")
    office.run()
    before = sorted(seen(office, "approvals"))
    (fabrikam,) = (
        key for key, row in office.crms["sf"].rows["Opportunity"].items() if "Fabrikam" in str(row.values)
    )
    customer = office.put("sf", "account", name="One roof", domain="oneroof.com")
    for deal in (fabrikam, office.first):
        office.put("sf", "opportunity", deal, account=customer)
    office.run()
    assert sorted(seen(office, "approvals")) == before
    assert seen(office, "cases") == ["Contoso"]


def test_a_registration_that_is_deleted_waits_no_more(office: Dispute) -> None:
    row = filed(office, "Fabrikam")
    office.run()
    office.crms["sf"].drop(office.field_map("sf", "registration").object, row)
    office.run()
    assert "Fabrikam" not in seen(office, "approvals")
