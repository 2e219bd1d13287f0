"""Signed-in browsers, links that sign in once, and failed tries. Only hashes of secrets are kept here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from sync.model.user import User
from sync.store.rows import moment_text
from sync.store.user_tables import failed_try, sign_in_link, visit
from sync.store.users import user_of

LONGEST: Final = timedelta(hours=12)
"""Nobody stays signed in for longer."""

IDLE: Final = timedelta(hours=2)
"""Nor without doing anything for so long."""

_SEEN_AGAIN: Final = timedelta(minutes=10)
"""The store is told that somebody is still there at most so often."""

LINK_LIVES: Final = timedelta(hours=24)

WINDOW: Final = timedelta(minutes=15)
"""Failed tries older than this are forgotten."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One signed-in browser. ``csrf``: what its forms have to carry."""

    id: str
    user: User
    csrf: str


def _hidden(secret: str) -> str:
    """What is kept of a secret: it is long and random, so a plain hash is enough."""
    return sha256(secret.encode()).hexdigest()


def begin_visit(connection: Connection, user_id: str, secret: str, csrf: str, now: datetime) -> None:
    """Somebody is signed in from here on; ``secret`` is new for every sign-in, and lies in the cookie."""
    connection.execute(delete(visit).where(visit.c.ends_at <= moment_text(now)))
    row = {"id": _hidden(secret), "user_id": user_id, "csrf": csrf, "ends_at": moment_text(now + LONGEST)}
    connection.execute(insert(visit), [row | dict.fromkeys(("started_at", "seen_at"), moment_text(now))])


def find_visit(connection: Connection, secret: str, now: datetime) -> Visit | None:
    """Who is behind a cookie; ``None`` when nobody is any more."""
    query = select(visit).where(visit.c.id == _hidden(secret), visit.c.ends_at > moment_text(now))
    row = connection.execute(query.where(visit.c.seen_at > moment_text(now - IDLE))).one_or_none()
    user = user_of(connection, row.user_id) if row else None
    return Visit(row.id, user, row.csrf) if row and user and not user.disabled else None


def is_stale(connection: Connection, found: Visit, now: datetime) -> bool:
    """Whether the store should be told that they are still there."""
    seen = connection.scalar(select(visit.c.seen_at).where(visit.c.id == found.id))
    return seen is not None and seen <= moment_text(now - _SEEN_AGAIN)


def see_visit(connection: Connection, found: Visit, now: datetime) -> None:
    """They are still there."""
    connection.execute(update(visit).where(visit.c.id == found.id).values(seen_at=moment_text(now)))


def end_visit(connection: Connection, found: Visit) -> None:
    """Signed out."""
    connection.execute(delete(visit).where(visit.c.id == found.id))


def add_link(
    connection: Connection, user_id: str, secret: str, now: datetime, lives: timedelta = LINK_LIVES
) -> None:
    """A link that signs this person in, once. Earlier ones stay until they end."""
    connection.execute(delete(sign_in_link).where(sign_in_link.c.ends_at <= moment_text(now)))
    row = {"id": _hidden(secret), "user_id": user_id, "ends_at": moment_text(now + lives)}
    connection.execute(insert(sign_in_link), [row])


def use_link(connection: Connection, secret: str, now: datetime) -> User | None:
    """Whom a link signs in; from here on it signs nobody in. ``None``: it is unknown, used or too old."""
    here = sign_in_link.c.id == _hidden(secret)
    row = connection.execute(select(sign_in_link).where(here)).one_or_none()
    used = connection.execute(delete(sign_in_link).where(here)).rowcount
    if row is None or not used or row.ends_at <= moment_text(now):
        return None
    user = user_of(connection, row.user_id)
    return user if user and not user.disabled else None


def note_failure(connection: Connection, places: tuple[str, ...], now: datetime) -> None:
    """A sign-in failed, at these places (an account, an address)."""
    connection.execute(delete(failed_try).where(failed_try.c.at <= moment_text(now - WINDOW)))
    connection.execute(insert(failed_try), [{"place": place, "at": moment_text(now)} for place in places])


def wait_for(connection: Connection, limits: dict[str, int], now: datetime) -> timedelta:
    """How long the next try has to wait: nothing while every place has fewer failures than its limit."""
    longest = timedelta()
    for place, limit in limits.items():
        recent = (failed_try.c.place == place) & (failed_try.c.at > moment_text(now - WINDOW))
        query = select(failed_try.c.at).where(recent).order_by(failed_try.c.at.desc()).limit(1).offset(limit - 1)
        if at := connection.scalar(query):
            longest = max(longest, datetime.fromisoformat(at).astimezone(UTC) + WINDOW - now)
    return longest


def forgive(connection: Connection, place: str) -> None:
    """The right one signed in: what failed before at this account does not count any more."""
    connection.execute(delete(failed_try).where(failed_try.c.place == place))
