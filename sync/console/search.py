"""Search by anything: a name, a part of it, an id, a domain."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from sync.console.visit import Here
from sync.views import search_view

PAGES: Final = {"opportunity": "deals", "registration": "registrations", "account": "accounts"}
"""Where each kind has its page."""


def page(visit: Here, q: str = "") -> Response:
    """What was found; a thing whose id was given whole is opened at once."""
    text = q.strip()[:200]
    found = search_view(visit.world, text) if text else []
    meant = [entry for entry in found if text in (entry["id"], *entry["rows"], *map(_id, entry["rows"]))]
    if len(meant) == 1:
        return visit.see(f"/{PAGES[meant[0]['kind']]}/{meant[0]['id']}")
    return visit.page("search.html", q=text, found=found, pages=PAGES)


def _id(row: str) -> str:
    return row.rpartition(":")[2]
