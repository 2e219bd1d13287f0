"""One deal beside itself: what every CRM says, what counts, what we wrote there, and whether its past is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from connector.record import datetime_text
from sync.audit import faults
from sync.model.deal import Opportunity
from sync.model.ledger import LedgerEntry
from sync.model.row import Row
from sync.page import Judged
from sync.store import audit, journal
from sync.store.groups import load_baselines
from sync.store.ledger import entries_of_deal
from sync.views import change_view
from sync.world import World

SHOWN: Final = 50
"""At most so many writes are listed."""


def deal_sides(world: World, judged: Judged, deal: Opportunity) -> dict[str, Any]:
    """``fields``: each in every CRM, and as written by us; ``ledger``; ``writes``; ``audit``: is the past whole."""
    rows = [row for row in judged.group.rows if row.ref in deal.members]
    with world.store.read() as connection:
        return {
            "id": deal.id,
            "rows": [str(row.ref) for row in rows],
            "fields": list(_fields(world, connection, rows, deal)),
            "ledger": [_entry(entry) for entry in entries_of_deal(connection, deal.id)],
            "writes": [
                change_view(write["change"]) | {name: write[name] for name in ("run", "state", "at", "why")}
                for write in journal.writes_to(connection, _places(world, judged, deal), SHOWN)
            ],
            "audit": _past(connection, judged, deal),
        }


def _fields(world: World, connection: Any, rows: Sequence[Row], deal: Opportunity) -> Iterator[dict[str, Any]]:
    ours = load_baselines(connection, [(row.ref.connection, row.ref.kind, row.ref.id) for row in rows])
    for path in sorted({path for row in rows for path in row.values}):
        sides = [_side(world, row, path, ours) for row in rows]
        if any(side["says"] is not None or side["wrote"] is not None for side in sides):
            counts = getattr(deal, _COUNTS.get(path, ""), None)
            yield {"path": path, "counts": _text(counts), "sides": sides}


_COUNTS: Final = {path: path for path in ("name", "stage", "amount", "close_date", "type", "created_at")}


def _side(world: World, row: Row, path: str, ours: Any) -> dict[str, Any]:
    """What one CRM says of one field, its own name for it, and what we last wrote or found as wanted there."""
    field_map = world.mappings.of(row.ref.connection, row.ref.kind)
    remotes = next((rule.remotes for rule in field_map.rules if rule.path == path), ()) if field_map else ()
    written = ours.get((row.ref.connection, row.ref.kind, row.ref.id), {})
    wrote = [written[remote] or "" for remote in remotes if remote in written]
    return {
        "field": ", ".join(remotes),
        "says": _text(row.values.get(path)),
        "wrote": " ".join(wrote) if wrote else None,
    }


def _text(value: Any) -> str | None:
    if value is None or value in ("", ()):
        return None
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(str(entry) for entry in value)
    return str(value)


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "day": entry.day.isoformat(),
        "at": datetime_text(entry.at),
        "party": entry.name or entry.party,
        "amount": str(entry.delta),
        "cause": entry.cause,
        "reason": entry.reason,
        "version": entry.split_version,
    }


def _places(world: World, judged: Judged, deal: Opportunity) -> Iterator[tuple[str, str, str]]:
    """The deal's own rows, those of its registrations, and ours in the CRMs, by our key."""
    filed = {entry.ref for entry in judged.facts.registrations if entry.opportunity_id == deal.id}
    for row in judged.group.rows:
        ref = row.ref
        if ref in (*deal.members, *filed):
            yield ref.connection, ref.kind, ref.id
        elif row.kind == "attribution" and row.values.get("opportunity") in deal.members:
            field_map = world.mappings.of(ref.connection, ref.kind)
            key = row.raw.get(field_map.key) if field_map and field_map.key else None
            yield ref.connection, ref.kind, str(key or ref.id)


def _past(connection: Any, judged: Judged, deal: Opportunity) -> dict[str, Any]:
    """How many sealed events stand behind this deal, and the first fault in their chains."""
    filed = [entry.id for entry in judged.facts.registrations if entry.opportunity_id == deal.id]
    cases = [case.id for case in judged.history.cases.values() if {*case.registrations} & {*filed}]
    things = [deal.id, *filed, *cases]
    links = list(audit.links(connection, sorted([*things, *(audit.SAID + thing for thing in things)])))
    found = next(faults(links), None)
    last = max(links, key=lambda link: link.seq) if links else None
    return {
        "events": len(links),
        "last": last.hash if last else None,
        "at": last.event.at if last else None,
        "fault": f"{found.chain}: {found.what}" if found else None,
    }
