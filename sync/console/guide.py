"""In-product help: every word of the product, and the first hour, told for whoever reads it."""

from __future__ import annotations

from starlette.responses import Response

from sync.console.terms import chapters
from sync.console.visit import Here


def page(visit: Here) -> Response:
    """The words, by chapter, and a guided first hour."""
    return visit.page("help.html", chapters=chapters(visit.user.role))
