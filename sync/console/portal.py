"""The first page of a partner: its registrations, what waits for it, what it filed; and its statement."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from sync.console.fields import one
from sync.console.visit import Here, Visit
from sync.model.filing import FilingState
from sync.model.ids import name
from sync.model.problem import BadInput, Problem
from sync.portal.account import as_csv, lines_of, own_statement
from sync.portal.acts import Who
from sync.portal.company import Company, company_of
from sync.portal.own import PAGE, own_page
from sync.statement import period
from sync.store import filings, talk

LATEST: Final = 100
"""Filings looked at for those that wait or were refused."""


def company(visit: Visit) -> Company:
    """The partner whose person is signed in: never from the address."""
    assert visit.user.partner is not None
    return company_of(visit.world, visit.user.partner)


def who(visit: Visit) -> Who:
    """Whoever acts here, for which partner."""
    return Who(company(visit), visit.user.login, visit.now, visit.site.config.form.portal.files_to)


def new_form() -> str:
    """What makes a form the same when it is sent twice."""
    return secrets.token_hex(12)


def form_id(visit: Visit, sent: dict[str, list[str]]) -> str:
    """The id of what this form files: of this partner, whatever somebody writes into the form."""
    secret = one(sent, "form")
    if not secret:
        raise BadInput([Problem("form", "it was not loaded from here", "load its page again, then repeat")])
    return name("fil", company(visit).id, secret)


def page(visit: Here, p: int = 0) -> Response:
    """A partner's own registrations, those that wait for it first."""
    mine, number = company(visit), max(p, 0)
    own, total = own_page(visit.world, mine, visit.now, number)
    with visit.site.store.read() as connection:
        filed = filings.of_partner(connection, mine.id, LATEST)
        invited = talk.invitations_to(connection, visit.user.login)
    return visit.page(
        "portal.html",
        own=sorted(own, key=lambda entry: not entry.waits_for_you),
        total=total,
        number=number,
        pages=-(-total // PAGE),
        open_filings=[entry for entry in filed if entry.state is not FilingState.WRITTEN],
        invited=invited,
        can_file=bool(visit.site.config.form.portal.files_to),
        observes=visit.site.config.form.mode == "observe",
    )


def statement(visit: Here, over: str = "") -> Response:
    """What the partner's parts of won deals came to."""
    span = over.strip() or str(visit.now.year)
    wrong: Sequence[Problem] = ()
    try:
        own = own_statement(visit.world, company(visit), period(span))
    except BadInput as error:
        wrong, own = error.problems, None
    code = 422 if wrong else 200
    accounts = [(entry, list(lines_of(entry))) for entry in own.accounts] if own else []
    return visit.page("portal_statement.html", code, accounts=accounts, over=span, wrong=wrong)


def statement_csv(visit: Here, over: str = "") -> Response:
    """The same as CSV."""
    span = period(over.strip() or str(visit.now.year))
    text = as_csv(own_statement(visit.world, company(visit), span))
    named = {"Content-Disposition": f'attachment; filename="statement-{span.label}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=named)
