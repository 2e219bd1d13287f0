"""Which accounts look like one, and what people said about pairs of rows (sync.store.likeness, sync.store.said)."""

from alembic import op
from sqlalchemy import Boolean, Column, Integer

from sync.store.dialect import WORD

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The three tables."""
    op.create_table("likeness_due", Column("id", WORD, primary_key=True))
    op.create_table(
        "likeness_pair",
        *[Column(name, WORD, primary_key=True) for name in ("one", "other")],
        Column("outcome", WORD, nullable=False),
        Column("score", Integer, nullable=False),
        Column("model", WORD, nullable=False),
    )
    op.create_index("likeness_pair_other", "likeness_pair", ["other"])
    op.create_table(
        "said_pair",
        *[Column(name, WORD, primary_key=True) for name in ("key", "other")],
        Column("together", Boolean, nullable=False),
        Column("seq", Integer, nullable=False),
    )
