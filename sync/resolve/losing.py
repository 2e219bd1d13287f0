"""What a claim loses by a ruling: as little as is in dispute, and it is told what goes on and what else is open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sync.claim import Claim
from sync.conflicts.finding import Finding
from sync.lifecycle import Event
from sync.model.registration import Role
from sync.resolve.ruling import Effect

_OFFER: Final = (Role.PRESALES, Role.IMPLEMENT, Role.ADVISE, Role.SUPPORT, Role.TRAIN)


@dataclass(frozen=True, slots=True)
class Loss:
    """Why something is lost: a code, a sentence for us, and one that the partner may read."""

    reason: str
    text: str
    message: str


def without_roles(claim: Claim, lost: Collection[Role], loss: Loss, offer: str = "") -> Effect:
    """The claim goes on without some roles; with none left it is rejected, and told what ``offer`` says."""
    if rest := tuple(role for role in claim.roles if role not in lost):
        message = f"{loss.message} Your other roles go on: {', '.join(rest)}."
        return Effect(claim.id, Event.NARROW, loss.reason, loss.text, message, roles=rest)
    return Effect(claim.id, Event.REJECT, loss.reason, loss.text, f"{loss.message} {offer}".strip())


def without_lines(claim: Claim, lost: Collection[str], loss: Loss) -> Effect | None:
    """The claim goes on without some lines; ``None`` when it claims no other."""
    rest = tuple(line for line in named_lines(claim) if line not in lost)
    return Effect(claim.id, Event.NARROW, loss.reason, loss.text, loss.message, line_ids=rest) if rest else None


def named_lines(claim: Claim) -> tuple[str, ...]:
    """The lines a claim is about by name; one that names none is about all of its deal."""
    if claim.line_ids or claim.opportunity is None:
        return claim.line_ids
    return tuple(line.id for line in claim.opportunity.lines)


def lose(loser: Claim, winner: Claim, finding: Finding) -> Effect:
    """What the loser of a dispute gives up to the winner."""
    if loser.partner.id == winner.partner.id:
        return merged(loser, winner)
    held = f"{winner.partner.name} holds %s: {finding.text}"
    message = "Another partner already holds %s on this deal."
    if finding.lines:
        lines = ", ".join(finding.lines)
        loss = Loss("DUPLICATE_REGISTRATION", held % lines, message % lines)
        if effect := without_lines(loser, finding.lines, loss):
            return effect
    shared = _shared(loser, finding)
    contested = ", ".join(shared)
    loss = Loss("DUPLICATE_REGISTRATION", held % contested, message % contested)
    offer = [role for role in _OFFER if role not in loser.roles and role not in winner.roles]
    return without_roles(loser, shared, loss, f"You may join in another role: {', '.join(offer)}.")


def _shared(loser: Claim, finding: Finding) -> tuple[Role, ...]:
    """The roles in dispute: those it names, or that a line has once; a dispute about neither is about all."""
    rules = loser.policy
    by_line = [role for role in loser.roles if finding.lines and rules.role(role).exclusive == "line"]
    return tuple(role for role in loser.roles if role in finding.roles or role in by_line) or loser.roles


def merged(late: Claim, kept: Claim) -> Effect:
    """A partner's own duplicate: the roles that only the later one has go on, all others stand in the other one."""
    filed = kept.submitted_at.isoformat()
    text = f"{kept.partner.name} filed the same on {filed}; that registration counts, with the evidence of both."
    loss = Loss("DUPLICATE_REGISTRATION", text, text)
    if any(role not in kept.roles for role in late.roles):
        return without_roles(late, kept.roles, loss)
    return Effect(late.id, Event.SUPERSEDE, loss.reason, text, text)
