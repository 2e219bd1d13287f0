"""By what rows are remembered and what waits for people, in short rows; and two indexes to count by."""

from alembic import op
from sqlalchemy import Column, text

from sync.store.dialect import TEXT, WORD

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables, empty: the next run fills one with what was read before, and judges everything for the other."""
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
    op.create_table(
        "inbox",
        *[Column(name, WORD, primary_key=True) for name in ("what", "id")],
        *[Column(name, WORD, nullable=False) for name in ("group_id", "kind", "due", "at")],
        Column("body", TEXT, nullable=False),
    )
    op.create_index("inbox_due", "inbox", ["what", "due", "id"])
    op.create_index("inbox_group", "inbox", ["group_id"])
    op.execute("DELETE FROM setting WHERE name = 'policies'")
