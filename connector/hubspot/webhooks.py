"""Webhooks as hints: who is told that something changed reads it again; the events themselves are never believed.

HubSpot sends events twice, in any order, late or not at all. Source: developers.hubspot.com, "Webhooks" and
"Validating requests".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from connector.hubspot.answers import Answer
from connector.hubspot.windows import milliseconds
from connector.record import Ref

SIGNATURE, TIMESTAMP = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"
STALE_MILLISECONDS = 5 * 60 * 1000
DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""What HubSpot decodes in a query before it signs; everything else stays as it was sent."""

KINDS: Mapping[str, str] = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-8": "line_items",
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "line_item": "line_items",
}


class Forged(ValueError):
    """A request that HubSpot did not send, or not now."""


class Hint(NamedTuple):
    """One record that an event is about. ``kind`` is its object, or the type id of an object of the portal's own.

    ``field`` and ``value`` are the property that changed, in HubSpot's spelling; ``field`` is empty where the
    record itself or an association did. ``by_us``: our own app changed it.
    """

    kind: str
    id: str
    field: str = ""
    value: str = ""
    by_us: bool = False


class Event(Answer, frozen=True):
    """One event, as far as it is a hint. Old payloads call the type ``eventType``."""

    subscription_type: str = ""
    event_type: str = ""
    object_type_id: str = ""
    object_id: int | None = None
    from_object_id: int | None = None
    to_object_id: int | None = None
    from_object_type_id: str = ""
    to_object_type_id: str = ""
    association_type: str = ""
    primary_object_id: int | None = None
    new_object_id: int | None = None
    merged_object_ids: tuple[int, ...] = ()
    property_name: str = ""
    property_value: str | None = None
    change_source: str = ""
    source_id: str = ""
    app_id: int | None = None


def verify(secret: str, method: str, url: str, body: bytes, *, headers: Mapping[str, str], now: datetime) -> None:
    """Check that HubSpot sent this request: ``url`` is the public one that it was given, ``body`` the raw bytes.

    Header names may be in any case. Raises Forged, saying why; the comparison takes constant time.
    """
    said = {name.lower(): text for name, text in headers.items()}
    sent = said.get(TIMESTAMP.lower(), "")
    if not (sent.isascii() and sent.isdecimal() and abs(milliseconds(now) - int(sent)) <= STALE_MILLISECONDS):
        raise Forged(f"{TIMESTAMP} {sent!r} is not within 5 minutes of now. Fix: check this machine's clock")
    given = said.get(SIGNATURE.lower(), "")
    if not hmac.compare_digest(signature(secret, method, url, body, sent).encode(), given.encode()):
        raise Forged(f"{SIGNATURE} does not fit. Fix: check the app's client secret and its public URL")


def signature(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Base64 of HMAC-SHA256 over method, URL, body and time: signature version 3."""
    address = DECODED.sub(lambda found: unquote(found[0]), url)
    signed = method.encode() + address.encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def hints(connection: str, body: bytes, custom: Mapping[str, str]) -> frozenset[Ref]:
    """The records that a batch of events is about, each once. ``custom`` names own objects by type id.

    A merge is about every record in it, an association about both ends. An event about an object that we do not
    know is no hint. Raises ValueError for a body that is no batch.
    """
    told = ((custom.get(hint.kind, hint.kind), hint.id) for hint in told_of(connection, body))
    known = {*KINDS.values(), *custom.values()}
    return frozenset(Ref(connection, kind, number) for kind, number in told if kind in known)


def told_of(connection: str, body: bytes) -> frozenset[Hint]:
    """What a batch of events hints at, each once. One that cannot be understood does not hide the others.

    Raises ValueError for a body that is no batch, or in which nothing can be understood.
    """
    events: list[Event] = []
    error: Exception | None = None
    try:
        batch = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        batch, error = [], fault
    for each in batch:
        try:
            events.append(msgspec.json.decode(each, type=Event))
        except msgspec.MsgspecError as fault:
            error = fault
    if error and not events:
        raise ValueError(f"{connection}: not a batch of HubSpot events ({error}). Fix: check the target URL")
    return frozenset(
        Hint(KINDS.get(kind, kind), str(number), event.property_name, event.property_value or "", _by_us(event))
        for event in events
        for kind, number in _concerned(event)
    )


def _by_us(event: Event) -> bool:
    """The app that hears of it is the one that did it."""
    return event.change_source == "INTEGRATION" and event.source_id == str(event.app_id)


def _concerned(event: Event) -> Iterator[tuple[str, int]]:
    """Object and id of every record that an event names."""
    subject = event.object_type_id or (event.subscription_type or event.event_type).partition(".")[0]
    first, _, second = event.association_type.lower().partition("_to_")
    named = [
        *((subject, number) for number in (event.object_id, event.primary_object_id, event.new_object_id)),
        *((subject, number) for number in event.merged_object_ids),
        (event.from_object_type_id or first, event.from_object_id),
        (event.to_object_type_id or second, event.to_object_id),
    ]
    yield from ((kind, number) for kind, number in named if number is not None)
