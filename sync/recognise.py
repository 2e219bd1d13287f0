"""Who is the customer: what changed is brought into the index and held beside what looks like it, in every run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from sync.identity.score import Model, shipped
from sync.store import likeness, linked, runs, search
from sync.store.alike import profile_of
from sync.store.due import make_due
from sync.store.groups import rows_named
from sync.store.said import judge_anew
from sync.world import Report, World

_PAGE: Final = 500
COMPARED: Final = 5_000
"""So many accounts are compared in one run; what is left waits for the next one, or for who asks for the cases."""
_AUTO: Final = "links by score"


def recognise(world: World, report: Report, now: datetime) -> None:
    """Everything that changed is indexed, the memory of a page at a time; then some of it is compared."""
    while _called(world):
        pass
    compared = compare_changed(world, now, COMPARED, lambda done: world.tell("compare", done, None))
    if compared == COMPARED:
        report.notes.append(f"{COMPARED} accounts were compared with what looks like them; the next run goes on")


def _called(world: World) -> bool:
    """A page of rows from before anybody kept by what they are found; whether there are more."""
    with world.store.write() as connection:
        return search.catch_up(connection, world.mappings, _PAGE)


def compare_changed(
    world: World, now: datetime, most: int | None = None, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Compare accounts that changed since the last time with those that look like them; returns how many.

    ``most``: no more than so many. Accounts that look like one are kept for a person; registrations and deals that
    this concerns are judged again.
    """
    model = shipped()
    _notice_other_weights(world, model, now)
    while _indexed(world, model, now) == _PAGE:
        pass
    done = 0
    while most is None or done < most:
        with world.store.write() as connection:
            keys = likeness.waiting(connection, _PAGE if most is None else min(_PAGE, most - done))
            follow(connection, world, likeness.compare(connection, model, keys), now)
        done += len(keys)
        tell(done)
        if len(keys) < _PAGE:
            break
    return done


def follow(connection: Any, world: World, touched: Collection[str], now: datetime) -> None:
    """What follows when pairs of some accounts came, went or changed: they are linked where the installation wants
    that, and judged again."""
    make_due(connection, likeness.groups_of(connection, touched), now)
    if world.auto_link:
        _join(connection, world, linked.settle(connection, shipped(), touched, now, auto=True), now)


def _notice_other_weights(world: World, model: Model, now: datetime) -> None:
    """Other weights have other keys and scores; another setting links or undoes what is known already."""
    with world.store.write() as connection:
        if runs.remember(connection, "weights", model.version):
            likeness.all_due(connection)
        if not runs.remember(connection, _AUTO, str(world.auto_link)):
            return
    after = ""
    while True:
        with world.store.write() as connection:
            page = linked.candidates(connection, after, _PAGE)
            _join(connection, world, linked.settle(connection, model, page, now, auto=world.auto_link), now)
        if len(page) < _PAGE:
            return
        after = page[-1]


def _indexed(world: World, model: Model, now: datetime) -> int:
    """A page of what changed, brought into the index; who asked for a customer of such a name is judged again."""
    with world.store.write() as connection:
        keys = likeness.due(connection, _PAGE)
        rows = rows_named(connection, keys, world.mappings)
        gone = dict.fromkeys(keys - rows.keys())
        accounts = {key: profile_of(row) for key, row in rows.items() if row.kind == "account"}
        asking = {key: profile_of(row) for key, row in rows.items() if row.kind != "account"}
        asked = likeness.index(connection, model, accounts | gone, asking | gone)
        make_due(connection, likeness.groups_of(connection, asked), now)
    return len(keys)


def _join(connection: Any, world: World, keys: Collection[str], now: datetime) -> None:
    if keys:
        judge_anew(connection, rows_named(connection, sorted(keys), world.mappings).values(), now)
