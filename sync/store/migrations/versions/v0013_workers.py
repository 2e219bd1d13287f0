"""Several workers on one store: who lives, and who has which group."""

from alembic import op
from sqlalchemy import Boolean, Column

from sync.store.dialect import WORD

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables of workers and of what they have taken."""
    op.create_table(
        "worker",
        Column("token", WORD, primary_key=True),
        Column("name", WORD, nullable=False),
        Column("until", WORD, nullable=False),
    )
    op.create_table(
        "claim",
        Column("group_id", WORD, primary_key=True),
        *(Column(name, WORD, nullable=False) for name in ("run_id", "token", "at")),
        Column("done", Boolean, nullable=False),
    )
    op.create_index("claim_token", "claim", ["token", "done"])
