"""Joint registrations: partners who agreed to work on one deal, and those who should be asked to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from sync.claim import Claim, alliance_of, seniority
from sync.model.deal import Opportunity
from sync.model.directive import Directive
from sync.model.ids import name
from sync.model.registration import Response, State
from sync.model.ruling import Case, CaseState, Joint, JointKind, JointState, Membership, Seat

PROPOSAL: Final = "Another partner works on this deal in a role that complements yours. You can register jointly."
"""What each partner of a proposal may read: nobody is named before they agree."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What stood before: the joint registrations by id, and the last word of people on each deal."""

    joints: Mapping[str, Joint] = field(default_factory=dict)
    told: Mapping[str, Directive] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Team:
    """The claims that name one key on one deal, the earliest first, and what was known of it."""

    deal: Opportunity
    key: str
    claims: tuple[Claim, ...]
    before: Joint | None
    told: Directive | None

    @property
    def id(self) -> str:
        return name("joint", self.deal.id, self.key)


def joints(claims: Sequence[Claim], cases: Iterable[Case], memory: Memory, now: datetime) -> tuple[Joint, ...]:
    """The joint registrations of these claims, and proposals where complementary ones stand alone on a deal."""
    disputed = {claim_id for case in cases if case.state is CaseState.OPEN for claim_id in case.registrations}
    teams = _teams(claims, memory)
    regional = _regional(teams)
    found = {(team.deal.id, team.key): _joint(team, regional.get(team.key, ""), now) for team in teams}
    alone: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.id):
        if claim.opportunity and _stands_alone(claim) and claim.id not in disputed:
            alone[claim.opportunity.id].append(claim)
    for deal, members in alone.items():
        if len({claim.partner.id for claim in members}) > 1:
            found[deal, "~"] = _proposal(deal, members)
    return tuple(joint for _, joint in sorted(found.items()))


def _stands_alone(claim: Claim) -> bool:
    """Partners that people had approved before dealsync took over are not asked anew."""
    adopted = claim.standing is not None and claim.standing.adopted and claim.state.credited
    return claim.live and not claim.registration.joint_key and not adopted


def seated(claims: Sequence[Claim], memory: Memory, now: datetime) -> list[Claim]:
    """The claims, each knowing whether the members of the joint registration it names have let it in.

    Whoever accepts after the others had agreed makes their shares fall: until they consent it is a rival like any
    other.
    """
    outside: dict[str, bool] = {}
    for team in _teams(claims, memory):
        outside |= {
            claim.id: seat in (Seat.PROPOSED, Seat.REMOVED) and claim.live
            for claim, seat in zip(team.claims, _seats(team, now), strict=True)
        }
    return [
        claim if claim.outside == outside.get(claim.id, False) else replace(claim, outside=not claim.outside)
        for claim in claims
    ]


def _teams(claims: Iterable[Claim], memory: Memory) -> list[_Team]:
    keyed: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=seniority):
        if claim.opportunity and claim.registration.joint_key:
            keyed[claim.opportunity.id, claim.registration.joint_key].append(claim)
    found = []
    for (deal_id, key), members in sorted(keyed.items()):
        before = memory.joints.get(name("joint", deal_id, key))
        deal = members[0].opportunity
        assert deal is not None
        found.append(_Team(deal, key, tuple(members), before, memory.told.get(deal_id)))
    return found


# Who belongs.


def _seats(team: _Team, now: datetime) -> list[Seat]:
    """Where each claim of a team stands. The programme's limit keeps the earliest."""
    limit = team.claims[0].policy.joint.max_members
    let_in = _consented(team, now)
    found: list[Seat] = []
    for claim in team.claims:
        seat = _seat(claim, team, let_in, now)
        full = sum(other not in _OUT for other in found) >= limit
        found.append(Seat.REMOVED if full and seat not in _OUT else seat)
    return found


_OUT: Final = (Seat.DECLINED, Seat.EXPIRED, Seat.WITHDRAWN, Seat.REMOVED)

_GONE: Final = {
    State.WITHDRAWN: Seat.WITHDRAWN,
    State.REJECTED: Seat.REMOVED,
    State.REVOKED: Seat.REMOVED,
    State.SUPERSEDED: Seat.REMOVED,
}


def _seat(claim: Claim, team: _Team, let_in: Collection[str], now: datetime) -> Seat:
    if gone := _GONE.get(claim.state):
        return gone
    match claim.registration.joint_response:
        case Response.DECLINED:
            return Seat.DECLINED
        case Response.ACCEPTED:
            return Seat.ACCEPTED if claim.id in let_in else Seat.PROPOSED
        case _:
            return Seat.EXPIRED if now > _invited(claim, team, now)[1] else Seat.INVITED


def _invited(claim: Claim, team: _Team, now: datetime) -> tuple[datetime, datetime]:
    """Since when a claim is invited, and until when it may answer: from the day on which we first saw it."""
    known = {member.registration_id: member for member in team.before.memberships} if team.before else {}
    if claim.id in known:
        return known[claim.id].invited_at, known[claim.id].expires_at
    return now, now + timedelta(days=claim.policy.windows.invite_days)


def _consented(team: _Team, now: datetime) -> frozenset[str]:
    """The claims that those already agreed have let in: all, before anybody had agreed."""
    everybody = [claim for claim in team.claims if claim.registration.joint_response is Response.ACCEPTED]
    before = team.before
    if before is None or before.active_at is None:
        return frozenset(claim.id for claim in everybody)
    belong = {*before.seated}
    newcomers = [claim for claim in everybody if claim.id not in belong]
    parts = {part.party for part in team.told.parts} if team.told else set()
    belong |= {claim.id for claim in newcomers if claim.partner.id in parts}  # people divided the deal with it
    there = [claim for claim in everybody if claim.state not in _GONE]
    if newcomers and not _locked(before, now) and _make_a_whole(there):
        belong |= {claim.id for claim in newcomers}
    return frozenset(belong)


def _make_a_whole(claims: Sequence[Claim]) -> bool:
    """Whether everybody proposes a share with the others in view: within 1 percent they make 100."""
    shares = [claim.registration.proposed_share for claim in claims]
    stated = [share for share in shares if share is not None]
    return len(stated) == len(shares) and abs(sum(stated, Decimal(0)) - 100) <= 1


def _locked(joint: Joint, now: datetime) -> bool:
    return joint.lock_at is not None and now > joint.lock_at


# What it is.


def _joint(team: _Team, parent: str, now: datetime) -> Joint:
    seats = _seats(team, now)
    members = tuple(
        Membership(claim.id, claim.partner.id, seat, *_invited(claim, team, now))
        for claim, seat in zip(team.claims, seats, strict=True)
    )
    inside = tuple(sorted(member.registration_id for member in members if member.seat is Seat.ACCEPTED))
    before = team.before.active_at if team.before else None
    state = _state([member.seat for member in members], before is not None)
    active_at = before or (now if state is JointState.ACTIVE else None)
    lock_at = _lock_at(team, active_at)
    if state is JointState.ACTIVE:
        state = _ripe(team.deal, lock_at, now)
    alliance = alliance_of([claim for claim in team.claims if claim.id in inside], now)
    return Joint(
        id=team.id,
        opportunity_id=team.deal.id,
        key=team.key,
        state=state,
        members=tuple(
            sorted((m.registration_id, m.partner_id, _ANSWER.get(m.seat, Response.DECLINED)) for m in members)
        ),
        kind=_kind(team, parent, alliance is not None),
        lead=_lead(team),
        memberships=members,
        active_at=active_at,
        seated=inside if state.agreed else (team.before.seated if team.before else ()),
        lock_at=lock_at,
        parent=parent,
        wakes=min((end for end in _ends(members, lock_at) if end > now), default=None),
        shares=tuple((partner, str(weight)) for partner, weight in sorted((alliance or {}).items())),
    )


_ANSWER: Final = {
    Seat.ACCEPTED: Response.ACCEPTED,
    Seat.INVITED: Response.INVITED,
    Seat.PROPOSED: Response.INVITED,
}


def _state(seats: Sequence[Seat], agreed_before: bool) -> JointState:
    """Once all had agreed, who is asked later does not put in question what the others agreed on."""
    accepted, invited = seats.count(Seat.ACCEPTED), seats.count(Seat.INVITED)
    if accepted > 1 and (agreed_before or not invited):
        return JointState.ACTIVE
    if accepted + invited < 2:
        return JointState.DISSOLVED
    return JointState.PARTIAL if accepted else JointState.PROPOSED


def _lock_at(team: _Team, active_at: datetime | None) -> datetime | None:
    """Domain §3.3: the close, or some time after the deal's start and not before all had agreed."""
    if active_at is None:
        return None
    days = team.claims[0].policy.joint.lock_days
    planned = max(team.deal.created_at + timedelta(days=days), active_at)
    closed = team.deal.close_date if team.deal.stage.closed else None
    return min(planned, datetime.combine(closed, time.min, UTC)) if closed else planned


def _ripe(deal: Opportunity, lock_at: datetime | None, now: datetime) -> JointState:
    if deal.stage.closed:
        return JointState.CLOSED
    return JointState.LOCKED if lock_at and now > lock_at else JointState.ACTIVE


def _ends(members: Iterable[Membership], lock_at: datetime | None) -> Iterator[datetime]:
    """A clock ends after its moment, not at it."""
    yield from (member.expires_at + _PAST for member in members if member.seat is Seat.INVITED)
    if lock_at:
        yield lock_at + _PAST


_PAST: Final = timedelta(microseconds=1)


def _lead(team: _Team) -> str:
    """The partner that leads: who says so, else whoever registered first."""
    return next((claim for claim in team.claims if claim.registration.lead), team.claims[0]).partner.id


def _kind(team: _Team, parent: str, allied: bool) -> JointKind:
    if parent:
        return JointKind.GLOBAL_ACCOUNT
    if allied:
        return JointKind.ALLIANCE
    return JointKind.BUNDLE if any(line.needs for line in team.deal.lines) else JointKind.DEAL


def _regional(teams: Iterable[_Team]) -> dict[str, str]:
    """Keys that stand on several deals of one customer, each in regions of its own, with the name of the whole."""
    by_key: dict[str, list[_Team]] = defaultdict(list)
    for team in teams:
        by_key[team.key].append(team)
    return {key: name("joint", "global", key) for key, parts in by_key.items() if _apart(parts)}


def _apart(parts: Sequence[_Team]) -> bool:
    regions = [{region for claim in team.claims for region in claim.regions} for team in parts]
    several = len(parts) > 1 and all(regions)
    return several and len(set().union(*regions)) == sum(len(own) for own in regions)


def _proposal(deal: str, alone: Sequence[Claim]) -> Joint:
    members = tuple((claim.id, claim.partner.id, Response.INVITED) for claim in alone)
    roles = "; ".join(f"{claim.partner.name}: {', '.join(claim.roles)}" for claim in alone)
    return Joint(
        name("joint", deal, "proposal"), deal, "", JointState.PROPOSED, members, f"Complementary: {roles}."
    )
