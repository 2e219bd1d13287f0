"""A partner's own registrations, as values that have no place for what is anybody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from connector.record import Ref
from sync.explain import partner_view
from sync.explain.partner import registration_views
from sync.model.filing import Form
from sync.model.problem import BadInput, Problem
from sync.model.registration import Registration, Response, State
from sync.page import Judged, judge_page
from sync.store.own import Place, places_of
from sync.world import World

PAGE: Final = 25
"""Registrations on one page of the list."""

OWN_WORDS: Final = tuple(each.name for each in fields(Form) if each.name in Registration.__dataclass_fields__)
"""What a partner fills in itself: what the vendor's staff writes on a registration is not among it."""


@dataclass(frozen=True, slots=True)
class Own:
    """One registration of the partner that looks at it. Of others only names fit in: of those it works ``with_``.

    ``may_become``: what would let it pass, or undo it, in words. ``filed`` are the partner's own words.
    """

    id: str
    ref: Ref
    filed: Form
    customer: str
    state: State
    roles: tuple[str, ...]
    message: str
    reason: str
    submitted_at: str
    answer_due: str | None
    review_due: str | None
    protection_start: str | None
    protection_end: str | None
    percent: str | None
    amount: str | None
    with_: tuple[str, ...]
    may_become: tuple[str, ...] = ()

    @property
    def waits_for_you(self) -> bool:
        """Whether the partner itself has to do something."""
        return self.state is State.ACTION_REQUIRED or self.filed.joint_response is Response.INVITED


def own_page(world: World, partner: str, now: datetime, page: int) -> tuple[list[Own], int]:
    """One page (from 0) of a partner's registrations, the latest change first, and how many there are."""
    with world.store.read() as connection:
        places, total = places_of(connection, partner, PAGE, page * PAGE)
    return _owned(world, partner, places, now), total


def own_one(world: World, partner: str, ident: str, now: datetime) -> Own:
    """One registration with what would change its ruling. Raises BadInput for one that is not this partner's."""
    with world.store.read() as connection:
        places, _ = places_of(connection, partner, 1, 0, ident)
    for place in places:
        [judged] = judge_page(world, [place.group], now)
        shown = partner_view(judged.facts, judged.verdict, partner, world.policies, now)
        for entry in shown["registrations"]:
            if entry["id"] == place.registration:
                return _own(judged, entry)
    raise BadInput([Problem(ident, "you have no registration by this name", "your list shows all of yours")])


def _owned(world: World, partner: str, places: Sequence[Place], now: datetime) -> list[Own]:
    groups = list(dict.fromkeys(place.group for place in places))
    found = {
        entry["id"]: _own(judged, entry)
        for judged in judge_page(world, groups, now)
        for entry in registration_views(judged.facts, judged.verdict, partner)
    }
    return [found[place.registration] for place in places if place.registration in found]


def _own(judged: Judged, shown: dict[str, Any]) -> Own:
    entry = next(entry for entry in judged.facts.registrations if entry.id == shown["id"])
    share = shown["share"] or {}
    words = {name: getattr(entry, name) for name in OWN_WORDS}
    return Own(
        id=entry.id,
        ref=entry.ref,
        filed=Form(**words),
        customer=entry.customer_name or entry.customer_domain or "",
        state=State(shown["state"]),
        roles=tuple(shown["roles"]),
        message=shown["message"],
        reason=shown["reason"],
        submitted_at=shown["submitted_at"],
        answer_due=shown["answer_due"],
        review_due=shown["review_due"],
        protection_start=shown["protection_start"],
        protection_end=shown["protection_end"],
        percent=share.get("percent"),
        amount=share.get("amount"),
        with_=tuple(shown["works_with"]),
        may_become=tuple(shown.get("open_to_you", ())),
    )
