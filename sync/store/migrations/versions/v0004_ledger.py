"""The ledger: what each party's part of a won deal was worth, and every change since. Rows are only added."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARDS = (
    """
    CREATE TRIGGER ledger_entry_is_never_edited BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'a ledger entry is never edited: post another one'); END
    """,
    """
    CREATE TRIGGER ledger_entry_is_never_deleted BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'a ledger entry is never deleted'); END
    """,
)


def upgrade() -> None:
    """The table of entries, and its guards."""
    words = [Column(name, String, nullable=False) for name in ("opportunity_id", "party", "name", "currency")]
    op.create_table(
        "ledger",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False, unique=True),
        *words,
        Column("minor", BigInteger, nullable=False),
        *[Column(name, String, nullable=False) for name in ("cause", "day", "at")],
        Column("body", Text, nullable=False),
    )
    op.create_index("ledger_opportunity", "ledger", ["opportunity_id", "seq"])
    op.create_index("ledger_party", "ledger", ["party", "day"])
    for guard in GUARDS:
        op.execute(guard)
