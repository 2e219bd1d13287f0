"""What numbers are counted from, and policies that somebody is still writing."""

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer

from sync.store.dialect import TEXT, WORD

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables, empty: the next run judges everything again, and fills them."""
    op.create_table("measured_deal", *_deal())
    op.create_index("measured_deal_kind", "measured_deal", ["parties", "outcome", "currency"])
    op.create_table("measured_claim", *_claim())
    op.create_index("measured_claim_group", "measured_claim", ["group_id"])
    op.create_table("measured_part", *_part())
    op.create_index("measured_part_group", "measured_part", ["group_id"])
    op.create_table(
        "policy_draft",
        Column("name", WORD, primary_key=True),
        Column("text", TEXT, nullable=False),
        *_words("effective_from"),
        Column("why", TEXT, nullable=False),
        *_words("by", "at"),
    )
    op.execute("DELETE FROM setting WHERE name = 'policies'")


def _deal() -> list[Column[Any]]:
    return [
        Column("id", WORD, primary_key=True),
        *_words("connection"),
        Column("name", TEXT, nullable=False),
        *_words("outcome", "currency"),
        Column("minor", BigInteger),
        Column("days", Integer),
        *_words("day"),
        Column("parties", Integer),
        *[Column(name, WORD) for name in ("region", "vertical", "roles")],
        *[Column(name, Boolean) for name in ("bundle", "sourced", "influenced")],
        Column("fulfilled_minor", BigInteger),
    ]


def _claim() -> list[Column[Any]]:
    return [
        Column("id", WORD, primary_key=True),
        *_words("group_id"),
        Column("opportunity_id", WORD),
        Column("deal", TEXT, nullable=False),
        *_words("party"),
        Column("name", TEXT, nullable=False),
        *_words("state", "reason", "roles", "region", "vertical"),
        Column("bundle", Boolean, nullable=False),
        *_words("day", "since"),
        *[Column(name, WORD) for name in ("due", "protected_to", "decided", "decided_at")],
        Column("minutes", Integer),
        *[Column(name, Boolean, nullable=False) for name in ("late", "person")],
        Column("returns", Integer, nullable=False),
        *_words("kinds"),
    ]


def _part() -> list[Column[Any]]:
    amounts = ("minor", "sourced_minor", "influenced_minor", "fulfilled_minor")
    return [
        *[Column(name, WORD, primary_key=True) for name in ("opportunity_id", "party")],
        *_words("group_id"),
        *[Column(name, TEXT, nullable=False) for name in ("name", "deal")],
        *_words("outcome", "roles", "currency"),
        *[Column(name, BigInteger, nullable=False) for name in amounts],
        *_words("region", "vertical"),
        Column("bundle", Boolean, nullable=False),
        *_words("day"),
    ]


def _words(*names: str) -> list[Column[Any]]:
    return [Column(name, WORD, nullable=False) for name in names]
