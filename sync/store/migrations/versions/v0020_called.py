"""By what rows are remembered, so that a search looks at short rows only; and deleted rows are counted quickly."""

from alembic import op
from sqlalchemy import Column, text

from sync.store.dialect import TEXT, WORD

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table, empty: runs fill it with what was read before."""
    op.create_table(
        "called",
        Column("key", WORD, primary_key=True),
        Column("words", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "record_deleted",
        "record",
        ["connection", "object"],
        sqlite_where=text("deleted = 1"),
        postgresql_where=text("deleted"),
    )
    op.create_index("standing_state", "standing", ["state"])
