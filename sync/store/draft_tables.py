"""The table of policies that somebody is still writing."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from sync.store.tables import metadata

policy_draft = Table(  # one row a policy; publishing it makes a file, which is the truth
    "policy_draft",
    metadata,
    Column("name", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("effective_from", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
)
