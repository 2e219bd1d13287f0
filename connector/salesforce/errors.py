"""What each error of Salesforce means for us: one table by error code, one by status for answers without a code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connector.errors import (
    CrmError,
    Gone,
    Locked,
    PauseMapping,
    PauseUntil,
    Rejected,
    SkipRecord,
    Stale,
    StopCrm,
    TryAgain,
)

Recovery = tuple[type[CrmError], str]
"""What to do next, and the fix that a person is told."""

WAIT: Final = "it is tried again by itself"
MAPPING: Final = "correct the mapping, or give the integration user access"
RECORD: Final = "correct the record or the mapping"
SIGN_IN: Final = "correct the connection's sign-in in config.toml"

# REST API Developer Guide, "Status codes and error responses"; Object Reference, "Core data types: StatusCode";
# help.salesforce.com, "OAuth 2.0 error codes" for the lower-case ones.
CODES: Final[Mapping[str, Recovery]] = {
    "SERVER_UNAVAILABLE": (TryAgain, WAIT),
    "QUERY_TIMEOUT": (TryAgain, WAIT),
    "UNKNOWN_EXCEPTION": (TryAgain, WAIT),
    "API_CURRENTLY_DISABLED": (TryAgain, WAIT),
    "UNABLE_TO_LOCK_ROW": (TryAgain, WAIT),
    "INVALID_QUERY_LOCATOR": (TryAgain, WAIT),
    "PROCESSING_HALTED": (TryAgain, WAIT),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": (TryAgain, WAIT),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (TryAgain, WAIT),
    "rate_limit_exceeded": (TryAgain, "too many sign-ins an hour; " + WAIT),
    "REQUEST_LIMIT_EXCEEDED": (PauseUntil, "wait, or buy more API calls for the org"),
    "ENTITY_IS_LOCKED": (Locked, "finish the approval that locks the record"),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": (Stale, "nothing to do; the record is read again"),
    "ENTITY_IS_DELETED": (Gone, "nothing to do; the record is read again"),
    "NOT_FOUND": (Gone, "nothing to do; the record is read again"),
    "INVALID_CROSS_REFERENCE_KEY": (Gone, "nothing to do; the record is read again"),
    "DUPLICATES_DETECTED": (Rejected, "merge the duplicates, or change the duplicate rule"),
    "DUPLICATE_VALUE": (Rejected, RECORD),
    "DUPLICATE_EXTERNAL_ID": (Rejected, RECORD),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (Rejected, RECORD),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (Rejected, RECORD),
    "FIELD_INTEGRITY_EXCEPTION": (Rejected, RECORD),
    "REQUIRED_FIELD_MISSING": (Rejected, RECORD),
    "STRING_TOO_LONG": (Rejected, RECORD),
    "NUMBER_OUTSIDE_VALID_RANGE": (Rejected, RECORD),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (Rejected, "add the value to the picklist, or map another one"),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (Rejected, RECORD),
    "INVALID_EMAIL_ADDRESS": (Rejected, RECORD),
    "MALFORMED_ID": (Rejected, RECORD),
    "JSON_PARSER_ERROR": (Rejected, RECORD),
    "DELETE_FAILED": (Rejected, RECORD),
    "DEPENDENCY_EXISTS": (Rejected, RECORD),
    "MISSING_ARGUMENT": (Rejected, RECORD),
    "INVALID_STATUS": (Rejected, RECORD),
    "CANNOT_UPDATE_CONVERTED_LEAD": (Rejected, RECORD),
    "INACTIVE_OWNER_OR_USER": (Rejected, "give the record to an active user"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (Rejected, "correct the trigger or flow that refuses the record"),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (Rejected, "correct the flow that refuses the record"),
    "TXN_SECURITY_METERING_ERROR": (Rejected, "correct the transaction security policy"),
    "INSUFFICIENT_ACCESS_OR_READONLY": (Rejected, "give the integration user access to the record"),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (Rejected, "give the integration user access to the record"),
    "INVALID_FIELD": (PauseMapping, MAPPING),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (PauseMapping, MAPPING),
    "INVALID_TYPE": (PauseMapping, MAPPING),
    "INVALID_TYPE_FOR_OPERATION": (PauseMapping, MAPPING),
    "INVALIDENTITY": (PauseMapping, MAPPING),
    "FUNCTIONALITY_NOT_ENABLED": (PauseMapping, "turn the feature on, or pause the mapping"),
    "FEATURENOTENABLED": (PauseMapping, "turn the feature on, or pause the mapping"),
    "LIMIT_EXCEEDED": (PauseMapping, "wait until the org's own limit allows more"),
    "STORAGE_LIMIT_EXCEEDED": (PauseMapping, "free storage in the org, or buy more"),
    "INSUFFICIENT_ACCESS": (PauseMapping, MAPPING),
    "MALFORMED_QUERY": (PauseMapping, MAPPING),
    "QUERY_TOO_COMPLICATED": (PauseMapping, "map fewer formula fields"),
    "OPERATION_TOO_LARGE": (PauseMapping, "give the integration user View All Data"),
    "INVALID_SESSION_ID": (StopCrm, SIGN_IN),
    "INVALID_AUTH_HEADER": (StopCrm, SIGN_IN),
    "InvalidSessionId": (StopCrm, SIGN_IN),
    "InvalidVersion": (StopCrm, "set a newer api_version in config.toml"),
    "UNSUPPORTED_API_VERSION": (StopCrm, "set a newer api_version in config.toml"),
    "API_DISABLED_FOR_ORG": (StopCrm, "enable the API for the org and its integration user"),
    "invalid_grant": (StopCrm, SIGN_IN),
    "invalid_client": (StopCrm, SIGN_IN),
    "invalid_client_id": (StopCrm, SIGN_IN),
    "invalid_client_credentials": (StopCrm, SIGN_IN),
    "unauthorized_client": (StopCrm, SIGN_IN),
    "unsupported_grant_type": (StopCrm, SIGN_IN),
    "invalid_request": (StopCrm, SIGN_IN),
    "invalid_app_access": (StopCrm, "admit the integration user to the external client app"),
    "inactive_user": (StopCrm, "activate the integration user"),
    "inactive_org": (StopCrm, "the org is closed or locked; ask Salesforce"),
}
WRAPPERS: Final = (
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "CANNOT_EXECUTE_FLOW_TRIGGER",
    "TXN_SECURITY_METERING_ERROR",
)
"""Codes under which an org's own automation fails, for a cause that only the message tells."""
CROWDED: Final = ("UNABLE_TO_LOCK_ROW", "CPU time limit")
"""Causes that fewer rows in a call may cure."""
DESCRIPTIONS: Final[Mapping[str, str]] = {
    "expired access/refresh token": "authorise the app once more and set the new refresh_token in config.toml",
    "expired authorization code": "set the clock of this machine right",
    "audience is invalid": "set url to the org's own address; a sandbox's has .sandbox. in it",
    "hasn't approved": "admit the integration user to the external client app; a sandbox refresh undoes that",
    "ip restricted": "admit this machine's address to the org, or relax the app's IP policy",
    "user is locked": "unlock the integration user",
    "High Assurance": "let the integration user's profile sign in without a high-assurance session",
}
"""Fixes that only the description of an OAuth error tells apart (salesforce.com, "OAuth Error Codes")."""
STATUSES: Final[Mapping[int, Recovery]] = {
    401: (StopCrm, SIGN_IN),
    406: (TryAgain, WAIT),
    408: (TryAgain, WAIT),
    410: (StopCrm, "set a newer api_version in config.toml"),
    412: (Stale, "nothing to do; the record is read again"),
    414: (PauseMapping, "map fewer fields of this object"),
    420: (TryAgain, WAIT),
    429: (TryAgain, WAIT),
    431: (PauseMapping, "map fewer fields of this object"),
}
UNUSABLE_FILES: Final = ("InvalidBatch", "ClientInputError")
"""What a job says whose file can never be read, before a colon; any other end is worth another way."""
NO_COLUMN = re.compile(r"No such column '([^']+)'")


class Match(msgspec.Struct):
    """A record that resembles a refused one."""

    record: dict[str, Any]


class Matches(msgspec.Struct):
    """What one matching rule found."""

    matchRecords: list[Match] = []  # noqa: N815 the vendor's word


class Resembled(msgspec.Struct):
    """Why a duplicate rule refused a record."""

    matchResults: list[Matches] = []  # noqa: N815 the vendor's word


@dataclass(frozen=True, slots=True)
class Place:
    """Where something failed: the connection, the object if one was asked for, and the server's time."""

    connection: str
    kind: str
    moment: datetime

    def __str__(self) -> str:
        return f"{self.connection}, {self.kind}" if self.kind else self.connection


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error in Salesforce's own words."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


def complaint(content: object) -> Complaint:
    """The first error of an answer's body: a list of errors, an OAuth error, or whatever text it is."""
    match content:
        case [first, *_]:
            return complaint(first)
        case {"error": str(code), **rest}:
            return Complaint(code, str(rest.get("error_description") or code))
        case {"errorCode": str(code), **rest} | {"statusCode": str(code), **rest}:
            fields = rest.get("fields")
            names = tuple(str(name) for name in fields) if isinstance(fields, list) else ()
            return Complaint(code, str(rest.get("message") or code) + _resembled(rest), names)
        case str(url) if url.startswith("/services/data/"):
            return Complaint("DUPLICATE_EXTERNAL_ID", f"several records hold this key, {url} is one")
    return Complaint("", "an answer that is not Salesforce's")


def _resembled(error: Mapping[Any, Any]) -> str:
    """Which records a duplicate rule found; answers about one row misspell the word."""
    found = error.get("duplicateResult") or error.get("duplicateResut")
    try:
        records = msgspec.convert(found, Resembled).matchResults if found else []
    except msgspec.ValidationError:
        return ""
    ids = [match.record.get("Id", "") for result in records for match in result.matchRecords]
    return f" It resembles {', '.join(ids)}." if ids else ""


def call_fault(place: Place, status: int, content: object) -> CrmError:
    """What a refused call means: never one record, so what would skip a record stops its object, or the CRM."""
    said = complaint(content)
    recovery = CODES.get(said.code) or STATUSES.get(status)
    if recovery is None:
        recovery = (TryAgain, WAIT) if status >= 500 else (PauseMapping, MAPPING)
    if issubclass(recovery[0], SkipRecord):
        recovery = (PauseMapping, MAPPING)
    if recovery[0] is PauseMapping and not place.kind:
        recovery = (StopCrm, SIGN_IN)
    return _fault(place, said, recovery, f"{status} ")


def row_fault(place: Place, content: object) -> CrmError:
    """What the refusal of one record of a batch means; a code that the table does not have refuses the record."""
    said = complaint(content)
    recovery = CODES.get(said.code, (Rejected, RECORD))
    if said.code == "INVALID_CROSS_REFERENCE_KEY" and said.fields:
        recovery = (Rejected, "correct the reference; what it points to was deleted or never existed")
    if said.code in WRAPPERS and any(cause in said.message for cause in CROWDED):
        recovery = CODES["UNABLE_TO_LOCK_ROW"]
    return _fault(place, said, recovery)


def bulk_fault(place: Place, text: str) -> CrmError:
    """What a row of failedResults means: ``CODE:message:fields --`` (Bulk API 2.0 Guide, "Failed Results")."""
    code, _, rest = text.partition(":")
    message, _, names = rest.rpartition(":")
    fields = [name for name in names.removesuffix("--").strip().split(",") if name]
    return row_fault(place, {"statusCode": code.strip(), "message": message or rest, "fields": fields})


def job_fault(place: Place, text: str) -> PauseMapping | None:
    """Why a job failed for good, from its errorMessage ``Kind : message``; None where it may go another way."""
    kind, _, message = (part.strip() for part in text.partition(" : "))
    if kind not in UNUSABLE_FILES:
        return None
    name = message.rpartition(" : ")[2] if "Field name" in message else None
    return PauseMapping(f"{place}: {kind} {message}; {MAPPING}", code=kind, kind=place.kind, field=name)


def _fault(place: Place, said: Complaint, recovery: Recovery, status: str = "") -> CrmError:
    error, fix = recovery
    fix = next((better for words, better in DESCRIPTIONS.items() if words in said.message), fix)
    names = f" ({', '.join(said.fields)})" if said.fields else ""
    message = f"{place}: {status}{said.code} {said.message}{names}; {fix}"
    if error is PauseUntil:
        if "TotalRequests" not in said.message:
            return TryAgain(message, code=said.code, after=5)
        # the limit is rolling over 24 hours: a little comes back every hour
        return PauseUntil(message, code=said.code, when=place.moment + timedelta(hours=1))
    if error is PauseMapping:
        column = NO_COLUMN.search(said.message)
        name = column[1] if column else next(iter(said.fields), None)
        return PauseMapping(message, code=said.code, kind=place.kind, field=name)
    if said.code == "rate_limit_exceeded":
        return TryAgain(message, code=said.code, after=300)
    return error(message, code=said.code)
