"""``[approvals]``: who says yes."""

from __future__ import annotations

from decimal import Decimal

from sync.policy.section import Section


class Approvals(Section):
    """Who approves. A person always may; ``auto_below`` lets small undisputed registrations pass by themselves."""

    auto_below: Decimal | None = None
    auto_currency: str | None = None
