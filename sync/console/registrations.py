"""One registration: where it stands, what fits it now, and a person's word on it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from sync import rulings
from sync.console.visit import Here
from sync.explain import explain_view
from sync.model.directive import Act
from sync.model.problem import BadInput, Problem
from sync.model.ruling import RejectReason
from sync.rulings.rule import SAID_OF_REGISTRATIONS

Text = Annotated[str, Form()]


def page(visit: Here, ident: str) -> Response:
    """Where it stands, why, and what can be said about it."""
    world = visit.world
    found = rulings.registration_view(world, ident, visit.now)
    explained = explain_view(world, found["registration"], visit.now)
    entries = [entry for deal in explained["deals"] for entry in deal["registrations"]] + explained["alone"]
    own = next(entry for entry in entries if entry["id"] == found["registration"])
    moves = [move for thing in (*explained["deals"], *explained["alone"]) for move in thing["decisions"]]
    return visit.page(
        "registration.html",
        entry=found,
        own=own,
        ruling=own["ruling"],
        moves=[move for move in moves if move["subject"] == found["registration"]],
        reasons=list(RejectReason),
    )


def say(  # noqa: PLR0913, PLR0917 each field of the form is one
    visit: Here, ident: str, act: Text = "", reason: Text = "", message: Text = "", code: Text = "", days: Text = ""
) -> Response:
    """One of `SAID_OF_REGISTRATIONS`; ``code`` is a word of the closed list of reasons to reject or revoke."""
    if act not in SAID_OF_REGISTRATIONS:
        raise BadInput([Problem("act", "this cannot be said about a registration", "choose one of the buttons")])
    if days.strip() and not days.strip().isdecimal():
        raise BadInput([Problem("days", f"{days!r} is no number of days", "write a whole number, or nothing")])
    full = f"{code}: {reason}" if code and reason.strip() else reason
    number = int(days) if days.strip() and act == Act.EXTEND else None
    said = rulings.on_registration(visit.world, ident, Act(act), visit.speaker(full, message), number)
    with visit.site.store.write() as connection:
        visit.note(connection, act.lower(), said.directive.subject, {"directive": said.directive.id})
    moved = "; ".join(f"{move['partner']}: {move['to'].replace('_', ' ').lower()}" for move in said.view["moves"])
    return visit.see(f"/registrations/{said.directive.subject}", f"Recorded. {moved or 'It waits for the others.'}")
