"""The first page: a row for each connection, what to do about a red one, what waits, the latest runs."""

from __future__ import annotations

from starlette.responses import Response

from sync.console.sign_in import HOMES
from sync.console.visit import Here
from sync.runtime.schedule import next_tick
from sync.store.progress import progress
from sync.store.users import latest_acts
from sync.views import operations_view


def page(visit: Here) -> Response:
    """How the installation is."""
    if home := HOMES.get(visit.user.role):
        return visit.see(home)
    config = visit.site.config
    view = operations_view(visit.site.store, config, visit.now)
    runs = view["runs"]
    last = runs[0]["started_at"] if runs else None
    with visit.site.store.read() as connection:
        working = progress(connection)
        acts = latest_acts(connection, 10) if visit.rules else []
    following = next_tick(config.form.schedule.sync, last, visit.now)
    return visit.page("home.html", view=view, progress=working, acts=acts, next_run=following)
