"""The outbox of letters to partners, and the language in which somebody reads them."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table with its index, and the column."""
    op.create_table(
        "mail",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", WORD, nullable=False, unique=True),
        *[Column(word, WORD, nullable=False) for word in ("user_id", "state")],
        Column("tries", Integer, nullable=False),
        Column("at", WORD, nullable=False),
        *[Column(text, TEXT, nullable=False) for text in ("body", "why")],
    )
    op.create_index("mail_state", "mail", ["state", "seq"])
    op.add_column("user_account", Column("language", WORD))
