"""What a deal and the claims on it tell the models: touches, the lock, lines, agreed parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

from sync.attribution.grounds import Grounds
from sync.attribution.lines import Line as NetLine
from sync.attribution.touch import Milestone, Touch
from sync.attribution.weights import VENDOR
from sync.attribution.withdrawal import Withdrawal
from sync.credit.members import Member
from sync.credit.team import Team
from sync.model.deal import Line, Opportunity


def grounds_of(team: Team) -> Grounds:
    """Everything that a model may read of ``team``'s deal, in the zone in which its programme is run."""
    deal, zone = team.deal, ZoneInfo(team.policy.calendar.zone)
    return Grounds(
        touches=tuple(touch for member in team.everybody.values() for touch in _touches(member, zone)),
        lock=_lock(deal, zone, team.lock_at),
        opened=deal.created_at,
        lines=net_lines(team) if one_currency(deal) else (),
        agreed=team.agreement.parts if team.agreement else {},
    )


def _touches(member: Member, zone: ZoneInfo) -> Iterator[Touch]:
    """Domain §2.11: evidence, every submission, and the first approval, which is the milestone."""
    who = member.party.id
    for claim in member.claims:
        yield Touch(who, claim.submitted_at.astimezone(zone), "REGISTRATION")
        for piece in claim.registration.evidence:
            yield Touch(who, piece.at.astimezone(zone), piece.kind, verified=piece.verified)
    if approved := [claim.approved_at for claim in member.claims if claim.approved_at]:
        yield Touch(who, min(approved).astimezone(zone), "APPROVAL", Milestone.REGISTRATION_APPROVED)


def _lock(deal: Opportunity, zone: ZoneInfo, planned: datetime | None) -> datetime | None:
    """The programme's lock, or the end of the day of the close if that is earlier; else work still counts."""
    if not deal.stage.closed or deal.close_date is None:
        return planned
    closed = datetime.combine(deal.close_date, time.max, zone)
    return min(planned, closed) if planned else closed


def one_currency(deal: Opportunity) -> bool:
    """Whether the lines are in the deal's currency, or all in one where the deal has no amount."""
    currencies = {line.net.currency for line in deal.lines if line.net}
    return len(currencies | ({deal.amount.currency} if deal.amount else set())) <= 1


def net_lines(team: Team) -> tuple[NetLine, ...]:
    """The deal's lines with the parts of those they need, or of who claimed them by name."""
    return tuple(
        NetLine(line.id, line.net.minor if line.net else 0, _parts(team, line)) for line in team.deal.lines
    )


def _parts(team: Team, line: Line) -> dict[str, Fraction]:
    """A needed partner that is not credited leaves its part to the vendor, not to the others who are needed.

    Their work on the line did not grow; the vendor must find somebody for the missing work, and pays them from it.
    When the partner is approved it gets its part, and nobody loses anything by the approval.
    """
    needed = tuple(dict.fromkeys(line.needs))
    who = needed or [partner for partner, member in team.members.items() if line.id in member.line_ids]
    parts: dict[str, Fraction] = {}
    for partner in who:
        kept = _kept(team, partner)
        for party, part in ((partner, kept), (VENDOR, 1 - kept)):
            if part:
                parts[party] = parts.get(party, Fraction()) + part
    return parts


def _kept(team: Team, partner: str) -> Fraction:
    """Which part of its part a partner has: all when it is credited, what it had earned when it left."""
    if partner in team.leavers and team.rule is Withdrawal.VEST:
        return team.leavers[partner][1]
    return Fraction(partner in team.members)
