"""The portal: notes on registrations, and invitations to register jointly."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The two tables with their indexes."""
    _table("note", "registration", "kind", "rule", "at")
    op.create_index("note_registration", "note", ["registration", "seq"])
    op.create_index("note_kind", "note", ["kind", "seq"])
    _table("invitation", "to", "partner", "answer")
    op.create_index("invitation_to", "invitation", ["to", "answer"])


def _table(name: str, *words: str) -> None:
    op.create_table(
        name,
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", WORD, nullable=False, unique=True),
        *[Column(word, WORD, nullable=False) for word in words],
        Column("body", TEXT, nullable=False),
    )
