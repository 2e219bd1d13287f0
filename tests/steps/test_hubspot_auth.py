"""The OAuth token: renewed once for everybody who shares a vault, and never twice at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.crm import Vault
from connector.errors import StopCrm, TryAgain
from connector.hubspot import auth
from connector.hubspot.answers import Token
from connector.hubspot.auth import LEAD, RefreshedToken

SETTINGS = {"client_id": "c", "client_secret": "s", "refresh_token": "configured"}
NOON = 1_800_000_000.0


class Shelf(Vault):
    """A vault of one token; ``meddle`` happens right before the next swap."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.meddle: Callable[[], None] | None = None

    def load(self, name: str) -> str | None:
        return self.token

    def swap(self, name: str, old: str | None, new: str) -> bool:
        if meddle := self.meddle:
            self.meddle = None
            meddle()
        swapped = self.token == old
        self.token = new if swapped else self.token
        return swapped

    @property
    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.token or "{}")
        return found


class HubSpot:
    """A token endpoint: what it knows as refresh tokens, and how often it was asked."""

    def __init__(self, *known: str, rotates: bool = False) -> None:
        self.known, self.rotates, self.asked = list(known), rotates, 0
        self.now: float | None = NOON
        self.down = False

    def exchange(self, form: dict[str, str]) -> Token:
        self.asked += 1
        if self.down:
            raise TryAgain("down")
        if form["refresh_token"] not in self.known:
            raise StopCrm("revoked")
        if self.rotates:
            self.known = [f"rotated-{self.asked}"]
        return Token(f"a{self.asked}", 1800, self.known[0])


def process(hubspot: HubSpot, vault: Shelf | None) -> RefreshedToken:
    return RefreshedToken("hs", SETTINGS, vault, hubspot.exchange, lambda: hubspot.now)


def test_a_second_process_finds_the_token_of_the_first() -> None:
    hubspot, vault = HubSpot("configured"), Shelf()
    assert [process(hubspot, vault).token() for _ in range(3)] == ["a1", "a1", "a1"]
    assert hubspot.asked == 1
    assert "refresh" not in vault.kept, "what stands in config.toml is not copied"


def test_without_a_vault_every_process_signs_in() -> None:
    hubspot = HubSpot("configured")
    assert [process(hubspot, None).token() for _ in range(2)] == ["a1", "a2"]


def test_a_stored_token_of_unknown_age_is_tried_and_renewed_when_refused() -> None:
    hubspot, vault = HubSpot("configured"), Shelf()
    process(hubspot, vault).token()
    hubspot.now = None
    late = process(hubspot, vault)
    assert late.token() == "a1"
    hubspot.now = NOON + 3600
    assert late.renew("a1") == "a2"
    assert process(hubspot, vault).token() == "a2"


def test_whoever_is_refused_after_another_renewed_takes_that_token() -> None:
    hubspot, vault = HubSpot("configured"), Shelf()
    first, second = process(hubspot, vault), process(hubspot, vault)
    assert (first.token(), second.token()) == ("a1", "a1")
    assert first.renew("a1") == "a2"
    assert second.renew("a1") == "a2"
    assert hubspot.asked == 2


def test_while_one_process_renews_the_others_wait_or_go_on_with_what_still_lives() -> None:
    hubspot, vault = HubSpot("configured"), Shelf()
    old = process(hubspot, vault)
    old.token()
    hubspot.now = NOON + 1800 - LEAD
    vault.token = json.dumps({**vault.kept, "claim": "another"})
    assert old.token() == "a1", "it lives for five more minutes"
    with pytest.raises(TryAgain):
        old.renew("a1")
    assert hubspot.asked == 1


def test_waiting_for_another_process_takes_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    hubspot, vault = HubSpot("configured"), Shelf(json.dumps({"claim": "another"}))
    waiting, waits = process(hubspot, vault), []
    for _ in range(4):
        with pytest.raises(TryAgain) as caught:
            waiting.token()
        waits.append(caught.value.after)
    assert waits == [1, 2, 4, 8]
    monkeypatch.setattr(auth, "PATIENCE", 0.0)
    assert waiting.token() == "a1", "a claim that stands for too long was left by a crash"
    assert "claim" not in vault.kept


def test_of_two_claims_at_once_one_is_made() -> None:
    hubspot, vault = HubSpot("configured"), Shelf()
    vault.meddle = lambda: setattr(vault, "token", json.dumps({"claim": "another"}))
    with pytest.raises(TryAgain):
        process(hubspot, vault).token()
    assert hubspot.asked == 0


def test_a_failed_sign_in_gives_its_claim_back() -> None:
    hubspot, vault = HubSpot("configured"), Shelf()
    hubspot.down = True
    with pytest.raises(TryAgain, match="down"):
        process(hubspot, vault).token()
    assert vault.kept == {}
    hubspot.down = False
    assert process(hubspot, vault).token() == "a2"


@pytest.mark.parametrize("stored", ["r-stored", json.dumps({"refresh": "r-stored"})])
def test_a_rotated_refresh_token_is_kept_and_the_configured_one_is_the_spare(stored: str) -> None:
    hubspot, vault = HubSpot("configured", rotates=True), Shelf(stored)
    assert process(hubspot, vault).token() == "a2", "the stored one was revoked"
    assert vault.kept["refresh"] == "rotated-2"
    hubspot.now = NOON + 3600
    assert process(hubspot, vault).token() == "a3"
    assert vault.kept["refresh"] == "rotated-3"


def test_a_new_refresh_token_survives_a_process_that_took_over() -> None:
    hubspot, vault = HubSpot("configured", rotates=True), Shelf()

    def taken_over() -> None:
        vault.meddle = lambda: setattr(vault, "token", json.dumps({"claim": "usurper"}))

    vault.meddle = taken_over
    assert process(hubspot, vault).token() == "a1"
    assert vault.kept["refresh"] == "rotated-1"


def test_credentials_that_were_refused_are_not_tried_again() -> None:
    hubspot, vault = HubSpot(), Shelf()
    revoked = process(hubspot, vault)
    for _ in range(3):
        with pytest.raises(StopCrm):
            revoked.token()
    assert hubspot.asked == 1
    assert vault.kept == {}


def test_a_vault_that_holds_nonsense_is_written_anew() -> None:
    hubspot, vault = HubSpot("configured"), Shelf('{"access": 7}')
    assert process(hubspot, vault).token() == "a1"
