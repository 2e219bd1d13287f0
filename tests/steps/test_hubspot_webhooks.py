"""Who may wake us, and what an event is a hint of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.hubspot.webhooks import SIGNATURE, TIMESTAMP, Forged, hints, signature, verify
from connector.record import Ref

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
URL = "https://dealsync.example/hooks/hubspot?org=a%20b&back=https%3A%2F%2Fx.example%2Fy"
BODY = b'[{"objectId": 1}]'
SECRET = "s3cret"


def sent(at: datetime, **more: str) -> dict[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    return {TIMESTAMP: stamp, SIGNATURE: signature(SECRET, "POST", URL, BODY, stamp)} | more


def test_what_hubspot_signed_is_taken_whatever_the_case_of_its_headers() -> None:
    headers = {name.lower(): text for name, text in sent(NOW).items()}
    verify(SECRET, "POST", URL, BODY, headers=headers, now=NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("secret", "method", "url", "body"),
    [
        ("other", "POST", URL, BODY),
        (SECRET, "PUT", URL, BODY),
        (SECRET, "POST", URL.replace("hooks", "hook"), BODY),
        (SECRET, "POST", URL, b'[{"objectId":1}]'),  # the same JSON in other bytes
    ],
)
def test_what_differs_in_a_byte_is_refused(secret: str, method: str, url: str, body: bytes) -> None:
    with pytest.raises(Forged, match="does not fit"):
        verify(secret, method, url, body, headers=sent(NOW), now=NOW)


@pytest.mark.parametrize("late", [timedelta(minutes=5, milliseconds=1), timedelta(minutes=-5, milliseconds=-1)])
def test_a_signature_of_another_time_is_refused_in_both_directions(late: timedelta) -> None:
    with pytest.raises(Forged, match="5 minutes"):
        verify(SECRET, "POST", URL, BODY, headers=sent(NOW), now=NOW + late)


@pytest.mark.parametrize("headers", [{}, {TIMESTAMP: "soon"}, {TIMESTAMP: "²"}, {SIGNATURE: "x"}])
def test_a_request_without_its_headers_is_refused(headers: Mapping[str, str]) -> None:
    with pytest.raises(Forged):
        verify(SECRET, "POST", URL, BODY, headers=headers, now=NOW)


def test_a_signature_in_letters_beyond_ascii_is_refused() -> None:
    with pytest.raises(Forged, match="does not fit"):
        verify(SECRET, "POST", URL, BODY, headers=sent(NOW) | {SIGNATURE: "Ä"}, now=NOW)


def test_the_url_is_signed_with_only_some_of_its_escapes_decoded() -> None:
    stamp = "1795512600000"
    plain = URL.replace("%3A", ":").replace("%2F", "/")
    assert signature(SECRET, "POST", URL, BODY, stamp) == signature(SECRET, "POST", plain, BODY, stamp)
    assert signature(SECRET, "POST", URL, BODY, stamp) != signature(
        SECRET, "POST", plain.replace("%20", " "), BODY, stamp
    )


def test_the_signature_is_the_one_that_openssl_computes() -> None:
    """printf 'POSThttps://x.example/h[]1795512600000' | openssl dgst -sha256 -hmac s3cret -binary | base64"""
    made = signature("s3cret", "POST", "https://x.example/h", b"[]", "1795512600000")
    assert made == "9eKNpFz+2EJCG8CBUoGkHhck1U81cb2ydL6XJRbO05o="


def event(type_: str, **more: Any) -> dict[str, Any]:
    return {"eventId": 1, "subscriptionType": type_, "attemptNumber": 0, "occurredAt": 1795512600000} | more


CUSTOM = {"2-41170301": "partner_registration"}
CHANGE = event("deal.propertyChange", objectId=7, propertyName="dealstage", propertyValue="closedwon")
LINKED = {"fromObjectId": 7, "toObjectId": 9, "associationRemoved": False, "isPrimaryAssociation": True}
MERGE = {"objectId": 3, "primaryObjectId": 3, "mergedObjectIds": [1, 2], "newObjectId": 4}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], set()),
        ([CHANGE, CHANGE | {"attemptNumber": 3}], {("deals", "7")}),
        ([event("company.deletion", objectId=8)], {("companies", "8")}),
        ([{"eventType": "line_item.creation", "objectId": 5, "changeFlag": "CREATED"}], {("line_items", "5")}),
        (
            [event("deal.associationChange", associationType="DEAL_TO_COMPANY", **LINKED)] * 2,
            {("deals", "7"), ("companies", "9")},
        ),
        ([event("company.merge", **MERGE)], {("companies", number) for number in "1234"}),
        ([event("object.propertyChange", objectTypeId="2-41170301", objectId=6)], {("partner_registration", "6")}),
        ([event("object.propertyChange", objectTypeId="0-3", objectId=6)], {("deals", "6")}),
        ([event("object.creation", objectTypeId="2-999", objectId=6), event("form.sent", objectId=1)], set()),
        ([event("deal.propertyChange", objectId=541935488729)], {("deals", "541935488729")}),
    ],
)
def test_an_event_hints_at_every_record_that_it_names(
    events: list[dict[str, Any]], expected: set[tuple[str, str]]
) -> None:
    found = hints("hs", json.dumps(events).encode(), CUSTOM)
    assert found == {Ref("hs", kind, number) for kind, number in expected}


def test_order_and_repetition_of_events_say_nothing() -> None:
    events = [CHANGE, event("deal.deletion", objectId=8), event("deal.restore", objectId=8)]
    batches = [events, events[::-1], [*events, *events]]
    assert len({hints("hs", json.dumps(batch).encode(), CUSTOM) for batch in batches}) == 1


def test_one_poisoned_event_of_a_hundred_does_not_hide_the_others() -> None:
    events = [event("deal.propertyChange", objectId=number, propertyName="amount") for number in range(1, 100)]
    batch: list[Any] = [*events[:50], event("deal.creation", objectId="seven"), *events[50:]]
    assert len(hints("hs", json.dumps(batch).encode(), CUSTOM)) == 99


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b'[{"objectId": "seven"}]', b"\xff[]"])
def test_a_body_that_is_no_batch_says_so(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a batch"):
        hints("hs", body, CUSTOM)
