"""What went wrong, by cause, with the way out: retry, park, let go on; and the stop button."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from sync import commands
from sync.console.visit import Here
from sync.model.problem import BadInput, Problem
from sync.store import brakes, unlanded
from sync.store.due import make_due
from sync.store.groups import group_of, places_of
from sync.views import WAYS_OUT, errors_view

Text = Annotated[str, Form()]


def page(visit: Here) -> Response:
    """Writes that did not land, values that were not understood, rows that are parked."""
    return visit.page("errors.html", errors=errors_view(visit.world.store, visit.now), ways_out=WAYS_OUT)


def retry(visit: Here, ident: Text = "") -> Response:
    """Decide and write again, with the next run: one deal, or everything that did not land."""
    with visit.site.store.write() as connection:
        groups = unlanded.groups_waiting(connection)
        if ident:
            own = group_of(connection, ident)
            groups = {own} if own else set()
        make_due(connection, groups, visit.now)
        visit.note(connection, "retry", ident or "everything", {"groups": len(groups)})
    return visit.see("/errors", f"{len(groups)} groups of deals are decided again by the next run.")


def park(visit: Here, ident: Text = "", reason: Text = "") -> Response:
    """Write to one row no more, until somebody lets it go on."""
    with visit.site.store.write() as connection:
        places = places_of(connection, ident)
        if not places or not reason.strip():
            what = "a reason is needed" if places else "nothing by this id is known here"
            raise BadInput([Problem(ident or "row", what, "give the id of a row, and say why it is parked")])
        for place in places:
            brakes.park(connection, place, brakes.Park(visit.user.name, visit.now, reason.strip()))
        visit.note(connection, "park", ident, {"reason": reason.strip()})
    return visit.see("/errors", "It is parked.")


def unpark(visit: Here, ident: Text = "") -> Response:
    """Write to a parked row again, with the next run."""
    with visit.site.store.write() as connection:
        ended = [place for place in brakes.parked(connection) if ident in (place[2], " ".join(place))]
        for place in ended:
            brakes.unpark(connection, place)
        make_due(connection, {group for place in ended if (group := group_of(connection, place[2]))}, visit.now)
        visit.note(connection, "let go on", ident, {"rows": len(ended)})
    return visit.see("/errors", f"{len(ended)} rows are written again by the next run.")


def pause(visit: Here, crm: Text = "", reason: Text = "") -> Response:
    """The stop button: one connection, or everything (an empty name)."""
    why = brakes.Pause(visit.user.name, visit.now, reason.strip())
    commands.pause(visit.site.store, visit.site.config, crm, why)
    with visit.site.store.write() as connection:
        visit.note(connection, "pause", crm or "everything", {"reason": reason.strip()})
    return visit.see("/", f"{crm or 'Everything'} is paused, within one batch.")


def resume(visit: Here, crm: Text = "") -> Response:
    """Release it."""
    ended = commands.resume(visit.site.store, visit.site.config, crm)
    with visit.site.store.write() as connection:
        visit.note(connection, "resume", crm or "everything")
    return visit.see("/", f"{', '.join(ended) or 'Nothing'} goes on with the next run.")
