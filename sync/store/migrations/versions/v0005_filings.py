"""What partners filed: kept until it stands in the CRM, and after that as what was said and by whom."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of filings, by partner and by what still waits."""
    words = [Column(name, WORD, nullable=False) for name in ("partner", "at", "state")]
    op.create_table(
        "filing",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", WORD, nullable=False, unique=True),
        *words,
        Column("body", TEXT, nullable=False),
        Column("why", TEXT, nullable=False),
    )
    op.create_index("filing_partner", "filing", ["partner", "seq"])
    op.create_index("filing_state", "filing", ["state", "seq"])
