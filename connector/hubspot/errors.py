"""What each of HubSpot's refusals means for us: one table, read by the vendor's own words.

A refusal is looked up by its most telling word first: the code of its first detail, the policy of a limit, the
sub-category, the category, the error type, the status. Source: developers.hubspot.com/docs, "Error handling" and
"Usage guidelines".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector.errors import (
    CrmError,
    Gone,
    PauseMapping,
    PauseUntil,
    Rejected,
    SkipRecord,
    StopCrm,
    TryAgain,
)
from connector.hubspot.answers import Problem


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not a success, or one entry of a 207's ``errors``."""

    place: str  # "hs: POST /crm/objects/2026-09/deals/search"
    kind: str
    status: int
    said: Problem
    headers: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None  # the server's, where it said
    zone: ZoneInfo | None = None  # the account's, where known
    reading: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do about a refusal: the recovery, the fix for a person, the least wait in seconds."""

    recovery: type[CrmError]
    fix: str
    after: float | None = None


SIGN_IN_FIX = "give this connection a valid token in config.toml (HubSpot: Settings > Integrations)"
VALUE_FIX = "correct the record or its mapping"
FIELD_FIX = "correct the mapping, or create the property in HubSpot"
SCOPE_FIX = "grant the scope to the app in HubSpot"
WAIT_FIX = "nothing to do: it is tried again"

TABLE: Mapping[str, Rule] = {
    # limits
    "SECONDLY": Rule(TryAgain, WAIT_FIX, after=1),
    "TEN_SECONDLY_ROLLING": Rule(TryAgain, WAIT_FIX, after=10),
    "DAILY": Rule(PauseUntil, "nothing to do until then, or buy the API limit increase"),
    "RATE_LIMIT": Rule(TryAgain, WAIT_FIX, after=10),
    "RATE_LIMITS": Rule(TryAgain, WAIT_FIX, after=10),
    # who we are and what we may see
    "EXPIRED_AUTHENTICATION": Rule(StopCrm, SIGN_IN_FIX),
    "INVALID_AUTHENTICATION": Rule(StopCrm, SIGN_IN_FIX),
    "BAD_REFRESH_TOKEN": Rule(StopCrm, "connect the app to HubSpot again"),
    "BAD_CLIENT_ID": Rule(StopCrm, "correct client_id and client_secret of this connection"),
    "BAD_CLIENT_SECRET": Rule(StopCrm, "correct client_id and client_secret of this connection"),
    "invalid_client": Rule(StopCrm, "correct client_id and client_secret of this connection"),
    "invalid_grant": Rule(StopCrm, "connect the app to HubSpot again"),
    "MISSING_SCOPES": Rule(PauseMapping, SCOPE_FIX),
    # one property
    "PROPERTY_DOESNT_EXIST": Rule(PauseMapping, FIELD_FIX),
    "READ_ONLY_VALUE": Rule(PauseMapping, "map to a property that can be written"),
    "INVALID_OPTION": Rule(Rejected, "add the option in HubSpot, or " + VALUE_FIX),
    "INVALID_INTEGER": Rule(Rejected, VALUE_FIX),
    "INVALID_NUMBER": Rule(Rejected, VALUE_FIX),
    "INVALID_DATE": Rule(Rejected, VALUE_FIX),
    "INVALID_EMAIL": Rule(Rejected, VALUE_FIX),
    "INVALID_LONG": Rule(Rejected, VALUE_FIX),
    "REQUIRED_FIELD": Rule(Rejected, "fill the field that HubSpot requires"),
    "CONFLICTING_UNIQUE_VALUE": Rule(Rejected, "another record holds this unique value: remove one of them"),
    # one record
    "OBJECT_NOT_FOUND": Rule(Gone, "it was deleted or merged: read it again"),
    "crm.associations.FROM_OBJECT_NOT_FOUND": Rule(Gone, "it was deleted or merged: read it again"),
    "crm.associations.TO_OBJECT_NOT_FOUND": Rule(Gone, "it was deleted or merged: read it again"),
    "CONFLICT": Rule(Rejected, "another record is in the way: merge or remove one of them"),
    "VALIDATION_ERROR": Rule(Rejected, VALUE_FIX),
    "OBJECT_ALREADY_EXISTS": Rule(Rejected, "it is there already: use it, or choose another name"),
    "LOCKED": Rule(TryAgain, WAIT_FIX, after=2),
    # statuses, for answers without a word
    "400": Rule(Rejected, VALUE_FIX),
    "401": Rule(StopCrm, SIGN_IN_FIX),
    "403": Rule(PauseMapping, SCOPE_FIX),
    "404": Rule(PauseMapping, "check the object's name and the API version"),
    "408": Rule(TryAgain, WAIT_FIX),
    "409": Rule(Rejected, "another record is in the way: merge or remove one of them"),
    "414": Rule(PauseMapping, "map fewer fields of this object"),
    "423": Rule(TryAgain, WAIT_FIX, after=2),
    "429": Rule(TryAgain, WAIT_FIX, after=10),
    "477": Rule(PauseUntil, "HubSpot is moving this portal to another data centre: nothing to do until then"),
    "522": Rule(TryAgain, "if it persists, ask HubSpot's support: " + WAIT_FIX),
    "525": Rule(TryAgain, "if it persists, check the certificate with HubSpot's support"),
    "530": Rule(StopCrm, "the token is malformed: " + SIGN_IN_FIX),
}
NAMING = ("propertyName", "properties")
"""Under which a context names properties: one that is wrong, or those that are missing."""

LOCKED_CODES = ("423", "LOCKED")
"""One record of a call is being written by somebody else, for about two seconds."""

SERVER_FAULT = Rule(TryAgain, WAIT_FIX)  # any other 5xx
UNKNOWN = Rule(StopCrm, "report this answer: it is not in our table")

UNKNOWN_WAIT = timedelta(hours=1)
"""How long a pause is whose end HubSpot does not say, or says in a time zone that we could not read."""


def fault(refusal: Refusal) -> CrmError:
    """The failure that a refusal means. Refused values of a *read* are the mapping's fault, not a record's."""
    word, rule = _rule(refusal)
    names = fields(refusal.said)
    message = f"{refusal.place}: {_reason(refusal, names)}. Fix: {rule.fix}"
    recovery = PauseMapping if refusal.reading and issubclass(rule.recovery, SkipRecord) else rule.recovery
    if recovery is TryAgain:
        return TryAgain(message, code=word, after=_seconds(refusal.headers, rule.after))
    if recovery is PauseUntil:
        if refusal.now is None:
            return TryAgain(message, code=word, after=UNKNOWN_WAIT.total_seconds())
        return PauseUntil(message, code=word, when=_when(refusal, word, refusal.now))
    if recovery is PauseMapping:
        return PauseMapping(message, code=word, kind=refusal.kind, field=names[0] if names else None)
    return recovery(message, code=word)


def fields(said: Problem) -> list[str]:
    """The properties that a refusal names, in its details or inside its message."""
    named = [name for detail in _details(said) for key in NAMING for name in _context(detail).get(key, ())]
    named += [str(detail["name"]) for detail in _inner(said) if "name" in detail]
    named += [name for key in NAMING for name in _context(said).get(key, ())]
    return list(dict.fromkeys(map(str, named)))


def _rule(refusal: Refusal) -> tuple[str, Rule]:
    words = [*_words(refusal.said), str(refusal.status)]
    for word in words:
        if rule := TABLE.get(word):
            return word, rule
    return words[0], SERVER_FAULT if refusal.status >= 500 else UNKNOWN


def _words(said: Problem) -> Iterator[str]:
    details = [*_details(said), *_inner(said)]
    spoken = [detail.get(key) for detail in details for key in ("code", "error", "subCategory")]
    spoken += [said.get(key) for key in ("policyName", "subCategory", "category", "errorType", "error", "status")]
    yield from (str(word) for word in spoken if word and word != "error")


def _reason(refusal: Refusal, names: list[str]) -> str:
    said = refusal.said.get("message") or refusal.said.get("error_description") or f"HTTP {refusal.status}"
    details = [str(detail["message"]) for detail in _details(refusal.said) if detail.get("message")]
    scopes = [
        scope for detail in _details(refusal.said) for scope in _context(detail).get("requiredGranularScopes", ())
    ]
    extra = [f"scopes: {', '.join(scopes)}"] if scopes else []
    extra += [f"field: {name}" for name in names if name not in str(said)]
    return " - ".join([str(said).rstrip("."), *(d for d in details if d not in str(said)), *extra])[:500]


def _details(said: Problem) -> list[Problem]:
    return [detail for detail in said.get("errors") or () if isinstance(detail, dict)]


def _inner(said: Problem) -> list[Problem]:
    """The list that HubSpot writes as JSON into the message: ``Property values were not valid: [{...}]``."""
    found = re.search(r"\[\{.*\}\]", str(said.get("message", "")), re.DOTALL)
    try:
        inner = json.loads(found.group()) if found else []
    except ValueError:
        return []
    return [detail for detail in inner if isinstance(detail, dict)]


def _context(said: Problem) -> dict[str, list[str]]:
    context = said.get("context")
    return (
        {key: value for key, value in context.items() if isinstance(value, list)}
        if isinstance(context, dict)
        else {}
    )


def _seconds(headers: Mapping[str, str], default: float | None) -> float | None:
    said = headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else default


def _when(refusal: Refusal, word: str, now: datetime) -> datetime:
    if word != "DAILY":
        return now + timedelta(seconds=_seconds(refusal.headers, None) or UNKNOWN_WAIT.total_seconds())
    if refusal.zone is None:
        return now + UNKNOWN_WAIT
    tomorrow = now.astimezone(refusal.zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), refusal.zone).astimezone(UTC)
