"""What partners wrote to the vendor: appeals, which are let in or not, and the notes on a registration."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from sync import rulings
from sync.console.visit import Here
from sync.model.directive import Act
from sync.model.ids import name
from sync.model.portal import Note, NoteKind
from sync.portal.acts import worded
from sync.store import talk

LATEST = 50
"""Appeals on the page."""

Text = Annotated[str, Form()]


def page(visit: Here) -> Response:
    """The latest appeals, and how fair partners find the rulings of each rule."""
    with visit.site.store.read() as connection:
        found = talk.appeals(connection, LATEST)
        counted = talk.feedback(connection)
    return visit.page("appeals.html", appeals=found, counted=sorted(counted.items()))


def one(visit: Here, ident: str) -> Response:
    """What was said on one registration, and the answer to it."""
    entry = rulings.registration_view(visit.world, ident, visit.now)
    with visit.site.store.read() as connection:
        notes = talk.notes_on(connection, [entry["registration"]])
    can_let_in = any(choice["act"] == Act.REOPEN for choice in entry["choices"])
    return visit.page("appeal.html", entry=entry, notes=notes, can_let_in=can_let_in)


def answer(visit: Here, ident: str, act: Text = "", text: Text = "") -> Response:
    """Let an appeal in, which opens the registration again; or write to the partner."""
    entry = rulings.registration_view(visit.world, ident, visit.now)
    own = entry["registration"]
    if act == "let_in":
        said = rulings.on_registration(visit.world, own, Act.REOPEN, visit.speaker(text))
        with visit.site.store.write() as connection:
            visit.note(connection, "let appeal in", own, {"directive": said.directive.id})
        return visit.see(f"/registrations/{own}", "The appeal is let in: it is judged from the beginning.")
    words = worded(text, needed=True)
    made = name("note", own, visit.user.login, visit.now.isoformat(), words)
    with visit.site.store.write() as connection:
        talk.add_note(connection, Note(made, own, "", visit.user.name, visit.now, NoteKind.NOTE, words))
        visit.note(connection, "note", own)
    return visit.see(f"/appeals/{own}", "Noted. The partner reads it in its portal.")
