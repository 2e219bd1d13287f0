"""Single sign-on: tries that are under way, and who somebody at a provider is here."""

from alembic import op
from sqlalchemy import Boolean, Column

from sync.store.dialect import TEXT, WORD

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The two tables."""
    op.create_table(
        "sso_try",
        Column("id", WORD, primary_key=True),
        Column("nonce", WORD, nullable=False),
        Column("verifier", WORD, nullable=False),
        Column("path", TEXT, nullable=False),
        Column("ends_at", WORD, nullable=False),
    )
    op.create_table(
        "sso_person",
        *[Column(word, WORD, primary_key=True) for word in ("issuer", "subject")],
        Column("user_id", WORD, nullable=False),
        Column("by_rule", Boolean, nullable=False),
    )
