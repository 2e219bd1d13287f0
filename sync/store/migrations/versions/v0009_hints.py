"""Records that a CRM said had changed, until they are read again."""

from alembic import op
from sqlalchemy import Column

from sync.store.dialect import WORD

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was heard yet."""
    places = [Column(name, WORD, primary_key=True) for name in ("connection", "object", "id")]
    op.create_table("hint", *places, Column("heard_at", WORD, nullable=False))
