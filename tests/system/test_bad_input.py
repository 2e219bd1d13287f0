"""Everything that a person may have set up wrongly: each is named with place and fix before anything happens."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault

from .program import Desk, Program, Ran, open_desk

NOBODY = "http://127.0.0.1:9"
SECRETS = ("sandbox-secret", "pat-sandbox", "hunter2")


@pytest.fixture
def alone(tmp_path: Path, program: Program) -> Desk:
    """An installation whose CRMs do not exist: whoever asks them fails."""
    return open_desk(tmp_path / "dealsync", program, NOBODY, NOBODY)


def refused(ran: Ran, *words: str) -> None:
    """One block of messages, no stack of calls, no secret, nothing on stdout; every word is in it."""
    assert (ran.code, ran.out) == (1, ""), ran.err
    assert "Traceback" not in ran.err
    assert not [secret for secret in SECRETS if secret in ran.err]
    assert not [word for word in words if word not in ran.err], ran.err


def faults(ran: Ran) -> list[str]:
    return [line for line in ran.err.splitlines() if line.startswith("error  ")]


def test_a_wrong_client_secret(desk: Desk) -> None:
    desk.edit("config.toml", "sandbox-secret", "hunter2")
    ran = desk("plan")
    refused(ran, "error  sf:", "invalid client credentials", "config.toml")
    assert len(faults(ran)) == 1
    assert desk.store() == {}


def test_a_wrong_token(desk: Desk) -> None:
    desk.edit("config.toml", "pat-sandbox", "hunter2")
    ran = desk("plan")
    refused(ran, "error  hs:", "credentials not found", "config.toml")
    assert len(faults(ran)) == 1
    assert desk.store() == {}


def test_two_wrong_sign_ins_are_both_named(desk: Desk) -> None:
    desk.edit("config.toml", "sandbox-secret", "hunter2")
    desk.edit("config.toml", "pat-sandbox", "hunter2")
    ran = desk("run", "--once")
    refused(ran, "error  sf:", "error  hs:")
    assert len(faults(ran)) == 2
    assert desk.store() == {}


def test_addresses_where_nothing_listens_are_both_named_after_one_more_try(alone: Desk) -> None:
    ran = alone("plan")
    refused(ran, "error  sf: no sign-in at http://127.0.0.1:9", "error  hs:", "cannot be reached", "check its url")
    assert (len(faults(ran)), ran.err.count("waiting ")) == (2, 2)
    assert alone.store() == {}


def test_addresses_that_are_no_crm(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", sandbox.salesforce_url, sandbox.salesforce_url.replace("http:", "https:"))
    desk.edit("config.toml", '"sandbox-secret"', '"env:SF_SECRET"')
    sandbox.hubspot.switchboard.faults.append(Fault(html=True, times=99))
    ran = desk("plan", SF_SECRET="hunter2")
    refused(ran, "error  sf: no sign-in at https://", "error  hs:", "answer cannot be read", "check its url")
    assert len(faults(ran)) == 2
    assert desk.store() == {}


def test_an_address_of_another_crm(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", sandbox.hubspot_url, sandbox.salesforce_url)
    ran = desk("plan")
    refused(ran, "error  hs:", "404")
    assert desk.store() == {}


def test_a_maintenance_page_instead_of_salesforce(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.salesforce.switchboard.faults.append(Fault(html=True, times=99))
    refused(desk("plan"), "error  sf:", "not Salesforce's", "run again later")
    assert desk.store() == {}


def test_http_to_another_machine_is_refused_before_a_secret_leaves(alone: Desk) -> None:
    alone.edit("config.toml", NOBODY, "http://crm.example.com")
    alone.edit("config.toml", '"sandbox-secret"', '"env:SF_SECRET"')
    alone.edit("config.toml", '"pat-sandbox"', '"env:HS_TOKEN"')
    ran = alone("plan", SF_SECRET="hunter2", HS_TOKEN="hunter2")
    refused(ran, "[connection.sf]", "[connection.hs]", "http://crm.example.com", "https://HOST")
    assert alone.store() == {}


def test_a_mapping_with_three_faults_names_the_three(alone: Desk) -> None:
    alone.edit("mappings/sf-opportunity.toml", 'canonical = "stage"', 'canonical = "stagge"')
    alone.edit("mappings/sf-opportunity.toml", 'Renewal = "RENEWAL"', 'Renewal = "RENEWEL"')
    alone.edit("mappings/sf-opportunity.toml", 'remote = "AccountId"\nrefers = "Account"', 'remote = "AccountId"')
    ran = alone("plan")
    refused(
        ran,
        "mappings/sf-opportunity.toml: field.4 (stagge): unknown canonical path",
        "did you mean 'stage'?",
        "'RENEWEL', which is not a word of this path",
        "field.2 (account): refers is missing",
    )
    assert alone.store() == {}


def test_a_policy_whose_pools_do_not_make_a_hundred(alone: Desk) -> None:
    alone.edit("policies/standard.toml", "SOURCE     = { pool = 10", "SOURCE     = { pool = 20")
    ran = alone("plan")
    refused(ran, "policies/standard.toml: roles", "add up to 110 percent", "make 100")
    assert len(faults(ran)) == 1
    assert alone.store() == {}


def test_an_unknown_key(alone: Desk) -> None:
    alone.edit("config.toml", "[schedule]\n", "[schedule]\nsinc = 1\n")
    ran = alone("plan")
    refused(ran, "config.toml: schedule.sinc: unknown key", "fix: ")
    assert alone.store() == {}


def test_secrets_that_are_not_there_are_all_named(alone: Desk) -> None:
    alone.edit("config.toml", '"sandbox-secret"', '"env:SF_NOWHERE"')
    alone.edit("config.toml", '"pat-sandbox"', '"file:secrets/hs"')
    ran = alone("plan")
    refused(ran, "auth.client_secret: the environment has no SF_NOWHERE", "the file secrets/hs cannot be read")
    assert len(faults(ran)) == 2
    assert alone.store() == {}


def test_two_connections_and_nobody_says_whose_word_counts(alone: Desk) -> None:
    alone.edit("config.toml", 'opportunity = "sf"\n', "\n")
    refused(alone("plan"), "config.toml: records.opportunity", "one of sf, hs")
    assert alone.store() == {}


def test_a_store_in_a_folder_that_does_not_exist(alone: Desk) -> None:
    alone.edit("config.toml", "sqlite:///dealsync.db", "sqlite:///there/dealsync.db")
    refused(alone("status"), "config.toml: store.url", "the folder there does not exist", "create the folder")


def test_a_store_of_a_newer_version_is_left_as_it_is(desk: Desk) -> None:
    desk("plan")
    connection = sqlite3.connect(desk.home / "dealsync.db")
    connection.execute("UPDATE alembic_version SET version_num = 'v9999'")
    connection.commit()
    connection.close()
    before = desk.store()
    refused(desk("plan"), "sqlite:///dealsync.db", "newer dealsync (tables version v9999)", "fix: ")
    assert desk.store() == before


def test_a_store_that_is_no_database_is_left_as_it_is(alone: Desk) -> None:
    path = alone.home / "dealsync.db"
    path.write_text("Not a database, but somebody's notes.\n" * 100, "utf-8")
    before = path.read_bytes()
    refused(alone("status"), "sqlite:///dealsync.db", "not a database", "fix: ")
    assert path.read_bytes() == before


def test_faults_in_three_files_are_said_at_once(alone: Desk) -> None:
    alone.edit("config.toml", "[schedule]\n", "[schedule]\nsinc = 1\n")
    alone.edit("policies/standard.toml", "review_business_days = 2", "review_busines_days = 2")
    alone.edit("mappings/sf-account.toml", 'canonical = "domain"', 'canonical = "domian"')
    ran = alone("plan")
    refused(
        ran, "config.toml: schedule.sinc", "windows.review_busines_days", "did you mean 'domain'?", "3 problems"
    )
    assert len(faults(ran)) == 3
    assert alone.store() == {}


def test_another_org_behind_the_same_connection_stops_everything(desk: Desk, sandbox: Sandbox) -> None:
    desk("plan")
    before = desk.store()
    first = sandbox.salesforce.org.id
    sandbox.salesforce.org.id = "00D5e000009ZZZZEAE"
    seen = len(sandbox.hubspot.switchboard.calls)
    refused(desk("run", "--once"), "error  sf:", "00D5e000009ZZZZEAE", first, "Nothing was read or written")
    assert but_for_calls(desk.store()) == but_for_calls(before)
    who_it_is = ["/account-info/2026-09/details", "/crm-object-schemas/2026-09/schemas"]  # and which objects it has
    assert [call.path for call in sandbox.hubspot.switchboard.calls[seen:]] == who_it_is


def but_for_calls(store: dict[str, Any]) -> dict[str, Any]:
    """Everything that is stored, but how many calls were made: asking who it is costs some too."""
    return store | {"setting": [row for row in store["setting"] if not row["name"].startswith("calls ")]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "-C", "nowhere"), ("nowhere/config.toml does not exist", "dealsync init nowhere")),
        (("apply", "nowhere.plan"), ("nowhere.plan", "No such file", "check the path")),
        (("plan", "-o", "nowhere/first.plan"), ("nowhere/first.plan", "cannot be written", "another place")),
    ],
    ids=["home", "plan to apply", "place for a plan"],
)
def test_a_path_that_does_not_exist(desk: Desk, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    refused(desk(*arguments), *words)
