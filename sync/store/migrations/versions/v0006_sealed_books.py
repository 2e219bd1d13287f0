"""The entries of the ledger are sealed like everything else that was decided."""

from alembic import op

from sync.store.audit import seal_events
from sync.store.ledger import all_events

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was posted before is sealed as it stands."""
    for page in all_events(op.get_bind()):
        seal_events(op.get_bind(), page)
