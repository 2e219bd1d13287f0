"""What people told dealsync about a registration, a case or a deal. A rule never overrules one of these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sync.model.money import Money
from sync.model.registration import Role, State


class Act(StrEnum):
    """What was said. The first group is about a registration, the second about a case, the third about a deal, the
    next about a partner, the last about two rows of the CRMs."""

    ADOPT = "ADOPT"  # what the CRM already held when dealsync took over counts as decided by people
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"  # back to the partner, for information
    EXTEND = "EXTEND"  # protection, by ``days``
    REVOKE = "REVOKE"
    WITHDRAW = "WITHDRAW"
    REOPEN = "REOPEN"  # an appeal: judged once more

    AWARD = "AWARD"  # to ``winner``
    CO_REGISTER = "CO_REGISTER"  # all of them stay, together
    DISMISS = "DISMISS"  # not a conflict

    SHARE = "SHARE"  # the split is ``parts``; without parts, what the policy says again
    AMEND = "AMEND"  # what the deal became after its amendment window counts: ``amount`` is what was accepted

    ACQUIRED = "ACQUIRED"  # about a partner: it became part of ``winner``, which inherits its account

    LINK = "LINK"  # the rows ``subject`` and ``winner`` are one account, or one deal
    SEPARATE = "SEPARATE"  # they are two


AFTER_CLOSE: Final = frozenset({Act.AMEND, Act.ACQUIRED})
"""Said about what is posted: it takes nothing back of what was said about the division."""


@dataclass(frozen=True, slots=True)
class StatedPart:
    """One party's part of a split that people stated. ``weight`` is exact, ``"p/q"``; all parts make 1."""

    party: str
    weight: str
    roles: tuple[Role, ...] = ()
    sourced: bool = False
    influenced: bool = False
    fulfilled: bool = False


@dataclass(frozen=True, slots=True)
class Directive:
    """One thing a person said, once. ``seq`` is its place among all of them, given by the store; append-only."""

    id: str
    act: Act
    subject: str
    by: str
    at: datetime
    reason: str = ""
    message: str = ""  # what the partner may read
    state: State | None = None
    submitted_at: datetime | None = None
    review_due: datetime | None = None
    approved_at: datetime | None = None
    protection_start: date | None = None
    protection_end: date | None = None
    days: int | None = None
    winner: str | None = None
    amount: Money | None = None
    name: str = ""  # what the winner is called
    parts: tuple[StatedPart, ...] = ()
    seq: int = 0
