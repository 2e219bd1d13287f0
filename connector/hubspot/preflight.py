"""What HubSpot would refuse of a change before it is sent, and what it did not keep of one that it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connector.errors import CrmError, PauseMapping, Rejected
from connector.hubspot import decode
from connector.hubspot.answers import Property, Row
from connector.hubspot.describe import Portal
from connector.hubspot.links import MARK
from connector.record import Change, Op, Text

LONGEST = 65_536  # characters of one property
KEYS = ("email", "hs_object_id")  # unique by themselves
SCHEMA_CODES = ("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "INVALID_OPTION")
"""Refusals that say that the portal's schema is no longer what we were told."""


def refused(name: str, portal: Portal, changes: Sequence[Change], asked_again: set[str]) -> dict[str, CrmError]:
    """Changes that HubSpot would refuse, by id. What looks wrong is looked up again, once: it may be mended."""
    kind = changes[0].kind
    found = _refused(name, portal, changes)
    if kind not in asked_again and any(isinstance(fault, PauseMapping) for fault in found.values()):
        asked_again.add(kind)
        portal.forget(kind)
        found = _refused(name, portal, changes)
    return found


def _refused(name: str, portal: Portal, changes: Sequence[Change]) -> dict[str, CrmError]:
    known = portal.properties(changes[0].kind)
    faults = ((change.id, fault) for change in changes for fault in _faults(name, known, change))
    return dict(reversed(list(faults)))  # the first of each


def _faults(name: str, known: Mapping[str, Property], change: Change) -> Iterator[CrmError]:
    key = known.get(change.by)
    if change.op is Op.UPSERT and key and not key.has_unique_value and change.by not in KEYS:
        what = f"{change.by} is not unique, so that HubSpot cannot upsert by it"
        yield _paused(name, change, change.by, what, "create it as a unique property (dealsync init)", "NOT_UNIQUE")
    for field, value in change.values:
        found = known.get(field)
        if found and (found.calculated or found.modification_metadata.read_only_value):
            what, fix = f"{field} is read-only in HubSpot", "map to a property that can be written"
            yield _paused(name, change, field, what, fix, "READ_ONLY_VALUE")
        if value and MARK not in field and len(value) > LONGEST:
            where = f"{name}: {change.kind} {change.key!r}"
            yield Rejected(f"{where}: {field} takes {LONGEST} characters, not {len(value)}. Fix: shorten it")


def _paused(name: str, change: Change, field: str, what: str, fix: str, code: str) -> PauseMapping:
    return PauseMapping(f"{name}: {change.kind}: {what}. Fix: {fix}", kind=change.kind, field=field, code=code)


def not_kept(name: str, known: Mapping[str, Property], change: Change, row: Row) -> Rejected | None:
    """HubSpot answers with the record as stored: a value that it changed on the way was not written."""
    for field, sent in change.values:
        if field not in known or field not in row.properties:
            continue
        kept = decode.text(known[field].type, row.properties[field])
        if not _same(known[field], sent, kept):
            where = f"{name}: {change.kind} {change.key!r}"
            fix = f"write it as HubSpot keeps it, or look for a rule of the portal that changes {field}"
            return Rejected(
                f"{where}: {field} was sent as {sent!r} and kept as {kept!r}. Fix: {fix}", code="NOT_KEPT"
            )
    return None


def _same(found: Property, sent: Text, kept: Text) -> bool:
    """Equal, but for what every portal does: instants to the millisecond, mail addresses in lower case."""
    if sent is None or kept is None:
        return not sent and not kept
    if found.type == "datetime":
        return _milliseconds(sent) == _milliseconds(kept)
    if found.type == "enumeration":
        return set(sent.split(";")) == set(kept.split(";"))
    return sent == kept or (found.name == "email" and sent.lower() == kept)


def _milliseconds(text: str) -> str:
    """An instant cut to its milliseconds, as every portal cuts it."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    return f"{head}.{fraction[:3]:0<3}"
