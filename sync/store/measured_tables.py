"""The tables that numbers are counted from: one plain row a deal, a registration and a part of a split."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from sync.store.tables import metadata

measured_deal = Table(  # every deal as read; what only judging tells is NULL where nobody registered it
    "measured_deal",
    metadata,
    Column("id", String, primary_key=True),
    Column("connection", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("outcome", String, nullable=False),  # OPEN, WON, LOST
    Column("currency", String, nullable=False),
    Column("minor", BigInteger),
    Column("days", Integer),  # from the start to the win
    Column("day", String, nullable=False),  # of the close; of an open deal its start
    Column("parties", Integer),  # partners with a part; 0: registered, and nobody is credited
    Column("region", String),
    Column("vertical", String),
    Column("roles", String),
    Column("bundle", Boolean),
    Column("sourced", Boolean),
    Column("influenced", Boolean),
    Column("fulfilled_minor", BigInteger),
    sqlite_with_rowid=False,
)
Index("measured_deal_kind", measured_deal.c.parties, measured_deal.c.outcome, measured_deal.c.currency)

measured_claim = Table(
    "measured_claim",
    metadata,
    Column("id", String, primary_key=True),
    Column("group_id", String, nullable=False),
    Column("opportunity_id", String),
    Column("deal", Text, nullable=False),
    Column("party", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("roles", String, nullable=False),  # ;RESELL;IMPLEMENT;
    Column("region", String, nullable=False),
    Column("vertical", String, nullable=False),
    Column("bundle", Boolean, nullable=False),
    Column("day", String, nullable=False),  # of the submission
    Column("since", String, nullable=False),  # the day since when it stands where it stands
    Column("due", String),  # until when it should be decided
    Column("protected_to", String),
    Column("decided", String),  # approve, reject: the first of them
    Column("decided_at", String),
    Column("minutes", Integer),  # of business time to that decision, pauses left out
    Column("late", Boolean, nullable=False),
    Column("person", Boolean, nullable=False),
    Column("returns", Integer, nullable=False),
    Column("kinds", String, nullable=False),  # ;C02;C04; of the cases that were more than a note
)
Index("measured_claim_group", measured_claim.c.group_id)

measured_part = Table(
    "measured_part",
    metadata,
    Column("opportunity_id", String, primary_key=True),
    Column("party", String, primary_key=True),
    Column("group_id", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("deal", Text, nullable=False),
    Column("outcome", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("sourced_minor", BigInteger, nullable=False),
    Column("influenced_minor", BigInteger, nullable=False),
    Column("fulfilled_minor", BigInteger, nullable=False),
    Column("region", String, nullable=False),
    Column("vertical", String, nullable=False),
    Column("bundle", Boolean, nullable=False),
    Column("day", String, nullable=False),
)
Index("measured_part_group", measured_part.c.group_id)
