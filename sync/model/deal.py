"""What is sold: opportunities and their lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connector.record import Ref
from sync.model.money import Money


class Stage(StrEnum):
    """How far a deal is; the order is the order of the sale."""

    PROSPECT = "PROSPECT"
    QUALIFIED = "QUALIFIED"
    TECH_VALIDATION = "TECH_VALIDATION"
    BIZ_VALIDATION = "BIZ_VALIDATION"
    COMMITTED = "COMMITTED"
    WON = "WON"
    LOST = "LOST"

    @property
    def closed(self) -> bool:
        return self in (Stage.WON, Stage.LOST)


class OpportunityType(StrEnum):
    NEW = "NEW"
    EXPANSION = "EXPANSION"
    RENEWAL = "RENEWAL"
    CREDIT = "CREDIT"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an opportunity. ``needs``: the partners without whom this line cannot be delivered."""

    id: str
    ref: Ref
    code: str | None
    family: str | None
    net: Money | None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A deal, once, however many CRMs hold it. ``members[0]`` is its row in the connection of record."""

    id: str
    name: str
    members: tuple[Ref, ...]
    account_id: str | None
    stage: Stage
    created_at: datetime
    type: OpportunityType = OpportunityType.NEW
    amount: Money | None = None
    close_date: date | None = None
    direct_engaged_at: datetime | None = None
    renewal_of: str | None = None
    lines: tuple[Line, ...] = ()
    link: str = ""  # why several rows are one deal, in words
    owners: tuple[str, ...] = ()  # the people who own it, by their ids in its CRMs
    last_activity: date | None = None
    merged: tuple[str, ...] = ()  # ids of the records that were merged into one of its rows
    also: tuple[str, ...] = ()  # ids that it had while some of its rows were deals of their own
    currencies: tuple[str, ...] = ()  # every currency in which one of its rows states the amount
    managers: tuple[str, ...] = ()  # the people whom its owners report to, up to the top, by their ids
    held_by: tuple[tuple[str, str], ...] = ()  # connection, the user there who owns its row
    stages: tuple[tuple[datetime, Stage], ...] = ()  # which stage it had since when; empty where no CRM says

    def stage_at(self, moment: datetime) -> Stage | None:
        """The stage that the deal had then; ``None`` where no CRM says."""
        past = [(since, place, stage) for place, (since, stage) in enumerate(self.stages) if since <= moment]
        return max(past)[2] if past else None
