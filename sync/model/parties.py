"""Who is in a deal: accounts (customers) and partners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.record import Ref


class Tier(StrEnum):
    """A partner's standing in the programme; later is higher."""

    BRONZE = "BRONZE"
    SILVER = "SILVER"
    GOLD = "GOLD"
    PLATINUM = "PLATINUM"

    @property
    def rank(self) -> int:
        return list(Tier).index(self)


class PartnerStatus(StrEnum):
    PROSPECT = "PROSPECT"
    ONBOARDING = "ONBOARDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"


class NamedList(StrEnum):
    """Whether the vendor keeps this account for itself."""

    NONE = "NONE"
    HOUSE = "HOUSE"
    NAMED = "NAMED"
    PARTNER_ONLY = "PARTNER_ONLY"


@dataclass(frozen=True, slots=True)
class Account:
    """A customer, once, however many CRM rows stand for it. ``members`` are those rows, record CRM first."""

    id: str
    name: str
    members: tuple[Ref, ...]
    domain: str | None = None
    country: str | None = None
    duns: str | None = None
    parent_id: str | None = None
    named_list: NamedList = NamedList.NONE
    industry: str | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """A channel partner, once, however many CRM rows stand for it."""

    id: str
    name: str
    members: tuple[Ref, ...]
    status: PartnerStatus = PartnerStatus.ACTIVE
    tier: Tier | None = None
    certifications: tuple[tuple[str, date | None], ...] = ()
    agreement_start: date | None = None
    agreement_end: date | None = None
    agreement_regions: tuple[str, ...] = ()
    agreement_families: tuple[str, ...] = ()
    agreement_exclusive: bool = False
    also: tuple[str, ...] = ()  # ids that it had while some of its rows were partners of their own
    managers: tuple[tuple[str, str], ...] = ()  # connection, the user there who owns its row: its channel manager

    def certified_on(self, day: date) -> frozenset[str]:
        """The certificates that are valid on a day."""
        return frozenset(code for code, end in self.certifications if end is None or end >= day)

    def row_in(self, connection: str) -> Ref | None:
        """The partner's row in one CRM."""
        return next((ref for ref in self.members if ref.connection == connection), None)

    def manager_in(self, connection: str) -> str | None:
        """Who looks after the partner in one CRM."""
        return dict(self.managers).get(connection)
