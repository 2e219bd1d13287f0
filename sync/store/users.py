"""Who may use the console, and what they did in it. Passwords come in as hashes; what people did is only added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from sync.model.ids import name
from sync.model.problem import BadInput, Problem
from sync.model.user import User, UserRole
from sync.store.rows import moment_text
from sync.store.user_tables import act, sign_in_link, user_account, visit


def add_user(connection: Connection, wanted: User, now: datetime) -> User:
    """A new person, without a password; the id of ``wanted`` does not count, an empty name is the login.

    Raises BadInput for a login that is taken, or a partner that does not fit.
    """
    login = wanted.login.strip().casefold()
    problems = list(_misfits(login, wanted.role, wanted.partner))
    if find_user(connection, login):
        problems.append(Problem(login, "somebody has this login already", "`dealsync user list` shows them"))
    if problems:
        raise BadInput(problems)
    found = replace(wanted, id=name("user", login), login=login, name=wanted.name.strip() or login)
    row = {"id": found.id, "login": login, "name": found.name, "role": found.role.value, "partner": found.partner}
    more = {"crm_ids": " ".join(found.crm_ids), "created_at": moment_text(now)}
    connection.execute(insert(user_account), [row | more])
    return found


def _misfits(login: str, role: UserRole, partner: str | None) -> list[Problem]:
    found = []
    if not login or any(letter.isspace() for letter in login):
        found.append(
            Problem(repr(login), "this is no login", "give an e-mail address, or a short name without spaces")
        )
    if role is UserRole.PARTNER and not partner:
        found.append(Problem(login, "a partner's person belongs to a partner", "say which: --partner ID"))
    if role is not UserRole.PARTNER and partner:
        found.append(Problem(login, f"{role} belongs to no partner", "leave --partner away, or use --role partner"))
    return found


def find_user(connection: Connection, login: str) -> User | None:
    """The person with this login, in any case of letters."""
    query = select(user_account).where(user_account.c.login == login.strip().casefold())
    row = connection.execute(query).one_or_none()
    return _user(row) if row else None


def user_of(connection: Connection, user_id: str) -> User | None:
    """The person with this id."""
    row = connection.execute(select(user_account).where(user_account.c.id == user_id)).one_or_none()
    return _user(row) if row else None


def all_users(connection: Connection) -> list[User]:
    """Everybody, by login; those who were shut out, too."""
    return [_user(row) for row in connection.execute(select(user_account).order_by(user_account.c.login))]


def _user(row: Any) -> User:
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        role=UserRole(row.role),
        partner=row.partner,
        disabled=row.disabled_at is not None,
        has_password=row.password is not None,
        crm_ids=tuple((row.crm_ids or "").split()),
        language=row.language or "en",
    )


def password_hash(connection: Connection, user_id: str) -> str | None:
    """The hash to check a password against; ``None``: this person has none."""
    return connection.scalar(select(user_account.c.password).where(user_account.c.id == user_id))


def set_password(connection: Connection, user_id: str, hashed: str) -> None:
    """A new password: whoever is signed in as this person elsewhere is signed out, and open links end."""
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(password=hashed))
    _end_all(connection, user_id)


def set_language(connection: Connection, user_id: str, language: str) -> None:
    """The language in which this person is written to."""
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(language=language))


def set_place(connection: Connection, user_id: str, role: UserRole, partner: str | None) -> None:
    """Another role, or another partner: whatever this person was signed in as ends."""
    values = {"role": role.value, "partner": partner}
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(**values))
    _end_all(connection, user_id)


def set_disabled(connection: Connection, user_id: str, now: datetime | None) -> None:
    """Shut somebody out from this moment, everywhere; ``None`` lets them in again."""
    at = moment_text(now) if now else None
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(disabled_at=at))
    _end_all(connection, user_id)


def _end_all(connection: Connection, user_id: str) -> None:
    connection.execute(delete(visit).where(visit.c.user_id == user_id))
    connection.execute(delete(sign_in_link).where(sign_in_link.c.user_id == user_id))


def note_act(
    connection: Connection,
    user_id: str,
    what: str,
    subject: str,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Keep that a person did something, in the transaction in which it is done. ``more``: plain values."""
    body = msgspec.json.encode(dict(more or {})).decode()
    row = {"user_id": user_id, "at": moment_text(now), "act": what, "subject": subject, "body": body}
    connection.execute(insert(act), [row])


def latest_acts(connection: Connection, limit: int = 100, subject: str = "") -> list[dict[str, Any]]:
    """What people did, newest first; ``subject``: only with this."""
    query = select(act, user_account.c.name).outerjoin(user_account, user_account.c.id == act.c.user_id)
    if subject:
        query = query.where(act.c.subject == subject)
    return [
        {
            "at": row.at,
            "by": row.name or row.user_id,
            "act": row.act,
            "subject": row.subject,
            "more": msgspec.json.decode(row.body),
        }
        for row in connection.execute(query.order_by(act.c.seq.desc()).limit(limit))
    ]
