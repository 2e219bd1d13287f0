"""One refresh token that rotates, and everybody who wants it: threads, processes, crashes, administrators."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.crm import Vault
from connector.errors import StopCrm, TryAgain
from connector.salesforce import rotation
from connector.salesforce.crm import SalesforceCrm
from connector.salesforce.rotation import Pocket
from connector.sandbox.switchboard import Fault

from .salesforce_rig import KINDS, SalesforceRig

REFRESH = {"flow": "refresh_token", "client_id": "dealsync", "refresh_token": "refresh-sandbox"}
PROCESS = Path(__file__).with_name("refreshing.py")


@pytest.fixture(autouse=True)
def rotating(salesforce: SalesforceRig) -> None:
    salesforce.switchboard.settings["rotate_refresh_tokens"] = True


def opened(salesforce: SalesforceRig, vault: Vault | None, **settings: str) -> SalesforceCrm:
    url = salesforce.sandbox.salesforce_url
    return SalesforceCrm("sf", {"url": url, **REFRESH, **settings}, ledger=salesforce.ledger, vault=vault)


def sign_ins(salesforce: SalesforceRig) -> list[int]:
    """The answers of the token endpoint, the rig's own sign-ins left out."""
    salesforce.calls()
    return [call.status for call in salesforce.switchboard.calls if call.path.endswith("/token")][1:]


def kept(vault: Vault) -> dict[str, str]:
    return dict(json.loads(vault.load("sf") or "{}"))


class Crashing(Pocket):
    """The program dies when it stores the session that it has just been given."""

    def swap(self, name: str, old: str | None, new: str) -> bool:
        if '"access"' in new:
            raise KeyboardInterrupt
        return super().swap(name, old, new)


@pytest.mark.parametrize("vault", [Pocket(), None], ids=["vault", "no vault"])
def test_each_renewal_spends_one_token_and_keeps_the_next(salesforce: SalesforceRig, vault: Vault | None) -> None:
    crm = opened(salesforce, vault)
    for _ in range(4):
        crm.whoami()
        salesforce.expire()
    assert sign_ins(salesforce) == [200] * 4


def test_the_new_token_is_stored_before_its_session_is_used(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    salesforce.switchboard.faults.append(Fault(path="userinfo", status=503, body="<html/>"))
    with pytest.raises(TryAgain):
        opened(salesforce, vault).whoami()
    assert kept(vault)["refresh"] != REFRESH["refresh_token"]
    assert "claim" not in kept(vault)


def test_the_next_command_uses_the_session_of_the_last_one(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    for _ in range(5):
        opened(salesforce, vault).whoami()
    assert sign_ins(salesforce) == [200]


def test_a_stored_session_that_has_ended_costs_one_renewal(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    opened(salesforce, vault).whoami()
    salesforce.expire()
    opened(salesforce, vault).whoami()
    assert sign_ins(salesforce) == [200, 200]


def test_two_sessions_that_are_both_too_old_are_no_reason_to_give_up(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    idle, busy = opened(salesforce, vault), opened(salesforce, vault)
    idle.whoami()
    salesforce.expire()
    busy.whoami()
    salesforce.expire()
    with pytest.raises(TryAgain) as caught:
        idle.whoami()
    assert caught.value.after == 0
    assert idle.whoami().org
    assert sign_ins(salesforce) == [200] * 3


def test_threads_share_one_renewal(salesforce: SalesforceRig) -> None:
    crm = opened(salesforce, Pocket())
    crm.describe(KINDS.plain)
    salesforce.expire()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: list(crm.ids(KINDS.plain)), range(16)))
    assert found == [[]] * 16
    assert sign_ins(salesforce) == [200, 200]


def test_two_processes_that_refresh_at_once_never_spend_a_token_twice(
    salesforce: SalesforceRig, tmp_path: Path
) -> None:
    command = [sys.executable, str(PROCESS), salesforce.sandbox.salesforce_url, str(tmp_path), "12"]
    racers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [racer.communicate(timeout=100) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], said
    assert set(sign_ins(salesforce)) == {200}, "a token that is spent twice is refused, and its family with it"
    assert [int(out) for out, _ in said] == [12, 12]


def test_while_another_process_signs_in_we_wait_for_its_session(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    with pytest.raises(KeyboardInterrupt):
        opened(salesforce, crashing_in(vault)).whoami()
    with pytest.raises(TryAgain, match="another process") as caught:
        opened(salesforce, vault).whoami()
    assert caught.value.after == 1.0
    assert sign_ins(salesforce) == [200], "we did not touch the token that is being spent"


def test_the_waits_for_another_process_outlast_its_lease() -> None:
    assert sum(rotation.WAITS) > rotation.LEASE > 10 + 30, "longer than its sign-in can take"


def test_a_crash_between_the_answer_and_the_vault_is_reported_once(
    salesforce: SalesforceRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Pocket()
    with pytest.raises(KeyboardInterrupt):
        opened(salesforce, crashing_in(vault)).whoami()
    monkeypatch.setattr(rotation, "LEASE", 0.0)
    crm = opened(salesforce, vault)
    for _ in range(3):
        with pytest.raises(StopCrm, match="new refresh_token in config"):
            crm.whoami()
    assert sign_ins(salesforce) == [200, 400], "the family is revoked; nobody knocks again"


def test_a_crash_before_the_token_was_spent_is_survived(
    salesforce: SalesforceRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Pocket()
    opened(salesforce, vault).whoami()
    whole = vault.load("sf")
    claimed = json.dumps({**{key: kept(vault)[key] for key in ("root", "refresh")}, "claim": "1-1"})
    assert vault.swap("sf", whole, claimed)
    monkeypatch.setattr(rotation, "LEASE", 0.0)
    assert opened(salesforce, vault).whoami().org


def test_a_sign_in_without_an_answer_leaves_the_way_free(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    salesforce.switchboard.faults.append(Fault(path="/token", drop=True))
    crm = opened(salesforce, vault)
    with pytest.raises(TryAgain):
        crm.whoami()
    assert opened(salesforce, vault).whoami().org


def test_a_new_token_in_the_configuration_ends_the_old_family(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    opened(salesforce, vault, refresh_token="revoked")
    with pytest.raises(StopCrm):
        opened(salesforce, vault, refresh_token="revoked").whoami()
    assert opened(salesforce, vault).whoami().org


def test_a_bare_token_in_the_vault_is_understood(salesforce: SalesforceRig) -> None:
    vault = Pocket()
    vault.swap("sf", None, REFRESH["refresh_token"])
    assert opened(salesforce, vault, refresh_token="older").whoami().org


def crashing_in(vault: Pocket) -> Crashing:
    """A program that dies at the wrong moment, over the vault that everybody shares."""
    crashing = Crashing()
    crashing._kept = vault._kept
    return crashing
