"""Whom a provider's word lets in: somebody we know, or somebody whom a rule of config.toml admits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.config import AdmitForm, SsoForm
from sync.console.visit import Visit
from sync.model.user import User, UserRole
from sync.portal.company import partner_named
from sync.store import users
from sync.store.sso import Known, is_taken, known_as, remember


class NotAdmitted(Exception):
    """The provider knows somebody whom we do not let in; says why."""


def admitted(visit: Visit, connection: Any, sso: SsoForm, claims: Mapping[str, Any]) -> User:
    """Who it is of ours. Nobody is let in unless an admin added them or a rule admits them. Raises NotAdmitted.

    Whoever was let in by a rule has the role that the rules give today, and none when they give none.
    """
    subject = str(claims["sub"])
    known = known_as(connection, sso.issuer, subject)
    if known is None:
        return _newcomer(visit, connection, sso, claims)
    user = users.user_of(connection, known.user_id)
    if user is None or user.disabled:
        raise NotAdmitted("You were shut out here. Ask an admin.")
    if known.by_rule:
        role, partner = _place(visit, sso, claims)
        if (role, partner) != (user.role, user.partner):
            users.set_place(connection, user.id, role, partner)
            user = users.user_of(connection, user.id) or user
    return user


def _newcomer(visit: Visit, connection: Any, sso: SsoForm, claims: Mapping[str, Any]) -> User:
    login = str(claims.get(sso.login) or "").strip().casefold()
    if not login:
        raise NotAdmitted(f"Your provider does not say your {sso.login}. Ask an admin.")
    if sso.login == "email" and claims.get("email_verified") is not True:
        raise NotAdmitted("Your provider has not checked that this mail address is yours. Ask an admin.")
    user = users.find_user(connection, login)
    if user and (user.disabled or is_taken(connection, sso.issuer, user.id)):
        raise NotAdmitted("This login is somebody else's here, or shut out. Ask an admin.")
    by_rule = user is None
    if user is None:
        role, partner = _place(visit, sso, claims)
        user = users.add_user(connection, User("", login, str(claims.get("name") or ""), role, partner), visit.now)
        users.note_act(connection, user.id, "let in by rule", user.login, visit.now, {"role": role.value})
    remember(connection, sso.issuer, str(claims["sub"]), Known(user.id, by_rule))
    return user


def _place(visit: Visit, sso: SsoForm, claims: Mapping[str, Any]) -> tuple[UserRole, str | None]:
    """The role, and of a partner's people the partner, that the first fitting rule gives. Raises NotAdmitted."""
    rule = next((rule for rule in sso.admit if _fits(rule, claims)), None)
    if rule is None:
        raise NotAdmitted("You are not known here. Ask an admin to let you in.")
    if rule.role is not UserRole.PARTNER:
        return rule.role, None
    named = claims.get(rule.partner_claim)
    partner = partner_named(visit.world, named) if isinstance(named, str) else None
    if partner is None:
        raise NotAdmitted(
            "Your provider does not say for which partner you work, or it is none here. Ask an admin."
        )
    return rule.role, partner


def _fits(rule: AdmitForm, claims: Mapping[str, Any]) -> bool:
    said = claims.get(rule.claim)
    return rule.value in said if isinstance(said, list) else rule.value == said
