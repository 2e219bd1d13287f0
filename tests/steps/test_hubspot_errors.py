"""What a refusal of HubSpot means: every row of the table, and the bodies that portals really send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.errors import CrmError, Gone, PauseMapping, PauseUntil, Rejected, StopCrm, TryAgain
from connector.hubspot.errors import TABLE, Refusal, Rule, fault

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def refusal(status: int, **more: Any) -> Refusal:
    said = {key: more.pop(key) for key in list(more) if key not in ("headers", "zone", "reading")}
    return Refusal("hs: POST /x", "deals", status, said, now=NOW, **more)


def invalid(code: str, name: str) -> dict[str, Any]:
    """A whole-batch 400, as recorded: only the details name the property."""
    return {
        "message": "Property values were not valid: []",
        "errors": [{"message": f"{name} is wrong", "code": code, "context": {"propertyName": [name]}}],
        "category": "VALIDATION_ERROR",
    }


@pytest.mark.parametrize("word", TABLE)
def test_every_row_is_reached_by_its_word_and_says_how_to_fix_it(word: str) -> None:
    rule = TABLE[word]
    found = fault(refusal(int(word)) if word.isdecimal() else refusal(418, category=word, message="said"))
    assert type(found) is rule.recovery
    assert found.code == word
    assert found.message.startswith("hs: POST /x: ")
    assert rule.fix in found.message


@pytest.mark.parametrize(
    ("policy", "headers", "seconds"),
    [
        ("SECONDLY", {}, 1),
        ("TEN_SECONDLY_ROLLING", {}, 10),
        ("TEN_SECONDLY_ROLLING", {"Retry-After": "4"}, 4),
        ("SECONDLY", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1),
    ],
)
def test_a_limit_waits_by_its_policy(policy: str, headers: dict[str, str], seconds: float) -> None:
    found = fault(refusal(429, errorType="RATE_LIMIT", policyName=policy, headers=headers))
    assert isinstance(found, TryAgain)
    assert found.after == seconds


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("America/New_York", datetime(2026, 11, 25, 5, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 11, 24, 15, tzinfo=UTC)),
        (None, datetime(2026, 11, 24, 15, tzinfo=UTC)),  # unknown: ask again in an hour
    ],
)
def test_a_daily_limit_ends_at_midnight_in_the_account(zone: str | None, when: datetime) -> None:
    known = ZoneInfo(zone) if zone else None
    found = fault(refusal(429, errorType="RATE_LIMIT", policyName="DAILY", zone=known))
    assert isinstance(found, PauseUntil)
    assert found.when == when


def test_a_migration_pauses_for_as_long_as_it_says() -> None:
    found = fault(refusal(477, headers={"Retry-After": "86400"}))
    assert isinstance(found, PauseUntil)
    assert found.when == datetime(2026, 11, 25, 14, tzinfo=UTC)


def test_a_pause_from_a_server_without_a_clock_is_a_wait() -> None:
    found = fault(Refusal("hs: GET /x", "deals", 477, {}))
    assert isinstance(found, TryAgain)
    assert found.after == 3600


def test_a_missing_scope_pauses_the_mapping_and_names_the_scope() -> None:
    errors = [{"message": "one of", "context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}]
    found = fault(refusal(403, category="MISSING_SCOPES", message="not granted", errors=errors))
    assert isinstance(found, PauseMapping)
    assert (found.kind, found.field) == ("deals", None)
    assert "crm.objects.deals.read" in found.message


@pytest.mark.parametrize(
    ("code", "recovery"),
    [
        ("PROPERTY_DOESNT_EXIST", PauseMapping),
        ("READ_ONLY_VALUE", PauseMapping),
        ("INVALID_OPTION", Rejected),
        ("CONFLICTING_UNIQUE_VALUE", Rejected),
        ("A_NEW_RULE_OF_2027", Rejected),
    ],
)
def test_a_detail_tells_more_than_its_category(code: str, recovery: type[CrmError]) -> None:
    found = fault(refusal(400, **invalid(code, "dealstage")))
    assert type(found) is recovery
    assert "dealstage" in found.message


def test_details_are_also_read_from_inside_the_message() -> None:
    inner = '[{"isValid":false,"message":"no such","error":"PROPERTY_DOESNT_EXIST","name":"ghost"}]'
    found = fault(refusal(400, message=f"Property values were not valid: {inner}", category="VALIDATION_ERROR"))
    assert isinstance(found, PauseMapping)
    assert found.field == "ghost"


def test_a_refused_value_of_a_read_is_the_mappings_fault() -> None:
    body = {"category": "VALIDATION_ERROR", "message": "Unable to perform read by non-unique property dealname"}
    assert isinstance(fault(refusal(400, **body, reading=True)), PauseMapping)
    assert isinstance(fault(refusal(400, **body)), Rejected)


@pytest.mark.parametrize(
    ("status", "recovery"),
    [(500, TryAgain), (502, TryAgain), (521, TryAgain), (599, TryAgain), (404, PauseMapping), (302, StopCrm)],
)
def test_without_a_word_the_status_decides(status: int, recovery: type[CrmError]) -> None:
    assert type(fault(refusal(status))) is recovery


def test_a_record_that_is_not_there_is_gone() -> None:
    found = fault(refusal(207, category="OBJECT_NOT_FOUND", message="gone", context={"ids": ["1"]}))
    assert type(found) is Gone


def test_rules_are_complete() -> None:
    waits = [word for word, rule in TABLE.items() if rule.after is not None and rule.recovery is not TryAgain]
    assert waits == []
    assert all(isinstance(rule, Rule) and rule.fix for rule in TABLE.values())
