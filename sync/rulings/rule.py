"""A person rules on a case or a registration: checked against what stands, refused with what would be possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from sync.claim import Claim
from sync.judge import blocking
from sync.lifecycle import Event, allowed, appeal_until, cannot_extend, may_approve, may_decide
from sync.model.directive import Act
from sync.model.registration import State
from sync.model.ruling import Case, CaseState, RejectReason
from sync.rulings.saying import Said, Speaker, say
from sync.rulings.subjects import Subject, refused, subject_of
from sync.world import World


def award(world: World, ident: str | Subject, winner: str, speaker: Speaker) -> Said:
    """The case goes to one of its registrations; the others lose what is in dispute.

    ``ident``: its id, or the case as it was judged for the same moment. Raises BadInput when it is no case, the
    winner is not in it or is out already, or the speaker may not rule.
    """
    subject = _case(world, ident, speaker)
    known = subject.claims
    claims = {own: known[own] for own in subject.case.registrations if own in known}
    chosen = winner if winner in claims else subject_of(world, winner, speaker.at, ("registration",)).id
    if chosen not in claims:
        names = ", ".join(f"{own} ({claim.partner.name})" for own, claim in claims.items())
        raise refused(winner, f"it is not in case {subject.id}", f"award it to one of {names}")
    if not claims[chosen].live:
        state = claims[chosen].state
        raise refused(winner, f"it is {state} and can win nothing", f"`dealsync reopen {chosen}` first")
    return say(world, subject, Act.AWARD, speaker, winner=chosen)


def co_register(world: World, ident: str | Subject, speaker: Speaker) -> Said:
    """All registrations of a case stay, side by side."""
    subject = _case(world, ident, speaker)
    if len(subject.case.registrations) < 2:
        raise refused(
            subject.id, "there is nobody to register jointly with", "dismiss it, or rule on the registration"
        )
    return say(world, subject, Act.CO_REGISTER, speaker)


def dismiss(world: World, ident: str | Subject, speaker: Speaker) -> Said:
    """The case is no conflict."""
    return say(world, _case(world, ident, speaker), Act.DISMISS, speaker)


def _case(world: World, ident: str | Subject, speaker: Speaker) -> Subject:
    subject = ident if isinstance(ident, Subject) else subject_of(world, ident, speaker.at, ("case",))
    if _over(subject.case):
        fix = "`dealsync cases` lists what waits"
        raise refused(subject.id, "what was found is no longer so: the case is over", fix)
    claims = subject.claims
    for own in subject.case.registrations:
        if own in claims and (why := _interest(claims[own], speaker)):
            raise refused(subject.id, why, "let somebody else decide")
    return subject


def _over(case: Case) -> bool:
    return case.state is CaseState.RESOLVED and bool(case.trace) and case.trace[-1].result == "pass"


def on_registration(world: World, ident: str, act: Act, speaker: Speaker, days: int | None = None) -> Said:
    """APPROVE, REJECT, RETURN, EXTEND, REVOKE, WITHDRAW or REOPEN one registration.

    Raises BadInput when it does not fit what stands: with the reason, and with what would be possible.
    """
    subject = subject_of(world, ident, speaker.at, ("registration",))
    claim = subject.claims[subject.id]
    event = _EVENTS[act]
    if not _fits(claim, event):
        raise refused(ident, f"{claim.partner.name}'s registration is {claim.state}", _possible(claim))
    if objection := _OBJECTIONS[act](claim, speaker):
        raise refused(ident, objection, _possible(claim))
    if act is Act.APPROVE and (case := blocking(claim, subject.judged.verdict.cases)):
        fix = f"rule on it: `dealsync decide {case.id} --award {claim.id}`, --co-register or --dismiss"
        raise refused(ident, f"case {case.kind} is open: {case.text}", fix)
    return say(world, subject, act, _coded(speaker, act), days=days)


def _coded(speaker: Speaker, act: Act) -> Speaker:
    """A reason to reject or revoke begins with a word of the closed list."""
    first = speaker.reason.partition(":")[0].strip().upper()
    if act not in (Act.REJECT, Act.REVOKE) or first in RejectReason.__members__:
        return speaker
    return replace(speaker, reason=f"{RejectReason.OTHER}: {speaker.reason}")


_EVENTS: Final[Mapping[Act, Event]] = {
    Act.APPROVE: Event.ENDORSE,
    Act.REJECT: Event.REJECT,
    Act.RETURN: Event.REQUEST_INFO,
    Act.EXTEND: Event.EXTEND,
    Act.REVOKE: Event.REVOKE,
    Act.WITHDRAW: Event.WITHDRAW,
    Act.REOPEN: Event.REOPEN,
}


SAID_OF_REGISTRATIONS: Final = tuple(_EVENTS)
"""What can be said about a registration at all."""


def _fits(claim: Claim, event: Event) -> bool:
    return allowed(claim.state, event) or (event is Event.ENDORSE and claim.state is State.APPROVED)


def possible_acts(claim: Claim) -> list[Act]:
    """What a person can say about a registration as it stands."""
    return [act for act, event in _EVENTS.items() if _fits(claim, event)]


def _possible(claim: Claim) -> str:
    acts = [act.lower() for act in possible_acts(claim)]
    return f"possible now: {', '.join(acts)}" if acts else "nothing more can happen to it: file a new one"


def _interest(claim: Claim, speaker: Speaker) -> str:
    """Why this person may not rule on this claim, whatever name the records know them by."""
    return next((why for who in (speaker.by, *speaker.also) if (why := may_decide(claim, who))), "")


def _must_say(claim: Claim, speaker: Speaker) -> str:
    if why := _interest(claim, speaker):
        return why
    return "" if speaker.reason else "a reason is needed: it is recorded, and the partner asks for it"


def _too_late(claim: Claim, speaker: Speaker) -> str:
    until = appeal_until(claim)
    return "" if speaker.at <= until else f"it could be appealed until {until.date().isoformat()}"


_OBJECTIONS: Final[Mapping[Act, Callable[[Claim, Speaker], str]]] = {
    Act.APPROVE: lambda claim, speaker: _interest(claim, speaker) or may_approve(claim, speaker.by, speaker.at),
    Act.REJECT: _must_say,
    Act.RETURN: lambda _, speaker: "" if speaker.reason or speaker.message else "say what the partner is asked for",
    Act.EXTEND: lambda claim, _: cannot_extend(claim),
    Act.REVOKE: _must_say,
    Act.WITHDRAW: lambda _claim, _speaker: "",
    Act.REOPEN: _too_late,
}
