"""One request: who asks, when, what for; and the answers that pages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sync.console.site import Site
from sync.model.user import User, UserRole
from sync.rulings import Speaker
from sync.store.users import note_act
from sync.store.visits import Visit as SignedIn
from sync.world import World


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for what, and when. ``signed_in`` is ``None`` on the pages that everybody may read."""

    request: Request
    site: Site
    now: datetime
    signed_in: SignedIn | None
    csrf: str

    @property
    def user(self) -> User:
        """Who is signed in; the gate let nobody else through."""
        assert self.signed_in is not None
        return self.signed_in.user

    @property
    def world(self) -> World:
        return self.site.world

    @property
    def partial(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    def may(self, *roles: UserRole) -> bool:
        """Whether whoever is signed in has one of these roles."""
        return self.signed_in is not None and self.signed_in.user.role in roles

    @property
    def rules(self) -> bool:
        """Whether this person rules on cases and registrations."""
        return self.may(UserRole.CHANNEL_MANAGER, UserRole.ADMIN)

    @property
    def money(self) -> bool:
        """Whether this person sees amounts of splits and the ledger; sales sees who, in which role, how long."""
        return self.may(UserRole.CHANNEL_MANAGER, UserRole.FINANCE, UserRole.ADMIN)

    def page(self, template: str, code: int = 200, **values: Any) -> Response:
        """A page, or a part of one, from a template."""
        return HTMLResponse(self.part(template, **values), code)

    def part(self, template: str, **values: Any) -> str:
        """The text of a page, or of a part of one."""
        shown = {
            "visit": self,
            "user": self.signed_in.user if self.signed_in else None,
            "csrf": self.csrf,
            "now": self.now,
            "path": self.request.url.path,
            "notice": self.request.query_params.get("notice", ""),
        }
        return self.site.templates.get_template(template).render(shown | values)

    def see(self, path: str, notice: str = "") -> Response:
        """What is shown after an act: another page of ours, with one line of what happened."""
        more = f"{'&' if '?' in path else '?'}notice={quote(notice)}" if notice else ""
        return RedirectResponse(f"{path}{more}", 303)

    def speaker(self, reason: str = "", message: str = "", *, keep: bool = True) -> Speaker:
        """Whoever is signed in, saying something; without ``keep`` only to see what it would do."""
        return Speaker(self.user.name, self.now, reason.strip(), message.strip(), keep, self.user.other_names)

    def note(self, connection: Any, what: str, subject: str, more: Mapping[str, Any] | None = None) -> None:
        """Keep that this person did something, in the transaction that does it."""
        note_act(connection, self.user.id, what, subject, self.now, more)


def _visit(request: Request) -> Visit:
    """The visit that the gate has let in."""
    found: Visit = request.state.visit
    return found


Here: TypeAlias = Annotated[Visit, Depends(_visit)]
"""The parameter of every view function: ``def page(visit: Here) -> Response``."""


def inside(path: str | None, otherwise: str = "/") -> str:
    """``path`` when it is a page of ours, else ``otherwise``: nobody is led away by a link that begins with us."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 33 for c in path):
        return otherwise
    return path
