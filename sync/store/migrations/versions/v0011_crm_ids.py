"""What owner fields of the CRMs hold for a person of the console: nobody rules on deals that are theirs."""

from alembic import op
from sqlalchemy import Column

from sync.store.dialect import WORD

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One more column of users."""
    op.add_column("user_account", Column("crm_ids", WORD))
