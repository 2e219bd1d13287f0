"""The index of accounts by the keys that they may have in common (sync.store.neighbours)."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

from sync.store.dialect import TEXT, WORD

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row an account, and one a key of it, sorted by the key."""
    number = BigInteger().with_variant(Integer(), "sqlite")
    op.create_table(
        "likeness_account",
        Column("account", number, primary_key=True, autoincrement=True),
        Column("id", WORD, nullable=False, unique=True),
        Column("facts", TEXT, nullable=False),
    )
    op.create_table(
        "likeness_key",
        Column("hash", BigInteger, primary_key=True, autoincrement=False),
        Column("account", BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
