"""The first page: one row a connection, and what to do about a red one."""

from __future__ import annotations

from starlette.responses import Response

from sync.console.sign_in import HOMES
from sync.console.visit import Here
from sync.views import status_view


def page(visit: Here) -> Response:
    """How the installation is."""
    if home := HOMES.get(visit.user.role):
        return visit.see(home)
    world = visit.world
    return visit.page("home.html", status=status_view(world.store, visit.site.config, visit.now))
