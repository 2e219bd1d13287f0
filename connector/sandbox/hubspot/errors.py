"""The refusals of a HubSpot portal, in the bodies that HubSpot sends (developers.hubspot.com: error handling)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCOPES_PAGE = "https://developers.hubspot.com/scopes"


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that a portal does not take, and why."""

    name: str
    code: str
    message: str

    def verdict(self) -> dict[str, Any]:
        """As it stands inside the message of a refused write."""
        return {
            "isValid": False,
            "message": self.message,
            "error": self.code,
            "name": self.name,
            "localizedErrorMessage": self.message,
        }

    def detail(self) -> dict[str, Any]:
        """As it stands in the ``errors`` of a refused write."""
        return {"message": self.message, "code": self.code, "context": {"propertyName": [self.name]}}


@dataclass
class Refusal(Exception):
    """An answer other than success. ``extra`` are further keys of the body, ``headers`` go beside it."""

    status: int
    message: str
    category: str = ""
    context: Mapping[str, list[str]] = field(default_factory=dict)
    errors: Sequence[Mapping[str, Any]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The whole answer."""
        parts = {"context": self.context, "category": self.category, "errors": list(self.errors)}
        said = {key: part for key, part in parts.items() if part}
        start = {"status": "error", "message": self.message, "correlationId": str(uuid.uuid4())}
        return start | said | dict(self.extra)

    def item(self, trace: str | None = None) -> dict[str, Any]:
        """One line of the ``errors`` of a 207; ``trace`` is the caller's objectWriteTraceId."""
        context = dict(self.context) | ({"objectWriteTraceId": [trace]} if trace is not None else {})
        line = {"status": "error", "category": self.category, "message": self.message, "context": context}
        return line | dict(self.extra)


def invalid(message: str, context: Mapping[str, list[str]] | None = None) -> Refusal:
    """400 for a request that no portal would take."""
    return Refusal(400, message, "VALIDATION_ERROR", context or {})


def not_valid(problems: Sequence[Problem]) -> Refusal:
    """400 for property values; the message is the only place that names every reason."""
    verdicts = json.dumps([problem.verdict() for problem in problems], separators=(",", ":"))
    errors = [problem.detail() for problem in problems]
    return Refusal(400, f"Property values were not valid: {verdicts}", "VALIDATION_ERROR", errors=errors)


def not_set(singular: str, names: Sequence[str], doing: str = "creating") -> Refusal:
    """400 for a record without its required properties."""
    message = f"Error {doing} {singular.upper()}. Some required properties were not set."
    error = {"message": message, "code": "REQUIRED_FIELD", "context": {"properties": list(names)}}
    return Refusal(400, message, "VALIDATION_ERROR", {"properties": list(names)}, [error])


def unknown_type(name: str) -> Refusal:
    """400 for an object type that the portal does not have; it carries no category."""
    return Refusal(400, f"Unable to infer object type from: {name}")


def not_found() -> Refusal:
    """404 for one record."""
    return Refusal(404, "resource not found", "OBJECT_NOT_FOUND")


def missing_records(singular: str, ids: Sequence[str]) -> Refusal:
    """The one line of a 207 that names every record a batch asked for and did not get."""
    return Refusal(
        404,
        f"Could not get some {singular.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "OBJECT_NOT_FOUND",
        {"ids": list(ids)},
    )


def duplicates(ids: Sequence[str]) -> Refusal:
    """400 for a batch that names a record twice; trace ids do not help."""
    listed = ", ".join(ids)
    return invalid(f"Duplicate IDs found in batch input: [{listed}]. IDs must be unique", {"ids": list(ids)})


def exists(singular: str, id_: str) -> Refusal:
    """409 for a record that HubSpot itself keeps unique."""
    text = f"{singular.capitalize()} already exists. Existing ID: {id_}"
    return Refusal(409, text, "CONFLICT", {"existingId": [id_]})


def migrating(seconds: int) -> Refusal:
    """477 while the account moves to another data centre."""
    message = "This account is being migrated to another data center."
    return Refusal(477, message, "MIGRATION_IN_PROGRESS", headers={"Retry-After": str(seconds)})


def locked() -> Refusal:
    """423 while another write holds the record."""
    return Refusal(423, "The record is locked by another request. Please wait and try again.", "LOCKED")


def missing_scopes(scope: str) -> Refusal:
    """403 for a token that may not touch this object."""
    error = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    return Refusal(
        403,
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}.",
        "MISSING_SCOPES",
        errors=[error],
        extra={"links": {"scopes": SCOPES_PAGE}},
    )


def limited(policy: str, headers: Mapping[str, str]) -> Refusal:
    """429 by the policy that was exceeded: SECONDLY, TEN_SECONDLY_ROLLING or DAILY."""
    extra = {"errorType": "RATE_LIMIT", "policyName": policy, "requestId": str(uuid.uuid4())}
    return Refusal(429, f"You have reached your {policy.lower()} limit.", extra=extra, headers=headers)
