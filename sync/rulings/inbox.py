"""The inbox, a page at a time: as the last run found it, and judged anew only where something happened since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sync.page import judge_page
from sync.store.inbox import APPROVAL, CASE, REQUEST, Found, waiting_now
from sync.waiting import waiting_in
from sync.world import World

PAGE: Final = 30
"""So many of each are shown at once."""


def inbox_view(world: World, now: datetime, kind: str = "", cases: int = 0, approvals: int = 0) -> dict[str, Any]:
    """``cases`` (of ``kind``), ``requests`` and ``approvals``: each a page of what waits, the next clock first.

    Each has ``entries``, the ``total``, and the numbers of the ``page`` before and after it, if there is one.
    """
    return {
        "cases": _page(world, CASE, now, kind, cases),
        "requests": _page(world, REQUEST, now, "", 0) if not kind else None,
        "approvals": _page(world, APPROVAL, now, "", approvals),
    }


def _page(world: World, what: str, now: datetime, kind: str, page: int) -> dict[str, Any]:
    with world.store.read() as connection:
        found = _fresh(world, waiting_now(connection, what, now, kind, PAGE, page * PAGE), what, now)
    return {
        "entries": [entry.shown for entry in found.waiting],
        "total": found.total,
        "before": page - 1 if page else None,
        "after": page + 1 if (page + 1) * PAGE < found.total else None,
    }


def _fresh(world: World, found: Found, what: str, now: datetime) -> Found:
    """The same, where something happened since as it stands now; what waits no more is left out."""
    pages = judge_page(world, found.stale, now) if found.stale else []
    still = {
        entry.id: entry for judged in pages for entry in waiting_in(judged, world.policies) if entry.what == what
    }
    kept = [still.get(entry.id) if entry.group in found.stale else entry for entry in found.waiting]
    own = [entry for entry in kept if entry is not None]
    return replace(found, waiting=own, total=found.total - len(found.waiting) + len(own))
