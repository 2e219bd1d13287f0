"""Signing in to HubSpot over the sandbox's wire: rotation, revocation, and several processes at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from connector.errors import StopCrm, TryAgain
from connector.hubspot.crm import HubSpotCrm
from connector.retry import Patient
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault, Switchboard
from connector.sandbox.world import World
from sync.store.opening import open_store
from sync.store.runs import StoreVault

from .test_hubspot import FreeLedger

OAUTH = {
    "flow": "refresh_token",
    "client_id": "dealsync",
    "client_secret": "sandbox-secret",
    "refresh_token": "refresh-sandbox",
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World()) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        yield sandbox


@pytest.fixture
def board(sandbox: Sandbox) -> Switchboard:
    return sandbox.hubspot.switchboard


@contextmanager
def opened(url: str, home: Path) -> Iterator[HubSpotCrm]:
    store = open_store("sqlite:///dealsync.db", home)
    crm = HubSpotCrm("hs", {"url": url, **OAUTH}, ledger=FreeLedger(), vault=StoreVault(lambda: store))
    yield crm
    crm.close()
    store.close()


def org_of(url: str, home: Path) -> str:
    """What one command does; it can run in a process of its own."""
    with opened(url, home) as crm:
        return Patient(crm, sleep=time.sleep, now=lambda: datetime.now(UTC)).whoami().org


def sign_ins(board: Switchboard) -> int:
    return sum(call.kind == "signin.token" for call in board.calls)


def test_three_processes_that_start_at_once_sign_in_once(
    sandbox: Sandbox, board: Switchboard, tmp_path: Path
) -> None:
    org_of(sandbox.hubspot_url, tmp_path)
    board.settings |= {"rotate_refresh_tokens": True, "expire_tokens": True}
    board.calls.clear()
    board.faults.append(Fault(path="/token", delay=0.3))
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        orgs = [pool.submit(org_of, sandbox.hubspot_url, tmp_path) for _ in range(3)]
        assert len({org.result(timeout=60) for org in orgs}) == 1
    assert sign_ins(board) == 1


def test_the_token_of_an_earlier_command_is_used_again(
    sandbox: Sandbox, board: Switchboard, tmp_path: Path
) -> None:
    for _ in range(3):
        org_of(sandbox.hubspot_url, tmp_path)
    assert sign_ins(board) == 1
    board.settings["expire_tokens"] = True
    org_of(sandbox.hubspot_url, tmp_path)
    assert sign_ins(board) == 2


def test_a_refresh_token_that_rotates_is_followed(sandbox: Sandbox, board: Switchboard, tmp_path: Path) -> None:
    board.settings["rotate_refresh_tokens"] = True
    for _ in range(3):
        org_of(sandbox.hubspot_url, tmp_path)
        board.settings["expire_tokens"] = True
    with opened(sandbox.hubspot_url, tmp_path) as crm:
        assert crm.whoami().org
    assert sign_ins(board) == 4, "the last three commands each found the token dead"


def test_a_revoked_refresh_token_stops_and_asks_for_a_person(
    sandbox: Sandbox, board: Switchboard, tmp_path: Path
) -> None:
    board.settings["revoked_tokens"] = ["refresh-sandbox"]
    with opened(sandbox.hubspot_url, tmp_path) as crm:
        for _ in range(3):
            with pytest.raises(StopCrm, match="connect the app to HubSpot again"):
                crm.whoami()
    assert sign_ins(board) == 1


@pytest.mark.parametrize("fault", [None, {"status": 530, "body": "<html>error 1016</html>"}])
def test_a_dead_or_malformed_fixed_token_stops(
    sandbox: Sandbox, board: Switchboard, fault: dict[str, Any] | None
) -> None:
    board.settings["revoked_tokens"] = ["pat-sandbox"]
    board.faults += [Fault(**fault)] if fault else []
    crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=FreeLedger())
    with pytest.raises(StopCrm, match="token"):
        crm.whoami()
    crm.close()
    assert len(board.calls) == 1


def test_an_expired_token_on_a_late_page_is_renewed_and_the_page_read(
    sandbox: Sandbox, board: Switchboard, tmp_path: Path
) -> None:
    with opened(sandbox.hubspot_url, tmp_path) as crm:
        assert crm.describe("deals")
        board.settings["expire_tokens"] = True
        assert [page.drained for page in crm.changes("deals", ["dealname"], None)] == [True]
    assert sign_ins(board) == 2


def test_a_sign_in_without_an_answer_is_tried_again_and_loses_nothing(
    sandbox: Sandbox, board: Switchboard, tmp_path: Path
) -> None:
    for fault in ({"drop": True}, {"html": True}, {"truncate": True}, {"status": 503}):
        board.faults.append(Fault(path="/token", **fault))
        with opened(sandbox.hubspot_url, tmp_path) as crm, pytest.raises(TryAgain):
            crm.whoami()
    with opened(sandbox.hubspot_url, tmp_path) as crm:
        assert crm.whoami().org


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3", "v4"])
def test_every_version_signs_in_reads_and_writes(sandbox: Sandbox, version: str) -> None:
    crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "api_version": version, **OAUTH}, ledger=FreeLedger())
    assert crm.whoami().org
    assert crm.describe("partner_registration")
    assert [page.drained for page in crm.changes("deals", ["dealname"], None)] == [True]
    crm.close()
