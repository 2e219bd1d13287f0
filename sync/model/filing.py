"""What a partner files itself: a new registration, or more about one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connector.record import Ref
from sync.model.money import Money
from sync.model.registration import Evidence, Response, Role


class FilingState(StrEnum):
    """What became of a filing."""

    WAITING = "WAITING"  # the next run writes it to the CRM
    WRITTEN = "WRITTEN"  # it stands in the CRM, and is judged from there
    REFUSED = "REFUSED"  # the CRM does not take it, or somebody changed the record meanwhile


@dataclass(frozen=True, slots=True)
class Form:
    """What a form says, in our words; ``None`` is what it does not say. The names are those of the mappings."""

    opportunity: Ref | None = None
    partner: Ref | None = None
    customer_name: str | None = None
    customer_domain: str | None = None
    customer_country: str | None = None
    customer_duns: str | None = None
    roles: tuple[Role, ...] | None = None
    families: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    contribution: Decimal | None = None
    lead: bool | None = None
    sourcing: bool | None = None
    declared_value: Money | None = None
    expected_close: date | None = None
    submitted_at: datetime | None = None
    joint_key: str | None = None
    joint_response: Response | None = None
    proposed_share: Decimal | None = None
    evidence: tuple[Evidence, ...] | None = None
    withdrawn: bool | None = None
    extension_requested_at: datetime | None = None

    @property
    def said(self) -> Mapping[str, Any]:
        """What it says, by path."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}


@dataclass(frozen=True, slots=True)
class Filing:
    """One form that one person sent for one partner. Without ``record`` it is a new registration, known by ``id``.

    ``id`` comes from the form that was shown: sent twice, it is filed once.
    """

    id: str
    partner: str
    by: str
    at: datetime
    connection: str
    form: Form
    record: Ref | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A filing and what became of it; ``why`` it was refused, or waits."""

    filing: Filing
    state: FilingState
    why: str = ""
