"""A CRM's word that something changed: checked, and kept as records to be read again soon. It is never believed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from connector.hubspot.webhooks import KINDS, Forged, Hint, told_of, verify
from connector.record import Ref, Text
from sync.mapping.fieldmap import FieldMap, Mappings
from sync.store.hints import keep_hints, stored_as
from sync.store.intake import raw_of
from sync.store.opening import Store

HEARD: Final = 204
NO_BATCH: Final = 400
FORGED: Final = 401
DEALS: Final = "deals"


class Request(NamedTuple):
    """What arrived: ``url`` is the public one that the CRM was given, ``body`` the raw bytes."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


def hear(store: Store, mappings: Mappings, connection: str, secret: str, request: Request, *, now: datetime) -> int:
    """Take in one batch of events of a HubSpot connection; returns the HTTP status to answer with.

    ``secret`` is the app's client secret, ``now`` aware. What the store knows already, and what our own app wrote,
    is no news; repetition and disorder change nothing. One read and at most one write of the store, no call:
    HubSpot waits five seconds.
    """
    try:
        verify(secret, request.method, request.url, request.body, headers=request.headers, now=now)
    except Forged:
        return FORGED
    try:
        told = told_of(connection, request.body)
    except ValueError:
        return NO_BATCH
    with store.read() as reading:
        stored = stored_as(reading, connection, (hint.id for hint in told))
        placed = list(_placed(mappings.of_connection(connection), told, stored))
        raw = {
            field_map.object: raw_of(reading, field_map, [hint.id for own, hint in placed if own is field_map])
            for field_map in mappings.of_connection(connection)
        }
    news = {
        Ref(connection, field_map.object, hint.id)
        for field_map, hint in placed
        if not _echo(field_map, hint, raw[field_map.object].get(hint.id))
    }
    if news:
        with store.write() as writing:
            keep_hints(writing, news, now)
    return HEARD


def _placed(
    maps: Sequence[FieldMap], told: Collection[Hint], stored: Mapping[str, set[str]]
) -> Iterator[tuple[FieldMap, Hint]]:
    """Each hint with the mappings that read the record.

    Objects of the portal's own are named by a number that only HubSpot can explain: what may be about several of
    them is about each, and reading a record that is not there brings nothing. In a portal without custom objects
    a registration is a deal, under properties of other names.
    """
    for hint in told:
        for field_map in maps:
            standard = field_map.object in KINDS.values()
            if hint.kind == field_map.object or (hint.kind not in KINDS.values() and not standard):
                yield field_map, hint
            elif hint.kind == DEALS and not standard and field_map.object in stored.get(hint.id, ()):
                yield field_map, hint._replace(field="")


def _echo(field_map: FieldMap, hint: Hint, known: Mapping[str, Text] | None) -> bool:
    """Whether a hint says nothing new: a property that nobody reads, a value that is known, one that we wrote."""
    if not hint.field:
        return False
    if hint.field not in field_map.fields:
        return True
    if known is not None and (known.get(hint.field) or "") == hint.value and hint.field in known:
        return True
    written = {remote for rule in field_map.rules if rule.writes for remote in rule.remotes}
    return hint.by_us and hint.field in written
