"""A partner's own registrations, as values that have no place for what is anybody else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Final

from connector.record import Ref
from sync.explain import partner_view
from sync.explain.partner import registration_views, secrets_of, together, without
from sync.model.filing import Form
from sync.model.ids import name
from sync.model.portal import Note, NoteKind
from sync.model.problem import BadInput, Problem
from sync.model.registration import Registration, Response, State
from sync.model.ruling import Decision
from sync.page import Judged, judge_page
from sync.portal.company import Company
from sync.store.own import Place, groups_of, named_alike, places_of
from sync.store.talk import notes_on
from sync.store.verdicts import decisions_on
from sync.world import World

PAGE: Final = 25
"""Registrations on one page of the list."""

OWN_WORDS: Final = tuple(each.name for each in fields(Form) if each.name in Registration.__dataclass_fields__)
"""What a partner fills in itself: what the vendor's staff writes on a registration is not among it."""


TALK: Final = (NoteKind.NOTE, NoteKind.STEP, NoteKind.APPEAL)
"""What is read again on a registration."""

SHARED: Final = (NoteKind.NOTE, NoteKind.STEP)
"""What is read by others who work on the deal, too."""

DECIDES: Final = ("decisive", "hit")
"""How a step of a decision ends that made it what it is."""

VENDOR: Final = "your contact"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The latest decision on a registration: the rule that decided, and whether the partner said what it thinks."""

    id: str
    rule: str
    rated: bool


@dataclass(frozen=True, slots=True)
class OwnNote:
    """Something said about the registration, by a person of the own partner, another partner, or the vendor."""

    at: datetime
    by: str
    kind: NoteKind
    text: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Own:
    """One registration of the partner that looks at it. Of others only names fit in: of those it works ``with_``.

    ``filed`` are the partner's own words. ``joined`` are the registrations it works with, ``partner`` the own name,
    ``title`` the customer or else the deal. With one registration alone: ``may_become``, what would let it pass, or
    undo it, in words; its latest ``ruling``; and the ``notes`` that may be read with it.
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
    joined: tuple[str, ...]
    title: str
    partner: str
    may_become: tuple[str, ...] = ()
    ruling: Ruling | None = None
    notes: tuple[OwnNote, ...] = ()

    @property
    def waits_for_you(self) -> bool:
        """Whether the partner itself has to do something."""
        return self.state is State.ACTION_REQUIRED or self.filed.joint_response is Response.INVITED


def own_page(world: World, company: Company, now: datetime, page: int) -> tuple[list[Own], int]:
    """One page (from 0) of a partner's registrations, the latest change first, and how many there are."""
    with world.store.read() as connection:
        places, total = places_of(connection, company.rows, PAGE, page * PAGE)
    return _owned(world, company.id, places, now), total


def own_some(world: World, company: Company, idents: Sequence[str], now: datetime) -> list[Own]:
    """Those of some registrations that are this partner's."""
    with world.store.read() as connection:
        mine = named_alike(connection, company.rows) if idents else {}
        groups = groups_of(connection, [ident for ident in idents if ident in mine])
    return _owned(world, company.id, [Place(ident, group) for ident, group in groups.items()], now)


def own_one(world: World, company: Company, ident: str, now: datetime) -> Own:
    """One registration with all there is to read. Raises BadInput for one that is not this partner's."""
    with world.store.read() as connection:
        places, _ = places_of(connection, company.rows, 1, 0, ident)
    for place in places:
        [judged] = judge_page(world, [place.group], now)
        shown = partner_view(judged.facts, judged.verdict, company.id, world.policies, now)
        for entry in shown["registrations"]:
            if entry["id"] == place.registration:
                return _whole(world, judged, _own(judged, entry), company)
    raise BadInput([Problem(ident, "you have no registration by this name", "your list shows all of yours")])


def _whole(world: World, judged: Judged, own: Own, company: Company) -> Own:
    with world.store.read() as connection:
        notes = notes_on(connection, [own.id, *own.joined])
        latest = decisions_on(connection, [own.id])[-1:]
    return replace(
        own,
        ruling=next((_ruling(decision, notes) for decision in latest), None),
        notes=tuple(_notes(judged, own, company, notes)),
    )


def _ruling(decision: Decision, notes: Iterable[Note]) -> Ruling:
    rule = next((step.rule for step in decision.trace if step.result in DECIDES), decision.event)
    return Ruling(decision.id, rule, any(note.id == opinion(decision.id) for note in notes))


def opinion(decision: str) -> str:
    """The id of what a partner thinks of one decision: said once."""
    return name("note", decision)


def _notes(judged: Judged, own: Own, company: Company, notes: Iterable[Note]) -> Iterator[OwnNote]:
    """What may be read: with everything that the vendor's people wrote, other partners' names taken out of it."""
    names = {entry.id: entry.name for entry in judged.facts.partners}
    holders = {entry.id: entry.partner_id for entry in judged.facts.registrations}
    known = {*company.ids, *(holders[each] for each in own.joined if each in holders)}
    hidden = secrets_of(judged.facts, judged.verdict, known)
    for note in notes:
        told = note.kind in TALK if note.registration == own.id else note.kind in SHARED and note.shared
        if told and note.partner in {"", *known}:
            by = note.by if note.partner in company.ids else names.get(note.partner, "") or VENDOR
            yield OwnNote(note.at, by, note.kind, without(note.text, hidden), note.due)


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
    words = {word: getattr(entry, word) for word in OWN_WORDS}
    friends = together(judged.verdict.joints, entry)
    partner = next((known.name for known in judged.facts.partners if known.id == entry.partner_id), "")
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
        joined=tuple(sorted(friends)),
        title=_title(judged, entry, {entry.partner_id, *friends.values()}),
        partner=partner,
        may_become=tuple(shown.get("open_to_you", ())),
    )


def _title(judged: Judged, entry: Registration, known: set[str]) -> str:
    """What the partner calls the customer; else the deal, without the names of others in it."""
    if own := entry.customer_name or entry.customer_domain:
        return own
    deal = next((deal.name for deal in judged.facts.opportunities if deal.id == entry.opportunity_id), "")
    return without(deal, secrets_of(judged.facts, judged.verdict, known)) or "a registration without a customer"
