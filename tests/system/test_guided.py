"""`init` beside live CRMs: does an org that calls everything otherwise come out as one that does not?"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import load_world

from .program import ROOT, Desk, Program, Ran, open_desk
from .test_terminal import terminal

EXAMPLE = ROOT / "mappings" / "examples" / "tailored"
WORDS = (
    "sf-account.named_list:Open=NONE",
    "sf-account.tier:Registered=BRONZE",
    "sf-opportunity.type:New Logo=NEW",
    "sf-opportunity.stage:3 - Solution Fit=TECH_VALIDATION",
    "sf-opportunity.stage:5 - Verbal Commitment=COMMITTED",
    "sf-deal-registration.roles:Sourcing=SOURCE",
    "sf-deal-registration.roles:Resale=RESELL",
    "sf-deal-registration.roles:Delivery=IMPLEMENT",
    "sf-deal-registration.roles:Advisory=ADVISE",
    "sf-deal-registration.roles:Distribution=DISTRIBUTE",
    "sf-deal-registration.roles:Training=TRAIN",
    "sf-deal-registration.roles:Referral=REFER",
    "hs-companies.tier:registered=BRONZE",
    "hs-deals.type:new_logo=NEW",
    "hs-deals.stage:first_meeting=PROSPECT",
    "hs-deals.stage:solution_fit=TECH_VALIDATION",
    "hs-deals.stage:decision_maker_agreed=BIZ_VALIDATION",
    "hs-deals.stage:contract_out=COMMITTED",
)
"""What no spelling tells: a person says it."""


@pytest.fixture
def tailored() -> Iterator[Sandbox]:
    with start(load_world("tailored", datetime.now(UTC))) as running:
        yield running


def sign_in(sandbox: Sandbox) -> tuple[str, ...]:
    salesforce = (f"sf.url={sandbox.salesforce_url}", "sf.client_id=dealsync", "sf.client_secret=sandbox-secret")
    return (*salesforce, f"hs.url={sandbox.hubspot_url}", "hs.token=pat-sandbox")


def init(typed: Desk, *given: str, more: tuple[str, ...] = ()) -> Ran:
    return typed("init", "new", *more, *(part for answer in given for part in ("-a", answer)))


def written(sandbox: Sandbox, kind: str) -> list[tuple[str, ...]]:
    """The parts of every deal as Salesforce has them: deal, partner, share, amount, currency."""
    names = ("Opportunity__c", "Partner_Account__c", "Share__c", "Amount__c", "CurrencyIsoCode")
    return sorted(tuple(str(row.get(name)) for name in names) for row in sandbox.salesforce.rows(kind))


def test_a_tailored_org_gets_the_mapping_of_the_example_and_the_demo_s_amounts_to_the_cent(
    typed: Desk, tailored: Sandbox, sandbox: Sandbox, tmp_path: Path, program: Program
) -> None:
    ran = init(typed, *sign_in(tailored), *WORDS)
    assert ran.code == 0, ran.err
    for example in sorted(EXAMPLE.glob("*.toml")):
        assert (typed.home / "new" / "mappings" / example.name).read_text("utf-8") == example.read_text("utf-8")
    desk = Desk(typed.home / "new", program)
    assert desk("lint").code == 0
    assert desk("plan").code == 2
    first = desk("run", "--once", "--json")
    assert (first.code, first.json["outcomes"].keys(), first.json["faults"]) == (0, {"done"}, []), first.err
    again = desk("run", "--once", "--json").json
    assert (again["changes"], again["held"]) == ([], [])
    usual = open_desk(tmp_path / "usual", program, sandbox.salesforce_url, sandbox.hubspot_url)
    assert usual("run", "--once").code == 0
    assert written(tailored, "Partner_Attribution__c") == written(sandbox, "Partner_Attribution__c")
    amounts = {row[3] for row in written(tailored, "Partner_Attribution__c")}
    assert {"111111.11", "83333.33", "55555.55"} <= amounts


def test_it_says_who_answers_what_it_suggests_and_shows_five_records(typed: Desk, tailored: Sandbox) -> None:
    said = init(typed, *sign_in(tailored), "write=no", more=("--json",)).json
    assert [(crm["name"], crm["org"]) for crm in said["connections"]][1] == ("hs", "145820999")
    assert said["written"] == []
    deals = next(mapping for mapping in said["mappings"] if mapping["id"] == "sf-opportunity")
    stage = next(each for each in deals["suggestions"] if each["path"] == "stage")
    assert stage["unknown"] == ["3 - Solution Fit", "5 - Verbal Commitment"]
    assert "what is 3 - Solution Fit" in stage["doubt"]
    engaged = next(each for each in deals["suggestions"] if each["path"] == "direct_engaged_at")
    assert engaged["remote"] == ["First_Direct_Contact__c"]
    assert "'First direct contact'" in engaged["reason"]
    assert len(deals["preview"]) == 5
    assert deals["preview"][0]["values"]["amount"] == "249999.99 USD"
    assert not (typed.home / "new").exists()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("sf.ulr=x", "nothing asks for it"),
        ("crms=salesforc", "did you mean 'salesforce'?"),
        ("sf-account.tier=Chanel_Level__c", "did you mean 'Channel_Level__c'?"),
        ("sf-account.tier:Registered=BRONCE", "did you mean 'BRONZE'?"),
        ("sf.flow=password", "unknown flow 'password'"),
        ("no pair", "it is not KEY=VALUE"),
    ],
)
def test_a_wrong_answer_is_said_and_nothing_is_written(
    typed: Desk, tailored: Sandbox, answer: str, says: str
) -> None:
    ran = init(typed, *sign_in(tailored), answer)
    assert ran.code == 1
    assert says in ran.err
    assert not (typed.home / "new").exists()


def test_a_path_can_be_given_another_field_or_left_out(typed: Desk, tailored: Sandbox) -> None:
    ran = init(typed, *sign_in(tailored), "sf-account.phone=-", "sf-account.industry=Description")
    assert ran.code == 0, ran.err
    text = (typed.home / "new" / "mappings" / "sf-account.toml").read_text("utf-8")
    assert 'drop = ["phone"]' in text
    assert 'remote = "Description"' in text


def test_at_a_terminal_it_asks_and_ctrl_c_leaves_nothing(typed: Desk, tailored: Sandbox) -> None:
    given = [part for answer in sign_in(tailored) for part in ("-a", answer)]
    with terminal(typed, "init", "new", *given, environment={}) as at:
        at.until("Which CRMs?")
        at.type("salesforce\n")
        at.until("Sign-in, one of client_credentials")
        at.type("\n")
        at.until("Currency of amounts")
        at.type("USD\n")
        at.until("signed in to org")
        at.until("Is that the right org?")
        at.process.send_signal(signal.SIGINT)
        assert at.end() == 3
    assert not (typed.home / "new").exists()
