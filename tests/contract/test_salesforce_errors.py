"""Every error code that Salesforce has for us means one thing to do next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connector import errors
from connector.errors import (
    CrmError,
    Gone,
    InDoubt,
    PauseMapping,
    PauseUntil,
    Rejected,
    SkipRecord,
    StopCrm,
    TryAgain,
)
from connector.record import FieldType
from connector.salesforce.decode import canonical, long_id
from connector.salesforce.errors import CODES, STATUSES, Place, call_fault, row_fault

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PLACE = Place("sf", "Opportunity", NOW)


def body(code: str, message: str = "what happened", *fields: str) -> list[dict[str, object]]:
    return [{"errorCode": code, "message": message, "fields": list(fields)}]


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_a_recovery_and_a_fix(code: str) -> None:
    error, fix = CODES[code]
    assert error in vars(errors).values()
    assert fix[0].islower()
    for fault in (row_fault(PLACE, body(code)), call_fault(PLACE, 400, body(code))):
        assert fault.code == code
        assert fault.message.startswith("sf, Opportunity: ")
        assert "what happened" in fault.message
    assert not isinstance(call_fault(PLACE, 400, body(code)), SkipRecord | InDoubt), "a call is never one record"


@pytest.mark.parametrize("code", [code for code, (error, _) in CODES.items() if issubclass(error, SkipRecord)])
def test_a_refused_row_is_skipped_and_a_refused_call_pauses_the_object(code: str) -> None:
    assert isinstance(row_fault(PLACE, body(code)), SkipRecord)
    paused = call_fault(PLACE, 400, body(code))
    assert isinstance(paused, PauseMapping)
    assert paused.kind == "Opportunity"
    assert isinstance(call_fault(Place("sf", "", NOW), 400, body(code)), StopCrm)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, error) for status, (error, _) in STATUSES.items() if not issubclass(error, SkipRecord)),
        *((status, TryAgain) for status in (500, 502, 503, 504, 599)),
        *((status, PauseMapping) for status in (400, 403, 404, 412)),
    ],
)
def test_an_answer_without_a_code_goes_by_its_status(status: int, error: type[CrmError]) -> None:
    assert type(call_fault(PLACE, status, "<html>edge</html>")) is error
    assert "html" not in call_fault(PLACE, status, "<html>edge</html>").message


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), PauseUntil),
        (body("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), TryAgain),
        (body("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: UNABLE_TO_LOCK_ROW, unable to obtain"), TryAgain),
        (body("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: Apex CPU time limit"), Rejected),
        (body("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"), Gone),
        (body("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "AccountId"), Rejected),
        (body("SOMETHING_NEW", "who knows"), Rejected),
        ([], Rejected),
    ],
)
def test_the_message_may_decide(content: object, error: type[CrmError]) -> None:
    assert type(row_fault(PLACE, content)) is error


def test_a_spent_day_is_over_in_an_hour_at_the_earliest() -> None:
    fault = row_fault(PLACE, body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
    assert isinstance(fault, PauseUntil)
    assert fault.when == NOW + timedelta(hours=1)


def test_the_hidden_column_is_named() -> None:
    fault = call_fault(
        PLACE, 400, body("INVALID_FIELD", "SELECT Secret__c\nNo such column 'Secret__c' on entity 'X'.")
    )
    assert isinstance(fault, PauseMapping)
    assert fault.field == "Secret__c"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("001000000000001", "001000000000001AAA"),
        ("001D000000IqhSLIAZ", "001D000000IqhSLIAZ"),
        ("Ärger-with-15-c", "Ärger-with-15-c"),
        ("", ""),
    ],
)
def test_ids_have_eighteen_characters(short: str, long: str) -> None:
    assert long_id(short) == long


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (FieldType.NUMBER, Decimal("100.0"), "100"),
        (FieldType.NUMBER, Decimal("1E+3"), "1000"),
        (FieldType.NUMBER, Decimal("-0.0"), "0"),
        (FieldType.NUMBER, 7, "7"),
        (FieldType.BOOLEAN, False, "false"),
        (FieldType.TEXT, "", None),
        (FieldType.TEXT, None, None),
        (FieldType.TEXT, "NA", "NA"),
        (FieldType.DATETIME, "2026-11-24T09:30:00.000+0000", "2026-11-24T09:30:00Z"),
        (FieldType.DATETIME, "2026-11-24T09:30:00.250+0000", "2026-11-24T09:30:00.250000Z"),
        (FieldType.TEXT, {"city": "Bonn"}, '{"city":"Bonn"}'),
    ],
)
def test_values_in_canonical_spelling(kind: FieldType, value: object, text: str | None) -> None:
    assert canonical(kind, value) == text
