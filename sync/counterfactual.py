"""What would have changed a ruling: single changes of one registration, each decided again on the changed facts.

Each is judged as if the registration were filed now, beside what stands: the others keep their standings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from sync.decide import decide
from sync.model.facts import Facts, History, Verdict
from sync.model.registration import Choice, Evidence, Registration, Role, Standing, State
from sync.policy import Policies

MOST: Final = 12
"""At most so many changes are decided again for one registration."""

OFFER: Final = (Role.PRESALES, Role.IMPLEMENT, Role.ADVISE, Role.SUPPORT, Role.TRAIN)
"""The roles that are offered instead of one that somebody else holds."""

_WAITS: Final = frozenset({State.DRAFT, State.IN_CONFLICT, State.ACTION_REQUIRED})


@dataclass(frozen=True, slots=True)
class Flip:
    """One change that would have led elsewhere.

    ``partner_text`` names nobody and no date of a rival; it is empty when the change leads into another dispute.
    """

    text: str
    partner_text: str
    state: State
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    text: str
    partner_text: str
    facts: Facts
    now: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    """One registration, and everything that its outcome follows from."""

    registration: Registration
    facts: Facts
    history: History
    policies: Policies
    now: datetime

    def with_own(self, **changes: Any) -> Facts:
        """The facts with this registration changed."""
        changed = replace(self.registration, **changes)
        own = self.registration.id
        return replace(
            self.facts,
            registrations=tuple(changed if entry.id == own else entry for entry in self.facts.registrations),
        )

    def outcome(self, facts: Facts, now: datetime) -> Standing:
        """Where the registration would stand, were it filed now with these facts."""
        verdict = decide(facts, self.history, self.policies, now)
        return next(entry for entry in verdict.standings if entry.registration_id == self.registration.id)


def counterfactuals(
    facts: Facts, before: Verdict, policies: Policies, now: datetime, registration_id: str
) -> tuple[Flip, ...]:
    """The single changes under which this registration would stand better, in a fixed order; at most MOST tried.

    ``before`` is the verdict that stands. Empty when nothing was lost, or when only people can change it.
    """
    asked = _asked(facts, before, policies, now, registration_id)
    if asked is None:
        return ()
    base = asked.outcome(asked.with_own(), now)
    stands = next(entry for entry in before.standings if entry.registration_id == registration_id)
    if _rank(base, asked.registration) != _rank(stands, asked.registration):
        return ()
    found = []
    for change in islice(_changes(asked, base), MOST):
        standing = asked.outcome(change.facts, change.now)
        filed = next(entry for entry in change.facts.registrations if entry.id == registration_id)
        rank = _rank(standing, filed)
        if rank > _rank(base, asked.registration):
            said = change.partner_text if rank[0] == 2 else ""
            found.append(Flip(change.text, said, standing.state, standing.roles))
    return tuple(found)


def _asked(facts: Facts, before: Verdict, policies: Policies, now: datetime, registration_id: str) -> _Asked | None:
    filed = next((entry for entry in facts.registrations if entry.id == registration_id), None)
    stands = next((entry for entry in before.standings if entry.registration_id == registration_id), None)
    if filed is None or stands is None or _rank(stands, filed) == (2, 0):
        return None
    history = History(
        standings={s.registration_id: s for s in before.standings if s.registration_id != registration_id},
        cases={case.id: case for case in before.cases if registration_id not in case.registrations},
        joints={joint.id: joint for joint in before.joints if registration_id not in {m[0] for m in joint.members}},
    )
    return _Asked(replace(filed, submitted_at=stands.submitted_at), facts, history, policies, now)


def _rank(standing: Standing, filed: Registration) -> tuple[int, int]:
    """How well it stands: out, waiting or on its way; then how little of what was asked for is lost."""
    lost = len(set(filed.roles) - set(standing.roles)) + len(set(filed.line_ids) - set(standing.line_ids))
    if standing.state in _WAITS:
        return 1, -lost
    return (2 if standing.state.live or standing.state.credited else 0), -lost


def _changes(asked: _Asked, base: Standing) -> Iterator[_Change]:
    for kind in _KINDS:
        for text, partner_text, facts, now in kind(asked, base):
            yield _Change(text, partner_text, facts, now)


_Found = Iterator[tuple[str, str, Facts, datetime]]


def _other_roles(asked: _Asked, base: Standing) -> _Found:
    """Another role instead, or one role less; a role that is lost already tells nothing."""
    own = asked.registration.roles
    if not own or _rank(base, asked.registration)[0] == 2:
        return
    for role in OFFER:
        if role not in own:
            text = f"it asked for {role} instead of {', '.join(own)}"
            yield text, f"You may join as {role}.", asked.with_own(roles=(role,)), asked.now
    for role in own if len(own) > 1 else ():
        rest = tuple(other for other in own if other is not role)
        said = f"You may go on as {', '.join(rest)}."
        yield f"it did not ask for {role}", said, asked.with_own(roles=rest), asked.now


def _less_scope(asked: _Asked, _base: Standing) -> _Found:
    """One product family, region or line less."""
    for field, word in (("families", "product"), ("regions", "region"), ("line_ids", "line")):
        own: tuple[str, ...] = getattr(asked.registration, field)
        for part in own[:2] if len(own) > 1 else ():
            rest = tuple(other for other in own if other != part)
            text = f"it left out the {word} {part}"
            yield text, f"You may go on without the {word} {part}.", asked.with_own(**{field: rest}), asked.now


def _evidence(asked: _Asked, _base: Standing) -> _Found:
    """What was filed as evidence verified; without any, a verified one from before the submission."""
    filed = asked.registration.evidence
    if any(not piece.verified for piece in filed):
        verified = tuple(replace(piece, verified=True) for piece in filed)
        said = "Your evidence is not verified yet."
        yield "its evidence were verified", said, asked.with_own(evidence=verified), asked.now
    earlier = (asked.registration.submitted_at or asked.registration.created_at) - timedelta(days=1)
    pieces = (*filed, *(Evidence(kind, earlier, verified=True) for kind in ("POC", "QUOTE")))
    said = "Verified evidence of your work would count."
    yield "it had a verified POC and quote", said, asked.with_own(evidence=pieces), asked.now


def _certificate(asked: _Asked, _base: Standing) -> _Found:
    """Certificates that ran out still valid."""
    partner = next(entry for entry in asked.facts.partners if entry.id == asked.registration.partner_id)
    day = asked.now.date()
    over = [code for code, end in partner.certifications if end and end < day]
    if over:
        renewed = replace(partner, certifications=tuple((code, None) for code, _ in partner.certifications))
        partners = tuple(renewed if entry is partner else entry for entry in asked.facts.partners)
        codes = ", ".join(over)
        said = f"Renew your certificate {codes}."
        yield f"the certificate {codes} were valid", said, replace(asked.with_own(), partners=partners), asked.now


def _customer(asked: _Asked, _base: Standing) -> _Found:
    """The customer's word in writing."""
    if asked.registration.customer_choice is not Choice.CHOSEN:
        said = "A written choice of the customer would decide."
        facts = asked.with_own(customer_choice=Choice.CHOSEN)
        yield "the customer had chosen it in writing", said, facts, asked.now


def _after_protection(asked: _Asked, _base: Standing) -> _Found:
    """Filed again when nobody is protected any more."""
    ends = [entry.protection_end for entry in asked.history.standings.values() if entry.state is State.APPROVED]
    last = max((end for end in ends if end), default=None)
    if last and last >= asked.now.date():
        day = datetime.combine(last + timedelta(days=1), time(9), UTC)
        facts = asked.with_own(submitted_at=day, created_at=day)
        said = "You may file again when the present protection has ended."
        yield f"it were filed after {last.isoformat()}", said, facts, day + timedelta(hours=1)


_KINDS: Final[tuple[Callable[[_Asked, Standing], _Found], ...]] = (
    _other_roles,
    _customer,
    _after_protection,
    _evidence,
    _certificate,
    _less_scope,
)
"""The kinds of change, in the order in which they are tried."""

_OFFERED: Final = re.compile(r" ?You may join in another role: ([A-Z, ]+)\.")


def with_true_offers(facts: Facts, verdict: Verdict, policies: Policies, now: datetime) -> Verdict:
    """The verdict whose fresh rejections offer those roles only that would really pass."""
    fresh = {decision.subject for decision in verdict.decisions if decision.event == "reject"}
    told = {
        s.registration_id: s for s in verdict.standings if s.registration_id in fresh and _OFFERED.search(s.message)
    }
    if not told:
        return verdict
    true = {own: _true_offer(standing, facts, verdict, policies, now) for own, standing in told.items()}
    standings = tuple(true.get(standing.registration_id, standing) for standing in verdict.standings)
    return replace(verdict, standings=standings)


def _true_offer(standing: Standing, facts: Facts, verdict: Verdict, policies: Policies, now: datetime) -> Standing:
    asked = _asked(facts, verdict, policies, now, standing.registration_id)
    found = _OFFERED.search(standing.message)
    if asked is None or found is None:
        return standing
    roles = [Role(role) for role in found[1].split(", ")]
    filed = asked.registration
    true = [
        role
        for role in roles
        if _rank(asked.outcome(asked.with_own(roles=(role,)), now), replace(filed, roles=(role,)))[0] == 2
    ]
    offer = f" You may join in another role: {', '.join(true)}." if true else ""
    return replace(standing, message=_OFFERED.sub(offer, standing.message).strip())
