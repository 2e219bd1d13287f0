"""The first tables, and the guards that no code can get around."""

from alembic import op

from sync.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARDS = (
    """
    CREATE TRIGGER decision_is_never_edited BEFORE UPDATE ON decision
    BEGIN SELECT RAISE(ABORT, 'a decision is never edited: record a new one'); END
    """,
    """
    CREATE TRIGGER decision_is_never_deleted BEFORE DELETE ON decision
    BEGIN SELECT RAISE(ABORT, 'a decision is never deleted'); END
    """,
    # A rule may carry a registration on (the deal was won, the window ended), but never undo what a person ruled.
    """
    CREATE TRIGGER rule_never_reverses_a_person BEFORE INSERT ON decision
    WHEN NEW.person = 0
     AND NEW.event IN ('approve', 'reject', 'supersede', 'narrow', 'conflict_found')
     AND EXISTS (
        SELECT 1 FROM decision AS last
        WHERE last.subject = NEW.subject AND last.person = 1
          AND last.seq = (SELECT max(seq) FROM decision WHERE subject = NEW.subject)
          AND last.event IN ('approve', 'reject', 'withdraw')
     )
    BEGIN SELECT RAISE(ABORT, 'a rule cannot reverse the decision of a person'); END
    """,
)


def upgrade() -> None:
    """Every table and guard of version 0.1."""
    metadata.create_all(op.get_bind())
    for guard in GUARDS:
        op.execute(guard)
