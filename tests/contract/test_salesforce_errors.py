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
from connector.salesforce.errors import CODES, STATUSES, Place, bulk_fault, call_fault, job_fault, row_fault

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
        (body("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: Apex CPU time limit exceeded"), TryAgain),
        (body("CANNOT_EXECUTE_FLOW_TRIGGER", "UNABLE_TO_LOCK_ROW"), TryAgain),
        (body("CANNOT_EXECUTE_FLOW_TRIGGER", "the flow says no"), Rejected),
        (body("FIELD_CUSTOM_VALIDATION_EXCEPTION", "a rule may mention UNABLE_TO_LOCK_ROW"), Rejected),
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


# Salesforce's own list of what a write can be refused with, and what kind of trouble it is
TRANSIENT = "UNABLE_TO_LOCK_ROW SERVER_UNAVAILABLE UNKNOWN_EXCEPTION API_CURRENTLY_DISABLED QUERY_TIMEOUT"
ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK PROCESSING_HALTED"
DATA = (
    "DUPLICATES_DETECTED DUPLICATE_VALUE FIELD_CUSTOM_VALIDATION_EXCEPTION REQUIRED_FIELD_MISSING STRING_TOO_LONG "
    "NUMBER_OUTSIDE_VALID_RANGE INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST FIELD_INTEGRITY_EXCEPTION MALFORMED_ID "
    "INVALID_EMAIL_ADDRESS JSON_PARSER_ERROR INSUFFICIENT_ACCESS_OR_READONLY TXN_SECURITY_METERING_ERROR "
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY CANNOT_EXECUTE_FLOW_TRIGGER CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
)
GONE = "ENTITY_IS_DELETED INVALID_CROSS_REFERENCE_KEY NOT_FOUND"
CONFIG = "INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE INVALID_TYPE LIMIT_EXCEEDED"
AUTH = "INVALID_SESSION_ID invalid_grant invalid_client inactive_user inactive_org UNSUPPORTED_API_VERSION"


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (TRANSIENT, TryAgain),
        (ROLLED_BACK, TryAgain),
        (DATA, Rejected),
        (GONE, Gone),
        (CONFIG, PauseMapping),
        (AUTH, StopCrm),
    ],
    ids=["transient", "rolled back", "data", "gone", "config", "auth"],
)
def test_every_documented_code_is_in_the_table(codes: str, error: type[CrmError]) -> None:
    assert {code: CODES[code][0] for code in codes.split()} == dict.fromkeys(codes.split(), error)


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--", TryAgain, "UNABLE_TO_LOCK_ROW"),
        ("REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --", Rejected, "REQUIRED_FIELD_MISSING"),
        ("ENTITY_IS_DELETED:entity is deleted:--", Gone, "ENTITY_IS_DELETED"),
        (
            "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:AccountId --",
            Rejected,
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        ("something new", Rejected, "something new"),
        ("", Rejected, ""),
    ],
)
def test_a_failed_row_of_a_job_means_what_its_code_means(text: str, error: type[CrmError], code: str) -> None:
    fault = bulk_fault(PLACE, text)
    assert (type(fault), fault.code) == (error, code)


def test_a_failed_row_names_its_fields() -> None:
    fault = bulk_fault(PLACE, "FIELD_INTEGRITY_EXCEPTION:bad: very bad:Opportunity__c,Amount__c --")
    assert "bad: very bad (Opportunity__c, Amount__c)" in fault.message


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("InvalidBatch : Field name not found : Hue__c", "Hue__c"),
        ("ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF", None),
    ],
)
def test_a_job_whose_file_is_wrong_pauses_the_mapping_and_is_not_tried_again(text: str, field: str | None) -> None:
    fault = job_fault(PLACE, text)
    assert fault is not None
    assert fault.field == field


@pytest.mark.parametrize("text", ["", "InternalServerError : Retried more than ten times"])
def test_a_job_that_breaks_for_another_reason_goes_another_way(text: str) -> None:
    assert job_fault(PLACE, text) is None


@pytest.mark.parametrize("word", ["duplicateResult", "duplicateResut"])
def test_the_records_that_a_new_one_resembles_are_named(word: str) -> None:
    match = {"record": {"Id": "001000000000001AAA"}, "matchConfidence": 100.0}
    result = {"allowSave": True, "matchResults": [{"matchRecords": [match]}]}
    fault = row_fault(PLACE, [{"statusCode": "DUPLICATES_DETECTED", "message": "Use another.", word: result}])
    assert "001000000000001AAA" in fault.message
    odd = row_fault(
        PLACE, [{"statusCode": "DUPLICATES_DETECTED", "message": "Use another.", word: {"matchResults": 7}}]
    )
    assert isinstance(odd, Rejected)
