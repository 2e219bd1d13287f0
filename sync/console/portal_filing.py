"""A partner files a registration: alone, or because somebody of another partner invited it to join."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from sync.console.fields import Sent, one
from sync.console.portal import company, form_id, new_form, who
from sync.console.visit import Here, Visit
from sync.mapping.paths import Region
from sync.model.filing import Form
from sync.model.portal import Invitation
from sync.model.problem import Problem
from sync.model.registration import Role
from sync.portal import acts
from sync.portal.form import EVIDENCE_KINDS, read_form
from sync.portal.own import own_some

CHOICES: Final = {"all_roles": tuple(Role), "all_regions": tuple(Region), "kinds": EVIDENCE_KINDS}


@dataclass(frozen=True, slots=True)
class Shown:
    """A form as it is shown again: what was written, and what is wrong with it."""

    texts: dict[str, list[str]]
    problems: Iterable[Problem] = ()
    alike: list[tuple[str, str]] = field(default_factory=list)


def form(visit: Here) -> Response:
    """The empty form."""
    return _show(visit, Shown({}))


def file(visit: Here, sent: Sent) -> Response:
    """File it; or show again what was written, with everything that is wrong, or with what is filed already."""
    read, problems = read_words(visit, sent)
    alike = [] if problems or one(sent, "all_the_same") else _alike(visit, read)
    if not problems and not alike:
        problems = acts.file_new(visit.world, who(visit), form_id(visit, sent), read)
    if problems or alike:
        return _show(visit, Shown(sent, problems, alike), code=422)
    _note(visit, "file registration", read)
    return visit.see("/portal", "Filed. It stands in the CRM with the next run, and is judged from there.")


def invitation(visit: Here, ident: str) -> Response:
    """Who invites to register jointly, for which customer, and the own form."""
    invited = acts.invitation(visit.world, who(visit), ident)
    return _show(visit, Shown({"customer_name": [invited.customer]}), invited)


def answer(visit: Here, ident: str, sent: Sent) -> Response:
    """Accept by filing one's own registration, or decline."""
    if one(sent, "act") == "decline":
        acts.decline(visit.world, who(visit), ident)
        with visit.site.store.write() as connection:
            visit.note(connection, "decline invitation", ident)
        return visit.see("/portal", "Declined.")
    invited = acts.invitation(visit.world, who(visit), ident)
    read, problems = read_words(visit, sent)
    if not problems:
        problems = acts.accept(visit.world, who(visit), ident, form_id(visit, sent), read)
    if problems:
        return _show(visit, Shown(sent, problems), invited, code=422)
    _note(visit, "accept invitation", read)
    return visit.see("/portal", "Accepted. You are registered jointly when both registrations have been judged.")


def read_words(visit: Visit, sent: dict[str, list[str]]) -> tuple[Form, list[Problem]]:
    """What a form says; its days are those of the programme's calendar."""
    zone = ZoneInfo(visit.world.policies.at(visit.now).calendar.zone)
    return read_form(sent, zone)


def _alike(visit: Visit, read: Form) -> list[tuple[str, str]]:
    """The partner's own registrations for this customer, with what they are called; nothing for what only waits."""
    found = acts.alike(visit.world, who(visit), read)
    titles = {own.id: own.title for own in own_some(visit.world, company(visit), found, visit.now)}
    return [(ident, titles.get(ident, "")) for ident in dict.fromkeys(found)]


def _show(visit: Visit, shown: Shown, invited: Invitation | None = None, code: int = 200) -> Response:
    said: dict[str, list[Problem]] = {}
    for problem in shown.problems:
        said.setdefault(problem.where, []).append(problem)
    return visit.page(
        "portal_form.html",
        code,
        texts=shown.texts,
        wrong=said,
        alike=shown.alike,
        invited=invited,
        form=one(shown.texts, "form") or new_form(),
        **CHOICES,
    )


def _note(visit: Visit, what: str, read: Form) -> None:
    with visit.site.store.write() as connection:
        visit.note(connection, what, read.customer_name or read.customer_domain or "")
