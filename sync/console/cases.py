"""Deciding: what waits with its clocks, one case with its claims side by side, and the ruling on it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from sync import rulings
from sync.console.visit import Here
from sync.model.directive import Act
from sync.model.problem import BadInput, Problem

Text = Annotated[str, Form()]
Number = Annotated[int, Query(ge=0, le=10_000)]
RULED = (Act.AWARD, Act.CO_REGISTER, Act.DISMISS)
ANSWERS = (Act.APPROVE, Act.REJECT, Act.RETURN)


def inbox(visit: Here, kind: str = "", page: Number = 0, cases: Number = 0) -> Response:
    """Open cases, requests for more time, and registrations that wait for an answer; the next clock first."""
    found = rulings.inbox_view(visit.world, visit.now, kind, cases, page)
    return visit.page("cases.html", kind=kind, at={"page": page, "cases": cases}, **found)


def case(visit: Here, ident: str) -> Response:
    """One case: the claims side by side, what each rule said, and what each ruling would do."""
    world = visit.world
    subject = rulings.subject_of(world, ident, visit.now, ("case",))
    found = rulings.case_view(world, subject, visit.now)
    choices = []
    if found["state"] == "OPEN":
        choices = rulings.case_choices(world, subject, visit.speaker("to see what it would do", keep=False))
    return visit.page("case.html", case=found, choices=choices)


def rule(visit: Here, ident: str, ruling: Text = "", reason: Text = "", message: Text = "") -> Response:
    """The ruling on a case. ``ruling``: the act, and for an award the registration after a space."""
    act, _, winner = ruling.partition(" ")
    if act not in RULED:
        raise BadInput([Problem("ruling", "none was chosen", "go back to the case, and choose one")])
    if not reason.strip():
        raise BadInput(
            [Problem("reason", "a ruling needs its reason: it is recorded", "write one, and rule again")]
        )
    said = rulings.rule_on_case(visit.world, ident, Act(act), winner, visit.speaker(reason, message))
    with visit.site.store.write() as connection:
        visit.note(connection, f"rule {act.lower()}", said.directive.subject, {"directive": said.directive.id})
    moves = [f"{move['partner']} {move['to'].replace('_', ' ').lower()}" for move in said.view["moves"]]
    return visit.see(
        "/cases", f"Recorded: {', '.join(moves) or 'the case has ended'}. The next run tells the CRMs."
    )


def bulk(
    visit: Here, act: Text = "", registration: Annotated[tuple[str, ...], Form()] = (), reason: Text = ""
) -> Response:
    """One answer to several registrations; each is tried for itself, and what was refused is listed."""
    if act not in ANSWERS:
        raise BadInput([Problem("act", "approve, reject or return", "choose one of the buttons")])
    if not registration:
        raise BadInput([Problem("registrations", "none was chosen", "tick at least one")])
    done: list[rulings.Said] = []
    problems: list[Problem] = []
    for ident in dict.fromkeys(registration):
        try:
            done.append(rulings.on_registration(visit.world, ident, Act(act), visit.speaker(reason)))
        except BadInput as no:
            problems += no.problems
    with visit.site.store.write() as connection:
        for said in done:
            visit.note(connection, act.lower(), said.directive.subject, {"directive": said.directive.id})
    if problems:
        return visit.page("bulk.html", 422, done=[said.view for said in done], problems=problems, act=act)
    return visit.see("/cases", f"{len(done)} x {act.lower()} recorded. The next run tells the CRMs.")
