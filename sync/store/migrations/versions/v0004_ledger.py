"""The ledger: what each party's part of a won deal was worth, and every change since. Rows are only added."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

from sync.store.dialect import TEXT, WORD, Guard, set_guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARDS = (
    Guard("ledger_entry_is_never_edited", "ledger", "UPDATE", "a ledger entry is never edited: post another one"),
    Guard("ledger_entry_is_never_deleted", "ledger", "DELETE", "a ledger entry is never deleted"),
)


def upgrade() -> None:
    """The table of entries, and its guards."""
    words = [Column(name, WORD, nullable=False) for name in ("opportunity_id", "party", "name", "currency")]
    op.create_table(
        "ledger",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", WORD, nullable=False, unique=True),
        *words,
        Column("minor", BigInteger, nullable=False),
        *[Column(name, WORD, nullable=False) for name in ("cause", "day", "at")],
        Column("body", TEXT, nullable=False),
    )
    op.create_index("ledger_opportunity", "ledger", ["opportunity_id", "seq"])
    op.create_index("ledger_party", "ledger", ["party", "day"])
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)
