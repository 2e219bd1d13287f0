"""The one table of the console: every address, who may use it, and the view function behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sync.console import (
    api,
    appeals,
    cases,
    deal,
    guide,
    home,
    hooks,
    insight,
    mappings,
    policies,
    portal,
    portal_filing,
    portal_registration,
    registrations,
    runs,
    search,
    sign_in,
    sso,
    troubles,
)
from sync.model.user import STAFF, UserRole

ADMIN: Final = UserRole.ADMIN
CHANNEL: Final = UserRole.CHANNEL_MANAGER
FINANCE: Final = UserRole.FINANCE
PARTNER: Final = UserRole.PARTNER
SALES: Final = UserRole.SALES

EVERYBODY: Final = None
"""Also whoever is not signed in."""

SIGNED: Final = frozenset[UserRole]()
"""No person at all: a program that signs what it sends. No session counts, no token of a form is asked for."""

SIGNED_IN: Final = frozenset(UserRole)
RULERS: Final = frozenset({CHANNEL, ADMIN})
OPERATORS: Final = frozenset({CHANNEL, ADMIN})
READERS: Final = frozenset({CHANNEL, FINANCE, ADMIN})
ADMINS: Final = frozenset({ADMIN})
OWN: Final = frozenset({PARTNER})


@dataclass(frozen=True, slots=True)
class Route:
    """``method`` and ``path`` as FastAPI spells them; ``view`` takes a `visit.Here` and what path or form holds."""

    method: str
    path: str
    roles: frozenset[UserRole] | None
    view: Callable[..., Any]


ROUTES: Final = (
    # who gets in
    Route("GET", "/login", EVERYBODY, sign_in.form),
    Route("POST", "/login", EVERYBODY, sign_in.sign_in),
    Route("GET", "/sso", EVERYBODY, sso.start),
    Route("GET", sso.BACK, EVERYBODY, sso.back),
    Route("GET", "/link/{secret}", EVERYBODY, sign_in.link),
    Route("POST", "/link/{secret}", EVERYBODY, sign_in.follow),
    Route("POST", "/logout", SIGNED_IN, sign_in.sign_out),
    Route("GET", "/account", SIGNED_IN, sign_in.account),
    Route("POST", "/account/password", SIGNED_IN, sign_in.change_password),
    # what a CRM tells
    Route("POST", "/hooks/{name}", SIGNED, hooks.hear),
    # operations
    Route("GET", "/", SIGNED_IN, home.page),
    Route("GET", "/runs/live", OPERATORS, runs.live),
    Route("GET", "/runs/{ident}", OPERATORS, runs.page),
    Route("GET", "/runs/{ident}/rollback", OPERATORS, runs.back),
    Route("POST", "/runs/{ident}/rollback", ADMINS, runs.take_back),
    Route("POST", "/run", OPERATORS, runs.start),
    Route("POST", "/pause", OPERATORS, troubles.pause),
    Route("POST", "/resume", OPERATORS, troubles.resume),
    Route("GET", "/errors", OPERATORS, troubles.page),
    Route("POST", "/errors/retry", OPERATORS, troubles.retry),
    Route("POST", "/errors/park", OPERATORS, troubles.park),
    Route("POST", "/errors/unpark", OPERATORS, troubles.unpark),
    # deciding
    Route("GET", "/cases", STAFF, cases.inbox),
    Route("GET", "/cases/{ident}", STAFF, cases.case),
    Route("POST", "/cases/{ident}", RULERS, cases.rule),
    Route("POST", "/approvals", RULERS, cases.bulk),
    Route("GET", "/registrations/{ident}", STAFF, registrations.page),
    Route("POST", "/registrations/{ident}", RULERS, registrations.say),
    # deals
    Route("GET", "/deals/{ident}", STAFF, deal.page),
    Route("GET", "/accounts/{ident}", STAFF, deal.account),
    Route("POST", "/deals/{ident}/share", RULERS, deal.share),
    Route("GET", "/search", STAFF, search.page),
    Route("GET", "/help", SIGNED_IN, guide.page),
    # numbers
    Route("GET", "/insight", STAFF, insight.page),
    Route("GET", "/insight.csv", STAFF, insight.figures_file),
    Route("GET", "/insight/rows", STAFF, insight.rows),
    Route("GET", "/insight/rows.csv", STAFF, insight.rows_file),
    # rules
    Route("GET", "/policies", READERS, policies.page),
    Route("GET", "/policies/{name}/draft", READERS, policies.draft),
    Route("POST", "/policies/{name}/draft", ADMINS, policies.keep),
    Route("GET", "/policies/{name}/what-if", READERS, policies.what_if),
    Route("POST", "/policies/{name}/take", ADMINS, policies.take),
    Route("POST", "/policies/{name}/drop", ADMINS, policies.drop),
    Route("POST", "/policies/{name}/publish", ADMINS, policies.put_out),
    Route("GET", "/policies/{name}/{number}", READERS, policies.version),
    # partners
    Route("GET", "/appeals", STAFF, appeals.page),
    Route("GET", "/appeals/{ident}", STAFF, appeals.one),
    Route("POST", "/appeals/{ident}", RULERS, appeals.answer),
    Route("GET", "/portal", OWN, portal.page),
    Route("GET", "/portal/new", OWN, portal_filing.form),
    Route("POST", "/portal/new", OWN, portal_filing.file),
    Route("GET", "/portal/registration/{ident}", OWN, portal_registration.page),
    Route("POST", "/portal/registration/{ident}", OWN, portal_registration.act),
    Route("GET", "/portal/invitation/{ident}", OWN, portal_filing.invitation),
    Route("POST", "/portal/invitation/{ident}", OWN, portal_filing.answer),
    Route("GET", "/portal/statement", OWN, portal.statement),
    Route("GET", "/portal/statement.csv", OWN, portal.statement_csv),
    # the same to read for programs
    Route("GET", "/api/openapi.json", SIGNED_IN, api.described),
    Route("GET", "/api/search", STAFF, api.found),
    Route("GET", "/api/deals/{ident}", STAFF, api.deal),
    Route("GET", "/api/cases", READERS, api.cases),
    Route("GET", "/api/cases/{ident}", READERS, api.case),
    Route("GET", "/api/registrations/{ident}", READERS, api.registration),
    Route("GET", "/api/runs", OPERATORS, api.runs),
    Route("GET", "/api/runs/{ident}", OPERATORS, api.run),
    Route("GET", "/api/statements", READERS, api.statements),
    Route("GET", "/api/own/registrations", OWN, api.own_registrations),
    Route("GET", "/api/own/registrations/{ident}", OWN, api.own_registration),
    Route("GET", "/api/own/statement", OWN, api.own_account),
    # mappings
    Route("GET", "/mappings", OPERATORS, mappings.every),
    Route("GET", "/mappings/{name}", OPERATORS, mappings.page),
    Route("GET", "/mappings/{name}/draft", OPERATORS, mappings.draft),
    Route("GET", "/mappings/{name}/impact", OPERATORS, mappings.impact),
    Route("POST", "/mappings/{name}/check", ADMINS, mappings.check),
    Route("POST", "/mappings/{name}/field", ADMINS, mappings.save),
    Route("POST", "/mappings/{name}/picklist", ADMINS, mappings.save_picklist),
    Route("POST", "/mappings/{name}/example", ADMINS, mappings.example),
    Route("POST", "/mappings/{name}/example/drop", ADMINS, mappings.drop_example),
    Route("POST", "/mappings/{name}/drop", ADMINS, mappings.drop),
    Route("POST", "/mappings/{name}/publish", ADMINS, mappings.publish),
    Route("POST", "/mappings/{name}/discard", ADMINS, mappings.discard),
    Route("POST", "/mappings/{name}/undo", ADMINS, mappings.undo),
)
"""A route that is not here does not exist; `tests/console/test_gate.py` tries every row as every role."""
