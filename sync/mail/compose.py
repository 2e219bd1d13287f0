"""After a run: what was decided since the last time, and new invitations, become letters in the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sync.model.ids import name
from sync.model.letter import Letter
from sync.model.problem import BadInput
from sync.model.user import User
from sync.portal.company import Company, company_of
from sync.portal.own import Own, own_some
from sync.store import mails, talk
from sync.store.runs import remember
from sync.store.users import all_users
from sync.world import World

KINDS: Final[Mapping[str, str]] = {
    "APPROVED": "APPROVED",
    "ACTION_REQUIRED": "ASKED",
    "REJECTED": "RULED",
    "REVOKED": "RULED",
    "SUPERSEDED": "RULED",
    "EXPIRED": "RULED",
}
"""What a partner is told when its registration enters a state."""

SOON: Final = 14
"""Days before the end of a protection window at which its partner is told, once."""

LOOKED: Final = "mail looked for protection that ends"
"""The setting that holds the day on which this was looked for last."""

AT_ONCE: Final = 500
"""Decisions read together."""


def compose(world: World, now: datetime) -> int:
    """Put a letter into the outbox for every person who is to be told; how many. Doing it twice adds nothing.

    The first time nothing is told: what was decided before mail was switched on is no news.
    """
    people = _people(world)
    with world.store.write() as connection:
        last = mails.begin(connection)
    found = [*_invitations(world, people), *_ending(world, people, now)]
    while True:
        with world.store.read() as connection:
            fresh = mails.decided_after(connection, last, AT_ONCE)
        if not fresh:
            break
        found += _decided(world, people, fresh, now)
        last = fresh[-1].seq
    with world.store.write() as connection:
        mails.keep_place(connection, last)
        return mails.add(connection, found, now)


def _people(world: World) -> list[tuple[User, Company]]:
    """Everybody who may sign in for a partner that is one, with the partner."""
    with world.store.read() as connection:
        users = [user for user in all_users(connection) if user.partner and not user.disabled]
    found = []
    for user in users:
        try:
            found.append((user, company_of(world, user.partner or "")))
        except BadInput:
            continue  # their pages say so
    return found


def _invitations(world: World, people: Sequence[tuple[User, Company]]) -> Iterator[tuple[str, Letter]]:
    for user, _ in people:
        with world.store.read() as connection:
            known = talk.invitations_to(connection, user.login)
        for one in known:
            page = f"/portal/invitation/{one.id}"
            yield name("mail", one.id, user.id), Letter(user.id, "INVITED", one.customer, page, one.name)


def _decided(
    world: World, people: Sequence[tuple[User, Company]], fresh: Iterable[mails.Fresh], now: datetime
) -> Iterator[tuple[str, Letter]]:
    """The latest news of each registration, for the people of its partner."""
    news = {entry.subject: entry for entry in fresh if _kind(entry)}
    for user, company in people:
        for own in own_some(world, company, sorted(news), now):
            entry = news[own.id]
            yield name("mail", entry.id, user.id), _letter(user, own, _kind(entry))


def _ending(world: World, people: Sequence[tuple[User, Company]], now: datetime) -> Iterator[tuple[str, Letter]]:
    """Protection that ends soon; one letter a window, however often it is looked for."""
    today = world.policies.at(now).today(now)
    with world.store.write() as connection:
        if not remember(connection, LOOKED, today.isoformat()):
            return
        soon = mails.ending(connection, [today + timedelta(days=days) for days in range(SOON + 1)])
    for user, company in people:
        for own in own_some(world, company, sorted(soon), now):
            yield name("mail", own.id, soon[own.id], user.id), _letter(user, own, "EXPIRING")


def _kind(entry: mails.Fresh) -> str:
    return KINDS.get(entry.to_state, "") if entry.moved else ""


def _letter(user: User, own: Own, kind: str) -> Letter:
    return Letter(user.id, kind, own.title, f"/portal/registration/{own.id}", message=own.message)
