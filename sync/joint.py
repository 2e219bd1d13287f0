"""Joint registrations: partners who agreed to work on one deal, and those who should be asked to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from sync.claim import Claim
from sync.model.ids import name
from sync.model.registration import Response, State
from sync.model.ruling import Case, CaseState, Joint, JointState

PROPOSAL: Final = "Another partner works on this deal in a role that complements yours. You can register jointly."
"""What each partner of a proposal may read: nobody is named before they agree."""


def joints(claims: Sequence[Claim], cases: Iterable[Case]) -> tuple[Joint, ...]:
    """The joint registrations of these claims, and proposals where complementary ones stand alone on a deal."""
    disputed = {claim_id for case in cases if case.state is CaseState.OPEN for claim_id in case.registrations}
    by_deal: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.id):
        if claim.opportunity:
            by_deal[claim.opportunity.id].append(claim)
    found: list[Joint] = []
    for deal, members in sorted(by_deal.items()):
        keyed: dict[str, list[Claim]] = defaultdict(list)
        for claim in members:
            if claim.registration.joint_key:
                keyed[claim.registration.joint_key].append(claim)
        found += [_joint(deal, key, group) for key, group in sorted(keyed.items())]
        alone = [claim for claim in members if _stands_alone(claim) and claim.id not in disputed]
        if len({claim.partner.id for claim in alone}) > 1:
            found.append(_proposal(deal, alone))
    return tuple(found)


def _stands_alone(claim: Claim) -> bool:
    """Partners that people had approved before dealsync took over are not asked anew."""
    adopted = claim.standing is not None and claim.standing.adopted and claim.state.credited
    return claim.live and not claim.registration.joint_key and not adopted


def _joint(deal: str, key: str, group: Sequence[Claim]) -> Joint:
    members = tuple((claim.id, claim.partner.id, _answer(claim)) for claim in group)
    return Joint(name("joint", deal, key), deal, key, _state([answer for _, _, answer in members]), members)


def _answer(claim: Claim) -> Response:
    if claim.state in (State.REJECTED, State.REVOKED, State.WITHDRAWN, State.SUPERSEDED):
        return Response.DECLINED
    return claim.registration.joint_response or Response.INVITED


def _state(answers: Sequence[Response]) -> JointState:
    accepted = answers.count(Response.ACCEPTED)
    left = len(answers) - answers.count(Response.DECLINED)
    if left < 2:
        return JointState.DISSOLVED
    if accepted == left:
        return JointState.ACTIVE
    return JointState.PARTIAL if accepted else JointState.PROPOSED


def _proposal(deal: str, alone: Sequence[Claim]) -> Joint:
    members = tuple((claim.id, claim.partner.id, Response.INVITED) for claim in alone)
    roles = "; ".join(f"{claim.partner.name}: {', '.join(claim.roles)}" for claim in alone)
    return Joint(
        name("joint", deal, "proposal"), deal, "", JointState.PROPOSED, members, f"Complementary: {roles}."
    )
