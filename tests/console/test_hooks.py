"""HubSpot calls the console: what it signed is heard, whatever else comes is refused and leaves nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from connector.hubspot.webhooks import SIGNATURE, TIMESTAMP, signature
from sync.doctor import examine
from sync.model.user import UserRole
from sync.sign_in import Clock
from sync.store.hints import hint
from tests.console.desk import Desk

SECRET = "yyyyyyyy-yyyy"
PUBLIC = "https://deals.acme.example"
EVENT = {"subscriptionType": "deal.restore", "objectId": 101, "subscriptionId": 1, "attemptNumber": 0}


def edit(desk: Desk, old: str, new: str) -> None:
    file = desk.home / "config.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def listening(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The town with a secret for HubSpot's webhooks, behind a proxy."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    edit(own_desk, 'hints_secret = ""', 'hints_secret = "env:HOOK_SECRET"')
    edit(own_desk, '"" is the address it listens on.\nurl = ""', f'\nurl = "{PUBLIC}"')
    return own_desk


def tell(desk: Desk, events: Any, *, path: str = "/hooks/hs", signed: str = "", secret: str = SECRET) -> Response:
    """One call of HubSpot; ``signed``: the address that it signed, where that is another."""
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    sent = str(int(desk.moment.timestamp() * 1000))
    given = signature(secret, "POST", signed or f"{PUBLIC}{path}", body, sent)
    headers = {SIGNATURE: given, TIMESTAMP: sent, "Content-Type": "application/json"}
    return desk.browser().post(path, content=body, headers=headers)


def waiting(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as connection:
        return [(row.object, row.id) for row in connection.execute(hint.select())]


def test_a_signed_batch_is_heard_without_a_session_and_without_the_token_of_a_form(listening: Desk) -> None:
    answer = tell(listening, [EVENT])
    assert (answer.status_code, answer.text, dict(answer.cookies)) == (204, "", {})
    assert waiting(listening) == [("deals", "101")]


def test_a_batch_twice_and_its_events_in_any_order_are_heard_once(listening: Desk) -> None:
    other = EVENT | {"objectId": 102}
    for batch in ([EVENT, other], [other, EVENT], [EVENT | {"attemptNumber": 3}, other, other]):
        assert tell(listening, batch).status_code == 204
    assert sorted(waiting(listening)) == [("deals", "101"), ("deals", "102")]


def test_what_is_signed_is_the_public_address_with_its_query_as_it_was_sent(listening: Desk) -> None:
    path = "/hooks/hs?portal=a%20b&to=x%2Fy"
    assert tell(listening, [EVENT], path=path, signed=f"{PUBLIC}{path.replace('%2F', '/')}").status_code == 204
    assert tell(listening, [EVENT], signed="http://testserver/hooks/hs").status_code == 401


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_five_minutes_to_either_side_and_no_more(listening: Desk, late: timedelta) -> None:
    body = json.dumps([EVENT]).encode()
    for off, status in ((late, 401), (late / 2, 204)):
        sent = str(int((listening.moment + off).timestamp() * 1000))
        headers = {SIGNATURE: signature(SECRET, "POST", f"{PUBLIC}/hooks/hs", body, sent), TIMESTAMP: sent}
        assert listening.browser().post("/hooks/hs", content=body, headers=headers).status_code == status


def test_nobody_who_is_signed_in_gets_past_a_missing_or_wrong_signature(listening: Desk) -> None:
    admin = listening.as_role(UserRole.ADMIN)
    assert admin.post("/hooks/hs", json=[EVENT]).status_code == 401
    assert tell(listening, [EVENT], secret="guessed").status_code == 401
    assert waiting(listening) == []


def test_one_event_that_is_poison_does_not_hide_the_others_and_a_body_that_is_none_is_refused(
    listening: Desk,
) -> None:
    assert tell(listening, [{"objectId": "x"}, EVENT]).status_code == 204
    assert waiting(listening) == [("deals", "101")]
    assert tell(listening, b"<html>").status_code == 400


def test_a_connection_that_is_unknown_or_expects_none_is_no_address(listening: Desk) -> None:
    for path in ("/hooks/sf", "/hooks/nobody"):
        answer = tell(listening, [EVENT], path=path)
        assert (answer.status_code, answer.text) == (404, "")
    edit(listening, "env:HOOK_SECRET", "")
    assert tell(listening, [EVENT]).status_code == 404


def test_a_secret_that_is_away_is_said_by_doctor_and_to_nobody_else(
    listening: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    answer = tell(listening, [EVENT])
    assert (answer.status_code, answer.text) == (503, "")
    clock = Clock(lambda: listening.moment, lambda seconds: None)
    found = {finding.place: finding for finding in examine(listening.site.config, clock, "hs")}
    assert "HOOK_SECRET" in found["config.toml: connection.hs.hints_secret"].what


def test_doctor_says_that_webhooks_need_the_address_that_they_are_signed_for(listening: Desk) -> None:
    edit(listening, f'url = "{PUBLIC}"', 'url = ""')
    clock = Clock(lambda: listening.moment, lambda seconds: None)
    found = {finding.place: finding for finding in examine(listening.site.config, clock, "hs")}
    assert "URL/hooks/hs" in found["config.toml: console.url"].fix


def test_a_batch_that_is_too_large_or_of_unknown_length_is_not_taken_in(listening: Desk) -> None:
    assert tell(listening, b" " * 1_000_001).status_code == 413
    chunked = listening.browser().post("/hooks/hs", content=iter([b"[]"]))
    assert chunked.status_code == 411
